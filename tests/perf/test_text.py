"""Bytes of code in each library of leat, and in programs that link the stack, compiled with -Os: detects growth.

test_text.py BUILD TEXT [--update]

TEXT is a file of lines "name bytes", by `size`'s column "text" (code and constants). For a library it is the sum over its
objects. For a program it is the part of the stack that the linker takes. The programs are
bench/size_tcp.c, which calls all of TCP and UDP, and bench/size_udp.c, which calls UDP alone. "small" stands for -Dsmall=true, "cortex-m3" for such a build by arm-none-eabi-gcc. The
lines of cortex-m3 are not compared where that compiler is missing.

BUILD is a build folder whose commands compile the libraries. Here they run with -Os, without debugging information,
unwind tables and assertions, into a folder of their own. Growth by more than 1 % is a failure; a change that
needs the code updates the file.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOLERANCE = 0.01
LIBRARY = r"(libleat[a-z-]*)-inside\.a\.p/"  # the folder of a library's objects
SOURCE = Path(__file__).resolve().parents[2]
PROGRAMS = {"tcp-and-udp": "bench/size_tcp.c", "udp": "bench/size_udp.c"}
SMALL = ("-DLEAT_SMALL",)
CORTEX_M3 = (*SMALL, "-mcpu=cortex-m3", "-mthumb", "-idirafter", str(SOURCE / "main/libc/include"))


def commands(build):
    """[(library, arguments of the compiler, source)]."""
    found = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        library = re.match(LIBRARY, entry["output"])
        if library:
            found.append((library[1], shlex.split(entry["command"]), entry["output"]))
    return found


def compiled(build, words, output, folder, more=()):
    """The object, compiled for size, with @more options. An option -mcpu chooses the compiler, too."""
    kept = [word for word in words if not re.match(r"-O|-g|-MD$|-W", word)]
    if "-mcpu=cortex-m3" in more:
        kept = ["arm-none-eabi-gcc", *(word for word in kept[next(i for i, word in enumerate(kept) if word[0] == "-"):]
                                       if word != "-fPIC")]
    for option in ("-MQ", "-MF", "-o"):
        at = kept.index(option)
        del kept[at:at + 2]
    target = folder / output.replace("/", "+")
    subprocess.run([*kept, *more, "-Os", "-DNDEBUG", "-fno-asynchronous-unwind-tables", "-o", target], cwd=build, check=True)
    return target


def text_bytes(objects):
    """The sum of the first column of `size`, whose first line has the columns' names."""
    done = subprocess.run(["size", *objects], check=True, capture_output=True, text=True)
    return sum(int(line.split()[0]) for line in done.stdout.splitlines()[1:])


def linked_bytes(compiler, objects, program, folder):
    """The bytes of @objects that a program links. It never runs, so the functions of a C library need not exist."""
    main, image = folder / "main.o", folder / "image"
    words = [*compiler, "-std=c11", "-Os", "-DNDEBUG", "-ffreestanding", "-ffunction-sections", "-fno-asynchronous-unwind-tables"]
    subprocess.run([*words, f"-I{SOURCE}/include", "-c", SOURCE / program, "-o", main], check=True)
    archive = folder / "all.a"
    archive.unlink(missing_ok=True)
    subprocess.run(["ar", "rcs", archive, *objects], check=True)
    subprocess.run([*compiler, "-nostdlib", "-static", "-Wl,--gc-sections", "-Wl,--unresolved-symbols=ignore-all", "-Wl,-e,main",
                    "-Wl,--build-id=none", main, archive, "-lgcc", "-o", image], check=True)
    return text_bytes([image]) - text_bytes([main])


def measured(build):
    """{name: bytes} of each library and each program."""
    variants = {"": (), "small": SMALL}
    if shutil.which("arm-none-eabi-gcc"):
        variants["cortex-m3"] = CORTEX_M3
    sizes = {}
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(os.cpu_count()) as pool:
        for variant, more in variants.items():
            folder = Path(work) / (variant or "libraries")
            folder.mkdir()
            jobs = [(library, pool.submit(compiled, build, words, output, folder, more))
                    for library, words, output in commands(build) if not variant or library == "libleat"]
            objects = {}
            for library, job in jobs:
                objects.setdefault(library, []).append(job.result())
            if not variant:
                sizes.update({library: text_bytes(paths) for library, paths in objects.items()})
            compiler = ["arm-none-eabi-gcc", *CORTEX_M3] if variant == "cortex-m3" else ["cc"]
            for name, program in PROGRAMS.items():
                sizes["-".join(filter(None, (variant, name)))] = linked_bytes(compiler, objects["libleat"], program, folder)
    return sizes


def read(path):
    lines = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
    return {library: int(number) for library, number in lines}


def main():
    build, path = Path(sys.argv[1]), Path(sys.argv[2])
    now = measured(build)
    if "--update" in sys.argv:
        head = [line for line in path.read_text().splitlines() if line.startswith("#")]
        path.write_text("\n".join(head + [f"{library} {number}" for library, number in now.items()]) + "\n")
        return 0
    expected = read(path)
    if not shutil.which("arm-none-eabi-gcc"):
        print("arm-none-eabi-gcc is not installed, so the lines of cortex-m3 are not compared")
        expected = {name: number for name, number in expected.items() if not name.startswith("cortex-m3")}
    grown = [library for library, number in now.items() if number > expected.get(library, 0) * (1 + TOLERANCE)]
    for library, number in now.items():
        print(f"{library:24} {number:8}, recorded {expected.get(library, 0):8}{'  GROWN' if library in grown else ''}")
    if grown:
        print("if that is meant: meson compile -C build text-update, and say why in the commit")
    return 1 if grown or set(now) != set(expected) else 0


sys.exit(main())
