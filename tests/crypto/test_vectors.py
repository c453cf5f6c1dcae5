"""Published vectors: RFC 4231, 5869, 7748, 8439, 8448, NIST's of AES-GCM and of ECDH; records cut into pieces."""

import hashlib
import hmac
import random

import pytest

import vectors
from conftest import REFUSED

needs_vectors = pytest.mark.skipif(vectors.FOLDER is None,
                                   reason="python3-cryptography-vectors is not installed")
X25519, P256, P384 = "0x1d", "0x17", "0x18"
ORDER_P384 = int("ffffffffffffffffffffffffffffffffffffffffffffffff"
                 "c7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16)
ORDER_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
AEADS = {"aes-128-gcm": 16, "aes-256-gcm": 32, "chacha20-poly1305": 32}
LENGTHS = (0, 1, 15, 16, 17, 63, 64, 65, 255, 1000, 1460, 4096, 16384)


def cut(rng, text, most):
    """@text in pieces, some of them empty."""
    places = sorted(rng.randrange(len(text) + 1) for _ in range(rng.randrange(most)))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)])]


def open_in_place(ask, aead, key, nonce, aad, text, tag):
    return ask("open", aead, key, nonce, aad, [text], "=", tag)


# ---- hashes ----

@pytest.mark.parametrize("name", ("sha256", "sha384"))
def test_a_hash_tells_its_digest_and_goes_on(ask, name):
    rng = random.Random(name)
    for length in (0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000, 20000):
        pieces = cut(rng, rng.randbytes(length), 8)
        said = ask("hash", name, pieces).split()
        for count in range(1, len(pieces) + 1):
            assert said[count - 1] == hashlib.new(name, b"".join(pieces[:count])).hexdigest()
        assert said[-1] == said[-2]


@pytest.mark.parametrize("name", ("sha256", "sha384"))
def test_an_hmac_of_pieces(ask, name):
    rng = random.Random(name)
    for key_len in (0, 1, 32, 48, 63, 64, 65, 127, 128, 129, 300):
        key, text = rng.randbytes(key_len), rng.randbytes(rng.randrange(500))
        assert ask("hmac", name, key, cut(rng, text, 5)) == hmac.new(key, text, name).hexdigest()


@pytest.mark.parametrize("name", ("sha256", "sha384"))
def test_passwords_are_stretched(ask, name):
    """As by Python's PBKDF2; of it RFC 7914 11 has two digests."""
    rng = random.Random(name)
    for length in (0, 1, 8, 63, 64, 65, 128, 200):
        password, salt, rounds = rng.randbytes(length), rng.randbytes(rng.choice((0, 1, 16, 100))), rng.choice((1, 2, 3, 1000))
        assert ask("stretch", name, rounds, password, salt) == hashlib.pbkdf2_hmac(name, password, salt, rounds).hex()


def test_rfc_7914(ask):
    assert ask("stretch", "sha256", 1, b"passwd", b"salt") == "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
    assert ask("stretch", "sha256", 80000, b"Password", b"NaCl") == "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"


@needs_vectors
@pytest.mark.parametrize("name", ("sha256", "sha384"))
def test_rfc_4231(ask, name):
    done = 0
    for entry in vectors.entries(f"HMAC/rfc-4231-{name}.txt", "len"):
        mac = ask("hmac", name, bytes.fromhex(entry["key"]), [bytes.fromhex(entry["msg"])])
        assert mac == entry["md"]
        done += 1
    assert done >= 6


@needs_vectors
def test_rfc_5869(ask):
    done = 0
    for entry in vectors.entries("KDF/rfc-5869-HKDF-SHA256.txt", "count"):
        read = {name: bytes.fromhex(entry.get(name, "")) for name in ("salt", "ikm", "prk", "info")}
        assert ask("extract", "sha256", read["salt"], read["ikm"]) == entry["prk"]
        assert ask("expand", "sha256", read["prk"], read["info"], entry["l"]) == entry["okm"]
        done += 1
    assert done == 3


