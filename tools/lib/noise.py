"""What a figure of the clock is worth on a machine that others use too."""

import os
import resource
import statistics
import time
from pathlib import Path

SPREAD_MAX = 0.25  # of the median: what is further apart says nothing


def spread(numbers):
    """How far apart the rounds are, as a part of their median; the best and the worst of five or more
    are left out, as one that was disturbed spoils nothing."""
    ordered = sorted(numbers)
    if len(ordered) >= 5:
        ordered = ordered[1:-1]
    middle = statistics.median(ordered) if ordered else 0
    return (ordered[-1] - ordered[0]) / middle if middle else 0.0


def steady(numbers):
    """Their median; None if there are none, or if they are so far apart that it would mean nothing."""
    return statistics.median(numbers) if numbers and spread(numbers) <= SPREAD_MAX else None


def _busy_s():
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def _ours_s():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


class Others:
    """What programs other than this one and its children have of the machine, from here on."""

    def __init__(self):
        self.began, self.busy, self.ours = time.monotonic(), _busy_s(), _ours_s()

    def load(self):
        """As a part of all its processors."""
        clock = max(time.monotonic() - self.began, 1e-6)
        used = (_busy_s() - self.busy) - (_ours_s() - self.ours)
        return min(1.0, max(0.0, used / clock / (os.cpu_count() or 1)))
