#!/usr/bin/env python3
"""Measures a newcomer's first minute: the four lines that tools/new prints, up to the answer of the new program.

    bench/first_request.py

A newcomer needs no root, so the rights of root are given up first. Without ccache. It prints how long each part
took by the clock, and the processor time of all its processes; the first parts use one processor, ninja all of them.

Exit status 1: on two quiet processors it would take more than 60 s: the time of one processor for the first parts and
the last one, and half of ninja's.
"""

import argparse
import os
import pathlib
import resource
import socket
import subprocess
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parent.parent
NOBODY = 65534
LIMIT_S = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve_once(build, how):
    """Starts the program, and asks it until it answers."""
    port = free_port()
    child = subprocess.Popen([build / "first", "--passt", "--forward", f"tcp:{port}:80"], stdout=subprocess.PIPE, text=True, **how)
    try:
        assert ", port 80" in child.stdout.readline(), "the program has no address"
        done = subprocess.run(["curl", "-sS", "--max-time", "20", f"http://127.0.0.1:{port}/"], stdout=subprocess.PIPE, check=True)
        assert done.stdout, "an empty answer"
    finally:
        child.terminate()
        child.wait(60)


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "first"
        how = {"env": {**os.environ, "CCACHE_DISABLE": "1", "HOME": scratch, "PYTHONDONTWRITEBYTECODE": "1"}}
        if os.geteuid() == 0:
            os.chmod(scratch, 0o777)
            how.update(user=NOBODY, group=NOBODY, extra_groups=[])

        def run(*words, **more):
            subprocess.run(words, stdout=subprocess.DEVNULL, check=True, **how, **more)

        parts = {"tools/new": lambda: run(TREE / "tools/new", folder, "--template", "web"),
                 "meson setup": lambda: run("meson", "setup", "build", cwd=folder), "ninja": lambda: run("ninja", "-C", "build", cwd=folder),
                 "a served request": lambda: serve_once(folder / "build", how)}
        clock_s, processor_s, bound_s = 0, 0, 0
        for name, part in parts.items():
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            part()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            took, used = time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"{name:18} {took:6.1f} s, {used:6.1f} s of processors")
            clock_s, processor_s, bound_s = clock_s + took, processor_s + used, bound_s + used / (2 if name == "ninja" else 1)
        print(f"{'together':18} {clock_s:6.1f} s, {processor_s:6.1f} s of processors, at a load of {os.getloadavg()[0]:.0f};"
              f" two quiet processors: {bound_s:.1f} s")
        return bound_s > LIMIT_S


if __name__ == "__main__":
    sys.exit(main())
