#!/usr/bin/env python3
"""Measures the images on Solo5's spt: sizes, time to the first frame, round trips of a ping.

    bench/solo5.py [--check] BUILD

The round trip is compared with that of a program that only swaps addresses (solo5_swap.c). It runs
in a network namespace of its own. With --check the exit status is 1 if the
first frame took more than 20 ms, or a round trip more than 1.5 times that of the other program.
"""

import argparse
import os
import pathlib
import re
import select
import socket
import statistics
import subprocess
import sys
import time

FIRST_FRAME_MS = 20
RTT_FACTOR = 1.5
STARTS = 21
ROUNDS = 9
PINGS = 2000
ALL_FRAMES = 3  # ETH_P_ALL
MAC = "02:6c:65:61:74:01"
IP = "10.0.0.2"


def run(*words):
    """A command that must succeed; returns what it wrote."""
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=120).stdout


class Tender:
    """An image under solo5-spt on tap0, for the time of a with statement."""

    def __init__(self, path, *words):
        self.command = ["solo5-spt", "--mem=32", "--net:service=tap0", f"--net-mac:service={MAC}",
                        "--", str(path), "--solo5:quiet", *words]  # fmt: skip

    def __enter__(self):
        self.child = subprocess.Popen(self.command, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()
        self.child.stdout.close()

    def up(self):
        self.child.stdout.readline()  # it says one line when it is
        return self


def first_frame_ms(path):
    """From the start of the tender to the first frame that the guest sends: it announces itself."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES)) as wire:
        wire.bind(("tap0", 0))
        began = time.monotonic()
        with Tender(path, f"--ip={IP}/24"):
            while True:
                if not select.select([wire], [], [], 10)[0]:
                    raise TimeoutError("no frame came")
                frame, _ = wire.recvfrom(2048)
                if frame[6:12] == bytes.fromhex(MAC.replace(":", "")):
                    return (time.monotonic() - began) * 1000


def rtt_us(path):
    """Round trips of pings one after another: the shortest, and the median."""
    with Tender(path, f"--ip={IP}/24") as tender:
        tender.up()
        out = run("ping", "-n", "-c", str(PINGS), "-i", "0.0005", "-W", "1", IP)
    times = sorted(float(ms) * 1000 for ms in re.findall(r"time=([0-9.]+) ms", out))
    if len(times) < PINGS * 0.99:
        raise RuntimeError(f"{len(times)} of {PINGS} pings came back")
    return times[0], statistics.median(times)


def sizes(path):
    """Bytes of text and data, as the program size says."""
    text, data, bss = run("size", str(path)).splitlines()[1].split()[:3]
    return int(text) + int(data), int(bss)


def measure(build):
    """Prints everything; returns whether it is as promised."""
    examples = build / "examples"
    for name in ("echo", "dns", "resolve"):
        bytes_held, bss = sizes(examples / f"{name}.spt")
        print(f"{name}.spt: {bytes_held / 1024:.1f} KiB of text and data, {bss / 1024:.1f} KiB of bss")

    echo, swap = examples / "echo.spt", build / "bench" / "swap.spt"
    starts = sorted(first_frame_ms(echo) for _ in range(STARTS))
    first = statistics.median(starts)
    print(f"first frame of echo.spt after {first:.1f} ms (median of {STARTS}; "
          f"{starts[0]:.1f} to {starts[-1]:.1f})")

    # the machine's other work disturbs both alike when they take turns
    rounds = [(rtt_us(echo), rtt_us(swap)) for _ in range(ROUNDS)]
    ours, theirs = ([one[which] for one in rounds] for which in (0, 1))
    for name, times in (("echo.spt", ours), ("swap.spt", theirs)):
        print(f"ping of {name}: {min(low for low, _ in times):.0f} us at least, "
              f"{statistics.median(middle for _, middle in times):.0f} us in the middle "
              f"({ROUNDS} times {PINGS})")
    factor = statistics.median(a[1] / b[1] for a, b in rounds)
    print(f"factor {factor:.2f}")
    return first <= FIRST_FRAME_MS and factor <= RTT_FACTOR


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail if a promise is not kept")
    parser.add_argument("build", type=pathlib.Path)
    options = parser.parse_args()
    if "LEAT_INSIDE" not in os.environ:
        os.environ["LEAT_INSIDE"] = "1"
        how = ["unshare", "--net"] + (["--map-root-user"] if os.getuid() else [])
        os.execvp(how[0], [*how, sys.executable, *sys.argv])
    run("ip", "tuntap", "add", "tap0", "mode", "tap")
    run("ip", "link", "set", "tap0", "addrgenmode", "none")
    run("ip", "addr", "add", "10.0.0.1/24", "dev", "tap0")
    run("ip", "link", "set", "tap0", "up")
    run("ip", "neigh", "replace", IP, "lladdr", MAC, "dev", "tap0", "nud", "permanent")
    kept = measure(options.build)
    return 0 if kept or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
