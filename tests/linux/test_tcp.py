"""How connections open, wait and close; the kernel is the peer."""

import contextlib
import select
import socket
import statistics
import struct
import time

import pytest

from conftest import INET, LIMIT_S, PATIENCE, V6, XDP, run, until
from stream import expected


def connect(leat_program, port=7, timeout=LIMIT_S):
    return socket.create_connection((leat_program.ip, port), timeout=timeout)


def receive_all(conn):
    data = bytearray()
    while piece := conn.recv(1 << 16):
        data += piece
    return bytes(data)


def reset(conn):
    """Closes with a RST instead of a FIN."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def test_nc(leat):
    text = run("nc", "-N", "-w", LIMIT_S, leat("echo").ip, 7, stdin=b"hello over TCP\n")
    assert text == b"hello over TCP\n"


@pytest.mark.skipif(XDP or not V6, reason="the filter leaves link-local addresses to Linux; IPv4 has no zones")
def test_nc_to_a_link_local_address_with_its_zone(leat):
    """The link-local address works like any other: large data, and a connection to the global one beside it."""
    echo = leat("echo")
    ip = echo.link_local()
    for to in (ip, echo.ip):
        text = run("nc", "-6", "-N", "-w", LIMIT_S, to, 7, stdin=b"hello over TCP\n")
        assert text == b"hello over TCP\n"
    with socket.create_connection((ip, 7), LIMIT_S) as conn:
        data = bytes(expected(0, 200_000))
        conn.sendall(data)
        conn.shutdown(socket.SHUT_WR)
        assert receive_all(conn) == data
    assert echo.stop()["tcp_closed"] == 3


def test_half_close_everything_still_comes_back(leat):
    echo = leat("echo")
    data = bytes(expected(0, 200_000))
    with connect(echo) as conn:
        conn.sendall(data)
        conn.shutdown(socket.SHUT_WR)
        assert receive_all(conn) == data
    stats = echo.stop()
    assert stats["tcp_closed"] == 1 and "tcp_failed" not in stats


def test_half_close_at_once(leat):
    """The FIN comes directly after the handshake."""
    echo = leat("echo")
    with connect(echo) as conn:
        conn.shutdown(socket.SHUT_WR)
        assert receive_all(conn) == b""
    assert echo.stop()["tcp_closed"] == 1


def test_reset_by_the_peer_ends_the_connection(leat):
    echo = leat("echo")
    conn = connect(echo)
    conn.sendall(b"abc")
    assert conn.recv(3) == b"abc"
    reset(conn)
    with connect(echo) as conn:  # other connections are not affected
        conn.sendall(b"def")
        assert conn.recv(3) == b"def"
    stats = echo.stop()
    assert stats["tcp_failed"] == 1 and stats["tcp_opened_passive"] == 2


def test_close_with_unread_data_resets(leat):
    """The kernel's RST (RFC 1122 4.2.2.13) reaches a connection that is still sending."""
    echo = leat("echo")
    conn = connect(echo)
    conn.sendall(bytes(expected(0, 100_000)))
    assert select.select([conn], [], [], LIMIT_S)[0]
    conn.close()
    assert until(lambda: True)
    with connect(echo) as conn:
        conn.sendall(b"x")
        assert conn.recv(1) == b"x"
    assert echo.stop()["tcp_failed"] == 1


def test_closed_port_is_refused(leat):
    with pytest.raises(ConnectionRefusedError):
        connect(leat("echo"), port=9)


def test_a_peer_that_does_not_read_stops_us_and_loses_nothing(leat):
    """The zero window of a slow reader, and its opening (RFC 9293 3.8.6.1)."""
    echo = leat("echo")
    data = bytes(expected(0, 900_000))
    with socket.socket(INET) as conn:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        conn.settimeout(LIMIT_S)
        conn.connect((echo.ip, 7))
        conn.settimeout(0.5)
        sent = 0
        try:
            while sent < len(data):
                sent += conn.send(data[sent : sent + 10_000])
        except TimeoutError:
            pass
        assert sent < len(data), "both windows are to be full by now"
        time.sleep(1.5)  # probes
        conn.settimeout(LIMIT_S)
        conn.shutdown(socket.SHUT_WR)
        assert receive_all(conn) == data[:sent]
    assert echo.stop()["tcp_closed"] == 1


