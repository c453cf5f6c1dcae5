#!/usr/bin/python3
"""Measures unmodified programs under leat-run beside Linux's own sockets over veth, in turn.

usage: bench/run.py [--rounds N] [--seconds N] [--only NAME] BUILD

  nginx    processor time of a request of wrk (50 connections): nginx, and with leat-run its server, too
  redis    requests of redis-benchmark (50 connections), SET and GET
  request  64 bytes and their response by blocking calls (run_request.c)

Under leat-run both ends run so, and the wire is shared memory. Prints the median of the rounds with the least and the greatest.
As root, for network namespaces of its own. Needs nginx, wrk, redis-server and redis-benchmark.
"""

import argparse
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
HERE, PEER = "10.9.0.1", "10.9.0.2"
MODES = {"Linux, veth": None, "leat-run": [], "leat-run --fast": ["--fast"], "leat-run --fast --busy-poll 50": ["--fast", "--busy-poll", "50"]}
REDIS = re.compile(r'^"(SET|GET)","([\d.]+)"', re.M)
NGINX = """
daemon off; worker_processes 1; user root; pid {0}/pid; error_log {0}/error.log;
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f;
        uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
        server {{ listen 8080; location / {{ return 200 "a short answer, as most benchmarks have it\\n"; }} }} }}
"""


def namespaces():
    """Two, with a veth between them; returns the words that run a command in each."""
    names = [f"leat-run-{os.getpid()}-{i}" for i in range(2)]
    for name in names:
        subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "link", "add", "veth0", "netns", names[0], "type", "veth", "peer", "name", "veth0", "netns", names[1]], check=True)
    for name, address in zip(names, (HERE, PEER)):
        for words in (["addr", "add", f"{address}/24", "dev", "veth0"], ["link", "set", "veth0", "up"]):
            subprocess.run(["ip", "-n", name, *words], check=True)
    return names


class Ends:
    """The words that begin a server, and a client, in one mode."""

    def __init__(self, mode, build, folder, names):
        self.server = ["ip", "netns", "exec", names[0]]
        self.client = ["ip", "netns", "exec", names[1]]
        if mode is not None:
            wire = folder / "wire"
            wire.unlink(missing_ok=True)
            program = build / "sockets/run/leat-run"
            self.server += [program, *mode, "--shm", wire, "--listen", "--ip", f"{HERE}/24"]
            self.client += [program, *mode, "--shm", wire, "--ip", f"{PEER}/24"]

    def begin(self, *words, ready=None):
        """Starts the server; returns its process."""
        server = subprocess.Popen([*map(str, self.server), *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if ready:
            while ready not in (line := server.stdout.readline()):
                if not line:
                    sys.exit(f"{words[0]} did not start")
        time.sleep(1)
        return server

    def ask(self, *words):
        return subprocess.run([*map(str, self.client), *map(str, words)], stdout=subprocess.PIPE, text=True, check=True).stdout


def family(pid):
    """The process and all below it."""
    found = [pid]
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += family(int(path.parent.name))
    return found


def processor_us(pids):
    paths = [path for pid in pids for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(path.read_text().split()[0]) for path in paths) / 1000


def end(server):
    for pid in reversed(family(server.pid)):
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    server.wait()
    server.stdout.close()


def nginx(ends, folder, seconds):
    (folder / "nginx.conf").write_text(NGINX.format(folder), encoding="ascii")
    server = ends.begin("nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log")
    pids = family(server.pid)
    before = processor_us(pids)
    text = ends.ask("wrk", "-t1", "-c50", f"-d{seconds}", f"http://{HERE}:8080/")
    took_us = processor_us(pids) - before
    end(server)
    if "errors" in text:
        sys.exit(f"{ends.server}: {text}")
    return {"nginx, us of processor time a request": took_us / int(re.search(r"(\d+) requests in", text)[1]),
            "nginx, requests/s": float(re.search(r"Requests/sec: +(\S+)", text)[1])}


def redis(ends, _folder, seconds):
    server = ends.begin("redis-server", "--save", "", "--protected-mode", "no", "--port", "6379", ready="Ready to accept")
    pids = family(server.pid)
    before = processor_us(pids)
    count = 25000 * seconds
    text = ends.ask("redis-benchmark", "-h", HERE, "-n", count, "-c", "50", "-t", "set,get", "--csv")
    took_us = processor_us(pids) - before
    end(server)
    return {**{f"redis {name}, requests/s": float(rate) for name, rate in REDIS.findall(text)},
            "redis, us of processor time a request": took_us / count / 2}


def request(ends, folder, seconds):
    program = folder / "run_request"
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", ROOT / "bench/run_request.c", "-o", program], check=True)
    server = ends.begin(program, "serve", "7000", ready="ready")
    median, mean = ends.ask(program, "ask", HERE, "7000", 10000 * seconds).split()
    end(server)
    return {"blocking request, us (median)": int(median) / 1000, "blocking request, us (mean)": int(mean) / 1000}


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0], description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--only", choices=["nginx", "redis", "request"])
    parser.add_argument("build", type=pathlib.Path)
    options = parser.parse_args()
    works = [work for work in (nginx, redis, request) if options.only in (None, work.__name__)]
    results = {}
    names = namespaces()
    try:
        with tempfile.TemporaryDirectory() as text:
            folder = pathlib.Path(text)
            for _ in range(options.rounds):
                for work in works:
                    for name, mode in MODES.items():
                        for what, value in work(Ends(mode, options.build.resolve(), folder, names), folder, options.seconds).items():
                            results.setdefault(what, {}).setdefault(name, []).append(value)
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False)
    print(f"| | {' | '.join(MODES)} |\n|---|{'---|' * len(MODES)}")
    for what, of in results.items():
        cells = [f"{statistics.median(of[name]):,.2f} ({min(of[name]):,.2f} to {max(of[name]):,.2f})" for name in MODES]
        print(f"| {what} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
