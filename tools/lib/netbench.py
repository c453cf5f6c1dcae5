#!/usr/bin/python3
"""Benches of leat over TAP, each beside a peer in the same run; for tools/bench.

    netbench.py BUILD NAME...       prints one object: {NAME: {series: [a number a round, ...]}}

It creates a network namespace with TAP devices for leat, and a veth to a second namespace with the peers: Linux, nginx,
nsd. Each round goes over all series, so that other load on the machine affects all of them. A peer that is not
installed has no numbers.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SITE = SOURCE / "examples/site/index.html"
ROUNDS = int(os.environ.get("LEAT_BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("LEAT_BENCH_SECONDS", "2"))
PEER_IP = "10.99.0.2"  # the second namespace
MAC = "02:6c:65:61:74:{:02x}"
ZONE = """$ORIGIN example.com.
$TTL 1h
@    SOA ns hostmaster ( 1 2h 30m 2w 5m )
     NS  ns
ns   A   192.0.2.1
www  A   192.0.2.3
mail A   192.0.2.2
"""
QUERIES = "www.example.com A\nmail.example.com A\nnobody.example.com A\nexample.com NS\n"

_libc = ctypes.CDLL(None)


def run(*words, timeout=120):
    """The output of a command, which must succeed."""
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True,
                          timeout=timeout, stdin=subprocess.DEVNULL).stdout


def die_with_parent():
    """Ends a child process together with the bench (PR_SET_PDEATHSIG is 1)."""
    _libc.prctl(1, signal.SIGKILL)


def processor_s(pid):
    """Processor time of a process with all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family(pid):
    """A process and all its descendants."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [each for child in children for each in family(int(child))]


def set_cubic(*enter):
    """Gives Linux's TCP leat's congestion control in a namespace, whatever the machine's default is: BBR would pace,
    and lose to either for that reason. @enter: the command that enters the namespace."""
    run(*enter, sys.executable, "-c",
        "open('/proc/sys/net/ipv4/tcp_congestion_control', 'w').write('cubic')")


class Bench:
    """The environment of the measurements: `build`, a temporary folder, and servers that end with it."""

    def __init__(self, build, folder, ending):
        self.build = build
        self.folder = folder
        self.ending = ending
        self.taps = 0
        self.holder = None
        self.pids = {}  # leat's processes, by address

    def program(self, name):
        return str(self.build / name)

    def start(self, *words, inside=False, wait="ready|, port", cores=None):
        """Starts a server, optionally on some cores only, and waits for its first line that matches, if a pattern is
        given."""
        words = [str(word) for word in words]
        if inside:
            words = ["nsenter", "-t", str(self.second_namespace()), "-n", *words]

        def prepare():
            die_with_parent()
            if cores:
                os.sched_setaffinity(0, cores)

        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 stdin=subprocess.DEVNULL, preexec_fn=prepare)
        self.ending.callback(lambda: (child.terminate(), child.wait()))
        for line in child.stdout if wait else ():
            if re.search(wait, line):
                return child
        if wait:
            raise RuntimeError(f"{words[0]} did not start")
        return child

    def second_namespace(self):
        """Creates the second namespace, with a veth to it; returns the process that holds it."""
        if not self.holder:
            self.holder = subprocess.Popen(["unshare", "--net", "sleep", "3600"],
                                           preexec_fn=die_with_parent)
            self.ending.callback(lambda: (self.holder.kill(), self.holder.wait()))
            here = os.readlink("/proc/self/ns/net")
            while os.readlink(f"/proc/{self.holder.pid}/ns/net") == here:
                time.sleep(0.01)
            run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there", "netns",
                self.holder.pid)
            run("ip", "addr", "add", "10.99.0.1/24", "dev", "here")
            run("ip", "link", "set", "here", "up")
            inside = ["nsenter", "-t", self.holder.pid, "-n", "ip"]
            run(*inside, "addr", "add", f"{PEER_IP}/24", "dev", "there")
            run(*inside, "link", "set", "there", "up")
            run(*inside, "link", "set", "lo", "up")
            set_cubic("nsenter", "-t", self.holder.pid, "-n")
        return self.holder.pid

    def tap(self, *more):
        """Creates a TAP device: its name, leat's address and MAC."""
        number = self.taps
        self.taps += 1
        name, net = f"bench{number}", f"10.98.{number}"
        run("ip", "tuntap", "add", name, "mode", "tap", *more)
        run("ip", "addr", "add", f"{net}.1/24", "dev", name)
        run("ip", "link", "set", name, "up")
        run("ip", "neigh", "replace", f"{net}.2", "lladdr", MAC.format(number), "dev", name)
        return name, f"{net}.2", MAC.format(number)

    def leat(self, name, *more):
        """Starts an example; returns its address."""
        device, ip, mac = self.tap()
        self.pids[ip] = self.start(self.program(f"examples/{name}"), "--tap", device, "--ip",
                                   f"{ip}/24", "--mac", mac, *more).pid
        return ip

    def peer(self, *words):
        """The number that bench/peer prints."""
        return float(run(self.program("bench/peer"), *words))


