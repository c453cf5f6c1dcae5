"""Captures built in memory: frames, pcap and pcapng in both byte orders; and the call of leat-replay."""

import os
import pathlib
import socket
import struct
import subprocess

BUILD = pathlib.Path(os.environ.get("LEAT_BUILD", "build")).resolve()
TOOL = BUILD / "tools/leat-replay/leat-replay"

US, NS = 10**6, 10**9


def replay(*words, stdin=None, timeout=120):
    """Runs leat-replay; returns its output as text."""
    return subprocess.run([str(TOOL), *map(str, words)], input=stdin, capture_output=True,
                          timeout=timeout, check=False)


def peak_kib(*words, status=0):
    """The tool's maximum memory in KiB."""
    child = subprocess.Popen([str(TOOL), *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, ended, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(ended)
    assert child.returncode == status
    return used.ru_maxrss


def pcap(frames, order="<", per_s=US, link_type=1):
    """A pcap of (time in ns, bytes)."""
    magic = 0xA1B2C3D4 if per_s == US else 0xA1B23C4D
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link_type)
    return head + b"".join(pcap_record(*frame, order, per_s) for frame in frames)


def pcap_record(time_ns, data, order="<", per_s=US):
    second, rest = divmod(time_ns, NS)
    return struct.pack(order + "IIII", second, rest * per_s // NS, len(data), len(data)) + data


def block(kind, body, order="<"):
    """A block of a pcapng."""
    body += bytes(-len(body) % 4)
    return (struct.pack(order + "II", kind, 12 + len(body)) + body
            + struct.pack(order + "I", 12 + len(body)))


def section(order="<"):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(order="<", link_type=1, digits=9):
    options = struct.pack(order + "HHB3xHH", 9, 1, digits, 0, 0)
    return block(1, struct.pack(order + "HHI", link_type, 0, 0) + options, order)


def packet(time_ns, data, order="<", per_s=NS, number=0):
    units = time_ns * per_s // NS
    return block(6, struct.pack(order + "IIIII", number, units >> 32, units & 0xFFFFFFFF,
                                len(data), len(data)) + data, order)


def pcapng(frames, order="<", per_s=NS):
    """A pcapng of (time in ns, bytes)."""
    return section(order) + interface(order, digits=9 if per_s == NS else 6) + b"".join(
        packet(time_ns, data, order, per_s) for time_ns, data in frames)


def blocks(content):
    """The blocks of a pcapng in this machine's order: (kind, body)."""
    at = 0
    while at < len(content):
        kind, length = struct.unpack_from("=II", content, at)
        assert length % 4 == 0 and struct.unpack_from("=I", content, at + length - 4)[0] == length
        yield kind, content[at + 8 : at + length - 4]
        at += length


def options_of(body, at):
    """The options of a block that begin there: {code: bytes}."""
    found = {}
    while at < len(body):
        code, length = struct.unpack_from("=HH", body, at)
        found[code] = body[at + 4 : at + 4 + length]
        at += 4 + length + -length % 4
    return found


def recorded(path):
    """The contents of a recording: its options, and its frames: (time in ns, direction, comment, bytes)."""
    notes, frames = "", []
    for kind, body in blocks(path.read_bytes()):
        if kind == 0x0A0D0D0A:
            notes = options_of(body, 16).get(1, b"").decode()
        elif kind == 6:
            _, high, low, length, _ = struct.unpack_from("=IIIII", body)
            options = options_of(body, 20 + length + -length % 4)
            direction = {0: "", 1: "in", 2: "out"}[int.from_bytes(options.get(2, b""), "little")]
            frames.append((high << 32 | low, direction, options.get(1, b"").decode(),
                           body[20 : 20 + length]))
    return notes, frames


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF ^ total


def ip4(text):
    return bytes(map(int, text.split(".")))


def ipv4(src, dst, protocol, payload):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0)
    head += ip4(src) + ip4(dst)
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return b"\2\0\0\0\0\2" + b"\2\0\0\0\0\3" + b"\x08\0" + head + payload


def ipv6(src, dst, protocol, payload, headers=b""):
    """A frame; @headers, the first of which is a Destination Options header, come before the payload."""
    head = struct.pack(">IHBB", 0x60000000, len(headers + payload), 60 if headers else protocol, 64)
    head += socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst)
    return b"\2\0\0\0\0\2" + b"\2\0\0\0\0\3" + b"\x86\xdd" + head + headers + payload


def tcp(src, dst, flags, seq, ack, text=b"", window=65535, headers=b""):
    """A frame; @src and @dst are (address, port) of one family."""
    head = struct.pack(">HHIIBBHHH", src[1], dst[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50,
                       flags, window, 0, 0)
    family = socket.AF_INET6 if ":" in src[0] else socket.AF_INET
    pseudo = socket.inet_pton(family, src[0]) + socket.inet_pton(family, dst[0])
    pseudo += struct.pack(">HH", 6, len(head) + len(text))
    head = head[:16] + struct.pack(">H", checksum(pseudo + head + text)) + head[18:]
    if family == socket.AF_INET6:
        return ipv6(src[0], dst[0], 6, head + text, headers)
    return ipv4(src[0], dst[0], 6, head + text)


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, SERVER = ("10.0.0.1", 40000), ("10.0.0.2", 80)
CLIENT6, SERVER6 = ("2001:db8::1", 40000), ("2001:db8::2", 80)


def conversation(request=b"what is it?\n", answer=b"a leat\n" * 300, mss=1000, ends=(CLIENT, SERVER)):
    """The frames of a flow in order, a millisecond apart."""
    client, server = ends
    here, there = 1000, 0xFFFFFF00  # wraps around
    frames = [tcp(client, server, SYN, here, 0), tcp(server, client, SYN | ACK, there, here + 1)]
    here, there = here + 1, there + 1
    frames += [tcp(client, server, ACK, here, there),
               tcp(client, server, PSH | ACK, here, there, request)]
    here += len(request)
    for at in range(0, len(answer), mss):
        piece = answer[at : at + mss]
        frames.append(tcp(server, client, PSH | ACK, there, here, piece))
        there += len(piece)
        frames.append(tcp(client, server, ACK, here, there))
    frames += [tcp(server, client, FIN | ACK, there, here),
               tcp(client, server, FIN | ACK, here, there + 1),
               tcp(server, client, ACK, there + 1, here + 1)]
    return [(10**18 + number * 10**6, frame) for number, frame in enumerate(frames)]
