"""The description of the interface (bindings/leat.json): it fits the headers, and the libraries have exactly what it names."""

import copy
import importlib.util
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tree

sys.path.insert(0, str(tree.ROOT / "tools/lib"))
import compatible  # noqa: E402
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


class Changes(unittest.TestCase):
    """Changes of the interface are compared with the record of the soname."""

    def test_no_change_needs_another_soname(self):
        error = tree.run(sys.executable, TOOL, "compare")
        self.assertIsNone(error, error)

    def test_the_record_is_that_of_the_soname(self):
        number = re.search(r"shared_soversion = '(\d+)'", tree.read("bindings/meson.build"))[1]
        self.assertEqual(compatible.record_name(), f"libleat.so.{number}.json.xz")

    def after(self, change):
        """The breaks after a change of a copy of the description."""
        new = copy.deepcopy(DESCRIPTION)
        change(new)
        return compatible.breaks(DESCRIPTION, new)

    def test_nothing_breaks_without_a_change(self):
        self.assertEqual(self.after(lambda new: None), [])

    def test_what_is_removed_breaks(self):
        for section, name in (("functions", "leat_poll"), ("variables", "leat_tcp_bbr"), ("structs", "leat_ip"), ("constants", "LEAT_NEVER_NS"),
                              ("enums", "leat_err"), ("types", "leat_connect_fn")):
            self.assertEqual(self.after(lambda new, where=section, what=name: new[where].pop(what)), [f"{name} is gone"])

    def test_another_type_of_a_result_or_parameter_breaks(self):
        def change(new):
            new["functions"]["leat_poll"]["result"] = "uint32_t"
            new["functions"]["leat_attach"]["parameters"][1]["type"] = {"pointer": "struct leat"}
            new["functions"]["leat_init"]["parameters"][0]["name"] = "other"  # which a caller can't see
        self.assertEqual(self.after(change), ["leat_attach: has other parameters", "leat_poll: has another result"])

    def test_a_reserved_word_may_become_a_member(self):
        def grow(new, by):
            struct = new["structs"]["leat_udp_config"]
            *members, last = struct["members"]
            more = {"name": "newer_ns", "type": "uint64_t", "offset": last["offset"], "size": 8}
            rest = {**last, "offset": last["offset"] + 8, "size": last["size"] - 8 + by,
                    "type": {"array": "uint64_t", "count": (last["size"] - 8 + by) // 8}}
            struct.update(members=[*members, more, rest], size=struct["size"] + by)
        self.assertEqual(self.after(lambda new: grow(new, 0)), [])
        self.assertRegex("".join(self.after(lambda new: grow(new, 8))), r"^struct leat_udp_config: had \d+ bytes, and has \d+$")

    def test_a_member_that_moves_breaks(self):
        def move(new):
            member = next(member for member in new["structs"]["leat_buf"]["members"] if member["name"] == "len")
            member["offset"] += 4
        self.assertEqual(self.after(move), ["struct leat_buf: len was uint32_t at 48, and is uint32_t at 52"])

    def test_only_structs_that_the_library_makes_grow_at_their_end(self):
        def append(new, name):
            struct = new["structs"][name]
            struct["members"].append({"name": "more", "type": "uint64_t", "offset": struct["size"], "size": 8})
            struct["size"] += 8
        self.assertEqual(self.after(lambda new: append(new, "leat_stats")), [])
        self.assertEqual(len(self.after(lambda new: append(new, "leat_timer"))), 2)

    def test_enumerators_keep_their_numbers_but_for_their_count(self):
        def insert(new):
            values = new["enums"]["leat_err"]["values"]
            values["LEAT_ERR_UNSUPPORTED"] += 1
            values["LEAT_ERR_COUNT"] += 1
        self.assertEqual(len(self.after(insert)), 1)

    def test_a_new_counter_goes_to_the_end_of_its_list(self):
        def insert(new, at):
            """A counter more in LEAT_STATS (stats.h), of which the struct and the enum are made."""
            struct, values = new["structs"]["leat_stats"], new["enums"]["leat_stat"]["values"]
            names = [member["name"] for member in struct["members"]]
            names.insert(at, "drop_newer")
            struct["members"] = [{"name": name, "type": "uint64_t", "offset": 8 * number, "size": 8} for number, name in enumerate(names)]
            struct["size"] += 8
            values.clear()
            values.update({f"LEAT_STAT_{name}": number for number, name in enumerate([*names, "COUNT"])})
        count = DESCRIPTION["enums"]["leat_stat"]["values"]["LEAT_STAT_COUNT"]
        self.assertEqual(self.after(lambda new: insert(new, count)), [])
        for at in (0, count // 2, count - 1):
            found = self.after(lambda new, at=at: insert(new, at))
            self.assertEqual([line.split(":")[0] for line in found], ["leat_stat", "struct leat_stats", "struct leat_stats"])
            self.assertEqual("further ones" in found[0], at + 1 < count)
            self.assertIn("drop_newer is not behind the older members", found[2])

    def test_a_handle_may_become_anything(self):
        self.assertIsNone(DESCRIPTION["structs"]["leat_tcp"]["members"])
        self.assertEqual(self.after(lambda new: new["structs"]["leat_tcp"].update(members=[], size=8, align=8)), [])


def words_of_headers():
    shared = {f"{name}.h" for name in DESCRIPTION["headers"]}
    return {word for path in tree.sources("include") if path.name in shared
            for word in re.findall(r"\bleat_\w+", tree.without_comments(tree.read(path)))}


if __name__ == "__main__":
    unittest.main()
