"""CPython's own tests of sockets under leat-run, beside the same tests on Linux's loopback interface.

Those that pass on Linux and concern IPv4 or IPv6 must pass here, too, but for those in the table of docs/lab/cpython.md. A
failure that is not in the table is tried again, alone, because some of these tests reckon with an idle machine.
"""

import fnmatch
import os
import pathlib
import re
import subprocess

import pytest

from leat_run import PYTHON, command, device  # noqa: F401  (a fixture, too)
from patience import PATIENCE

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parents[1] / "docs/lab/cpython.md"
LIMIT_S = 40  # of one test
LEAST = 0.97  # of the tests of TCP and UDP
MODULES = [
    "test_socket", "test_ssl", "test_httplib", "test_urllib2_localnet", "test_ftplib", "test_smtplib",
    "test_asyncio.test_sock_lowlevel", "test_asyncio.test_streams", "test_asyncio.test_server",
    "test_asyncio.test_selector_events", "test_asyncio.test_events", "test_asyncio.test_base_events",
    "test_asyncio.test_ssl", "test_asyncio.test_sslproto", "test_asyncio.test_buffered_proto", "test_asyncio.test_sendfile"]  # fmt: skip
# a virtual machine's sockets may be there and lead nowhere: these tests hang then, on Linux, too
LEFT_OUT = "*VSOCK*"


def run_tests(before, folder, limit_s, names):
    """Runs cpython_run.py, behind the words @before; returns its lines."""
    results = folder / "results"
    results.unlink(missing_ok=True)
    with (folder / "output").open("ab") as output:
        subprocess.run([*before, PYTHON, "-Wignore", str(HERE / "cpython_run.py"), str(results), str(limit_s), *names],
                       cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=1800, check=False)  # fmt: skip
    return results.read_text().splitlines() if results.is_file() else []


def outcomes(before, folder, names):
    """How each of the tests ends: (outcome, whether it concerns IP, reason), by name. A test that hangs ends its process;
    those behind it run in a new one."""
    found = {}
    todo = list(names)
    while todo:
        began = None
        ended = False
        for line in run_tests(before, folder, PATIENCE * LIMIT_S, todo):
            name, outcome, inet, why = line.split("\t")
            if outcome == "began":
                began = name
            elif outcome == "end":
                ended = True
            else:
                found[name] = (outcome, bool(inet), why)
        if ended or began is None:
            break
        found[began] = ("failed", True, f"it takes more than {PATIENCE * LIMIT_S} s, or ends the process")
        todo = todo[todo.index(began) + 1 :] if began in todo else []
    return found


def reasons():
    """The patterns of names in the page's table, each with the number of its row."""
    rows = re.findall(r"^\| ([^|]*`test[^|]*) \|", PAGE.read_text(), re.MULTILINE)
    return {f"test.{pattern}": i for i, row in enumerate(rows) for pattern in re.findall(r"`([^`]+)`", row)}


def matches(name, patterns):
    return [pattern for pattern in patterns if fnmatch.fnmatchcase(name, pattern)]


def is_lite(name):
    """UDP-Lite, another protocol."""
    return "UDPLITE" in name


@pytest.fixture
def modules(tmp_path):
    """The names of all tests."""
    probe = subprocess.run([PYTHON, "-c", "import sys, test.test_socket; sys.exit(sys.version_info[:2] != (3, 11))"],
                           capture_output=True, check=False)  # fmt: skip
    if probe.returncode:
        pytest.skip("the tests of CPython 3.11 are not installed (apt-get install libpython3.11-testsuite)")
    names = run_tests([], tmp_path, 0, [f"test.{module}" for module in MODULES])
    assert len(names) > 1500, (tmp_path / "output").read_text()
    return [name for name in names if not fnmatch.fnmatchcase(name, LEFT_OUT)]


@pytest.fixture
def folder(tmp_path):
    """Tests write files into the folder that they run in."""
    made = tmp_path / "run"
    made.mkdir()
    os.chmod(made, 0o777)
    return made


def test_cpython_finds_what_it_finds_on_linux(device, modules, folder):  # noqa: F811
    ours = [*command(), *device]
    on_linux = outcomes([], folder, modules)
    wanted = [name for name, (outcome, inet, _) in on_linux.items() if outcome == "passed" and inet]
    assert len(wanted) > 800, on_linux
    on_leat = outcomes(ours, folder, modules)
    known = reasons()
    wrong = []
    for name in [name for name in wanted if on_leat.get(name, ("",))[0] != "passed"]:
        if matches(name, known):
            continue
        again = outcomes(ours, folder, [name]).get(name, ("missing", True, "it did not begin"))
        on_leat[name] = again
        if again[0] != "passed" and outcomes([], folder, [name])[name][0] == "passed":
            wrong.append(f"{name}: {again[0]}: {again[2]}")
    passed = [name for name in wanted if on_leat[name][0] == "passed"]
    for what, is_counted in ("of TCP and UDP", lambda name: not is_lite(name)), ("with UDP-Lite", lambda name: True):
        of = [name for name in wanted if is_counted(name)]
        print(f"{sum(map(is_counted, passed))} of {len(of)} tests {what} pass")
    usual = [name for name in wanted if not is_lite(name)]
    for pattern in known:
        listed = [name for name in wanted if fnmatch.fnmatchcase(name, pattern)]
        print(f"{pattern}: {len(listed)}, of which {len(set(listed) & set(passed))} pass")
    assert not wrong, "\n".join(["not in docs/lab/cpython.md:", *wrong])
    unused = [pattern for pattern in known if not any(fnmatch.fnmatchcase(name, pattern) for name in modules)]
    assert not unused, f"docs/lab/cpython.md has names without a test: {unused}"
    assert sum(not is_lite(name) for name in passed) >= LEAST * len(usual)
