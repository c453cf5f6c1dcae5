"""The closing lines of tools/test, and its history of runs."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

import tree

sys.path.insert(0, str(tree.ROOT / "tools/lib"))
import history  # noqa: E402
import tally  # noqa: E402


def entry(name, result="OK", began=100.0, seconds=1.0, said=""):
    """Meson's record of a test."""
    return {"name": name, "result": result, "starttime": began, "duration": seconds, "stdout": said}


def tallied(*steps):
    """A Tally of steps, each with its tests."""
    found = tally.Tally()
    for step, tests in steps:
        found.add(step, tests)
    return found


GATE = tally.Step("gate", "clang-sanitized", False, 100.0, 200.0)
LATER = tally.Step("all", "linux-sanitized", False, 200.0, 300.0)
LINT = tally.Step("all", "lint", False, 300.0, 310.0)


class Closing(unittest.TestCase):
    def printed(self, *steps):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            tallied(*steps).print()
        return out.getvalue().splitlines()

    def test_the_last_line_sums_tests_and_steps_without_tests(self):
        passed = tally.Step("gate", "same-bytes", True, 0.0, 1.0)
        said = self.printed((GATE, [entry("leat:unit / udp"), entry("leat:linux / udp", "FAIL"),
                                    entry("leat:linux / ping", "SKIP", said="skipped: no TAP")]), (passed, []))
        self.assertEqual(said[-1], "2 passed, 1 failed, 1 skipped")
        self.assertIn("     1 clang-sanitized, leat:linux / ping: no TAP", said)

    def test_a_failed_step_without_a_failed_test_counts_as_one(self):
        self.assertEqual(self.printed((GATE, [entry("leat:unit / udp")]))[-1], "1 passed, 1 failed, 0 skipped")
        self.assertEqual(self.printed((LINT, []))[-1], "0 passed, 1 failed, 0 skipped")

    def test_ten_of_the_slowest_are_shown_with_their_seconds(self):
        said = self.printed((GATE, [entry(f"leat:unit+once / {number}", "FAIL", seconds=number) for number in range(20)]))
        first = said.index("the slowest, in seconds:") + 1
        self.assertEqual(said[first], "    19.0 clang-sanitized, unit/19")
        self.assertEqual(said[first + 9], "    10.0 clang-sanitized, unit/10")
        self.assertEqual(said[first + 10], "failed, the first to fail first:")

    def test_failures_are_in_the_order_of_time(self):
        found = tallied((LINT, []), (GATE, [entry("leat:unit / late", "FAIL", 150), entry("leat:unit / soon", "TIMEOUT")]))
        self.assertEqual([outcome.name for outcome in found.failures()], ["unit/soon", "unit/late", "lint"])


class History(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "history.tsv"

    def run_of(self, *steps):
        """Adds a run of these steps; those without failed tests have passed."""
        rows = tally.rows_of(tallied(*steps), [step for step, _ in steps], "3b457902", "2.0/3.1")
        history.append(self.path, rows)
        return rows

    def test_rows_come_back_as_they_were(self):
        rows = self.run_of((GATE, [entry("leat:linux / udp", "FAIL"), entry("leat:unit / buf", "FAIL", 90)]))
        back = history.read(self.path)
        self.assertEqual([(row.tier, row.step, row.test, row.position, row.failures) for row in back],
                         [("gate", "clang-sanitized", "unit/buf", 1, 2), ("gate", "clang-sanitized", "linux/udp", 2, 2)])
        self.assertEqual([row.line() for row in rows], self.path.read_text(encoding="utf-8").splitlines()[1:])
        self.assertEqual(rows[0].began, 100.0)

    def test_a_run_without_a_failure_has_a_row(self):
        passed = tally.Step("gate", "perf", True, 100.0, 180.0)
        self.run_of((passed, []))
        self.assertEqual(list(history.summary(history.read(self.path))),
                         ["gate: 1 runs, 1 without a failure, which took 80 s (median)"])

    def test_the_summary_tells_first_and_alone(self):
        at = [tally.Step("gate", "clang-sanitized", False, began, began + 9) for began in (1000.0, 2000.0)]
        self.run_of((at[0], [entry("leat:linux / a", "FAIL", 1001)]))
        self.run_of((at[1], [entry("leat:linux / a", "FAIL", 2005), entry("leat:linux / b", "FAIL", 2001)]))
        said = list(history.summary(history.read(self.path)))
        self.assertIn("    1      2      1  gate: clang-sanitized, linux/a", said)
        self.assertIn("    1      1      0  gate: clang-sanitized, linux/b", said)

    def test_failures_seen_only_by_all_are_named(self):
        good = tally.Step("gate", "clang-sanitized", True, 100.0, 200.0)
        self.run_of((good, [entry("leat:unit / buf")]), (LATER, [entry("leat:linux+later / leases", "FAIL")]))
        self.assertEqual(list(history.summary(history.read(self.path)))[-1],
                         "  1970-01-01T00:01:40Z 3b457902: linux-sanitized, linux/leases")

    def test_a_file_that_is_not_there_is_no_run(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertEqual(history.main([str(self.path)]), 0)
        self.assertIn("there has been no run", out.getvalue())


if __name__ == "__main__":
    unittest.main()
