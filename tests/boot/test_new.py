"""tools/new: its projects build without a warning, pass their own tests, boot, and answer."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import free_port

SOURCE = pathlib.Path(os.environ["LEAT_SOURCE"])
TEMPLATES = {"client": 80, "echo": 7, "web": 80, "dns": 53, "tasks": 2323}
SLOW_S = 1200  # to build leat once on a busy machine


def run(*command, timeout=SLOW_S, **more):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=timeout, check=False, **more)
    assert done.returncode == 0, f"$ {' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The environment of a user with leat installed."""
    folder = tmp_path_factory.mktemp("installed")
    run("meson", "setup", folder / "build", SOURCE, "-Dtests=disabled", "-Dsolo5=disabled", f"--prefix={folder / 'leat'}", "--libdir=lib")
    run("meson", "install", "-C", folder / "build")
    return dict(os.environ, PKG_CONFIG_PATH=str(folder / "leat/lib/pkgconfig"))


def answer_once(server, heads):
    """Accepts one connection, keeps what it asks, and answers as a web server does."""
    conn, _ = server.accept()
    with conn:
        heads.append(conn.recv(4096))
        conn.sendall(b"HTTP/1.1 200 OK\r\nServer: here\r\n\r\n")


def reaches_a_host(image):
    """The client, as an image on QEMU's own network, whose gateway is this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        heads = []
        thread = threading.Thread(target=answer_once, args=(server, heads))
        thread.start()
        said = run(SOURCE / "tools/boot", image, "--accel", "tcg", "--", "--port", server.getsockname()[1], "10.0.2.2", timeout=200)
        thread.join(20)
    assert heads[0].startswith(b"HEAD / HTTP/1.1\r\nHost: 10.0.2.2\r\n")
    assert "HTTP/1.1 200 OK" in said and "Server: here" in said and "that was the head" in said


def say(address, request):
    """The data from TCP until the server closes or has sent something."""
    with socket.create_connection(address, 10) as conn:
        conn.settimeout(20)
        conn.sendall(request)
        return conn.recv(4096)


REQUESTS = {
    "echo": (b"hello\n", b"hello\n"),
    "web": (b"GET /visits HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"HTTP/1.1 200 OK"),
    "dns": (b"\0\x21\0\7\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\1\0\1", b"\0\7\x85\0"),
    "tasks": (b"leat\n", b"Hello, "),
}


def talk(image, template, *words):
    port = free_port()
    child = subprocess.Popen([SOURCE / "tools/boot", *words, image, "--accel", "tcg", "--forward", f"tcp:{port}:{TEMPLATES[template]}"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        end = time.monotonic() + 120
        while ", port " not in (line := child.stdout.readline()):
            assert line and time.monotonic() < end
        request, expected = REQUESTS[template]
        assert expected in say(("127.0.0.1", port), request)
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(30)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_builds_passes_and_boots(installed, tmp_path, template):
    folder = tmp_path / "mine"
    told = run(SOURCE / "tools/new", folder, "--template", template, "--installed")
    assert f"cd {folder}" in told
    run("meson", "setup", "build", "-Dwerror=true", cwd=folder, env=installed)
    run("meson", "test", "-C", "build", cwd=folder, env=installed)
    run("ninja", "-C", "build", cwd=folder, env=installed)
    assert "usage: mine [options]" in run(folder / "build/mine", "--help")
    run("ninja", "-C", "build", "mine.elf", cwd=folder, env=installed)
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "@" not in text.replace("@127.0.0.1", "").replace("@10.0.0.2", "")
    if template == "client":
        reaches_a_host(folder / "build/mine.elf")
    else:
        talk(folder / "build/mine.elf", template)


@pytest.mark.parametrize("arch", ["aarch64", "riscv64"])
def test_a_project_is_an_image_for_another_processor(tmp_path, arch):
    """By the commands of its page."""
    if not shutil.which(f"{arch}-linux-gnu-gcc") or not shutil.which(f"qemu-system-{arch}"):
        pytest.skip(f"no cross compiler or no QEMU for {arch}")
    folder = tmp_path / "mine"
    run(SOURCE / "tools/new", folder)
    page = (folder / "README.md").read_text(encoding="utf-8").replace("aarch64", arch)
    setup = f"meson setup --cross-file subprojects/leat/tools/{arch}.ini build-{arch}"
    assert f"    {setup} && ninja -C build-{arch}\n    subprojects/leat/tools/boot --arch {arch} build-{arch}/mine.image" in page
    run(*setup.split(), cwd=folder, env=WITHOUT_LEAT)
    run("ninja", "-C", f"build-{arch}", cwd=folder)
    talk(folder / f"build-{arch}/mine.image", "echo", "--arch", arch)


WITHOUT_LEAT = dict(os.environ, PKG_CONFIG_PATH="", PKG_CONFIG_LIBDIR="/nonexistent")


def test_with_leat_as_a_subproject(tmp_path):
    folder = tmp_path / "mine"
    told = run(SOURCE / "tools/new", folder)
    commands = [line.strip() for line in told.splitlines() if line.startswith("    ")]
    assert commands[1] == "meson setup build && ninja -C build"
    assert commands[2] == "build/mine --passt --forward tcp:7007:7"
    run("meson", "setup", "build", cwd=folder, env=WITHOUT_LEAT)
    planned = run("ninja", "-C", "build", "-n", cwd=folder)
    for library in "tls", "web", "task", "files":  # but leat-web, which has the dashboard
        assert (f"libleat-{library}-inside" in planned) == (library == "web")
    assert "leat-metal" not in planned


def test_a_web_project_compiles_at_most_200_pieces(tmp_path):
    folder = tmp_path / "mine"
    run(SOURCE / "tools/new", folder, "--template", "web")
    run("meson", "setup", "build", cwd=folder, env=WITHOUT_LEAT)
    assert run("ninja", "-C", "build", "-n", cwd=folder).count("Compiling C object") <= 200
    said = run("ninja", "-C", "build", cwd=folder)
    assert "warning:" not in said, said
    run("meson", "test", "-C", "build", cwd=folder)
    assert "usage: mine [options]" in run(folder / "build/mine", "--help")


@pytest.fixture
def outside():
    """An interface with a default route, as passt wants one; the namespace of tests/boot/run has none."""
    if subprocess.run(["ip", "route", "show", "default"], stdout=subprocess.PIPE, check=True).stdout:
        yield
        return
    run("ip", "link", "add", "outside0", "type", "veth", "peer", "name", "outside1")
    run("ip", "address", "add", "192.0.2.2/24", "dev", "outside0")
    run("ip", "link", "set", "outside0", "up")
    run("ip", "link", "set", "outside1", "up")
    run("ip", "route", "add", "default", "via", "192.0.2.1")
    yield
    run("ip", "link", "del", "outside0")


@pytest.mark.usefixtures("outside")
@pytest.mark.skipif(not shutil.which("passt"), reason="passt is not installed")
def test_the_program_serves_without_root(installed, tmp_path):
    """The third and the fourth line that tools/new prints, at another port."""
    folder = tmp_path / "mine"
    run(SOURCE / "tools/new", folder, "--template", "web", "--installed")
    run("meson", "setup", "build", cwd=folder, env=installed)
    run("ninja", "-C", "build", "mine", cwd=folder, env=installed)
    port = free_port()
    child = subprocess.Popen([folder / "build/mine", "--passt", "--forward", f"tcp:{port}:80"], stdout=subprocess.PIPE, text=True)
    try:
        assert ", port 80" in child.stdout.readline()
        assert b"HTTP/1.1 200 OK" in say(("127.0.0.1", port), REQUESTS["web"][0])
    finally:
        child.terminate()
        assert child.wait(30) == 0


@pytest.mark.parametrize("words", [[], ["--installed"]])
def test_the_page_of_a_project_names_existing_files(tmp_path, words):
    folder = tmp_path / "mine"
    run(SOURCE / "tools/new", folder, *words)
    text = (folder / "README.md").read_text(encoding="utf-8")
    command = next(line for line in text.splitlines() if "--forward" in line and ".elf" in line)
    boot = command.split()[0]
    assert os.access(folder / boot, os.X_OK), boot
    for target in re.findall(r"\]\((.+?)\)", text):
        assert (folder / target).exists(), target


@pytest.mark.parametrize("words,said", [(["Bad"], "a name is"), (["test"], "a name is"), (["mine", "--template", "x"], "invalid choice"),
                                        (["there"], "is there already"), ([], "required")])  # fmt: skip
def test_refused_input(tmp_path, words, said):
    (tmp_path / "there").mkdir()
    done = subprocess.run([SOURCE / "tools/new", *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False, timeout=20)
    assert done.returncode == 2 and said in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]
