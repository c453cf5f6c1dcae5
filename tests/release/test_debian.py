"""The packages for Debian: made of the tarball, searched by lintian, unpacked into a root of their own, used.

LEAT_DEBIAN names a folder that has the packages and their .changes already.
"""

import os
import re
import unittest
from pathlib import Path

import release
from release import ENV, ROOT, must

BYTES_MAX = 1_000_000
NAMES = {"libleat0", "libleat-dev", "leat-tools", "python3-leat"}


def made(folder):
    """The folder with the packages, which are made in @folder."""
    source = release.unpacked(folder)
    if not source:
        raise unittest.SkipTest("this tree is no clone, so there is nothing to make a tarball of")
    os.rename(folder / f"{source.name}.tar.xz", folder / f"leat_{release.version()}.orig.tar.xz")
    must("dpkg-buildpackage", "-us", "-uc", cwd=source, env={**ENV, "DEB_BUILD_OPTIONS": "noautodbgsym parallel=2"})
    return folder


def setUpModule():
    """Makes the packages, and unpacks them."""
    global FOLDER, CHANGES, PACKAGES, PLACE, LIB  # pylint: disable=global-statement,global-variable-undefined
    FOLDER = release.temporary("debian")
    packages = Path(os.environ["LEAT_DEBIAN"]) if "LEAT_DEBIAN" in os.environ else made(FOLDER)
    CHANGES, = packages.glob("leat_*.changes")
    PACKAGES = {path.name.partition("_")[0]: path for path in packages.glob("*.deb")}
    PLACE = FOLDER / "root"
    (PLACE / "var/lib/dpkg/info").mkdir(parents=True)
    (PLACE / "var/lib/dpkg/updates").mkdir()
    (PLACE / "var/lib/dpkg/status").touch()
    # the packages that they depend on are this system's
    must("dpkg", f"--root={PLACE}", f"--log={FOLDER}/log", "--force-depends", "--force-not-root", "--force-script-chrootless", "--unpack",
         *PACKAGES.values())
    LIB, = (path.parent for path in (PLACE / "usr/lib").glob("*/libleat.so.0"))


def env():
    """The environment of programs that use the unpacked packages."""
    return {**ENV, "LD_LIBRARY_PATH": str(LIB), "PYTHONPATH": str(PLACE / "usr/lib/python3/dist-packages"),
            "PKG_CONFIG_SYSROOT_DIR": str(PLACE), "PKG_CONFIG_PATH": str(LIB / "pkgconfig")}


def pkg_config(package):
    return must("pkg-config", "--cflags", "--libs", package, env=env()).split()


class Debian(unittest.TestCase):
    def test_lintian_finds_nothing(self):
        self.assertEqual(must("lintian", "--allow-root", "--fail-on=error,warning", CHANGES), "")

    def test_there_are_four_packages_each_smaller_than_a_megabyte(self):
        self.assertEqual(set(PACKAGES), NAMES)
        for path in PACKAGES.values():
            print(f"{path.name}: {path.stat().st_size} bytes")
            self.assertLess(path.stat().st_size, BYTES_MAX, path.name)

    def test_the_changelog_has_the_version_of_the_release(self):
        first = (ROOT / "debian/changelog").read_text(encoding="utf-8").partition("\n")[0]
        self.assertEqual(re.match(r"leat \((.*)-[^-]+\) ", first)[1], release.version())

    def test_the_libraries_depend_on_debians_packages(self):
        depends = must("dpkg-deb", "--field", PACKAGES["python3-leat"], "Depends")
        self.assertIn(f"libleat0 (>= {release.version()})", depends)
        self.assertRegex(depends, r"python3 \(<< 3\.\d+\)")
        self.assertRegex(must("dpkg-deb", "--field", PACKAGES["libleat0"], "Depends"), r"libc6 .*libssl3 ")

    def test_each_program_runs_and_has_its_page(self):
        programs = {path.name for path in (PLACE / "usr/bin").iterdir()}
        self.assertEqual(programs, {"leat-replay", "leat-run", "leat-script", "leat-sim"})
        for name in programs:
            self.assertIn(f"usage: {name}", must(PLACE / "usr/bin" / name, "--help", env=env()))
            self.assertTrue((PLACE / f"usr/share/man/man1/{name}.1.gz").is_file())
        must(PLACE / "usr/bin/leat-script", "--quiet", ROOT / "tests/script/abc_limit.pkt", env=env())

    def test_leat_run_names_its_library_where_that_is_installed(self):
        program = PLACE / "usr/bin/leat-run"
        library, = PLACE.glob("usr/lib/*/leat/leat-run.so")
        self.assertIn(str(Path("/") / library.relative_to(PLACE)).encode(), program.read_bytes())

    def conversation(self, name, *flags):
        must("cc", "-O1", ROOT / "tests/bindings/conversation.c", "-o", FOLDER / name, *flags)
        return must(FOLDER / name, env=env())

    def test_a_program_of_each_kind_sends_the_same_frames(self):
        shared = self.conversation("shared", *pkg_config("leat-shared"))
        self.assertGreater(shared.count("\n"), 2 * 10)
        self.assertEqual(self.conversation("archive", *pkg_config("leat-link")), shared)
        self.assertEqual(must("/usr/bin/python3", ROOT / "tests/bindings/conversation.py", env=env()), shared)

    def test_every_part_is_found_by_pkg_config(self):
        for path in sorted((LIB / "pkgconfig").glob("*.pc")):
            must("pkg-config", "--cflags", "--libs", path.stem, env=env())


if __name__ == "__main__":
    unittest.main()
