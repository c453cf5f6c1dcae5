#!/usr/bin/env python3
"""Checks that each line of the stack and its libraries that no test covers has a reason.

    gcovr --json ... | tools/lib/unreached.py REASONS

REASONS is a Markdown page whose tables have the columns File, Function, Line and Why. Line is the text of a line in
backquotes, or `*` for the whole function, because line numbers change too often. Prints the uncovered lines without a
reason, and rows that no uncovered line needs any more. Exit status 1: a line without a reason. 2: wrong usage.
"""
import bisect
import json
import re
import sys
from pathlib import Path

ROW = re.compile(r"\| `([^`]+)` \| `(\w+)` \| `(.+)` \| (\S.*) \|")


def reasons_of(page):
    """{(file, function, text of the line)} of the rows of @page."""
    return {(match[1], match[2], match[3].replace(r"\|", "|"))
            for match in map(ROW.fullmatch, page.splitlines()) if match}


def unreached_of(report, root):
    """(file, function, number, text) of each uncovered line in @report."""
    for entry in report["files"]:
        source = root / entry["file"]
        if not source.is_file():
            continue  # generated
        text = source.read_text(encoding="utf-8").splitlines()
        functions = sorted((each["lineno"], each["name"]) for each in entry["functions"])
        begins = [number for number, _ in functions]
        for line in entry["lines"]:
            number = line["line_number"]
            if line["count"] > 0 or line.get("gcovr/noncode") or line.get("gcovr/excluded"):
                continue
            at = bisect.bisect_right(begins, number) - 1
            function = functions[at][1] if at >= 0 else "?"
            yield entry["file"], function, number, text[number - 1].strip()


def main(arguments):
    if arguments in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if len(arguments) != 1:
        print("unreached.py: one page of reasons; see --help", file=sys.stderr)
        return 2
    reasons = reasons_of(Path(arguments[0]).read_text(encoding="utf-8"))
    used = set()
    lines = missing = 0
    for name, function, number, text in unreached_of(json.load(sys.stdin), Path.cwd()):
        fits = {(name, function, text), (name, function, "*")} & reasons
        used |= fits
        lines += 1
        if not fits:
            missing += 1
            print(f"{name}:{number}: no test reaches this line of {function}(): {text}")
    for name, function, text in sorted(reasons - used):
        print(f"{arguments[0]}: {name}, {function}(), `{text}`: reached, or gone; the row can go")
    print(f"{lines} lines are not reached, {missing} of them without a reason in {arguments[0]}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
