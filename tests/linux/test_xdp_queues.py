"""Several queues of one device by AF_XDP, and which IPv6 frames leat takes there."""

import contextlib
import os
import re
import socket
import urllib.request

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, IPv6
from scapy.layers.l2 import Ether

from conftest import XDP, Process, binary, run, until
from stream import echo_all

DEVICE, PEER = "card0", "card0p"
NET = "10.79.0"
MAC, STRANGER = "02:6c:65:61:74:ff", "02:00:00:00:00:99"
LINK_LOCAL = "fe80::6c65:6174"
FLOWS = 64

pytestmark = pytest.mark.skipif(not XDP, reason="LEAT_DEVICE isn't xdp")


@pytest.fixture(name="card")
def make_card():
    """A veth pair with two queues each way; the kernel is at the second device."""
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
    run("ip", "link", "del", DEVICE, check=False)


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


def set_cores(*masks):
    """The cores that send by each queue, as bit masks."""
    words = "; ".join(f"echo {mask:x} >/sys/class/net/{PEER}/queues/tx-{queue}/xps_cpus"
                      for queue, mask in enumerate(masks))  # fmt: skip
    # the devices of this namespace are in a /sys of its own
    run("unshare", "--mount", "sh", "-ec", f"mount -t sysfs sysfs /sys; {words}")


def steer():
    """Each core sends by a queue of its own, as with a card's steering rule; returns the two cores."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        pytest.skip("one core")
    set_cores(*(1 << core for core in cores))
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
    """The number of frames that came to each queue."""
    assert program.stop() == 0
    found = dict(re.findall(r"queue (\d): (\d+) datagrams", program.text))
    return [int(found[number]) for number in sorted(found)]


def test_each_queue_gets_the_frames_of_its_rule(start):
    one, other = steer()
    program = start(2, f"{NET}.2")
    for port in range(20000, 20000 + FLOWS):
        with on_core(one):
            reached(2, port)
        with on_core(other):
            reached(3, port, 1)
    assert datagrams(program) == [3 * FLOWS, FLOWS]


def test_by_a_hash_each_flow_comes_back_by_its_queue(start):
    """Without steering rules frames for one address come by either queue."""
    program = start(2, f"{NET}.2")
    for port in range(20000, 20000 + FLOWS):
        reached(2, port)
    found = datagrams(program)
    assert sum(found) == 3 * FLOWS and min(found) > 0


def test_frames_of_an_unopened_queue_are_linuxs(start):
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
    """Sends a frame to each address, a solicitation or an advertisement, and returns those that Linux received."""
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
    """A stack configured by routers receives nothing here, also not at its link-local address."""
    program = start(1, f"{NET}.2")
    everything = {"ff02::1", LINK_LOCAL, group(LINK_LOCAL)}
    assert offered(program, *sorted(everything)) == everything
    assert "came: " not in program.text


def test_a_link_local_address_can_be_taken(start):
    """With the solicitations for it, on every queue; advertisements to all nodes stay Linux's."""
    program = start(2, f"{NET}.2", LINK_LOCAL)
    assert offered(program, LINK_LOCAL, group(LINK_LOCAL), "ff02::1") == {"ff02::1"}
    assert came(program, 2) == {LINK_LOCAL, group(LINK_LOCAL)}


def test_all_frames_can_be_taken(start):
    """Then router advertisements are received, and Linux gets none."""
    program = start(2, f"{NET}.2", "all")
    assert not offered(program, LINK_LOCAL, "ff02::1")
    assert came(program, 3) >= {LINK_LOCAL, "ff02::1"}


# ---- A stack for each queue, with a MAC address of its own ------------------------------------


def own_mac(queue):
    """As in docs/xdp.md: the card's address with another bit, and the queue's number."""
    octets = [int(octet, 16) for octet in MAC.split(":")]
    return ":".join(f"{octet:02x}" for octet in [octets[0] ^ 4 | 2, octets[1] + queue, *octets[2:]])


@pytest.fixture(name="stacks")
def start_stacks(card):
    """stacks(count) starts the example; the kernel at the other end is not configured for it."""
    started = []

    def start(count, wait="stacks, port"):
        for host in (2, 3):
            run("ip", "neigh", "del", f"{NET}.{host}", "dev", PEER, check=False)
        started.append(Process(binary("stacks"), "--xdp", DEVICE, f"{NET}.2/24", count))
        started[-1].wait_for(wait)
        return started[-1]

    yield start
    for program in started:
        program.kill()
        print(program.text)


def get(host):
    with urllib.request.urlopen(f"http://{NET}.{host}/", timeout=10) as reply:
        return reply.read()


def ended(program):
    """The output of each stack: requests, received frames, and those that came by way of Linux."""
    assert program.stop() == 0
    lines = re.findall(r"stack \d+: (\d+) requests, (\d+) frames in.* processor time(?:, (\d+) of)?", program.text)
    return [[int(number or 0) for number in line] for line in lines]


def test_stacks_have_a_queue_each_where_a_rule_gives_it_to_them(stacks):
    """Multicast comes by way of Linux, everything else by the queue."""
    one, other = steer()
    program = stacks(2)
    for _ in range(10):
        with on_core(one):
            get(2)
        with on_core(other):
            get(3)
    said = ended(program)
    assert [requests for requests, _, _ in said] == [10, 10]
    # the core that has received also sends the ACKs, so the queue isn't always right
    assert all(aside < frames // 2 for _, frames, aside in said), said


def test_stacks_are_reached_by_the_wrong_queue_too(stacks):
    """As without steering rules."""
    set_cores((1 << os.cpu_count()) - 1, 0)
    program = stacks(2)
    page = get(3)
    for _ in range(10):
        assert get(3) == page
    said = ended(program)
    assert [requests for requests, _, _ in said] == [0, 11]
    assert said[1][2] > 10, said


def test_each_stack_is_a_host_of_its_own(stacks):
    program = stacks(2)
    for queue in range(2):
        get(2 + queue)
        neighbour = run("ip", "neigh", "show", f"{NET}.{2 + queue}", "dev", PEER).decode()
        assert own_mac(queue) in neighbour
    ended(program)


def test_more_stacks_than_queues(stacks):
    program = stacks(3, wait="stacks: ")
    assert program.wait() == 2
    assert f"can't open a queue of {DEVICE}" in program.text


def test_a_card_that_goes_ends_all_stacks(stacks):
    program = stacks(2)
    run("ip", "link", "del", DEVICE)
    assert program.wait() == 1
    assert "the device has gone" in program.text


def test_data_by_the_wrong_queue_is_whole(card):
    """A connection of one stack on queue 1 alone, whose client sends by queue 0 only. Linux would merge its segments
    on that way into frames that are too long, if the filter didn't mark each."""
    set_cores((1 << os.cpu_count()) - 1, 0)
    run("ethtool", "-K", DEVICE, "gro", "on")
    own = "02:6c:65:61:74:bb"
    run("ip", "neigh", "del", f"{NET}.2", "dev", PEER)
    echo = Process(binary("echo"), "--xdp", DEVICE, "--queue", 1, "--mac", own, "--ip", f"{NET}.2/24", "--stats")
    echo.wait_for(", port 7")
    echo_all((f"{NET}.2", 7), 1, 300_000, timeout=60)
    assert echo.stop() == 0
    counters = dict(re.findall(r"(\w+) +(\d+)  ", echo.text))
    assert int(counters["xdp_rx_aside"]) > 200
    assert "xdp_rx_aside_lost" not in counters
