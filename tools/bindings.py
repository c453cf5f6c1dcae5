#!/usr/bin/env python3
"""Describes leat's public headers, and makes of the description what other languages need.

  update             Renews the description, bindings/leat.json, and all files that are made of it.
  check              Fails if one of them doesn't fit the headers.
  compare            Prints the changes since the recorded interface that need another soname (docs/abi.md); fails if there
                     are any.
  record             Records the interface of bindings/leat.json for this soname, in bindings/abi. After the release of the
                     recorded version it does so only if no change needs another soname.
  make WHAT OUTPUT   Makes one file of the description: asserts (C), or cffi (Python).

update and check need pycparser and a C compiler; the others need neither.
"""

import argparse
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "lib"))

import compatible  # noqa: E402
import interface  # noqa: E402
import rust  # noqa: E402

DESCRIPTION = ROOT / "bindings" / "leat.json"
ABI = ROOT / "bindings" / "abi"


def version():
    """The version in meson.build."""
    text = (ROOT / "meson.build").read_text(encoding="utf-8")
    return text.split("version: '", 1)[1].split("'", 1)[0]


def made(description):
    """{file: its text} of all files that are kept in the tree."""
    files = {DESCRIPTION: interface.dump(description)}
    for library in ("leat", *interface.LIBRARIES):
        files[ROOT / "bindings" / f"lib{library}.map"] = interface.version_script(description, library)
    files[ROOT / "bindings" / "rust" / "leat-sys" / "src" / "bindings.rs"] = rust.declarations(description, interface.LIBRARIES)
    return files


def current(cc):
    """The description of the headers as they are."""
    try:
        import headers
    except ImportError:
        sys.exit("tools/bindings.py: pycparser is missing (Debian: python3-pycparser)")
    try:
        return headers.describe(ROOT / "include", version(), cc)
    except headers.Unreadable as error:
        sys.exit(f"tools/bindings.py: {error}")


def check(files):
    """Names each file that differs; returns how many do."""
    wrong = [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in wrong:
        print(f"{path.relative_to(ROOT)} does not fit the headers: run tools/bindings.py update", file=sys.stderr)
    return len(wrong)


def is_released(number):
    """True if the changelog has a date for a version."""
    return re.search(rf"^## {re.escape(number)} - ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M) is not None


def compare(path, description):
    """Prints the changes that break programs; returns how many there are."""
    old = compatible.recorded(path)
    if old is None:
        print(f"{path.relative_to(ROOT)} is missing: run tools/bindings.py record", file=sys.stderr)
        return 1
    found = compatible.breaks(old, description)
    for line in found:
        print(f"{line} (since {old['version']})", file=sys.stderr)
    if found and not is_released(old["version"]):
        print(f"{old['version']} is not released yet, so the interface may change: run tools/bindings.py record", file=sys.stderr)
    elif found:
        print("these changes need another soname (docs/abi.md)", file=sys.stderr)
    return len(found)


def record(path, description):
    """Records a description; returns how many changes forbid that."""
    old = compatible.recorded(path)
    if old and is_released(old["version"]) and compare(path, description):
        return 1
    compatible.record(path, description)
    return 0


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cc", default=os.environ.get("CC", "cc"), help="the C compiler, with its options")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update")
    for name in ("check", "compare", "record"):
        commands.add_parser(name)
    make = commands.add_parser("make")
    make.add_argument("what", choices=("asserts", "cffi"))
    make.add_argument("output", type=Path)
    options = parser.parse_args()
    if options.command == "make":
        description = interface.load(DESCRIPTION)
        of = {"asserts": interface.assertions, "cffi": lambda d: interface.cffi(d, d["headers"])}
        options.output.write_text(of[options.what](description), encoding="utf-8")
        return 0
    if options.command in ("compare", "record"):
        return {"compare": compare, "record": record}[options.command](ABI / compatible.record_name(), interface.load(DESCRIPTION)) > 0
    files = made(current(options.cc.split()))
    if options.command == "check":
        return check(files) > 0
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
