#!/usr/bin/python3
"""Counts the cache lines that a connection with one request touches, with valgrind's tool lackey.

lines.py BUILD

Runs BUILD/bench/lines over both families. Prints for each end how many lines of 64 bytes of each kind of struct it
reads or writes. The numbers are medians of 20 connections, each of which begins after the end of the one before. The kinds "stack"
and "tcp" are struct leat and struct tcp. The kind "other" is the rest of an end's block of memory: buffers, paths, neighbours.
"""

import re
import statistics
import subprocess
import sys

LINE = 64
KINDS = ["connection", "half-open", "TIME-WAIT", "transfer", "record", "bucket", "tcp", "stack"]
REST = "memory"  # the whole block
SIDES = ["client", "server"]


def read_places(output):
    """{(side, kind): (begin, end)}, and the address of the mark."""
    places = {}
    for line in output:
        words = line.split()
        if words[0] == "mark":
            return places, int(words[2])
        if words[0] in SIDES:
            places[words[0], words[1]] = int(words[2]), int(words[2]) + int(words[3])
    sys.exit("lines.py: bench/lines failed")


def read_trace(output, mark):
    """The lines that each connection touches: a set for each."""
    mark_line = f"I  {mark:08x},"
    units = []
    for line in output:
        if line.startswith("I"):
            if line.startswith(mark_line):
                units.append(set())
        elif units and (match := re.match(r" [LSM] ([0-9a-f]+),(\d+)$", line)):
            at = int(match[1], 16)
            units[-1].update(range(at // LINE, (at + int(match[2]) - 1) // LINE + 1))
    return units[:-1]  # behind the last mark the stacks are taken down


def kind_of(places, line):
    """The (side, kind) that a line belongs to; None: to neither end."""
    at = line * LINE
    for side in SIDES:
        for kind in [*KINDS, REST]:
            begin, end = places[side, kind]
            if begin - LINE < at < end:
                return side, kind
    return None


def count(program, *options):
    """{(side, kind): lines of a connection}."""
    command = ["valgrind", "--tool=lackey", "--trace-mem=yes", "--log-fd=1", program, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        places, mark = read_places(run.stdout)
        units = [[kind_of(places, line) for line in unit] for unit in read_trace(run.stdout, mark)]
    return {(side, kind): statistics.median(unit.count((side, kind)) for unit in units)
            for side in SIDES for kind in [*KINDS, REST]}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for options in ([], ["--ipv6"]):
        lines = count(f"{sys.argv[1]}/bench/lines", *options)
        print("IPv6" if options else "IPv4")
        for side in SIDES:
            parts = ", ".join(f"{kind} {lines[side, kind]:.0f}" for kind in KINDS)
            print(f"  {side}: {parts}, other {lines[side, REST]:.0f}")


main()
