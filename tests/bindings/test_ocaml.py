"""The OCaml library, by Debian's OCaml: its tests, once more under valgrind, and the frames of a conversation."""

import os
import unittest

from shared import ROOT, Place, must

LIBRARY = ROOT / "bindings" / "ocaml"
TIMED = "TLS, and a server that is not trusted", "a deadline ends a wait, and the flow goes on", "a thousand connections at a time"


def setUpModule():
    """Installs leat, and makes the test program."""
    global PLACE, PROGRAM  # pylint: disable=global-statement,global-variable-undefined
    PLACE = Place()
    PLACE.env.update(PATH="/usr/bin:" + os.environ["PATH"])
    build = PLACE.folder / "ocaml"
    must("make", "-C", LIBRARY, f"BUILD={build}", build / "test", build / "conversation", env=PLACE.env)
    PROGRAM = build / "test"


class OCaml(unittest.TestCase):
    def test_the_list_of_tests(self):
        self.assertEqual(must(PROGRAM, env=PLACE.env).count("ok: "), 12)

    def test_valgrind_finds_nothing(self):
        said = must("valgrind", "-q", "--error-exitcode=9", PROGRAM, *TIMED, env=PLACE.env)  # without those that have limits
        self.assertEqual(said.count("ok: "), 9)

    def test_the_frames_are_those_of_the_program_in_c(self):
        self.assertEqual(must(PROGRAM.with_name("conversation"), env=PLACE.env), PLACE.frames_in_c())


if __name__ == "__main__":
    unittest.main()
