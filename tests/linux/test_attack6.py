"""The attack tools of Debian's package thc-ipv6 on a client's link: clients stay served, and leat's memory doesn't
grow. Their manual page describes each tool; the table is in docs/lab/attacks.md."""

import json
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import LONG, Process, Table, binary, came, make_tap, run, until
from namespace import Namespace
from services import program

SECONDS = 5  # some send only every five seconds
pytestmark = pytest.mark.skipif(not LONG, reason="takes three minutes: meson test --setup long")
PREFIX = "2001:db8:a77"
KERNEL, EVE = f"{PREFIX}::1", f"{PREFIX}::666"
PACE_S, TEXT = 0.02, b"x" * 1000  # traffic of the client: 50 kB/s, both ways
LEAST = 0.9

# arguments of each tool: I its interface, L leat, C the client. Left out are cases 1 and 7 of denial6 and ndpexhaust6,
# which sent nothing in this network, and thcsyn6 without a pace, whose frames exceed what the reader of a TAP device
# can take.
ATTACKS = {
    "flood_router26": "I",
    "fake_router26": "-A 2001:db8:bad::/64 -R 2001:db8:bad2::/48 -D 2001:db8:bad::53 I",
    "flood_router6": "I",
    "flood_rs6": "I",
    "flood_advertise6": "I L",
    "flood_solicitate6": "I L",
    "flood_redir6": "I L",
    "flood_unreach6": "I L",
    "flood_mld6": "I",
    "flood_mld26": "I",
    "flood_mldrouter6": "I",
    "kill_router6": "I fe80::a",
    "redir6": f"I L {PREFIX}::9 fe80::a fe80::bad",
    "parasite6": "I",
    "fragmentation6": "-p I L",
    "exploit6": "I L",
    "denial6 2": "I L 2",
    "ndpexhaust26": f"I {PREFIX}::",
    "smurf6": "I L",
    "rsmurf6": "I L",
    "toobig6": "I L C 1280",
    "fuzz_ip6 1": "-1 I L",
    "fuzz_ip6 2": "-2 I L",
    "fuzz_ip6 3": "-3 I L",
    "fuzz_ip6 4": "-4 I L",
    "implementation6": "-p I L",
    "randicmp6": "I L",
    "thcsyn6": "-i 1 I L 7",
}


class Lan:
    """A bridge with the client's kernel, radvd, an example of leat and the attacker's namespace."""

    def __init__(self, folder):
        self.started, self.echoes = [], []
        run("ip", "link", "add", "lan", "type", "bridge", "mcast_snooping", "0")
        run("ip", "link", "set", "lan", "addrgenmode", "none")
        run("ip", "link", "set", "lan", "up")
        for address in (f"{KERNEL}/64", "fe80::a/64"):
            run("ip", "addr", "add", address, "dev", "lan", "nodad")
        self.space = Namespace()
        run("ip", "link", "add", "eve", "type", "veth", "peer", "name", "evep")
        run("ip", "link", "set", "evep", "addrgenmode", "none", "master", "lan", "up")
        self.space.adopt("eve", "10.9.9.9/24")
        self.space.run("ip", "addr", "add", f"{EVE}/64", "dev", "eve", "nodad")
        self.space.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        path = folder / "radvd.conf"
        path.write_text("interface lan { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;\n"
                        f"AdvRASrcAddress {{ fe80::a; }}; prefix {PREFIX}::/64 {{ }}; }};\n", encoding="utf-8")  # fmt: skip
        self.start([program("radvd"), "--nodaemon", "--logmethod=none", f"--config={path}",
                    f"--pidfile={folder}/radvd.pid"])  # fmt: skip

    def start(self, words, inside=False):
        def begin():
            return subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip

        child = self.space.call(begin) if inside else begin()
        self.started.append(child)
        return child

    def attack(self, name, words, stop):
        """Runs the tool, again whenever it ends, until @stop is set."""
        tool = shutil.which(f"atk6-{name.split()[0]}", path="/usr/bin:/usr/sbin")
        while not stop.is_set():
            child = self.start([tool, *words], inside=True)
            while child.poll() is None and not stop.wait(0.05):
                pass
            if child.poll() is None:
                child.send_signal(signal.SIGINT)  # some undo their changes
                if not came(lambda: child.poll() is not None, 2):
                    child.kill()
                child.wait()
            self.started.remove(child)

    def echo(self, device="attacked", mac="02:6c:65:61:74:77"):
        make_tap(device)
        run("ip", "link", "set", device, "master", "lan")
        self.echoes.append((device, Process(binary("echo"), "--tap", device, "--mac", mac, "--stats")))
        return self.echoes[-1][1]

    def close(self):
        for device, echo in self.echoes:
            echo.kill()
            print(f"--- {' '.join(echo.command)}\n{echo.text}")
            run("ip", "link", "del", device, check=False)
        for child in self.started:
            child.kill()
            child.wait()
        self.space.close()
        run("ip", "link", "del", "lan", check=False)


