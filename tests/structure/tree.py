"""The source tree, for the tests of its structure."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(os.environ.get("LEAT_SOURCE", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("LEAT_BUILD", ROOT / "build"))
# The stack, and the libraries on top of it. The files of crypto/ itself belong to them, the providers don't.
PARTS = "src", "proto", "tls", "web", "task", "sockets/calls", "files", "block"
CC = os.environ.get("LEAT_CC", "cc").split()
CXX = os.environ.get("LEAT_CXX", "c++").split()


def sources(*folders, ends=(".c", ".h")):
    """All files below @folders with one of these extensions, sorted, as paths relative to ROOT."""
    found = []
    for folder in folders:
        found += [path.relative_to(ROOT) for path in (ROOT / folder).rglob("*")
                  if path.suffix in ends and path.is_file()]
    return sorted(found)


def archived(ends=(".c", ".h")):
    """sources() of everything in the archives: the stack, its libraries, and the files of crypto/ itself."""
    return sorted([*sources(*PARTS, ends=ends), *(path for path in sources("crypto", ends=ends) if len(path.parts) == 2)])


def read(path):
    """The text of a file of the tree."""
    return (ROOT / path).read_text(encoding="utf-8")


def without_comments(text):
    """C without comments and string literals; lines keep their numbers."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def includes(path):
    """(line, what) of each #include, such as '<leat/buf.h>' or '"core/pool.h"'."""
    for number, line in enumerate(read(path).splitlines(), 1):
        if match := re.match(r'\s*#\s*include\s*([<"][^>"]+[>"])', line):
            yield number, match[1]


def functions(path):
    """(name, first line, number of lines) of each function that @path defines; relies on the layout: the braces of a
    body stand in the first column."""
    lines = without_comments(read(path)).splitlines()
    first, opened = None, None
    for number, line in enumerate(lines, 1):
        if opened is None and re.match(r"[A-Za-z_]", line):
            first = first or number
        elif line == "{":
            opened = number
        elif line.startswith("}"):
            if opened and first and line == "}":
                head = " ".join(lines[first - 1:opened - 1])
                name = re.search(r"(\w+)\s*\(", head)
                yield (name[1] if name else head.strip()), first, number - first + 1
            first, opened = None, None
        if opened is None and re.search(r";\s*$|^#|^\s*$", line):
            first = None


def run(*command, **options):
    """Runs a command; returns its output if it fails, None otherwise."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode:
        return f"$ {' '.join(map(str, command))}\n{done.stdout}"
    return None
