"""--store disk: an image keeps its lease, its secrets and its entropy on its disk, over mmio and over PCI."""

import os
import pathlib
import re
import struct
import subprocess
import sys
import threading

import pytest

from conftest import ARCH, image

SOURCE = pathlib.Path(os.environ.get("LEAT_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
SECTOR = 512
KINDS = {1: "DISCOVER", 2: "OFFER", 3: "REQUEST", 5: "ACK", 6: "NAK"}

pytestmark = pytest.mark.skipif(ARCH != "x86_64", reason="one architecture is enough")


class Boot:
    """An image with a disk under tools/boot, on QEMU's own network, whose frames are in `capture`."""

    def __init__(self, folder, machine, *words, disk=True):
        self.disk = folder / "disk"
        self.capture = folder / "frames.pcap"
        self.capture.unlink(missing_ok=True)
        command = [sys.executable, "-B", SOURCE / "tools/boot", "--accel", "tcg", "--machine", machine,
                   *(["--disk", self.disk] if disk else []),
                   "--qemu", f"-object filter-dump,id=dump,netdev=net,file={self.capture}", image("echo"), "--", *words]
        self.child = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True)
        self.limit = threading.Timer(60, self.child.kill)
        self.limit.daemon = True
        self.limit.start()
        self.lines = []

    def wait_for(self, pattern):
        """The first line that matches."""
        for line in self.child.stdout:
            self.lines.append(line.rstrip("\r\n"))
            if re.search(pattern, line):
                return self.lines[-1]
        pytest.fail("\n".join(self.lines))
        return None

    def end(self, ask=True):
        """Ends it in order; returns its status."""
        if ask:
            self.child.terminate()
        self.lines += self.child.stdout.read().splitlines()
        status = self.child.wait()
        self.limit.cancel()
        return status

    def dhcp(self):
        """The kinds of DHCPv4's messages in both directions."""
        bytes_ = self.capture.read_bytes()
        at, kinds = 24, []
        while at < len(bytes_):
            length = struct.unpack_from("<I", bytes_, at + 8)[0]
            frame = bytes_[at + 16:at + 16 + length]
            cookie = frame.find(b"\x63\x82\x53\x63\x35\x01")
            if cookie > 0:
                kinds.append(KINDS[frame[cookie + 6]])
            at += 16 + length
        return kinds


def value_of(disk, name):
    """The bytes of a value in its newest record (block/record.h)."""
    newest = (0, b"")
    bytes_ = disk.read_bytes()
    for at in range(0, len(bytes_), SECTOR):
        record = bytes_[at:at + SECTOR]
        if record[40:72].rstrip(b"\0") == name:
            length = int.from_bytes(record[28:32], "little")
            newest = max(newest, (int.from_bytes(record[8:16], "little"), record[72:72 + length]))
    return newest[1]


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_a_lease_and_secrets_survive_a_restart(tmp_path, machine):
    seen = []
    for kinds in (["DISCOVER", "OFFER", "REQUEST", "ACK"], ["REQUEST", "ACK"], ["REQUEST", "ACK"]):
        boot = Boot(tmp_path, machine, "--store", "disk")
        boot.wait_for(r"echo: 10\.0\.2\.15/24 on virtio0, MTU 1500, port 7")
        assert boot.end() == 0, boot.lines
        assert boot.dhcp() == kinds
        seen.append([value_of(boot.disk, name) for name in (b"leat/lease", b"leat/ipv6-secret", b"leat/entropy")])
        assert not any("--store" in line for line in boot.lines)
    leases, secrets, entropies = zip(*seen)
    assert len(set(leases)) == len(set(secrets)) == 1 and len(set(entropies)) == 3
    assert len(leases[0]) == 47 and len(secrets[0]) == 17 and all(len(value) == 33 for value in entropies)


def test_a_power_cut_after_the_start_loses_nothing(tmp_path):
    for kinds in (["DISCOVER", "OFFER", "REQUEST", "ACK"], ["REQUEST", "ACK"]):
        boot = Boot(tmp_path, "microvm", "--store", "disk")
        boot.wait_for(r"echo: IPv6: fec0:")  # later than the lease
        boot.child.kill()
        boot.end(ask=False)
        assert boot.dhcp()[:len(kinds)] == kinds


@pytest.mark.parametrize("words,disk,why", [
    (["--store", "disk"], False, "--store disk: there is no virtio-blk device of virtio 1: attach one"),
    (["--store", "disk2"], True, "--store disk2: there is no virtio-blk device of virtio 1: attach one"),
    (["--store", "/state"], True, "--store /state: there is no such name: say disk, or disk2 for the second one, up to disk9"),
])
def test_a_disk_that_is_not_there(tmp_path, words, disk, why):
    boot = Boot(tmp_path, "microvm", *words, disk=disk)
    assert boot.end(ask=False) == 2
    assert f"echo: {why}" in boot.lines


def test_another_content_stays_until_it_is_erased(tmp_path):
    before = b"precious " * 8192
    (tmp_path / "disk").write_bytes(before)
    boot = Boot(tmp_path, "microvm", "--store", "disk")
    assert boot.end(ask=False) == 2
    assert "echo: --store disk: it has something else than a store, and stays as it is: give another, " \
        "or erase it by --store-format" in boot.lines
    assert boot.disk.read_bytes() == before
    boot = Boot(tmp_path, "microvm", "--store", "disk", "--store-format")
    boot.wait_for(r"echo: 10\.0\.2\.15/24 on virtio0, MTU 1500, port 7")
    assert boot.end() == 0
    assert b"precious" not in boot.disk.read_bytes()