@pytest.fixture
def lan(tmp_path):
    if not shutil.which("atk6-flood_router26", path="/usr/bin:/usr/sbin"):
        pytest.skip("no atk6-flood_router26: Debian's package thc-ipv6 is not installed")
    made = Lan(tmp_path)
    yield made
    made.close()


def address_of(echo):
    return re.search(r"IPv6: ([0-9a-f:]+)/", echo.wait_for(rf"echo: IPv6: {PREFIX}:"))[1]


def received(sock, until_s, total):
    """Adds received bytes to total[0] until then."""
    sock.settimeout(0.1)
    while time.monotonic() < until_s and total[0] < total[1]:
        try:
            text = sock.recv(65536)
        except TimeoutError:
            continue
        if not text:
            return
        total[0] += len(text)


def goodput(ip, seconds):
    """The share of a client's data that an echo returns within a second, at the client's pace."""
    pieces = int(seconds / PACE_S)
    with socket.create_connection((ip, 7), timeout=5) as sock:
        total = [0, pieces * len(TEXT)]
        begin = time.monotonic()
        reader = threading.Thread(target=received, args=(sock, begin + seconds + 1, total))
        reader.start()
        for index in range(pieces):
            time.sleep(max(0.0, begin + index * PACE_S - time.monotonic()))
            sock.settimeout(seconds)
            try:
                sock.sendall(TEXT)
            except OSError:
                break
        reader.join()
    return total[0] / total[1]


def frames():
    """The number of frames that the attacker has sent."""
    shown = json.loads(run("ip", "-s", "-j", "link", "show", "evep"))
    return shown[0]["stats64"]["rx"]["packets"]


def memory_kb(pid):
    """The size of its address space, which holds all memory that leat ever uses, from the start on."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmSize:\s+(\d+)", status.read())[1])


def test_a_client_is_served_during_an_attack(lan):
    table = Table("attack6", "tool", "frames a second", "client's goodput", "memory, KB")
    echo = lan.echo()
    ip = address_of(echo)
    assert until(lambda: goodput(ip, 0.2) == 1.0, 10)
    at_begin = memory_kb(echo.pid)
    bad = []
    for name, words in ATTACKS.items():
        stop = threading.Event()
        arguments = [{"I": "eve", "L": ip, "C": KERNEL}.get(word, word) for word in words.split()]
        attacker = threading.Thread(target=lan.attack, args=(name, arguments, stop))
        before = frames()
        attacker.start()
        try:
            share = goodput(ip, SECONDS)
        except OSError as error:
            share, _ = 0.0, print(f"{name}: {error}")
        finally:
            stop.set()
            attacker.join()
        grown = memory_kb(echo.pid) - at_begin if echo.running else -1
        sent = frames() - before
        table.row(name, round(sent / SECONDS), f"{share:.0%}", f"+{grown}")
        if share < LEAST or sent == 0 or grown != 0 or not echo.running:
            bad.append(f"{name}: {share:.0%}, {sent} frames, {grown} KB")
    assert until(lambda: goodput(ip, 0.2) == 1.0, 20)  # nothing stays
    assert echo.stop() == 0
    assert "the counters do not balance" not in echo.text
    assert not bad, bad


def test_a_host_that_is_denied_every_address_lives(lan):
    """dos-new-ip6 answers every duplicate address detection (V5): leat tries three identifiers, then none. Another
    program with configured addresses is served all the time."""
    before = lan.echo()
    ip = address_of(before)
    stop = threading.Event()
    attacker = threading.Thread(target=lan.attack, args=("dos-new-ip6", ["eve"], stop))
    attacker.start()
    try:
        time.sleep(0.5)
        denied = lan.echo("denied", "02:6c:65:61:74:78")
        denied.wait_for(f"claims {PREFIX}:", 15)
        assert denied.running
        assert not re.search(rf"IPv6: {PREFIX}:", denied.text)
        assert goodput(ip, 2) >= LEAST
    finally:
        stop.set()
        attacker.join()
    for one in (before, denied):
        assert one.stop() == 0
        assert "the counters do not balance" not in one.text
