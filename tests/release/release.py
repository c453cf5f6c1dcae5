"""Common parts of the tests of a release."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("LEAT_SOURCE", Path(__file__).resolve().parents[2]))
# Debian's own programs, whatever else is in PATH
ENV = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def must(*command, **options):
    """Runs a command that must succeed; returns its output."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **{"env": ENV, **options})
    if done.returncode:
        raise AssertionError(f"$ {' '.join(map(str, command))}\n{done.stdout[-8000:]}")
    return done.stdout


def version():
    return re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text(encoding="utf-8"))[1]


def temporary(name):
    """A folder that is removed at the end of the module."""
    folder = Path(tempfile.mkdtemp(prefix=f"leat-{name}-"))
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    return folder


def tarball(folder, **env):
    """The tarball of a release, made in @folder of the commit under test; None where the tree is no clone. @env is added to the
    environment."""
    made = folder / f"leat-{version()}.tar.xz"
    said = subprocess.run([ROOT / "tools/dist", made], capture_output=True, text=True, check=False,
                          env={**ENV, **env})
    if said.returncode == 2 and not (ROOT / ".git").exists():
        return None
    if said.returncode:
        raise AssertionError(said.stderr)
    return made


def unpacked(folder):
    """The folder with the contents of the tarball; None where the tree is no clone."""
    made = tarball(folder)
    if made:
        must("tar", "-xf", made, "-C", folder)
    return made and folder / made.name.removesuffix(".tar.xz")
