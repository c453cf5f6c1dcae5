#!/usr/bin/python3
"""Measures what leat's services cost beside those that people run at home, all of them in one run.

usage: bench/services.py BUILD [PART]...

PART is cached, blocked, lists, boot, http or https; all of them by default. The servers of a part run at the same time. Each round
asks them one after another, so that other load on the machine affects all of them. There is TAP in front of leat, and
veth in front of the others, in a namespace of their own. A peer that isn't installed has a line that says so.

The processor time is that of a server with all its threads, in user space and in the kernel; on TAP the latter includes Linux's
receiving side. With http it is that of both ends. Each figure is the median of LEAT_BENCH_ROUNDS (5) rounds of
LEAT_BENCH_SECONDS (2) each, with the least and the largest. Needs root, or user namespaces; dnsperf, knotd, wrk, curl, openssl,
qemu-system-x86_64.
"""

import itertools
import os
import pathlib
import re
import resource
import shutil
import statistics
import struct
import sys
import tarfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools/lib"))
import netbench  # noqa: E402
import noise  # noqa: E402

import blocklists  # noqa: E402
import boots  # noqa: E402
import https  # noqa: E402

CACHED, BLOCKED, LOADED, MANY = 1000, 100_000, 250_000, 4_000_000
PEER = netbench.PEER_IP
PEERS = {"dnsmasq": "dnsmasq", "dnsmasq, hosts": "dnsmasq", "unbound": "unbound", "dnsdist": "dnsdist", "nginx": "nginx"}


def processor_us(pid):
    """The processor time of a process with all the threads that it has now."""
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e3


def client_us():
    """The processor time of the clients that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e6


# ---- Name servers --------------------------------------------------------------------------------


class Names:
    """Servers of one part, each at its own port of the peers' address."""

    def __init__(self, bench):
        self.bench = bench
        self.ports = itertools.count(5301)
        self.at = {}  # server: (address, port, process id)

    def leat(self, program, *words):
        ip = self.bench.leat(program, *words, "any-rate")
        self.at["leat"] = ip, 53, self.bench.pids[ip]

    def peer(self, name, text, *words):
        """@text is its configuration, in which PORT stands for its port."""
        port = next(self.ports)
        config = self.bench.folder / f"{port}.conf"
        config.write_text(text.replace("PORT", str(port)))
        if shutil.which(PEERS[name]):
            child = self.bench.start(*words, config, inside=True, wait=None)
            self.at[name] = PEER, port, child.pid

    def wait(self, name, code):
        """Until each one answers for @name."""
        for server, (ip, port, pid) in self.at.items():
            end = time.monotonic() + 300
            while blocklists.ask(ip, name, port) != code:
                if time.monotonic() > end or not pathlib.Path(f"/proc/{pid}").exists():
                    raise RuntimeError(f"{server} doesn't answer for {name}")
                time.sleep(0.02)

    def measure(self, questions):
        """{figure, server: numbers} of answers a second, and microseconds of the server's processor time for one."""
        def ask(ip, port, pid):
            before = processor_us(pid)
            said = netbench.run("dnsperf", "-s", ip, "-p", port, "-d", questions, "-l", netbench.SECONDS, "-c", 4, "-q", 200, "-t", 1)
            count, lost = (int(re.search(rf"Queries {what}: +(\d+)", said)[1]) for what in ("completed", "lost"))
            if lost > count / 1000:
                print(f"services.py: {ip} port {port} lost {lost} of {count}", file=sys.stderr)
            return float(re.search(r"Queries per second: +([\d.]+)", said)[1]), (processor_us(pid) - before) / count

        found = netbench.rounds({server: lambda at=at: ask(*at) for server, at in self.at.items()})
        return {f"{what}, {server}": [turn[i] for turn in turns] for server, turns in found.items()
                for i, what in enumerate(("rate", "us"))}


def unbound_conf(folder, lines):
    return (f'server:\n chroot: ""\n username: ""\n pidfile: ""\n directory: "{folder}"\n use-syslog: no\n interface: {PEER}@PORT\n'
            ' access-control: 0.0.0.0/0 allow\n num-threads: 1\n module-config: "iterator"\n local-zone: "test." nodefault\n'
            + lines + "remote-control:\n control-enable: no\n")


