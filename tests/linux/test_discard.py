"""discard (RFC 863) and chargen (RFC 864), by TCP and UDP."""

import socket

import pytest

from conftest import QUICK

TOTAL = 2_000_000 if QUICK else 50_000_000
KINDS = bytes(range(32, 127))
LINES = [(2 * KINDS)[first : first + 72] + b"\r\n" for first in range(95)]
PATTERN = b"".join(LINES)


def read_all(conn, count):
    got = bytearray()
    while len(got) < count and (piece := conn.recv(1 << 20)):
        got += piece
    return bytes(got[:count])


def test_data_is_thrown_away(leat):
    sink = leat("discard")
    with socket.create_connection((sink.ip, 9), 60) as conn:
        for _ in range(TOTAL // 100_000):
            conn.sendall(bytes(100_000))
        conn.shutdown(socket.SHUT_WR)
        assert conn.recv(1) == b""
    stats = sink.stop()
    assert stats["tcp_closed"] == 1


def test_datagrams_are_thrown_away(leat):
    sink = leat("discard")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.3)
        sock.connect((sink.ip, 9))
        for size in (0, 1, 1472, 4000):
            sock.send(bytes(size))
        try:
            assert not sock.recv(100)
        except TimeoutError:
            pass
    assert sink.stop()["taken_udp"] == 4


def test_lines_without_end(leat):
    source = leat("chargen")
    with socket.create_connection((source.ip, 19), 60) as conn:
        got = read_all(conn, TOTAL)
    assert got == (PATTERN * (TOTAL // len(PATTERN) + 1))[:TOTAL]
    stats = source.stop()
    assert stats["copied_tx_bytes"] == 0 and stats["copied_tap_frames"] == 0


def test_many_readers_of_different_speed(leat):
    source = leat("chargen")
    conns = [socket.create_connection((source.ip, 19), 20) for _ in range(20)]
    for number, conn in enumerate(conns):
        count = 1000 * (number + 1)
        assert read_all(conn, count) == (PATTERN * 3)[:count]
        conn.close()
    assert source.stop()["tcp_opened_passive"] == 20


def test_a_closed_connection_gets_nothing_more(leat):
    source = leat("chargen")
    with socket.create_connection((source.ip, 19), 20) as conn:
        conn.sendall(b"whatever")
        assert read_all(conn, 100) == PATTERN[:100]  # data from before the end, which may come at once
        conn.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            while conn.recv(1 << 20):
                pass


def test_datagrams_are_answered_but_not_amplified(leat):
    source = leat("chargen")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((source.ip, 19))
        lengths = set()
        for size in (0, 1, 10, 100, 511, 1000, *[600] * 20):
            sock.send(bytes(size))
            reply = sock.recv(2000)
            assert len(reply) <= min(size, 512)
            assert reply in PATTERN * 2
            lengths.add(len(reply))
        assert len(lengths) > 5


def test_no_service_is_answered(leat):
    """Two chargen servers would send to each other for ever."""
    source = leat("chargen")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.3)
        sock.bind((source.peer, 7))
        sock.sendto(b"hello", (source.ip, 19))
        try:
            assert not sock.recv(100)
        except TimeoutError:
            pass
