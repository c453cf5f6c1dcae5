"""Single frames from scapy: which are answered, which are dropped, and in which counter."""

import os
import random
import socket
import time

os.environ.setdefault("XDG_CACHE_HOME", "/nonexistent")  # keeps scapy from writing files
os.environ.setdefault("XDG_CONFIG_HOME", "/nonexistent")

import pytest
from scapy.all import ARP, ICMP, IP, TCP, UDP, Dot1Q, Ether, IPOption, Padding, Raw, conf, sendp, srp1

from conftest import PATH

conf.verb = 0
PEER_MAC = "02:00:00:00:00:aa"  # not the kernel's, so that the kernel ignores the frames


class Wire:
    """Frames to and from one example."""

    def __init__(self, echo):
        self.echo = echo
        self.peer = f"{echo.net}.77"
        self.device = echo.device

    def ether(self, **fields):
        return Ether(**{"src": PEER_MAC, "dst": self.echo.mac, **fields})

    def ip(self, **fields):
        return self.ether() / IP(**{"src": self.peer, "dst": self.echo.ip, **fields})

    def say_who_we_are(self):
        """An ARP request tells leat our address, as the first packet of any neighbour does; it is repeated, as theirs are."""
        request = self.ether(dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=PEER_MAC, psrc=self.peer, pdst=self.echo.ip)
        reply = next((answer for answer in (self.ask(request) for _ in range(3)) if answer), None)
        assert reply and reply[ARP].hwsrc == self.echo.mac
        return reply

    def ask(self, frame, timeout=2):
        """Sends a frame; returns the first answer to PEER_MAC, or None."""
        return srp1(
            frame, iface=self.device, timeout=timeout, promisc=True,
            filter=None, verbose=0,
        )  # fmt: skip

    def send(self, *frames):
        for frame in frames:
            sendp(frame, iface=self.device, verbose=0)

    def check_alive(self):
        reply = self.ask(self.ip() / ICMP(id=99) / b"alive")
        assert reply and reply[ICMP].type == 0

    def stop(self):
        self.check_alive()
        return self.echo.stop()


@pytest.fixture
def wire(leat):
    made = Wire(leat("echo"))
    made.say_who_we_are()
    return made


def test_echo_reply_has_the_request_data(wire):
    data = bytes(range(200))
    reply = wire.ask(wire.ip(ttl=3) / ICMP(id=7, seq=9) / data)
    assert reply[IP].src == wire.echo.ip and reply[IP].ttl == 64
    assert (reply[ICMP].type, reply[ICMP].id, reply[ICMP].seq) == (0, 7, 9)
    assert bytes(reply[ICMP].payload)[:200] == data


def test_closed_udp_port_gets_port_unreachable(wire):
    reply = wire.ask(wire.ip() / UDP(sport=4000, dport=9) / b"nobody")
    assert (reply[ICMP].type, reply[ICMP].code) == (3, 3)
    quote = bytes(reply[ICMP].payload)
    assert quote[9] == 17 and quote[20:24] == bytes([0x0F, 0xA0, 0, 9])
    assert wire.stop()["drop_udp_port"] == 1


def test_closed_tcp_port_gets_a_reset(wire):
    """RFC 9293 3.10.7.1: SEQ 0, ACK is the segment's SEQ plus its length."""
    reply = wire.ask(wire.ip() / TCP(sport=4000, dport=9, flags="S", seq=1000))
    assert reply[TCP].flags == "RA" and reply[TCP].ack == 1001 and reply[TCP].seq == 0
    reply = wire.ask(wire.ip() / TCP(sport=4000, dport=9, flags="A", seq=5, ack=777))
    assert reply[TCP].flags == "R" and reply[TCP].seq == 777
    assert wire.stop()["drop_tcp_port"] == 2


@pytest.mark.skipif(PATH, reason="nothing behind it is an Ethernet")
def test_short_frames_are_padded_with_zeros(wire):
    """E2, CVE-2003-0001: the padding up to 60 bytes has no old data."""
    reply = wire.ask(wire.ip() / ICMP() / b"x")
    assert len(reply) >= 60
    padding = bytes(reply[Padding]) if Padding in reply else bytes(reply)[14 + 20 + 8 + 1 :]
    assert padding and not any(padding)


