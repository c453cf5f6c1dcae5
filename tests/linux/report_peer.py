"""A host that a test plays frame by frame, beside an example of leat: Ethernet, ARP, neighbour discovery, TCP."""

import itertools
import os
import socket
import struct
import time

os.environ.setdefault("XDG_CACHE_HOME", "/nonexistent")  # keeps scapy from writing files
os.environ.setdefault("XDG_CONFIG_HOME", "/nonexistent")

from scapy.all import (ARP, ICMP, IP, TCP, Ether, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,
                       IPv6, Raw, conf)

from conftest import LIMIT_S

conf.verb = 0
OUR6 = "fd78::2"
QUIET_S = 0.4  # for an answer that must not come

_numbers = itertools.count(10)


class Peer:
    """A host of its own on the wire of an example, in both families. It answers ARP requests and solicitations."""

    def __init__(self, echo):
        number = next(_numbers)
        self.echo, self.mac = echo, f"02:00:00:00:01:{number:02x}"
        self.ip, self.ip6 = f"{echo.net}.{number}", f"fd78::1:{number:x}"
        self.port = 20000 + 50 * number
        self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.raw.bind((echo.wire, 0))

    def close(self):
        self.raw.close()

    # frames to leat
    def ether(self, **fields):
        return Ether(**{"src": self.mac, "dst": self.echo.mac, **fields})

    def v4(self, **fields):
        return self.ether() / IP(**{"src": self.ip, "dst": self.echo.ip, **fields})

    def v6(self, **fields):
        return self.ether() / IPv6(**{"src": self.ip6, "dst": OUR6, **fields})

    def send(self, *frames):
        for frame in frames:
            self.raw.send(bytes(frame))

    # frames to us
    def receive(self, seconds, wanted=lambda frame: True):
        """The next frame to us that is wanted, or None."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.raw.settimeout(left)
            try:
                data, address = self.raw.recvfrom(65536)
            except (TimeoutError, BlockingIOError):
                break
            if address[2] == socket.PACKET_OUTGOING:  # what we or the kernel have sent
                continue
            frame = Ether(data)
            self.answer_neighbour(frame)
            if frame.dst == self.mac and wanted(frame):
                return frame
        return None

    def answer_neighbour(self, frame):
        if ARP in frame and frame[ARP].op == 1 and frame[ARP].pdst == self.ip:
            self.send(self.ether() / ARP(op=2, hwsrc=self.mac, psrc=self.ip, hwdst=self.echo.mac, pdst=self.echo.ip))
        if ICMPv6ND_NS in frame and frame[ICMPv6ND_NS].tgt == self.ip6:
            self.send(self.ether() / IPv6(src=self.ip6, dst=frame[IPv6].src, hlim=255)
                      / ICMPv6ND_NA(tgt=self.ip6, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=self.mac))

    def ask(self, frame, wanted=lambda frame: ARP not in frame and ICMPv6ND_NS not in frame, seconds=LIMIT_S):
        self.send(frame)
        return self.receive(seconds, wanted)

    def gets_nothing(self, *frames):
        self.send(*frames)
        answer = self.receive(QUIET_S, lambda frame: ICMPv6ND_NS not in frame and not (ARP in frame and frame[ARP].op == 1))
        assert answer is None, answer.summary()

    def check_alive(self):
        """Both families answer."""
        reply = self.ask(self.v4() / ICMP(id=99, seq=1) / b"alive", lambda frame: ICMP in frame)
        assert reply and reply[ICMP].type == 0 and bytes(reply[ICMP].payload)[:5] == b"alive"
        reply = self.ask(self.v6() / ICMPv6EchoRequest(id=99, data=b"alive"), lambda frame: ICMPv6EchoReply in frame)
        assert reply and reply[ICMPv6EchoReply].data == b"alive"

    def open(self, **fields):
        return Talk(self, **fields)


class Talk:
    """A TCP connection to the echo service, segment by segment."""

    def __init__(self, peer, window=65535, options=(("MSS", 1460),), version=4, shake=True):
        self.peer, self.version, self.window = peer, version, window
        peer.port += 1
        self.port, self.next, self.acked = peer.port, 1000, 0
        self.answer = self.ask("S", options=list(options)) or self.ask("S", options=list(options))  # as a TCP asks again
        assert self.answer.flags == "SA" and self.answer.ack == 1001
        self.next, self.acked = 1001, self.answer.seq + 1
        if shake:
            self.send("A")

    def segment(self, flags, data=b"", seq=None, ack=None, **fields):
        below = self.peer.v4() if self.version == 4 else self.peer.v6()
        return below / TCP(**{"sport": self.port, "dport": 7, "flags": flags, "seq": self.next if seq is None else seq,
                              "ack": self.acked if ack is None else ack, "window": self.window, **fields}) / Raw(data)

    def send(self, flags, data=b"", **fields):
        self.peer.send(self.segment(flags, data, **fields))

    def receive(self, seconds=LIMIT_S, wanted=lambda segment: True):
        frame = self.peer.receive(seconds, lambda frame: TCP in frame and frame[TCP].dport == self.port and wanted(frame[TCP]))
        return frame and frame[TCP]

    def ask(self, flags, data=b"", wanted=lambda segment: True, **fields):
        self.send(flags, data, **fields)
        return self.receive(wanted=wanted)

    def gets_nothing(self, flags, data=b"", seconds=QUIET_S, **fields):
        self.send(flags, data, **fields)
        assert (answer := self.receive(seconds)) is None, answer.summary()

    def says(self, data):
        """Data comes back whole and in order."""
        self.send("PA", data)
        self.next += len(data)
        self.hears(data)

    def hears(self, data):
        heard = b""
        while len(heard) < len(data):
            segment = self.receive()
            assert segment is not None, heard
            text = text_of(segment)
            if text and segment.seq == self.acked:
                heard += text
                self.acked += len(text)
                self.send("A")
        assert heard == data


def text_of(segment):
    """The data of a segment, without the padding of a short frame."""
    below = segment.underlayer
    length = below.plen if IPv6 in below else below.len - 4 * below.ihl
    return bytes(segment.payload)[:length - 4 * segment.dataofs]


def of_another_router(frame, number):
    """The advertisement from another source, with its checksum mended by hand, because scapy is slow."""
    frame = bytearray(frame)
    total = struct.unpack_from("!H", frame, 14 + 42)[0] - number
    struct.pack_into("!H", frame, 14 + 22, number)
    struct.pack_into("!H", frame, 14 + 42, total % 0xFFFF)
    return frame
