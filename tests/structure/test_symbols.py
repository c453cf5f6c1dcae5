"""Calls between files, from the symbols of their objects. Neither files nor folders of the stack, its libraries and
netif/ call each other in a circle, except for the listed circles, and each call of a layer above is listed."""

import functools
import json
import os
import platform
import re
import subprocess
import tempfile
import unittest
from collections import defaultdict
from pathlib import Path

import tree

COMMANDS = tree.BUILD / "compile_commands.json"
TOPS = *tree.PARTS, "netif"
# Remaining circles of files, as ("proto/dns/", "lookup query"), and of folders: none, and none may be added.
CIRCLES = ()
METAL = "netif/virtio/metal"
# compiled for other processors only
OTHERS = tuple(f"{METAL}/{folder}/" for folder in ("aarch64", "riscv64", "tree"))
FOLDER_CIRCLES = ()
# Any file of src/tcp may call these, which call nothing in src/tcp but the arithmetic.
LEAVES = {"tcp/conn/deadlines", "tcp/conn/wake"}

# The order of the libraries: each one calls only those before it.
LIBRARIES = "crypto", "proto", "tls", "web", "task", "sockets/calls", "files", "block"
# The headers of the services that the stack has for libraries, and the libraries that may call these services.
SERVICES = {"src/service.h": LIBRARIES, "src/service_netif.h": ("proto/autoconf/", "proto/dhcp/")}


def name_of(path):
    """The node of a source in the graph: tcp/api for src/tcp/api.c, netif/tap/tap for netif/tap/tap.c."""
    return str(Path(path).with_suffix("")).removeprefix("src/")


@functools.cache
def files():
    """{name: path} of the sources of TOPS"""
    return {name_of(path): path for path in [*tree.archived(ends=(".c",)), *tree.sources("netif", ends=(".c",))]}


def built():
    """{name: its object}, that of the library if a test has compiled the source, too"""
    found = {}
    for command in json.loads(COMMANDS.read_text(encoding="utf-8")):
        path = Path(os.path.abspath(Path(command["directory"]) / command["file"]))
        output = tree.BUILD / command["output"]
        if path.is_relative_to(tree.ROOT) and path.suffix == ".c" and output.is_file():
            name = name_of(path.relative_to(tree.ROOT))
            if name not in found or command["output"].startswith(("libleat", "netif")):
                found[name] = output
    return {name: found[name] for name in files() if name in found}


def compiled(path, to):
    """The object of a source outside of this build, such as one of images; None if its headers or libraries are
    missing."""
    output = to / (str(path).replace("/", "_") + ".o")
    include = [f"-I{tree.ROOT / place}" for place in ("include", "src", "", "netif/virtio", METAL, "netif/xen",
                                                        f"{METAL}/x86_64", "main/libc/include")]
    done = subprocess.run([*tree.CC, "-std=c11", "-O1", "-ffreestanding", *include, "-c", str(tree.ROOT / path),
                           "-o", str(output)], check=False, capture_output=True)
    return output if done.returncode == 0 else None


def defining(definers, caller):
    """The file that @caller means among those that define a symbol: the nearest in the tree."""
    def in_common(other):
        return len(os.path.commonprefix([str(files()[caller]), str(files()[other])]))
    return max(sorted(definers), key=in_common)


@functools.cache
def symbols():
    """({symbol: the files that define it}, {file: the symbols that it uses})"""
    defined = defaultdict(set)
    with tempfile.TemporaryDirectory() as place:
        objects = built()
        for name, path in files().items():
            if name not in objects and (output := compiled(path, Path(place))):
                objects[name] = output
        of_object = {str(path): name for name, path in objects.items()}
        used = {name: set() for name in objects}
        said = subprocess.run(["nm", "-A", *of_object], check=True, capture_output=True, text=True).stdout
    for line in said.splitlines():
        path, _, symbol = line.partition(":")
        name, words = of_object[path], symbol.split()
        if len(words) == 2 and words[0] == "U":
            used[name].add(words[1])
        elif len(words) == 3 and words[1] in "TDRBVW":
            defined[words[2]].add(name)
    return defined, used


# A failed assertion calls the host of the program that links the file, whichever that is.
PROVIDED = {"leat_assert_failed"}


@functools.cache
def calls():
    """{file: files with symbols that it uses}"""
    defined, used = symbols()
    return {name: {defining(defined[symbol], name) for symbol in wanted - PROVIDED if symbol in defined} - {name}
            for name, wanted in used.items()}


