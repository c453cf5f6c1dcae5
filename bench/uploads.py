#!/usr/bin/python3
"""Measures the cost of uploads that are sent back as an archive: examples/upload beside discard and echo, in one run.

usage: bench/uploads.py BUILD

By curl, a file of noise goes to `upload` as a form, and comes back stored in a Zip archive. It also goes to
`discard`, which only receives it, and to `echo`, which sends it back, as a program must that stores nothing. Prints
seconds of the server's own processor time per gigabyte received, in user space and in the kernel, and megabytes a
second by the clock. All are reached over TAP. Needs root, or user namespaces; curl.
"""

import os
import pathlib
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools/lib"))
import netbench  # noqa: E402
import noise  # noqa: E402

MEGABYTES = 200
PORTS = {"discard": 9, "echo": 7}


def processor_s(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def form(ip, path):
    """Bytes of the archive that came back."""
    return int(netbench.run("curl", "-s", "-F", f"file=@{path}", "-o", "/dev/null", "-w", "%{size_download}", f"http://{ip}/upload"))


def stream(ip, port, path):
    """Bytes that came back of the file, sent as it is."""
    with socket.create_connection((ip, port)) as connection, path.open("rb") as file:
        def send():
            connection.sendfile(file)
            connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        room = bytearray(1 << 20)
        came = sum(iter(lambda: connection.recv_into(room), 0))
        sender.join()
    return came


def uploads(bench):
    path = bench.folder / "noise"
    path.write_bytes(os.urandom(MEGABYTES * 1_000_000))
    servers = {name: bench.leat(name) for name in ("discard", "echo", "upload")}

    def measure(name):
        ip = servers[name]
        before, began = processor_s(bench.pids[ip]), time.monotonic()
        came = form(ip, path) if name == "upload" else stream(ip, PORTS[name], path)
        took = time.monotonic() - began
        if (came == 0) != (name == "discard") or 0 < came < path.stat().st_size:
            raise RuntimeError(f"{name}: {came} bytes came back")
        return (processor_s(bench.pids[ip]) - before) * 1e3 / MEGABYTES, MEGABYTES / took

    return netbench.rounds({name: lambda name=name: measure(name) for name in servers})


netbench.BENCHES["uploads"] = uploads


def cell(numbers, digits):
    return f"{statistics.median(numbers):,.{digits}f} ({min(numbers):,.{digits}f} to {max(numbers):,.{digits}f})"


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    others = noise.Others()
    found = netbench.measure(sys.argv[1], ["uploads"], __file__)["uploads"]
    if not found:
        sys.exit("uploads.py: could not measure: see above")
    print("| | processor time, s/GB | MB/s | of discard's |\n|---|---:|---:|---:|")
    for name, rounds in found.items():
        seconds, rates = zip(*rounds)
        ratio = statistics.median(rate / other for rate, (_, other) in zip(rates, found["discard"]))
        print(f"| {name} | {cell(seconds, 2)} | {cell(rates, 0)} | {ratio:.2f} |")
    print(f"\nmedians (and spread) of {netbench.ROUNDS} rounds; others had {others.load():.0%} of the machine")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        print(netbench.json.dumps(netbench.inside(pathlib.Path(sys.argv[2]).resolve(), uploads)))
    else:
        main()