def test_hkdf_expands_to_255_digests_and_no_further(ask):
    for name, digest in (("sha256", 32), ("sha384", 48)):
        out = bytes.fromhex(ask("expand", name, bytes(digest), b"", 255 * digest))
        assert out[:digest] == hmac.digest(bytes(digest), b"\1", name)
        assert out[-digest:] == hmac.digest(bytes(digest), out[-2 * digest:-digest] + b"\xff", name)
        assert ask("expand", name, bytes(digest), b"", 255 * digest + 1) == REFUSED


def test_rfc_8448_secrets_of_the_simple_handshake(ask):
    """Section 3: the early secret, and the secrets derived from it."""
    early = ask("extract", "sha256", b"", bytes(32))
    assert early == "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"
    empty = hashlib.sha256().digest()
    label = b"\0\x20" + b"\x0dtls13 derived" + b"\x20" + empty
    derived = ask("expand", "sha256", bytes.fromhex(early), label, 32)
    assert derived == "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba"
    shared = bytes.fromhex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d")
    assert (ask("extract", "sha256", bytes.fromhex(derived), shared) ==
            "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac")


# ---- encryption ----

def check_aead(ask, aead, key, nonce, aad, plain, sealed, tag):
    assert ask("seal", aead, key, nonce, aad, [plain], "=") == f"{sealed.hex() or '-'} {tag.hex()}"
    assert open_in_place(ask, aead, key, nonce, aad, sealed, tag) == (plain.hex() or "-")


@needs_vectors
@pytest.mark.parametrize("bits", (128, 256))
def test_nists_vectors_of_gcm(ask, bits):
    good = bad = 0
    for entry in vectors.entries(f"ciphers/AES/GCM/gcmDecrypt{bits}.rsp", "count"):
        if entry["ivlen"] != "96" or entry["taglen"] != "128":
            continue
        words = [bytes.fromhex(entry[name]) for name in ("key", "iv", "aad", "ct", "tag")]
        said = open_in_place(ask, f"aes-{bits}-gcm", *words)
        if "pt" in entry:
            good += 1
            assert said == (entry["pt"] or "-"), entry
            check_aead(ask, f"aes-{bits}-gcm", *words[:3], bytes.fromhex(entry["pt"]), *words[3:])
        else:
            bad += 1
            assert said == REFUSED, entry
    assert good > 100 and bad > 100


@needs_vectors
def test_vectors_of_chacha20_poly1305(ask):
    done = 0
    for path, names in (("boringssl", "key nonce ad in ct tag"),
                        ("openssl", "key iv aad plaintext ciphertext tag")):
        for entry in vectors.entries(f"ciphers/ChaCha20Poly1305/{path}.txt", "count"):
            key, nonce, aad, plain, sealed, tag = (vectors.value(entry.get(name, ""))
                                                   for name in names.split())
            if len(nonce) != 12 or len(tag) != 16 or len(aad) > 255 or "result" in entry:
                continue
            check_aead(ask, "chacha20-poly1305", key, nonce, aad, plain, sealed, tag)
            done += 1
    assert done > 30


@pytest.mark.parametrize("aead", AEADS)
def test_pieces_may_be_cut_anywhere(ask, aead):
    rng = random.Random(aead)
    for length in LENGTHS:
        key, nonce = rng.randbytes(AEADS[aead]), rng.randbytes(12)
        aad, plain = rng.randbytes(rng.randrange(20)), rng.randbytes(length)
        sealed, tag = ask("seal", aead, key, nonce, aad, [plain], "=").split()
        whole = bytes.fromhex(sealed) if length else b""
        for _ in range(6):
            lengths = ",".join(str(len(piece)) for piece in cut(rng, plain, 6))
            for out in ("=", lengths):
                said = ask("seal", aead, key, nonce, aad, cut(rng, plain, 6), out).split()
                assert said == [sealed, tag]
                said = ask("open", aead, key, nonce, aad, cut(rng, whole, 6), out, bytes.fromhex(tag))
                assert said == (plain.hex() or "-")


