"""Seed disks of cloud-init's NoCloud, made by the programs that people make them with."""

import shutil
import subprocess

import pytest

FILES = {"meta-data": b"instance-id: i-1\nlocal-hostname: vm1\n"}


def run(*command):
    subprocess.run([str(word) for word in command], check=True, timeout=120, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def program(name):
    return shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") or pytest.skip(f"no {name}")


def by_genisoimage(*options):
    def make(path, folder, label):
        run(program("genisoimage"), "-quiet", "-V", label, *options, "-o", path, folder)
    return make


def by_xorriso(path, folder, label):
    run(program("xorriso"), "-as", "mkisofs", "-V", label, "-J", "-r", "-o", path, folder)


def by_mkfs(*options, mib=1):
    def make(path, folder, label):
        with path.open("wb") as file:
            file.truncate(mib << 20)
        run(program("mkfs.vfat"), "-n", label.upper(), *options, path)
        run(program("mcopy"), "-i", path, *sorted(folder.iterdir()), "::")
    return make


def by_mtools(path, folder, label):
    with path.open("wb") as file:
        file.truncate(1440 << 10)
    run(program("mformat"), "-i", path, "-v", label, "-f", "1440", "::")
    run(program("mcopy"), "-i", path, *sorted(folder.iterdir()), "::")


MAKERS = {
    "Joliet and Rock Ridge": by_genisoimage("-J", "-r"),
    "Rock Ridge": by_genisoimage("-iso-level", "3", "-R"),  # Proxmox
    "Joliet": by_genisoimage("-J"),
    "plain": by_genisoimage("-iso-level", "4"),
    "xorriso": by_xorriso,
    "FAT12": by_mkfs(),
    "FAT12 of mtools": by_mtools,
    "FAT16": by_mkfs("-F", "16", mib=16),
    "FAT32": by_mkfs("-F", "32", "-s", "1", mib=40),
    "sectors of 4096 bytes": by_mkfs("-S", "4096", mib=16),
}


def make(tmp_path, kind, files, label="cidata", others=0):
    """The path of a disk with these files beside those of FILES, and with so many other files before them."""
    folder, path = tmp_path / "seed", tmp_path / "seed.img"
    folder.mkdir(exist_ok=True)
    for number in range(others):
        (folder / f"a file with a long name, number {number}").write_bytes(b"x" * number)
    for name, data in (FILES | files).items():
        (folder / name).write_bytes(data)
    MAKERS[kind](path, folder, label)
    return path
