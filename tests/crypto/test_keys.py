"""Keys of each kind and form, and their signatures, compared with Python's cryptography."""

import hashlib
import pathlib
import random

import pytest

from conftest import REFUSED
from issue import Office, openssl

asymmetric = pytest.importorskip("cryptography.hazmat.primitives.asymmetric")
from cryptography.exceptions import InvalidSignature  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, padding  # noqa: E402

ECDSA_256, ECDSA_384, ECDSA_521 = "0403", "0503", "0603"
PSS_256, PSS_384, PSS_512, ED25519 = "0804", "0805", "0806", "0807"
PSS_OF_PSS = ["0809", "080a", "080b"]
ALL = (ECDSA_256, ECDSA_384, ECDSA_521, PSS_256, PSS_384, PSS_512, ED25519, *PSS_OF_PSS)
HASHES = {"0403": hashes.SHA256(), "0503": hashes.SHA384(), "0804": hashes.SHA256(), "0805": hashes.SHA384(),
          "0806": hashes.SHA512(), "0807": None, "0603": hashes.SHA512(), "0809": hashes.SHA256(),
          "080a": hashes.SHA384(), "080b": hashes.SHA512()}
PSS = [PSS_256, PSS_384, PSS_512]
KINDS = {"p256": [ECDSA_256], "p384": [ECDSA_384], "p521": [ECDSA_521], "rsa2048": PSS, "rsa2049": PSS, "rsa4096": PSS,
         "rsapss": PSS_OF_PSS, "rsapss256": PSS_OF_PSS[:1], "ed25519": [ED25519]}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    made = Office(tmp_path_factory.mktemp("keys"))
    for kind in KINDS:
        made.host(kind, kind=kind)
    return made


@pytest.fixture
def can(ask, office):
    """can(KIND): the schemes by which the provider signs with this kind of key."""
    def schemes(kind):
        said = ask("key", office.file(f"{kind}.key"))
        if said.startswith("error") and ask("supports", "scheme", f"0x{KINDS[kind][0]}") == "no":
            pytest.skip(f"this provider doesn't sign with {kind}")
        return said.split()
    return schemes


def options(scheme):
    """Arguments of Python's cryptography besides the message."""
    if scheme in (ECDSA_256, ECDSA_384, ECDSA_521):
        return [ec.ECDSA(HASHES[scheme])]
    if scheme == ED25519:
        return []
    digest = HASHES[scheme]
    return [padding.PSS(padding.MGF1(digest), digest.digest_size), digest]


