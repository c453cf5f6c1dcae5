#!/usr/bin/env python3
"""How fast leat-replay feeds a capture, beside a bare loop over pcap_next_ex.

    bench/replay.py BUILD [CAPTURE]

Without a capture three are made: of large and small TCP segments and of datagrams, none of which
anybody waits for. Times are of the processor, so that others on the machine matter less.
"""

import pathlib
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/replay"))
from captures import ACK, NS, ipv4, pcap, pcap_record, tcp  # noqa: E402

ROUNDS = 5
FRAMES = 400_000


def processor_s():
    """What our children have used so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def frames_a_second(frames, *command):
    """The best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = processor_s()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        best = min(best, processor_s() - before)
    return frames / best


def made(folder):
    """Captures: (name, path, frames)."""
    one, other = ("10.0.0.9", 5000), ("10.0.0.3", 80)
    kinds = {
        "1,514 bytes, to a closed port": tcp(one, other, ACK, 1, 1, bytes(1460)),
        "60 bytes, to a closed port": tcp(one, other, ACK, 1, 1, bytes(6)),
        "60 bytes of UDP": ipv4(one[0], other[0], 17, b"\0\7\0\7\0\x1a\0\0" + bytes(18)),
    }
    for number, (name, frame) in enumerate(kinds.items()):
        path = pathlib.Path(folder) / f"{number}.pcap"
        with open(path, "wb") as file:
            file.write(pcap([]))
            for at in range(FRAMES):
                file.write(pcap_record(10**9 * NS + at * 10_000, frame))
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
