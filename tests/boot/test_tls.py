"""TLS without an operating system: BearSSL in images of each architecture, with the keys of tests/tls, against OpenSSL."""

import contextlib
import functools
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from conftest import ARCH, BUILD, CPU, MACHINES, rng
from test_user import SITE, forwarded, upstream

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "linux"))
from stream import both_ways  # noqa: E402

FILES = BUILD / "tests/boot"
AUTHORITY = FILES / "authority.pem"
OURS = ["--cert=/server.pem", "--key=/server.key"]
WITH_CLOCK = "q35" if ARCH == "x86_64" else next(iter(MACHINES))


@functools.cache
def trust():
    """An SSL context that requires the server leat.test."""
    return ssl.create_default_context(cafile=str(AUTHORITY))


def session(address, **more):
    return trust().wrap_socket(socket.create_connection(address, 60), server_hostname="leat.test", **more)


def read_all(conn):
    heard = b""
    while piece := conn.recv(65536):
        heard += piece
    return heard


def echo(address, data):
    """Sends @data in a session, and returns the reply."""
    with session(address) as conn:
        return both_ways(conn, data, timeout=200)


@pytest.mark.parametrize("cpu", ["max", "max,-aes,-pclmulqdq"] if ARCH == "x86_64" else [CPU])
def test_echo(guest, machine, cpu):
    netdev, tcp, _ = forwarded(7)
    server = guest("echo_tls_keys", machine, netdev, arguments=OURS, cpu=cpu, extra=rng(machine))
    server.wait_for("port 7")
    data = os.urandom(1_000_000 if cpu == CPU else 100_000)
    assert echo(tcp, data) == data
    server.stop()


def test_pages(guest, machine):
    """New sessions, one with a ticket, and HTTP beside them."""
    netdev, tcp, _ = forwarded(443)
    server = guest("httpd_keys", machine, netdev, arguments=OURS, extra=rng(machine))
    server.wait_for("port 80")
    page, last = (SITE / "index.html").read_bytes(), None
    for number in range(3):
        with session(tcp, session=last) as conn:
            assert conn.version() == "TLSv1.3"
            conn.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert read_all(conn).endswith(page)
            assert conn.session_reused == (number > 0)
            last = conn.session
    server.stop()


def test_pages_by_http2(guest, machine):
    """nghttp2 on the bare machine: pages in one connection, and a client that chooses HTTP/1.1."""
    if not (BUILD / "http2/nghttp2/libleat-http2-metal.a").is_file():
        pytest.skip("built without nghttp2")
    netdev, tcp, _ = forwarded(443)
    server = guest("httpd_keys", machine, netdev, arguments=OURS)
    server.wait_for("port 80")
    page = (SITE / "index.html").read_bytes()
    words = ["curl", "-sS", "--max-time", "60", "--cacert", str(AUTHORITY), "--connect-to", f"leat.test:443:{tcp[0]}:{tcp[1]}",
             "-w", "%{http_version} %{http_code} %{num_connects}\n"]
    said = subprocess.run([*words, "https://leat.test/[1-20]", "https://leat.test/"], check=True, capture_output=True, timeout=90).stdout
    assert said.count(b"2 404 ") == 20 and said.endswith(page + b"2 200 0\n")
    assert subprocess.run([*words, "--http1.1", "https://leat.test/"], check=True, capture_output=True, timeout=90).stdout == page + b"1.1 200 1\n"
    server.stop()


def test_serves_only_with_its_files(guest):
    server = guest("httpd_keys", WITH_CLOCK, arguments=["--cert=/nothing.pem", "--key=/server.key"], extra=rng(WITH_CLOCK))
    assert server.wait(60) == 2
    assert "can't read /nothing.pem" in server.text


@contextlib.contextmanager
def pages():
    """A server with one page on the host, 10.0.2.2 for a guest; returns its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FILES / "server.pem", FILES / "server.key")

    def serve(server):
        with contextlib.suppress(OSError):
            while True:
                plain, _ = server.accept()
                plain.settimeout(60)
                with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as conn:
                    conn.recv(1000)
                    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nthe answer\n")
                    conn.unwrap()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def fetch(guest, port, *words, machine=WITH_CLOCK):
    asks = guest("fetch_keys", machine, "user,id=net",
                 arguments=["--server=10.0.2.2", *words, f"https://leat.test:{port}/"], extra=rng(machine))
    return asks.wait(100), asks.text


def test_fetch_uses_its_authorities(guest):
    """The authority is a file in the image. Without civil time no certificate is valid, and the image says so."""
    with upstream("10.0.2.2"), pages() as port:
        status, said = fetch(guest, port, "--cert=/authority.pem")
        assert status == 0 and "the answer" in said
        if ARCH == "x86_64":
            status, said = fetch(guest, port, "--cert=/authority.pem", machine="microvm")
            assert status in (35, 60) and "the answer" not in said and "civil time" in said


def test_debians_authorities_are_in_the_image(guest):
    """The host's authorities are read, and none has signed our certificate."""
    with upstream("10.0.2.2"), pages() as port:
        asks = guest("fetch", WITH_CLOCK, "user,id=net", arguments=["--server=10.0.2.2", f"https://leat.test:{port}/"],
                     extra=rng(WITH_CLOCK))
        assert asks.wait(100) == 60
        assert "no authorities" not in asks.text and "the answer" not in asks.text
        assert "authority" in asks.text or "unknown" in asks.text


@pytest.mark.skipif(ARCH != "riscv64", reason="other processors have random numbers")
def test_without_random_numbers_the_cure_is_told(guest):
    """The seed of the device tree is given out once, and too short for sessions."""
    server = guest("httpd_keys", arguments=OURS)
    assert server.wait(60) == 2
    assert "TLS needs more random bytes than this machine has: give it a virtio-rng device" in server.text
