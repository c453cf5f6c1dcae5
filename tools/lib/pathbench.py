#!/usr/bin/python3
"""Benches of the ways between programs: UNIX sockets, shared memory, TAP, AF_XDP, passt; for tools/bench.

    pathbench.py BUILD NAME...      prints one object: {NAME: {series: [a number a round, ...]}}

As in netbench.py, it has its own network namespace, each round goes over all series, and programs that are not
installed have no numbers. Processor time is that of all programs involved, without kernel threads.
"""

import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import sys

import netbench
from netbench import run

SECONDS = netbench.SECONDS
BURSTS = int(os.environ.get("LEAT_BENCH_BURSTS", "2000"))
HERE, THERE = "10.97.0.2", "10.97.0.3"  # two leats


def used_s(children):
    """Processor time of the running servers, and of all programs that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (ended.ru_utime + ended.ru_stime
            + sum(netbench.processor_s(each) for child in children for each in netbench.family(child)))


# ---- Frames there and back ---------------------------------------------------------------------


def quiet_link(*words):
    """Creates a device and sets it up, without the kernel's IPv6 packets."""
    name = words[0]
    run("ip", "link", "set", name, "addrgenmode", "none")
    run("ip", "link", "set", name, *words[1:], "up")


def join_taps():
    """Two TAP devices on a bridge."""
    run("ip", "link", "add", "joined", "type", "bridge")
    quiet_link("joined")
    for name in ("tap0", "tap1"):
        run("ip", "tuntap", "add", name, "mode", "tap")
        quiet_link(name, "master", "joined")
    return "tap:tap0,tap1"


def join_veth():
    """Two devices that are connected to each other."""
    run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
    for name in ("veth0", "veth1"):
        if shutil.which("ethtool"):
            run("ethtool", "-K", name, "tx", "off")
        quiet_link(name)
    return "xdp:veth0,veth1"


def frames(bench):
    """64 bytes to another process and back, by the backends alone: microseconds per frame, of both processors and by
    the clock, in bursts of 64, 8 and 1."""
    ways = {"socket": ["socket"], "shm": ["shm"], "datagram": ["datagram"], "tap": [join_taps()]}
    veth = join_veth()
    try:
        run(bench.program("bench/pair"), "--bursts", 10, "--burst", 1, veth)
        ways |= {"xdp": [veth], "xdp, busy": ["--busy-poll", "20", veth]}
    except Exception:  # AF_XDP is missing in the build or in the kernel
        pass

    def pair(words, burst):
        said = run(bench.program("bench/pair"), "--bursts", BURSTS, "--burst", burst, *words)
        row = said.split("\n")[1].split()
        return float(row[2]), float(row[3])

    found = netbench.rounds({f"{name}, {burst}": lambda words=words, burst=burst: pair(words, burst)
                             for burst in (64, 8, 1) for name, words in ways.items()})
    return {f"{name}, {what}": [turn[i] for turn in turns] for name, turns in found.items()
            for i, what in enumerate(("us", "clock"))}


# ---- Bulk --------------------------------------------------------------------------------------


def start_pair(bench, server, *how):
    """Starts a server on leat, and waits for its socket or device; returns its process."""
    path = bench.folder / f"wire{len(bench.pids)}"
    child = bench.start(bench.program(f"examples/{server}"), how[0], path, "--listen", "--ip", f"{THERE}/24",
                        *how[1:])
    bench.pids[path] = child.pid
    return path


def bulk(bench):
    """One connection from chargen: leat to leat over the socket and in shared memory, with frames of 64 KiB and of
    1,500 bytes; leat to Linux over TAP, with and without super-frames. For comparison two programs that only write
    to and read from a UNIX socket."""
    ways = {name: (how, start_pair(bench, "chargen", *how)) for name, how in {
        "socket": ("--socket", "--offload", "--mtu", "65520"), "shm": ("--shm", "--mtu", "65520"),
        "socket, sums": ("--socket", "--mtu", "65520"),
        "socket, 1500": ("--socket",), "shm, 1500": ("--shm",)}.items()}
    tap = bench.leat("chargen")
    plain = bench.leat("chargen", "--no-offload")

    def cost(servers, measure):
        before = used_s(servers)
        gbps = measure()
        return gbps, (used_s(servers) - before) / (gbps * SECONDS / 8)

    def leats(how, path):
        said = run(bench.program("bench/taker"), how[0], path, "--ip", f"{HERE}/24", "--gateway", THERE,
                   "--mac", "02:00:00:00:00:01", *how[1:], SECONDS)
        return float(re.findall(r"^[0-9.]+$", said, re.M)[-1])

    series = {name: lambda how=how, path=path: cost([bench.pids[path]], lambda: leats(how, path))
              for name, (how, path) in ways.items()}
    series |= {name: lambda ip=ip: cost([bench.pids[ip]], lambda: bench.peer("receive", ip, 19, SECONDS))
               for name, ip in (("tap", tap), ("tap, no offload", plain))}
    series["bare"] = lambda: cost([], lambda: bench.peer("pipe", 65536, SECONDS))
    return split(netbench.rounds(series), "Gbit/s", "s/GB")


