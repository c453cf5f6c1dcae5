#!/usr/bin/env python3
"""Compares the expressions of proto/dns with Python's re: expressions.py PROGRAM [SEED [COUNT]].

Random expressions of the supported syntax are matched with random names. Both must agree about each name, and about which
expressions are legal. Each name that matches must contain one of the expression's literals."""

import random
import re
import subprocess
import sys
import warnings

OK, SYNTAX, UNSUPPORTED, TOO_LONG, EMPTY, NO_ROOM = range(6)
LETTERS = "abd0-._"
CLASSES = ["[ab]", "[^a]", "[a-d]", "[0-9]", "[^.]", "[a-]", "[]a]", "[^]a]", "[.]", r"[\d]", r"[\w-]", r"[^\s]", "[A-B]", r"\d",
           r"\w", r"\D", r"\W", r"\.", r"\-", r"\/", r"[\.\-_]", "."]
QUANTIFIERS = ["*", "+", "?", "{2}", "{0,2}", "{1,}", "{,2}", "{0}", "*?", "+?", "??", "{1,2}?"]
# expressions as lists have them, and the names that they are about
WELL_KNOWN = [
    (r"^ad([sxv]?[0-9]*|system)[_.-]([^.\s]+\.){1,}|[_.-]ad([sxv]?[0-9]*|system)[_.-]", ["ads.x.test", "x-ads1.test", "bad.test"]),
    (r"^(.+[_.-])?adse?rv(er?|ice)?s?[0-9]*[_.-]", ["adserver.a", "x.adserv1.b", "adse.test", "adsrvs.x"]),
    (r"^(.+[_.-])?telemetry[_.-]", ["telemetry.a", "x.telemetry.b", "telemetryx.b"]),
    (r"^adim(age|g)s?[0-9]*[_.-]", ["adimg1.a", "adimages.b", "adimx.b"]),
    (r"(\.|^)example\.(com|net)$", ["example.com", "a.example.net", "xexample.com", "example.com.a"]),
    (r"^([a-z0-9]+[.])*track(ing|er)?[.]", ["track.a", "a.b.tracker.c", "a-b.tracking.c"]),
    (r"^[0-9a-f]{8,12}\.cdn\.test$", ["0123abcd.cdn.test", "0123abc.cdn.test", "0123456789ab.cdn.test"]),
    (r"^(?!good).*$", []), (r"(a)\1", []), (r"a++", []), (r"\bads\b", []), ("(", []), ("a)", []), ("[a", []), ("*a", []), ("a**", []),
    ("a{2", []), ("a{3,2}", []), ("", []), ("a*", []), ("^", []), ("$", []), ("(|a)", []), ("^^a", ["a", "ba"]), ("a$$", ["a", "ab"]),
    ("(a|^)(b|^)(c|^)d", ["d", "cd", "bcd", "abcd", "xd", "xcd"]), ("a(b|$)(c|$)", ["a", "ab", "abc", "ax", "xa"]),
    ("^$", ["", "a"]), ("a^b", ["ab"]), ("a$b", ["ab"]), ("(a{9}){9}", ["a" * 81, "a" * 80]), ("((a{9}){9}){9}", []),
    ("((((a|b)|c)|d)|e)f", ["ef", "f", "xf"]), ("(x+x+)+y", ["x" * 14, "x" * 14 + "y"]), ("(a|aa)+$", ["a" * 14, "a" * 14 + "b"]),
]  # fmt: skip


def part(rng, depth):
    kind = rng.random()
    if depth > 0 and kind < 0.25:
        return rng.choice(["(", "(?:"]) + alternatives(rng, depth - 1) + ")"
    if kind < 0.5:
        return rng.choice(CLASSES)
    return "".join(re.escape(rng.choice(LETTERS)) for _ in range(rng.randint(1, 3)))


def alternatives(rng, depth):
    return "|".join("".join(run(rng, depth)) for _ in range(rng.choice([1, 1, 1, 2, 3])))


def run(rng, depth):
    if rng.random() < 0.1:
        yield "^"
    for _ in range(rng.choice([0, 1, 1, 2, 3, 4])):
        made = part(rng, depth)
        yield made
        if rng.random() < 0.3:
            yield rng.choice(QUANTIFIERS)
    if rng.random() < 0.1:
        yield "$"


def name(rng):
    return "".join(rng.choice(LETTERS + "abc") for _ in range(rng.choice([0, 1, 2, 3, 5, 8, 13])))


class Program:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="ascii")

    def compare(self, expression, names):
        """True if the expression is one of both."""
        process = self.process
        process.stdin.write(f"={expression}\n")
        process.stdin.flush()
        why, *literals = process.stdout.readline().rstrip("\n").split(" ")
        why = int(why)
        if why in (UNSUPPORTED, TOO_LONG):
            return False
        try:
            theirs = re.compile(expression, re.IGNORECASE | re.ASCII)
        except re.error:
            assert why == SYNTAX, (expression, why)
            return False
        if why == SYNTAX:  # "{" without a number is a character for Python, and "{0}" behind it is refused
            assert re.search(r"\{(?!\d*,?\d*\})|\{,?\}|[$^](\*|\+|\?|\{)", expression), expression
            return False
        if why == EMPTY:
            assert all(theirs.search(name) for name in [*names, "x.test", "0"]) or "$" in expression or "^" in expression, expression
            return False
        assert why == OK, (expression, why)
        names = [name for name in names if not name.startswith("=")]
        process.stdin.write("".join(f"{name}\n" for name in names) + "=\n")
        process.stdin.flush()
        ours = [process.stdout.readline().strip() == "1" for _ in names]
        process.stdout.readline()
        for name, found in zip(names, ours):
            assert found == bool(theirs.search(name)), (expression, name, found)
            assert not found or not literals or any(literal in name for literal in literals), (expression, name, literals)
        return True


def main():
    path = sys.argv[1]
    seed, count = (int(word) for word in [*sys.argv[2:], "1", "2000"][:2]) if len(sys.argv) != 3 else (int(sys.argv[2]), 2000)
    rng = random.Random(seed)
    program = Program(path)
    compared = 0
    for expression, names in WELL_KNOWN:
        program.compare(expression, names)
    for _ in range(count):
        compared += program.compare(alternatives(rng, 3), [name(rng) for _ in range(20)])
    print(f"{compared} of {count} random expressions compared, with 20 names each")
    assert compared > count / 2


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
