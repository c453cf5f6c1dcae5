"""A provider's verdicts about chains of certificates that openssl made (RFC 5280, 6; RFC 9525)."""

import pathlib
import random
import time

import pytest

from issue import AUTHORITY, Office

NOW = int(time.time()) + 3600  # later than the certificates that the tests make
DAY = 86400
TRUSTED = "trusted"
NO_TIME = "the civil time isn't known, so no certificate's dates can be checked"
EXPIRED = "a certificate has expired"
NOT_YET = "a certificate isn't valid yet"
UNKNOWN = "no trusted authority stands behind the certificate"
WRONG_NAME = "the certificate is another host's"
BAD_SIGNATURE = "a signature doesn't fit its certificate"
WRONG_USAGE = "a certificate doesn't allow this use of its key"
NOT_AUTHORITY = "an issuer is no authority"
TOO_DEEP = "the chain of certificates is too long"
WEAK = "a key or a hash is too weak"
UNSUPPORTED = "a kind of key or an extension isn't supported"
MALFORMED = "malformed certificate"
SYSTEM = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A root authority, one below it, and a host certificate of each."""
    made = Office(tmp_path_factory.mktemp("office"))
    made.authority("root")
    made.authority("mid", issuer="root")
    made.host("www.leat.example", issuer="mid")
    made.host("near.leat.example", issuer="root")
    return made


@pytest.fixture
def judge(ask, office):
    """judge(CERTIFICATE..., name, at, anchors): the verdict about certificates of the office, by their names."""
    def verdict(*names, name="www.leat.example", at=NOW, anchors="root"):
        paths = [office.file(f"{each}.der") if isinstance(each, str) else each for each in names]
        return ask("chain", office.file(f"{anchors}.pem"), name or "-", at, *paths)
    return verdict


def test_a_chain_that_is_good(judge):
    assert judge("www.leat.example", "mid") == TRUSTED
    assert judge("www.leat.example", "mid", "root") == TRUSTED
    assert judge("www.leat.example", "mid", name=None) == TRUSTED
    assert judge("near.leat.example", name="near.leat.example") == TRUSTED


def test_an_anchor_in_der_serves_as_well(ask, office):
    assert ask("chain", office.file("root.der"), "near.leat.example", NOW,
               office.file("near.leat.example.der")) == TRUSTED


@pytest.mark.parametrize("kind", ("p384", "rsa2048"))
def test_authorities_and_hosts_of_other_kinds(judge, office, kind):
    digest = "sha384" if kind == "p384" else "sha256"
    office.authority(f"root-{kind}", kind=kind, digest=digest)
    office.authority(f"mid-{kind}", issuer=f"root-{kind}", kind=kind, digest=digest)
    office.host(f"{kind}.leat.example", issuer=f"mid-{kind}", kind=kind, digest=digest)
    assert judge(f"{kind}.leat.example", f"mid-{kind}", name=f"{kind}.leat.example",
                 anchors=f"root-{kind}") == TRUSTED
    assert judge(f"{kind}.leat.example", f"mid-{kind}", name=f"{kind}.leat.example") == UNKNOWN


def test_names_are_compared_without_case(judge):
    assert judge("www.leat.example", "mid", name="WWW.Leat.Example") == TRUSTED


@pytest.mark.parametrize("name", ("leat.example", "www.leat.exampl", "w.www.leat.example", "www.leat.example.com",
                                  "ww.leat.example", "mid", "192.0.2.1"))
def test_another_name_is_wrong(judge, name):
    assert judge("www.leat.example", "mid", name=name) == WRONG_NAME


def test_a_wildcard_stands_for_one_label(judge, office):
    office.host("wild", issuer="mid", dns="*.wild.example")
    assert judge("wild", "mid", name="a.wild.example") == TRUSTED
    for name in ("wild.example", "a.b.wild.example", "a.wilder.example", ".wild.example"):
        assert judge("wild", "mid", name=name) == WRONG_NAME, name


@pytest.mark.parametrize("name", (".", ".leat.example", "www..leat.example", "www.leat.example.", "*.leat.example",
                                  "*", "www.leat.example\x7f", "a" * 64 * 4))
def test_invalid_names_match_no_certificate(judge, office, name):
    office.host("any", issuer="mid", dns="*.leat.example,DNS:www.leat.example.,DNS:*")
    assert judge("any", "mid", name=name) == WRONG_NAME


def test_an_empty_name_is_not_any_name(ask, office):
    assert ask("chain", office.file("root.pem"), "''", NOW, office.file("near.leat.example.der")) == WRONG_NAME


def test_a_common_name_is_no_name(judge, office):
    office.certificate("common", issuer="mid", common="common.leat.example")
    assert judge("common", "mid", name="common.leat.example") == WRONG_NAME


def test_threat_T11_a_zero_in_a_name_ends_nothing(judge, office):
    name = b"www.leat.example\0.evil.example"
    names = bytes([0x82, len(name)]) + name
    der = ":".join(f"{byte:02x}" for byte in bytes([0x30, len(names)]) + names)
    office.certificate("zero", f"subjectAltName=DER:{der}", issuer="mid")
    assert judge("zero", "mid") != TRUSTED


def test_several_names(judge, office):
    office.host("several", issuer="mid", dns="a.example,IP:192.0.2.1,email:x@b.example,DNS:c.example")
    assert judge("several", "mid", name="a.example") == judge("several", "mid", name="c.example") == TRUSTED
    assert judge("several", "mid", name="b.example") == WRONG_NAME


def test_an_address(judge, office):
    """An address matches only the bytes of the certificate's addresses (RFC 9525, 6.2)."""
    office.host("numbers", issuer="mid", dns="a.example,IP:192.0.2.1,IP:2001:db8::7,DNS:198.51.100.1")
    office.host("no-numbers", issuer="mid", dns="192.0.2.1,DNS:2001.db8")
    for name in ("192.0.2.1", "2001:db8::7", "2001:DB8:0:0::0.0.0.7", "a.example"):
        assert judge("numbers", "mid", name=name) == TRUSTED, name
    for name in ("192.0.2.2", "2001:db8::8", "198.51.100.1", "::ffff:192.0.2.2", "::192.0.2.1"):
        assert judge("numbers", "mid", name=name) == WRONG_NAME, name
    assert judge("no-numbers", "mid", name="192.0.2.1") == WRONG_NAME
    assert judge("www.leat.example", "mid", name="192.0.2.1") == WRONG_NAME
    assert judge("numbers", name="192.0.2.1") == UNKNOWN