def rounds(series):
    """Measures {name: function} in turn, round by round; the first round is a warm-up."""
    found = {name: [] for name in series}
    for turn in range(ROUNDS + 1):
        for name, measure in series.items():
            value = measure()
            if turn > 0:
                found[name].append(value)
    return found


def reflector(bench):
    """Datagrams a second, both ways: the echo example, and a loop of read() and write()."""
    echo = bench.leat("echo")
    device, bare, _ = bench.tap()
    bench.start(bench.program("bench/peer"), "reflect", device)
    return rounds({
        f"{who}, {frame} B": lambda ip=ip, frame=frame: bench.peer("blast", ip, 7, frame - 42, SECONDS)
        for frame in (64, 1514) for who, ip in (("leat", echo), ("bare", bare))})


def bulk(bench):
    """One connection: Linux to leat, leat to Linux, and Linux to Linux over veth, each with and without
    super-frames. Gbit/s, and seconds of processor time that both ends need for a gigabyte."""
    sink, source = bench.leat("discard"), bench.leat("chargen")
    plain_sink = bench.leat("discard", "--no-offload")
    plain_source = bench.leat("chargen", "--no-offload")
    bench.pids[PEER_IP] = bench.start(bench.program("bench/peer"), "sink", 9, inside=True).pid

    def measure(what, ip, port):
        client = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = -processor_s(bench.pids[ip]) - client.ru_utime - client.ru_stime
        gbps = bench.peer(what, ip, port, SECONDS)
        client = resource.getrusage(resource.RUSAGE_CHILDREN)
        used += processor_s(bench.pids[ip]) + client.ru_utime + client.ru_stime
        return gbps, used / (gbps * SECONDS / 8)

    def linux(offload):
        pid = bench.second_namespace()
        for words in (["ethtool", "-K", "here"], ["nsenter", "-t", pid, "-n", "ethtool", "-K", "there"]):
            run(*words, "tso", offload, "gso", offload, "gro", offload)
        return measure("send", PEER_IP, 9)

    can_set = shutil.which("ethtool")
    series = {"in": lambda: measure("send", sink, 9),
              "Linux, TSO": lambda: linux("on") if can_set else measure("send", PEER_IP, 9),
              "out": lambda: measure("receive", source, 19),
              "in, no offload": lambda: measure("send", plain_sink, 9),
              "out, no offload": lambda: measure("receive", plain_source, 19)}
    if can_set:
        series["Linux, no TSO"] = lambda: linux("off")
    found = rounds(series)
    return ({name: [turn[0] for turn in turns] for name, turns in found.items()}
            | {f"{name}, cost": [turn[1] for turn in turns] for name, turns in found.items()})


