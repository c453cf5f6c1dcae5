"""--explain-drops: for each reason the first frame, when it comes and at the end; the kernel sends the frames."""

import socket
import struct

from conftest import run


def send_raw(device, mac, kind, payload):
    """Sends a frame of EtherType @kind to the station @mac."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((device, 0))
        raw.send(bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("020000000099") + struct.pack("!H", kind) + payload)


def test_each_reason_is_told_once_and_again_at_the_end(leat):
    echo = leat("echo", options=["--explain-drops"])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((echo.peer, 0))
        port = sock.getsockname()[1]
        for to in (9, 10):
            sock.sendto(b"x", (echo.ip, to))
            echo.settle()
    echo.wait_for(r"dropped: UDP datagram to a closed port: ")
    send_raw(echo.wire, echo.mac, 0x88CC, bytes(50))
    echo.wait_for(r"dropped: unsupported EtherType: 02:00:00:00:00:99 > .* EtherType 0x88cc, 64 bytes \(drop_eth_type\)")
    with socket.create_connection((echo.ip, 7), 60) as conn:  # frames one by one are all that it takes
        conn.sendall(b"still served")
        assert conn.recv(100) == b"still served"
    stats = echo.stop()
    first = f"{echo.peer} port {port} > {echo.ip} port 9 UDP, 43 bytes"
    assert echo.lines.count(f"dropped: UDP datagram to a closed port: {first} (drop_udp_port)") == 1
    assert f"drop_udp_port: {stats['drop_udp_port']} dropped: UDP datagram to a closed port; the first: {first}" in echo.lines
    assert stats["drop_udp_port"] == 2
    assert not [line for line in echo.lines if line.startswith("dropped: UDP") and "port 10 " in line]


def test_without_the_option_nothing_is_told(leat):
    echo = leat("echo")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", (echo.ip, 9))
    run("ping", "-n", "-c", 1, "-W", 5, echo.ip)
    assert echo.stop()["drop_udp_port"] == 1
    assert "dropped: " not in echo.text
