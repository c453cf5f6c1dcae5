"""Images of leat under QEMU's TCG, each boot with a time limit.

The build directory is in LEAT_BUILD, the architecture of its images in LEAT_ARCH (x86_64). Tests end only processes that
they have started.
"""

import ctypes
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

LONG = bool(os.environ.get("LEAT_LONG"))
BUILD = pathlib.Path(os.environ.get("LEAT_BUILD", "build")).resolve()
START_S = 20
STOP_S = 20
MAC = "52:54:00:6c:65:61"
PEER_MAC = "02:00:00:00:00:01"
IP = "10.0.2.15"
PEER = "10.0.2.2"
END_OF_TRANSMISSION = b"\x04"

ARCH = os.environ.get("LEAT_ARCH") or "x86_64"
MODERN = ["-global", "virtio-mmio.force-legacy=false"]
ALL_MACHINES = {
    "x86_64": {
        "microvm": ["-M", "microvm,x-option-roms=off,pit=off,pic=off,rtc=off,isa-serial=on,acpi=off", *MODERN],
        "q35": ["-M", "q35", "-bios", "qboot.rom"],
        "q35-seabios": ["-M", "q35"],
        "pc": ["-M", "pc"],
        "disk": ["-M", "q35"],
    },
    "aarch64": {
        "virt-gic3": ["-M", "virt,gic-version=3", *MODERN],
        "virt-gic2": ["-M", "virt,gic-version=2", *MODERN],
        "virt-pci": ["-M", "virt,gic-version=3"],
        "virt-el2": ["-M", "virt,gic-version=3,virtualization=on", *MODERN],
    },
    "riscv64": {
        "virt": ["-M", "virt", *MODERN],
        "virt-pci": ["-M", "virt"],
    },
    "cortex-m3": {
        "mps2-an385": ["-M", "mps2-an385"],
    },
}  # fmt: skip
MACHINES = {name: words for name, words in ALL_MACHINES[ARCH].items() if name != "disk"}
BY_PCI = ("q35", "q35-seabios", "pc", "virt-pci", "disk")
# QEMU's processor; the device by which a guest ends QEMU with its status; the extension of an image
CPU = {"x86_64": "max", "aarch64": "max", "riscv64": "rv64", "cortex-m3": "cortex-m3"}[ARCH]
END = {"x86_64": ["-device", "isa-debug-exit"], "aarch64": ["-semihosting"], "riscv64": [],
       "cortex-m3": ["-semihosting-config", "enable=on,target=native"]}[ARCH]
SUFFIX = ".elf" if ARCH in ("x86_64", "cortex-m3") else ".image"


def rng(machine):
    """QEMU's words for random numbers, where the processor has none: for images with TLS."""
    return ["-device", "virtio-rng-pci" if machine in BY_PCI else "virtio-rng-device"] if ARCH == "riscv64" else []


_libc = ctypes.CDLL(None)


def _die_with_parent():
    """Ends the guest together with the test (PR_SET_PDEATHSIG is 1)."""
    _libc.prctl(1, signal.SIGKILL)


def image(name):
    """The path of an image of the build."""
    for folder in ("examples", "tests/boot"):
        path = BUILD / folder / f"{name}{SUFFIX}"
        if path.is_file():
            return str(path)
    pytest.skip(f"{path} has not been built")
    return None


