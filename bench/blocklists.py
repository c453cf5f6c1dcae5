#!/usr/bin/python3
"""Measures the cost of lists of names to block: sieve beside dnsmasq, unbound, dnsdist and bind, in one run.

usage: bench/blocklists.py BUILD [NAMES]...

Makes a list of so many names (100,000 and 1,000,000), and gives it to each server in the form of its
configuration, so that all names below are blocked, too. For each server it prints seconds and processor time from
its start until it blocks a name of the list, its memory then, and the same with one name. By dnsperf it measures how
many queries for blocked names it answers a second, and the processor time of one. The queried names are drawn by
Zipf's law. Each server has a namespace of its own; leat is reached over TAP, the others over veth. Needs root, or
user namespaces.
"""

import ctypes
import itertools
import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
DNSPERF_S = 5
START_S = 400


def names(count):
    """As in lists: two to four labels, some thousand top-level domains, the same for the same count."""
    chance = random.Random(count)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(3, 10))) for _ in range(5000)]
    made = set()
    while len(made) < count:
        labels = [chance.choice(words) for _ in range(chance.choice((1, 1, 2)))]
        made.add(".".join([*labels, f"{chance.choice(words)}{chance.randint(0, 999)}", chance.choice(words[:1000])]))
    return sorted(made, key=lambda name: name[::-1])


def ask(address, name, port=53):
    """The reply's code, or None."""
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.2)
        try:
            sock.connect((address, port))
            sock.send(struct.pack("!6H", 1, 0x100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, 1, 1))
            return sock.recv(2000)[3] & 15
        except OSError:
            return None


def processor_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def memory_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1000


class Server:
    probe, code = None, 3  # a name, and the reply's code that says that it is ready

    def __init__(self, command, address):
        began = time.monotonic()
        self.address = address
        self.child = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL))
        while ask(address, self.probe) != self.code:
            if time.monotonic() > began + START_S or self.child.poll() is not None:
                self.end()
                sys.exit(f"bench/blocklists.py: {command[0]} doesn't answer for {self.probe}")
            time.sleep(0.01)
        self.took = time.monotonic() - began, processor_s(self.child.pid), memory_mb(self.child.pid)

    def end(self):
        self.child.kill()
        self.child.wait()

    def questions(self, path):
        """Answers a second, and microseconds of the server's processor time for one."""
        before = processor_s(self.child.pid)
        done = subprocess.run(["dnsperf", "-s", self.address, "-d", path, "-l", str(DNSPERF_S), "-c", "4", "-q", "200"],
                              capture_output=True, text=True, check=True, timeout=60).stdout
        answered = int(re.search(r"Queries completed:\s+(\d+)", done)[1])
        lost = int(re.search(r"Queries lost:\s+(\d+)", done)[1])
        rate = float(re.search(r"Queries per second:\s+([\d.]+)", done)[1])
        return rate, (processor_s(self.child.pid) - before) * 1e6 / answered, lost


def sieve(folder, build, listed):
    (folder / "sieve").write_text("".join(f"{name}\n" for name in listed))
    return [build / "examples/sieve", "--tap", "leat0", "--ip", "10.0.0.2/24", "--server", "10.0.0.1", "any-rate", folder / "sieve"], "10.0.0.2"


def dnsmasq(folder, _, listed):
    (folder / "dnsmasq").write_text("".join(f"local=/{name}/\n" for name in listed))
    return ["ip", "netns", "exec", "others", "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--user=root", "--pid-file=",
            "--bind-interfaces", "--listen-address=10.0.1.2", f"--conf-file={folder / 'dnsmasq'}"], "10.0.1.2"


def unbound(folder, _, listed):
    (folder / "unbound").write_text(
        f'server:\n chroot: ""\n username: ""\n pidfile: ""\n directory: "{folder}"\n use-syslog: no\n interface: 10.0.1.2\n'
        ' access-control: 0.0.0.0/0 allow\n num-threads: 1\n module-config: "iterator"\n'
        + "".join(f' local-zone: "{name}" always_nxdomain\n' for name in listed) + "remote-control:\n control-enable: no\n")
    return ["ip", "netns", "exec", "others", "unbound", "-d", "-c", folder / "unbound"], "10.0.1.2"


