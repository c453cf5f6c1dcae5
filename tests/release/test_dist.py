"""The tarball of a release: the same bytes twice, and all files."""

import hashlib
import subprocess
import unittest

import release
from release import ROOT, must


def setUpModule():
    global FOLDER, MADE  # pylint: disable=global-statement,global-variable-undefined
    FOLDER = release.temporary("dist")
    MADE = release.tarball(FOLDER)
    if not MADE:
        raise unittest.SkipTest("this tree is no clone, so there is nothing to make a tarball of")


class Tarball(unittest.TestCase):
    def test_it_has_the_same_bytes_for_another_user(self):
        (FOLDER / "again").mkdir()
        again = release.tarball(FOLDER / "again", GIT_CONFIG_COUNT="2", GIT_CONFIG_KEY_0="tar.umask", GIT_CONFIG_VALUE_0="0077",
                                GIT_CONFIG_KEY_1="core.autocrlf", GIT_CONFIG_VALUE_1="true")
        first, second = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (MADE, again))
        self.assertEqual(first, second)

    def test_it_has_each_file_of_the_commit(self):
        inside = {line.partition("/")[2] for line in must("tar", "-tf", MADE).splitlines() if not line.endswith("/")}
        tracked = subprocess.run(["git", "-C", str(ROOT), "ls-tree", "-r", "-z", "--name-only", "HEAD"], capture_output=True, text=True,
                                 check=True).stdout.strip("\0").split("\0")
        self.assertEqual(inside, set(tracked))


if __name__ == "__main__":
    unittest.main()
