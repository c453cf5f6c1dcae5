#!/usr/bin/python3
"""How long it takes from a program's first frame until it has an address: examples/echo and dnsmasq on a TAP device.

usage: bench/lease.py BUILD [TIMES]

Prints medians of times on the wire, in microseconds. The server's: from DISCOVER to OFFER, and from REQUEST to ACK.
Ours: from OFFER to REQUEST, and from ACK to our first ARP frame with the address. Needs root, or user namespaces.
"""

import os
import pathlib
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

SO_TIMESTAMPNS = 35
STEPS = ("DISCOVER", "OFFER", "REQUEST", "ACK", "bound")
MESSAGES = {1: "DISCOVER", 2: "OFFER", 3: "REQUEST", 5: "ACK"}


def step_of(frame):
    """Reads a frame; None if it is of no interest."""
    if frame[12:14] == b"\x08\x06":
        return "bound"
    if frame[12:14] == b"\x08\x00" and frame[23] == 17 and {67, 68} == set(struct.unpack("!HH", frame[34:38])):
        at = frame.find(b"\x63\x82\x53\x63\x35\x01")  # the cookie, and option 53 behind it
        return MESSAGES.get(frame[at + 6]) if at > 0 else None
    return None


def lease(echo, number):
    """The times of the steps, in ns."""
    times = {}
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as wire:
        wire.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        wire.settimeout(20)
        wire.bind(("leat0", 0))
        child = subprocess.Popen([echo, "--tap", "leat0", "--mac", f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"],
                                 stdout=subprocess.DEVNULL)
        while "bound" not in times:
            frame, words, _, _ = wire.recvmsg(2000, 1000)
            step = step_of(frame)
            seconds, ns = struct.unpack("qq", words[0][2])
            if step and (step != "bound" or "ACK" in times):
                times.setdefault(step, seconds * 10**9 + ns)
        child.terminate()
        child.wait()
    return [times[step] for step in STEPS]


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    if os.environ.get("LEASE_INSIDE") != "1":
        os.environ["LEASE_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    for words in ("link set lo up", "tuntap add leat0 mode tap", "addr add 10.0.0.1/24 dev leat0", "link set leat0 up"):
        subprocess.run(["ip", *words.split()], check=True)
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--no-ping", "--dhcp-authoritative", "--user=root",
             "--pid-file=", f"--dhcp-leasefile={folder}/leases", "--interface=leat0", "--bind-interfaces",
             "--dhcp-range=10.0.0.10,10.0.0.250,1h"], stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            echo = pathlib.Path(sys.argv[1]) / "examples/echo"
            runs = [lease(echo, number) for number in range(int(sys.argv[2]) if len(sys.argv) > 2 else 21)]
        finally:
            server.kill()
    print(f"medians of {len(runs)}, in microseconds:")
    for at in range(1, len(STEPS)):
        print(f"{STEPS[at - 1]:9} to {STEPS[at]:8} {statistics.median(run[at] - run[at - 1] for run in runs) / 1000:8.0f}")
    print(f"all of it             {statistics.median(run[-1] - run[0] for run in runs) / 1000:8.0f}")


if __name__ == "__main__":
    main()
