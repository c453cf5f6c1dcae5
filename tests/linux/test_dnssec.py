"""delv and dig around resolver and sieve, with DNSSEC: named has a signed zone, unbound validates it, and
the program passes all of it on. Also answers of up to 65,535 bytes."""

import re
import shutil

import pytest

from conftest import Process, run, until

LONG = 56  # records of 1,004 bytes and more; named takes 100 at most
ZONE = f"""$ORIGIN signed.test.
$TTL 300
@ SOA ns hostmaster 1 3600 1200 604800 300
@ NS ns
ns A 192.0.2.1
www A 192.0.2.7
www AAAA 2001:db8::7
alias CNAME www
*.any A 192.0.2.9
bad A 192.0.2.66
srv SRV 1 2 53 www
old DNAME new
www.new A 192.0.2.8
""" + "".join("long TXT" + f' "{number:0250}"' * 4 + "\n" for number in range(LONG))

pytestmark = pytest.mark.skipif(not all(map(shutil.which, ["named", "unbound", "delv", "dnssec-signzone"])),
                                reason="bind9 and unbound are not installed")


@pytest.fixture(scope="module", params=["NSEC", "NSEC3"])
def zone(request, tmp_path_factory):
    """A folder with the signed zone, in which one address was changed after it was signed, and its key."""
    folder = tmp_path_factory.mktemp("zone")
    (folder / "zone").write_text(ZONE)
    key = run("dnssec-keygen", "-q", "-K", folder, "-a", "ECDSAP256SHA256", "-f", "KSK", "signed.test").decode().strip()
    words = ["-3", "abcd", "-H", "0"] if request.param == "NSEC3" else []
    run("dnssec-signzone", "-q", "-S", "-z", "-x", "-K", folder, "-d", folder, "-o", "signed.test", "-f", folder / "signed", *words,
        folder / "zone")
    signed = (folder / "signed").read_text()
    assert signed.count("192.0.2.66") == 1
    (folder / "signed").write_text(signed.replace("192.0.2.66", "192.0.2.67"))
    record = next(line for line in (folder / f"{key}.key").read_text().splitlines() if not line.startswith(";"))
    fields = record[record.index("DNSKEY"):].split()
    (folder / "anchors").write_text(f'trust-anchors {{ signed.test. static-key {fields[1]} {fields[2]} {fields[3]} "{"".join(fields[4:])}"; }};\n')
    (folder / "key").write_text(record + "\n")
    return folder


@pytest.fixture(params=["resolver", "sieve"])
def program(request, leat, zone, tmp_path):
    made = leat(request.param)
    (tmp_path / "named.conf").write_text(
        f'options {{ directory "{tmp_path}"; listen-on port 5300 {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; '
        f'pid-file none; session-keyfile none; dnssec-validation no; }}; controls {{ }};\n'
        f'zone "signed.test" {{ type primary; file "{zone}/signed"; }};\n')
    (tmp_path / "unbound.conf").write_text(
        f"server:\n  interface: {made.peer}\n  access-control: 10.0.0.0/8 allow\n  use-syslog: no\n  chroot: ''\n  username: ''\n"
        f"  pidfile: ''\n  do-daemonize: no\n  do-not-query-localhost: no\n  local-zone: 'test.' nodefault\n"
        f"  trust-anchor-file: {zone}/key\nstub-zone:\n  name: 'signed.test.'\n  stub-addr: 127.0.0.1@5300\n"
        "remote-control:\n  control-enable: no\n")
    others = [Process("named", "-f", "-g", "-c", tmp_path / "named.conf"), Process("unbound", "-d", "-p", "-c", tmp_path / "unbound.conf")]
    try:
        assert until(lambda: b"192.0.2.7" in run("dig", "+short", "+time=1", "+tries=1", f"@{made.peer}", "www.signed.test",
                                                 check=False), 30), [other.text for other in others]
        yield made
    finally:
        for other in others:
            other.stop()


def delv(program, zone, name, kind="A", *words):
    return run("delv", f"@{program.ip}", "-a", zone / "anchors", "+root=signed.test", *words, name, kind, check=False).decode()


SAID = [
    ("www", "A", "fully validated"), ("www", "AAAA", "fully validated"), ("alias", "A", "fully validated"), ("srv", "SRV", "fully validated"),
    ("x.any", "A", "fully validated"), ("www.old", "A", "fully validated"), ("long", "TXT", "fully validated"),
    ("no", "A", "negative response, fully validated"), ("no.below", "A", "negative response, fully validated"),
    ("www", "MX", "negative response, fully validated"), ("bad", "A", None),
]  # fmt: skip


def test_delv_succeeds_behind_it(program, zone):
    for name, kind, said in SAID * 2:  # of the servers, and from the cache
        text = delv(program, zone, f"{name}.signed.test", kind)
        assert said in text if said else "validated" not in text, (name, text)


def dig(program, *words):
    text = run("dig", "+tries=1", "+timeout=10", f"@{program.ip}", *words).decode()
    return set(re.search(r"flags: ([a-z ]*);", text)[1].split()), re.search(r"status: (\w+)", text)[1], text


def test_the_bits_of_dnssec(program):
    for _ in range(2):
        flags, status, text = dig(program, "+dnssec", "www.signed.test")
        assert "ad" in flags and status == "NOERROR" and "RRSIG" in text
        flags, status, text = dig(program, "+adflag", "www.signed.test")
        assert "ad" in flags and "RRSIG" not in text
        flags, status, text = dig(program, "+noadflag", "www.signed.test")
        assert "ad" not in flags and "RRSIG" not in text
        assert dig(program, "+dnssec", "bad.signed.test")[1] == "SERVFAIL"
        flags, status, text = dig(program, "+dnssec", "+cdflag", "bad.signed.test")
        assert status == "NOERROR" and "cd" in flags and "ad" not in flags and "192.0.2.67" in text


def test_a_long_answer_is_whole(program):
    for _ in range(2):
        flags, status, text = dig(program, "+ignore", "+bufsize=1232", "long.signed.test", "TXT")
        assert "tc" in flags
        flags, status, text = dig(program, "long.signed.test", "TXT")
        assert text.count("IN\tTXT\t") == LONG and int(re.search(r"rcvd: (\d+)", text)[1]) > 56_000
