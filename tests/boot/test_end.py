"""Ctrl-D on the console of an image: connections finish what they have begun; a second one resets them."""

import socket

from conftest import END_OF_TRANSMISSION, free_port


def forwarded(there):
    port = free_port()
    return f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:{there}", ("127.0.0.1", port)


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
        reply = bytearray(begun)
        while piece := conn.recv(65536):
            reply += piece
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n") and b"PK\5\6" in reply
    server.wait_for("ended: 1 connections finished, 0 quiet ones closed, 0 reset")
    assert server.wait() == 0


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
