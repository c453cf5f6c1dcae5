"""TAP devices with several queues, and stacks with one queue each."""

import os
import re
import signal
import socket
import urllib.request

import pytest

from conftest import QUICK, Process, binary, make_tap, run, until

DEVICE = "queues0"
NET = "10.78.0"
FLOWS = 64
PAGE = (os.environ["LEAT_SOURCE"] if "LEAT_SOURCE" in os.environ else ".") + "/examples/site/index.html"


@pytest.fixture(name="device")
def make_device():
    """device(...) creates DEVICE, with the kernel's address and several queues."""
    def make(*more):
        make_tap(DEVICE, address=f"{NET}.1/24", more=more)

    yield make
    run("ip", "link", "del", DEVICE, check=False)


@pytest.fixture(name="start")
def start_programs():
    """start(name, ...) runs a program of the build, which ends with the test."""
    started = []

    def start(*words, wait="ready|, port"):
        started.append(Process(binary(words[0]), *words[1:]))
        started[-1].wait_for(wait)
        return started[-1]

    yield start
    for program in started:
        program.kill()
        print(program.text)


def refused(*words):
    """The message of `queues` if it can't open its queues."""
    child = Process(binary("queues"), *words)
    assert child.wait() == 1, child.text
    return child.text


def reached(ip, source_port):
    """Sends a datagram to the reflector, and expects it back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.bind(("", source_port))
        sock.connect((ip, 7))
        for number in range(3):
            sock.send(b"%d" % number)
            assert sock.recv(100) == b"%d" % number


@pytest.mark.parametrize("count", [1, 2, 4])
def test_flows_spread_and_each_queue_works(device, start, count):
    """Each datagram comes back by the queue that it came to. The kernel's hash is different each time; that one of 4
    queues gets none of 64 flows has a probability of 1 in 25 million."""
    device("multi_queue")
    ip = f"{NET}.2"
    run("ip", "neigh", "replace", ip, "lladdr", "02:00:00:00:00:02", "dev", DEVICE)
    program = start("queues", DEVICE, count)
    for port in range(20000, 20000 + FLOWS):
        reached(ip, port)
    assert program.stop() == 0
    frames = [int(number) for number in re.findall(r"queue \d+: (\d+) frames", program.text)]
    assert len(frames) == count and sum(frames) >= 3 * FLOWS
    assert min(frames) > 0, "a queue got nothing"


def test_a_queue_that_there_can_not_be(device):
    device("multi_queue")
    assert "no queue 2 of 2" in refused(DEVICE, 1, 2, 2)
    assert "1 to 256" in refused(DEVICE, 1, 0, 257)


def test_queues_are_opened_in_their_order(device):
    device("multi_queue")
    assert "has 0 queues open, where queue 1 is to be next" in refused(DEVICE, 1, 1, 2)


def test_no_queue_beside_another_programs(device, start):
    device("multi_queue")
    start("queues", DEVICE, 2)
    assert "has 2 queues open" in refused(DEVICE, 2)


def test_a_device_made_for_one_queue(device):
    device()
    assert "multi_queue" in refused(DEVICE, 2)


def test_a_device_made_for_several_queues_opened_as_if_for_one(device):
    device("multi_queue")
    assert "was made for several queues" in refused(DEVICE, 0)


def test_no_tap_device_at_all():
    run("ip", "link", "add", DEVICE, "type", "veth")
    try:
        assert "is no TAP device" in refused(DEVICE, 2)
    finally:
        run("ip", "link", "del", DEVICE)


# ---- Stacks, each with a queue ---------------------------------------------------------------


def ended(program):
    """Ends it in order; returns the number of requests that each stack prints."""
    program.stop()
    return [int(number) for number in re.findall(r"stack \d+: (\d+) requests", program.text)]


def get(ip):
    with urllib.request.urlopen(f"http://{ip}/", timeout=10) as reply:
        return reply.read()


@pytest.fixture(name="stacks")
def start_stacks(device, start):
    """stacks(count, ...) starts the example; returns it and the addresses of its stacks."""
    def begin(count, *options):
        device("multi_queue")
        child = Process(binary("stacks"), *options, DEVICE, f"{NET}.2/24", count)
        if not until(lambda: "stacks, port" in child.text or not child.running):
            child.kill()
        if "it takes root, or CAP_BPF" in child.text:
            pytest.skip("eBPF is not allowed here")
        child.kill()
        program = start("stacks", *options, DEVICE, f"{NET}.2/24", count)
        return program, [f"{NET}.{2 + i}" for i in range(count)]

    return begin


@pytest.mark.parametrize("options", [[], ["--no-offload"]])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_stack_gets_the_frames_for_its_address(stacks, count, options):
    """For every flow: each stack gets as many requests as were sent to it, and no stack resets another's."""
    program, ips = stacks(count, *options)
    with open(PAGE, "rb") as file:
        page = file.read()
    wanted = [5 + 7 * i for i in range(count)]
    for turn in range(max(wanted)):
        for ip, times in zip(ips, wanted):
            if turn < times:
                assert get(ip) == page
    assert ended(program) == wanted
    assert program.wait() == 0


