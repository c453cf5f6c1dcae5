"""ICMPv6 echo and neighbour discovery with the kernel and its tools."""

import re
import socket

import pytest

from conftest import LIMIT_S, XDP, run, until

PREFIX = "2001:db8:6:"


@pytest.fixture
def echo(leat):
    """An example with IPv6, whose address has passed duplicate address detection."""
    started = leat("echo", options=["--ip6", f"{PREFIX}:2/64"])
    for address in (f"{PREFIX}:1/64", "fe80::1/64"):
        run("ip", "addr", "add", address, "dev", started.wire, "nodad")
    assert until(lambda: received(ping(f"{PREFIX}:2", "-c", 1, wait=1)) == 1)
    return started


def ping(host, *options, wait=LIMIT_S):
    return run("ping", "-6", "-n", "-i", "0.2", "-W", wait, *options, host, check=False).decode()


def received(text):
    assert "wrong data byte" not in text and "DUP!" not in text, text
    return int(re.search(r"(\d+) received", text)[1])


def neighbour(echo, ip):
    """The kernel's entry for that neighbour."""
    return run("ip", "-6", "neigh", "show", ip, "dev", echo.wire).decode()


@pytest.mark.parametrize("size", [0, 1, 17, 56, 1451, 1452])
def test_every_size_up_to_the_mtu_over_ipv6(echo, size):
    text = ping(f"{PREFIX}:2", "-s", size, "-c", 2)
    assert received(text) == 2, text


def test_a_thousand_at_once_are_all_answered_over_ipv6(echo):
    run("ping", "-6", "-n", "-f", "-c", 1000, "-W", 2, f"{PREFIX}:2", check=False)
    assert echo.stop()["icmp_echo_replies"] >= 1000  # ping may have missed some of them


@pytest.mark.skipif(XDP, reason="all nodes' frames are the kernel's there")
def test_all_nodes_are_answered_from_the_link_local_address(echo):
    answers = []

    def answered():
        """The kernel drops answers while it checks its own link-local address."""
        answers.append(ping(f"ff02::1%{echo.wire}", "-c", 1, "-W", 2))
        return re.search(r"from (fe80::[0-9a-f:]+)%", answers[-1])

    assert until(answered), answers
    found = re.search(r"from (fe80::[0-9a-f:]+)%", answers[-1])
    text = ping(f"{found[1]}%{echo.wire}", "-c", 2, "-s", 1452)
    assert received(text) == 2, text
    identifier = found[1].split("::")[1]
    assert "ff:fe" not in identifier, identifier  # not derived from the MAC (RFC 8064)


def test_the_kernel_finds_us_and_we_find_it(echo):
    assert echo.mac in neighbour(echo, f"{PREFIX}:2")
    stats = echo.stop()
    assert stats["ndp_advertisements_sent"] >= 1
    assert stats["taken_ndp"] >= 1


def test_the_kernel_keeps_us_reachable(echo):
    """Unreachability detection asks by unicast, and our answer has the solicited flag."""
    run("ip", "-6", "neigh", "change", f"{PREFIX}:2", "lladdr", echo.mac, "nud", "probe", "dev",
        echo.wire)
    assert until(lambda: "REACHABLE" in neighbour(echo, f"{PREFIX}:2"))


def test_duplicate_address_detection_of_the_kernel_is_answered_over_ipv6(echo):
    run("ip", "addr", "add", f"{PREFIX}:2/64", "dev", echo.wire)
    shown = []

    def decided():
        shown[:] = [run("ip", "-6", "addr", "show", "dev", echo.wire).decode()]
        return "dadfailed" in shown[0]

    assert until(decided)
    run("ip", "addr", "del", f"{PREFIX}:2/64", "dev", echo.wire)
    assert received(ping(f"{PREFIX}:2", "-c", 1)) == 1


@pytest.mark.parametrize("size", [1453, 2000, 2896, 2897, 4000, 65000, 65487])
def test_sizes_beyond_the_mtu_come_and_go_in_fragments(echo, size):
    text = ping(f"{PREFIX}:2", "-s", size, "-c", 2)
    assert received(text) == 2, text
    stats = echo.stop()
    assert stats["ip_reassembled"] == 2
    assert stats["ip_fragments_sent"] >= 4


def test_an_unknown_next_header_gets_parameter_problem(echo):
    """A protocol for experiments: the kernel gets Parameter Problem for the unknown next header (RFC 4443 3.4)."""
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, 253) as experiment:
        experiment.sendto(b"eight of", (f"{PREFIX}:2", 0))
    echo.settle()
    stats = echo.stop()
    assert stats["drop_ip6_protocol"] >= 1
    assert stats["icmp_errors_sent"] >= 1