def test_small_writes_one_at_a_time(leat):
    echo = leat("echo")
    with connect(echo) as conn:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        seconds = []
        for number in range(1000):
            began = time.monotonic()
            conn.sendall(b"%4d" % number)
            assert conn.recv(4) == b"%4d" % number
            seconds.append(time.monotonic() - began)
        # Linux delays an ACK by 40 ms; half of them come sooner, even on a busy machine
        assert statistics.median(seconds) < 0.035, "somebody waits for a delayed ACK"
    assert echo.stop()["tcp_sent"] < 1000 + 20, "an echo carries the ACK: no segment of its own"


def test_idle_connections_cost_no_traffic(leat):
    echo = leat("echo")
    with connect(echo):
        time.sleep(3)
        assert echo.running
    assert echo.stop()["tcp_sent"] <= 4


@pytest.mark.parametrize("name, port", [("echo", 7), ("discard", 9), ("echo_task", 7), ("chat", 2323)])
def test_a_peer_that_is_silent_for_too_long_is_left(leat, name, port):
    server = leat(name, options=["--idle", 2])
    with connect(server, port) as conn, pytest.raises(ConnectionResetError):
        receive_all(conn)
    assert server.stop()["tcp_limits_reached"] == 1


class Slow:
    """The server that accepts and reads when a datagram requests it."""

    def __init__(self, program):
        self.program = program
        self.sock = socket.socket(INET, socket.SOCK_DGRAM)
        self.sock.settimeout(20)
        self.sock.connect((program.ip, 7))

    def go_on(self):
        for _ in range(3):  # a full device may lose it
            self.sock.send(b"go on")
            with contextlib.suppress(TimeoutError):
                assert self.sock.recv(100) == b"go on"
                return
        pytest.fail("no answer to go on")


@pytest.fixture
def slow(leat):
    server = Slow(leat("slow"))
    yield server
    server.sock.close()


def test_data_waits_for_a_listener_that_is_slow_to_accept(slow):
    data = bytes(expected(0, 30_000))
    with connect(slow.program) as conn:
        conn.sendall(data)
        conn.shutdown(socket.SHUT_WR)
        time.sleep(0.5)
        conn.setblocking(False)
        with pytest.raises(BlockingIOError):
            conn.recv(1)
        conn.settimeout(LIMIT_S)
        slow.go_on()
        assert receive_all(conn) == data
    assert slow.program.stop()["tcp_closed"] == 1


def test_a_full_backlog_makes_clients_wait_and_all_get_in(slow):
    """The backlog is 4: the others get cookies and wait, and none is reset (R4, RFC 4987).

    The server keeps no state for a cookie: the client's data, which Linux sends again until then, brings it in.
    """
    clients = []
    for number in range(10):
        conn = socket.socket(INET)
        conn.setblocking(False)
        conn.connect_ex((slow.program.ip, 7))
        clients.append(conn)
    time.sleep(0.3)
    silent = list(clients)

    def all_are_in():
        for conn in select.select([], silent, [], 0)[1]:
            conn.send(b"client %d" % clients.index(conn))
            silent.remove(conn)
        slow.go_on()
        return not silent and "slow: 10 accepted" in slow.program.text

    assert until(all_are_in, timeout=30)
    time.sleep(0.1)
    slow.go_on()
    for number, conn in enumerate(clients):
        conn.settimeout(LIMIT_S)
        assert conn.recv(100) == b"client %d" % number
        conn.close()
    stats = slow.program.stop()
    assert stats["tcp_opened_passive"] == 10
    assert stats["drop_tcp_backlog"] > 0
    assert "tcp_rst_sent" not in stats


def test_a_window_closes_until_the_program_reads(slow):
    """The program doesn't read: the window closes and the sender waits; then all data arrives."""
    with connect(slow.program) as conn:
        conn.settimeout(0.5)
        sent = 0
        try:
            while sent < 20_000_000:
                sent += conn.send(expected(sent, 100_000))
        except TimeoutError:
            pass
        assert sent < 20_000_000, "the window never closed"
        assert slow.program.running
        conn.setblocking(False)
        received = 0
        end = time.monotonic() + 30 * PATIENCE
        while received < sent and time.monotonic() < end:
            slow.go_on()
            try:
                while piece := conn.recv(1 << 16):
                    assert piece == expected(received, len(piece)), f"wrong bytes at {received}"
                    received += len(piece)
            except BlockingIOError:
                pass
        assert received == sent
