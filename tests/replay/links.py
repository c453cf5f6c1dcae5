"""The links that a capture may be of: each wraps a packet of IP in its own headers."""

import json
import pathlib
import struct

from captures import pcap, replay

REQUEST, ANSWER = b"what is it?\n", b"a leat\n" * 300  # of captures.conversation()
SRC, DST = b"\2\0\0\0\0\3", b"\2\0\0\0\0\2"


def ether(kind, payload):
    return DST + SRC + struct.pack(">H", kind) + payload


def kind_of(ip):
    return 0x86DD if ip[0] >> 4 == 6 else 0x0800


def typed(ip):
    """The EtherType and the packet."""
    return struct.pack(">H", kind_of(ip)) + ip


def ppp(ip):
    return struct.pack(">H", 0x57 if ip[0] >> 4 == 6 else 0x21) + ip


def pppoe(ip):
    return struct.pack(">BBHH", 0x11, 0, 7, len(ip) + 2) + ppp(ip)


def llc(ip):
    return b"\xaa\xaa\x03\0\0\0" + typed(ip)


def wireless(ip, control=b"\x08\x02", more=b""):
    """A data frame from an access point; @more follows the header."""
    return control + b"\0\0" + DST + b"\2\0\0\0\0\x09" + SRC + b"\0\0" + more + llc(ip)


def family(ip, order, of_6=30):
    return struct.pack(order + "I", of_6 if ip[0] >> 4 == 6 else 2) + ip


def nflog(ip, order="<"):
    part = struct.pack(order + "HH", 10, 10) + b"prefix" + b"\0\0"
    return bytes([2, 0, 0, 0]) + part + struct.pack(order + "HH", 4 + len(ip), 9) + ip