@pytest.mark.parametrize("aead", AEADS)
def test_any_change_is_refused(ask, aead):
    rng = random.Random(aead)
    key, nonce, aad, plain = (rng.randbytes(n) for n in (AEADS[aead], 12, 5, 40))
    sealed, tag = map(bytes.fromhex, ask("seal", aead, key, nonce, aad, [plain], "=").split())
    right = [key, nonce, aad, sealed, tag]
    assert open_in_place(ask, aead, *right) == plain.hex()
    for which, word in enumerate(right):
        for bit in range(8 * len(word)):
            wrong = list(right)
            wrong[which] = bytes(byte ^ (1 << bit % 8 if i == bit // 8 else 0)
                                 for i, byte in enumerate(word))
            assert open_in_place(ask, aead, *wrong) == REFUSED, (which, bit)
    assert open_in_place(ask, aead, *right) == plain.hex()


def test_keys_take_turns(ask):
    """State that a provider keeps of the last key is never used for another one."""
    rng = random.Random(1)
    keys = [(aead, rng.randbytes(AEADS[aead])) for aead in AEADS for _ in range(3)]
    text, nonce = rng.randbytes(100), rng.randbytes(12)
    right = [ask("seal", aead, key, nonce, b"", [text], "=") for aead, key in keys]
    for _ in range(200):
        which = rng.randrange(len(keys))
        assert ask("seal", *keys[which], nonce, b"", [text], "=") == right[which]
        sealed, tag = map(bytes.fromhex, right[which].split())
        other = rng.randrange(len(keys))
        assert (open_in_place(ask, *keys[other], nonce, b"", sealed, tag) ==
                (text.hex() if other == which else REFUSED))


def test_a_job_without_room_is_refused(ask):
    assert ask("seal", "aes-128-gcm", bytes(16), bytes(12), b"", [bytes(100)], "50,49") == REFUSED


# ---- key shares ----

@needs_vectors
def test_rfc_7748(ask):
    done = 0
    for entry in vectors.entries("asymmetric/X25519/rfc7748.txt", "count"):
        said = ask("agree", X25519, entry["input_scalar"], entry["input_u"]).split()
        assert said[1] == entry["output_u"]
        done += 1
    assert done >= 2


def test_rfc_8448_shares(ask):
    """Section 3: the client's private share, and the shared secret."""
    client = "49af42ba7f7994852d713ef2784bcbcaa7911de26adc5642cb634540e7ea5005"
    server = "b1580eeadf6dd589b8ef4f2d5652578cc810e9980191ec8d058308cea216a21e"
    server_share = "c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f"
    client_share = "99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c"
    secret = "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"
    assert ask("agree", X25519, client, server_share) == f"{client_share} {secret}"
    assert ask("answer", X25519, server, client_share) == f"{server_share} {secret}"


@pytest.mark.parametrize("point", (
    0, 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    2**255 - 20, 2**255 - 19, 2**255 - 18))
def test_threat_T12_points_of_small_order_are_refused(ask, point):
    for high in (0, 1 << 255):  # RFC 7748 ignores this bit
        said = ask("agree", X25519, bytes(range(1, 33)), (point | high).to_bytes(32, "little"))
        assert said.split()[1] == REFUSED


def test_threat_T12_shares_of_a_wrong_length_are_refused(ask):
    for length in (0, 1, 31, 33, 65):
        assert ask("agree", X25519, bytes(range(32)), b"\x09" * length).split()[1] == REFUSED
    good = bytes.fromhex(ask("agree", P256, bytes(range(1, 33)), b"").split()[0])
    assert len(good) == 65
    for wrong in (b"", good[:1], good[:33], good[:64], good + b"\0", b"\0", b"\2" + good[1:33]):
        assert ask("agree", P256, bytes(range(1, 33)), wrong).split()[1] == REFUSED


@needs_vectors
def test_nists_vectors_of_ecdh(ask):
    good = bad = 0
    for role in ("init", "resp"):
        path = f"asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_{role}.fax"
        for entry in vectors.entries(path, "count"):
            if "ec - sha256" not in entry:
                continue
            scalar = entry["dsiut"].zfill(64)
            peer = "04" + entry["qscavsx"].zfill(64) + entry["qscavsy"].zfill(64)
            said = ask("agree", P256, scalar, peer).split()
            if entry["result"].startswith("P"):
                assert said[1] == entry["z"].zfill(64)
                good += 1
            elif "CAVS's Static public key" in entry["result"]:
                assert said[1] == REFUSED, entry["result"]
                bad += 1
    assert good >= 10 and bad >= 4


@needs_vectors
def test_threat_T12_nists_invalid_points(ask):
    wrong = 0
    for entry in vectors.entries("asymmetric/ECDSA/FIPS_186-3/PKV.rsp", "qx"):
        if "p-256" not in entry:
            continue
        if len(entry["qx"]) > 64 or len(entry["qy"]) > 64:  # doesn't fit into a share
            continue
        peer = "04" + entry["qx"].zfill(64) + entry["qy"].zfill(64)
        said = ask("agree", P256, bytes(range(1, 33)), peer).split()
        assert (said[1] == REFUSED) == entry["result"].startswith("F"), entry
        wrong += said[1] == REFUSED
    assert wrong >= 3


def test_threat_T12_the_point_at_infinity_is_refused(ask):
    assert ask("agree", P256, bytes(range(1, 33)), b"\4" + bytes(64)).split()[1] == REFUSED
    assert ask("agree", P384, bytes(range(1, 49)), b"\4" + bytes(96)).split()[1] == REFUSED


def test_p384_agrees_with_others(ask):
    """The other side is Python's cryptography, which also checks our share."""
    ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
    rng = random.Random(384)
    for _ in range(5):
        theirs = ec.derive_private_key(rng.randrange(1, ORDER_P384), ec.SECP384R1())
        numbers = theirs.public_key().public_numbers()
        point = b"\4" + numbers.x.to_bytes(48, "big") + numbers.y.to_bytes(48, "big")
        share, secret = ask("agree", P384, rng.randrange(1, ORDER_P384).to_bytes(48, "big"), point).split()
        ours = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), bytes.fromhex(share))
        assert theirs.exchange(ec.ECDH(), ours).hex() == secret
        off = point[:-1] + bytes([point[-1] ^ 1])
        for wrong in (off, point[:-1], point + b"\0", b"\2" + point[1:49], b"\5" + point[1:]):
            assert ask("agree", P384, bytes(range(1, 49)), wrong).split()[1] == REFUSED


