"""The unikernel in Rust (examples/embedding/rust-image): built by the commands of its page, it boots and echoes."""

import os
import pathlib
import random
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, END_OF_TRANSMISSION, echo_tcp, free_port

SOURCE = pathlib.Path(os.environ["LEAT_SOURCE"])
ROW = re.compile(r"^\| `rust-image` \| (.*) \|$", re.M)


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          **options)
    assert done.returncode == 0, f"$ {' '.join(map(str, command))}\n{done.stdout}"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with a leat-metal.pc that finds what this build installs."""
    place = tmp_path_factory.mktemp("installed")
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", place)
    package, = place.rglob("leat-metal.pc")
    text = package.read_text(encoding="utf-8")
    assert text.startswith("prefix=/")
    package.write_text(text.replace("prefix=", f"prefix={place}", 1), encoding="utf-8")
    return package.parent


@pytest.fixture(scope="module")
def made(installed, tmp_path_factory):
    """The image, without its ending."""
    if not os.access("/usr/bin/cargo", os.X_OK):
        pytest.skip("cargo is not installed")
    tree = tmp_path_factory.mktemp("tree")
    for part in ("examples/embedding/rust-image", "bindings/rust"):
        shutil.copytree(SOURCE / part, tree / part, ignore=shutil.ignore_patterns("target"))
    page = (SOURCE / "examples/embedding/README.md").read_text(encoding="utf-8")
    commands = re.findall(r"`([^`]+)`", ROW.search(page)[1])
    folder = tree / "examples/embedding/rust-image"
    for command in commands:
        run("sh", "-ec", command, cwd=folder, env={**os.environ, "PATH": "/usr/bin:" + os.environ["PATH"], "PKG_CONFIG_PATH": str(installed),
                                                   "CARGO_HOME": str(tree / "cargo")})
    return folder / "echo"


def test_an_image_in_rust_boots_and_echoes(made, guest, machine):
    port = free_port()
    echo = guest(made, machine, f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:7")
    echo.wait_for(r"Rust echoes: 10\.0\.2\.15/24 on virtio0, port 7")
    for number in range(20):
        data = random.Random(number).randbytes(100_000 if number == 0 else 100)
        assert echo_tcp(("127.0.0.1", port), data) == data
    echo.type(END_OF_TRANSMISSION)
    assert echo.wait() == 0, echo.text