LINKS = {  # {name: (link type, function that wraps a packet)}
    "Ethernet": (1, lambda ip: ether(kind_of(ip), ip)),
    "802.1Q": (1, lambda ip: ether(0x8100, b"\0\x07" + typed(ip))),
    "802.1ad": (1, lambda ip: ether(0x88A8, b"\0\x07\x81\0\0\x08" + typed(ip))),
    "QinQ 9100": (1, lambda ip: ether(0x9100, b"\0\x07\x81\0\0\x08" + typed(ip))),
    "MPLS": (1, lambda ip: ether(0x8847, struct.pack(">II", 16 << 12 | 64, 17 << 12 | 0x140) + ip)),
    "MPLS, a pseudowire": (1, lambda ip: ether(0x8847, struct.pack(">II", 17 << 12 | 0x140, 0) + ether(kind_of(ip), ip))),
    "MPLS, Ethernet at once": (1, lambda ip: ether(0x8847, struct.pack(">I", 17 << 12 | 0x140) + ether(kind_of(ip), ip))),
    "MPLS in 802.1Q": (1, lambda ip: ether(0x8100, b"\0\x07\x88\x47" + struct.pack(">I", 17 << 12 | 0x140) + ip)),
    "PPPoE in Ethernet": (1, lambda ip: ether(0x8864, pppoe(ip))),
    "PPPoE in 802.1Q": (1, lambda ip: ether(0x8100, b"\0\x07\x88\x64" + pppoe(ip))),
    "SNAP": (1, lambda ip: ether(8 + len(ip), llc(ip))),
    "cooked": (113, lambda ip: b"\0\0\0\1\0\6" + SRC + b"\0\0" + typed(ip)),
    "cooked, outgoing, of no Ethernet": (113, lambda ip: b"\0\4\xff\xfe\0\0" + bytes(8) + typed(ip)),
    "cooked with a tag": (113, lambda ip: b"\0\0\0\1\0\6" + SRC + b"\0\0\x81\0\0\7" + typed(ip)),
    "cooked v2": (276, lambda ip: struct.pack(">HHIHBB", kind_of(ip), 0, 2, 1, 0, 6) + SRC + b"\0\0" + ip),
    "raw IP": (101, lambda ip: ip),
    "raw IP 12": (12, lambda ip: ip),
    "raw IP 14": (14, lambda ip: ip),
    "raw IPv4": (228, lambda ip: ip),
    "raw IPv6": (229, lambda ip: ip),
    "BSD loopback, little endian": (0, lambda ip: family(ip, "<")),
    "BSD loopback, big endian": (0, lambda ip: family(ip, ">", 24)),
    "OpenBSD loopback": (108, lambda ip: family(ip, ">", 24)),
    "PPP": (9, ppp),
    "PPP with address": (9, lambda ip: b"\xff\3" + ppp(ip)),
    "PPP, short": (9, lambda ip: ppp(ip)[1:]),
    "PPP HDLC": (50, lambda ip: b"\xff\3" + ppp(ip)),
    "PPP HDLC, Cisco's": (50, lambda ip: b"\x0f\0" + typed(ip)),
    "PPPoE": (51, pppoe),
    "PPP with direction": (204, lambda ip: b"\1\xff\3" + ppp(ip)),
    "Cisco HDLC": (104, lambda ip: b"\x0f\0" + typed(ip)),
    "Frame Relay": (107, lambda ip: b"\x18\x41\3" + (b"\x8e" if ip[0] >> 4 == 6 else b"\xcc") + ip),
    "Frame Relay, SNAP": (107, lambda ip: b"\x18\x41\3\0\x80\0\0\0" + typed(ip)),
    "Frame Relay, Cisco's": (107, lambda ip: b"\x18\x41" + typed(ip)),
    "ATM": (100, llc),
    "FDDI": (10, lambda ip: b"\x50" + DST + SRC + llc(ip)),
    "Token Ring": (6, lambda ip: b"\x10\x40" + DST + SRC + llc(ip)),
    "Token Ring with a route": (6, lambda ip: b"\x10\x40" + DST + b"\x82" + SRC[1:] + b"\6\x10\0\x11\0\x12" + llc(ip)),
    "SLIP": (8, lambda ip: bytes(16) + ip),
    "OpenBSD IPsec": (109, lambda ip: family(ip, "<", 24)[:4] + bytes(8) + ip),
    "pflog": (117, lambda ip: b"\x3d\2" + bytes(62) + ip),
    "MPLS alone": (219, lambda ip: struct.pack(">I", 17 << 12 | 0x140) + ip),
    "802.11": (105, wireless),
    "802.11 with QoS": (105, lambda ip: wireless(ip, b"\x88\x02", b"\0\0")),
    "radiotap": (127, lambda ip: b"\0\0\x08\0\0\0\0\0" + wireless(ip)),
    "radiotap, padded": (127, lambda ip: b"\0\0\x11\0\3\0\0\0" + bytes(8) + b"\x20" + wireless(ip, b"\x88\x02", b"\0\0\0\0")),
    "Prism": (119, lambda ip: struct.pack("<II", 0x44, 144) + bytes(136) + wireless(ip)),
    "AVS": (163, lambda ip: b"\x80\x21\x10\x01\0\0\0\x40" + bytes(56) + wireless(ip)),
    "PPI": (192, lambda ip: b"\0\0\x08\0\x69\0\0\0" + wireless(ip)),
    "nflog": (239, nflog),
    "nflog, big endian": (239, lambda ip: nflog(ip, ">")),
    "PKTAP": (258, lambda ip: struct.pack("<III", 108, 1, 12) + bytes(96) + ip),
    "netANALYZER": (240, lambda ip: bytes(4) + ether(kind_of(ip), ip)),
    "DSA tag": (284, lambda ip: DST + SRC + b"\xc0\0\0\0" + typed(ip)),
    "EDSA tag": (285, lambda ip: DST + SRC + b"\xda\xda\0\0\xc0\0\0\0" + typed(ip)),
}


def on_link(name, frames):
    """(time, Ethernet frame) of @frames as frames of that link."""
    _, wrap = LINKS[name]
    return [(time, wrap(frame[14:])) for time, frame in frames]


def capture_of(name, frames):
    return pcap(on_link(name, frames), link_type=LINKS[name][0])


def snoop(frames, datalink=4, cut=0):
    """RFC 1761; @cut bytes of each frame are missing."""
    content = b"snoop\0\0\0" + struct.pack(">II", 2, datalink)
    for time_ns, data in frames:
        kept = data[: len(data) - cut]
        padding = bytes(-len(kept) % 4)
        content += struct.pack(">IIIIII", len(data), len(kept), 24 + len(kept) + len(padding), 0, time_ns // 10**9,
                               time_ns % 10**9 // 1000) + kept + padding
    return content


def streams(content, folder, *words):
    """The bytes of each stream of a capture, which has no other."""
    path = folder / "capture"
    path.write_bytes(content)
    done = replay("streams", "--json", "--out", folder, *words, path)
    assert done.returncode == 0, done
    return [pathlib.Path(one["file"]).read_bytes() for one in json.loads(done.stdout)["streams"]]
