"""Examples of leat on TAP devices, each with the Linux kernel on the other side.

Everything happens in the network namespace that tests/linux/run has made; the build directory is in LEAT_BUILD. Every
wait has a timeout, and tests end only processes that they have started.
"""

import ctypes
import itertools
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from namespace import Namespace
from patience import LIMIT_S, PATIENCE

BUILD = pathlib.Path(os.environ.get("LEAT_BUILD", "build")).resolve()
QUICK = bool(os.environ.get("LEAT_QUICK"))
LONG = bool(os.environ.get("LEAT_LONG"))  # meson test --setup long
DEVICE = os.environ.get("LEAT_DEVICE", "tap")  # the kind of device that the examples use
XDP = DEVICE == "xdp"  # AF_XDP over veth
V6 = os.environ.get("LEAT_FAMILY") == "6"  # tests use IPv6
INET = socket.AF_INET6 if V6 else socket.AF_INET
PATH = DEVICE in ("socket", "shm")  # no device and no capabilities: a cable connects the example to the kernel's TAP
                                    # device
# options of setpriv for a user without any capability
NO_CAPABILITIES = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs")
NOBODY = "65534"
BEYOND = "2001:db8:52::1"  # address of the fixture outside6, and none that passt gives away
START_S = 20
STOP_S = 20

_libc = ctypes.CDLL(None)
_numbers = itertools.count()


def pytest_configure(config):
    """A thousand sockets need more descriptors than many systems allow by default."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))


def binary(name):
    """The path of a program of the build: an example or a test program."""
    for folder in ("examples", "tests/linux"):
        path = BUILD / folder / name
        if path.is_file():
            return str(path)
    pytest.skip(f"{name} has not been built")


def run(*command, timeout=30, check=True, stdin=None):
    """Runs a command to its end, PATIENCE * @timeout seconds at most; returns its stdout as bytes. With @check it
    must succeed: for the set-up of a test. The exit status of a peer says nothing about leat."""
    done = subprocess.run(
        [str(word) for word in command],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=PATIENCE * timeout,
        check=False,
    )
    if done.returncode != 0:
        shown = (done.stdout + done.stderr).decode(errors="replace")
        shown = f"{' '.join(map(str, command))}: status {done.returncode}\n{shown}"
        if check:
            pytest.fail(shown)
        print(shown)
    return done.stdout


def as_user(*command):
    """The command without capabilities; a user namespace has no other user to become."""
    probe = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--bounding-set", "-all"]
    if subprocess.run([*probe, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0:
        return [*probe, *command]
    return list(command)


def until(condition, timeout=10):
    """Waits until condition() is true, PATIENCE * @timeout seconds at most; returns whether it became true."""
    return came(condition, PATIENCE * timeout)


def came(condition, seconds):
    """True if condition() becomes true within so many seconds: for events that must not happen."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _die_with_parent():
    """Ends a child process together with the test (PR_SET_PDEATHSIG is 1)."""
    _libc.prctl(1, signal.SIGKILL)


class Process:
    """A program that runs beside the test; its output is collected and shown on failure."""

    def __init__(self, *command, env=None):
        self.command = [str(word) for word in command]
        self.lines = []
        self._child = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=env,
            preexec_fn=_die_with_parent,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def pid(self):
        return self._child.pid

    @property
    def running(self):
        return self._child.poll() is None

    def wait_for(self, pattern, timeout=START_S):
        """The first line of output that matches; fails if there is none."""
        found = []

        def look():
            complete = not self._reader.is_alive()  # before the search, so that no last line is missed
            found.extend(line for line in self.lines if re.search(pattern, line))
            return found or complete

        until(look, timeout)
        if not found:
            pytest.fail(f"{' '.join(self.command)}: no line {pattern!r} came:\n{self.text}")
        return found[0]

    def wait(self, timeout=STOP_S):
        """Waits for the end; returns the exit status."""
        try:
            status = self._child.wait(PATIENCE * timeout)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            pytest.fail(f"{' '.join(self.command)} did not end in {PATIENCE * timeout} s:\n{self.text}")
        self._reader.join(PATIENCE * timeout)
        return status

    def stop(self):
        """Terminates it in order; returns the exit status."""
        if self.running:
            self._child.send_signal(signal.SIGTERM)
        return self.wait()

    def signal(self, number):
        self._child.send_signal(number)

    def kill(self):
        """Kills it."""
        self._child.kill()
        self._child.wait()

    @property
    def text(self):
        return "\n".join(self.lines)


class Table:
    """Table rows that a test prints, and writes to NAME.md in the build directory."""

    def __init__(self, name, *columns):
        self._path = BUILD / f"{name}.md"
        self._lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]

    def row(self, *cells):
        self._lines.append("| " + " | ".join(map(str, cells)) + " |")
        print(self._lines[-1])
        self._path.write_text("\n".join(self._lines) + "\n", encoding="utf-8")