def test_dates(judge, office):
    office.host("short", issuer="mid", days=10)
    assert judge("short", "mid", name="short") == TRUSTED
    assert judge("short", "mid", name="short", at=NOW + 9 * DAY) == TRUSTED
    assert judge("short", "mid", name="short", at=NOW + 11 * DAY) == EXPIRED
    assert judge("short", "mid", name="short", at=NOW - DAY) == NOT_YET
    assert judge("short", "mid", name="short", at=1) == NOT_YET


def test_no_date_is_skipped_because_the_time_is_not_known(judge):
    assert judge("www.leat.example", "mid", at=0) == NO_TIME


def test_dates_of_those_above(judge, office):
    office.authority("old", issuer="root", days=10)
    office.host("young", issuer="old")
    assert judge("young", "old", name="young") == TRUSTED
    assert judge("young", "old", name="young", at=NOW + 11 * DAY) == EXPIRED


def test_dates_behind_2050_and_2106(judge, office):
    office.authority("late-root", days=40000)
    office.host("late", issuer="late-root", days=39000)
    for years in (30, 81, 100):
        assert judge("late", name="late", anchors="late-root", at=NOW + years * 365 * DAY) == TRUSTED
    assert judge("late", name="late", anchors="late-root", at=NOW + 39001 * DAY) == EXPIRED


def test_an_unknown_authority(judge, office):
    office.authority("stranger")
    office.host("strange", issuer="stranger")
    assert judge("strange", "stranger", name="strange") == UNKNOWN
    assert judge("strange", name="strange") == UNKNOWN


def test_a_link_that_is_missing(judge):
    assert judge("www.leat.example") == UNKNOWN


def test_a_host_that_vouches_for_itself(judge, office):
    office.host("self", "basicConstraints=critical,CA:FALSE")
    assert judge("self", name="self") == UNKNOWN
    assert judge("self", name="self", anchors="self") == TRUSTED
    assert judge("self", name="other", anchors="self") == WRONG_NAME
    office.host("self-authority", *AUTHORITY[:1])  # as openssl req -x509 makes them
    assert judge("self-authority", name="self-authority", anchors="self-authority") == TRUSTED


