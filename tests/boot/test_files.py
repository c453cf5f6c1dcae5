"""Files from outside: an archive that the loader puts beside the image."""

import io
import os
import re
import socket
import subprocess
import sys
import tarfile
import threading
import urllib.request
from pathlib import Path

import pytest

from conftest import BUILD, BY_PCI, free_port

BOOT = Path(__file__).resolve().parents[2] / "tools/boot"
LARGE = os.urandom(20_000_000)
ZONE = "$ORIGIN example.com.\n@ 3600 SOA ns admin 1 3600 600 86400 600\n@ NS ns\nns A 10.0.2.15\nwww A 192.0.2.80\n"


def archive(path, files, write=tarfile.PAX_FORMAT):
    with tarfile.open(path, "w", format=write) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return str(path)


def test_a_server_gives_out_the_files_of_an_archive(guest, machine, tmp_path):
    initrd = archive(tmp_path / "files.tar", {"site/hello.txt": b"hello", "site/large": LARGE})
    port = free_port()
    web = guest("httpd", machine, f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80", memory=96,
                arguments=["site/hello.txt", "/site/large"], extra=["-initrd", initrd]).up()
    for name, data in ("hello.txt", b"hello"), ("large", LARGE):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=100) as reply:
            assert reply.read() == data
    web.stop()


def test_hashed_passwords(guest, tmp_path):
    """BearSSL verifies them."""
    made = subprocess.run([Path(__file__).resolve().parents[2] / "tools/password", "ann"], input=b"one\n", stdout=subprocess.PIPE,
                          check=True, timeout=60)
    initrd = archive(tmp_path / "files.tar", {"site/hello.txt": b"hello", "users": made.stdout})
    port = free_port()
    web = guest("httpd", None, f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80", arguments=["--files", "site", "--passwords", "/users"],
                extra=["-initrd", initrd])
    web.wait_for("port 80|without cryptography")
    if "without cryptography" in web.text:
        pytest.skip("the image has no cryptography")
    for password, said in (("one", "200 hello"), ("one", "200 hello"), ("two", "401|503")):
        shown = subprocess.run(["curl", "-sS", "--max-time", "60", "-u", f"ann:{password}", "-w", "%{http_code} ", "-o", "-",
                                f"http://127.0.0.1:{port}/hello.txt"], check=True, stdout=subprocess.PIPE).stdout.decode()
        assert re.search(said, " ".join(reversed(shown.replace("hello", "hello ").split()))), shown
    web.stop()


def test_a_damaged_archive_is_told(guest, tmp_path):
    path = archive(tmp_path / "files.tar", {"file": b"x" * 5000})
    with open(path, "r+b") as file:
        file.truncate(2048)
    stopped = guest("echo", extra=["-initrd", path])
    assert stopped.wait() == 2
    assert "echo: initrd: the archive ends in a file, at byte 0 of 2048" in stopped.text


def test_bytes_that_are_no_archive_are_told(guest, tmp_path):
    path = tmp_path / "files.tar.gz"
    path.write_bytes(b"\x1f\x8b\x08 and so on")
    stopped = guest("echo", extra=["-initrd", str(path)])
    assert stopped.wait() == 2
    assert "echo: initrd: it is compressed by gzip; make a tar archive" in stopped.text


# ---- an archive on a disk

def disk(machine, path, name="files"):
    """QEMU's words for a disk with the file at @path."""
    kind = "virtio-blk-pci" if machine in BY_PCI else "virtio-blk-device"
    return ["-drive", f"file={path},format=raw,if=none,id={name}", "-device", f"{kind},drive={name}"]


def get(port, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=100) as reply:
        return reply.read()


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_server_gives_out_the_files_of_a_disk(guest, machine, tmp_path, form):
    """They needn't fit into memory."""
    path, port = archive(tmp_path / "disk", {"site/hello.txt": b"hello", "site/large": LARGE, "site/empty": b""}, form), free_port()
    web = guest("httpd", machine, f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80", memory=24,
                arguments=["--archive", "disk", "--files", "site"], extra=disk(machine, path)).up()
    for name, data in ("hello.txt", b"hello"), ("large", LARGE), ("empty", b""), ("hello.txt", b"hello"):
        assert get(port, name) == data
    web.stop()


def test_cpio_on_a_disk(guest, tmp_path):
    folder, path, port = tmp_path / "files", tmp_path / "disk", free_port()
    (folder / "site").mkdir(parents=True)
    (folder / "site/index.html").write_bytes(b"<p>cpio")
    with open(path, "wb") as file:
        subprocess.run(["bsdtar", "--format", "newc", "-cf", "-", "-C", folder, "."], check=True, stdout=file)
        file.write(os.urandom(100 * 512))  # of an earlier use
    web = guest("httpd", "microvm", f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80",
                arguments=["--archive=disk", "--files", "site"], extra=disk("microvm", path)).up()
    assert get(port, "") == b"<p>cpio"
    web.stop()


def test_configuration_and_zone_are_on_a_disk(guest, machine, tmp_path):
    path = archive(tmp_path / "disk", {"dns.conf": b"argument = zones/example.zone\n", "zones/example.zone": ZONE.encode()})
    port = free_port(socket.SOCK_DGRAM)
    server = guest("dns", machine, f"user,id=net,hostfwd=udp:127.0.0.1:{port}-:53",
                   arguments=["--config", "dns.conf", "--archive", "disk"], extra=disk(machine, path)).up()
    assert answer(port, "www.example.com").endswith(bytes([192, 0, 2, 80]))
    server.stop()