DROPPED = {
    "drop_eth_not_ours": lambda w: Ether(src=PEER_MAC, dst="02:00:00:00:00:bb") / w.ip().payload / ICMP(),
    "drop_eth_vlan": lambda w: w.ether() / Dot1Q(vlan=5) / w.ip().payload / ICMP(),
    "drop_eth_type": lambda w: w.ether(type=0x88B5) / Raw(b"?" * 46),
    "drop_eth_source": lambda w: w.ether(src="01:00:5e:00:00:01") / w.ip().payload / ICMP(),
    "drop_arp_format": lambda w: w.ether() / ARP(hwlen=5, psrc=w.peer, pdst=w.echo.ip),
    "drop_ip_header": lambda w: w.ip(ihl=4) / ICMP(),
    "drop_ip_checksum": lambda w: w.ip(chksum=1) / ICMP(),
    "drop_ip_source": lambda w: w.ip(src=w.echo.ip) / ICMP(),
    "drop_ip_not_ours": lambda w: w.ip(dst="192.0.2.1") / ICMP(),
    "drop_ip_fragment": lambda w: w.ip(proto=17, frag=8191, flags="MF") / Raw(b"!" * 64),
    "drop_icmp_checksum": lambda w: w.ip() / ICMP(chksum=1),
    "drop_icmp_type": lambda w: w.ip() / ICMP(type=5, code=1, gw="192.0.2.1") / w.ip().payload / (b"\0" * 8),
    "drop_icmp_broadcast": lambda w: w.ether(dst="ff:ff:ff:ff:ff:ff")
    / IP(src=w.peer, dst=f"{w.echo.net}.255")
    / ICMP(),
    "drop_udp_format": lambda w: w.ip() / UDP(sport=1, dport=7, len=7) / b"short",
    "drop_udp_checksum": lambda w: w.ip() / UDP(sport=1, dport=7, chksum=1) / b"sum",
    "drop_tcp_format": lambda w: w.ip() / TCP(sport=1, dport=7, dataofs=4),
    "drop_tcp_checksum": lambda w: w.ip() / TCP(sport=1, dport=7, flags="S", chksum=1),
    "drop_tcp_flags": lambda w: w.ip() / TCP(sport=1, dport=7, flags="SF"),
}


@pytest.mark.parametrize("counter", DROPPED)
def test_dropped_in_silence_under_its_own_name(wire, counter):
    assert wire.ask(DROPPED[counter](wire), timeout=0.3) is None
    assert wire.stop().get(counter) == 1


def test_noise_is_dropped_and_counted(wire):
    """Legal packets with a few bytes changed, as in most attacks."""
    random_bytes = random.Random(1)
    legal = [
        bytes(frame)
        for frame in (
            wire.ether() / ARP(hwsrc=PEER_MAC, psrc=wire.peer, pdst=wire.echo.ip),
            wire.ip() / ICMP() / (b"." * 40),
            wire.ip(flags="MF", id=3) / ICMP() / (b"." * 40),
            wire.ip(options=[IPOption(b"\x07\x07\x04\0\0\0\0\0")]) / ICMP(),
            wire.ip() / UDP(sport=4000, dport=7) / (b"." * 40),
            wire.ip() / TCP(sport=4000, dport=7, flags="S", options=[("MSS", 1460), ("WScale", 7)]),
            wire.ip() / TCP(sport=4000, dport=7, flags="PA", seq=1, ack=1) / b"text",
            wire.ip() / ICMP(type=3, code=3) / wire.ip().payload / UDP(sport=7, dport=4000),
        )
    ]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((wire.device, 0))
        for number in range(20_000):
            frame = bytearray(random_bytes.choice(legal))
            for _ in range(random_bytes.randrange(4)):
                frame[random_bytes.randrange(6, len(frame))] = random_bytes.randrange(256)
            if number % 5 == 0:
                del frame[random_bytes.randrange(14, len(frame)) :]
            while True:
                try:
                    raw.send(frame)
                    break
                except OSError:  # the device's queue is full
                    time.sleep(0.001)
    time.sleep(0.2)
    stats = wire.stop()  # stop() also checks that the counters balance
    assert stats["rx_frames"] > 5000


def test_redirect_changes_nothing(wire):
    """C3, CVE-2020-11911."""
    wire.send(wire.ip() / ICMP(type=5, code=1, gw=f"{wire.echo.net}.66") / wire.ip().payload / (b"\0" * 8))
    assert wire.ask(wire.ip() / UDP(sport=4000, dport=7) / b"still here")[UDP].sport == 7


def test_overlapping_fragments_are_no_datagram(wire):
    """I5, teardrop (RFC 5722's rule for IPv6, RFC 1858)."""
    whole = bytes(ICMP(id=3) / (b"a" * 56))
    first = wire.ip(id=5, proto=1, flags="MF") / Raw(whole[:32])
    again = wire.ip(id=5, proto=1, frag=2) / Raw(whole[16:])
    wire.send(first)
    assert wire.ask(again, timeout=0.3) is None
    stats = wire.stop()
    assert stats["drop_ip_fragment"] >= 1 and "ip_reassembled" not in stats


def test_an_echo_server_is_not_answered(wire):
    """Two echo servers would answer each other for ever."""
    assert wire.ask(wire.ip() / UDP(sport=7, dport=7) / b"ping-pong", timeout=0.3) is None


def test_unsolicited_reply_makes_no_neighbour(wire):
    """A2: an unsolicited reply changes nothing."""
    liar, victim = "02:00:00:00:00:ee", f"{wire.echo.net}.88"
    wire.send(wire.ether(src=liar) / ARP(op=2, hwsrc=liar, psrc=victim, hwdst=wire.echo.mac, pdst=wire.echo.ip))
    question = wire.ask(
        wire.ether() / IP(src=victim, dst=wire.echo.ip) / UDP(sport=4000, dport=7) / b"?", timeout=1
    )
    assert question is None or ARP not in question or question[ARP].op == 1
    wire.stop()
