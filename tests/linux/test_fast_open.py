"""Fast Open (RFC 7413) with the kernel as the client and as the server: cookies, window scale, closed windows."""

import socket

import pytest

from conftest import run, until
from flow import PORT, Flows
from namespace import Namespace
from stream import expected

MSG_FASTOPEN = 0x20000000
FIRST = 500  # bytes that fit into a SYN
OPTIONS_AT = 5  # in struct tcp_info
OPT_WSCALE, OPT_SYN_DATA = 4, 32


@pytest.fixture(params=[1, 0], ids=["scaled", "unscaled"])
def client(request):
    """Configures the kernel's Fast Open, with or without a window scale."""
    before = {}
    wanted = {"tcp_fastopen": 1, "tcp_fastopen_blackhole_timeout_sec": 0,
              "tcp_window_scaling": request.param}  # fmt: skip
    for name, value in wanted.items():
        before[name] = run("sysctl", "-n", f"net.ipv4.{name}").decode().strip()
        run("sysctl", "-q", "-w", f"net.ipv4.{name}={value}")
    yield bool(request.param)
    for name, value in before.items():
        run("sysctl", "-q", "-w", f"net.ipv4.{name}={value}")


def open_fast(program, data, receive_bytes=0):
    """Connects with as much of @data as a SYN takes; returns the connection and the rest."""
    conn = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_bytes:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    sent = conn.sendto(data[:FIRST], MSG_FASTOPEN, (program.ip, 7))
    conn.settimeout(30)
    return conn, data[sent:]


def echoed(conn, rest, count):
    """Sends @rest while it receives @count bytes."""
    data = bytearray()
    conn.setblocking(False)
    rest = memoryview(rest)
    while len(data) < count:
        moved = False
        try:
            rest = rest[conn.send(rest[: 1 << 16]) :] if rest else rest
            moved = True
        except BlockingIOError:
            pass
        try:
            data += conn.recv(1 << 16)
            moved = True
        except BlockingIOError:
            pass
        if not moved:
            conn.settimeout(30)
            data += conn.recv(1)
            conn.setblocking(False)
    return bytes(data)


def test_cookie_then_data_in_the_syn(leat, client):
    echo = leat("echo", options=["--fast-open"])
    data = bytes(expected(0, 3_000_000))
    for count in (FIRST, len(data), len(data)):  # the first connection requests the cookie
        conn, rest = open_fast(echo, data[:count])
        with conn:
            assert echoed(conn, rest, count) == data[:count]
            options = conn.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[OPTIONS_AT]
        assert bool(options & OPT_WSCALE) == client
        assert bool(options & OPT_SYN_DATA) == (count > FIRST)
    stats = echo.stop()
    assert stats["tcp_fast_opens"] == 2
    assert stats["tcp_opened_passive"] == 3 and "tcp_failed" not in stats


def test_shut_window(leat, client):
    """A client that doesn't read for a while: first it gets what its window allows, and then the rest."""
    echo = leat("echo", options=["--fast-open"])
    data = bytes(expected(0, 100_000))
    open_fast(echo, data[:FIRST])[0].close()
    conn, rest = open_fast(echo, data, receive_bytes=4096)
    with conn:
        conn.settimeout(2)
        try:
            while rest:
                rest = rest[conn.send(rest) :]
        except TimeoutError:
            pass  # both windows are closed now
        assert echoed(conn, rest, len(data)) == data
    assert echo.stop()["tcp_fast_opens"] == 1


def test_not_unless_it_is_switched_on(leat, client):
    echo = leat("echo")
    data = bytes(expected(0, FIRST))
    for _ in range(2):
        conn, rest = open_fast(echo, data)
        with conn:
            assert echoed(conn, rest, FIRST) == data
    assert "tcp_fast_opens" not in echo.stop()


@pytest.mark.parametrize("taken", [True, False], ids=["on", "off"])
def test_the_kernel_as_the_server(leat, taken):
    """The first connection requests the cookie; the next two send data in their SYNs."""
    here = Namespace(fresh=False)
    here.sysctl(tcp_fastopen=3 if taken else 1)
    with Flows() as flows:
        sock = here.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of others in TIME-WAIT
        sock.bind(("0.0.0.0", PORT))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
        flows.listen(sock, 5000, 200_000)
        pump = leat("pump", options=["--fast-open"], arguments=["connect", 3, 200_000, 5000])
        flows.run_all(3, 60)
    assert until(lambda: pump.text.count("pump: right") == 3, 30)
    pump.stop()
    assert [flow.info.syn_data for flow in flows.flows].count(True) == (2 if taken else 0)
    assert not flows.flows[0].info.syn_data
