#!/usr/bin/env python3
"""Makes the archive that is installed: the same objects, but whose inside doesn't leak out.

C has one name space for all global symbols, and the inside of leat names its functions as the
field does: tcp_input, arp_input, checksum_list.  Linked into a stranger's program these would
collide sooner or later, so every global symbol that is not part of the interface gets a prefix.
The objects stay apart, unlike with `ld -r`, and a program still pulls in only what it uses.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

PUBLIC = ("leat_", "__")  # the interface, and what belongs to the compiler or a sanitizer


def global_symbols(nm, objects):
    """All global symbols that the objects define."""
    lines = subprocess.run([nm, "-g", "--defined-only", "--format=posix", *objects], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    return sorted({line.split()[0] for line in lines if line and not line.endswith(":")})


def make_archive(options):
    """Copies the objects with new names for their symbols, and archives the copies."""
    with tempfile.TemporaryDirectory() as folder:
        renames = Path(folder) / "renames"
        renames.write_text("".join(
            f"{name} {options.prefix}{name}\n"
            for name in global_symbols(options.nm, options.objects + options.beside)
            if not name.startswith(PUBLIC) and name not in options.keep), encoding="utf-8")
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
    parser.add_argument("--prefix", required=True, help="what goes in front of a private symbol")
    parser.add_argument("--keep", nargs="+", default=[], metavar="SYMBOL",
                        help="what stays as it is: what the compiler, or a linker script, calls by name")
    parser.add_argument("--beside", nargs="+", default=[], metavar="ARCHIVE",
                        help="whose names are renamed as well where the objects use them: another archive renames those that it defines")
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
