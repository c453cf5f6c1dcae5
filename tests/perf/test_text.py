"""Bytes of code in each library of leat, compiled with -Os: detects growth.

test_text.py BUILD TEXT [--update]

TEXT is a file of lines "library bytes": the sum of `size`'s column "text" (code and constants) over the objects of that
library. BUILD is a build folder whose commands compile the libraries. Here they run with -Os, without debugging
information, unwind tables and assertions, into a folder of their own. A library that has grown by more than 1 % is a
failure; a change that needs the code updates the file.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOLERANCE = 0.01
LIBRARY = r"(libleat[a-z-]*)-inside\.a\.p/"  # the folder of a library's objects


def commands(build):
    """[(library, arguments of the compiler, source)]."""
    found = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        library = re.match(LIBRARY, entry["output"])
        if library:
            found.append((library[1], shlex.split(entry["command"]), entry["output"]))
    return found


def compiled(build, words, output, folder):
    """The object, compiled for size."""
    kept = [word for word in words if not re.match(r"-O|-g|-MD$|-W", word)]
    for option in ("-MQ", "-MF", "-o"):
        at = kept.index(option)
        del kept[at:at + 2]
    target = folder / output.replace("/", "+")
    subprocess.run([*kept, "-Os", "-DNDEBUG", "-fno-asynchronous-unwind-tables", "-o", target], cwd=build, check=True)
    return target


def text_bytes(objects):
    """The sum of the first column of `size`, whose first line has the columns' names."""
    done = subprocess.run(["size", *objects], check=True, capture_output=True, text=True)
    return sum(int(line.split()[0]) for line in done.stdout.splitlines()[1:])


def measured(build):
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [(library, pool.submit(compiled, build, words, output, Path(work)))
                for library, words, output in commands(build)]
        objects = {}
        for library, job in jobs:
            objects.setdefault(library, []).append(job.result())
        return {library: text_bytes(paths) for library, paths in objects.items()}


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
    grown = [library for library, number in now.items() if number > expected.get(library, 0) * (1 + TOLERANCE)]
    for library, number in now.items():
        print(f"{library:16} {number:8}, recorded {expected.get(library, 0):8}{'  GROWN' if library in grown else ''}")
    if grown:
        print("if that is meant: meson compile -C build text-update, and say why in the commit")
    return 1 if grown or set(now) != set(expected) else 0


sys.exit(main())
