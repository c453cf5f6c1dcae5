#!/usr/bin/env python3
"""Makes the captures of this folder: Linux talks to Linux, over a relay that loses frames.

    unshare --net tests/traces/make.py BUILD [NAME...]

The client is in the namespace that unshare makes, where the capture is taken; the server is in one
of its own, at the far end of tests/linux/relay. Each capture is kept if it shows what its name says
(else another seed is tried); index.json tells what each must hold.
"""

import contextlib
import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys
import threading
import time

FOLDER = pathlib.Path(__file__).resolve().parent
os.environ["LEAT_BUILD"] = sys.argv[1] if len(sys.argv) > 1 else "build"
from hosts import CLIENT_PORT, PORT, Path  # noqa: E402
from pattern import pattern  # noqa: E402

ETH_P_ARP = 0x0806
TRIES = 8


def drain(sock):
    """Reads to the end; returns the number of bytes."""
    count = 0
    while data := sock.recv(1 << 16):
        count += len(data)
    return count


def send_all(sock, data):
    """Sends in a thread, which it returns."""
    thread = threading.Thread(target=sock.sendall, args=(data,))
    thread.start()
    return thread


def transfer(path, up, down, **kwargs):
    """Data both ways at the same time; the client closes first."""
    client, server = path.pair(**kwargs)
    sending = [send_all(client, pattern("up", up)), send_all(server, pattern("down", down))]
    got = {}
    ends = [threading.Thread(target=lambda one=one: got.__setitem__(one, drain(one)))
            for one in (client, server)]
    for end in ends:
        end.start()
    sending[0].join()
    client.shutdown(socket.SHUT_WR)
    sending[1].join()
    ends[1].join()
    server.close()
    ends[0].join()
    client.close()
    assert got == {client: down, server: up}
    return [[up, down]]


# --- the scenes; each returns the bytes of its flows, up and down

def close_client(path):
    client, server = path.pair()
    client.sendall(pattern("up", 100))
    server.recv(100, socket.MSG_WAITALL)
    server.sendall(pattern("down", 3000))
    client.recv(3000, socket.MSG_WAITALL)
    client.close()
    drain(server)
    server.close()
    return [[100, 3000]]


def close_server(path):
    client, server = path.pair()
    client.sendall(pattern("up", 100))
    server.recv(100, socket.MSG_WAITALL)
    server.sendall(pattern("down", 3000))
    server.close()
    drain(client)
    client.close()
    return [[100, 3000]]


def close_both(path):
    """Both close at the same time: the FINs cross."""
    client, server = path.pair()
    client.sendall(pattern("up", 50))
    server.recv(50, socket.MSG_WAITALL)
    time.sleep(0.2)
    client.shutdown(socket.SHUT_WR)
    server.shutdown(socket.SHUT_WR)
    drain(client), drain(server)
    client.close(), server.close()
    return [[50, 0]]


def half_close(path):
    """The client closes its side; the server goes on sending for a while."""
    client, server = path.pair()
    client.sendall(pattern("up", 20))
    client.shutdown(socket.SHUT_WR)
    drain(server)
    text = pattern("down", 5000)
    for at in range(0, 5000, 1000):
        server.sendall(text[at : at + 1000])
        time.sleep(0.03)
    server.close()
    drain(client)
    client.close()
    return [[20, 5000]]