class Leat(Process):
    """An example on a TAP device of its own. leat has `ip`; the kernel has `peer`, which is also the gateway unless
    another host's number is given. PEER among the options stands for the IPv4 address of the peer."""

    def __init__(self, name, options=(), arguments=(), mtu=1500, said_mtu=None, link=None,
                 gateway=1):
        number = next(_numbers)
        self.device = f"leat{number}"
        self.wire = f"{self.device}p" if XDP else self.device  # the kernel's end
        self.net = link.net if link else f"10.77.{number}"
        self.ip = f"{self.net}.2"
        self.ips = [self.ip]
        self.peer = f"{self.net}.1"
        self.gateway = f"{self.net}.{gateway}"
        self.mac = f"02:6c:65:61:74:{number:02x}"
        self.stats = {}
        self._stopped = False
        self._status = 0
        self.over_v6 = V6 and not link
        if self.over_v6:
            options = ["--ip6", f"fd77:{number}::2/64", "--ip6-gateway", f"fd77:{number}::{gateway}", *options]
        if (XDP or PATH) and link:
            pytest.skip("a relay wants a TAP device")
        if XDP and mtu > 1772:
            pytest.skip("a frame must fit into a buffer")
        self.cable = None
        if XDP:
            make_pair(self.device, self.mac, mtu, f"{self.peer}/24")
            device = ["--xdp", self.device]
        elif PATH:
            make_tap(self.device, mtu, f"{self.peer}/24")
            self._folder = tempfile.TemporaryDirectory()
            path = f"{self._folder.name}/wire"
            self.cable = Process(binary("cable"), self.device, DEVICE, path, mtu)
            self.cable.wait_for("cable: ready")
            device = [f"--{DEVICE}", path, "--mtu", mtu, "--mac", self.mac]
        else:
            make_tap(self.device, mtu, None if link else f"{self.peer}/24")
            device = ["--tap", self.device, "--mac", self.mac]
        super().__init__(
            *(NO_CAPABILITIES if PATH else ()), binary(name),
            *device, "--ip", f"{self.ip}/24", "--gateway", self.gateway, "--stats",
            # a relay and a cable carry frames without their offload information
            *(["--no-offload"] if link or DEVICE == "shm" else []),
            *(str(option).replace("PEER", self.peer) for option in options), *arguments,
        )
        if link:
            link.join(self.device)
        # address and MTU: the last line of the start
        self.wait_for(rf"{re.escape(self.ip)}/24 on .*, MTU {said_mtu or mtu}, port")
        if self.over_v6:
            self.use_v6(f"fd77:{number}::")
            self.gateway = f"fd77:{number}::{gateway}"

    @property
    def host(self):
        """Its address in the form for URLs."""
        return f"[{self.ip}]" if self.over_v6 else self.ip

    def use_v6(self, prefix):
        """Switches both ends' addresses to IPv6; ours has been checked by then."""
        run("ip", "addr", "add", f"{prefix}1/64", "dev", self.wire, "nodad")
        self.ip, self.peer = f"{prefix}2", f"{prefix}1"
        self.ips = [self.ip]
        assert until(lambda: b" 1 received" in run("ping", "-n", "-c", 1, "-W", 1, self.ip, check=False))

    def link_local(self):
        """Its link-local address, with the kernel's zone; the kernel gets one, too."""
        run("ip", "addr", "add", "fe80::1/64", "dev", self.wire, "nodad")
        found = []

        def answered():
            text = run("ping", "-6", "-n", "-L", "-c", 1, "-W", 1, f"ff02::1%{self.wire}", check=False).decode()
            found[:] = re.findall(r"from (fe80::[0-9a-f:]+)%", text)
            return found

        assert until(answered)  # first our address is checked for duplicates
        return f"{found[0]}%{self.wire}"

    def settle(self):
        """Waits until earlier frames have been handled: an answered ping came after all of them."""
        if self.running:
            run("ping", "-n", "-c", 1, "-W", 5, self.ip, check=False)

    def stop(self):
        """Ends it in order; sets `stats` to its counters."""
        if self._stopped:
            return self.stats
        self._stopped = True
        self.settle()
        status = super().stop()
        for line in self.lines:
            counter = re.match(r"([a-z][a-z0-9_]*) +(\d+)  ", line)
            if counter:
                self.stats[counter[1]] = int(counter[2])
        if DEVICE != "tap":  # this backend doesn't exist, or makes no such copies
            self.stats |= {"copied_tap_frames": 0, "copied_tap_bytes": 0}
        assert status == self._status, f"{self.command[0]}: exit status {status}\n{self.text}"
        assert "the counters do not balance" not in self.text
        return self.stats

    def expect_status(self, status):
        """Ends a program that must report an error."""
        self._status = status
        return self.stop()

    def remove(self):
        """Removes everything, also after a failure."""
        try:
            self.stop()
        finally:
            print(f"--- {' '.join(self.command)}\n{self.text}")
            if self.cable:
                self.cable.stop()
                print(f"--- {' '.join(self.cable.command)}\n{self.cable.text}")
                self._folder.cleanup()
            run("ip", "link", "del", self.device, check=False)


