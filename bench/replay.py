#!/usr/bin/env python3
"""How fast leat-replay feeds a capture, beside a bare loop over pcap_next_ex.

    bench/replay.py BUILD [CAPTURE]

Without a capture five are made. One repeats the frames of tests/traces. Two have TCP segments, large and small ones, each
answered with a RST. One has datagrams to a closed port, of which 100 a second are answered. The last has datagrams that a
program takes without an answer. Times are processor times, so that other programs on the machine
matter less.
"""

import pathlib
import resource
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/replay"))
from captures import ACK, NS, ipv4, pcap, pcap_record, tcp  # noqa: E402

ROUNDS = 15
FRAMES = 400_000


def processor_s():
    """Processor time of our children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def frames_a_second(frames, *commands):
    """The best of some rounds, of each command; they take turns, so that others are in the way of all."""
    best = [float("inf")] * len(commands)
    for _ in range(ROUNDS):
        for at, command in enumerate(commands):
            before = processor_s()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            best[at] = min(best[at], processor_s() - before)
    return [frames / s for s in best]


def traces():
    """The frames of tests/traces, one capture after another: (time in ns, bytes)."""
    shift = 0
    for path in sorted((ROOT / "tests/traces").glob("*.pcap")):
        content, at, first = path.read_bytes(), 24, None
        while at < len(content):
            second, nanosecond, length, _ = struct.unpack_from("<IIII", content, at)
            time_ns = second * NS + nanosecond
            first = first if first is not None else time_ns
            yield shift + time_ns - first, content[at + 16 : at + 16 + length]
            at += 16 + length
        shift += time_ns - first + NS


def write_repeated(path, frames, period_ns):
    """So many times that there are FRAMES of them; each time later."""
    with open(path, "wb") as file:
        file.write(pcap([]))
        for at in range(FRAMES):
            turn, number = divmod(at, len(frames))
            time_ns, frame = frames[number]
            file.write(pcap_record(10**9 * NS + turn * period_ns + time_ns, frame))


def made(folder):
    """Captures: (name, path, frames, options)."""
    mixed = list(traces())
    path = pathlib.Path(folder) / "mixed.pcap"
    write_repeated(path, mixed, mixed[-1][0] + NS)
    yield "tests/traces", path, FRAMES, ()
    one, other = ("10.0.0.9", 5000), ("10.0.0.3", 80)
    datagram = ipv4(one[0], other[0], 17, b"\0\7\0\7\0\x1a\0\0" + bytes(18))
    kinds = {
        "1,514 bytes, to a closed port": (tcp(one, other, ACK, 1, 1, bytes(1460)), ()),
        "60 bytes, to a closed port": (tcp(one, other, ACK, 1, 1, bytes(6)), ()),
        "60 bytes of UDP, to a closed port": (datagram, ()),
        "60 bytes of UDP, to an open port": (datagram, ("--listen", "7")),
    }
    for number, (name, (frame, options)) in enumerate(kinds.items()):
        path = pathlib.Path(folder) / f"{number}.pcap"
        write_repeated(path, [(0, frame)], 10_000)
        yield name, path, FRAMES, options


def main():
    build = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 2:
            told = subprocess.run([build / "bench/pcap_loop", sys.argv[2]], check=True, text=True,
                                  capture_output=True).stdout
            captures = [(sys.argv[2], sys.argv[2], int(told.split()[0]), ())]
        else:
            captures = made(folder)
        print(f"{'':34} {'pcap_next_ex':>14} {'feed':>14}   frames a second")
        for name, path, frames, options in captures:
            loop, feed = frames_a_second(
                frames, [build / "bench/pcap_loop", path],
                [build / "tools/leat-replay/leat-replay", "feed", "-q", *options, path])
            print(f"{name:34} {loop:14,.0f} {feed:14,.0f}   {100 * feed / loop:.0f} %")


if __name__ == "__main__":
    main()
