"""A program that knows nothing of leat, with POSIX's sockets, as an image."""

import socket
import threading

from conftest import IP, echo_tcp, free_port


def test_a_server_by_poll_answers_many_clients(guest, machine):
    port = free_port()
    echo = guest("bsd_echo", machine, netdev=f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-{IP}:7", arguments=["7"])
    echo.wait_for(rf"{IP}/24 on virtio0")
    clients = [socket.create_connection(("127.0.0.1", port), 60) for _ in range(10)]
    for i, client in enumerate(clients):
        client.sendall(b"%d" % i)
    for i, client in enumerate(clients):
        assert client.recv(10) == b"%d" % i
    data = bytes(range(256)) * 1000
    assert echo_tcp(("127.0.0.1", port), data) == data
    for client in clients:
        client.close()
    echo.stop()


def test_a_client_prints_what_its_server_says(guest, machine):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            conn, _ = listener.accept()
            assert conn.recv(100) == b"hello"
            conn.sendall(b"you said hello")
            conn.close()

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        client = guest("bsd_echo", machine, arguments=["10.0.2.2", str(listener.getsockname()[1]), "hello"])
        assert client.wait(60) == 0, client.text
        server.join(60)
        assert "you said hello" in client.lines, client.text


def test_a_client_says_why_it_fails(guest, machine):
    client = guest("bsd_echo", machine, arguments=["127.0.0.1", "9", "hello"])
    assert client.wait(60) == 1, client.text
    assert any(line.startswith("127.0.0.1: ") and "refused" in line for line in client.lines), client.text