def test_an_authority_in_the_middle_may_be_the_anchor(judge):
    assert judge("www.leat.example", anchors="mid") == TRUSTED


def test_another_authority_of_the_same_name(judge, office):
    office.authority("liar", common="root")
    office.host("lie", issuer="liar")
    assert judge("lie", name="lie") in (UNKNOWN, BAD_SIGNATURE)


def test_a_host_is_no_authority(judge, office):
    for name, extensions in (("plain", ()), ("not", ("basicConstraints=critical,CA:FALSE",)),
                             ("usage", ("keyUsage=critical,keyCertSign",))):
        office.certificate(f"mid-{name}", *extensions, issuer="root")
        office.host(f"below-{name}", issuer=f"mid-{name}")
        assert judge(f"below-{name}", f"mid-{name}", name=f"below-{name}") in (NOT_AUTHORITY, WRONG_USAGE)


def test_an_authority_that_may_not_sign(judge, office):
    office.authority("mute", "basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature", issuer="root")
    office.host("muted", issuer="mute")
    assert judge("muted", "mute", name="muted") in (NOT_AUTHORITY, WRONG_USAGE)


@pytest.mark.parametrize("usage", ("keyAgreement", "keyEncipherment", "keyCertSign"))
def test_a_host_that_may_not_sign(judge, office, usage):
    office.host(f"only-{usage}", f"keyUsage=critical,{usage}", issuer="mid")
    assert judge(f"only-{usage}", "mid", name=f"only-{usage}") == WRONG_USAGE


def test_a_host_that_may_sign(judge, office):
    office.host("signs", "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth", issuer="mid")
    assert judge("signs", "mid", name="signs") == TRUSTED
    office.host("both", "extendedKeyUsage=clientAuth,serverAuth", issuer="mid")
    assert judge("both", "mid", name="both") == TRUSTED


@pytest.mark.parametrize("usage", ("clientAuth", "critical,clientAuth", "codeSigning,emailProtection"))
def test_a_certificate_for_something_else(judge, office, usage):
    name = f"for-{usage}".replace(",", "-")
    office.host(name, f"extendedKeyUsage={usage}", issuer="mid")
    assert judge(name, "mid", name=name) in ((WRONG_USAGE, UNSUPPORTED) if "critical" in usage else (WRONG_USAGE,))
    office.authority(f"mid-{name}", *AUTHORITY, f"extendedKeyUsage={usage}", issuer="root")
    office.host(f"below-{name}", issuer=f"mid-{name}")
    assert judge(f"below-{name}", f"mid-{name}", name=f"below-{name}") in (WRONG_USAGE, UNSUPPORTED)


def test_a_path_longer_than_its_constraint(judge, office):
    office.authority("strict", "basicConstraints=critical,CA:TRUE,pathlen:0", AUTHORITY[1], issuer="root")
    office.host("right-below", issuer="strict")
    assert judge("right-below", "strict", name="right-below") == TRUSTED
    office.authority("too-deep", issuer="strict")
    office.host("deep", issuer="too-deep")
    assert judge("deep", "too-deep", "strict", name="deep") in (TOO_DEEP, NOT_AUTHORITY)


LIMITED = {
    "names-of-others": ("nameConstraints=critical,permitted;DNS:other.example", (WRONG_NAME, UNSUPPORTED)),
    "names-but-ours": ("nameConstraints=critical,excluded;DNS:leat.example", (WRONG_NAME, UNSUPPORTED)),
    "names-not-critical": ("nameConstraints=permitted;DNS:other.example", (WRONG_NAME, UNSUPPORTED)),
    "addresses": ("nameConstraints=critical,permitted;IP:192.0.2.0/255.255.255.0", (TRUSTED, UNSUPPORTED)),
    "clients": ("extendedKeyUsage=clientAuth", (WRONG_USAGE,)),
    "mail": ("extendedKeyUsage=critical,emailProtection", (WRONG_USAGE,)),
    "unknown": ("1.2.3.4.5=critical,DER:05:00", (UNSUPPORTED,)),
}


