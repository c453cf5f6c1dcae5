"""A store on a virtio-blk disk survives restarts and the loss of power, over mmio and over PCI."""

import os
import pathlib
import subprocess
import sys

import pytest

from conftest import ARCH, BY_PCI, MACHINES, image

SOURCE = pathlib.Path(os.environ.get("LEAT_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
SECTOR = 512
SECTORS = 64


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(SECTORS * SECTOR))
    return path


def words(path, machine, device="", drive=""):
    kind = "virtio-blk-pci" if machine in BY_PCI else "virtio-blk-device"
    return ["-drive", f"file={path},format=raw,if=none,id=disk{drive}", "-device", f"{kind},drive=disk{device}"]


@pytest.mark.parametrize("machine", MACHINES)
def test_a_value_survives_restarts(guest, machine, disk):
    for boot in range(1, 4):
        one = guest("store", machine, netdev=None, extra=words(disk, machine))
        assert one.wait(60) == 0, one.text
        assert f"boot {boot}" in one.lines, one.text


def test_the_log_goes_round_the_disk(guest, machine, disk):
    for boot in range(1, 21):
        one = guest("store", machine, netdev=None, extra=words(disk, machine))
        assert one.wait(60) == 0, one.text
        assert f"boot {boot}" in one.lines, one.text
    assert all(any(disk.read_bytes()[at * SECTOR:(at + 1) * SECTOR]) for at in range(SECTORS))


@pytest.mark.parametrize("device", [
    ",logical_block_size=4096,physical_block_size=4096", ",write-cache=off", ",indirect_desc=off", ",event_idx=off",
    ",packed=on", ",queue-size=32"])
def test_disks_of_other_kinds(guest, machine, tmp_path, device):
    path = tmp_path / "disk"
    path.write_bytes(bytes(1 << 20))
    for boot in (1, 2):
        one = guest("store", machine, netdev=None, extra=words(path, machine, device))
        assert one.wait(60) == 0, one.text
        assert f"boot {boot}" in one.lines, one.text


def test_a_discard_frees_the_place_on_the_host(guest, machine, tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(b"x" * (1 << 20))
    before = path.stat()
    for device, drive, status in (",discard=off", "", 1), ("", ",discard=unmap", 0):
        one = guest("store", machine, netdev=None, arguments=["discard"], extra=words(path, machine, device, drive))
        assert one.wait(60) == status, one.text
        assert ("the discard" in one.text or "the store: " in one.text) == bool(status), one.text
    data, state = path.read_bytes(), path.stat()
    assert len(data) == 1 << 20 and data[:SECTOR] == b"x" * SECTOR and data[4096:] == bytes(len(data) - 4096)
    assert state.st_blocks < before.st_blocks


def test_a_read_only_disk_keeps_what_it_has(guest, machine, disk):
    one = guest("store", machine, netdev=None, extra=words(disk, machine))
    assert one.wait(60) == 0, one.text
    before = disk.read_bytes()
    one = guest("store", machine, netdev=None, extra=words(disk, machine, drive=",readonly=on"))
    assert one.wait(60) == 1
    assert "the store: not supported" in one.lines, one.text
    assert disk.read_bytes() == before


def test_another_disk_is_not_overwritten(guest, machine, disk):
    before = bytes(range(256)) * (SECTORS * SECTOR // 256)
    disk.write_bytes(before)
    one = guest("store", machine, netdev=None, extra=words(disk, machine))
    assert one.wait(60) == 1
    assert "the store: malformed message" in one.lines, one.text
    assert disk.read_bytes() == before


def test_a_machine_without_a_disk_says_so(guest, machine):
    one = guest("store", machine, netdev=None)
    assert one.wait(60) == 1
    assert "the disk: there is no virtio-blk device of virtio 1: attach one" in one.lines, one.text


@pytest.mark.skipif(ARCH != "x86_64", reason="one architecture is enough")
def test_tools_boot_gives_an_image_a_disk(tmp_path):
    path = tmp_path / "disk"
    for boot in (1, 2):
        done = subprocess.run([sys.executable, "-B", SOURCE / "tools/boot", "--disk", path, "--accel", "tcg", image("store")],
                              capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"boot {boot}" in done.stdout.splitlines()
    assert path.stat().st_size == 1 << 20
