#!/usr/bin/python3
"""Measures the cost of a cached answer: examples/resolver beside dnsmasq and unbound, in one run; and of a cache lookup.

usage: bench/names.py BUILD

A name server (knotd) knows any name. Each cache is asked for the same 1,000 names once, and then by dnsperf again and
again: answers a second, and the processor time of one. Each has a namespace of its own; leat is reached over TAP, the
others over veth. Then callgrind counts the instructions of a lookup in a cache that holds 100,000 names, beside an
empty one. Needs root, or user namespaces.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import blocklists

NAMES = 1000
LOOKUPS = 100_000
ROUNDS = 3


def resolver(_, build):
    return [build / "examples/resolver", "--tap", "leat0", "--ip", "10.0.0.2/24", "--server", "10.0.0.1", "any-rate"], "10.0.0.2"


def dnsmasq(_, __):
    return ["ip", "netns", "exec", "others", "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--user=root", "--pid-file=",
            "--conf-file=/dev/null", "--bind-interfaces", "--listen-address=10.0.1.2", "--server=10.0.1.1", "--cache-size=10000"], "10.0.1.2"


def unbound(folder, _):
    (folder / "unbound").write_text(
        f'server:\n chroot: ""\n username: ""\n pidfile: ""\n directory: "{folder}"\n use-syslog: no\n interface: 10.0.1.2\n'
        ' access-control: 0.0.0.0/0 allow\n num-threads: 1\n module-config: "iterator"\n local-zone: "test." nodefault\n'
        'forward-zone:\n name: "."\n forward-addr: 10.0.1.1\nremote-control:\n control-enable: no\n')
    return ["ip", "netns", "exec", "others", "unbound", "-d", "-c", folder / "unbound"], "10.0.1.2"


def knot(folder):
    (folder / "test.zone").write_text("$ORIGIN test.\n$TTL 86400\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 10.0.1.1\n*.example A 192.0.2.1\n")
    (folder / "knot.conf").write_text(
        f"server:\n  rundir: {folder}\n  listen: [10.0.0.1@53, 10.0.1.1@53]\n  user: root\ndatabase:\n  storage: {folder}\n"
        f"zone:\n  - domain: test\n    storage: {folder}\n    file: test.zone\n")
    return subprocess.Popen(["knotd", "-c", folder / "knot.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def instructions(program, names):
    """Instructions of one lookup."""
    total = []
    for lookups in (0, LOOKUPS):
        done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, str(names), str(lookups)],
                              capture_output=True, text=True, check=True)
        total.append(int(re.search(r"Collected : (\d+)", done.stderr)[1]))
    return (total[1] - total[0]) / LOOKUPS


def serve(folder, build):
    (folder / "questions").write_text("".join(f"n{number}.example.test A\n" for number in range(NAMES)))
    print("| Cache | answers/s | processor time of one, µs | lost |\n|---|---:|---:|---:|")
    for _ in range(ROUNDS):
        for make in (resolver, dnsmasq, unbound):
            server = blocklists.Server(*make(folder, build))
            server.questions(folder / "questions")  # so all are in the cache
            rate, one_us, lost = server.questions(folder / "questions")
            server.end()
            print(f"| {make.__name__} | {rate:,.0f} | {one_us:.1f} | {lost} |", flush=True)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    if os.environ.get("NAMES_INSIDE") != "1":
        os.environ["NAMES_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv])
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    build = pathlib.Path(sys.argv[1])
    blocklists.make_network()
    blocklists.Server.probe, blocklists.Server.code = "n0.example.test", 0
    with tempfile.TemporaryDirectory() as work:
        asked = knot(pathlib.Path(work))
        try:
            serve(pathlib.Path(work), build)
        finally:
            asked.kill()
    empty, full = (instructions(build / "bench/cache", names) for names in (0, 100_000))
    print(f"\na lookup: {empty:.0f} instructions in an empty cache, {full:.0f} in one of 100,000 names")


if __name__ == "__main__":
    main()
