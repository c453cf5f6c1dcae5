"""Runs switch_alone.c natively, and for the other architectures by their gcc and qemu-user.

switches.py CC... ROOT
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OPTIONS = (["-O0"], ["-O2"], ["-O3", "-fno-omit-frame-pointer"])


def try_switch(compiler, options, runner=()):
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "switch_alone"
        subprocess.run([*compiler, "-std=c11", *options, f"-I{sys.argv[-1]}", HERE / "switch_alone.c",
                        "-o", program], check=True)  # fmt: skip
        done = subprocess.run([*runner, program], check=False, capture_output=True, text=True, timeout=100)
    good = done.returncode == 0 and done.stdout == "good\n"
    print(" ".join(map(str, [*compiler, *options])), "good" if good else done)
    return good


def main():
    good = True
    for options in OPTIONS:
        good &= try_switch(sys.argv[1:-1], options)
        if shutil.which("aarch64-linux-gnu-gcc") and shutil.which("qemu-aarch64"):
            good &= try_switch(["aarch64-linux-gnu-gcc"], [*options, "-static"], ["qemu-aarch64"])
        if shutil.which("riscv64-linux-gnu-gcc") and shutil.which("qemu-riscv64"):
            good &= try_switch(["riscv64-linux-gnu-gcc"], [*options, "-static"], ["qemu-riscv64"])
    return 0 if good else 1


sys.exit(main())
