#!/usr/bin/env python3
"""Lines of src/ that no test reaches, and why: each needs a reason.

    gcovr --json ... | tools/lib/unreached.py REASONS

REASONS is a Markdown file whose tables have the columns File, Line and Why; Line is the text of a line
of that file, in backquotes, or `*` for all of it. Prints the lines that have no reason, and the rows that
no unreached line needs. Exit status 1: a line without a reason.
"""
import json
import re
import sys
from pathlib import Path


def reasons_of(path):
    """{(file, line's text)} that have a reason."""
    reasons = set()
    for row in path.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"\| `(.+?)` \| `(.+)` \| \S.* \|", row)
        if match:
            reasons.add((match[1], match[2].replace("\\|", "|")))
    return reasons


def unreached_of(report):
    """(file, number, text) of each line that was never run."""
    for entry in report["files"]:
        name = entry["file"]
        if not Path(name).is_file():
            continue  # generated
        text = Path(name).read_text(encoding="utf-8").splitlines()
        for line in entry["lines"]:
            if line["count"] == 0 and not line.get("gcovr/noncode"):
                yield name, line["line_number"], text[line["line_number"] - 1].strip()


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if sys.argv[1:] and sys.argv[1] in ("-h", "--help") else 2
    reasons = reasons_of(Path(sys.argv[1]))
    used = set()
    missing = 0
    for name, number, text in unreached_of(json.load(sys.stdin)):
        key = {(name, text), (name, "*")} & reasons
        used |= key
        if not key:
            missing += 1
            print(f"{name}:{number}: no test reaches this: {text}")
    for name, text in sorted(reasons - used):
        print(f"{sys.argv[1]}: a test reaches {name}: {text}; the row can go")
    print(f"unreached lines without a reason: {missing}")
    return 1 if missing else 0


sys.exit(main())
