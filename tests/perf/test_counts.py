"""Instructions per segment, request or connection: detects changes of these counts.

test_counts.py INMEM COUNTS [--update]

COUNTS is a file of lines "case side instructions". A count that differs from it by more than 3 % in either direction is
a failure: a change that makes leat faster or slower must update the file.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/lib"))
import counts  # noqa: E402

TOLERANCE = 0.03
SKIPPED = 77
GATED = ["bulk", "bulk_ipv6", "bulk_offload", "bulk_16_flows", "rr", "rr_1000_peers_ipv6", "connect", "connect_ipv6", "request", "udp",
         "udp_1000_peers_ipv6"]


def measured(inmem):
    return {(case, side): number for case in GATED for side, number in counts.count(inmem, case).items()}


def read(path):
    lines = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
    return {(case, side): float(number) for case, side, number in lines}


def write(path, now):
    head = [line for line in path.read_text().splitlines() if line.startswith("#")]
    path.write_text("\n".join(head + [f"{c} {s} {n:.0f}" for (c, s), n in now.items()]) + "\n")


def main():
    inmem, path = sys.argv[1], Path(sys.argv[2])
    if not counts.have_callgrind():
        print("valgrind is not installed")
        return SKIPPED
    now = measured(inmem)
    if "--update" in sys.argv:
        write(path, now)
        return 0
    expected = read(path)
    moved = [key for key in now if abs(now[key] / expected[key] - 1) > TOLERANCE]
    for key, number in now.items():
        print(f"{' '.join(key):24} {number:8.0f}, expected {expected[key]:8.0f}"
              f"{'  MOVED' if key in moved else ''}")
    if moved:
        print("if that is meant: meson compile -C build perf-update, and say why in the commit")
    return 1 if moved else 0


sys.exit(main())
