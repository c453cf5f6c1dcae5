"""An example on a TUN device: IP without Ethernet, both families, with the kernel as the peer."""

import socket

import pytest

from conftest import LIMIT_S, Process, binary, run, until
from stream import expected

IP4, IP6 = "10.77.0.2", "fd77::2"


@pytest.fixture
def echo():
    run("ip", "tuntap", "add", "tun77", "mode", "tun")
    run("ip", "addr", "add", "10.77.0.1/24", "dev", "tun77")
    run("ip", "-6", "addr", "add", "fd77::1/64", "dev", "tun77", "nodad")
    run("ip", "link", "set", "tun77", "up")
    started = Process(binary("echo"), "--tun", "tun77", "--ip", f"{IP4}/24", "--ip6", f"{IP6}/64", "--stats")
    yield started
    started.kill()
    run("ip", "link", "del", "tun77")


@pytest.mark.parametrize("ip", [IP4, IP6])
def test_ping_and_tcp_over_tun(echo, ip):
    family = "-6" if ":" in ip else "-4"
    assert until(lambda: b" 1 received" in run("ping", family, "-n", "-c", 1, "-W", 1, ip, check=False))
    assert b" 3 received" in run("ping", family, "-n", "-i", "0.2", "-s", 1400, "-c", 3, "-W", LIMIT_S, ip)
    data = bytes(expected(0, 1_000_000))
    with socket.create_connection((ip, 7), LIMIT_S) as conn:
        got = bytearray()
        for start in range(0, len(data), 50_000):
            conn.sendall(data[start:start + 50_000])
            while len(got) < start + 50_000:
                got += conn.recv(1 << 16)
    assert bytes(got) == data


@pytest.mark.parametrize("ip", [IP4, IP6])
def test_datagrams_over_tun(echo, ip):
    assert until(lambda: b" 1 received" in run("ping", "-n", "-c", 1, "-W", 1, ip, check=False))
    with socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(LIMIT_S)
        for size in (1, 500, 1400, 4000):
            data = bytes(expected(0, size))
            sock.sendto(data, (ip, 7))
            assert sock.recv(65536) == data


def test_a_tap_device_is_no_tun_device():
    run("ip", "tuntap", "add", "tap77", "mode", "tap")
    try:
        refused = Process(binary("echo"), "--tun", "tap77", "--ip", f"{IP4}/24")
        assert refused.wait() != 0
        assert "tap77 is no TUN device: choose another name" in refused.text
    finally:
        run("ip", "link", "del", "tap77")
