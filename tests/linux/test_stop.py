"""A signal in the middle of the work of each kind of server: the work is finished, and each client gets a FIN or RST."""

import contextlib
import random
import signal
import socket
import ssl
import struct
import threading
import time

import pytest

from conftest import INET, LIMIT_S, PATIENCE, QUICK, PATH, until
from half_hello import ask_in_halves
from test_tls import Keys

BIG_BYTES = 3_000_000 if QUICK else 30_000_000
STOPS = 20 if QUICK else 200


def connect(server, port):
    return socket.create_connection((server.ip, port), LIMIT_S)


def end_of(conn):
    """How the server ended the connection: "FIN" or "RST". A client that is told nothing waits until LIMIT_S."""
    try:
        while conn.recv(65536):
            pass
        return "FIN"
    except ConnectionResetError:
        return "RST"


def terminate(server):
    server.signal(signal.SIGTERM)


def ended(server, status=0):
    """Waits for the end of a program that has got its signal; returns (finished, closed, reset)."""
    server.wait()
    server.expect_status(status)
    line = server.wait_for(r"ended: \d+ connections finished")
    return tuple(int(word) for word in line.replace(",", "").split() if word.isdigit())


@pytest.fixture
def big(tmp_path):
    path = tmp_path / "big"
    path.write_bytes(random.Random(1).randbytes(BIG_BYTES))
    return path


def test_a_download_is_finished(leat, big):
    server = leat("httpd", options=["--drain", 60 * PATIENCE], arguments=[big])
    with connect(server, 80) as conn:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        conn.sendall(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        data = bytearray(conn.recv(4096))
        terminate(server)
        server.wait_for("connections that may finish: 1")
        while piece := conn.recv(65536):
            data += piece
    assert data.partition(b"\r\n\r\n")[2] == big.read_bytes()
    assert ended(server) == (1, 0, 0)


def test_an_upload_is_finished(leat):
    server = leat("upload", options=["--drain", 60 * PATIENCE])
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n'
    body = part + b"x" * 100_000 + b"\r\n--b--\r\n"
    with connect(server, 80) as conn:
        conn.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body[:50_000])
        time.sleep(0.3)  # any time after the head has come
        terminate(server)
        server.wait_for("connections that may finish: 1")
        conn.sendall(body[50_000:])
        reply = bytearray()
        while piece := conn.recv(65536):
            reply += piece
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n") and b"PK\5\6" in reply
    assert ended(server) == (1, 0, 0)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("stop"))


def test_a_TLS_handshake_is_finished(leat, keys):
    """The ClientHello comes in two parts, and the signal between them; then the client may ask once."""
    server = leat("httpd", options=["--port", 443, "--cert", keys.folder / "ec.pem", "--key", keys.folder / "ec.key"])

    def end():
        terminate(server)
        server.wait_for("connections that may finish: 1")

    with connect(server, 443) as conn:
        ask_in_halves(conn, ssl.create_default_context(cafile=keys.authority), end)
    assert ended(server) == (1, 0, 0)


@pytest.mark.parametrize("drain_s", [60 * PATIENCE, 0])
def test_a_quiet_TLS_session_gets_close_notify(leat, keys, drain_s):
    """After half a second, or at the deadline."""
    server = leat("echo_tls", options=["--cert", keys.folder / "ec.pem", "--key", keys.folder / "ec.key", "--drain", drain_s])
    context = ssl.create_default_context(cafile=keys.authority)
    with context.wrap_socket(connect(server, 7), server_hostname="leat.test", suppress_ragged_eofs=False) as session:
        session.sendall(b"hello")
        assert session.recv(10) == b"hello"
        time.sleep(0.2)  # until the last delayed ACK
        terminate(server)
        assert session.recv(10) == b""
    assert ended(server)[2] == 0


