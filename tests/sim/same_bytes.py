#!/usr/bin/env python3
"""Runs the same seeds in several builds of leat-sim: each must put the same bytes on the wire.

    same_bytes.py BUILD BUILD... [--seeds N]

BUILD is a Meson build directory. For each fault profile N seeds are run (100; fewer where one takes long).
If two builds differ, the program looks for the first seed that shows it, and prints its first frame that
differs, with its number. `leat-sim --record` and any reader of captures show the rest.
Exit status 0: the same everywhere. 1: not. 2: wrong usage.
"""

import argparse
import itertools
import os
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FIRST = 30001
# profile (None: a bad wire alone) and how many times as long a seed takes
PROFILES = {None: 1, "memory": 2, "device": 1, "clock": 1, "program": 1, "attack": 2, "offload": 1, "bbr": 1, "all": 4,
            "tls": 2, "crowd": 50}
FILE_HEADER_BYTES = 24


def words_of(profile):
    """The options of leat-sim for a profile."""
    return ["--faults", profile] if profile else []


def simulate(build, *words):
    """The output of leat-sim of a build. A failure ends the program."""
    done = subprocess.run([str(Path(build) / "tests/sim/leat-sim"), *words], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise SystemExit(f"{build}: leat-sim {' '.join(words)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def digest(build, profile, seeds):
    """One number for the frames of the seeds first..last, and their times."""
    said = simulate(build, *words_of(profile), "--seeds", f"{seeds[0]}..{seeds[1]}", "--digest")
    return [line for line in said.splitlines() if line.startswith("digest ")][0]


def first_seed(builds, profile, seeds):
    """The first of @seeds for which two builds differ, by bisection."""
    first, last = seeds
    while first < last:
        middle = (first + last) // 2
        if digest(builds[0], profile, (first, middle)) != digest(builds[1], profile, (first, middle)):
            last = middle
        else:
            first = middle + 1
    return first


def frames(path):
    """(seconds, nanoseconds, bytes) of each frame in a capture by leat-sim."""
    data = path.read_bytes()
    at = FILE_HEADER_BYTES
    while at < len(data):
        seconds, fraction, captured, _ = struct.unpack_from("<IIII", data, at)
        yield seconds, fraction, data[at + 16:at + 16 + captured]
        at += 16 + captured


def show_first_frame(builds, profile, seed):
    """Prints the first difference of a seed."""
    words = [*words_of(profile), "--seed", str(seed)]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(number) for number in range(2)]
        for build, path in zip(builds, paths):
            simulate(build, *words, "--record", str(path))
        pairs = itertools.zip_longest(*map(frames, paths))
        for number, pair in enumerate(pairs, 1):
            if pair[0] == pair[1]:
                continue
            print(f"leat-sim {' '.join(words)}: frame {number} is the first that differs")
            for build, frame in zip(builds, pair):
                print(f"    {build}: " + (f"at {frame[0]}.{frame[1]:09}: {frame[2][:90].hex(' ', 2)}" if frame else "none"))
            return
        print(f"leat-sim {' '.join(words)}: the frames are the same, what the seed says of them is not")


def compare(builds, profile, count):
    """Whether a profile's seeds are the same in all builds."""
    seeds = (FIRST, FIRST + max(2, count // PROFILES[profile]) - 1)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests = list(pool.map(lambda build: digest(build, profile, seeds), builds))
    name = " ".join(["leat-sim", *words_of(profile), "--seeds", f"{seeds[0]}..{seeds[1]}"])
    for build, found in zip(builds, digests):
        if found != digests[0]:
            print(f"{name}: {digests[0]} in {builds[0]}, but {found} in {build}")
            pair = builds[0], build
            show_first_frame(pair, profile, first_seed(pair, profile, seeds))
            return False
    print(f"{name}: {digests[0]} everywhere")
    return True


def main():
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="+", metavar="BUILD")
    parser.add_argument("--seeds", type=int, default=100, metavar="N")
    options = parser.parse_args()
    good = [compare(options.builds, profile, options.seeds) for profile in PROFILES]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
