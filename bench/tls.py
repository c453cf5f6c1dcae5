#!/usr/bin/env python3
"""Measures the cost of TLS by callgrind: bench/tls.py BUILD.

Prints the instructions of a handshake, of both ends, with the library's part. For bulk it prints the instructions of
a byte that exceed the library's own for the same bytes. Then come the bytes of a session.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools/lib"))
import counts  # noqa: E402

OURS = "crypto/openssl/"


def library(profile):
    """Instructions below the functions of the provider, called from elsewhere than itself and the library."""
    total, inside, called, callee_of_file, system = 0, False, False, False, False
    for line in profile.read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "ob":
            system = "libcrypto" in value
        elif key in ("fl", "fi", "fe"):
            inside = callee_of_file = OURS in value
        elif key in ("cfi", "cfl"):
            callee_of_file = OURS in value
        elif key == "cfn":
            called, callee_of_file = callee_of_file and not inside and not system, inside
        elif called and re.match(r"[+*-]?\d", line):
            total += int(line.split()[-1])
            called = False
    return total


def count(bench, mode, side):
    """Instructions a unit of one side: all, and those of the library."""
    with tempfile.TemporaryDirectory() as work:
        profile = pathlib.Path(work) / "profile"
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no",
                   f"--toggle-collect={side}_poll", f"--toggle-collect={side}_copy", "--compress-strings=no",
                   "--compress-pos=no", f"--callgrind-out-file={profile}", bench, mode]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        units = counts.fields(done.stdout)["units"]
        total = re.findall(r"^(?:summary|totals): (\d+)", profile.read_text(), re.MULTILINE)
        return int(total[-1]) / units, library(profile) / units


def main():
    bench = pathlib.Path(sys.argv[1]) / "bench/tls"
    print("| Handshake | server | of it the library's | client | of it the library's | both |")
    for mode in ("full", "resumed"):
        server, client = count(bench, mode, "server"), count(bench, mode, "client")
        cells = [f"{number / 1e6:.2f} M" for number in (*server, *client, server[0] + client[0])]
        print("|", " | ".join([mode, *cells]), "|")
    print("| Bulk, a byte | all | the library's | TCP's and ours |")
    for side, what in (("server", "sent"), ("client", "received")):
        both, theirs = (number / 16384 for number in count(bench, "bulk", side))
        print(f"| {what} | {both:.2f} | {theirs:.2f} | {both - theirs:.2f} |")


if __name__ == "__main__":
    main()
