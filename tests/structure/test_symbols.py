"""Which files of the stack call which, as the symbols of its objects say: TCP's leaves call nobody above,
and no file joins a circle."""

import functools
import re
import subprocess
import unittest
from collections import defaultdict

import tree

OBJECTS = tree.BUILD / "src/libleat-inside.a.p"
# Files of src/tcp that still call each other in a circle: an action of tcp.rl works on all kinds of
# connections, and the end of one is an event again.  It may lose files, and not gain any.
CIRCLE = {"tcp/api", *(f"tcp/{name}" for name in (
    "timers", "machine/actions", "machine/events", "receive/ack", "receive/text", "entry/account",
    "entry/budget", "entry/conn", "entry/cookie", "entry/evict", "entry/guest", "entry/half",
    "entry/isn", "entry/listener", "entry/table", "entry/time_wait", "machine/classify"))}
ASSERTIONS = {"host"}  # where a failed assertion ends
# Files of src/tcp that everybody there calls, and that call nobody of src/tcp but the arithmetic.
LEAVES = {"tcp/entry/deadlines", "tcp/entry/wake"}


def files():
    """Sources of the stack, without their ending."""
    return {str(path.relative_to("src").with_suffix("")) for path in tree.sources("src", ends=(".c",))}


@functools.cache
def calls():
    """{file: the files whose symbols it uses}"""
    place = {name.replace("/", "_") + ".c.o": name for name in files()}
    paths = [str(path) for path in sorted(OBJECTS.glob("*.c.o")) if path.name in place]
    said = subprocess.run(["nm", "-A", *paths], check=True, capture_output=True, text=True).stdout
    defined, used = {}, defaultdict(set)
    for line in said.splitlines():
        path, _, symbol = line.partition(":")
        name, words = place[path.rpartition("/")[2]], symbol.split()
        if len(words) == 2 and words[0] == "U":
            used[name].add(words[1])
        elif len(words) == 3 and words[1] in "TDRBVW":
            defined[words[2]] = name
    return {name: {defined[symbol] for symbol in symbols if symbol in defined} - {name}
            for name, symbols in used.items()}


def reachable(graph, start):
    seen, waiting = set(), [start]
    while waiting:
        for name in graph.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def circles(graph):
    """Sets of names that reach each other."""
    reached = {name: reachable(graph, name) for name in graph}
    return {frozenset(other for other in reached[name] if name in reached.get(other, ()))
            for name in graph if name in reached[name]}


@unittest.skipUnless(OBJECTS.is_dir(), "there are no objects")
class Symbols(unittest.TestCase):
    def test_the_graph_is_seen_at_all(self):
        graph = calls()
        self.assertIn("tcp/send/emit", graph["tcp/send/segment"])
        self.assertGreater(len(graph), 60)

    def test_circles_are_found(self):
        self.assertEqual(circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}),
                         {frozenset("bc")})

    def test_no_file_of_tcp_joins_the_circle(self):
        graph = {name: {other for other in called if other.startswith("tcp/")}
                 for name, called in calls().items() if name.startswith("tcp/")}
        self.assertEqual([sorted(circle) for circle in circles(graph) if not circle <= CIRCLE], [])

    def test_leaves_call_nobody_above(self):
        graph = calls()
        for leaf in LEAVES:
            self.assertEqual({name for name in graph[leaf]
                              if name.startswith("tcp/") and not name.startswith("tcp/math/")}, set())

    def test_core_and_wire_call_nobody_above(self):
        for name, called in calls().items():
            if name.startswith(("core/", "wire/")):
                self.assertEqual({other for other in called - ASSERTIONS
                                  if not other.startswith(("core/", "wire/"))}, set(), name)

    def test_arithmetic_of_tcp_calls_nobody_above(self):
        for name, called in calls().items():
            if name.startswith("tcp/math/"):
                self.assertEqual({other for other in called - ASSERTIONS if not other.startswith(
                    ("tcp/math/", "core/", "wire/"))}, set(), name)


class Deadlines(unittest.TestCase):
    """One owner: src/tcp/entry/deadlines.[ch] alone set when a connection is looked at."""

    def test_nobody_else_sets_a_deadline(self):
        assigned = re.compile(r"conn\w*->(?:transfer->)?"
                              r"(rexmt_at|loss_at_ns|ack_or_retry_at|keepalive_at_ms)\s*=(?!=)")
        wrong = [f"{path}:{number}" for path in tree.sources("src/tcp", ends=(".c", ".h"))
                 if path.stem != "deadlines"
                 for number, line in enumerate(tree.without_comments(tree.read(path)).splitlines(), 1)
                 if assigned.search(line)]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
