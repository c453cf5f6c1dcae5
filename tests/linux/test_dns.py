"""dig against the dns example with its built-in zone."""

import re

import pytest

from conftest import LIMIT_S, Process, run, until
from services import program

ZONE = "example.com"


@pytest.fixture
def dig(leat):
    server = leat("dns")

    def ask(*words):
        return run("dig", "+norecurse", "+tries=1", f"+timeout={LIMIT_S}", f"@{server.ip}", *words, check=False).decode()

    ask.server = server
    return ask


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize("kind", ["SOA", "NS"])
def test_the_zone_itself(dig, transport, kind):
    text = dig(transport, ZONE, kind)
    assert "status: NOERROR" in text and " aa" in text, text
    assert f"IN\t{kind}" in text, text


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_address(dig, transport):
    text = dig(transport, f"www.{ZONE}", "A")
    assert "status: NOERROR" in text and "IN\tA\t" in text, text


def test_no_such_name(dig):
    text = dig(f"no-such-name.{ZONE}", "A")
    assert "status: NXDOMAIN" in text and "SOA" in text, text


def test_a_name_of_others(dig):
    assert "status: REFUSED" in dig("www.example.org", "A")


def test_edns_is_answered(dig):
    assert "EDNS: version: 0" in dig("+bufsize=1232", f"www.{ZONE}", "A")


def test_letter_case_of_the_question_comes_back(dig):
    """0x20: the reply keeps the case, by which a resolver detects forgeries."""
    assert "wWw.ExAmPlE.cOm." in dig("wWw.ExAmPlE.cOm", "A")


def test_many_questions_on_one_connection(dig):
    names = [word for _ in range(20) for word in (f"www.{ZONE}", "A")]
    text = dig("+tcp", "+keepopen", *names)
    assert text.count("status: NOERROR") == 20
    assert dig.server.stop()["tcp_opened_passive"] == 1


LATER = """$ORIGIN later.test.
$TTL 300
@ SOA ns h 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
srv SRV 1 2 443 ns
naptr NAPTR 100 50 "s" "http+I2L" "" ns
ds DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
key DNSKEY 257 3 8 AwEAAcw5QLr0
tlsa TLSA 3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971
ssh SSHFP 4 2 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971
caa CAA 128 issue "ca.example; a=b"
text TXT \\# 4 03616263
https TYPE65 \\# 10 00010000010003026832
any TYPE65280 \\# 3 abcd01
mx MX \\# 7 000a 03 61 62 63 00
alias HTTPS 0 pool
web HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1,2001:db8:0:1::2 port=8443
svc SVCB 16 foo.example.org. alpn="h2,h3-19" mandatory="ipv4hint,alpn" ipv4hint=192.0.2.1
unknown SVCB 1 foo.example.com. key667="hello\\210qoo"
commas SVCB 16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"
ech HTTPS 1 . ech=AEj+DQBEAQAgACAdd+scUi0IYFsXnUIU7ko2Nd9+F8M26pAGZVpz/KrWPgAEAAEAAWQVZWNoLXNpdGVz no-default-alpn alpn=h2
"""


def test_the_records_of_a_zone_are_nsds(leat, tmp_path):
    """The same master file served by nsd: dig shows the same sets."""
    (tmp_path / "zone").write_text(LATER)
    ours = leat("dns", arguments=[tmp_path / "zone"])
    (tmp_path / "nsd.conf").write_text(
        f"server:\n  ip-address: {ours.peer}\n  port: 5355\n  username: \"\"\n  zonesdir: \"{tmp_path}\"\n  pidfile: \"\"\n"
        f"  database: \"\"\n  xfrdfile: \"{tmp_path}/xfrd\"\n  zonelistfile: \"{tmp_path}/zones\"\n  xfrdir: \"{tmp_path}\"\n"
        "  server-count: 1\nremote-control:\n  control-enable: no\nzone:\n  name: later.test\n  zonefile: zone\n")
    nsd = Process(program("nsd"), "-d", "-c", tmp_path / "nsd.conf")
    try:
        def shown(*where):
            said = [run("dig", "+noall", "+answer", "+norecurse", "+tries=1", *where, f"{line.split()[0]}.later.test", line.split()[1], check=False).decode()
                    for line in LATER.splitlines()[4:]]
            return [re.sub(r"\s+", " ", text) for text in said]

        assert until(lambda: "192.0.2.1" in shown("-p", "5355", f"@{ours.peer}")[0], 20), nsd.text
        theirs = shown("-p", "5355", f"@{ours.peer}")
        assert all(theirs)
        assert shown(f"@{ours.ip}") == theirs
    finally:
        nsd.kill()
