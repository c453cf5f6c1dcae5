"""Images of leat on Solo5, each on TAP devices of its own, with the Linux kernel on the other side."""

import importlib.util
import itertools
import os
import pathlib
import re
import sys

import pytest

LINUX = pathlib.Path(__file__).resolve().parent.parent / "linux"
sys.path.append(str(LINUX))
_spec = importlib.util.spec_from_file_location("linux_tools", LINUX / "conftest.py")
tools = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tools)

BUILD = pathlib.Path(os.environ.get("LEAT_BUILD", "build")).resolve()
START_S = 30
SLOW_RTT_MS = 1.0  # an emulated KVM interprets each instruction
_numbers = itertools.count()


def image(name, abi):
    """The path of an image of the build."""
    for folder in ("examples", "tests/boot", "bench"):
        path = BUILD / folder / f"{name}.{abi}"
        if path.is_file():
            return str(path)
    raise FileNotFoundError(f"{name}.{abi} has not been built")


def command(abi, name, taps, arguments, memory):
    """The command that runs an image; @taps: {name in the manifest: TAP device}, in the manifest's order."""
    words = ["--solo5:quiet", *arguments]
    if abi != "virtio":
        nets = [f"--net:{device}={tap}" for device, tap in taps.items()]
        return [f"solo5-{abi}", f"--mem={memory}", *nets, "--", image(name, abi), *words]
    nets = []  # QEMU doesn't name the devices
    for slot, tap in enumerate(taps.values(), 2):
        nets += ["-netdev", f"tap,id=net{slot},ifname={tap},script=no,downscript=no", "-device",
                 f"virtio-net,netdev=net{slot},bus=pci.0,addr=0x{slot:x}"]  # fmt: skip
    return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-machine", "pc,acpi=off",
            "-accel", "tcg", "-cpu", "max", "-m", str(memory), "-display", "none", "-serial",
            "stdio", "-device", "isa-debug-exit", *nets, "-kernel", image(name, abi), "-append",
            " ".join(words)]  # fmt: skip


class Tender(tools.Process):
    """An image for an ABI of Solo5, and the command that runs it."""

    def __init__(self, abi, name, taps, arguments=(), memory=32):
        super().__init__(*command(abi, name, taps, arguments, memory))

    def remove(self):
        """Kills it."""
        if self.running:
            self.stop()
        print(f"--- {' '.join(self.command)}\n{self.text}")


class Guest(Tender):
    """An example: it has `ip`, the kernel has `peer` on the TAP device `tap`."""

    def __init__(self, abi, name, options=(), arguments=(), mtu=1500, memory=32, up=True):
        number = next(_numbers)
        self.tap = f"solo{number}"
        self.net = f"10.77.{number}"
        self.ip = f"{self.net}.2"
        self.peer = f"{self.net}.1"
        tools.make_tap(self.tap, mtu, f"{self.peer}/24")
        words = [f"--ip={self.ip}/24", f"--gateway={self.peer}", "--stats", *options, *arguments]
        super().__init__(abi, name, {"service": self.tap}, words, memory)
        if up:
            self.wait_for(rf"{re.escape(self.ip)}/24 on service, MTU \d+, port \d+", START_S)

    @property
    def stats(self):
        """The counters, which an example prints when it ends by itself."""
        lines = (re.match(r"([a-z][a-z0-9_]*) +(\d+)  ", line) for line in self.lines)
        return {line[1]: int(line[2]) for line in lines if line}

    def remove(self):
        try:
            super().remove()
        finally:
            tools.run("ip", "link", "del", self.tap, check=False)


def ping(ip, count=3, *options):
    """The round-trip times in ms; all replies must come. One ping at a time, because a final wait of two round trips
    may be too short for an interpreted guest."""
    out = b"".join(tools.run("ping", "-n", "-c", 1, "-W", 5, *options, ip, timeout=60, check=False) for _ in range(count))
    times = [float(ms) for ms in re.findall(r"time=([0-9.]+) ms", out.decode())]
    if len(times) != count:
        pytest.fail(f"{len(times)} of {count} pings came back")
    return times
