#!/usr/bin/python3
"""Measures how long a small request waits beside downloads, with nginx in the same run.

latency.py BUILD        as root; in a namespace of its own

Eight connections download a file of 16 MiB again and again; beside them one more asks for a page of 612 bytes, waits
for the answer, and asks again. The servers are httpd on a TAP device, httpd on a UNIX socket (tests/linux/cable carries
its frames to a TAP device), and nginx over a veth. Each round goes over all servers, LEAT_BENCH_SECONDS (2) each;
LEAT_BENCH_ROUNDS says how many (20).

Prints for each server, in us, the median of the rounds' medians and of their 99th percentiles, and the worst 99th
percentile. Then come the rounds whose 99th percentile was below nginx's, and Mbit/s of the downloads. The machine's
load before and after is printed, too; without it the figures mean little.
"""

import json
import os
import pathlib
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import time

os.environ.setdefault("LEAT_BENCH_ROUNDS", "20")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools/lib"))
import netbench  # noqa: E402

DOWNLOADS = 8
BIG_BYTES = 16 << 20
PATIENCE_S = 30
SECONDS = netbench.SECONDS


class Connection:
    """A connection that asks for @path, again when the whole answer is here."""

    def __init__(self, ip, path):
        self.request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
        self.socket = socket.create_connection((ip, 80), PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = 0  # bytes of the answer that are missing; 0: its head is
        self.received = 0

    def ask(self):
        self.socket.sendall(self.request)

    def read(self):
        """Reads what has come. True: the answer is complete."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise RuntimeError("the server has closed the connection")
        self.received += len(data)
        if self.left == 0:
            head, _, body = data.partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            self.left = int(fields[b"content-length"]) - len(body)
        else:
            self.left -= len(data)
        return self.left == 0


def download(ip):
    """The child process: downloads until its standard input ends; prints the bytes."""
    connections = [Connection(ip, "/big") for _ in range(DOWNLOADS)]
    with selectors.DefaultSelector() as waiting:
        waiting.register(sys.stdin.fileno(), selectors.EVENT_READ)
        for each in connections:
            waiting.register(each.socket, selectors.EVENT_READ, each)
            each.ask()
        print("begun", flush=True)
        while True:
            for key, _ in waiting.select():
                if key.data is None:
                    print(sum(each.received for each in connections))
                    return
                if key.data.read():
                    key.data.ask()


def measure(ip):
    """(median, 99th percentile) of the requests in us, and Mbit/s of the downloads."""
    with subprocess.Popen([sys.executable, __file__, "--download", ip], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True, preexec_fn=netbench.die_with_parent) as child:
        child.stdout.readline()
        started = time.monotonic()
        time.sleep(0.3)  # slow start is over
        asker = Connection(ip, "/index.html")
        waits = []
        began = time.monotonic()
        while time.monotonic() < began + SECONDS:
            asked = time.monotonic()
            asker.ask()
            while not asker.read():
                pass
            waits.append((time.monotonic() - asked) * 1e6)
        elapsed = time.monotonic() - started
        received = int(child.communicate()[0])
    waits.sort()
    return statistics.median(waits), waits[len(waits) * 99 // 100], received * 8 / 1e6 / elapsed


def folder_of(bench):
    """A folder with the page and the large file."""
    folder = bench.folder / "files"
    folder.mkdir()
    shutil.copy(netbench.SITE, folder / "index.html")
    (folder / "big").write_bytes(bytes(BIG_BYTES))
    return folder


def on_socket(bench, folder):
    device, ip, mac = bench.tap()
    path = bench.folder / "wire"
    bench.start(bench.program("tests/linux/cable"), device, "socket", path, 1500)
    bench.start(bench.program("examples/httpd"), "--socket", path, "--mtu", 1500, "--mac", mac, "--ip", f"{ip}/24",
                "--files", folder)
    return ip


def latency(bench):
    folder = folder_of(bench)
    servers = {"TAP": bench.leat("httpd", "--files", folder), "socket": on_socket(bench, folder)}
    if shutil.which("nginx"):
        servers["nginx"] = netbench.start_nginx(bench)
        shutil.copy(folder / "big", bench.folder / "site/big")
    return netbench.rounds({name: lambda ip=ip: measure(ip) for name, ip in servers.items()})


BENCHES = {"latency": latency}


def main():
    load = os.getloadavg()[0]
    found = netbench.measure(sys.argv[1], BENCHES, __file__)["latency"]
    if not found:
        sys.exit("latency.py: no namespace, or a server did not start")
    peer = found.get("nginx")
    print(f"{netbench.ROUNDS} rounds, load {load:.1f} before and {os.getloadavg()[0]:.1f} after")
    print("| | median | p99 | worst p99 | p99 below nginx's | Mbit/s |\n|---|---:|---:|---:|---:|---:|")
    for name, turns in found.items():
        medians, tails, rates = zip(*turns)
        below = sum(own[1] < other[1] for own, other in zip(turns, peer)) if peer and name != "nginx" else ""
        print(f"| {name} | {statistics.median(medians):.0f} | {statistics.median(tails):.0f} | {max(tails):.0f} | {below} | "
              f"{statistics.median(rates):.0f} |")


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        print(json.dumps(netbench.inside(pathlib.Path(sys.argv[2]).resolve(), BENCHES[sys.argv[3]])))
    elif sys.argv[1] == "--download":
        download(sys.argv[2])
    else:
        main()
