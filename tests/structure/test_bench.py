"""The text of tools/bench about numbers, and about missing ones; and the output of tools/embed.py."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tree

sys.path.insert(0, str(tree.ROOT / "tools/lib"))
import netpage  # noqa: E402
import noise  # noqa: E402
import pathbench  # noqa: E402

FOUND = {
    "reflector": {"leat, 64 B": [90, 100, 110], "bare, 64 B": [100, 100, 100]},
    "tcp": {"in": [2.8, 3.2], "out": [3, 3], "Linux, TSO": [4, 4], "in, cost": [0.7, 0.5]},
    "http": {"leat": [3000.0]},
    "dns": {"leat": [9e3], "leat, us": [4, 6, 5], "leat, all us": [10, 12, 11]},
    "stacks": {"requests, 1": [10e3, 10e3], "requests, 2": [15e3, 19e3], "us, 1": [20, 20],
               "us, 2": [20, 25],
               "all us, 1": [30, 30], "all us, 2": [30, 40], "others, 1": [0.1, 0.2], "others, 2": [0.3, 0.5]},
    "pcap": {"feed": [5e6], "loop": [1e7]},
}
SIZES = {name: {("tcp", ".text"): 1024, ("tcp", ".rodata"): 1024} for name in netpage.BASE}


class Numbers(unittest.TestCase):
    def test_every_key_is_a_key_of_the_object(self):
        fields = re.search(r'JSON_FIELDS = """(.*?)"""', tree.read("tools/bench"), re.S)[1].split()
        self.assertEqual(set(netpage.as_json({}, None) | pathbench.as_json({})) - set(fields), set())

    def test_missing_numbers_are_null(self):
        self.assertEqual(set(netpage.as_json({}, None).values()), {None})

    def test_medians_of_the_rounds(self):
        said = netpage.as_json(FOUND, SIZES)
        self.assertEqual(said["tap_reflector_ratio"], 1.0)
        self.assertEqual(said["tap_in_gbps"], 3)
        self.assertEqual(said["tap_vs_linux"], 0.75)
        self.assertIsNone(said["http_vs_nginx"])
        self.assertEqual(said["pcap_feed_mpps"], 5)
        self.assertEqual(said["text_udp_only_bytes"], 2048)

    def test_numbers_with_too_large_a_spread_are_left_out(self):
        self.assertEqual(noise.steady([10, 11, 12]), 11)
        self.assertIsNone(noise.steady([10, 11, 14]))
        self.assertEqual(noise.steady([1, 10, 11, 12, 50]), 11)  # one disturbed round in each direction
        self.assertIsNone(noise.steady([]))
        said = netpage.as_json(FOUND | {"tcp": {"in": [2, 4], "Linux, TSO": [4, 4]}}, SIZES)
        self.assertIsNone(said["tap_in_gbps"])
        self.assertIsNone(said["tap_vs_linux"])

    def test_two_stacks_beside_one(self):
        said = netpage.as_json(FOUND, SIZES)
        self.assertAlmostEqual(said["stacks_ratio"], 1.7)
        self.assertAlmostEqual(said["stacks_ratio_cpu"], 1.8)
        page = netpage.section(FOUND, SIZES, 3)
        self.assertIn("| two and theirs on two | 17.00 | 22.50 | 35.00 | 40 % |", page)
        self.assertIn("| Linux to leat | 0.60 | 0.50 |", page)
        self.assertIn("| leat, TAP | 5.00 | 4.00 | 11.00 | 10.00 |", page)
        self.assertNotIn("Several stacks", netpage.section({"tcp": FOUND["tcp"]}, None, 3))

    def test_ways_between_programs(self):
        found = {"frames": {"tap, 64, us": [10, 12], "socket, 64, us": [2, 2], "shm, 64, us": [1, 1.5]}, "user": {}}
        self.assertEqual(pathbench.as_json(found)["socket_frames_vs_tap"], 5.5)
        self.assertIsNone(pathbench.as_json(found)["passt_in_vs_qemu"])
        page = pathbench.section(found)
        self.assertIn("| frames there and back, TAP / shared memory | 9.00 | ≥ 10 |", page)
        self.assertIn("| shared memory | 1.25 (1.00 to 1.50) | – | – |", page)
        self.assertEqual(pathbench.section({"frames": {}}), "")

    def test_a_peer_that_is_not_installed_is_named(self):
        page = netpage.section(FOUND, SIZES, 3)
        self.assertIn("nginx, veth: not installed", page)
        self.assertIn("| 1 | 2 | 3 | 3 | 4 | 7 |", netpage.lwip_section({"rr": ((1, 2), (3, 4))}))
        self.assertEqual(netpage.lwip_section({}), "")
        self.assertTrue(netpage.svg(FOUND).endswith("</svg>\n"))


class Embedded(unittest.TestCase):
    def test_files_become_c_that_compiles(self):
        with tempfile.TemporaryDirectory() as folder:
            site, made = Path(folder) / "site", Path(folder) / "made.c"
            (site / "sub").mkdir(parents=True)
            (site / "sub" / "a\"b.txt").write_bytes(bytes(range(256)))
            (site / "empty.html").touch()
            os.utime(site / "empty.html", (784111777, 784111777))
            subprocess.run([sys.executable, tree.ROOT / "tools/embed.py", "--output", made, "--depfile",
                            f"{made}.d", "site", site], check=True,
                           env=os.environ | {"SOURCE_DATE_EPOCH": "1000000000"})
            subprocess.run([*tree.CC, "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                            f"-I{tree.ROOT}/include", made], check=True)
            text = made.read_text(encoding="utf-8")
            self.assertIn('"/sub/a\\"b.txt"', text)
            self.assertIn("site_count = 2;", text)
            self.assertRegex(text, r'"/empty.html", .* 784111777000000000u}')
            self.assertRegex(text, r'"/sub/.* 1000000000000000000u}')


if __name__ == "__main__":
    unittest.main()
