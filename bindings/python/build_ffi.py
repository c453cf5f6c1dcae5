#!/usr/bin/env python3
"""Writes the C source of the Python module leat._leat: build_ffi.py OUTPUT."""

import re
import sys
from pathlib import Path

import cffi

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools/lib"))

import interface  # noqa: E402

CALLBACK = re.compile(r"^void leat_py_on_\w+\([^)]*\);", re.M)
TABLE = re.compile(r"^(static const struct \w+ \*const leat_py_\w+) =", re.M)
FUNCTION = re.compile(r"^static ((?:enum )?\w+ leat_py_\w+\([^)]*\))\n{", re.M)


def glue():
    """The declarations of glue.h for cffi."""
    text = (HERE / "glue.h").read_text(encoding="utf-8")
    functions = dict.fromkeys(FUNCTION.findall(text))  # those that depend on the build are there twice
    lines = ['extern "Python+C" {', *CALLBACK.findall(text), "}", *(f"{table};" for table in TABLE.findall(text)),
             *(f"{function};" for function in functions), "void free(void *memory);"]
    return "\n".join(lines) + "\n"


def main():
    """The command line."""
    description = interface.load(HERE.parent / "leat.json")
    headers = [name for name in description["headers"] if name != "crypto_openssl"]
    ffi = cffi.FFI()
    ffi.cdef(interface.cffi(description, headers) + glue())
    ffi.set_source("leat._leat", "#include <stdint.h>\n#include <stdlib.h>\n" + interface.includes(description) +
                   f'#include "{HERE / "glue.h"}"\n')
    ffi.emit_c_code(sys.argv[1])


if __name__ == "__main__":
    main()