@pytest.mark.parametrize("kind", LIMITED)
def test_threat_Q20_an_anchor_is_limited_by_its_own_extensions(judge, office, kind):
    """As in libcrypto. RFC 5937, 3, makes them inputs of the check."""
    extension, verdicts = LIMITED[kind]
    office.authority(f"only-{kind}", *AUTHORITY, extension)
    office.host(f"of-{kind}.leat.example", issuer=f"only-{kind}")
    assert judge(f"of-{kind}.leat.example", name=f"of-{kind}.leat.example", anchors=f"only-{kind}") in verdicts
    office.authority(f"below-{kind}", issuer=f"only-{kind}")
    office.host(f"two-{kind}.leat.example", issuer=f"below-{kind}")
    assert judge(f"two-{kind}.leat.example", f"below-{kind}", name=f"two-{kind}.leat.example",
                 anchors=f"only-{kind}") in verdicts


def test_threat_Q20_an_anchor_that_may_not_sign_certificates(judge, office):
    office.authority("signs-lists", AUTHORITY[0], "keyUsage=critical,cRLSign")
    office.host("listed.leat.example", issuer="signs-lists")
    verdict = judge("listed.leat.example", name="listed.leat.example", anchors="signs-lists")
    assert verdict in (WRONG_USAGE, NOT_AUTHORITY)


def test_threat_Q20_an_anchor_with_a_path_length(judge, office):
    office.authority("short", "basicConstraints=critical,CA:TRUE,pathlen:0", AUTHORITY[1])
    office.host("under-short", issuer="short")
    assert judge("under-short", name="under-short", anchors="short") == TRUSTED
    assert judge("under-short", "short", name="under-short", anchors="short") == TRUSTED
    office.authority("under", issuer="short")
    office.host("too-far", issuer="under")
    assert judge("too-far", "under", name="too-far", anchors="short") == TOO_DEEP


def test_threat_Q20_an_anchor_outside_its_dates(judge, office):
    office.authority("brief", days=30)
    office.host("outlives.leat.example", issuer="brief")
    assert judge("outlives.leat.example", name="outlives.leat.example", anchors="brief", at=NOW + 29 * DAY) == TRUSTED
    assert judge("outlives.leat.example", name="outlives.leat.example", anchors="brief", at=NOW + 31 * DAY) == EXPIRED


def test_one_of_two_anchors_of_a_name_is_enough(ask, office):
    """After a change of keys, an authority has two certificates with one name."""
    for name in ("old-key", "new-key"):
        office.authority(name, common="renewed")
    office.host("kept.leat.example", issuer="new-key")
    both = office.file("both.pem")
    both.write_bytes(office.file("old-key.pem").read_bytes() + office.file("new-key.pem").read_bytes())
    assert ask("chain", both, "kept.leat.example", NOW, office.file("kept.leat.example.der")) == TRUSTED


@pytest.mark.parametrize("chain", (("www.leat.example", "stranger", "mid"), ("www.leat.example", "www.leat.example", "mid"),
                                   ("www.leat.example", "mid", "mid"), ("www.leat.example", "stranger", "mid", "root"),
                                   ("www.leat.example", "root", "stranger", "mid")))
def test_a_chain_with_strangers_repeats_or_in_another_order(judge, office, chain):
    """RFC 8446, 4.4.2: certificates outside the path must be tolerated, in any order except the first one."""
    office.authority("stranger")
    assert judge(*chain) == TRUSTED


def test_an_issuer_that_is_there_twice_is_taken_by_its_dates(judge, office):
    """If an authority has two certificates for one key, the path uses the one that has not expired."""
    office.authority("twin", issuer="root", days=30)
    office.file("twin-old.der").write_bytes(office.file("twin.der").read_bytes())
    office.authority("twin", issuer="root")
    office.host("of-twin.leat.example", issuer="twin")
    for chain in (("twin-old", "twin"), ("twin", "twin-old")):
        assert judge("of-twin.leat.example", *chain, name="of-twin.leat.example", at=NOW + 31 * DAY) == TRUSTED


def test_an_unrelated_certificate_makes_no_chain_good(judge, office):
    office.authority("stranger")
    office.host("theirs.leat.example", issuer="stranger")
    assert judge("theirs.leat.example", "mid", "root", name="theirs.leat.example") == UNKNOWN


