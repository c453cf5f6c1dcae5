#!/usr/bin/env python3
"""Measures the processor time that QEMU (q35, TCG) needs to read a virtio-blk disk once, beside Linux.

    bench/disk.py BUILD [--mib N] [--rounds N] [--kernel DIR]

leat reads by bench/disk_read.elf of BUILD, four requests of 1 MiB at a time. Linux is Debian's kernel for clouds with
busybox in memory, which reads by dd with blocks of 1 MiB, past the page cache (O_DIRECT). Both packages are downloaded
with apt-get into a folder, DIR if it is given. Each guest also boots without reading, and that time is taken away.

Exit status 1: in the same processor time leat reads less than 0.8 of the bytes that Linux reads (medians).
"""

import argparse
import gzip
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

RATIO_MIN = 0.8
BOOT_S = 300
QEMU = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-m", "256", "-M", "q35",
        "-accel", "tcg", "-cpu", "max", "-serial", "stdio", "-device", "isa-debug-exit"]
MODULES = ["virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk"]
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /dev /proc
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mount -t proc none /proc
for module in {modules}; do /bin/busybox insmod /$module.ko; done
while ! /bin/busybox test -b /dev/vda; do /bin/busybox sleep 0.01; done
if /bin/busybox grep -q idle /proc/cmdline; then count=count=0; fi
/bin/busybox dd if=/dev/vda of=/dev/null bs=1M iflag=direct $count
/bin/busybox poweroff -f
"""


def fetch(folder):
    """Downloads the kernel and busybox, and unpacks them."""
    if (folder / "complete").is_file():
        return
    says = subprocess.run(["apt-cache", "depends", "linux-image-cloud-amd64"], check=True, capture_output=True, text=True).stdout
    kernel = [line.split()[-1] for line in says.splitlines() if "Depends: linux-image-" in line]
    if not kernel:
        sys.exit("apt-cache knows no kernel of linux-image-cloud-amd64")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "-q", kernel[0], "busybox-static"], check=True, cwd=folder)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
        package.unlink()
    (folder / "complete").write_text("")


def initrd(folder, path):
    """Writes the initrd of Linux to @path."""
    with tempfile.TemporaryDirectory() as made:
        root, there = pathlib.Path(made), []
        (root / "bin").mkdir()
        shutil.copy(next(folder.glob("root/**/bin/busybox")), root / "bin/busybox")
        for module in MODULES:  # those that aren't in the kernel itself
            for found in folder.glob(f"root/**/{module}.ko"):
                shutil.copy(found, root / found.name)
                there.append(module)
        (root / "init").write_text(INIT.format(modules=" ".join(there)))
        (root / "init").chmod(0o755)
        names = "\n".join(str(one.relative_to(root)) for one in sorted(root.rglob("*")))
        packed = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names.encode(), check=True,
                                capture_output=True).stdout
        path.write_bytes(gzip.compress(packed, 1))


def spent_s(words, disk, wanted):
    """Seconds of QEMU's processor time until the guest has ended. @wanted: a part of its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*QEMU, *map(str, words), "-drive", f"file={disk},format=raw,if=none,id=disk,readonly=on,cache=writeback",
                           "-device", "virtio-blk-pci,drive=disk"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=BOOT_S, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if wanted not in done.stdout:
        sys.exit(f"no {wanted!r}:\n{done.stdout}{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--mib", type=int, default=1024, help="of the disk (1024)")
    parser.add_argument("--rounds", type=int, default=7, help="7")
    parser.add_argument("--kernel", metavar="DIR", help="a folder for the kernel, which stays")
    options = parser.parse_args()
    image = pathlib.Path(options.build) / "bench/disk_read.elf"
    if not image.is_file():
        print(f"there is no {image}", file=sys.stderr)
        return 2
    size = options.mib << 20
    found = {"leat": [], "Linux": []}
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(options.kernel or made) / "linux"
        fetch(folder)
        disk, files = pathlib.Path(made) / "disk", pathlib.Path(made) / "initrd"
        with disk.open("wb") as file:
            for _ in range(options.mib):
                file.write(os.urandom(1 << 20))
        initrd(folder, files)
        leat = ["-kernel", image]
        linux = ["-kernel", next(folder.glob("root/boot/vmlinuz-*")), "-initrd", files]
        kernel = "console=ttyS0 panic=-1 mitigations=off quiet loglevel=3"
        for _ in range(options.rounds):
            found["leat"].append(spent_s([*leat, "-append", "all"], disk, f"{size} bytes")
                                 - spent_s([*leat, "-append", "idle"], disk, "512 bytes"))
            found["Linux"].append(spent_s([*linux, "-append", kernel], disk, f"{options.mib}+0 records out")
                                  - spent_s([*linux, "-append", f"{kernel} idle"], disk, "0+0 records out"))
    medians = {}
    for who, times in found.items():
        each = [1024 * spent / options.mib for spent in times]
        medians[who] = statistics.median(each)
        print(f"{who:5} {options.rounds} rounds of {options.mib} MiB: min {min(each):.2f} s, median {medians[who]:.2f} s a GiB")
    ratio = medians["Linux"] / medians["leat"]
    print(f"in the same processor time leat reads {ratio:.2f} of what Linux reads")
    return 0 if ratio >= RATIO_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
