"""From the first instruction to power-off: an image's output, requirements, and exit."""

import json
import os
import re
import socket
import struct
import subprocess
import time

import pytest

from conftest import ARCH, BY_PCI, CPU, MACHINES


@pytest.mark.parametrize("machine", MACHINES)
def test_boots_and_powers_off(guest, machine):
    echo = guest("echo", machine).up()
    echo.stop()


def test_help_is_the_same_as_on_posix_without_its_devices(guest):
    echo = guest("echo", arguments=["--help"])
    assert echo.wait() == 0
    assert "--gateway ADDRESS" in echo.text
    assert "--tap" not in echo.text


@pytest.mark.parametrize("wrong", ["--tap=x", "--ip=10.0.0", "--port", "why"])
def test_wrong_option(guest, wrong):
    echo = guest("echo", arguments=[wrong])
    assert echo.wait() == 2
    assert re.search("^echo: ", echo.text, re.M)  # firmware may print something first


@pytest.mark.skipif(ARCH != "x86_64", reason="the others have no ports")
def test_a_debug_console_has_the_same_text(guest, machine, tmp_path):
    log = tmp_path / "log"
    echo = guest("echo", machine, extra=["-debugcon", f"file:{log}"]).up()
    echo.stop()
    lines = log.read_text("ascii").splitlines()  # firmware writes there, too
    ours = next(number for number, line in enumerate(echo.lines) if re.search("on virtio0, MTU", line))
    assert "\n".join(echo.lines[ours:]) in "\n".join(lines)


@pytest.mark.skipif(ARCH != "x86_64", reason="the others wait with interrupts masked")
def test_an_interrupt_in_front_of_the_halt_ends_it(guest, machine):
    one = guest("halt", machine, netdev=None)
    assert one.wait() == 0
    assert "woken" in one.lines


def test_says_that_there_is_no_device(guest, machine):
    echo = guest("echo", machine, netdev=None)
    assert echo.wait() == 2
    assert "echo: network device: there is no virtio-net device of virtio 1: attach one" in echo.lines


@pytest.fixture
def poor(machine):
    """(cpu, more) of a machine that gives its guest no random bytes."""
    if ARCH == "riscv64":
        pytest.skip("QEMU always puts a seed into the device tree")
    # the second -M adds to the first
    return ("qemu64", []) if ARCH == "x86_64" else ("cortex-a72", ["-M", "dtb-randomness=off"])


def test_refuses_to_start_without_entropy(guest, machine, poor):
    cpu, more = poor
    echo = guest("echo", machine, cpu=cpu, extra=more)
    assert echo.wait() == 2
    assert "echo: entropy: the machine has none: give it a virtio-rng device, or a processor with RDRAND or RNDR" in echo.lines


def test_takes_entropy_from_virtio_rng(guest, machine, poor):
    cpu, more = poor
    kind = "virtio-rng-pci" if machine in BY_PCI else "virtio-rng-device"
    echo = guest("echo", machine, cpu=cpu, extra=[*more, "-device", kind])
    echo.up()
    echo.stop()


def test_runs_in_sixteen_mebibytes(guest):
    guest("echo", memory=16).up().stop()


@pytest.mark.skipif(ARCH != "x86_64", reason="QEMU itself wants more memory for the others")
@pytest.mark.parametrize("mebibytes", [2, 3])
def test_says_that_there_is_not_enough_memory(guest, mebibytes):
    echo = guest("echo", "microvm", memory=mebibytes)
    assert echo.wait() == 2
    assert re.search("^echo: .*memory.* more, or less to --buffers or --connections$", echo.text, re.M)


LIES = {
    "aarch64": [({b"arm,gic-v3": b"odd,gic-v3"}, "no interrupt controller that leat knows (GICv2, GICv3, PLIC)"),
                ({b"arm,armv8-timer": b"odd,armv8-timer"}, "no timer (arm,armv8-timer), so no wait would end; give the")],
    # its firmware reads the tree, too, and needs the rest
    "riscv64": [({b"riscv,plic0": b"riscv,plic9", b"sifive,plic-1.0.0": b"sifive,plic-9.9.9"}, "no interrupt controller that leat knows")],
}  # fmt: skip


@pytest.mark.parametrize("words, told", LIES.get(ARCH, []))
def test_a_device_tree_that_lacks_something_is_refused_with_a_line(guest, tmp_path, words, told):
    """QEMU's own tree with other words. fuzz_tree has trees with any bytes."""
    tree = tmp_path / "tree"
    subprocess.run([f"qemu-system-{ARCH}", "-display", "none", "-m", "64", *next(iter(MACHINES.values())), "-cpu", CPU, "-M",
                    f"dumpdtb={tree}"], check=True, capture_output=True, timeout=60)
    head = struct.unpack(">10I", tree.read_bytes()[:40])
    used = max(head[2] + head[9], head[3] + head[8])  # QEMU's file has a MiB, which it doubles when it reads it
    data = struct.pack(">2I", head[0], used) + tree.read_bytes()[8:used]
    for before, after in words.items():
        assert before in data and len(before) == len(after)
        data = data.replace(before, after)
    tree.write_bytes(data)
    echo = guest("echo", extra=["-dtb", str(tree)])
    assert echo.wait() == 2, echo.text
    assert f"leat: the device tree has {told}" in echo.text


def test_sleeps_when_there_is_nothing_to_do(guest, machine):
    echo = guest("echo", machine).up()
    time.sleep(1)
    before = cpu_s(echo.pid)
    time.sleep(2)
    assert cpu_s(echo.pid) - before < 0.4
    echo.stop()


def cpu_s(pid):
    """Processor time that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_its_seconds_are_ours(guest, machine):
    """ARP fails after three seconds, so the clock is calibrated correctly, boot after boot.

    On a busy machine the line about the start may come late: the guest has been up for less than since its start, and
    for more than since the line.
    """
    for _ in range(3):
        started = time.monotonic()
        resolve = guest("resolve", machine, "user,id=net,restrict=on",
                        arguments=["--server=10.0.2.99", "example.com"]).up()  # fmt: skip
        heard = time.monotonic()
        assert resolve.wait() == 7
        ended = time.monotonic()
        assert ended - started > 2.9 and ended - heard < 6


@pytest.mark.skipif(ARCH != "x86_64", reason="elsewhere the button is behind other devices")
@pytest.mark.parametrize("kind", ["q35", "pc"])
def test_the_power_button_ends_the_program_in_order(guest, tmp_path, kind):
    """By ACPI; without -device isa-debug-exit also the end is ACPI's, and QEMU's status 0."""
    path = tmp_path / "qmp"
    echo = guest("echo", kind, end=[], extra=["-qmp", f"unix:{path},server=on,wait=off"]).up()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as monitor:
        monitor.connect(str(path))
        with monitor.makefile("rw") as lines:
            for command in ("qmp_capabilities", "system_powerdown"):
                lines.write(json.dumps({"execute": command}) + "\n")
                lines.flush()
                lines.readline()
            assert echo.wait_for_end() == 0
    assert "copied_tx_bytes" in echo.text  # the counters, which come at the end
