"""The kernel is a router that redirects to a better one on the same link."""

import socket
import time

from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import Ether

from conftest import run, until
from test_routers import MAC, address_of, answers, facts, network  # noqa: F401

BETTER = "02:00:00:00:00:bb"
FAR = "2001:db8:ee::1"


def went_to_better(packets, ip):
    """True if an answer to FAR went to the better router soon."""
    question = Ether(src="02:00:00:00:00:cc", dst=MAC) / IPv6(src=FAR, dst=ip) / ICMPv6EchoRequest()
    packets.send(bytes(question))
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        try:
            frame = Ether(packets.recv(2000))
        except socket.timeout:
            break
        if IPv6 in frame and frame[IPv6].dst == FAR and frame.src == MAC:
            return frame.dst == BETTER
    return False


def test_the_kernel_redirects_us_to_a_better_router(network):  # noqa: F811
    network.radvd()
    echo = network.echo()
    ip = address_of(facts(echo, rf"{network.prefix}:"))
    assert until(lambda: answers(ip))
    run("ip", "-6", "neigh", "add", "fe80::bb", "lladdr", BETTER, "dev", network.device, "nud", "permanent")
    run("ip", "-6", "route", "add", "2001:db8:ee::/64", "via", "fe80::bb", "dev", network.device)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86DD)) as packets:
        packets.bind((network.device, 0x86DD))
        packets.settimeout(0.3)
        assert until(lambda: went_to_better(packets, ip), 20)
    assert echo.stop() == 0
    assert any(line.startswith("ndp_redirects ") for line in echo.lines), echo.text
