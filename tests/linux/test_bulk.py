"""Bulk data and many connections through the echo example; every byte is compared."""

import random
import select
import socket
import struct
import time

import pytest

from conftest import DEVICE, INET, LIMIT_S, QUICK, V6, until
from stream import echo_all

MEGABYTE = 1_000_000
BULK = (10 if QUICK else 100) * MEGABYTE
MANY = ["--buffers", "16384", "--connections", "2048"]


def report(what, count, seconds):
    print(f"{what}: {count / MEGABYTE:.0f} MB each way in {seconds:.1f} s, "
          f"{count * 8 / seconds / 1e6:.0f} Mbit/s")  # fmt: skip


def test_100_mb_each_way_without_a_copy(leat):
    """Small segments are compacted only when a quarter of the buffers is in use."""
    echo = leat("echo", options=["--buffers", "32768"])
    report("loss 0", BULK, echo_all((echo.ip, 7), 1, BULK, timeout=200))
    stats = echo.stop()
    assert stats["copied_tx_bytes"] == 0, "the TAP backend gathers: nothing is to be copied"
    if DEVICE != "xdp":  # the rings of AF_XDP hold a part of the pool, and more on a busy machine
        assert stats["copied_compact_bytes"] == 0
    assert stats["copied_tap_frames"] == 0
    assert stats["tcp_opened_passive"] == 1 == stats["tcp_closed"]


@pytest.mark.skipif(DEVICE != "tap", reason="no other device has super-frames")
def test_super_frames_that_wait_longer_than_there_is_memory_of_the_backend_for_them(leat):
    """Each segment pins 64 KiB of the pool; with 64 of them they are compacted, and nothing is lost."""
    echo = leat("echo")
    piece, count = 3 * (1428 if V6 else 1448), 400
    data = random.Random(3).randbytes(piece * count)
    with socket.socket(INET) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(LIMIT_S)
        sock.connect((echo.ip, 7))
        sent = 0
        while sent < len(data) and select.select([], [sock], [], 3)[1]:
            sent += sock.send(data[sent : sent + piece])
            time.sleep(0.0005)  # so that each is sent by itself
        assert sent > 100 * piece
        sock.shutdown(socket.SHUT_WR)
        assert b"".join(iter(lambda: sock.recv(65536), b"")) == data[:sent]
    assert echo.stop()["copied_tap_bytes"] > piece - 2048


@pytest.mark.parametrize("congestion", ["newreno", "bbr"])
def test_with_another_congestion_control(leat, lossy, congestion):
    link = lossy(1)
    echo = leat("echo", options=["--congestion", congestion], link=link)
    report(f"{congestion}, loss 1 %", MEGABYTE, echo_all((echo.ip, 7), 1, MEGABYTE, timeout=200))
    assert echo.stop()["tcp_retransmitted"] > 0


def test_100_mb_each_way_with_5_percent_lost(leat, lossy):
    """A hundred connections at a time, because a single one would mostly wait.

    Streams are short: without SACK and timestamps Linux keeps its backed-off timeout until an ACK of data sent once
    (Karn), so late losses of a long stream would take minutes.
    """
    relay = lossy(5, seed=5)
    echo = leat("echo", link=relay, options=MANY)
    count, each = 100, 100_000
    rounds = BULK // (count * each)
    seconds = sum(echo_all((echo.ip, 7), count, each, timeout=120) for _ in range(rounds))
    report("loss 5 %", BULK, seconds)
    stats = echo.stop()
    assert stats["tcp_retransmitted"] > 0
    assert stats["tcp_opened_passive"] >= rounds * count


def test_one_connection_with_5_percent_lost(leat, lossy):
    echo = leat("echo", link=lossy(5, seed=7))
    total = MEGABYTE
    report("loss 5 %, alone", total, echo_all((echo.ip, 7), 1, total, timeout=200))
    assert echo.stop()["tcp_fast_recoveries"] > 0


@pytest.mark.parametrize("mtu", [1280 if V6 else 576, 9000])
def test_other_mtus(leat, mtu):
    echo = leat("echo", mtu=mtu)
    total = BULK // 10
    report(f"MTU {mtu}", total, echo_all((echo.ip, 7), 1, total, timeout=100))
    stats = echo.stop()
    assert stats["copied_tx_bytes"] == 0
    assert "ip_reassembled" not in stats, "TCP must not send or cause fragments"


@pytest.mark.skipif(DEVICE == "shm", reason="both ends of the memory must have the same")
def test_our_mtu_may_be_less_than_the_kernels(leat):
    """--mtu sets our MSS option, which the kernel obeys (RFC 9293 3.7.1)."""
    mtu = 1300 if V6 else 700
    echo = leat("echo", options=["--mtu", mtu, "--no-offload"], said_mtu=mtu)
    echo_all((echo.ip, 7), 1, MEGABYTE, timeout=60)
    assert echo.stop()["rx_frames"] > MEGABYTE // (mtu - 40)


def test_a_thousand_connections_at_once(leat):
    echo = leat("echo", options=MANY)
    echo_all((echo.ip, 7), 1000, 10_000, timeout=120)
    time.sleep(5)  # a last ACK may have been lost in a full queue of the device; then the FIN comes again
    stats = echo.stop()
    assert stats["tcp_opened_passive"] == 1000 == stats["tcp_closed"]


def test_ten_thousand_connections_one_after_another(leat):
    echo = leat("echo")
    for number in range(10_000):
        with socket.create_connection((echo.ip, 7), timeout=LIMIT_S) as conn:
            data = b"number %d" % number
            conn.sendall(data)
            assert conn.recv(100) == data
    stats = echo.stop()
    assert stats["tcp_opened_passive"] == 10_000
    assert "tcp_failed" not in stats


def test_a_thousand_connections_that_end_with_a_reset(leat):
    """Closed connections leave nothing: more than the table holds are opened one after another."""
    echo = leat("echo", options=["--connections", "16"])
    for number in range(1000):
        with socket.create_connection((echo.ip, 7), timeout=LIMIT_S) as conn:
            conn.sendall(b"?")
            assert conn.recv(1) == b"?"
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert until(lambda: echo.running)
    assert echo.stop()["tcp_failed"] == 1000