def test_an_initrd_lies_over_a_disk_which_is_beside_a_store(guest, machine, tmp_path):
    below = archive(tmp_path / "disk", {"a.txt": b"disk", "b.txt": b"disk"})
    above = archive(tmp_path / "initrd", {"b.txt": b"initrd", "c.txt": b"initrd"})
    store, port = tmp_path / "store", free_port()
    store.write_bytes(bytes(256 * 1024))
    web = guest("httpd", machine, f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80",
                arguments=["--store", "disk", "--archive", "disk2", "a.txt", "b.txt", "c.txt"],
                extra=[*disk(machine, store, "store"), *disk(machine, below), "-initrd", above]).up()
    assert [get(port, name) for name in ("a.txt", "b.txt", "c.txt")] == [b"disk", b"initrd", b"initrd"]
    web.stop()
    assert store.read_bytes()[:4] == b"LeS1"


def test_an_archive_by_fw_cfg(guest, machine, tmp_path):
    path, port = archive(tmp_path / "files", {"site/hello.txt": b"hello", "site/large": LARGE[:1_000_000]}), free_port()
    web = guest("httpd", machine, f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80",
                arguments=["--archive", "fw_cfg", "--files", "/./site//"], extra=["-fw_cfg", f"name=opt/leat/files,file={path}"]).up()
    assert get(port, "hello.txt") == b"hello" and get(port, "large") == LARGE[:1_000_000]
    web.stop()


def test_a_folder_may_be_built_in(guest, machine, tmp_path):
    """Files of an archive lie over it."""
    above, port = archive(tmp_path / "files", {"authority.pem": b"above", "deep/page.html": b"deep"}), free_port()
    web = guest("httpd_keys", machine, f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80", arguments=["--files", "/"],
                extra=["-initrd", above]).up()
    assert get(port, "authority.pem") == b"above" and get(port, "deep/page.html") == b"deep"
    assert get(port, "server.pem") == (BUILD / "tests/boot/server.pem").read_bytes()
    web.stop()
    alone = guest("httpd_keys", machine, arguments=["--files", "deep"])
    assert alone.wait() == 2 and "httpd: neither in this image nor beside it is such a folder" in alone.text


def test_fw_cfg_without_an_archive_is_told(guest, machine):
    stopped = guest("echo", machine, arguments=["--archive", "fw_cfg"], extra=["-fw_cfg", "name=opt/other,string=x"])
    assert stopped.wait() == 2
    assert "echo: --archive fw_cfg: there is no file opt/leat/files: " \
        "give QEMU -fw_cfg name=opt/leat/files,file=FILE" in stopped.lines


@pytest.mark.parametrize("data, told", [
    (None, "there is no virtio-blk device of virtio 1: attach one"),
    (b"\x1f\x8b\x08" + bytes(509), "it is compressed by gzip; make a tar archive, or one of cpio with -H newc"),
    (b"x" * 1024, "it is neither a tar archive nor one of cpio")])
def test_a_disk_that_cant_be_used_is_told(guest, tmp_path, data, told):
    (tmp_path / "disk").write_bytes(data or b"")
    stopped = guest("echo", "microvm", arguments=["--archive", "disk"], extra=disk("microvm", tmp_path / "disk") if data else [])
    assert stopped.wait() == 2
    assert f"echo: --archive disk: {told}" in stopped.lines


def test_a_file_larger_than_the_memory_for_copies_is_told(guest, tmp_path):
    path = archive(tmp_path / "disk", {"large.zone": LARGE})
    stopped = guest("dns", "microvm", memory=24, arguments=["--archive", "disk", "large.zone"], extra=disk("microvm", path))
    assert stopped.wait() == 2
    assert "large.zone" in stopped.text


def answer(port, name):
    """The answer of the name server to a question for the address of @name, as bytes."""
    question = b"\x12\x34\0\0\0\1\0\0\0\0\0\0" + b"".join(
        bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(30)
        sock.connect(("127.0.0.1", port))
        sock.send(question)
        return sock.recv(512)


@pytest.mark.parametrize("kind", ["folder", "volume", "tar", "cpio"])
def test_the_tool_takes_a_folder_or_an_archive(kind, tmp_path):
    """volume: laid out as a node of Kubernetes lays out a ConfigMap, with links to links."""
    folder = tmp_path / "files"
    (folder / "zones/..2026_11_26").mkdir(parents=True)
    (folder / "zones/..2026_11_26/example.zone").write_text(ZONE)
    (folder / "zones/..data").symlink_to("..2026_11_26")
    (folder / "zones/example.zone").symlink_to("..data/example.zone")
    files = folder
    if kind != "volume":
        (folder / "zones/example.zone").unlink()
        (folder / "zones/example.zone").write_text(ZONE)
    if kind in ("tar", "cpio"):
        files = tmp_path / "archive"
        form = "ustar" if kind == "tar" else "newc"
        subprocess.run(["bsdtar", "--format", form, "-cf", files, "-C", folder, "."], check=True)
    port = free_port(socket.SOCK_DGRAM)
    boot = subprocess.Popen(
        [sys.executable, BOOT, "--accel", "tcg", "--files", files, "--forward", f"udp:{port}:53",
         BUILD / "examples/dns.elf", "--", "--ip", "10.0.2.15/24", "zones/example.zone"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    limit = threading.Timer(120, boot.kill)
    limit.start()
    try:
        said = ""
        while not re.search(r"port 53", said.splitlines()[-1] if said else ""):
            line = boot.stdout.readline()
            assert line, said
            said += line
        assert answer(port, "www.example.com").endswith(bytes([192, 0, 2, 80]))
    finally:
        boot.terminate()
        boot.wait(30)
        limit.cancel()


def test_the_tool_tells_a_folder_that_is_not_there():
    done = subprocess.run([sys.executable, BOOT, "--accel", "tcg", "--files", "/nothing", BUILD / "examples/echo.elf"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == "tools/boot: --files /nothing: there is no such folder or archive\n"
