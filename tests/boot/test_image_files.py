"""-Dimage_files, as docs/tls.md describes it: a key in an image, which serves clients that trust its certificate."""

import os
import pathlib
import re
import shlex
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from conftest import free_port

SOURCE = pathlib.Path(os.environ["LEAT_SOURCE"])
SLOW_S = 1200  # to build an image on a busy machine


def words():
    """The commands of the page."""
    page = (SOURCE / "docs/tls.md").read_text("utf-8")
    return re.search(r"```\n(mkdir keys\n.*?)```", page, re.S)[1].splitlines()


def run(command, folder):
    done = subprocess.run(command, shell=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=SLOW_S, check=False)
    assert done.returncode == 0, f"$ {command}\n{done.stdout}"


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """(the folder with keys and build, the command that boots the image)"""
    folder = tmp_path_factory.mktemp("keys")
    *before, boot = words()
    for command in before:
        command = command.replace("meson setup build", f"meson setup build {SOURCE} -Dtests=disabled -Dsolo5=disabled")
        run(command.replace("ninja -C build", "ninja -C build examples/echo_tls.elf"), folder)
    return folder, boot


def heard(child, text, seconds):
    limit = threading.Timer(seconds, child.kill)
    limit.start()
    while text not in (line := child.stdout.readline()):
        assert line
    limit.cancel()


def test_an_image_serves_by_the_key_of_its_folder(made):
    folder, boot = made
    port = free_port()
    tool, *rest = shlex.split(boot)
    first, last = rest[:rest.index("--")], rest[rest.index("--"):]
    child = subprocess.Popen([SOURCE / tool, *first, "--accel", "tcg", "--forward", f"tcp:{port}:7", *last], cwd=folder,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        heard(child, "port 7", 120)
        trust = ssl.create_default_context(cafile=str(folder / "keys/cert.pem"))
        trust.check_hostname = False  # OpenSSL compares alternative names only, which this certificate doesn't have
        with socket.create_connection(("127.0.0.1", port), 60) as tcp, trust.wrap_socket(tcp) as conn:
            conn.sendall(b"by the key of the folder")
            assert conn.recv(100) == b"by the key of the folder"
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(30)


def test_the_certificate_is_in_the_image(made):
    folder, _ = made
    image = (folder / "build/examples/echo_tls.elf").read_bytes()
    assert (folder / "keys/cert.pem").read_bytes() in image
    assert (folder / "keys/key.pem").read_bytes() in image