DNSMASQ = "dnsmasq", "--keep-in-foreground", "--user=root", "--pid-file=", "-C"
DNSMASQ_CONF = f"port=PORT\nno-resolv\nno-hosts\nbind-interfaces\nlisten-address={PEER}\n"
DNSDIST_CONF = f'setLocal("{PEER}:PORT")\nsetACL("0.0.0.0/0")\nsetSecurityPollSuffix("")\n'


def start_known(bench):
    """A name server that knows each name below example.test, at all addresses."""
    folder = bench.folder / "known"
    folder.mkdir()
    (folder / "zone").write_text("$ORIGIN test.\n$TTL 86400\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n*.example A 192.0.2.1\n")
    (folder / "conf").write_text(f"server:\n  rundir: {folder}\n  listen: [0.0.0.0@53]\n  user: root\ndatabase:\n  storage: {folder}\n"
                                 f"zone:\n  - domain: test\n    storage: {folder}\n    file: zone\n")
    bench.start("knotd", "-c", folder / "conf", wait=None)


def cached(bench):
    """Answers from a cache."""
    bench.second_namespace()
    start_known(bench)
    names = Names(bench)
    names.leat("resolver", "--gateway", "10.98.0.1", "10.98.0.1")
    names.peer("dnsmasq", DNSMASQ_CONF + "server=10.99.0.1\ncache-size=10000\n", *DNSMASQ)
    names.peer("unbound", unbound_conf(bench.folder, "") + 'forward-zone:\n name: "."\n forward-addr: 10.99.0.1\n', "unbound", "-d", "-c")
    names.peer("dnsdist", DNSDIST_CONF + 'newServer("10.99.0.1"):setUp()\npc = newPacketCache(10000)\ngetPool(""):setCache(pc)\n',
               "dnsdist", "--supervised", "--disable-syslog", "-C")
    names.wait("n0.example.test", 0)
    questions = bench.folder / "questions"
    questions.write_text("".join(f"n{number}.example.test A\n" for number in range(CACHED)))
    return names.measure(questions)


def blocked(bench):
    """Answers for names of a list, drawn by Zipf's law."""
    bench.second_namespace()
    listed = blocklists.names(BLOCKED)
    folder = bench.folder
    plain, hosts = folder / "list", folder / "hosts"
    plain.write_text("".join(f"{name}\n" for name in listed))
    hosts.write_text("".join(f"0.0.0.0 {name}\n" for name in listed))
    names = Names(bench)
    names.leat("sieve", "--gateway", "10.98.0.1", "--server", "10.98.0.1", plain)
    names.peer("dnsmasq", DNSMASQ_CONF + "".join(f"local=/{name}/\n" for name in listed), *DNSMASQ)
    names.peer("dnsmasq, hosts", DNSMASQ_CONF + f"addn-hosts={hosts}\ncache-size=10000\n", *DNSMASQ)
    names.peer("unbound", unbound_conf(folder, "".join(f' local-zone: "{name}" always_nxdomain\n' for name in listed)), "unbound", "-d", "-c")
    names.peer("dnsdist", DNSDIST_CONF + 'newServer("10.99.0.1"):setUp()\nlocal names = newSuffixMatchNode()\n'
               f'for name in io.lines("{plain}") do names:add(newDNSName(name)) end\n'
               "addAction(SuffixMatchNodeRule(names), RCodeAction(DNSRCode.NXDOMAIN))\n", "dnsdist", "--supervised", "--disable-syslog", "-C")
    questions = folder / "questions"
    questions.write_text("".join(f"{name} A\n" for name in blocklists.zipf(listed, 200_000)))
    hosts_at = names.at.pop("dnsmasq, hosts", None)  # it says 0.0.0.0, the others that there is no such name
    names.wait(listed[-1], 3)
    if hosts_at:
        names.at["dnsmasq, hosts"] = hosts_at
        while blocklists.ask(*hosts_at[:1], listed[-1], hosts_at[1]) != 0:
            time.sleep(0.02)
    return names.measure(questions)


# ---- Lists ---------------------------------------------------------------------------------------


def gateway(ip):
    return ip.rpartition(".")[0] + ".1"


