"""The description of the interface (bindings/leat.json): it fits the headers, and the libraries have exactly what it names."""

import importlib.util
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tree

sys.path.insert(0, str(tree.ROOT / "tools/lib"))
import interface  # noqa: E402

TOOL = tree.ROOT / "tools/bindings.py"
DESCRIPTION = interface.load(tree.ROOT / "bindings/leat.json")
# Structs that a program fills in beside those named ..._config, and that can grow, too.
GROWING = {"leat_http_request", "leat_http_route", "leat_tls_client", "leat_tcp_info", "leat_tls_info"}


def archives():
    """The archives of this build with the objects of libleat.so."""
    parts = [tree.BUILD / f"lib{part}-inside.a" for part in re.findall(r"'(leat[\w-]*)': \{'sources'", tree.read("meson.build"))]
    netif = [tree.BUILD / "netif" / place for place in (
        "pcap/libleat-posix.a", "link/libleat-link.a", "vlan/libleat-vlan.a", "flight/libleat-flight.a")]
    return [*parts, *netif]


class Description(unittest.TestCase):
    @unittest.skipUnless(importlib.util.find_spec("pycparser"), "pycparser is not installed (python3-pycparser)")
    def test_it_fits_the_headers(self):
        error = tree.run(sys.executable, TOOL, "--cc", "cc", "check")
        self.assertIsNone(error, error)

    def test_a_compiler_agrees_about_each_size_offset_value_and_type(self):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "asserts.c")
            self.assertIsNone(tree.run(sys.executable, TOOL, "make", "asserts", source))
            compile_it = [*tree.CC, "-std=c11", "-I", tree.ROOT / "include", "-fsyntax-only", source]
            error = tree.run(*compile_it)
            self.assertIsNone(error, error)
            text = source.read_text(encoding="utf-8")
            self.assertGreater(text.count("\nIS(offsetof("), 900)
            # one that is wrong is seen
            source.write_text(re.sub(r"IS\(offsetof\(struct leat_buf, len\), \d+\)", "IS(offsetof(struct leat_buf, len), 4)", text),
                              encoding="utf-8")
            self.assertIn("leat_buf", tree.run(*compile_it) or "")

    def test_each_configuration_can_grow(self):
        configs = {name for name in DESCRIPTION["structs"] if re.search(r"_config$", name)} | GROWING
        self.assertGreater(len(configs), 30)
        fixed = {name for name in configs if DESCRIPTION["structs"][name]["members"] is not None
                 and DESCRIPTION["structs"][name]["members"][-1]["name"] != "reserved"}
        self.assertEqual(fixed, set())

    @unittest.skipUnless(all(path.is_file() for path in archives()), "the archives are not built")
    def test_the_version_script_names_exactly_the_public_symbols(self):
        said = subprocess.run(["nm", "-g", "--defined-only", "--format=posix", *archives()], check=True, capture_output=True,
                              text=True).stdout
        defined = {line.split()[0] for line in said.splitlines() if line.startswith("leat_")}
        listed = re.findall(r"^ {8}(leat_\w+);$", tree.read("bindings/libleat.map"), re.M)
        self.assertEqual(set(listed) - defined, set(), "declared, but not defined")
        private = {name for name in defined - set(listed) if name in words_of_headers()}
        self.assertEqual(private, set(), "declared and defined, but not exported")


def words_of_headers():
    shared = {f"{name}.h" for name in DESCRIPTION["headers"]}
    return {word for path in tree.sources("include") if path.name in shared
            for word in re.findall(r"\bleat_\w+", tree.without_comments(tree.read(path)))}


if __name__ == "__main__":
    unittest.main()
