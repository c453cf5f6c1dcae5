"""The examples of embedding: each folder is built in a copy by the commands of its line in README.md, and run."""

import os
import re
import shutil
import unittest

from shared import ROOT, Place, must

EXAMPLES = ROOT / "examples" / "embedding"
ROW = re.compile(r"^\| `(\w+)` \| (.*) \|$", re.M)
PROGRAMS = {"make": "hello", "cmake": "build/hello", "meson": "build/hello", "cpp": "hello", "rust": "target/debug/hello", "go": "hello"}


def setUpModule():
    """Installs leat, and copies what the examples refer to."""
    global PLACE, TREE  # pylint: disable=global-statement,global-variable-undefined
    PLACE = Place()
    TREE = PLACE.folder / "tree"
    for part in ("examples/embedding", "bindings/rust", "bindings/go"):
        shutil.copytree(ROOT / part, TREE / part, ignore=shutil.ignore_patterns("target", "build"))
    (TREE / "examples/embedding/meson/subprojects/leat").symlink_to(ROOT, target_is_directory=True)
    PLACE.env.update(PATH="/usr/bin:" + os.environ["PATH"], LEAT=str(ROOT), GOPROXY="off", GOFLAGS="-mod=mod", GOCACHE=str(PLACE.folder / "go"),
                     CARGO_HOME=str(PLACE.folder / "cargo"), CMAKE_BUILD_TYPE="Release")


class Embedding(unittest.TestCase):
    def test_each_folder_builds_by_at_most_two_commands_and_runs(self):
        rows = dict(ROW.findall((EXAMPLES / "README.md").read_text(encoding="utf-8")))
        self.assertEqual(set(rows), set(PROGRAMS))
        for name, cell in rows.items():
            with self.subTest(name):
                commands = re.findall(r"`([^`]+)`", cell)
                self.assertLessEqual(len(commands), 2)
                self.assertNotRegex(cell, "&&|;")
                folder = TREE / "examples/embedding" / name
                for command in commands:
                    must("sh", "-ec", command, cwd=folder, env=PLACE.env)
                self.assertIn("10.0.0.1", must(folder / PROGRAMS[name], env=PLACE.env))


if __name__ == "__main__":
    unittest.main()