def split(found, *whats):
    """{series: [(a, b), ...]} split into one series for each."""
    return {f"{name}, {what}": [turn[i] for turn in turns] for name, turns in found.items()
            for i, what in enumerate(whats)}


# ---- User networks -----------------------------------------------------------------------------


def start_passt(bench):
    """Starts discard and chargen behind passt, on ports 7009 and 7019; returns their processes."""
    # passt looks for an interface with a default route
    run("ip", "tuntap", "add", "outside", "mode", "tap")
    run("ip", "addr", "add", "198.51.100.2/24", "dev", "outside")
    run("ip", "link", "set", "outside", "up")
    run("ip", "route", "add", "default", "via", "198.51.100.1")
    return [bench.start(bench.program(f"examples/{name}"), "--passt", "--forward", f"tcp:70{port:02}:{port}").pid
            for name, port in (("discard", 9), ("chargen", 19))]


def start_qemu(bench, name, outer, inner):
    """Starts an example behind QEMU's user network: no guest, a hub that connects it to our socket."""
    path = bench.folder / f"qemu-{name}"
    qemu = bench.start("qemu-system-x86_64", "-M", "none", "-nodefaults", "-display", "none", "-netdev",
                       f"user,id=user,hostfwd=tcp:127.0.0.1:{outer}-10.0.2.15:{inner}", "-netdev",
                       f"stream,id=wire,server=on,addr.type=unix,addr.path={path}", "-netdev",
                       "hubport,hubid=0,id=a,netdev=user", "-netdev", "hubport,hubid=0,id=b,netdev=wire",
                       wait=None)
    netbench.answers(lambda: something(path.exists()))
    leat = bench.start(bench.program(f"examples/{name}"), "--socket", path, "--ip", "10.0.2.15/24", "--gateway",
                       "10.0.2.2")
    return [qemu.pid, leat.pid]


def something(found):
    """Fails until data arrives, because a forwarder accepts connections before its server is up."""
    if not found:
        raise OSError("nothing yet")


def user(bench):
    """One connection from this machine to leat, and one back: through passt, and through QEMU's own stack."""
    behind = {}
    if shutil.which("passt"):
        behind["passt"] = (start_passt(bench), 7009, 7019)
    if shutil.which("qemu-system-x86_64"):
        behind["qemu"] = (start_qemu(bench, "discard", 7109, 9) + start_qemu(bench, "chargen", 7119, 19), 7109, 7119)

    def measure(servers, what, port):
        before = used_s(servers)
        gbps = bench.peer(what, "127.0.0.1", port, SECONDS)
        return gbps, (used_s(servers) - before) / (gbps * SECONDS / 8)

    series = {}
    for name, (servers, inward, outward) in behind.items():
        netbench.answers(lambda port=inward: bench.peer("send", "127.0.0.1", port, 0.1))
        netbench.answers(lambda port=outward: something(bench.peer("receive", "127.0.0.1", port, 0.1)))
        series[f"{name}, in"] = lambda s=servers, port=inward: measure(s, "send", port)
        series[f"{name}, out"] = lambda s=servers, port=outward: measure(s, "receive", port)
    return split(netbench.rounds(series), "Gbit/s", "s/GB")


BENCHES = {"frames": frames, "bulk-paths": bulk, "user": user}


# ---- Text and tables --------------------------------------------------------------------------


def median(found, bench, name):
    numbers = found.get(bench, {}).get(name, [])
    return statistics.median(numbers) if numbers else None


def quotient(found, bench, one, other):
    """The median of the ratios of the rounds."""
    numbers = [a / b for a, b in zip(found.get(bench, {}).get(one, []), found.get(bench, {}).get(other, []))]
    return statistics.median(numbers) if numbers else None


def spread(found, bench, name, digits=2):
    """A median, and the range of the rounds."""
    numbers = found.get(bench, {}).get(name, [])
    if not numbers:
        return "–"
    return (f"{statistics.median(numbers):,.{digits}f} "
            f"({min(numbers):,.{digits}f} to {max(numbers):,.{digits}f})")


def shown(number):
    return "–" if number is None else f"{number:,.2f}"


FRAMES = {"socket": "UNIX socket, stream", "shm": "shared memory", "datagram": "UNIX socket, datagrams",
          "tap": "TAP, two devices on a bridge", "xdp": "AF_XDP, veth", "xdp, busy": "AF_XDP, veth, `--busy-poll 20`"}