def their_key(office, kind):
    return serialization.load_pem_private_key(office.file(f"{kind}.key").read_bytes(), None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_does_its_schemes(can, kind):
    assert can(kind) == KINDS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_of_a_key(ask, office, can, kind):
    can(kind)
    pem = office.file(f"{kind}.key")
    for number, words in enumerate((["-outform", "DER"], ["-outform", "PEM"], ["-traditional", "-outform", "DER"],
                                    ["-traditional", "-outform", "PEM"])):
        if (kind == "ed25519" or kind.startswith("rsapss")) and "-traditional" in words:
            continue  # these have only PKCS #8
        path = office.file(f"form{number}.key")
        openssl("pkey", "-in", pem, *words, "-out", path)
        assert ask("key", path).split() == KINDS[kind], words
    both = office.file("both.pem")  # a certificate before the key, as in many files
    both.write_bytes(office.file(f"{kind}.pem").read_bytes() + pem.read_bytes())
    assert ask("key", both).split() == KINDS[kind]


def test_parameters_before_a_key_are_passed_over(ask, office):
    path = office.file("parameters.key")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", path)
    assert b"EC PARAMETERS" in path.read_bytes()
    assert ask("key", path).split() == KINDS["p256"]


def test_keys_that_are_refused(ask, office):
    assert ask("key", office.key("rsa1024", "rsa1024")) == "error: not supported"
    path = office.file("secret.key")
    openssl("pkey", "-in", office.file("p256.key"), "-aes256", "-passout", "pass:x", "-out", path)
    assert ask("key", path).startswith("error")
    openssl("ec", "-in", office.file("p256.key"), "-aes256", "-passout", "pass:x", "-out", path)
    assert ask("key", path).startswith("error")
    right = openssl("pkey", "-in", office.file("p256.key"), "-outform", "DER")
    for wrong in (b"", b"\x30", b"nonsense", right[:-1], right[:20], office.file("p256.pem").read_bytes()):
        path.write_bytes(wrong)
        assert ask("key", path).startswith("error"), wrong


@pytest.mark.parametrize("kind", KINDS)
def test_our_signatures_are_good_elsewhere(ask, office, can, kind):
    rng = random.Random(kind)
    public = their_key(office, kind).public_key()
    for scheme in can(kind):
        for length in (0, 1, 146, 1000):
            text = rng.randbytes(length)
            signature = ask("sign", office.file(f"{kind}.key"), scheme, [text[:length // 3], text[length // 3:]])
            public.verify(bytes.fromhex(signature), text, *options(scheme))
            with pytest.raises(InvalidSignature):
                public.verify(bytes.fromhex(signature), text + b"x", *options(scheme))


def verifies(ask, kind):
    return [scheme for scheme in KINDS[kind] if ask("supports", "scheme", f"0x{scheme}") == "yes"]


@pytest.mark.parametrize("kind", KINDS)
def test_signatures_made_elsewhere_are_good_here(ask, office, kind):
    rng = random.Random(kind)
    key, certificate = their_key(office, kind), office.file(f"{kind}.der")
    for scheme in verifies(ask, kind):
        text = rng.randbytes(146)
        signature = key.sign(text, *options(scheme))
        assert ask("verify", certificate, scheme, [text[:9], text[9:]], signature) == "good"
        assert ask("verify", certificate, scheme, [text + b"x"], signature) == REFUSED
        for other in ALL:
            if other != scheme:
                assert ask("verify", certificate, other, [text], signature) == REFUSED
        for _ in range(20):
            place = rng.randrange(len(signature))
            wrong = bytearray(signature)
            wrong[place] ^= 1 << rng.randrange(8)
            assert ask("verify", certificate, scheme, [text], bytes(wrong)) == REFUSED, place
        for wrong in (b"", signature[:-1], signature + b"\0", b"\0" + signature, bytes(len(signature)),
                      b"\xff" * len(signature), b"\x30\x06\x02\x01\0\x02\x01\0"):
            assert ask("verify", certificate, scheme, [text], wrong) == REFUSED


def test_a_salt_of_another_length_is_refused(ask, office):
    key, certificate = their_key(office, "rsa2048"), office.file("rsa2048.der")
    for length, said in ((32, "good"), (0, REFUSED), (31, REFUSED), (33, REFUSED), (20, REFUSED)):
        signature = key.sign(b"text", padding.PSS(padding.MGF1(hashes.SHA256()), length), hashes.SHA256())
        assert ask("verify", certificate, PSS_256, [b"text"], signature) == said, length


def test_another_mask_or_padding_is_refused(ask, office):
    key, certificate = their_key(office, "rsa2048"), office.file("rsa2048.der")
    signature = key.sign(b"text", padding.PSS(padding.MGF1(hashes.SHA1()), 32), hashes.SHA256())
    assert ask("verify", certificate, PSS_256, [b"text"], signature) == REFUSED
    signature = key.sign(b"text", padding.PKCS1v15(), hashes.SHA256())
    assert ask("verify", certificate, PSS_256, [b"text"], signature) == REFUSED


def test_a_key_fits_its_certificate_alone(ask, office, can):
    for kind in KINDS:
        if ask("key", office.file(f"{kind}.key")).startswith("error"):
            continue
        for other in KINDS:
            if ask("key", office.file(f"{other}.key")).startswith("error"):
                continue
            said = ask("fits", office.file(f"{kind}.key"), office.file(f"{other}.der"))
            assert said == ("yes" if kind == other else "no"), (kind, other)
    office.key("p256-other")
    assert ask("fits", office.file("p256-other.key"), office.file("p256.der")) == "no"


def test_a_pin_is_the_digest_of_the_public_key(ask, office):
    for kind in KINDS:
        der = openssl("pkey", "-in", office.file(f"{kind}.key"), "-pubout", "-outform", "DER")
        assert ask("pin", office.file(f"{kind}.der")) == hashlib.sha256(der).hexdigest()
    path = pathlib.Path(office.file("wrong.der"))
    path.write_bytes(office.file("p256.der").read_bytes()[:-1])
    assert ask("pin", path) == REFUSED


# ---- PEM ----

def pem(ask, office, text, room=4096):
    path = office.file("text.pem")
    path.write_bytes(text)
    return ask("pem", path, room)


def test_blocks_of_pem(ask, office):
    text = office.file("p256.pem").read_bytes()
    der = office.file("p256.der").read_bytes()
    assert pem(ask, office, b"before\n" + text + b"between\r\n" + text.replace(b"\n", b"\r\n")) == (
        f"[CERTIFICATE] {der.hex()} [CERTIFICATE] {der.hex()}")
    assert pem(ask, office, text, len(der)) == f"[CERTIFICATE] {der.hex()}"
    assert pem(ask, office, text + text, len(der) - 1).count("(") == 2


def test_every_length_of_base64(ask, office):
    rng = random.Random(3)
    import base64
    for length in range(1, 70):
        text = rng.randbytes(length)
        block = b"-----BEGIN X-----\n" + base64.encodebytes(text) + b"-----END X-----\n"
        assert pem(ask, office, block) == f"[X] {text.hex()}"


@pytest.mark.parametrize("body", (b"", b"A", b"AA", b"AAA", b"AA=A", b"A===", b"====", b"AAA*", b"AAAA\x80AAA",
                                  b"AA==AAAA", b"AAAA-AAA", b"Proc-Type: 4,ENCRYPTED\n\nAAAA"))
def test_broken_blocks_of_pem(ask, office, body):
    said = pem(ask, office, b"-----BEGIN X-----\n" + body + b"\n-----END X-----\n")
    assert said.startswith("(") and "[" not in said


def test_ends_of_pem_that_do_not_fit(ask, office):
    for text in (b"-----BEGIN X-----\nAAAA\n", b"-----BEGIN X-----\nAAAA\n-----END Y-----\n",
                 b"-----BEGIN X\n-----\nAAAA\n-----END X-----\n", b"-----BEGIN X-----\nAAAA\n-----END X----",
                 b"-----BEGIN "):
        assert "[" not in pem(ask, office, text), text
