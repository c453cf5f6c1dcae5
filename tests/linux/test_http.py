"""curl against a server that closes first: its TIME-WAIT entries are ours."""

import socket

from conftest import QUICK, run

BODY = bytes(ord("a") + i % 26 for i in range(612))


def test_curl(leat):
    web = leat("httpd")
    assert run("curl", "-sS", "--max-time", 10, f"http://{web.ip}/") == BODY
    stats = web.stop()
    assert stats["tcp_closed"] == 1 and stats["copied_tx_bytes"] == 0


def test_curl_many_at_once(leat):
    web = leat("httpd")
    many = [f"http://{web.ip}/{i}" for i in range(100)]
    assert run("curl", "-sS", "--no-progress-meter", "--max-time", 20, "-Z", *many) == 100 * BODY
    assert web.stop()["tcp_opened_passive"] == 100


def test_more_closed_connections_than_time_wait_has_room_for(leat):
    """At the limit the oldest entry goes: a new client always gets in (4,096 by default)."""
    web = leat("httpd")
    count = 1000 if QUICK else 10_000
    for _ in range(count):
        with socket.create_connection((web.ip, 80), timeout=10) as conn:
            conn.sendall(b"GET / HTTP/1.0\r\n\r\n")
            reply = bytearray()
            while piece := conn.recv(4096):
                reply += piece
            assert reply.endswith(BODY)
    stats = web.stop()
    assert stats["tcp_opened_passive"] == count
    if count > 4096 + 1000:  # some have become the next connection from the same port (RFC 9293 3.6.1)
        assert stats["tcp_time_wait_recycled"] > 0
