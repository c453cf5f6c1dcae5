"""The Rust crates, by Debian's cargo without a network: their tests, valgrind, and the frames of a conversation."""

import os
import shutil
import unittest
from pathlib import Path

from shared import ROOT, Place, must

CRATES = ROOT / "bindings" / "rust"


def setUpModule():
    """Installs leat."""
    global PLACE  # pylint: disable=global-statement,global-variable-undefined
    PLACE = Place()
    # Debian's tools, whatever else PATH has
    PLACE.env.update(PATH="/usr/bin:" + os.environ["PATH"], CARGO_TARGET_DIR=str(PLACE.folder / "cargo"), CARGO_HOME=str(PLACE.folder / "home"))


def cargo(*words, **env):
    return must("/usr/bin/cargo", words[0], "--offline", "--locked", "--manifest-path", CRATES / "Cargo.toml", *words[1:],
                env={**PLACE.env, **env})


class Rust(unittest.TestCase):
    def test_the_list_of_tests_and_the_offsets(self):
        said = cargo("test", "--tests", "-q")
        self.assertEqual(said.count("test result: ok"), 3, said)
        self.assertIn("12 passed", said)

    def test_valgrind_finds_nothing(self):
        cargo("test", "--tests", "--no-run")
        program, = (path for path in Path(PLACE.env["CARGO_TARGET_DIR"]).glob("debug/deps/common-*") if not path.suffix)
        must("valgrind", "-q", "--error-exitcode=9", program, "--test-threads=1", "--skip", "thousand", "--skip", "deadline",
             "--skip", "tls", env=PLACE.env)  # these have time limits

    def test_the_frames_are_those_of_the_program_in_c(self):
        self.assertEqual(cargo("run", "-q", "-p", "leat", "--example", "conversation"), PLACE.frames_in_c())

    def test_the_core_needs_no_std(self):
        cargo("check", "-p", "leat", "--no-default-features")

    def test_no_warning_and_no_need_of_other_crates(self):
        cargo("check", "--all-targets", RUSTFLAGS="-D warnings")
        lock = (CRATES / "Cargo.lock").read_text(encoding="utf-8")
        self.assertEqual(lock.count("[[package]]"), 2)
        self.assertTrue(shutil.which("cargo", path="/usr/bin"))


if __name__ == "__main__":
    unittest.main()
