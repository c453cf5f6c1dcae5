"""leat-run: threads, signals and fork(), as on Linux, and without a data race."""

import os
import shutil
import subprocess

import pytest

from leat_run import MODE, device, leat_run  # noqa: F401  (a fixture, too)
from patience import PATIENCE

HERE = os.path.dirname(os.path.abspath(__file__))
INSIDE = os.path.join(HERE, "../../sockets/run/inside")
TSAN = ["clang", "-g", "-O1", "-fsanitize=thread", "-std=gnu11", "-D_GNU_SOURCE", "-U_FORTIFY_SOURCE", "-pthread"]


def test_threads_signals_and_fork_are_as_on_linux(device, folder):  # noqa: F811
    if not shutil.which("clang") or not shutil.which("setarch"):
        pytest.skip("clang or setarch is missing")
    program = folder / "threads"
    subprocess.run([*TSAN, f"{HERE}/run_threads.c", "-o", program], check=True)
    sources = sorted(os.path.join(INSIDE, name) for name in os.listdir(INSIDE) if name.endswith(".c"))
    # leat-run preloads the library beside it
    shutil.copy(leat_run(), folder / "leat-run")
    subprocess.run([*TSAN, "-shared", "-fPIC", "-fvisibility=hidden", *sources, "-ldl", "-o", folder / "leat-run.so"], check=True)
    # the sanitizer finds its places only in addresses that aren't random
    fixed = ["setarch", "-R"]
    # its symbolizer would be started with the library, too
    environment = {**os.environ, "TSAN_OPTIONS": "exitcode=66 symbolize=0"}
    wanted = subprocess.run([*fixed, program], capture_output=True, text=True, timeout=PATIENCE * 60, env=environment, check=False)
    if "FATAL: ThreadSanitizer" in wanted.stderr or "Operation not permitted" in wanted.stderr:
        pytest.skip("ThreadSanitizer does not run here")
    assert wanted.stdout.endswith("good\n") and wanted.returncode == 0, wanted.stdout + wanted.stderr
    got = subprocess.run([*fixed, folder / "leat-run", *MODE, *device, program], capture_output=True, text=True, timeout=PATIENCE * 120,
                         env=environment, check=False)  # fmt: skip
    assert got.returncode == 0 and "WARNING: ThreadSanitizer" not in got.stderr, got.stdout + got.stderr
    assert got.stdout == wanted.stdout, got.stderr
