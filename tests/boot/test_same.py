"""The same frames and the same seed give the same answers, byte for byte, on every architecture and machine."""

import hashlib

import pytest

from conftest import IP, PEER, PEER_MAC, MAC
from test_frames import wire  # noqa: F401

pytest.importorskip("scapy.all")
from scapy.layers.inet import ICMP, IP as IPv4, TCP, UDP  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402

SEED = "00112233445566778899aabbccddeeff"
# SHA-256 of the answers, which x86-64 gave first
ANSWERS = "7afe82a8ad4f46f3a2e203f5db615314a61474968d151a0683dafe6fca35be5d"


def questions():
    """Frames that are each answered by one frame that doesn't depend on the time."""
    head = Ether(src=PEER_MAC, dst=MAC) / IPv4(src=PEER, dst=IP, id=1)
    yield Ether(src=PEER_MAC, dst=MAC) / ARP(op=1, hwsrc=PEER_MAC, psrc=PEER, pdst=IP)
    for length in (0, 1, 2, 55, 56, 57, 1000, 1471, 1472):
        payload = bytes(at * 7 & 255 for at in range(length))
        yield head / ICMP(id=1, seq=length) / payload
        yield head / UDP(sport=4000 + length, dport=7) / payload
        if length < 1400:  # one to a closed port, and a segment that resets
            yield head / UDP(sport=4000, dport=8) / payload
            yield head / TCP(sport=5000, dport=9, flags="A", seq=1, ack=length + 1)


def test_answers_are_the_same_everywhere(guest, machine, wire):  # noqa: F811
    echo = guest("echo", machine, wire.netdev, arguments=[f"--seed={SEED}"]).up()
    digest = hashlib.sha256()
    for question in questions():
        wire.send(question)
        answer = wire.receive(lambda frame: frame.src == MAC and frame.dst == PEER_MAC and
                              (ARP not in frame or frame[ARP].op == 2))
        digest.update(bytes(answer))
    assert digest.hexdigest() == ANSWERS
    echo.stop()