def folder(name):
    """The node of a file of src/ is the file itself; of a backend or a protocol it is the folder."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] in ("netif", "proto", "web", "sockets") else parts[0]


def inner_folder(name):
    """The folder of a file, at any level; for a file of src/ itself the file. A processor's folder is a part of
    metal/: its functions have the same names for each processor, and the common ones call them."""
    inner = name.rpartition("/")[0] or name
    return METAL if inner.startswith(METAL + "/") else inner


def between(folder_of):
    """The graph of folders."""
    graph = defaultdict(set)
    for name, called in calls().items():
        for other in called:
            if folder_of(name) != folder_of(other):
                graph[folder_of(name)].add(folder_of(other))
    return graph


def reachable(graph, start):
    seen, waiting = set(), [start]
    while waiting:
        for name in graph.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def cycles(graph):
    """Sets of nodes that reach each other."""
    reached = {name: reachable(graph, name) for name in graph}
    return {frozenset(other for other in reached[name] if name in reached.get(other, ()))
            for name in graph if name in reached[name]}


@unittest.skipUnless(COMMANDS.is_file() and built(), "there are no objects")
class Symbols(unittest.TestCase):
    def test_the_graph_is_seen_at_all(self):
        graph = calls()
        self.assertIn("tcp/send/emit", graph["tcp/send/segment"])
        missing = set(files()) - set(graph)
        self.assertEqual({name for name in missing if not name.startswith("netif/")}, set())
        if platform.machine() == "x86_64":
            self.assertEqual({name for name in missing if not name.startswith(("netif/xdp/", "netif/solo5/", *OTHERS))},
                             set())

    def test_cycles_are_found(self):
        self.assertEqual(cycles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}),
                         {frozenset("bc")})

    def assert_listed(self, found, listed):
        self.assertEqual(sorted(map(sorted, found - listed)), [], "new circles, or such as have changed")
        self.assertEqual(sorted(map(sorted, listed - found)), [], "listed, but no more there: the list must be shortened")

    def test_files_call_each_other_in_no_circle_but_those_listed(self):
        listed = {frozenset(place + name for name in names.split()) for place, names in CIRCLES}
        self.assert_listed(cycles(calls()), listed)

    def test_folders_call_each_other_in_no_circle_but_those_listed(self):
        self.assert_listed(cycles(between(folder)) | cycles(between(inner_folder)),
                           {frozenset(circle.split()) for circle in FOLDER_CIRCLES})

    def test_layers_call_none_above(self):
        above = {"link": ("ip/", "udp/", "tcp/"), "ip": ("udp/", "tcp/"), "udp": ("tcp/",), "tcp": ("udp/",)}
        self.assertEqual({(name, other) for name, called in calls().items() for other in called
                          if other.startswith(above.get(name.partition("/")[0], ("none",)))}, set())

    def test_libraries_call_only_public_functions_and_services_of_the_stack(self):
        defined, used = symbols()
        services = {symbol: callers for header, callers in SERVICES.items()
                    for symbol in re.findall(r"\b(\w+)\(", tree.without_comments(tree.read(header)))}
        found = {(name, symbol) for name, wanted in used.items() if name.startswith(LIBRARIES)
                 for symbol in wanted & set(defined)
                 if not symbol.startswith("leat_") and not name.startswith(services.get(symbol, ("none",)))
                 and not defining(defined[symbol], name).startswith((*LIBRARIES, "core/", "wire/"))}
        self.assertEqual(found, set())

    def test_the_stack_calls_no_library_and_libraries_none_that_comes_later(self):
        def later(name):
            own = [number for number, library in enumerate(LIBRARIES) if name.startswith(f"{library}/")]
            return tuple(f"{library}/" for library in LIBRARIES[own[0] + 1 if own else 0:])
        wrong = {(name, other) for name, called in calls().items() for other in called
                 if not name.startswith("netif/") and other.startswith(later(name))}
        self.assertEqual(wrong, set())

    def test_leaves_call_none_above(self):
        graph = calls()
        for leaf in LEAVES:
            self.assertEqual({name for name in graph[leaf]
                              if name.startswith("tcp/") and not name.startswith("tcp/congestion/")}, set())

    def test_unused_parts_are_not_linked(self):
        graph = calls()
        self.assertLess({"tls/early", "tls/alert_text", "tls/own_certificate"}, set(files()))
        for asked in "tls/early", "tls/alert_text", "tls/own_certificate":
            # ACME reads certificates and tells alerts; a program without it links none of these
            self.assertEqual({name for name, called in graph.items()
                              if asked in called and not name.startswith("web/acme/")}, set(), asked)

    def test_core_and_wire_call_none_above(self):
        for name, called in calls().items():
            if name.startswith(("core/", "wire/")):
                self.assertEqual({other for other in called
                                  if not other.startswith(("core/", "wire/"))}, set(), name)

    def test_arithmetic_of_tcp_calls_none_above(self):
        for name, called in calls().items():
            if name.startswith("tcp/congestion/"):
                self.assertEqual({other for other in called if not other.startswith(
                    ("tcp/congestion/", "core/", "wire/"))}, set(), name)


class Programs(unittest.TestCase):
    """A program links of other people's libraries only what it uses."""

    @unittest.skipUnless((tree.BUILD / "examples/httpd").is_file(), "there are no programs")
    def test_only_programs_with_http2_link_nghttp2(self):
        programs = [path for path in (tree.BUILD / "examples").iterdir() if path.is_file() and path.suffix == "" and os.access(path, os.X_OK)]
        self.assertIn("echo_tls", {path.name for path in programs})
        linked = {path.name for path in programs
                  if " nghttp2_" in subprocess.run(["nm", str(path)], check=True, capture_output=True, text=True).stdout}
        library = tree.BUILD / "http2/nghttp2/libleat-http2.a"
        self.assertEqual(linked, {"fetch", "httpd", "resolve", "resolver", "sieve"} if library.is_file() else set())


class Deadlines(unittest.TestCase):
    """One owner: only src/tcp/conn/deadlines.[ch] set the time at which a connection is checked."""

    def test_no_other_file_sets_a_deadline(self):
        assigned = re.compile(r"conn\w*->(?:transfer->)?"
                              r"(rexmt_at|loss_at_ns|ack_or_retry_at|keepalive_at_ms)\s*=(?!=)")
        wrong = [f"{path}:{number}" for path in tree.sources("src/tcp", ends=(".c", ".h"))
                 if path.stem != "deadlines"
                 for number, line in enumerate(tree.without_comments(tree.read(path)).splitlines(), 1)
                 if assigned.search(line)]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
