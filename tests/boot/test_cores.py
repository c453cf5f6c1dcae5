"""The example `cores`: a stack for each processor, on one device of several queues, with one address."""

import concurrent.futures
import http.client
import os
import pathlib
import re
import socket
import subprocess
import time

import pytest

pytest.importorskip("scapy.all")
from scapy.layers.inet import IP as IPv4, TCP, fragment  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402

from conftest import IP, MAC, PEER, PEER_MAC
from test_devices import monitor  # noqa: F401, a fixture
from test_tap import IP6, PEER6, ip

SITE = pathlib.Path(os.environ.get("LEAT_SOURCE", ".")) / "examples" / "site"
REQUESTS = 1000


@pytest.fixture
def queues():
    """A TAP device with several queues."""
    if os.environ.get("LEAT_HOST_NETWORK") or not os.path.exists("/dev/net/tun"):
        pytest.skip("TAP devices are not allowed here")
    if not ip("tuntap", "add", "boot0", "mode", "tap", "multi_queue"):
        pytest.skip("TAP devices are not allowed here")
    ip("link", "set", "boot0", "addrgenmode", "none")
    ip("addr", "add", f"{PEER}/24", "dev", "boot0")
    ip("addr", "add", f"{PEER6}/64", "dev", "boot0", "nodad")
    ip("link", "set", "boot0", "up")
    yield "boot0"
    ip("link", "del", "boot0")


def boot(guest, tap, processors, device=None, tap_queues=None, arguments=(), more=(), machine="q35"):
    """The image. The TAP device has as many queues as the machine has processors, and at least two."""
    count = tap_queues or max(processors, 2)
    if device is None:
        device = f",mq=on,rss=on,vectors={2 * count + 2}"
    image = guest("cores", machine, f"tap,id=net,ifname={tap},script=no,downscript=no,queues={count}", device,
                  arguments=[f"--ip6={IP6}/64", *arguments], extra=["-smp", str(processors), *more])
    return image.up()


def get(address):
    """One connection, and one request."""
    conn = http.client.HTTPConnection(address, 80, timeout=30)
    conn.request("GET", "/")
    reply = conn.getresponse()
    body = reply.read()
    conn.close()
    return reply.status, body


def requests(count, addresses=(IP, IP6)):
    page = (SITE / "index.html").read_bytes()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for status, body in pool.map(get, [addresses[i % len(addresses)] for i in range(count)]):
            assert status == 200 and body == page


def wait_for_ipv6():
    """An address is checked for a second before it is used."""
    deadline = time.monotonic() + 20
    while subprocess.run(["ping", "-6", "-n", "-c", "1", "-W", "1", IP6], check=False,
                         stdout=subprocess.DEVNULL).returncode:
        assert time.monotonic() < deadline


def shares(image):
    """The requests that each stack has answered."""
    found = {int(number): int(count) for number, count in re.findall(r"^stack (\d+): (\d+) requests", image.text, re.M)}
    return [found[number] for number in sorted(found)]


@pytest.mark.parametrize("processors", [1, 2, 3])
def test_each_stack_serves_a_share_of_one_address(guest, queues, processors):
    image = boot(guest, queues, processors)
    assert f"cores: stacks: {processors}, processors: {processors}" in image.text
    wait_for_ipv6()
    requests(REQUESTS)
    for there in (IP, IP6):
        assert subprocess.run(["ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", there], check=False).returncode == 0
    stats = image.stop()
    served = shares(image)
    print(served)
    assert len(served) == processors and sum(served) == REQUESTS
    # The hash is linear, so the ports of one family come to one stack once in some hundred keys; those of both don't.
    assert min(served) > REQUESTS / processors / 8
    assert "tcp_rst_sent" not in stats and "virtio_rx_unhanded" not in stats
    assert processors == 1 or stats["virtio_rx_handed"] > 0


@pytest.mark.parametrize("device, why", [
    (",mq=on,vectors=6", "it has no RSS"),
    (",mq=on,rss=on,ctrl_vq=off,vectors=6", "it has no RSS"),
    (",mq=on,rss=on,vectors=1", "no interrupt for each queue"),
    (",mq=on,rss=on,vectors=0", "no interrupt for each queue"),
])  # fmt: skip
def test_a_device_that_cannot_spread_flows_serves_one_stack(guest, queues, device, why):
    image = boot(guest, queues, 2, device)
    assert re.search(f"cores: one stack only, because of the network device: .*{why}", image.text)
    assert "cores: stacks: 1, processors: 2" in image.text
    wait_for_ipv6()
    requests(50)
    image.stop()
    assert shares(image) == [50]