def query(name, number):
    labels = b"".join(bytes([len(part)]) + part for part in name.encode().split(b"."))
    return struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def test_a_question_under_way_is_answered(leat):
    """The resolver's server is silent at first; the answer comes after the signal."""
    upstream = socket.socket(INET, socket.SOCK_DGRAM)
    upstream.bind(("", 53))
    upstream.settimeout(LIMIT_S)
    server = leat("resolver", options=["--server", "PEER"])
    client = socket.socket(INET, socket.SOCK_DGRAM)
    client.settimeout(LIMIT_S)
    client.connect((server.ip, 53))
    with upstream, client, connect(server, 53) as conn:
        client.send(query("a.example.com", 1))
        conn.sendall(struct.pack(">H", 29 + 2) + query("b.example.com", 2))
        asked = {}
        while len(asked) < 2:
            question, peer = upstream.recvfrom(2048)
            asked[question[12:].lower()[:2]] = question, peer
        terminate(server)
        server.wait_for("connections that may finish: 1")
        for question, peer in asked.values():
            end = question.index(b"\0", 12) + 5
            upstream.sendto(question[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + question[12:end]
                            + b"\xc0\x0c\0\1\0\1\0\0\1\0\0\4\xc0\0\2\7", peer)
        assert client.recv(2048)[:2] == b"\0\1"
        assert conn.recv(2048)[2:4] == b"\0\2"
        assert end_of(conn) == "FIN"
    assert ended(server) == (1, 0, 0)


def test_a_task_is_finished(leat):
    server = leat("echo_task")
    with connect(server, 7) as conn:
        conn.sendall(b"hello")
        assert conn.recv(10) == b"hello"
        terminate(server)
        conn.sendall(b"again")
        assert conn.recv(10) == b"again"
        assert end_of(conn) == "FIN"
    assert ended(server)[2] == 0


@pytest.mark.parametrize("name, port", [("echo", 7), ("discard", 9)])
def test_a_quiet_client_gets_a_FIN(leat, name, port):
    server = leat(name)
    with connect(server, port) as conn:
        conn.sendall(b"hello")
        terminate(server)
        assert end_of(conn) == "FIN"
    assert ended(server) == (0, 1, 0)


def test_a_stream_without_end_is_reset_at_the_deadline(leat):
    server = leat("chargen", options=["--drain", 1])
    with connect(server, 19) as conn:
        conn.recv(100)
        terminate(server)
        assert end_of(conn) == "RST"
    assert ended(server) == (0, 0, 1)


@contextlib.contextmanager
def stalled_download(leat, big):
    """A server that drains, and its client, which has taken one byte of a large file."""
    server = leat("httpd", options=["--drain", 3600], arguments=[big])
    with connect(server, 80) as conn:
        conn.sendall(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        conn.recv(1)
        terminate(server)
        server.wait_for("connections that may finish: 1")
        yield server, conn


def test_a_second_signal_ends_it_at_once(leat, big):
    with stalled_download(leat, big) as (server, conn):
        server.signal(signal.SIGINT)
        assert end_of(conn) == "RST"
    assert ended(server) == (0, 0, 1)


def test_new_connections_are_refused(leat, big):
    with stalled_download(leat, big) as (server, conn):
        with pytest.raises(ConnectionRefusedError):
            connect(server, 80)
        server.signal(signal.SIGTERM)
        assert end_of(conn) == "RST"
    ended(server)


def load(server, going, replies, ends):
    """Asks for pages, one after the other, until the connection ends; notes each reply and each end. A client that is
    told nothing notes "silence"."""
    while going.is_set():
        try:
            conn = connect(server, 80)
        except OSError:
            return
        with conn:
            try:
                while True:
                    conn.sendall(b"GET /style.css HTTP/1.1\r\nHost: a\r\n\r\n")
                    if not conn.recv(65536):
                        ends.append("FIN")
                        break
                    replies.append(1)
            except (ConnectionResetError, BrokenPipeError):
                ends.append("RST")
            except TimeoutError:
                ends.append("silence")


@pytest.mark.skipif(PATH, reason="the cable ends with the program")
def test_stops_under_load_leave_no_client_without_a_FIN_or_a_reset(leat):
    ends = []
    for _ in range(STOPS):
        server = leat("httpd")
        going = threading.Event()
        going.set()
        replies, before = [], len(ends)
        clients = [threading.Thread(target=load, args=(server, going, replies, ends)) for _ in range(8)]
        for client in clients:
            client.start()
        assert until(lambda: len(replies) > 8)
        time.sleep(random.uniform(0.05, 0.3))
        terminate(server)
        server.wait()
        going.clear()
        for client in clients:
            client.join(PATIENCE * LIMIT_S)
            assert not client.is_alive()
        assert len(ends) > before
        server.remove()
    print(f"{STOPS} stops: {ends.count('FIN')} clients got a FIN, {ends.count('RST')} a reset")
    assert ends.count("silence") == 0
