"""Which files of the stack call which, as the symbols of its objects say: those of TCP, and those of TLS, call each
other in no cycle, folders don't, and who calls a layer above is named."""

import functools
import re
import subprocess
import unittest
from collections import defaultdict

import tree

OBJECTS = tree.BUILD / "src/libleat-inside.a.p"
ASSERTIONS = {"host"}  # where a failed assertion ends
# What the link layer calls above itself: a packet goes up, or comes back (src/stack.h).
UP = {("link/ethernet", "ip/ipv4_input"), ("link/neighbour", "ip/icmp_input")}
WITHOUT_CYCLES = "tcp/", "tls/"
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


def folder(name):
    """A file of src/ itself stands for itself."""
    return name.partition("/")[0]


def reachable(graph, start):
    seen, waiting = set(), [start]
    while waiting:
        for name in graph.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def cycles(graph):
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

    def test_cycles_are_found(self):
        self.assertEqual(cycles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}),
                         {frozenset("bc")})

    def test_no_files_of_a_folder_call_each_other_in_a_cycle(self):
        for top in WITHOUT_CYCLES:
            graph = {name: {other for other in called if other.startswith(top)}
                     for name, called in calls().items() if name.startswith(top)}
            self.assertGreater(len(graph), 10, top)
            self.assertEqual([sorted(cycle) for cycle in cycles(graph)], [], top)

    def test_no_folders_call_each_other_in_a_cycle_but_by_who_is_named(self):
        graph = defaultdict(set)
        for name, called in calls().items():
            for other in called - ASSERTIONS:
                if (name, other) not in UP:
                    graph[folder(name)].add(folder(other))
        self.assertEqual([sorted(cycle) for cycle in cycles(
            {name: others - {name} for name, others in graph.items()})], [])

    def test_layers_call_nobody_above_but_who_is_named(self):
        above = {"link": ("ip/", "udp/", "tcp/"), "ip": ("udp/", "tcp/"), "udp": ("tcp/",), "tcp": ("udp/",)}
        self.assertEqual({(name, other) for name, called in calls().items() for other in called
                          if other.startswith(above.get(name.partition("/")[0], ("none",)))}, UP)

    def test_leaves_call_nobody_above(self):
        graph = calls()
        for leaf in LEAVES:
            self.assertEqual({name for name in graph[leaf]
                              if name.startswith("tcp/") and not name.startswith("tcp/math/")}, set())

    def test_what_a_program_does_not_ask_for_is_not_linked(self):
        graph = calls()
        self.assertLess({"tls/early", "tls/names"}, set(files()))
        for asked in "tls/early", "tls/names", "tls/identity":
            self.assertEqual({name for name, called in graph.items() if asked in called}, set(), asked)

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
