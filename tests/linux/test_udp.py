"""UDP through the echo example."""

import os
import socket

import pytest

from conftest import INET, LIMIT_S, V6, XDP, run


def client(echo):
    sock = socket.socket(INET, socket.SOCK_DGRAM)
    sock.settimeout(LIMIT_S)
    sock.connect((echo.ip, 7))
    return sock


def test_nc(leat):
    text = run("nc", "-u", "-W", 1, "-w", LIMIT_S, leat("echo").ip, 7, stdin=b"hello over UDP\n")
    assert text == b"hello over UDP\n"


@pytest.mark.parametrize("mtu", [1280 if V6 else 576, 1500, 9000])
def test_every_size_comes_back_whole(leat, mtu):
    echo = leat("echo", mtu=mtu)
    largest = min(65527 if V6 else 65507, 8 * ((mtu - 20) // 8 * 8))  # limited by the number of fragments that a
                                                                      # datagram may have
    sizes = [0, 1, 2, 17, 18, 19, mtu - 29, mtu - 28, mtu - 27, 2 * mtu, largest - 1, largest]
    with client(echo) as sock:
        for size in sizes:
            data = os.urandom(size)
            sock.send(data)
            assert sock.recv(65536) == data, f"{size} bytes"
    stats = echo.stop()
    assert stats["taken_udp"] == len(sizes) == stats["udp_sent"]
    assert stats["copied_tx_bytes"] == 0


@pytest.mark.skipif(XDP or not V6, reason="the filter leaves link-local addresses to Linux; IPv4 has no zones")
def test_a_link_local_address_with_its_zone(leat):
    echo = leat("echo")
    ip, device = echo.link_local().split("%")
    with socket.socket(INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(LIMIT_S)
        sock.connect((ip, 7, 0, socket.if_nametoindex(device)))
        sock.send(b"from next door")
        assert sock.recv(100) == b"from next door"


def test_ten_thousand_datagrams(leat):
    echo = leat("echo")
    with client(echo) as sock:
        for number in range(0, 10000, 20):
            sent = {b"%d" % (number + i) for i in range(20)}
            for data in sent:
                sock.send(data)
            assert {sock.recv(100) for _ in sent} == sent
    assert echo.stop()["taken_udp"] == 10000


def test_a_pool_that_runs_dry_recovers(leat):
    """More datagrams come than there are buffers for: some are lost, the program isn't."""
    echo = leat("echo", options=["--buffers", "16"])
    with client(echo) as sock:
        for _ in range(2000):
            sock.send(b"x" * 5000)
        sock.close()
    with client(echo) as sock:
        sock.settimeout(0.5)
        for number in range(100):
            sock.send(b"number %d" % number)
            try:
                assert sock.recv(9000) in [b"number %d" % sent for sent in range(number + 1)]
                break
            except TimeoutError:
                continue
        else:
            pytest.fail("nothing comes back any more")
    echo.stop()


@pytest.mark.skipif(XDP or V6, reason="the filter leaves broadcasts to Linux; IPv6 has none")
def test_broadcast_is_heard_and_answered_by_unicast(leat):
    echo = leat("echo")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.settimeout(LIMIT_S)
        for where in (f"{echo.net}.255",):
            sock.sendto(b"anybody?", (where, 7))
            data, sender = sock.recvfrom(100)
            assert (data, sender) == (b"anybody?", (echo.ip, 7))


def test_closed_port_is_refused(leat):
    """The kernel turns our ICMP port unreachable into an error of the socket."""
    echo = leat("echo")
    with socket.socket(INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(LIMIT_S)
        sock.connect((echo.ip, 9))
        sock.send(b"nobody")
        with pytest.raises(ConnectionRefusedError):
            sock.recv(100)
