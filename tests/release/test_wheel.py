"""The wheel of the Python module: made of the tarball by Debian's packages without a network, installed, used.

LEAT_WHEEL names a wheel that is made already.
"""

import os
import unittest
import zipfile
from pathlib import Path

import release
from release import ENV, ROOT, must

BYTES_MAX = 1_000_000
ECHO = """
import asyncio, os, socket
import leat

async def echo(stream):
    async for data in stream:
        await stream.write(data)

async def main():
    ends = socket.socketpair()
    async with leat.Stack(leat.Socket(fd=ends[0].detach()), addresses=["10.0.0.1/24"]) as server, \\
            leat.Stack(leat.Socket(fd=ends[1].detach()), addresses=["10.0.0.2/24"]) as client:
        async with await server.listen(7, echo), await client.connect("10.0.0.1", 7) as stream:
            sent = os.urandom(100000)
            await stream.write(sent)
            assert await stream.readexactly(len(sent)) == sent
    print(leat.__file__)

asyncio.run(main())
"""


def made(folder):
    """The wheel, which is made in @folder."""
    source = release.unpacked(folder)
    if not source:
        raise unittest.SkipTest("this tree is no clone, so there is nothing to make a tarball of")
    pip("wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", folder, source)
    wheel, = folder.glob("*.whl")
    return wheel


def setUpModule():
    """Makes the wheel, and installs it."""
    global FOLDER, WHEEL, PLACE  # pylint: disable=global-statement,global-variable-undefined
    FOLDER = release.temporary("wheel")
    WHEEL = Path(os.environ["LEAT_WHEEL"]) if "LEAT_WHEEL" in os.environ else made(FOLDER)
    PLACE = FOLDER / "place"
    pip("install", "--no-deps", "--no-index", "--no-compile", "--target", PLACE, WHEEL)


def pip(*words):
    must("/usr/bin/python3", "-m", "pip", "--disable-pip-version-check", *words, env={**ENV, "HOME": str(FOLDER), "PIP_NO_CACHE_DIR": "1"})


class Wheel(unittest.TestCase):
    def test_it_has_nothing_but_the_module(self):
        names = set(zipfile.ZipFile(WHEEL).namelist())
        module = {name for name in names if name.startswith("leat/_leat.") and name.endswith(".so")}
        about = {name for name in names if name.startswith(f"leat-{release.version()}.dist-info/")}
        sources = {f"leat/{path.name}" for path in (ROOT / "bindings/python/leat").glob("*.py")}
        self.assertEqual(len(module), 1)
        self.assertEqual(names - module - about, sources)

    def test_it_has_the_version_of_the_release(self):
        self.assertTrue(WHEEL.name.startswith(f"leat-{release.version()}-cp3"), WHEEL.name)
        self.assertIn(f"\nVersion: {release.version()}\n", (PLACE / f"leat-{release.version()}.dist-info/METADATA").read_text(encoding="utf-8"))

    def test_it_is_smaller_than_a_megabyte(self):
        print(f"{WHEEL.name}: {WHEEL.stat().st_size} bytes")
        self.assertLess(WHEEL.stat().st_size, BYTES_MAX)

    def test_the_installed_module_echoes(self):
        said = must("/usr/bin/python3", "-c", ECHO, cwd=FOLDER, env={**ENV, "PYTHONPATH": str(PLACE)})
        self.assertEqual(said.strip(), str(PLACE / "leat/__init__.py"))


if __name__ == "__main__":
    unittest.main()
