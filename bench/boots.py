#!/usr/bin/env python3
"""Measures boots of echo on QEMU (TCG): from power-on to the first answered SYN, an idle guest, and 8 MiB echoed.

    bench/boots.py [--boots N] [--build DIR] [--aarch64 DIR] [--riscv64 DIR]

The SYN is sent from the start on, over a socket of datagrams, so it waits for the guest's device. Each row has the least
time of all boots by the clock, and the least processor time of QEMU up to the answer. Processor time hardly changes with the load
of the machine. The firmware is included: SeaBIOS and GRUB of a disk, OpenSBI of riscv64.

Idle is the processor time of QEMU in ten seconds without a frame. The 8 MiB go over QEMU's user network; echo must return
each byte, and its counter of copied bytes must be 0.

Exit status 1: a limit is exceeded, bytes differ, or bytes were copied. The limits of time hold for the processor time.
"""

import argparse
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAC, PEER_MAC = bytes.fromhex("5254006c6561"), bytes.fromhex("020000000001")
IP, PEER = bytes([10, 0, 2, 15]), bytes([10, 0, 2, 2])
PORT, ECHO_PORT = 40000, 7
WORDS = "--ip=10.0.2.15/24 --gateway=10.0.2.2 --stats"
LIMIT_S = 60
IDLE_S = 10
IDLE_PERCENT_MAX = 1
BYTES = 8 << 20
DISK_MAX = 4 << 20
COMMON = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-accel", "tcg", "-m", "128"]
MODERN = ["-global", "virtio-mmio.force-legacy=false"]


