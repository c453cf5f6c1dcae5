"""Single frames over -netdev dgram: the test is the peer, and sees every byte on the wire."""

import os
import random
import socket
import tempfile
import threading
import time

import pytest

from conftest import IP, MAC, PEER, PEER_MAC, Guest

scapy = pytest.importorskip("scapy.all")
from scapy.layers.dns import DNS, DNSRR  # noqa: E402
from scapy.layers.inet import ICMP, IP as IPv4, TCP, UDP  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402


class Wire:
    """Two UNIX sockets; a datagram is a frame."""

    def __init__(self, folder):
        self._here = os.path.join(folder, "here")
        self._there = os.path.join(folder, "there")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.bind(self._here)
        self.netdev = (f"dgram,id=net,local.type=unix,local.path={self._there},"
                       f"remote.type=unix,remote.path={self._here}")  # fmt: skip

    def send(self, frame):
        self._socket.sendto(bytes(frame), self._there)

    def receive(self, wanted, timeout=20):
        """The next frame for which wanted(frame) is true; ARP requests are answered meanwhile."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                frame = Ether(self._socket.recv(65536))
            except TimeoutError:
                break
            if ARP in frame and frame[ARP].op == 1 and frame[ARP].pdst == PEER:
                self.send(Ether(src=PEER_MAC, dst=MAC) / ARP(
                    op=2, hwsrc=PEER_MAC, psrc=PEER, hwdst=MAC, pdst=IP))  # fmt: skip
            if wanted(frame):
                return frame
        pytest.fail("no such frame came")

    def close(self):
        self._socket.close()


def to_guest():
    """The headers of a frame from the peer."""
    return Ether(src=PEER_MAC, dst=MAC) / IPv4(src=PEER, dst=IP)


@pytest.fixture
def wire():
    with tempfile.TemporaryDirectory() as folder:
        made = Wire(folder)
        yield made
        made.close()


@pytest.fixture
def echo(guest, machine, wire) -> Guest:
    return guest("echo", machine, wire.netdev).up()


def right_sums(frame):
    """True if the checksums of IP and transport equal those that scapy computes."""
    again = Ether(bytes(frame))
    for layer in (IPv4, TCP, UDP, ICMP):
        if layer in again:
            del again[layer].chksum
    return bytes(Ether(bytes(again))) == bytes(frame)


def test_arp(echo, wire):
    wire.send(Ether(src=PEER_MAC, dst="ff:ff:ff:ff:ff:ff")
              / ARP(op=1, hwsrc=PEER_MAC, psrc=PEER, pdst=IP))  # fmt: skip
    reply = wire.receive(lambda frame: ARP in frame and frame[ARP].op == 2)
    assert reply[ARP].hwsrc == MAC and reply[ARP].psrc == IP
    assert reply.dst == PEER_MAC and len(reply) >= 60
    echo.stop()


def test_ping_of_every_length(echo, wire):
    for length in [*range(0, 80), *range(80, 1400, 97), *range(1440, 1473)]:
        payload = os.urandom(length)
        wire.send(to_guest() / ICMP(id=1, seq=length) / payload)
        reply = wire.receive(lambda frame: ICMP in frame and frame[ICMP].type == 0)
        assert reply[ICMP].seq == length
        total = reply[IPv4].len - 28
        assert bytes(reply[ICMP].payload)[:total] == payload
        assert right_sums(Ether(bytes(reply)[: 34 + 8 + length]))
    echo.stop()


def test_ping_in_fragments(echo, wire):
    payload = os.urandom(4000)
    whole = IPv4(src=PEER, dst=IP, id=9) / ICMP(id=1, seq=1) / payload
    for piece in scapy.fragment(whole, 1480):
        wire.send(Ether(src=PEER_MAC, dst=MAC) / piece)
    parts = {}
    while sum(map(len, parts.values())) < 4008:
        part = wire.receive(lambda frame: IPv4 in frame and frame[IPv4].proto == 1)
        parts[part[IPv4].frag] = bytes(part[IPv4].payload)[: part[IPv4].len - 20]
    assert b"".join(parts[at] for at in sorted(parts))[8:] == payload
    echo.stop()


def test_udp_echo(echo, wire):
    lengths = random.Random(2)
    for i in range(300):
        payload = os.urandom(lengths.randint(0, 1472))
        wire.send(to_guest() / UDP(sport=5000 + i, dport=7) / payload)
        reply = wire.receive(lambda frame: UDP in frame)
        assert reply[UDP].dport == 5000 + i
        assert bytes(reply[UDP].payload)[: reply[UDP].len - 8] == payload
        assert right_sums(Ether(bytes(reply)[: 42 + len(payload)]))
    echo.stop()


def test_a_burst_of_a_thousand_frames(echo, wire):
    """More than the queues hold: replies are right and in order, and the guest goes on."""

    def numbered(number):
        return bytes(to_guest() / UDP(sport=6000, dport=7) / number.to_bytes(4, "big"))

    def send():
        for number in range(1000):
            wire.send(numbered(number))
        while not done.wait(0.5):  # any frame may be dropped on a full queue, also the last one
            wire.send(numbered(1000))

    wire.send(to_guest() / UDP(sport=6000, dport=7) / b"who are you?")
    wire.receive(lambda frame: UDP in frame)
    done = threading.Event()
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    came = [-1]
    while came[-1] < 1000:
        reply = wire.receive(lambda frame: UDP in frame)
        came.append(int.from_bytes(bytes(reply[UDP].payload)[:4], "big"))
        assert came[-1] > came[-2]
    done.set()
    sender.join()
    assert len(came) > 100
    echo.stop()


def test_tcp_in_single_frames(echo, wire):
    isn, text = 1000, b"hello over TCP"
    wire.send(to_guest() / TCP(sport=4000, dport=7, flags="S", seq=isn, window=8000))
    syn = wire.receive(lambda frame: TCP in frame)
    assert syn[TCP].flags == "SA" and syn[TCP].ack == isn + 1
    their = syn[TCP].seq + 1
    wire.send(to_guest() / TCP(sport=4000, dport=7, flags="A", seq=isn + 1, ack=their))
    wire.send(to_guest() / TCP(sport=4000, dport=7, flags="PA", seq=isn + 1, ack=their) / text)
    back = wire.receive(lambda frame: TCP in frame and frame[IPv4].len > 40)
    header = back[TCP].dataofs * 4
    assert bytes(back[TCP])[header : header + len(text)] == text
    assert right_sums(Ether(bytes(back)[: 14 + back[IPv4].len]))
    wire.send(to_guest() / TCP(sport=4000, dport=7, flags="R", seq=isn + 1 + len(text)))
    echo.stop()


def test_resolve(guest, machine, wire):
    resolve = guest("resolve", machine, wire.netdev,
                    arguments=[f"--server={PEER}", "www.example.com"])  # fmt: skip
    query = wire.receive(lambda frame: UDP in frame and frame[UDP].dport == 53, 20)
    asked = DNS(bytes(query[UDP].payload))
    answer = DNS(id=asked.id, qr=1, aa=1, rd=1, ra=1, qd=asked.qd,
                 an=DNSRR(rrname=asked.qd.qname, type="A", ttl=60, rdata="192.0.2.3"))  # fmt: skip
    wire.send(to_guest() / UDP(sport=53, dport=query[UDP].sport) / answer)
    assert resolve.wait() == 0
    assert "192.0.2.3" in resolve.text