def start_sieve(bench, path, name):
    """Milliseconds of processor time until it blocks @name, and its memory in MB."""
    device, ip, mac = bench.tap()
    child = bench.start(bench.program("examples/sieve"), "--tap", device, "--ip", f"{ip}/24", "--mac", mac, "--gateway", gateway(ip),
                        "--server", gateway(ip), path, wait=None)
    end = time.monotonic() + 300
    while blocklists.ask(ip, name) != 3:
        if child.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"sieve doesn't block {name} of {path}")
        time.sleep(0.005)
    took = processor_us(child.pid) / 1e3, blocklists.memory_mb(child.pid)
    child.kill()
    child.wait()
    return took


def many_names(count):
    """As many as there are in no public list, less the one that is asked for; made faster than blocklists.names()."""
    return (f"{number * 2654435761 % 2**32:08x}.list{number % 5000}.example" for number in range(count - 1))


def lists(bench):
    """The processor time and memory that a list takes: those of a start with it, less those of a start with one name."""
    found = {}
    few = bench.folder / "few"
    few.write_text("last.example\n")
    for count in LOADED, MANY:
        path = bench.folder / "names"
        with open(path, "w") as file:
            file.writelines(f"{name}\n" for name in (many_names if count == MANY else blocklists.names)(count))
            file.write("last.example\n")
        rounds = [(start_sieve(bench, path, "last.example"), start_sieve(bench, few, "last.example"))
                  for _ in range(netbench.ROUNDS if count == LOADED else 1)]
        found[f"{count} ms"] = [whole[0] - less[0] for whole, less in rounds]
        found[f"{count} MB"] = [whole[1] - less[1] for whole, less in rounds]
    return found


def query():
    """A frame that asks a guest for last.example."""
    text = b"\0\1\1\0\0\1\0\0\0\0\0\0\4last\7example\0\0\1\0\1"
    udp = struct.pack("!HHHH", boots.PORT, 53, 8 + len(text), 0) + text
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, boots.PEER, boots.IP)
    ip = ip[:10] + struct.pack("!H", boots.checksum(ip)) + ip[12:]
    return (boots.MAC + boots.PEER_MAC + b"\x08\x00" + ip + udp).ljust(60, b"\0")


def is_blocked(frame):
    return frame[12:14] == b"\x08\x00" and frame[23] == 17 and frame[34:36] == b"\0\x35" and frame[45] & 15 == 3


def boot(bench):
    """sieve as an image, with TLS, HTTP/2 and its page: from QEMU's start (microvm, TCG) to the first blocked name. The list is in
    an initrd."""
    found = {}
    for count in 1, LOADED:
        path, initrd = bench.folder / "names", bench.folder / "initrd"
        path.write_text("".join(f"{name}\n" for name in blocklists.names(count)) + "last.example\n")
        with tarfile.open(initrd, "w", format=tarfile.USTAR_FORMAT) as archive:
            archive.add(path, "names")
        command = ["qemu-system-x86_64", *boots.COMMON, "-cpu", "max", *boots.MODERN, "-M",
                   "microvm,x-option-roms=off,pit=off,pic=off,rtc=on,isa-serial=on,acpi=off", "-kernel", bench.program("examples/sieve.elf"),
                   "-initrd", str(initrd), "-append", "--ip=10.0.2.15/24 --gateway=10.0.2.2 --server=10.0.2.2 /names"]
        rounds = [boots.to_answer(command, "virtio-net-device", query, is_blocked, lambda *_: None) for _ in range(netbench.ROUNDS)]
        found[f"{count} clock"] = [each[0] for each in rounds]
        found[f"{count} processor"] = [each[1] for each in rounds]
    return found


# ---- The web -------------------------------------------------------------------------------------


def http(bench):
    """A page on 32 connections: microseconds of processor time of the server and of wrk."""
    servers = {"leat": bench.leat("httpd")}
    if shutil.which("nginx"):
        servers["nginx"] = netbench.start_nginx(bench)

    def wrk(ip):
        server, client = processor_us(bench.pids[ip]), client_us()
        count = https.wrk(f"http://{ip}/")
        return (processor_us(bench.pids[ip]) - server) / count, (client_us() - client) / count

    found = netbench.rounds({name: lambda ip=ip: wrk(ip) for name, ip in servers.items()})
    return {f"{what}, {name}": [of(turn) for turn in turns] for name, turns in found.items()
            for what, of in (("both us", sum), ("us", lambda turn: turn[0]))}


PARTS = {"cached": cached, "blocked": blocked, "lists": lists, "boot": boot, "http": http, "https": https.https}
netbench.BENCHES.update(PARTS)


