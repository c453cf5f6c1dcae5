"""The resolve example against the dns example: two stacks, with the kernel as the router between them."""

import ipaddress
import pathlib
import socket

import pytest

from conftest import Process, binary, make_tap, run

BIG_ZONE = "$ORIGIN example.com.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n NS ns\nns A 192.0.2.1\n" + "".join(
    f'big TXT "{number:0200}"\n' for number in range(15)
)

REVERSE = ipaddress.ip_address("2001:db8::3").reverse_pointer  # in ip6.arpa, RFC 3596 2.5
REVERSE_ZONE = ("$ORIGIN 8.b.d.0.1.0.0.2.ip6.arpa.\n$TTL 60\n@ SOA ns.example.com. h 1 2 3 4 5\n NS ns.example.com.\n"
                f"{REVERSE}. PTR www.example.com.\n")


@pytest.fixture
def resolve(leat, tmp_path):
    """resolve(words...) asks a server; returns the exit status and the lines of output."""
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    zone = tmp_path / "big.zone"
    zone.write_text(BIG_ZONE)
    back = tmp_path / "back.zone"
    back.write_text(REVERSE_ZONE)
    servers = {"built in": leat("dns"), "big": leat("dns", arguments=(zone,)), "back": leat("dns", arguments=(back,))}
    make_tap("asks0", address="10.78.0.1/24")

    def ask(*words, server="built in", ip=None):
        asking = Process(
            binary("resolve"), "--tap", "asks0", "--ip", "10.78.0.2/24", "--gateway", "10.78.0.1",
            "--server", ip or servers[server].ip, *words,
        )  # fmt: skip
        status = asking.wait(60)
        return status, [line for line in asking.lines if not line.startswith("resolve: ")]

    ask.server = servers["built in"].ip
    yield ask
    run("ip", "link", "del", "asks0", check=False)


def test_records_are_said_as_in_a_master_file(resolve):
    assert resolve("www.example.com") == (0, ["www.example.com. 3600 IN A 192.0.2.3"])
    assert resolve("WWW.example.com", "aaaa") == (0, ["WWW.example.com. 3600 IN AAAA 2001:db8::3"])


def test_a_name_is_found_by_its_address_of_ipv6(resolve):
    assert resolve(REVERSE, "PTR", server="back") == (0, [f"{REVERSE}. 60 IN PTR www.example.com."])


def test_alias_is_followed(resolve):
    assert resolve("alias.example.com") == (0, ["www.example.com. 3600 IN A 192.0.2.3"])


def test_long_reply_comes_by_tcp(resolve):
    status, lines = resolve("big.example.com", "TXT", server="big")
    assert status == 0 and len(lines) == 15 and f"{14:0200}" in lines[14]


def test_a_missing_name(resolve):
    for words, why in ((("no.example.com",), "no.example.com. A: not found (NXDOMAIN, says "),
                       (("www.example.com", "MX"), "www.example.com. MX: not found (NOERROR, says "),
                       (("example.org",), "example.org. A: name servers can't answer (REFUSED; asked: ")):
        status, (line,) = resolve(*words)
        assert status == 6 and line == f"{why}{resolve.server})"


def test_a_name_in_another_alphabet(resolve):
    """Asked for as DNS has it (RFC 5891)."""
    status, lines = resolve("bücher.example.com")
    if "that is no legal name" in " ".join(lines):
        pytest.skip("resolve has no libidn2")
    assert status == 6 and lines[0].startswith("xn--bcher-kva.example.com. A: not found")


def test_a_silent_server(resolve):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("10.78.0.1", 53))
        assert resolve("example.com", ip="10.78.0.1")[0] == 28


def test_no_server_there(resolve):
    """The kernel answers port unreachable."""
    assert resolve("example.com", ip="10.78.0.1") == (
        7,
        ["example.com. A: connection refused (10.78.0.1 says: port unreachable (ICMP type 3, code 3))"],
    )


@pytest.mark.parametrize("words", [(), ("a", "A", "more"), ("a..b",), ("a", "NOTYPE")])
def test_wrong_arguments(resolve, words):
    assert resolve(*words)[0] == 2


def test_zone_file_with_a_mistake(tmp_path):
    make_tap("asks1")
    zone = tmp_path / "wrong.zone"
    zone.write_text("$ORIGIN a.test.\n$TTL 1\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 300.1.1.1\n")
    child = Process(binary("dns"), "--tap", "asks1", "--ip", "10.79.9.2/24", zone)
    assert child.wait() == 2
    assert child.lines == [f"dns: {zone}:5:6: not an IPv4 address"]
    run("ip", "link", "del", "asks1", check=False)