BULK = {"socket": "leat to leat, socket, MTU 65,520, `--offload`", "socket, sums": "the same with checksums",
        "shm": "leat to leat, shared memory, MTU 65,520",
        "socket, 1500": "leat to leat, socket, MTU 1,500", "shm, 1500": "leat to leat, shared memory, MTU 1,500",
        "tap": "leat to Linux, TAP", "tap, no offload": "leat to Linux, TAP, without offloads",
        "bare": "bare `write()` to bare `read()`, socket, 64 KiB a call"}
USER = {"passt, in": "to leat, through passt", "qemu, in": "to leat, through QEMU's stack",
        "passt, out": "from leat, through passt", "qemu, out": "from leat, through QEMU's stack"}

# {member of the object of tools/bench --json: (title, bench, series, series to compare with, goal)}
GOALS = {
    "socket_frames_vs_tap": ("frames there and back, TAP / socket", "frames", "tap, 64, us", "socket, 64, us", "≥ 5"),
    "shm_frames_vs_tap": ("frames there and back, TAP / shared memory", "frames", "tap, 64, us", "shm, 64, us", "≥ 10"),
    "xdp_busy_frame_vs_tap": ("a frame, AF_XDP with busy polling / TAP", "frames", "xdp, busy, 64, us", "tap, 64, us",
                              "≤ 0.95"),
    "socket_bulk_vs_tap": ("bulk TCP by the clock, socket / TAP", "bulk-paths", "socket, Gbit/s", "tap, Gbit/s", "≥ 2"),
    "socket_bulk_vs_tap_cpu": ("bulk TCP by processor time, TAP / socket", "bulk-paths", "tap, s/GB", "socket, s/GB",
                               "≥ 2"),
    "bare_bulk_vs_tap_cpu": ("the same, TAP / bare `write()` and `read()`: the limit of every program on the socket",
                             "bulk-paths", "tap, s/GB", "bare, s/GB", "–"),
    "passt_in_vs_qemu": ("to leat, passt / QEMU's stack", "user", "passt, in, Gbit/s", "qemu, in, Gbit/s", "≥ 0.8"),
    "passt_out_vs_qemu": ("from leat, passt / QEMU's stack", "user", "passt, out, Gbit/s", "qemu, out, Gbit/s",
                          "≥ 0.8"),
}


def as_json(found):
    """The members of the object that tools/bench --json prints."""
    return {name: quotient(found, *goal[1:4]) for name, goal in GOALS.items()}


def table(found, bench, rows, columns):
    """Markdown: a row for each measured series."""
    lines = ["| | " + " | ".join(title for title, _ in columns) + " |", "|---" + "|---:" * len(columns) + "|"]
    for name, text in rows.items():
        cells = [spread(found, bench, f"{name}, {series}") for _, series in columns]
        if set(cells) != {"–"}:
            lines.append(f"| {text} | " + " | ".join(cells) + " |")
    return "\n".join(lines) if len(lines) > 2 else "Not measured."


def section(found):
    """The part of docs/lab/measurements.md about the ways between programs; empty if none was measured."""
    if not any(found.values()):
        return ""
    goals = ["| median of the quotients of the rounds | found | goal |", "|---|---:|---:|"]
    goals += [f"| {what} | {shown(quotient(found, *where))} | {goal} |" for what, *where, goal in GOALS.values()]
    bursts = [(f"burst {burst}, µs of processors", f"{burst}, us") for burst in (64, 8, 1)]
    rates = [("Gbit/s", "Gbit/s"), ("s of processors a gigabyte", "s/GB")]
    return "\n\n".join(["""## Between two programs

As above: a shared machine, rounds over all of a group, medians, and in brackets from where to where the rounds
went. Processor time is that of all programs of a row together; compare it rather than the clock.
""".rstrip(), "\n".join(goals), f"""*Frames there and back* ([`bench/pair`](../../bench/pair.c)): {BURSTS:,} bursts of 64-byte frames to another process, each
when the one before is back; the backends alone, no stack; microseconds a frame, there and back, both ends. In bursts of 1
nearly all is falling asleep and waking.""", table(found, "frames", FRAMES, bursts),
        "*Bulk*: one connection from `chargen`, taken by [`bench/taker`](../../bench/taker.c) on leat or by Linux.",
        table(found, "bulk-paths", BULK, rates), """*User networks*: one connection of this machine's to `discard`, or from `chargen`, on leat; with passt, and with QEMU's
own stack behind a hub of QEMU without a guest.""", table(found, "user", USER, rates)]) + "\n"


def measure(build, names):
    """As netbench.measure()."""
    return netbench.measure(build, names, __file__)


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        print(json.dumps(netbench.inside(pathlib.Path(sys.argv[2]).resolve(), BENCHES[sys.argv[3]])))
    else:
        print(json.dumps(measure(sys.argv[1], sys.argv[2:] or list(BENCHES)), indent=2))
