#!/usr/bin/env python3
"""Sums up the history of tools/test: which test failed first, how often, alone or with others.

    history.py FILE

FILE has a row for each failed test of a run, and one for a run without a failure. tools/lib/tally.py appends them.
"""

import collections
import statistics
import sys
import time
from dataclasses import astuple, dataclass, fields
from pathlib import Path

NONE = "-"


@dataclass
class Row:
    """A failed test; a test of NONE stands for a run without a failure."""

    began: float  # seconds since 1970, UTC in the file; identifies the run together with the commit
    commit: str
    asked: str  # the tier that tools/test ran: the gate, or all
    seconds: float  # duration of the run
    load: str  # runnable processes before the run and at its end
    tier: str  # tier of the test
    step: str
    test: str
    position: int  # its place among the failures, from 1
    failures: int  # number of failures in the run

    def line(self):
        """The row in the format of the file."""
        began = time.strftime("%FT%TZ", time.gmtime(self.began))
        return "\t".join(str(field) for field in (began, self.commit, self.asked, f"{self.seconds:.0f}", self.load,
                                                  *astuple(self)[5:]))


def append(path, rows):
    """Appends the rows of a run; a new file gets a heading."""
    new = not path.exists()
    with path.open("a", encoding="utf-8") as file:
        if new:
            print(*(field.name for field in fields(Row)), sep="\t", file=file)
        for row in rows:
            print(row.line(), file=file)


def read(path):
    """All rows."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        began, commit, asked, seconds, load, tier, step, test, position, failures = line.split("\t")
        rows.append(Row(began, commit, asked, float(seconds), load, tier, step, test, int(position), int(failures)))
    return rows


def runs_of(rows):
    """The rows of each run, in the order of the file."""
    runs = collections.defaultdict(list)
    for row in rows:
        runs[row.began, row.commit].append(row)
    return list(runs.values())


def summary(rows):
    """Lines about all runs."""
    runs = runs_of(rows)
    for asked in ("gate", "all"):
        of_kind = [run for run in runs if run[0].asked == asked]
        good = [run[0].seconds for run in of_kind if run[0].test == NONE]
        if of_kind:
            median = f", which took {statistics.median(good):.0f} s (median)" if good else ""
            yield f"{asked}: {len(of_kind)} runs, {len(good)} without a failure{median}"
    failed = [row for row in rows if row.test != NONE]
    if not failed:
        return
    counts = collections.defaultdict(collections.Counter)
    for row in failed:
        counts[row.tier, row.step, row.test].update(
            {"failed": 1, "first": row.position == 1, "alone": row.failures == 1})
    yield "first failed  alone  test"
    for (tier, step, test), count in sorted(counts.items(), key=lambda item: (-item[1]["first"], -item[1]["failed"])):
        yield f"{count['first']:5} {count['failed']:6} {count['alone']:6}  {tier}: {step}, {test}"
    seen = [run for run in runs if run[0].test != NONE and all(row.tier == "all" for row in run)]
    if seen:
        yield "seen by --all alone, the gate had passed; if a fault was real, one of its tests moves into the gate:"
    for run in seen:
        others = f" and {len(run) - 1} more" if len(run) > 1 else ""
        yield f"  {run[0].began} {run[0].commit}: {run[0].step}, {run[0].test}{others}"


def main(arguments):
    """See above."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    path = Path(arguments[0])
    if not path.is_file():
        print(f"{path}: there has been no run")
        return 0
    print("\n".join(summary(read(path))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
