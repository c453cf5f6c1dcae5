"""Ctrl-D on the console of an image: connections finish what they have begun; a second one resets them."""

import pathlib
import socket
import struct
import sys

from conftest import END_OF_TRANSMISSION, free_port
from test_files import LARGE, archive
from test_tls import OURS, trust

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "linux"))
from half_hello import ask_in_halves  # noqa: E402


def forwarded(there):
    """QEMU's option for the network, and the address by TCP."""
    port = free_port()
    return f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:{there}", ("127.0.0.1", port)


def read_all(conn):
    """All that comes until the FIN."""
    heard = bytearray()
    while piece := conn.recv(65536):
        heard += piece
    return bytes(heard)


def finished(server):
    """The program ends in order, after the one connection has ended by itself."""
    server.wait_for("ended: 1 connections finished, 0 quiet ones closed, 0 reset")
    assert server.wait() == 0


def test_a_download_is_finished(guest, tmp_path):
    netdev, address = forwarded(80)
    server = guest("httpd", netdev=netdev, memory=96, arguments=["large", "--drain", "60"],
                   extra=["-initrd", archive(tmp_path / "files.tar", {"large": LARGE})]).up()
    with socket.create_connection(address, 60) as conn:
        conn.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        begun = conn.recv(4096)
        server.type(END_OF_TRANSMISSION)
        server.wait_for("ending within 60 s; connections that may finish: 1")
        head, _, body = (begun + read_all(conn)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n") and body == LARGE
    finished(server)


def query(name, number):
    labels = b"".join(bytes([len(part)]) + part for part in name.encode().split(b"."))
    return struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def answer(question):
    """A reply with the address 192.0.2.7."""
    end = question.index(b"\0", 12) + 5
    return question[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + question[12:end] + b"\xc0\x0c\0\1\0\1\0\0\1\0\0\4\xc0\0\2\7"


def test_questions_under_way_are_answered(guest):
    """Their server, on this machine, is silent at first; the answers come after the end has begun."""
    by_udp = free_port(socket.SOCK_DGRAM)
    netdev, address = forwarded(53)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        upstream.bind(("127.0.0.1", 0))
        upstream.settimeout(60)
        server = guest("resolver", netdev=f"{netdev},hostfwd=udp:127.0.0.1:{by_udp}-:53",
                       arguments=["--drain", "60", f"server=/example.com/10.0.2.2#{upstream.getsockname()[1]}"]).up()
        client.settimeout(60)
        client.connect(("127.0.0.1", by_udp))
        client.send(query("a.example.com", 1))
        with socket.create_connection(address, 60) as conn:
            asked = query("b.example.com", 2)
            conn.sendall(struct.pack(">H", len(asked)) + asked)
            questions = {}
            while len(questions) < 2:
                question, peer = upstream.recvfrom(2048)
                questions[question[12:].lower()[:2]] = question, peer
            server.type(END_OF_TRANSMISSION)
            server.wait_for("ending within 60 s; connections that may finish: 1")
            for question, peer in questions.values():
                upstream.sendto(answer(question), peer)
            assert client.recv(2048)[:2] == b"\0\1"
            assert read_all(conn)[2:4] == b"\0\2"
    finished(server)


def test_a_TLS_handshake_is_finished(guest):
    """The ClientHello comes in two parts, and the end begins between them; then the client may ask once."""
    netdev, address = forwarded(443)
    server = guest("httpd_keys", netdev=netdev, arguments=[*OURS, "--drain", "60"])
    server.wait_for("port 80")

    def end():
        server.type(END_OF_TRANSMISSION)
        server.wait_for("ending within 60 s; connections that may finish: 1")

    with socket.create_connection(address, 60) as conn:
        ask_in_halves(conn, trust(), end)
    finished(server)


def test_a_task_is_finished(guest):
    netdev, address = forwarded(7)
    server = guest("echo_task", netdev=netdev, arguments=["--drain", "60"]).up()
    with socket.create_connection(address, 60) as conn:
        conn.sendall(b"hello")
        assert conn.recv(10) == b"hello"
        server.type(END_OF_TRANSMISSION)
        server.wait_for("ending within 60 s; connections that may finish: 1")
        conn.sendall(b"again")
        assert conn.recv(10) == b"again"
        assert conn.recv(10) == b""  # in order: no reset
    server.wait_for("ended: .* 0 reset")
    assert server.wait() == 0


def test_an_upload_is_finished(guest):
    netdev, address = forwarded(80)
    server = guest("upload", netdev=netdev, arguments=["--drain", "60"]).up()
    body = (b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n'
            + b"x" * 100_000 + b"\r\n--b--\r\n")
    with socket.create_connection(address, 60) as conn:
        conn.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body[:50_000])
        begun = conn.recv(65536)  # the archive's first file: so the request has begun
        server.type(END_OF_TRANSMISSION)
        server.wait_for("ending within 60 s; connections that may finish: 1")
        conn.sendall(body[50_000:])
        reply = begun + read_all(conn)
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n") and b"PK\5\6" in reply
    finished(server)


def test_a_second_one_ends_it_at_once(guest):
    netdev, address = forwarded(19)
    server = guest("chargen", netdev=netdev, arguments=["--drain", "3600"]).up()
    with socket.create_connection(address, 60) as conn:
        conn.recv(1)
        server.type(END_OF_TRANSMISSION)
        server.wait_for("ending within 3600 s; connections that may finish: 1")
        server.type(END_OF_TRANSMISSION)
        assert server.wait() == 0
    server.wait_for("ended: 0 connections finished, 0 quiet ones closed, 1 reset")