def make_tap(device, mtu=1500, address=None, more=()):
    """A TAP device with the kernel's address, without the kernel's IPv6 packets."""
    run("ip", "tuntap", "add", device, "mode", "tap", *more)
    run("ip", "link", "set", device, "addrgenmode", "none", check=False)  # a kernel without IPv6
    run("ip", "link", "set", device, "mtu", mtu)
    if address:
        run("ip", "addr", "add", address, "dev", device)
    run("ip", "link", "set", device, "up")


def make_pair(device, mac, mtu, address):
    """A veth pair: `device` for leat, and the other end with the kernel's address. Frames pass as on a wire:
    checksums are complete, and no frame is longer than the MTU."""
    peer = f"{device}p"
    run("ip", "link", "add", device, "address", mac, "type", "veth", "peer", "name", peer)
    for end in (device, peer):
        run("ip", "link", "set", end, "addrgenmode", "none", check=False)
        run("ip", "link", "set", end, "mtu", mtu)
        run("ethtool", "-K", end, "tx", "off", "tso", "off", "gso", "off", check=False)
        run("ip", "link", "set", end, "up")
    if address:
        run("ip", "addr", "add", address, "dev", peer)


class Relay(Process):
    """A path with loss and other faults (relay --help): the kernel's TAP device at one end; an example's device, or
    devices of the kernel in other namespaces, at the other."""

    def __init__(self, loss_percent, seed=1, more=(), spaces=()):
        number = next(_numbers)
        self.device = f"relay{number}"
        self.net = f"10.77.{number}"
        self.peer = f"{self.net}.1"
        self.ips = [f"{self.net}.{host}" for host in range(3, 3 + len(spaces))]  # addresses in the namespaces
        self._options = ("--loss", loss_percent, "--seed", seed, *more)
        self._spaces = spaces
        make_tap(self.device, address=f"{self.peer}/24")

    def join(self, *devices):
        """Connects the example's device to the far end, where the kernel must not answer."""
        for device in devices:
            run("ip", "link", "set", device, "arp", "off")
        taps = [f"{self.device}-{host}" for host in range(len(self._spaces))]
        ends = (*devices, *(f"tap:{tap}" for tap in taps))
        super().__init__(binary("relay"), *self._options, self.device, *ends)
        self.wait_for("relaying")
        for space, tap, ip in zip(self._spaces, taps, self.ips):
            space.adopt(tap, f"{ip}/24")

    def remove(self):
        if hasattr(self, "command"):
            self.stop()
            print(f"--- {' '.join(self.command)}\n{self.text}")
        run("ip", "link", "del", self.device, check=False)


@pytest.fixture
def leat():
    """leat(name, options=..., arguments=..., mtu=..., link=...) starts an example."""
    started = []

    def start(*args, **kwargs):
        started.append(Leat(*args, **kwargs))
        return started[-1]

    yield start
    for program in reversed(started):
        program.remove()


@pytest.fixture
def folder():
    """A folder where an ordinary user may create sockets; pytest's own may be removed by another run."""
    with tempfile.TemporaryDirectory() as made:
        os.chmod(made, 0o777)
        yield pathlib.Path(made)


@pytest.fixture
def outside():
    """An interface with a default route, which passt looks for."""
    run("ip", "tuntap", "add", "outside", "mode", "tap")
    run("ip", "addr", "add", "198.51.100.2/24", "dev", "outside")
    run("ip", "link", "set", "outside", "up")
    run("ip", "route", "add", "default", "via", "198.51.100.1")
    yield
    run("ip", "link", "del", "outside")


@pytest.fixture
def outside6():
    """Like outside(), but with a default route of each family and a link-local address. This machine also has the
    address BEYOND, on the other end of the device pair."""
    make = ["link add outside type veth peer name beyond", "link set beyond up", "link set outside up",
            "addr add 198.51.100.2/24 dev outside", "route add default via 198.51.100.1",
            "addr add 2001:db8:51::2/64 dev outside nodad", "route add default via 2001:db8:51::1",
            f"addr add {BEYOND}/64 dev beyond nodad"]
    try:
        for words in make:
            run("ip", *words.split())
        assert until(lambda: b"fe80:" in run("ip", "-6", "addr", "show", "dev", "outside", "scope", "link", "-tentative"))
        yield
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no pairs of devices, or no IPv6: {error.stderr}")
    finally:
        run("ip", "link", "del", "outside", check=False)


@pytest.fixture
def lossy():
    """lossy(percent) makes a link for leat(..., link=...) that loses so many frames each way."""
    made = []

    def start(*args, **kwargs):
        made.append(Relay(*args, **kwargs))
        return made[-1]

    yield start
    for relay in reversed(made):
        relay.remove()


@pytest.fixture
def spaces():
    """spaces(count) creates more network namespaces."""
    made = []

    def make(count):
        made.extend(Namespace() for _ in range(count))
        return made

    yield make
    for space in made:
        space.close()