def test_a_device_on_mmio_serves_one_stack(guest):
    """It has one interrupt for all queues. With ACPI, which lists the processors, QEMU doesn't tell the window."""
    image = guest("cores", "microvm", arguments=["virtio_mmio.device=512@0xfeb00e00:23"],
                  extra=["-smp", "2", "-M", "acpi=on,ioapic2=off"]).up()
    assert "cores: one stack only" in image.text
    image.stop()


def test_fewer_queues_than_processors(guest, queues):
    image = boot(guest, queues, 3, tap_queues=2)
    assert "cores: stacks: 2, processors: 3" in image.text
    wait_for_ipv6()
    requests(400)
    image.stop()
    assert len(shares(image)) == 2 and sum(shares(image)) == 400 and min(shares(image)) > 0


def test_fewer_stacks_by_an_option(guest, queues):
    image = boot(guest, queues, 2, arguments=["--stacks=1"])
    assert "cores: stacks: 1, processors: 2" in image.text
    assert "one stack only" not in image.text
    requests(20, [IP])
    image.stop()


@pytest.mark.parametrize("wrong", ["--ip=x", "--ip6=10.0.0.1/8", "--gateway=fd00::1", "--stacks=0", "--stacks=17", "--drain=x", "--tap=x"])
def test_wrong_options(guest, wrong):
    image = guest("cores", "q35", arguments=[wrong])
    assert image.wait() == 2
    assert f"cores: wrong: {wrong}" in image.text and "usage: " in image.text


def test_datagrams_in_fragments(guest, queues):
    """Fragments have no ports: one stack puts them together, and answers."""
    image = boot(guest, queues, 2)
    wait_for_ipv6()
    for there in (IP, IP6):
        assert subprocess.run(["ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", "-s", "4000", there], check=False).returncode == 0
    image.stop()


def test_segments_in_fragments_are_dropped_and_reset_nothing(guest, queues):
    """A stack that doesn't own a connection must not answer its segments."""
    image = boot(guest, queues, 2)
    requests(2, [IP])  # the neighbours know each other
    with socket.create_connection((IP, 80), 20) as open_one, \
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        port = open_one.getsockname()[1]
        wire.bind((queues, 0))
        segment = IPv4(src=PEER, dst=IP, id=77) / TCP(sport=port, dport=80, flags="A", seq=1, ack=1) / bytes(1000)
        for part in fragment(segment, 400):
            wire.send(bytes(Ether(src=PEER_MAC, dst=MAC) / part))
        open_one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert open_one.recv(100).startswith(b"HTTP/1.1 200")
    stats = image.stop()
    assert stats["virtio_rx_unowned"] == 3
    assert "tcp_rst_sent" not in stats


def test_the_power_button_ends_all_stacks_in_order(guest, queues, monitor):  # noqa: F811
    """A connection that is open gets its end from whichever stack has it."""
    image = boot(guest, queues, 2, more=monitor.words)
    wait_for_ipv6()
    ends = [socket.create_connection((there, 80), 20) for there in (IP, IP6) for _ in range(16)]
    for end in ends:
        end.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert end.recv(100).startswith(b"HTTP/1.1 200")
    monitor.say("system_powerdown")
    assert image.wait() == 0
    assert sum(shares(image)) == 32
    for end in ends:
        end.settimeout(20)
        while end.recv(1 << 16):  # to the end of the stream, not a reset
            pass
        end.close()


def test_a_device_that_is_unplugged_ends_all_stacks(guest, queues, monitor):  # noqa: F811
    image = boot(guest, queues, 2, ",id=card,mq=on,rss=on,vectors=6", more=monitor.words, machine="pc")
    requests(20, [IP])
    monitor.say("device_del card")
    assert image.wait() == 1
    assert len(re.findall(r"^stack \d: .*; the host has unplugged the device", image.text, re.M)) == 2
