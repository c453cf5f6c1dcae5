"""Runs a program without libraries natively, and for other processors by their gcc and qemu-user. It prints "good".

alone.py ROOT SOURCE[,SOURCE...][,-DNAME=VALUE...] CC...

{arch} in the name of a source is the processor: x86_64, aarch64 or riscv64.
"""

import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

OPTIONS = (["-O0"], ["-O2"], ["-O3", "-fno-omit-frame-pointer"])
OTHERS = "aarch64", "riscv64"


def sources(arch):
    words = sys.argv[2].split(",")
    return [Path(sys.argv[1]) / name.format(arch=arch) for name in words if not name.startswith("-")]


def definitions():
    return [word for word in sys.argv[2].split(",") if word.startswith("-")]


def try_program(arch, compiler, options, runner=()):
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "alone"
        subprocess.run([*compiler, "-std=c11", *options, *definitions(), f"-I{sys.argv[1]}", *sources(arch), "-o", program], check=True)
        done = subprocess.run([*runner, program], check=False, capture_output=True, text=True, timeout=100)
    good = done.returncode == 0 and done.stdout == "good\n"
    print(" ".join(map(str, [*compiler, *options])), "good" if good else done)
    return good


def main():
    good = True
    for options in OPTIONS:
        if all(path.is_file() for path in sources(platform.machine())):
            good &= try_program(platform.machine(), sys.argv[3:], options)
        for arch in OTHERS:
            if shutil.which(f"{arch}-linux-gnu-gcc") and shutil.which(f"qemu-{arch}"):
                good &= try_program(arch, [f"{arch}-linux-gnu-gcc"], [*options, "-static"], [f"qemu-{arch}"])
    return 0 if good else 1


sys.exit(main())
