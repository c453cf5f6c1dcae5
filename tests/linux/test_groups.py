"""Multicast groups of both families: Linux sends to them and receives from them, and its bridge queries members."""

import contextlib
import re
import socket
import struct

import pytest

from conftest import XDP, run, until

PORT = 5007
GROUP = "239.77.1.2"
GROUP6 = "ff02::77:102"
PREFIX = "2001:db8:77:"
# at the device's own MAC address only the kernel can have groups
OWN_MAC = ["--mac", "02:6c:65:61:74:77"] if XDP else []


def wire_of(member):
    return getattr(member, "bridge", member.wire)


@pytest.fixture
def member(leat):
    """A program in a group of each family."""
    started = leat("member", options=["--ip6", f"{PREFIX}:2/64", "--port", PORT, *OWN_MAC], arguments=[GROUP, GROUP6])
    for address in (f"{PREFIX}:1/64", "fe80::1/64"):
        run("ip", "addr", "add", address, "dev", started.wire, "nodad")
    return started


def join4(sock, group, address):
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    socket.inet_aton(group) + socket.inet_aton(address))


def join6(sock, group, device):
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                    socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", socket.if_nametoindex(device)))


def socket4(member):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(2)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(member.peer))
    return sock


def socket6(member):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.settimeout(2)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(wire_of(member)))
    return sock


def begins_to_echo(sock, group, word):
    """As echoed(), while addresses are still checked: Linux may refuse to send then (EINVAL)."""
    with contextlib.suppress(OSError):
        return echoed(sock, group, word)
    return None


def echoed(sock, group, word):
    """The address that answers a datagram to the group; None: none does."""
    sock.sendto(word, (group, PORT))
    try:
        text, sender = sock.recvfrom(100)
    except socket.timeout:
        return None
    assert text == word
    return sender[0]


def test_an_ipv4_group_is_received_until_it_is_left(member):
    with socket4(member) as sock:
        assert echoed(sock, GROUP, b"hello") == member.ip
        sock.sendto(b"hello", ("239.77.1.3", PORT))
        assert echoed(sock, GROUP, b"leave") == member.ip
        assert echoed(sock, GROUP, b"hello") is None
    stats = member.stop()
    assert stats["group_reports_sent"] >= 4
    assert stats["drop_eth_not_ours"] >= 2


def test_an_ipv6_group_is_received_until_it_is_left(member):
    with socket6(member) as sock:
        assert until(lambda: begins_to_echo(sock, GROUP6, b"hello"))
        assert echoed(sock, GROUP6, b"hello").startswith((f"{PREFIX}:2", "fe80::"))
        assert echoed(sock, GROUP6, b"leave")
        assert echoed(sock, GROUP6, b"hello") is None


def test_linux_receives_datagrams_to_groups(member):
    with socket6(member) as other:  # our addresses have been checked
        assert until(lambda: begins_to_echo(other, GROUP6, b"hello"))
    with socket4(member) as asking, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as four, \
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        four.bind((GROUP, PORT))
        join4(four, GROUP, member.peer)
        six.bind((GROUP6, PORT, 0, socket.if_nametoindex(member.wire)))
        join6(six, GROUP6, member.wire)
        assert GROUP.encode() in run("ip", "maddr", "show", "dev", member.wire)
        for sock in (four, six):
            sock.settimeout(5)
        asking.sendto(b"send", (member.ip, PORT))
        assert four.recvfrom(100) == (b"member", (member.ip, PORT))
        text, sender = six.recvfrom(100)
        assert text == b"member" and sender[1] == PORT


@pytest.fixture(params=["new", "old"])
def bridged(member, request):
    """The program behind a bridge with multicast snooping, which forwards group frames to members only, and queries
    them: in the newest versions, or in IGMPv2 and MLDv1."""
    new = request.param == "new"
    bridge = f"br{member.device}"
    run("ip", "link", "add", bridge, "type", "bridge", "mcast_snooping", 1, "mcast_querier", 1,
        "mcast_startup_query_interval", 100, "mcast_query_response_interval", 50,
        "mcast_igmp_version", 3 if new else 2, "mcast_mld_version", 2 if new else 1)
    run("ip", "addr", "flush", "dev", member.wire)
    run("ip", "link", "set", member.wire, "master", bridge)
    for address in (f"{member.peer}/24", f"{PREFIX}:1/64", "fe80::1/64"):
        run("ip", "addr", "add", address, "dev", bridge, *(["nodad"] if ":" in address else []))
    run("ip", "link", "set", bridge, "up")
    member.bridge = bridge
    yield member
    run("ip", "link", "del", bridge)


def members(bridge):
    """The groups in the bridge's table for its port."""
    return re.findall(r"grp ([0-9a-f.:]+)", run("bridge", "mdb", "show", "dev", bridge).decode())


def test_a_bridge_knows_our_groups_by_asking(bridged):
    """The program was added after its first reports, so the table comes from answers to queries."""
    def known():  # without the solicited-node groups of the link-local and the configured address
        groups = members(bridged.bridge)
        return {GROUP, GROUP6} <= set(groups) and sum(group.startswith("ff02::1:ff") for group in groups) >= 2

    assert until(known, 20), members(bridged.bridge)
    with socket4(bridged) as sock:
        assert echoed(sock, GROUP, b"leave") == bridged.ip
    assert until(lambda: GROUP not in members(bridged.bridge), 20)
    assert GROUP6 in members(bridged.bridge)
