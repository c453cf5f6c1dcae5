"""The Go package, by Debian's Go without a network: its tests, with the race detector."""

import os
import unittest

from shared import ROOT, Place, must

PACKAGE = ROOT / "bindings" / "go"


def setUpModule():
    """Installs leat."""
    global PLACE  # pylint: disable=global-statement,global-variable-undefined
    PLACE = Place()
    PLACE.env.update(PATH="/usr/bin:" + os.environ["PATH"], GOPROXY="off", GOFLAGS="-mod=mod", GOTOOLCHAIN="local",
                     GOCACHE=str(PLACE.folder / "go-cache"), CGO_ENABLED="1")


def go(*words):
    return must("/usr/bin/go", *words, cwd=PACKAGE, env=PLACE.env)


class Go(unittest.TestCase):
    def test_the_list_of_tests_without_a_race(self):
        said = go("test", "-race", "-count=1", "-timeout", "900s", "-v", "./...")
        self.assertEqual(said.count("--- PASS"), 17, said)

    def test_the_frames_are_those_of_the_program_in_c(self):
        self.assertEqual(go("run", "./conversation"), PLACE.frames_in_c())

    def test_vet_and_the_layout(self):
        go("vet", "./...")
        self.assertEqual(must("gofmt", "-l", PACKAGE, env=PLACE.env), "")


if __name__ == "__main__":
    unittest.main()