def test_threat_T11_a_chain_without_end(judge, office):
    above, chain = "root", []
    for number in range(12):
        office.authority(f"step{number}", issuer=above)
        above = f"step{number}"
        chain.insert(0, above)
    office.host("far", issuer=above)
    assert judge("far", *chain, name="far") == TOO_DEEP
    office.host("nearer", issuer="step5")
    assert judge("nearer", *chain[6:], name="nearer") == TRUSTED
    assert judge("www.leat.example", *["mid"] * 15) == TOO_DEEP
    assert judge("mid", "root", *["mid", "root"] * 3, name=None) != MALFORMED  # a cycle


def test_weak_keys_and_signatures(judge, office):
    office.host("small", issuer="mid", kind="rsa1024")
    assert judge("small", "mid", name="small") == WEAK
    office.authority("small-mid", issuer="root", kind="rsa1024")
    office.host("below-small", issuer="small-mid")
    assert judge("below-small", "small-mid", name="below-small") == WEAK
    office.host("sha1", issuer="mid", digest="sha1")
    assert judge("sha1", "mid", name="sha1") in (WEAK, UNSUPPORTED)


def test_an_unknown_critical_extension(judge, office):
    office.host("odd", "1.2.3.4=critical,DER:05:00", issuer="mid")
    assert judge("odd", "mid", name="odd") == UNSUPPORTED
    office.host("odder", "1.2.3.4=DER:05:00", issuer="mid")
    assert judge("odder", "mid", name="odder") == TRUSTED


def test_names_that_an_authority_may_not_give(judge, office):
    for name, critical in (("narrow", ""), ("narrower", "critical,")):
        office.authority(name, *AUTHORITY, f"nameConstraints={critical}permitted;DNS:inside.example", issuer="root")
        office.host(f"outside-{name}", issuer=name, dns="www.outside.example")
        assert judge(f"outside-{name}", name, name="www.outside.example") in (WRONG_NAME, UNSUPPORTED)


def test_invalid_certificates(judge, office):
    right = office.file("www.leat.example.der").read_bytes()
    for number, wrong in enumerate((b"", b"\x30", right[:-1], right + b"\0", right[:100], b"\x30\x80" + right[4:],
                                    bytes(20000), b"\x30\x84\xff\xff\xff\xff" + right[4:])):
        path = office.file(f"wrong{number}.der")
        path.write_bytes(wrong)
        assert judge(path, "mid") != TRUSTED, number
        assert judge("www.leat.example", path) != TRUSTED, number
    assert judge() == MALFORMED


@pytest.mark.parametrize("which", ("www.leat.example", "mid"))
def test_threat_T11_no_changed_byte_is_trusted(judge, office, which):
    right = office.file(f"{which}.der").read_bytes()
    rng = random.Random(which)
    path = office.file("changed.der")
    for place in rng.sample(range(len(right)), 150):
        path.write_bytes(right[:place] + bytes([right[place] ^ 1 << rng.randrange(8)]) + right[place + 1:])
        chain = [path, "mid"] if which != "mid" else ["www.leat.example", path]
        assert judge(*chain) != TRUSTED, place


def test_a_signature_that_does_not_fit(judge, office):
    right = bytearray(office.file("www.leat.example.der").read_bytes())
    right[-1] ^= 1
    path = office.file("unsigned.der")
    path.write_bytes(right)
    assert judge(path, "mid") == BAD_SIGNATURE


def test_anchors_are_counted(ask, office):
    both = office.file("both.pem")
    both.write_bytes(b"one:\n" + office.file("root.pem").read_bytes() + b"two:\n" +
                     office.file("mid.pem").read_bytes())
    assert ask("anchors", both) == "2"
    assert ask("anchors", office.file("root.der")) == "1"


def test_invalid_anchors(ask, office):
    path = office.file("none.pem")
    for text, why in ((b"", "not found"), (b"nothing", "not found"), (b"\x30\x03\1\1\1", "malformed"),
                      (office.file("root.key").read_bytes(), "not found"),
                      (office.file("root.pem").read_bytes()[:-40], "malformed"),
                      (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "malformed")):
        path.write_bytes(text)
        assert why in ask("anchors", path), text


@pytest.mark.skipif(not SYSTEM.exists(), reason="ca-certificates is not installed")
def test_the_anchors_of_the_system(ask, office):
    assert int(ask("anchors", SYSTEM)) == SYSTEM.read_text(encoding="utf-8").count("BEGIN CERTIFICATE")
    assert ask("chain", SYSTEM, "-", NOW, office.file("www.leat.example.der"), office.file("mid.der")) == UNKNOWN
