"""tools/boot: what it says, that Ctrl-C ends the guest, and its exit status."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

import pytest

from conftest import BUILD, echo_tcp, echo_udp, image

SOURCE = pathlib.Path(os.environ.get("LEAT_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
COMMAND = [sys.executable, str(SOURCE / "tools/boot"), "--build", str(BUILD)]


def boot(*words):
    """Runs it to its end."""
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=60,
                          check=False)


@pytest.mark.parametrize("machine", ["microvm", "q35", "pc"])
def test_says_how_to_reach_the_program_and_ends_with_ctrl_c(machine):
    image("echo")
    child = subprocess.Popen([*COMMAND, "--accel", "tcg", "--machine", machine, "echo", "--", "--stats",
                              "--ip=10.0.2.15/24"],
                             stdout=subprocess.PIPE, text=True)
    limit = threading.Timer(60, child.kill)
    limit.start()
    try:
        ports = {}
        for line in child.stdout:
            if match := re.fullmatch(r"(tcp|udp) 127\.0\.0\.1:(\d+) -> 10\.0\.2\.15:7\n", line):
                ports[match[1]] = int(match[2])
            if "MTU 1500, port 7" in line:
                break
        assert echo_tcp(("127.0.0.1", ports["tcp"]), b"hello") == b"hello"
        assert echo_udp(("127.0.0.1", ports["udp"]), [b"hello"]) == [b"hello"]
        child.send_signal(signal.SIGINT)
        assert "udp_sent                            1 " in child.stdout.read()
        assert child.wait() == 0
    finally:
        limit.cancel()
        child.kill()
        child.wait()


def test_gives_the_exit_status_of_the_guest():
    image("resolve")
    done = boot("--accel", "tcg", "resolve", "--", "--server=10.0.2.99", "example.com")
    assert done.returncode == 1 and "no reply" in done.stdout
    assert boot("--accel", "tcg", "echo", "--", "--no-such-option").returncode == 2


def test_says_that_the_hypervisor_failed(tmp_path):
    broken = tmp_path / "broken.elf"
    broken.write_bytes(b"no image at all")
    assert boot("--accel", "tcg", str(broken)).returncode == 125
    image("echo")
    done = boot("--accel", "tcg", "echo", "--qemu=-no-such-option")
    assert done.returncode == 125 and "no-such-option" in done.stderr


def test_passes_options_to_qemu():
    image("resolve")
    done = boot("--accel", "tcg", "--qemu=-name 'a guest' -d guest_errors", "resolve", "--",
                "--no-such-option")
    assert done.returncode == 2


@pytest.mark.parametrize("words", [
    ["no-such-image"], ["echo", "--net", "wifi"], ["echo", "--hypervisor", "abacus"],
    ["echo", "--forward", "tcp:80"], ["--hypervisor", "firecracker", "echo"], [],
], ids=" ".join)  # fmt: skip
def test_what_is_wrong_gets_a_line_and_status_2(words):
    done = boot(*words)
    assert done.returncode == 2
    assert re.search(r"^tools/boot: .+", done.stderr, re.M)


def test_ends_when_nobody_reads():
    image("echo")
    child = subprocess.Popen([*COMMAND, "--accel", "tcg", "echo"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)  # fmt: skip
    assert b"booting" in child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait(60) == 0


def test_help():
    done = boot("--help")
    assert done.returncode == 0 and "--hypervisor" in done.stdout