def dnsdist(folder, _, listed):
    (folder / "names").write_text("".join(f"{name}\n" for name in listed))
    (folder / "dnsdist").write_text(
        'setLocal("10.0.1.2:53")\nsetACL("0.0.0.0/0")\nnewServer({address="10.0.1.1", healthCheckMode="up"})\nlocal names = newSuffixMatchNode()\n'
        f'for name in io.lines("{folder / "names"}") do names:add(newDNSName(name)) end\n'
        'addAction(SuffixMatchNodeRule(names), RCodeAction(DNSRCode.NXDOMAIN))\n')
    return ["ip", "netns", "exec", "others", "dnsdist", "--supervised", "--disable-syslog", "-C", folder / "dnsdist"], "10.0.1.2"


def bind(folder, _, listed):
    (folder / "rpz").write_text("$TTL 60\n@ SOA localhost. root.localhost. 1 2 3 4 5\n NS localhost.\n"
                                + "".join(f"{name} CNAME .\n*.{name} CNAME .\n" for name in listed))
    (folder / "named").write_text(
        f'options {{ directory "{folder}"; listen-on {{ 10.0.1.2; }}; listen-on-v6 {{ none; }}; recursion yes; allow-query {{ any; }};\n'
        f' forwarders {{ 10.0.1.1; }}; forward only; pid-file none; dnssec-validation no; response-policy {{ zone "rpz"; }} qname-wait-recurse no; }};\n'
        f'zone "rpz" {{ type primary; file "{folder / "rpz"}"; }};\ncontrols {{ }};\n')
    return ["ip", "netns", "exec", "others", "named", "-f", "-n", "1", "-c", folder / "named"], "10.0.1.2"


def zipf(listed, count):
    """So many of the names: the n-th of them, in an order by chance, n times more seldom than the first."""
    chance = random.Random(1)
    order = chance.sample(listed, len(listed))
    return chance.choices(order, cum_weights=list(itertools.accumulate(1 / place for place in range(1, len(order) + 1))), k=count)


def make_network():
    for words in ("link set lo up", "tuntap add leat0 mode tap", "addr add 10.0.0.1/24 dev leat0", "link set leat0 up",
                  "netns add others", "link add v0 type veth peer name v1 netns others", "addr add 10.0.1.1/24 dev v0",
                  "link set v0 up", "-n others link set lo up", "-n others addr add 10.0.1.2/24 dev v1", "-n others link set v1 up"):
        subprocess.run(["ip", *words.split()], check=True)


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    if os.environ.get("BLOCKLISTS_INSIDE") != "1":
        os.environ["BLOCKLISTS_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv])
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    make_network()
    print("| Names | Server | start, s | its processor time, s | memory, MB | without a list, MB | answers/s | processor time of one, µs | lost |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        for count in [int(word) for word in sys.argv[2:]] or [100_000, 1_000_000]:
            listed = names(count)
            (folder / "questions").write_text("".join(f"{name} A\n" for name in zipf(listed, 200_000)))
            for make in (sieve, dnsmasq, unbound, dnsdist, bind):
                Server.probe = listed[0]
                few = Server(*make(folder, pathlib.Path(sys.argv[1]), listed[:1]))
                few.end()
                Server.probe = listed[-1]
                server = Server(*make(folder, pathlib.Path(sys.argv[1]), listed))
                rate, one_us, lost = server.questions(folder / "questions")
                server.end()
                print(f"| {count:,} | {make.__name__} | {server.took[0]:.2f} | {server.took[1]:.2f} | {server.took[2]:.1f} | "
                      f"{few.took[2]:.1f} | {rate:,.0f} | {one_us:.1f} | {lost} |", flush=True)


if __name__ == "__main__":
    main()
