#!/usr/bin/env python3
"""Sums the tests of several builds, and says which were skipped, and why.

    tally.py [--passed N] [--failed-steps "NAME..."] NAME.tests...

NAME.tests is Meson's testlog.json of the step NAME. What pytest, cmocka or unittest skip inside of a test
counts as skipped; the test itself as passed. A failed step without a failed test counts as one.
"""

import argparse
import collections
import json
import re
from pathlib import Path

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = "SKIP"
INSIDE = re.compile(r"^SKIPPED \[(\d+)\] (?:\S*/)?([^/\s]+?)(?::\d+)?: (.*)$", re.M)
UNITTEST = re.compile(r"^OK \(skipped=(\d+)\)$", re.M)
CMOCKA = re.compile(r"^\[  SKIPPED \] (?!\d+ test)(\S+)$", re.M)


def entries(path):
    """What Meson wrote of each test, or nothing."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines]


def why_skipped(entry):
    """(how many, what, why) of what was skipped in a test, or the test itself."""
    text = entry.get("stdout", "") + entry.get("stderr", "")
    if entry["result"] == SKIPPED:
        said = [line for line in text.splitlines() if line.strip()]
        yield 1, entry["name"], said[-1].removeprefix("skipped: ") if said else "it doesn't say why"
        return
    for count, where, reason in INSIDE.findall(text):
        yield int(count), where, reason
    for count in UNITTEST.findall(text):
        yield int(count), entry["name"], "it doesn't say why"
    for name in CMOCKA.findall(text):
        yield 1, name, "it doesn't say why"


class Tally:
    """What came of all tests."""

    def __init__(self):
        self.passed = self.failed = 0
        self.skipped = collections.Counter()

    def add(self, step, path):
        """Adds a step's tests; returns how many failed."""
        failed = 0
        for entry in entries(path):
            self.passed += entry["result"] in PASSED
            failed += entry["result"] not in PASSED | {SKIPPED}
            for count, what, why in why_skipped(entry):
                self.skipped[f"{step}, {what}: {why}"] += count
        self.failed += failed
        return failed

    def print(self):
        """The closing lines."""
        if self.skipped:
            print("skipped:")
        for line, count in sorted(self.skipped.items()):
            print(f"  {count:4} {line}")
        print(f"{self.passed} passed, {self.failed} failed, {sum(self.skipped.values())} skipped")


def main():
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", type=Path)
    parser.add_argument("--passed", type=int, default=0)
    parser.add_argument("--failed-steps", default="")
    options = parser.parse_args()
    tally = Tally()
    tally.passed = options.passed
    failed = {path.stem: tally.add(path.stem, path) for path in options.logs}
    tally.failed += sum(1 for step in options.failed_steps.split() if not failed.get(step))
    tally.print()


if __name__ == "__main__":
    main()
