"""Common parts of the tests of the bindings: libleat.so, the conversation in C, certificates."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("LEAT_SOURCE", Path(__file__).resolve().parents[2]))
HERE = Path(__file__).resolve().parent
CC = os.environ.get("LEAT_CC", "cc").split()


def must(*command, **options):
    """Runs a command that must succeed; returns its output."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode:
        raise AssertionError(f"$ {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


class Place:
    """A folder with leat installed, the environment of programs that use it, and certificates of server.example.
    LEAT_PREFIX names a prefix that has leat already."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="leat-bindings-"))
        unittest.addModuleCleanup(shutil.rmtree, self.folder)
        self.prefix = Path(os.environ.get("LEAT_PREFIX", self.folder / "prefix"))
        if "LEAT_PREFIX" not in os.environ:
            build = self.folder / "build"
            must("meson", "setup", build, ROOT, "--buildtype", "debugoptimized", "--prefix", self.prefix, "--libdir", "lib",
                 "-Dtests=disabled", "-Dimages=false", "-Dsolo5=disabled", "-Dshared=enabled", "-Dpython=disabled",
                 "-Dc_args=-gdwarf-4",  # the form that valgrind 3.19 reads from each compiler
                 env={**os.environ, "CC": " ".join(CC)})
            must("ninja", "-C", build, "-j2")
            must("meson", "install", "-C", build, "--no-rebuild")
        lib = self.prefix / "lib"
        certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        must("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
             "-out", certificate, "-days", "9", "-subj", "/CN=server.example", "-addext", "subjectAltName=DNS:server.example")
        self.env = {**os.environ, "PKG_CONFIG_PATH": str(lib / "pkgconfig"), "LD_LIBRARY_PATH": str(lib),
                    "LEAT_TEST_CERTIFICATE": str(certificate), "LEAT_TEST_KEY": str(key)}

    def frames_in_c(self):
        """The frames of conversation.c."""
        program, lib = self.folder / "conversation", self.prefix / "lib"
        must(*CC, "-std=gnu11", "-O1", "-I", self.prefix / "include", HERE / "conversation.c", "-o", program, "-L", lib, "-lleat")
        frames = must(program, env=self.env)
        assert frames.count("\n") > 2 * 10
        return frames