def start_nginx(bench, scheme="http", server="listen 80;"):
    """nginx with httpd's page, in a minimal configuration; @server: lines for its server block."""
    root = bench.folder / "site"
    root.mkdir(exist_ok=True)
    shutil.copy(SITE, root / "index.html")
    os.chmod(bench.folder, 0o755)
    config = bench.folder / "nginx.conf"
    config.write_text(f"""
daemon off; master_process off; worker_processes 1; pid {bench.folder}/nginx.pid;
error_log {bench.folder}/nginx.log;
events {{ worker_connections 1024; multi_accept on; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
    open_file_cache max=100; etag on; default_type text/html;
    client_body_temp_path {bench.folder}/b; proxy_temp_path {bench.folder}/p;
    fastcgi_temp_path {bench.folder}/f; uwsgi_temp_path {bench.folder}/u; scgi_temp_path {bench.folder}/s;
    server {{ {server} root {root}; }}
}}
""")
    bench.pids[PEER_IP] = bench.start("nginx", "-c", config, "-p", bench.folder, inside=True, wait=None).pid
    answers(lambda: run("curl", "-ksS", "-o", "/dev/null", f"{scheme}://{PEER_IP}/"))
    return PEER_IP


def answers(ask):
    """Waits until a server answers."""
    for attempt in range(100):
        try:
            return ask()
        except (subprocess.CalledProcessError, OSError):
            if attempt == 99:
                raise
            time.sleep(0.1)


def http(bench):
    """Requests a second for a page of 612 bytes on 32 connections: httpd and nginx."""
    if not shutil.which("wrk"):
        return {}
    servers = {"leat": bench.leat("httpd")}
    if shutil.which("nginx"):
        servers["nginx"] = start_nginx(bench)

    def wrk(ip):
        said = run("wrk", "-t1", "-c32", f"-d{max(1, round(SECONDS))}", f"http://{ip}/")
        if "Non-2xx" in said or "Socket errors" in said:
            raise RuntimeError(said)
        return float(re.search(r"Requests/sec: +([0-9.]+)", said)[1])

    return rounds({name: lambda ip=ip: wrk(ip) for name, ip in servers.items()})


def start_nsd(bench):
    """nsd with the dns example's zone."""
    config = bench.folder / "nsd.conf"
    config.write_text(f"""
server:
    ip-address: {PEER_IP}
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "{bench.folder}"
    database: ""
    pidfile: "{bench.folder}/nsd.pid"
    xfrdfile: "{bench.folder}/xfrd"
    zonelistfile: "{bench.folder}/zone.list"
    hide-version: yes
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: example.com
    zonefile: zone
""")
    bench.pids[PEER_IP] = bench.start("nsd", "-d", "-c", config, inside=True, wait=None).pid
    words = ["-d", bench.folder / "queries", "-s", PEER_IP, "-l", "0.1"]
    answers(lambda: re.search(r"completed: +[1-9]", run("dnsperf", *words))
            or (_ for _ in ()).throw(subprocess.CalledProcessError(1, "dnsperf")))
    return PEER_IP


def dns(bench):
    """UDP queries a second: the dns example and nsd with the same zone. Also microseconds of processor time per
    query, of the server alone, and of server and client."""
    if not shutil.which("dnsperf"):
        return {}
    (bench.folder / "zone").write_text(ZONE)
    (bench.folder / "queries").write_text(QUERIES)
    servers = {"leat": bench.leat("dns", "any-rate", bench.folder / "zone")}
    if shutil.which("nsd"):
        servers["nsd"] = start_nsd(bench)

    def used(ip):
        client = resource.getrusage(resource.RUSAGE_CHILDREN)
        return sum(map(processor_s, family(bench.pids[ip]))), client.ru_utime + client.ru_stime

    def dnsperf(ip):
        before = used(ip)
        said = run("dnsperf", "-d", bench.folder / "queries", "-s", ip, "-l", SECONDS, "-c", 1, "-T",
                   1, "-q", 100)
        server, client = (after - then for after, then in zip(used(ip), before))
        count = int(re.search(r"Queries completed: +([0-9]+)", said)[1])
        rate = float(re.search(r"Queries per second: +([0-9.]+)", said)[1])
        return rate, server / count * 1e6, (server + client) / count * 1e6

    found = rounds({name: lambda ip=ip: dnsperf(ip) for name, ip in servers.items()})
    return {name + what: [turn[i] for turn in turns] for name, turns in found.items()
            for i, what in enumerate(("", ", us", ", all us"))}


