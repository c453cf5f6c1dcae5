"""The container's files: a folder that rootfs has made is enough for the program, and podman makes an image of it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.request

import pytest

from conftest import LIMIT_S, Process, binary, make_tap, run

SERVICE = pathlib.Path(os.environ["LEAT_SOURCE"]) / "examples/service"
HERE, THERE = "10.9.5.1", "10.9.5.2"


def words_of(instruction):
    return json.loads(re.search(rf"^{instruction} (\[.*\])$", (SERVICE / "Containerfile").read_text(encoding="utf-8"), re.M)[1])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("container") / "root"
    run(SERVICE / "rootfs", binary("httpd"), folder)
    return folder


@pytest.fixture
def wire(root):
    make_tap("boxed0", address=f"{HERE}/24")
    cable = Process(binary("cable"), "boxed0", "socket", root / "run/leat/wire", 1500)
    cable.wait_for("cable: ready")
    yield cable
    cable.stop()
    run("ip", "link", "del", "boxed0", check=False)


@pytest.fixture
def short_path():
    """A folder whose path is short: podman's runroot may have 50 characters."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield pathlib.Path(folder)


def test_the_program_runs_alone_in_its_folder(root, wire):
    """Without a network of the kernel, and with no file but those of the folder; /proc is there in every container."""
    probe = subprocess.run(["unshare", "--mount", "--net", "mount", "--rbind", "/proc", root / "proc"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("file systems can't be mounted here")
    command = [*words_of("ENTRYPOINT"), *words_of("CMD"), "--ip", f"{THERE}/24", "--mtu", "1500"]
    program = Process("unshare", "--mount", "--net", "sh", "-c", f'mount --rbind /proc {root}/proc && exec chroot {root} "$@"', "sh", *command)
    try:
        program.wait_for("port 80")
        with urllib.request.urlopen(f"http://{THERE}/", timeout=LIMIT_S) as reply:
            assert reply.status == 200 and b"leat" in reply.read()
        program.wait_for(f'^{HERE} - - .*"GET / HTTP/1.1" 200 ')
    finally:
        program.stop()


def test_rootfs_tells_its_mistakes(tmp_path):
    for words, why in (([], "usage: rootfs PROGRAM FOLDER"), (["/no/such", tmp_path / "a"], "usage: rootfs PROGRAM FOLDER"),
                       (["/bin/true", tmp_path], "choose another folder")):
        done = subprocess.run([SERVICE / "rootfs", *words], capture_output=True, text=True, check=False, timeout=LIMIT_S)
        assert done.returncode == 2 and why in done.stderr


def test_rootfs_refuses_a_program_whose_libraries_are_not_there(tmp_path):
    (tmp_path / "ldd").write_text("#!/bin/sh\necho '\tlibc.so.6 => /lib/libc.so.6 (0x0)\n\tlibodd.so.1 => not found'\n", encoding="ascii")
    (tmp_path / "ldd").chmod(0o755)
    done = subprocess.run([SERVICE / "rootfs", "/bin/true", tmp_path / "root"], capture_output=True, text=True, check=False, timeout=LIMIT_S,
                          env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 1 and "libodd.so.1 => not found" in done.stderr
    assert not (tmp_path / "root").exists()


@pytest.mark.skipif(not shutil.which("podman"), reason="podman is not installed")
def test_podman_makes_an_image(root, short_path):
    podman = ["podman", "--root", short_path / "images", "--runroot", short_path / "run", "--storage-driver", "vfs"]
    done = subprocess.run([*podman, "build", "--network", "none", "-q", "-f", SERVICE / "Containerfile", "-t", "leat-httpd", root],
                          capture_output=True, text=True, check=False, timeout=300)
    if "permitted" in done.stderr or "mount" in done.stderr:
        pytest.skip(f"podman can't work here: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    config = json.loads(run(*podman, "image", "inspect", "leat-httpd"))[0]["Config"]
    assert config["Entrypoint"] == words_of("ENTRYPOINT") and config["Cmd"] == words_of("CMD") and config["User"] == "65534:65534"
    run(*podman, "rmi", "--all", "--force")
