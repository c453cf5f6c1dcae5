"""leat-script with scripts that have an error, and scripts whose expectations fail.

    test_runner.py LEAT-SCRIPT [--update]

Each wrong/NAME.pkt has a wrong/NAME.out: the runner's output and exit status.
"""

import subprocess
import sys
import unittest
from pathlib import Path

WRONG = Path(__file__).resolve().parent / "wrong"
RUNNER = Path(sys.argv[1]).resolve()


def output(*arguments):
    """The runner's output and exit status."""
    done = subprocess.run([RUNNER, *arguments], cwd=WRONG, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
    return f"{done.stdout}exit status {done.returncode}\n"


class Wrong(unittest.TestCase):
    def test_each_names_its_error_and_place(self):
        scripts = sorted(WRONG.glob("*.pkt"))
        self.assertGreater(len(scripts), 40)
        for script in scripts:
            with self.subTest(script.stem):
                self.assertEqual(output("--quiet", script.name),
                                 script.with_suffix(".out").read_text(encoding="utf-8"))

    def test_names_tell_the_status(self):
        for script in sorted(WRONG.glob("*.out")):
            status = {"syntax": "2", "fails": "1", "notes": "0"}[script.stem.split("_")[0]]
            self.assertEqual(script.read_text(encoding="utf-8").split()[-1], status, script.name)


class Usage(unittest.TestCase):
    def test_help(self):
        self.assertIn("usage: leat-script", output("--help"))
        self.assertIn("exit status 0", output("--help"))

    def test_bad_usage(self):
        self.assertEqual(output("--nonsense"),
                         "leat-script: unknown option --nonsense; --help tells\nexit status 2\n")
        self.assertEqual(output(), "leat-script: no script given; --help tells\nexit status 2\n")
        self.assertEqual(output("--quiet", "nowhere.pkt"),
                         "nowhere.pkt: No such file or directory\nexit status 2\n")

    def test_the_worst_of_several_counts(self):
        good = "../open_passive.pkt"
        self.assertIn("1 passed, 1 failed, 0 unusable\nexit status 1",
                      output(good, "fails_result.pkt"))
        self.assertIn("1 passed, 1 failed, 1 unusable\nexit status 2",
                      output(good, "fails_result.pkt", "syntax_call.pkt"))

    def test_version_on_the_wire(self):
        both, only_6 = "../open_passive.pkt", "../icmp_too_big_floor.pkt"
        for version in ["ipv4", "ipv4-mapped-ipv6"]:
            self.assertEqual("1 passed, 0 failed, 0 unusable, 1 skipped\nexit status 0\n",
                             output(f"--ip_version={version}", both, only_6))
        self.assertIn("2 passed, 0 failed, 0 unusable\n",
                      output("--ip_version=ipv6", both, only_6))
        self.assertIn("2 passed", output(both, only_6))
        self.assertIn("unknown option --ip_version=5", output("--ip_version=5", both))

    def test_words_that_are_defined(self):
        # the caller decides, not the script
        self.assertEqual("exit status 0\n", output("--quiet", "--define=MSS=1460", "fails_define.pkt"))
        self.assertEqual("exit status 0\n", output("--quiet", "--define=A=7", "--define=MSS=1460", "fails_define.pkt"))
        for wrong in ("--define=MSS", "--define==5", "--define"):
            self.assertIn(f"unknown option {wrong};", output(wrong, "fails_define.pkt"))

    def test_mtu_where_the_script_says_none(self):
        self.assertEqual("exit status 0\n", output("--quiet", "--mtu=1480", "fails_mtu_given.pkt"))
        self.assertEqual("exit status 1\n", output("--quiet", "fails_mtu_given.pkt")[-14:])
        self.assertIn("unknown option --mtu=20;", output("--mtu=20", "fails_mtu_given.pkt"))

    def test_relaxed_lets_some_things_differ(self):
        self.assertEqual("exit status 1\n", output("--quiet", "fails_strict_only.pkt")[-14:])
        self.assertEqual("exit status 0\n", output("--quiet", "--relaxed", "fails_strict_only.pkt"))
        self.assertEqual("exit status 0\n", output("--quiet", "--relaxed", "fails_size.pkt"))
        for name in ("options", "window"):
            told = output("--quiet", "--relaxed", f"fails_relaxed_{name}.pkt")
            self.assertIn(f": {name.replace('window', 'win')}\n", told)
            self.assertIn("exit status 1", told)

    def test_verbose_tells_each_event(self):
        told = output("--verbose", "--quiet", "../open_passive.pkt")
        self.assertIn("../open_passive.pkt:6: 0.000000 < S 0:0(0) win 32792", told)
        self.assertIn("exit status 0", told)


if __name__ == "__main__":
    if "--update" in sys.argv:
        for pkt in WRONG.glob("*.pkt"):
            pkt.with_suffix(".out").write_text(output("--quiet", pkt.name), encoding="utf-8")
    else:
        unittest.main(argv=sys.argv[:1])