def test_a_private_number_of_p384_is_drawn_until_it_is_one(ask):
    good = bytes(range(1, 49))
    right = ask("agree", P384, good, b"").split()[0]
    for wrong in (0, ORDER_P384, 2**384 - 1):
        assert ask("agree", P384, wrong.to_bytes(48, "big") + good, b"").split()[0] == right


def test_a_private_number_is_drawn_until_it_is_one(ask):
    good = bytes(range(1, 33))
    right = ask("agree", P256, good, b"").split()[0]
    for wrong in (0, ORDER_P256, 2**256 - 1):
        assert ask("agree", P256, wrong.to_bytes(32, "big") + good, b"").split()[0] == right
    largest = (ORDER_P256 - 1).to_bytes(32, "big")
    assert ask("agree", P256, largest, b"").split()[0][:66] == (
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")


def test_no_entropy_no_share(ask):
    for group in (X25519, P256, P384):
        assert ask("agree", group, bytes(31), b"") == REFUSED
        assert ask("answer", group, "-", b"\x09" * 32) == REFUSED


def test_both_sides_agree(ask):
    rng = random.Random(2)
    for group, size in ((X25519, 32), (P256, 32), (P384, 48)):
        for _ in range(20):
            here, there = rng.randbytes(size), rng.randbytes(size)
            share = ask("agree", group, here, b"").split()[0]
            answer, secret = ask("answer", group, there, share).split()
            assert ask("agree", group, here, answer).split()[1] == secret


def test_random_bytes_differ(ask):
    said = {ask("random") for _ in range(20)}
    assert len(said) == 20 and {len(text) for text in said} == {64}


def test_unknown_algorithms_are_refused(ask):
    assert ask("supports", "aead", 0) == ask("supports", "aead", 4) == "no"
    assert ask("supports", "group", "0x0019") == ask("supports", "scheme", "0x0201") == "no"
    assert ask("agree", "0x0019", bytes(66), b"") == REFUSED
