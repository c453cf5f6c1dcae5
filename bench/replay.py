#!/usr/bin/env python3
"""How fast leat-replay feeds a capture, beside a bare loop over pcap_next_ex.

    bench/replay.py BUILD [CAPTURE]

Without a capture three are made: large and small frames for others, and echo requests for us.
"""

import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/replay"))
from captures import ACK, ipv4, pcap, tcp  # noqa: E402

ROUNDS = 5
FRAMES = 400_000


def frames_a_second(frames, *command):
    """The best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.monotonic() - begun)
    return frames / best


def made(folder):
    """Captures: (name, path, frames)."""
    one, other = ("10.0.0.9", 5000), ("10.0.0.3", 80)
    kinds = {
        "1,514 bytes, a closed port": [tcp(one, other, ACK, 1, 1, bytes(1460))],
        "60 bytes, a closed port": [tcp(one, other, ACK, 1, 1, bytes(6))],
        "60 bytes, UDP to a closed port": [ipv4(one[0], other[0], 17, b"\0\7\0\7\0\x1a\0\0" + bytes(18))],
    }
    for number, (name, frames) in enumerate(kinds.items()):
        path = pathlib.Path(folder) / f"{number}.pcap"
        path.write_bytes(pcap((10**18 + at * 10_000, frames[at % len(frames)])
                              for at in range(FRAMES)))
        yield name, path, FRAMES


def main():
    build = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 2:
            told = subprocess.run([build / "bench/pcap_loop", sys.argv[2]], check=True, text=True,
                                  capture_output=True).stdout
            captures = [(sys.argv[2], sys.argv[2], int(told.split()[0]))]
        else:
            captures = made(folder)
        print(f"{'':34} {'pcap_next_ex':>14} {'feed':>14}   frames a second")
        for name, path, frames in captures:
            loop = frames_a_second(frames, build / "bench/pcap_loop", path)
            feed = frames_a_second(frames, build / "tools/leat-replay/leat-replay", "feed", "-q", path)
            print(f"{name:34} {loop:14,.0f} {feed:14,.0f}   {100 * feed / loop:.0f} %")


if __name__ == "__main__":
    main()
