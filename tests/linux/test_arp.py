"""A neighbour that moves, and a forged announcement of a move: the kernel is the neighbour."""

import re
import socket
import struct
import time

from conftest import LIMIT_S, run, until

ETHERTYPE_ARP = 0x0806
LIE = bytes.fromhex("02000000dead")


def arp_reply(device, sha, spa, tha, tpa):
    """Sends an ARP reply to the MAC address @tha, as any host on the link can."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((device, 0))
        raw.send(
            tha + sha + struct.pack("!HHHBBH", ETHERTYPE_ARP, 1, 0x0800, 6, 4, 2)
            + sha + socket.inet_aton(spa) + tha + socket.inet_aton(tpa) + bytes(18)
        )  # fmt: skip


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_of(device):
    text = run("ip", "link", "show", device).decode()
    return re.search(r"link/ether (\S+)", text)[1]


def answers(host):
    text = run("ping", "-n", "-c", 1, "-W", 1, host, check=False).decode()
    return " 1 received" in text


def test_threat_A2_a_forged_reply_interrupts_no_connection(leat):
    echo = leat("echo")
    began = time.monotonic()
    with socket.create_connection((echo.ip, 7), timeout=LIMIT_S) as conn:
        for number in range(20):
            arp_reply(echo.wire, LIE, echo.peer, mac_bytes(echo.mac), echo.ip)
            text = b"line %d\n" % number
            conn.sendall(text)
            assert conn.recv(100) == text
            time.sleep(0.1)
    stats = echo.stop()
    assert stats["arp_claims"] == 20
    assert "arp_moves" not in stats
    assert stats["arp_requests_sent"] < 8 + time.monotonic() - began  # the old address is probed once a second


def test_a_neighbour_that_really_moved_is_believed(leat):
    echo = leat("echo")
    assert answers(echo.ip)
    new = "02:00:00:00:aa:01"
    run("ip", "link", "set", echo.wire, "address", new)
    assert mac_of(echo.wire) == new
    arp_reply(echo.wire, mac_bytes(new), echo.peer, mac_bytes(echo.mac), echo.ip)
    assert until(lambda: answers(echo.ip), timeout=10)
    assert echo.stop()["arp_moves"] == 1
