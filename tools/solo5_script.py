#!/usr/bin/env python3
"""Writes a linker script of Solo5 that has a place for constructors and destructors, which Solo5's own lacks.

  tools/solo5_script.py CC ABI OUTPUT

CC is Solo5's wrapper of the compiler, beside whose folder its scripts are. The arrays stand at the end of .data, in the
order in which they run, between symbols of the names that image.ld has, too. Without them GNU ld makes an output section
of each priority, and no symbol says where they are.
"""

import pathlib
import re
import sys

DATA = re.compile(r"(\n\s*\.data\s*:\s*\{[^{}]*?\*\(\.data\.\*\)[ \t]*\n)(\s*\})")
ARRAYS = """
        . = ALIGN(8);
        constructors_start = .;
        KEEP(*(.preinit_array)) KEEP(*(SORT_BY_INIT_PRIORITY(.init_array.*))) KEEP(*(.init_array))
        constructors_end = .;
        destructors_start = .;
        KEEP(*(SORT_BY_INIT_PRIORITY(.fini_array.*))) KEEP(*(.fini_array))
        destructors_end = .;
"""


def place_arrays(script):
    """The script with the arrays; None if its .data can't be found, or if there is more than one."""
    changed, count = DATA.subn(lambda found: found[1] + ARRAYS[1:] + found[2], script)
    return changed if count == 1 else None


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    wrapper, abi, output = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], pathlib.Path(sys.argv[3])
    source = wrapper.parent.parent / "lib" / wrapper.name.removesuffix("-cc") / f"solo5_{abi}.lds"
    changed = place_arrays(source.read_text(encoding="utf-8"))
    if changed is None:
        sys.exit(f"{source}: constructors have no place: there is no section .data that ends with *(.data.*)")
    output.write_text(changed, encoding="utf-8")


if __name__ == "__main__":
    main()