# ---- Several stacks --------------------------------------------------------------------------


def busy_s():
    """Time in which the machine's cores have not been idle."""
    ticks = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


class Stacks:
    """Starts the stacks example on some cores; each core has a stack and its client."""

    def __init__(self, bench, cores):
        self.cores = cores
        device, first, _ = bench.tap("multi_queue")
        net, _, host = first.rpartition(".")
        self.ips = [f"{net}.{int(host) + i}" for i in range(len(cores))]
        run("ip", "neigh", "flush", "dev", device, "nud", "all")  # each run of the stacks has other addresses
        self.pid = bench.start(bench.program("examples/stacks"), device, f"{first}/24", len(cores),
                               cores=set(cores)).pid

    def measure(self):
        """Requests a second; microseconds of processor time per request, of the stacks alone, and with their
        clients; the share of the machine that other programs had meanwhile."""
        began, stacks, busy = time.monotonic(), processor_s(self.pid), busy_s()
        ours = resource.getrusage(resource.RUSAGE_CHILDREN)
        clients = [subprocess.Popen(["wrk", "-t1", "-c32", f"-d{max(1, round(SECONDS))}", f"http://{ip}/"],
                                    stdout=subprocess.PIPE, text=True,
                                    preexec_fn=lambda core=core: os.sched_setaffinity(0, {core}))
                   for ip, core in zip(self.ips, self.cores)]
        said = [client.communicate()[0] for client in clients]
        stacks = processor_s(self.pid) - stacks
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        clients_s = after.ru_utime + after.ru_stime - ours.ru_utime - ours.ru_stime
        others = (busy_s() - busy - stacks - clients_s) / (time.monotonic() - began) / os.cpu_count()
        rate = sum(float(re.search(r"Requests/sec: +([0-9.]+)", text)[1]) for text in said)
        count = sum(int(re.search(r"(\d+) requests in", text)[1]) for text in said)
        return rate, stacks / count * 1e6, (stacks + clients_s) / count * 1e6, max(0, others)


def stacks(bench):
    """HTTP on one core and on two: each has a stack, on its own queue of the same device, and its client."""
    cores = sorted(os.sched_getaffinity(0))
    if not shutil.which("wrk") or len(cores) < 2:
        return {}
    sets = {"1": Stacks(bench, cores[:1]), "2": Stacks(bench, cores[:2])}
    found = rounds({count: several.measure for count, several in sets.items()})
    return {f"{what}, {count}": [turn[i] for turn in turns] for count, turns in found.items()
            for i, what in enumerate(("requests", "us", "all us", "others"))}


BENCHES = {"reflector": reflector, "tcp": bulk, "http": http, "dns": dns, "stacks": stacks}


def inside(build, bench):
    """Runs one bench in the current namespace."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    run("ip", "link", "set", "lo", "up")
    set_cubic()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ending:
        return bench(Bench(build, pathlib.Path(folder), ending))


def measure(build, names, script=__file__):
    """{name: {series: [number, ...]}}, each bench of @script in a namespace of its own; empty if that is impossible."""
    found = {}
    for name in names:
        done = subprocess.run(["unshare", "--net", sys.executable, "-B", script, "--inside", build,
                               name], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                              check=False)
        found[name] = json.loads(done.stdout) if done.returncode == 0 else {}
    return found


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        print(json.dumps(inside(pathlib.Path(sys.argv[2]).resolve(), BENCHES[sys.argv[3]])))
    else:
        print(json.dumps(measure(sys.argv[1], sys.argv[2:] or list(BENCHES)), indent=2))
