"""Tests of redis and node, of Debian's sources, under leat-run: redis' Tcl tests of the network, and node's of HTTP.

One that fails and is not in the tables of docs/lab/suites.md is run on Linux's loopback. If it passes there, and fails under
leat-run again, ours fails.
"""

import concurrent.futures
import fnmatch
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess

import pytest

from conftest import BUILD, make_tap, run
from leat_run import command
from patience import PATIENCE

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs/lab/suites.md"
PLACES = 4
NODE_LIMIT_S = 15  # of one test
REDIS_LIMIT_S = 300  # of one file
REDIS = [
    "unit/auth", "unit/client-eviction", "unit/info", "unit/introspection", "unit/introspection-2", "unit/limits", "unit/multi",
    "unit/networking", "unit/obuf-limits", "unit/pause", "unit/pendingquerybuf", "unit/protocol", "unit/pubsub", "unit/pubsubshard",
    "unit/querybuf", "unit/quit", "unit/replybufsize", "unit/shutdown", "unit/tracking", "unit/wait", "unit/cluster",
    "unit/cluster/links", "integration/failover", "integration/psync2-pingoff", "integration/psync2-reg", "integration/redis-benchmark",
    "integration/redis-cli", "integration/replication-2", "integration/shutdown"]  # fmt: skip


@pytest.fixture
def places():
    """Words in front of programs, for several at once. The kernel has no address but that of its loopback: tests ask it for
    more, and bind to them."""
    made = queue.SimpleQueue()
    for i in range(PLACES):
        make_tap(f"run{i}")
        made.put([*command(), "--tap", f"run{i}", "--ip", "10.91.0.2/24", "--ip6", "fd91::2/64"])
    yield made
    for i in range(PLACES):
        run("ip", "link", "delete", f"run{i}")


def source(package):
    """Debian's source of a package, which LEAT_FETCH has brought."""
    folder = BUILD / "sources" / package
    if not folder.is_dir():
        pytest.skip(f"no {folder}: LEAT_FETCH={package}")
    return folder


def known(section):
    """The patterns of names in the table of a section of the page."""
    text = PAGE.read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return [name for row in re.findall(r"^\| ([^|]*`[^|]*) \|", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)]


def judge(section, names, passes, places, at_once):
    """Runs all, and those that fail again; prints how many pass."""
    patterns = known(section)

    def passes_here(name):
        before = places.get()
        try:
            return passes(before, name)
        finally:
            places.put(before)

    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        failed = [name for name, good in zip(names, pool.map(passes_here, names)) if not good]
        others = [name for name in failed if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
        on_linux = [name for name, good in zip(others, pool.map(lambda name: passes([], name), others)) if good]
    print(f"{section}: {len(names) - len(failed)} of {len(names)} pass at once; failed: {failed}; on Linux, too: {set(others) - set(on_linux)}")
    wrong = [name for name in on_linux if not passes_here(name)]
    assert not wrong, f"not in docs/lab/suites.md: {wrong}"
    unused = [pattern for pattern in patterns if not any(fnmatch.fnmatchcase(name, pattern) for name in names)]
    assert not unused, f"docs/lab/suites.md has names without a test: {unused}"


def runs(words, folder, limit_s, environment):
    """Whether a command succeeds, with all that it starts; on Linux if @words has nothing in front of it."""
    with open(folder / "output", "ab") as output:
        process = subprocess.Popen([*map(str, words)], cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   env={**os.environ, **environment}, start_new_session=True)  # fmt: skip
        try:
            return process.wait(PATIENCE * limit_s) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False


def test_node_passes_its_tests_of_http(places, tmp_path):
    if not shutil.which("node"):
        pytest.skip("no node")
    folder = source("nodejs") / "test/parallel"
    names = sorted(path.name for path in folder.glob("test-http-*.js"))
    assert len(names) > 300

    def passes(before, name):
        flags = re.search(r"^// Flags: (.*)$", (folder / name).read_text(errors="replace"), re.MULTILINE)
        return runs([*before, "node", *(flags[1].split() if flags else []), folder / name], tmp_path, NODE_LIMIT_S, {"NODE_TEST_DIR": str(tmp_path)})

    judge("node", names, passes, places, PLACES)


def test_redis_passes_its_tests_of_the_network(places, tmp_path):
    for name in ("tclsh", "redis-server", "redis-cli", "redis-benchmark"):
        if not shutil.which(name):
            pytest.skip(f"no {name}")
    folder = tmp_path / "redis"
    shutil.copytree(source("redis") / "tests", folder / "tests")
    shutil.copy(source("redis") / "redis.conf", folder)
    (folder / "src").mkdir()
    for name in ("redis-server", "redis-cli", "redis-benchmark", "redis-sentinel", "redis-check-aof", "redis-check-rdb"):
        (folder / "src" / name).symlink_to(shutil.which(name) or "/none")

    def passes(before, name):
        return runs([*before, "tclsh", "tests/test_helper.tcl", "--clients", "1", "--single", name], folder, REDIS_LIMIT_S, {})

    judge("redis", REDIS, passes, places, 1)
