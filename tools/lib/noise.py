"""The reliability of clock measurements on a machine that other programs use too."""

import os
import resource
import statistics
import time
from pathlib import Path

SPREAD_MAX = 0.25  # part of the median; a larger spread makes a figure meaningless


def spread(numbers):
    """The spread of the rounds, as a part of their median. With five or more rounds the best and the worst are left
    out, so that one disturbed round does no harm."""
    ordered = sorted(numbers)
    if len(ordered) >= 5:
        ordered = ordered[1:-1]
    middle = statistics.median(ordered) if ordered else 0
    return (ordered[-1] - ordered[0]) / middle if middle else 0.0


def steady(numbers):
    """Their median; None if there are none, or if their spread is too large."""
    return statistics.median(numbers) if numbers and spread(numbers) <= SPREAD_MAX else None


def _busy_s():
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def _ours_s():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


class Others:
    """Measures the share of the machine that other programs have, from its creation on; children of this program
    don't count."""

    def __init__(self):
        self.began, self.busy, self.ours = time.monotonic(), _busy_s(), _ours_s()

    def load(self):
        """The share of all its processors."""
        clock = max(time.monotonic() - self.began, 1e-6)
        used = (_busy_s() - self.busy) - (_ours_s() - self.ours)
        return min(1.0, max(0.0, used / clock / (os.cpu_count() or 1)))