def test_packets_without_ports_reach_their_stack(stacks):
    """Fragmented ICMP, and ARP, which the kernel asks again each time."""
    program, ips = stacks(4)
    for _ in range(2 if QUICK else 10):
        run("ip", "neigh", "flush", "dev", DEVICE)
        for ip in ips:
            run("ping", "-n", "-c", 1, "-W", 5, "-s", 4000, ip)
    macs = re.findall(r"lladdr (\S+)", run("ip", "neigh", "show", "dev", DEVICE).decode())
    assert len(set(macs)) == 4, "a stack is a host of its own"
    assert ended(program) == [0, 0, 0, 0]


def test_connections_at_the_same_time(stacks):
    program, ips = stacks(3)
    conns = []
    for number in range(60):
        conns.append(socket.create_connection((ips[number % 3], 80), timeout=10))
    for conn in conns:
        conn.sendall(b"GET / HTTP/1.1\r\nHost: leat\r\nConnection: close\r\n\r\n")
    for conn in conns:
        with conn:
            assert conn.recv(100).startswith(b"HTTP/1.1 200")
            while conn.recv(65536):
                pass
    assert ended(program) == [20, 20, 20]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all(stacks, number):
    program, _ = stacks(4)
    os.kill(program.pid, number)
    assert program.wait() == 0
    assert program.text.count("of processor time") == 4


def test_each_has_a_core_if_there_are_enough(stacks):
    cores = sorted(os.sched_getaffinity(0))
    program, _ = stacks(len(cores))
    said = [int(core) for core in re.findall(r"core (\d+)", program.text)]
    assert said == cores
    threads = sorted(int(task) for task in os.listdir(f"/proc/{program.pid}/task"))
    assert until(lambda: [os.sched_getaffinity(thread) for thread in threads[1:]]
                 == [{core} for core in cores])
    ended(program)


def test_a_device_that_goes_ends_all(stacks):
    program, _ = stacks(2)
    run("ip", "link", "del", DEVICE)
    assert program.wait() == 1
    assert "the device has gone" in program.text


def test_the_next_program_inherits_no_settings_of_a_killed_one(stacks, start):
    """All datagrams go to one address; steering by the address would put them in one queue. Their checksums are
    complete, while stacks leave them to the kernel."""
    program, ips = stacks(2)
    program.kill()
    run("ip", "neigh", "replace", ips[0], "lladdr", "02:00:00:00:00:02", "dev", DEVICE)
    program = start("queues", DEVICE, 2)
    for port in range(20000, 20000 + FLOWS):
        reached(ips[0], port)
    program.stop()
    frames = [int(number) for number in re.findall(r"queue \d+: (\d+) frames", program.text)]
    assert min(frames) > 0