class Guest:
    """One boot of an image; None: of a disk in @extra. @device: further properties of the network device; @kind: its own
    kind; @netdev: QEMU's option, or None."""

    def __init__(self, name, machine=None, netdev="user,id=net", device="", arguments=(),
                 cpu=CPU, extra=(), memory=64, seconds=120, end=tuple(END), kind=None):
        machine = machine or next(iter(MACHINES))
        kind = kind or ("virtio-net-pci" if machine in BY_PCI else "virtio-net-device")
        words = [f"--ip={IP}/24", f"--gateway={PEER}", "--stats", *arguments]
        command = [f"qemu-system-{ARCH}", "-nodefaults", "-no-user-config", "-display", "none",
                   "-no-reboot", "-serial", "stdio", "-m", str(memory), *ALL_MACHINES[ARCH][machine],
                   "-accel", "tcg", "-cpu", cpu, *end,
                   *(["-kernel", image(name), "-append", " ".join(words)] if name else []), *extra]  # fmt: skip
        if netdev:
            command += ["-netdev", netdev, "-device", f"{kind},netdev=net,mac={MAC}{device}"]
        self._start(command, seconds)

    def _start(self, command, seconds):
        """Runs QEMU, for at most so long."""
        self.lines = []
        self.stats = {}
        self.began = time.monotonic()
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, preexec_fn=_die_with_parent)
        self._limit = threading.Timer(seconds, self._child.kill)
        self._limit.daemon = True
        self._limit.start()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\r\n"))

    @property
    def pid(self):
        return self._child.pid

    @property
    def text(self):
        return "\n".join(self.lines)

    def wait_for(self, pattern, timeout=START_S):
        """The first line of the console that matches; fails if there is none."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            ended = self._child.poll() is not None
            for line in list(self.lines):
                if re.search(pattern, line):
                    return line
            if ended and not self._reader.is_alive():
                break
            time.sleep(0.005)
        pytest.fail(f"no line {pattern!r} came:\n{self.text}")

    def up(self):
        """Waits until the example has started."""
        self.wait_for(rf"{re.escape(IP)}/24 on virtio0, MTU \d+, port \d+")
        return self

    def wait_for_end(self, timeout=STOP_S):
        """Waits for the power-off; returns QEMU's exit status."""
        try:
            code = self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            pytest.fail(f"the guest did not end in {timeout} s:\n{self.text}")
        self._reader.join(timeout)
        self._limit.cancel()
        return code

    def wait(self, timeout=STOP_S):
        """Waits for the power-off; returns the guest's exit status."""
        code = self.wait_for_end(timeout)
        if ARCH != "x86_64":
            return code
        assert code & 1, f"QEMU's status {code} is no guest's\n{self.text}"
        return code >> 1

    def type(self, text):
        """Types on the console."""
        self._child.stdin.write(text)
        self._child.stdin.flush()

    def stop(self):
        """Shuts the guest down (Ctrl-D); sets `stats` to its counters."""
        self.type(END_OF_TRANSMISSION)
        assert self.wait() == 0, self.text
        for line in self.lines:
            counter = re.match(r"([a-z][a-z0-9_]*) +(\d+)  ", line)
            if counter:
                self.stats[counter[1]] = int(counter[2])
        assert "the counters do not balance" not in self.text
        assert self.stats["copied_tx_bytes"] == 0
        assert self.stats["copied_virtio_frames"] == 0
        assert "virtio_resets" not in self.stats
        return self.stats

    def remove(self):
        """Kills it."""
        self._limit.cancel()
        self._child.kill()
        self._child.wait()
        print(f"--- {' '.join(self._child.args)}\n{self.text}")


@pytest.fixture
def guest():
    """guest(name, ...) boots an image."""
    started = []

    def start(*args, **kwargs):
        started.append(Guest(*args, **kwargs))
        return started[-1]

    yield start
    for one in reversed(started):
        one.remove()


@pytest.fixture(params=["microvm", "q35"] if ARCH == "x86_64" else MACHINES)
def machine(request):
    """virtio over mmio, and over PCI."""
    return request.param


def free_port(kind=socket.SOCK_STREAM):
    """A free port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def echo_tcp(address, data, timeout=60):
    """Sends @data, half-closes, and returns all data of the reply."""
    with socket.create_connection(address, timeout) as conn:
        def send():
            conn.sendall(data)
            conn.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        got = bytearray()
        while chunk := conn.recv(1 << 16):
            got += chunk
        sender.join(timeout)
    return bytes(got)


def echo_udp(address, payloads, timeout=5):
    """Sends datagrams one after another; returns the replies, each from @address."""
    replies = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect(address)
        for payload in payloads:
            sock.send(payload)
            replies.append(sock.recv(65536))
    return replies