# ---- The table -----------------------------------------------------------------------------------


def cell(numbers):
    return f"{statistics.median(numbers):,.1f} ({min(numbers):,.1f} to {max(numbers):,.1f})" if len(numbers) > 1 else f"{numbers[0]:,.2f}"


def best(found, what, better):
    """The best of the peers: its name and its numbers."""
    peers = {key.split(", ", 1)[1]: numbers for key, numbers in found.items() if key.startswith(f"{what}, ") and not key.endswith(", leat")}
    return better(peers.items(), key=lambda item: statistics.median(item[1])) if peers else (None, [])


def ratio(ours, theirs):
    """Median of the rounds' quotients."""
    return statistics.median(one / other for one, other in zip(ours, theirs))


def limit(what, numbers, most, unit):
    """A line for a figure that may be @most."""
    middle = statistics.median(numbers)
    return f"| {what} | {cell(numbers)} {unit} | | at most {most:g} {unit} | {'met' if middle <= most else f'{middle / most:.2f} times'} |"


def times(what, found, figure, goal, unit, larger, peer=None):
    """A line for a figure that is better than the best peer's, or that of @peer, by a factor."""
    ours = found[f"{figure}, leat"]
    name, theirs = (peer, found.get(f"{figure}, {peer}", [])) if peer else best(found, figure, max if larger else min)
    if not theirs:
        return f"| {what} | {cell(ours)} {unit} | no peer | {goal:g} times | not compared |"
    factor = ratio(ours, theirs) if larger else ratio(theirs, ours)
    return (f"| {what} | {cell(ours)} {unit} | {name}: {cell(theirs)} {unit} | {goal:g} times | "
            f"{factor:.2f} times{'' if factor >= goal else ', missed'} |")


def lines_of(part, found):
    """The lines of the table for a part."""
    if part == "cached":
        return [limit("a cached answer", found["us, leat"], 3.5, "µs"), times("... a second", found, "rate", 2, "", True, "dnsmasq")]
    if part == "blocked":
        return [times("a blocked answer, 100,000 names", found, "us", 1.5, "µs", False), times("... a second", found, "rate", 1.5, "", True)]
    if part == "lists":
        return [limit("250,000 names read", found[f"{LOADED} ms"], 150, "ms"),
                limit("4,000,000 names", found[f"{MANY} MB"], 56, "MB")]
    if part == "boot":
        return [limit(f"an image, {what}: {kind} time until it blocks", found[f"{count} {kind}"], 150, "ms")
                for count, what in ((1, "one name"), (LOADED, "250,000 names")) for kind in ("processor", "clock")]
    if part == "http":
        return [times("a request, 32 connections, both ends", found, "both us", 2.5, "µs", False)]
    goals = {"a request, kept alive": 7, "a request with a connection": 130, "a megabyte": 450}
    return [limit(f"HTTPS: {what}", found[f"{what}, leat"], goal, "µs") for what, goal in goals.items()]


def all_of(part, found):
    """Every number, for the page."""
    return [f"| {part} | {key} | {cell(numbers)} |" for key, numbers in found.items()]


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-") or not set(sys.argv[2:]) <= set(PARTS):
        sys.exit(__doc__)
    others, began = noise.Others(), time.monotonic()
    table, details = [], []
    for part in sys.argv[2:] or PARTS:
        found = netbench.measure(sys.argv[1], [part], __file__)[part]
        if not found:
            sys.exit(f"services.py: could not measure {part}: see above")
        table += lines_of(part, found)
        details += all_of(part, found)
        print("\n".join(lines_of(part, found)), file=sys.stderr, flush=True)
    print("| Figure | leat | best peer | goal | |\n|---|---|---|---|---|")
    print("\n".join(table))
    print("\n| Part | Figure | median (least to largest) |\n|---|---|---|")
    print("\n".join(details))
    for name, command in PEERS.items():
        if not shutil.which(command):
            print(f"\n{name} isn't installed")
    print(f"\n{netbench.ROUNDS} rounds in {time.monotonic() - began:.0f} s; others had {others.load():.0%} of the machine; load {os.getloadavg()[0]:.0f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        print(netbench.json.dumps(netbench.inside(pathlib.Path(sys.argv[2]).resolve(), PARTS[sys.argv[3]])))
    else:
        main()
