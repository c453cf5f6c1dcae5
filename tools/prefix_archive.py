#!/usr/bin/env python3
"""Makes the archive that is installed: the same objects with prefixed private symbols.

C has one name space for all global symbols, and leat's private functions have the usual names of the field: tcp_input,
arp_input, checksum_list. They could collide with symbols of the program, so every global symbol outside the public
interface gets a prefix. Unlike with `ld -r` the objects stay separate, and a program still links only those that it
uses.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

PUBLIC = ("leat_", "__")  # the interface, and the symbols of the compiler or a sanitizer


def global_symbols(nm, objects):
    """All global symbols that the objects define."""
    lines = subprocess.run([nm, "-g", "--defined-only", "--format=posix", *objects], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    return sorted({line.split()[0] for line in lines if line and not line.endswith(":")})


def make_archive(options):
    """Renames symbols in copies of the objects, and archives the copies."""
    with tempfile.TemporaryDirectory() as folder:
        renames = Path(folder) / "renames"
        keep = {*options.keep, *global_symbols(options.nm, options.keep_of)} if options.keep_of else set(options.keep)
        renames.write_text("".join(
            f"{name} {options.prefix}{name}\n"
            for name in global_symbols(options.nm, options.objects + options.beside)
            if not name.startswith(PUBLIC) and name not in keep), encoding="utf-8")
        copies = []
        for path in map(Path, options.objects):
            copies.append(str(Path(folder) / path.name))
            subprocess.run([options.objcopy, f"--redefine-syms={renames}", str(path), copies[-1]],
                           check=True)
        Path(options.output).unlink(missing_ok=True)
        subprocess.run([options.ar, "crsD", options.output, *copies], check=True)


def main():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prefix", required=True, help="prefix of private symbols")
    parser.add_argument("--keep", nargs="+", default=[], metavar="SYMBOL",
                        help="symbols to keep, because the compiler or a linker script calls them by name")
    parser.add_argument("--keep-of", nargs="+", default=[], metavar="ARCHIVE",
                        help="archives whose symbols are kept, because a program calls them by these names")
    parser.add_argument("--beside", nargs="+", default=[], metavar="ARCHIVE",
                        help="archives whose private symbols the objects use, and which are renamed in the same way")
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--objcopy", default="objcopy")
    parser.add_argument("--ar", default="ar")
    parser.add_argument("--output", required=True, help="the archive to make")
    parser.add_argument("objects", nargs="+")
    options = parser.parse_args()
    names = [Path(path).name for path in options.objects]
    if len(set(names)) != len(names):
        sys.exit("prefix_archive.py: two objects have the same file name")
    try:
        make_archive(options)
    except subprocess.CalledProcessError as error:
        sys.exit(f"prefix_archive.py: {error}\n{error.stderr or ''}")


if __name__ == "__main__":
    main()