def machines(options, disk):
    """{name: (QEMU's words, device, image, limit in ms)}"""
    x86 = pathlib.Path(options.build) / "examples/echo.elf"
    arm, riscv = (pathlib.Path(folder) / "examples/echo.image" for folder in (options.aarch64, options.riscv64))
    kernel = lambda image: ["-kernel", str(image), "-append", WORDS]  # noqa: E731
    return {
        "x86-64, microvm": (["qemu-system-x86_64", *COMMON, "-cpu", "max", *MODERN, *kernel(x86), "-M",
                             "microvm,x-option-roms=off,pit=off,pic=off,rtc=off,isa-serial=on,acpi=off"],
                            "virtio-net-device", x86, 150),
        "x86-64, q35, disk by BIOS": (["qemu-system-x86_64", *COMMON, "-cpu", "max", "-M", "q35", "-drive",
                                       f"file={disk},format=raw,if=virtio,snapshot=on"], "virtio-net-pci,romfile=", x86, 2500),
        "aarch64, virt": (["qemu-system-aarch64", *COMMON, "-cpu", "max", *MODERN, "-M", "virt,gic-version=3", *kernel(arm)],
                          "virtio-net-device", arm, 700),
        "riscv64, virt": (["qemu-system-riscv64", *COMMON, "-cpu", "rv64", *MODERN, "-M", "virt", *kernel(riscv)],
                          "virtio-net-device", riscv, 500),
    }


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def syn():
    """The frame."""
    tcp = struct.pack("!HHIIBBHHH", PORT, ECHO_PORT, 1, 0, 5 << 4, 2, 65535, 0, 0)
    tcp = tcp[:16] + struct.pack("!H", checksum(PEER + IP + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, PEER, IP)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return (MAC + PEER_MAC + b"\x08\x00" + ip + tcp).ljust(60, b"\0")


def is_answer(frame):
    return frame[12:14] == b"\x08\x00" and frame[23] == 6 and frame[36:38] == PORT.to_bytes(2, "big") and frame[47] == 0x12


def arp_reply(frame):
    """Our answer to a request for PEER, or nothing."""
    if frame[12:14] != b"\x08\x06" or frame[20:22] != b"\0\1" or frame[38:42] != PEER:
        return b""
    return (MAC + PEER_MAC + b"\x08\x06" + bytes.fromhex("0001080006040002") + PEER_MAC + PEER + MAC + IP).ljust(60, b"\0")


def processor_s(pid):
    """Processor time of a process, all of its threads that are still there."""
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9


def drain(wire, seconds):
    """Reads what comes: QEMU keeps frames that find no room, and its guest looks for the end of them."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            wire.recv(65536)
        except TimeoutError:
            pass


def idle(pid, wire):
    """Processor time in percent; the half-open connection still sends its SYN again, once or twice."""
    drain(wire, 3)
    before = processor_s(pid)
    drain(wire, IDLE_S)
    return 100 * (processor_s(pid) - before) / IDLE_S


def to_answer(command, device, frame=syn, is_it=is_answer, after=idle):
    """(ms by the clock, ms of the processor) from QEMU's start to the answer to frame(), and the result of after()."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        here, there = os.path.join(folder, "here"), os.path.join(folder, "there")
        wire.bind(here)
        wire.settimeout(0.02)
        began = time.monotonic()
        guest = subprocess.Popen([*command, "-serial", "null", "-netdev",
                                  f"dgram,id=n,local.type=unix,local.path={there},remote.type=unix,remote.path={here}",
                                  "-device", f"{device},netdev=n,mac={MAC.hex(':')}"], stdin=subprocess.DEVNULL)
        try:
            while time.monotonic() - began < LIMIT_S:
                try:
                    wire.sendto(frame(), socket.MSG_DONTWAIT, there)
                except OSError:  # there is no socket yet, or it is full
                    pass
                try:
                    while not is_it(came := wire.recv(65536)):
                        if arp_reply(came):
                            wire.sendto(arp_reply(came), there)
                except TimeoutError:
                    continue
                return 1000 * (time.monotonic() - began), 1000 * processor_s(guest.pid), after(guest.pid, wire)
            raise RuntimeError("no answer came")
        finally:
            guest.kill()
            guest.wait()


def echoed(command, device):
    """True if all bytes return and none was copied."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    guest = subprocess.Popen([*command, "-serial", "stdio", "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:{ECHO_PORT}",
                              "-device", f"{device},netdev=n"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    watch = threading.Timer(2 * LIMIT_S, guest.kill)
    watch.start()
    try:
        for line in guest.stdout:
            if b", port 7" in line:
                break
        data, got = os.urandom(BYTES), bytearray()
        with socket.create_connection(("127.0.0.1", port), LIMIT_S) as conn:
            sender = threading.Thread(target=lambda: (conn.sendall(data), conn.shutdown(socket.SHUT_WR)))
            sender.start()
            while chunk := conn.recv(1 << 16):
                got += chunk
            sender.join()
        text = guest.communicate(b"\x04", LIMIT_S)[0].decode(errors="replace")
        copied = re.search(r"^copied_tx_bytes +(\d+)", text, re.M)
        return bytes(got) == data and bool(copied) and copied[1] == "0"
    finally:
        watch.cancel()
        guest.kill()
        guest.wait()


def size(image):
    """Bytes of an image: of a file that is loaded as it is, or the loaded sections of an ELF file."""
    if image.suffix == ".image":
        return image.stat().st_size
    done = subprocess.run(["size", "-B", image], check=True, capture_output=True, text=True)
    text, data = map(int, done.stdout.splitlines()[1].split()[:2])
    return text + data


def main():
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boots", type=int, default=5)
    for name, folder in ("build", "build"), ("aarch64", "build-aarch64"), ("riscv64", "build-riscv64"):
        parser.add_argument(f"--{name}", metavar="DIR", default=str(ROOT / folder), help=folder)
    options = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        disk = pathlib.Path(folder) / "disk"
        subprocess.run([sys.executable, "-B", ROOT / "tools/image", "--build", options.build, "--output", disk, "echo", "--",
                        *WORDS.split()], check=True, stdout=subprocess.DEVNULL)
        print(f"disk: {disk.stat().st_size} bytes\n")
        good &= disk.stat().st_size <= DISK_MAX
        print("| machine | bytes | to the answer, ms | processor, ms | goal, ms | idle, % | 8 MiB |\n|---|---|---|---|---|---|---|")
        for name, (command, device, image, limit_ms) in machines(options, disk).items():
            if not image.is_file():
                print(f"{name}: there is no {image}", file=sys.stderr)
                return 2
            boots = [to_answer(command, device) for _ in range(options.boots)]
            clock_ms, processor_ms, idle_percent = (min(column) for column in zip(*boots))
            whole = echoed(command, device)
            good &= processor_ms <= limit_ms and idle_percent <= IDLE_PERCENT_MAX and whole
            print(f"| {name} | {size(image):,} | {clock_ms:.0f} | {processor_ms:.0f} | {limit_ms} | {idle_percent:.1f} | "
                  f"{'whole, 0 copied' if whole else 'NOT whole'} |", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