def abort(path):
    client, server = path.pair()
    client.sendall(pattern("up", 2000))
    server.recv(2000, socket.MSG_WAITALL)
    time.sleep(0.1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    time.sleep(0.1)
    server.close()
    return [[2000, 0]]


def refused(path):
    with path.client() as client, contextlib.suppress(ConnectionRefusedError):
        client.connect((path.far_ip, PORT))
    return []


def open_both(path):
    """Both connect to each other: the SYNs cross (RFC 9293 3.5)."""
    near, far = path.client(CLIENT_PORT), path.far_socket()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    far.bind((path.far_ip, PORT))
    time.sleep(0.1)
    neighbours(path)
    for sock, where in ((near, (path.far_ip, PORT)), (far, (path.near_ip, CLIENT_PORT))):
        sock.setblocking(False)
        sock.connect_ex(where)
    for sock in (near, far):
        select.select([], [sock], [], 20)
        sock.setblocking(True)
        sock.settimeout(20)
    near.sendall(pattern("up", 300))
    far.recv(300, socket.MSG_WAITALL)
    far.sendall(pattern("down", 300))
    near.recv(300, socket.MSG_WAITALL)
    near.close()
    drain(far)
    far.close()
    return [[300, 300]]


def neighbours(path):
    """Resolves the link addresses of both hosts in advance."""
    subprocess.run(["ping", "-n", "-q", "-c", "1", "-W", "5", path.far_ip], check=True,
                   stdout=subprocess.DEVNULL)


def plain(path):
    """No options but the MSS."""
    return transfer(path, 5000, 20_000)


def both_ways(path):
    return transfer(path, 40_000, 60_000)


def one_way(path):
    return transfer(path, 100, 90_000)


def zero_window(path):
    """The reader sleeps until the window is closed, and longer."""
    client, server = path.pair(buffer=4096)
    sending = send_all(server, pattern("down", 40_000))
    time.sleep(1.5)
    thread = threading.Thread(target=lambda: (sending.join(), server.close()))
    thread.start()
    drain(client)
    thread.join()
    client.close()
    return [[0, 40_000]]


def keep_alive(path):
    client, server = path.pair()
    client.sendall(pattern("up", 10))
    server.recv(10, socket.MSG_WAITALL)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    time.sleep(3.5)
    client.close()
    drain(server)
    server.close()
    return [[10, 0]]


def urgent(path):
    client, server = path.pair()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    text = pattern("up", 300)
    client.sendall(text[:100])
    client.send(text[100:101], socket.MSG_OOB)
    client.sendall(text[101:])
    client.close()
    drain(server)
    server.close()
    return [[300, 0]]


def small_writes(path):
    """Nagle's algorithm and delayed ACKs."""
    client, server = path.pair()
    for byte in pattern("up", 40):
        client.send(bytes([byte]))
        time.sleep(0.002)
    server.recv(40, socket.MSG_WAITALL)
    server.sendall(pattern("down", 40))
    client.recv(40, socket.MSG_WAITALL)
    client.close()
    drain(server)
    server.close()
    return [[40, 40]]


def same_ports(path):
    """The same ports and addresses twice: a SYN meets TIME-WAIT (RFC 6191)."""
    flows = []
    for count in (500, 700):
        client, server = path.pair()
        server.sendall(pattern("down", count))
        client.recv(count, socket.MSG_WAITALL)
        client.close()
        drain(server)
        server.close()
        time.sleep(1.2)
        flows.append([0, count])
    return flows


def fragments(path):
    near, far = udp_pair(path)
    for size in (1472, 1473, 4000, 9000):
        near.send(pattern("up", size))
        text, peer = far.recvfrom(65536)
        far.sendto(text, peer)
        near.recv(65536)
    subprocess.run(["ping", "-n", "-q", "-c", "2", "-i", "0.2", "-s", "3000", "-W", "5", path.far_ip],
                   check=True, stdout=subprocess.DEVNULL)
    near.close(), far.close()
    return []


def udp_pair(path, port=PORT):
    far = path.far_socket(socket.SOCK_DGRAM)
    far.bind((path.far_ip, port))
    near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    near.bind((path.near_ip, CLIENT_PORT))
    for sock in (near, far):
        sock.settimeout(20)
    near.connect((path.far_ip, port))
    return near, far


def udp(path):
    """Datagrams both ways, then one to a closed port."""
    near, far = udp_pair(path)
    for size in (0, 1, 17, 512, 1400):
        near.send(pattern("up", size))
        text, peer = far.recvfrom(65536)
        far.sendto(text[::-1], peer)
        near.recv(65536)
    far.close()
    near.send(b"anybody?")
    time.sleep(0.1)
    near.close()
    return []


def dns(path):
    """Questions and answers (RFC 1035): A, AAAA, NXDOMAIN; one too long for UDP, repeated by TCP."""
    near, far = udp_pair(path, 53)
    name = b"\3www\7example\3com\0"

    def ask(number, kind, flags, answers):
        question = name + struct.pack(">HH", kind, 1)
        near.send(struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + question)
        far.sendto(struct.pack(">HHHHHH", number, flags, 1, len(answers), 0, 0) + question
                   + b"".join(answers), far.recvfrom(512)[1])
        near.recv(512)

    def record(kind, data):
        return struct.pack(">HHHIH", 0xC00C, kind, 1, 300, len(data)) + data

    ask(1001, 1, 0x8180, [record(1, bytes((192, 0, 2, 3)))])
    ask(1002, 28, 0x8180, [record(28, bytes.fromhex("20010db8000000000000000000000003"))])
    ask(1003, 15, 0x8183, [])
    ask(1004, 16, 0x8380, [])  # truncated
    near.close(), far.close()
    question = name + struct.pack(">HH", 16, 1)
    query = struct.pack(">HHHHHH", 1005, 0x0100, 1, 0, 0, 0) + question
    answer = struct.pack(">HHHHHH", 1005, 0x8180, 1, 4, 0, 0) + question + b"".join(
        record(16, b"\xc8" + 200 * bytes((letter,))) for letter in b"abcd")
    with path.listener(53) as listening, path.client() as client:
        client.connect((path.far_ip, 53))
        server = listening.accept()[0]
        client.sendall(struct.pack(">H", len(query)) + query)
        server.recv(512)
        server.sendall(struct.pack(">H", len(answer)) + answer)
        client.recv(4096)
        client.close()
        drain(server)
        server.close()
    return [[len(query) + 2, len(answer) + 2]]


def arp_conflict(path):
    """Another host claims the server's address, and one probes it (RFC 5227)."""
    neighbours(path)
    stranger = bytes.fromhex("02000000beef")
    ours = socket.inet_aton(path.far_ip)

    def arp(operation, sha, spa, tpa):
        return (b"\xff" * 6 + sha + struct.pack(">HHHBBH", ETH_P_ARP, 1, 0x0800, 6, 4, operation)
                + sha + spa + bytes(6) + tpa).ljust(60, b"\0")

    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((path.relay.device, 0))
        for frame in (arp(1, stranger, bytes(4), ours),  # a probe
                      arp(1, stranger, ours, ours), arp(2, stranger, ours, ours)):  # claims
            sock.send(frame)
            time.sleep(0.2)
    neighbours(path)
    return []


# --- checks of a capture

def segments(frames):
    """(source port, flags, window, payload bytes, sequence number, has SACK) of TCP over IPv4."""
    for _, frame in frames:
        if frame[12:14] != b"\x08\0" or frame[23] != 6:
            continue
        ip = 14 + 4 * (frame[14] & 15)
        end = 14 + struct.unpack_from(">H", frame, 16)[0]
        sport, _, seq, _, head, flags, window = struct.unpack_from(">HHIIBBH", frame, ip)
        options, at, sack = frame[ip + 20 : ip + 4 * (head >> 4)], 0, False
        while at < len(options) and options[at] != 0:
            sack = sack or options[at] == 5
            at += 1 if options[at] == 1 else options[at + 1]
        yield sport, flags, window, end - ip - 4 * (head >> 4), seq, sack


def has(test, least=1):
    return lambda frames: sum(map(test, segments(frames))) >= least


def repeats(frames):
    """Retransmitted segments: the first byte was sent before."""
    seen, count = set(), 0
    for sport, _, _, length, seq, _ in segments(frames):
        count += length > 0 and (sport, seq) in seen
        seen.add((sport, seq))
    return count


FIN, SYN, RST, URG, ECE = 1, 2, 4, 32, 64
SCENES = {  # {name: (scene, path, settings of the kernels, check)}
    "close-client": (close_client, (), {}, has(lambda s: s[1] & FIN, 2)),
    "close-server": (close_server, (), {}, has(lambda s: s[1] & FIN, 2)),
    "close-both": (close_both, ("--delay", 30), {}, has(lambda s: s[1] & FIN, 2)),
    "half-close": (half_close, (), {}, has(lambda s: s[1] & FIN, 2)),
    "abort": (abort, (), {}, has(lambda s: s[1] & RST)),
    "refused": (refused, (), {}, has(lambda s: s[1] & RST)),
    "open-both": (open_both, ("--delay", 50), {}, has(lambda s: s[1] & SYN, 4)),
    "plain": (plain, (), {"tcp_sack": 0, "tcp_timestamps": 0, "tcp_window_scaling": 0},
              has(lambda s: s[1] & FIN, 2)),
    "handshake-loss": (close_client, ("--loss", 40), {}, has(lambda s: s[1] & SYN, 3)),
    "loss": (both_ways, ("--loss", 5, "--delay", 5), {},
             lambda frames: repeats(frames) > 2 and has(lambda s: s[5], 3)(frames)),
    "loss-no-sack": (both_ways, ("--loss", 5, "--delay", 5),
                     {"tcp_sack": 0}, lambda frames: repeats(frames) > 2),
    "reorder": (both_ways, ("--reorder", 10, "--delay", 5), {}, has(lambda s: s[5], 3)),
    "loss-reorder": (both_ways, ("--loss", 3, "--reorder", 5, "--delay", 5), {},
                     has(lambda s: s[5], 3)),
    "zero-window": (zero_window, (), {}, has(lambda s: s[2] == 0 and not s[1] & RST)),
    "keep-alive": (keep_alive, (), {}, has(lambda s: True, 12)),
    "urgent": (urgent, (), {}, has(lambda s: s[1] & URG)),
    "small-writes": (small_writes, ("--delay", 10), {}, has(lambda s: 0 < s[3] < 40, 2)),
    "same-ports": (same_ports, (), {"tcp_tw_reuse": 1}, has(lambda s: s[1] & SYN, 4)),
    "ecn": (one_way, ("--rate", 5, "--delay", 5, "--mark", 5), {"tcp_ecn": 1},
            has(lambda s: s[1] & ECE and not s[1] & SYN, 3)),
    "fragments": (fragments, (), {}, lambda frames: len(frames) > 20),
    "udp": (udp, (), {}, lambda frames: len(frames) > 10),
    "dns": (dns, (), {}, has(lambda s: s[1] & FIN, 2)),
    "arp-conflict": (arp_conflict, (), {}, lambda frames: len(frames) > 5),
}


def make(name):
    """Captures a scene; returns its flows."""
    scene, more, sysctl, shows = SCENES[name]
    for seed in range(1, TRIES + 1):
        path = Path(more, seed, sysctl)
        flows = None
        try:
            flows = scene(path)
        except OSError as error:  # the path may be too lossy
            print(f"{name}, seed {seed}: {error}")
        finally:
            path.end()
        if flows is not None and shows(path.capture.frames):
            path.capture.write(FOLDER / f"{name}.pcap")
            return {"about": (scene.__doc__ or "").strip(), "path": " ".join(map(str, more)),
                    "client": path.near_ip, "server": path.far_ip, "flows": flows,
                    "frames": len(path.capture.frames)}
    sys.exit(f"{name}: {TRIES} times it did not show what it should")


def main():
    index = FOLDER / "index.json"
    told = json.loads(index.read_text()) if index.exists() else {}
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name in sys.argv[2:] or SCENES:
        told[name] = make(name)
        print(f"{name}: {told[name]['frames']} frames", flush=True)
    index.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
