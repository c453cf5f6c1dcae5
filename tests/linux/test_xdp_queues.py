"""Several queues of one device by AF_XDP, and which frames of IPv6 are leat's there."""

import contextlib
import os
import re
import socket

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, IPv6
from scapy.layers.l2 import Ether

from conftest import XDP, Process, binary, run, until

DEVICE, PEER = "card0", "card0p"
NET = "10.79.0"
MAC, STRANGER = "02:6c:65:61:74:ff", "02:00:00:00:00:99"
LINK_LOCAL = "fe80::6c65:6174"
FLOWS = 64

pytestmark = pytest.mark.skipif(not XDP, reason="LEAT_DEVICE isn't xdp")


@pytest.fixture(name="card")
def make_card():
    """Two devices with two queues each way, each the other's wire; the kernel is at the second."""
    run("ip", "link", "add", DEVICE, "address", MAC, "numrxqueues", 2, "numtxqueues", 2,
        "type", "veth", "peer", "name", PEER, "numrxqueues", 2, "numtxqueues", 2)  # fmt: skip
    for end in (DEVICE, PEER):
        run("ip", "link", "set", end, "addrgenmode", "none", check=False)
        run("ethtool", "-K", end, "tx", "off", "tso", "off", "gso", "off", check=False)
        run("ip", "link", "set", end, "up")
    run("ip", "addr", "add", f"{NET}.1/24", "dev", PEER)
    for host in (2, 3):
        run("ip", "neigh", "replace", f"{NET}.{host}", "lladdr", MAC, "dev", PEER)
    yield
    run("ip", "link", "del", DEVICE)


@pytest.fixture(name="start")
def start_program(card):
    started = []

    def start(*words):
        started.append(Process(binary("xdp_queues"), DEVICE, *words))
        started[-1].wait_for("ready")
        return started[-1]

    yield start
    for program in started:
        program.kill()
        print(program.text)


def steer():
    """What a core sends goes by a queue of its own, as a card's rule would have it; returns the two cores."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        pytest.skip("one core")
    words = "; ".join(f"echo {1 << core:x} >/sys/class/net/{PEER}/queues/tx-{queue}/xps_cpus"
                      for queue, core in enumerate(cores))  # fmt: skip
    # the devices of this namespace are in a /sys of its own
    run("unshare", "--mount", "sh", "-ec", f"mount -t sysfs sysfs /sys; {words}")
    return cores


@contextlib.contextmanager
def on_core(core):
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def reached(host, source_port, times=3):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.bind(("", source_port))
        sock.connect((f"{NET}.{host}", 7))
        for number in range(times):
            sock.send(b"%d" % number)
            assert sock.recv(100) == b"%d" % number


def datagrams(program):
    """How many came to each queue."""
    assert program.stop() == 0
    found = dict(re.findall(r"queue (\d): (\d+) datagrams", program.text))
    return [int(found[number]) for number in sorted(found)]


def test_each_queue_gets_what_a_rule_gives_it(start):
    one, other = steer()
    program = start(2, f"{NET}.2")
    for port in range(20000, 20000 + FLOWS):
        with on_core(one):
            reached(2, port)
        with on_core(other):
            reached(3, port, 1)
    assert datagrams(program) == [3 * FLOWS, FLOWS]


def test_by_a_hash_each_flow_comes_back_by_its_queue(start):
    """As a card without rules: what is for one address comes by either."""
    program = start(2, f"{NET}.2")
    for port in range(20000, 20000 + FLOWS):
        reached(2, port)
    found = datagrams(program)
    assert sum(found) == 3 * FLOWS and min(found) > 0


def test_what_comes_to_a_queue_that_nobody_opened_is_linuxs(start):
    one, other = steer()
    program = start(1, f"{NET}.2")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as there, socket.socket(
        socket.AF_INET, socket.SOCK_DGRAM
    ) as sock:
        there.bind((DEVICE, 0x0800))
        there.settimeout(5)
        with on_core(other):
            sock.sendto(b"for nobody", (f"{NET}.2", 4444))
        assert b"for nobody" in there.recv(2000)
    with on_core(one):
        reached(2, 20000)
    assert datagrams(program) == [3]


# ---- IPv6 ------------------------------------------------------------------------------------


def group(ip):
    return "ff02::1:ff" + ip[-7:]


def offered(program, *hosts):
    """Sends a frame to each, a solicitation or an advertisement, and returns whom Linux got."""
    last = "2001:db8::ffff"
    seen = set()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86DD)) as there, socket.socket(
        socket.AF_PACKET, socket.SOCK_RAW
    ) as wire:
        there.bind((DEVICE, 0x86DD))
        there.settimeout(5)
        wire.bind((PEER, 0))
        for host in hosts:
            text = (ICMPv6ND_RA() if host == "ff02::1" else ICMPv6ND_NS(tgt=LINK_LOCAL) if host.startswith("ff02")
                    else ICMPv6ND_NA(tgt="fe80::1"))  # fmt: skip
            wire.send(bytes(Ether(dst=MAC, src=STRANGER) / IPv6(src="fe80::1", dst=host, hlim=255) / text))
        wire.send(bytes(Ether(dst=MAC, src=STRANGER) / IPv6(src="fe80::1", dst=last) / UDP(dport=4444) / b"last"))
        if "all" not in program.command:
            while last not in seen:
                seen.add(Ether(there.recv(2000))[IPv6].dst)
    return seen - {last}


def came(program, count):
    assert until(lambda: program.text.count("came: ") >= count)
    return set(re.findall(r"came: (\S+)", program.text))


def test_link_local_and_routers_are_linuxs(start):
    """Who configures itself by routers is told nothing here, and asked nothing at its link-local address."""
    program = start(1, f"{NET}.2")
    everything = {"ff02::1", LINK_LOCAL, group(LINK_LOCAL)}
    assert offered(program, *sorted(everything)) == everything
    assert "came: " not in program.text


def test_a_link_local_address_can_be_taken(start):
    """With the questions for it, on every queue; advertisements to all nodes stay Linux's."""
    program = start(2, f"{NET}.2", LINK_LOCAL)
    assert offered(program, LINK_LOCAL, group(LINK_LOCAL), "ff02::1") == {"ff02::1"}
    assert came(program, 2) == {LINK_LOCAL, group(LINK_LOCAL)}


def test_all_frames_can_be_taken(start):
    """Then routers are heard, and Linux hears nothing."""
    program = start(2, f"{NET}.2", "all")
    assert not offered(program, LINK_LOCAL, "ff02::1")
    assert came(program, 3) >= {LINK_LOCAL, "ff02::1"}
