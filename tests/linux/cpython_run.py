"""Runs tests of CPython's own suite, one after another, and writes how each ends.

usage: cpython_run.py RESULTS LIMIT [TEST...]

A TEST is the name of a module or of a test. RESULTS gets a line when a test begins, and another when it ends. A line has the
test's name, the outcome, "inet" if it opened a socket of IPv4 or IPv6 or looked up a name, and the reason. A test that takes more than LIMIT
seconds ends this program. Without a LIMIT of at least a second the tests are only listed.
"""

import faulthandler
import socket
import sys
import unittest

INET = (int(socket.AF_INET), int(socket.AF_INET6))
LOOK_UPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")


class Result(unittest.TestResult):
    """Writes the lines."""

    def __init__(self, file, limit_s):
        super().__init__()
        self.file, self.limit_s = file, limit_s
        self.outcome, self.why = "passed", ""
        self.concerns_inet = False

    def write(self, test, outcome, why=""):
        self.file.write("\t".join([test, outcome, "inet" if self.concerns_inet else "", why]) + "\n")
        self.file.flush()

    def startTest(self, test):
        super().startTest(test)
        self.outcome, self.why = "passed", ""
        self.write(test.id(), "began")
        faulthandler.dump_traceback_later(self.limit_s, exit=True)

    def note(self, test, outcome, why):
        if self.outcome != "failed":
            self.outcome, self.why = outcome, " ".join(str(why).split())[:200]
        if not hasattr(test, "_testMethodName"):  # setUpClass() or setUpModule(): no test begins
            self.write(test.id(), outcome, self.why)

    def addFailure(self, test, err):
        self.note(test, "failed", f"{err[0].__name__}: {err[1]}")

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err:
            self.note(test, "failed", f"{err[0].__name__}: {err[1]}")

    def addSkip(self, test, reason):
        self.note(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        self.note(test, "skipped", "CPython expects it to fail")

    def addUnexpectedSuccess(self, test):
        self.note(test, "failed", "CPython expects it to fail")

    def stopTest(self, test):
        super().stopTest(test)
        faulthandler.cancel_dump_traceback_later()
        self.write(test.id(), self.outcome, self.why)
        self.concerns_inet = False


def names_of(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from names_of(test)
        else:
            yield test.id()


def main(path, limit, *names):
    tests = unittest.defaultTestLoader.loadTestsFromNames(names)
    with open(path, "a", encoding="utf-8") as file:
        if float(limit) < 1:
            file.writelines(f"{name}\n" for name in names_of(tests))
            return
        result = Result(file, float(limit))

        def audit(event, arguments):
            if event in LOOK_UPS or (event == "socket.__new__" and arguments[1] in INET):
                result.concerns_inet = True

        sys.addaudithook(audit)
        sys.argv = ["test"]  # some modules look at it
        tests.run(result)
        result.write("", "end")


if __name__ == "__main__":
    main(*sys.argv[1:])
