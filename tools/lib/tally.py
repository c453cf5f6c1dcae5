#!/usr/bin/env python3
"""Sums up the tests of several builds: the skipped ones with their reasons, the longest, and the failures in order.

    tally.py FOLDER [--history FILE --commit NAME --load BEFORE/NOW]

FOLDER/steps.tsv has a row for each step of tools/test: its tier, its name, "passed" or "failed", its begin and end
(seconds since 1970). FOLDER/NAME.tests, where it exists, is Meson's testlog.json of the step NAME. Cases that pytest,
cmocka or unittest skip inside a test count as skipped, and the test itself as passed. A step without tests counts as
one, and so does a failed step without a failed test. With --history the failed tests are appended to that file
(tools/lib/history.py). The last line is "N passed, N failed, N skipped".
"""

import argparse
import collections
import json
import re
from dataclasses import dataclass
from pathlib import Path

import history

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = "SKIP"
SLOWEST = 10
INSIDE = re.compile(r"^SKIPPED \[(\d+)\] (?:\S*/)?([^/\s]+?)(?::\d+)?: (.*)$", re.M)
UNITTEST = re.compile(r"^OK \(skipped=(\d+)\)$", re.M)
CMOCKA = re.compile(r"^\[  SKIPPED \] (?!\d+ test)(\S+)$", re.M)


@dataclass
class Step:
    """A row of steps.tsv."""

    tier: str
    name: str
    passed: bool
    began: float
    ended: float


@dataclass
class Outcome:
    """A test, or a step that counts as one."""

    step: Step
    name: str
    failed: bool
    seconds: float
    ended: float

    def __str__(self):
        return self.name if self.name == self.step.name else f"{self.step.name}, {self.name}"


def steps_of(path):
    """The rows of steps.tsv."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []
    return [Step(tier, name, result == "passed", float(began), float(ended)) for tier, name, result, began, ended in rows]


def entries(path):
    """Meson's results of each test; empty if there are none."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines]


def short(name):
    """A test's suite and name: "unit/udp" of Meson's "leat:unit+once / udp"."""
    suites, _, test = name.rpartition(" / ")
    first = suites.partition("+")[0].rpartition(":")[2]
    return f"{first}/{test}" if first else test


def why_skipped(entry):
    """(count, name, reason) of cases that were skipped in a test, or of the test itself."""
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
    """The results of all tests."""

    def __init__(self):
        self.outcomes = []
        self.passed = 0
        self.skipped = collections.Counter()

    def add(self, step, tests):
        """Adds a step and the results of its tests."""
        failed = False
        for entry in tests:
            wrong = entry["result"] not in PASSED | {SKIPPED}
            failed |= wrong
            self.passed += entry["result"] in PASSED
            seconds = entry.get("duration") or 0.0
            ended = (entry.get("starttime") or step.began) + seconds
            self.outcomes.append(Outcome(step, short(entry["name"]), wrong, seconds, ended))
            for count, what, why in why_skipped(entry):
                self.skipped[f"{step.name}, {what}: {why}"] += count
        if not tests and step.passed:
            self.passed += 1
        if not tests or not step.passed and not failed:
            seconds = step.ended - step.began
            self.outcomes.append(Outcome(step, step.name, not step.passed, seconds, step.ended))

    def failures(self):
        """Prints the failures in order of time."""
        return sorted((outcome for outcome in self.outcomes if outcome.failed), key=lambda outcome: outcome.ended)

    def slowest(self):
        """Prints the longest tests."""
        return sorted(self.outcomes, key=lambda outcome: -outcome.seconds)[:SLOWEST]

    def print(self):
        """The closing lines."""
        if self.skipped:
            print("skipped:")
        for line, count in sorted(self.skipped.items()):
            print(f"  {count:4} {line}")
        print("the slowest, in seconds:")
        for outcome in self.slowest():
            print(f"  {outcome.seconds:6.1f} {outcome}")
        failures = self.failures()
        if failures:
            print("failed, the first to fail first:")
        for outcome in failures:
            print(f"  {outcome}")
        print(f"{self.passed} passed, {len(failures)} failed, {sum(self.skipped.values())} skipped")


def rows_of(tally, steps, commit, load):
    """The rows of a run for the history: one for each failed test, or one for a run without a failure."""
    began, ended = min(step.began for step in steps), max(step.ended for step in steps)
    tier = "all" if any(step.tier == "all" for step in steps) else "gate"
    failures = tally.failures()
    run = dict(began=began, commit=commit, seconds=ended - began, load=load, asked=tier, failures=len(failures))
    if not failures:
        return [history.Row(**run, tier=tier, step=history.NONE, test=history.NONE, position=0)]
    return [history.Row(**run, tier=outcome.step.tier, step=outcome.step.name, test=outcome.name, position=position)
            for position, outcome in enumerate(failures, 1)]


def main():
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--history", type=Path)
    parser.add_argument("--commit", default="unknown")
    parser.add_argument("--load", default="unknown")
    options = parser.parse_args()
    steps = steps_of(options.folder / "steps.tsv")
    tally = Tally()
    for step in steps:
        tally.add(step, entries(options.folder / f"{step.name}.tests"))
    tally.print()
    if options.history and steps:
        history.append(options.history, rows_of(tally, steps, options.commit, options.load))


if __name__ == "__main__":
    main()
