"""Common tests for each kind of device: TAP, AF_XDP, a UNIX socket, shared memory (LEAT_DEVICE)."""

import signal
import socket

import pytest

from conftest import DEVICE, LIMIT_S, PATH, XDP, make_tap, run, until


def answered(echo):
    """Waits until a datagram comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        client.connect((echo.ip, 7))

        def echoed():
            client.send(b"still there?")
            try:
                return client.recv(2000) == b"still there?"
            except socket.timeout:
                return False

        return until(echoed)


def flood(echo, count):
    """Sends datagrams without waiting for replies, and discards these."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((echo.ip, 7))
        for _ in range(count):
            client.send(b"x" * 1000)
        client.settimeout(0.5)
        try:
            while True:
                client.recv(2000)
        except socket.timeout:
            pass


def test_every_length_passes_both_ways(leat):
    echo = leat("echo")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(LIMIT_S)
        client.connect((echo.ip, 7))
        for length in range(1, 1473):
            text = bytes((length + at) & 255 for at in range(length))
            client.send(text)
            assert client.recv(2000) == text
    stats = echo.stop()
    assert stats["taken_udp"] == 1472
    assert stats["copied_tx_bytes"] == 0


def test_the_longest_frames_pass_both_ways(leat):
    echo = leat("echo", mtu=65520)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(LIMIT_S)
        client.connect((echo.ip, 7))
        for length in (*range(1473, 65492, 1999), 65491, 65492):
            text = bytes((length + at * 13) & 255 for at in range(length))
            client.send(text)
            assert client.recv(1 << 16) == text
    assert "ip_reassembled" not in echo.stop()


def test_a_device_that_goes_away_is_told(leat):
    echo = leat("echo")
    if PATH:
        echo.cable.stop()
    else:
        run("ip", "link", "del", echo.device)
    echo.wait_for("the peer has closed the connection" if PATH else f"device {echo.device} has gone")
    assert echo.wait() == 1
    echo.expect_status(1)


@pytest.mark.skipif(PATH, reason="it has no device")
def test_a_link_that_goes_down_and_comes_up_is_told(leat):
    """Once each time, with the program's traffic behind it; other devices of the machine are not told."""
    echo = leat("echo")
    make_tap("other0")
    for _ in range(2):
        lines = len(echo.lines)
        run("ip", "link", "set", echo.device, "down")
        assert until(lambda lines=lines: len(echo.lines) == lines + 1)
        assert echo.lines[-1] == f"echo: {echo.device}: the link is down"
        run("ip", "link", "set", "other0", "down")
        run("ip", "link", "set", echo.device, "up")
        assert until(lambda lines=lines: len(echo.lines) == lines + 2)
        assert echo.lines[-1] == f"echo: {echo.device}: the link is up"
        run("ip", "link", "set", "other0", "up")
        assert answered(echo)
    run("ip", "link", "del", "other0")


@pytest.mark.skipif(PATH or XDP, reason="the carrier of such a device is another's")
def test_a_link_without_a_carrier_is_down(leat):
    echo = leat("echo")
    run("ip", "link", "set", echo.device, "carrier", "off")
    echo.wait_for(f"echo: {echo.device}: the link is down")
    run("ip", "link", "set", echo.device, "carrier", "on")
    echo.wait_for(f"echo: {echo.device}: the link is up")
    assert answered(echo)


def test_a_small_pool_recovers_from_a_flood(leat):
    """More datagrams than buffers: some wait in the device, some are dropped by the kernel; then everything works
    again."""
    echo = leat("echo", options=["--buffers", "128"])
    flood(echo, 20_000)
    assert answered(echo)
    stats = echo.stop()
    if PATH:  # over a path the input may be delayed for any time
        assert f"{DEVICE}_rx_dropped" not in stats


def test_a_full_device_is_emptied_after_a_stop(leat):
    """The device is not read for a while and fills up; a connection continues after that."""
    echo = leat("echo")
    text = bytes(1200)
    with socket.create_connection((echo.ip, 7), LIMIT_S) as talk:
        talk.sendall(text)
        echo.signal(signal.SIGSTOP)
        flood(echo, 3000)
        echo.signal(signal.SIGCONT)
        got = b""
        while len(got) < len(text):
            more = talk.recv(len(text))
            assert more
            got += more
        assert got == text
    assert answered(echo)
    echo.stop()
