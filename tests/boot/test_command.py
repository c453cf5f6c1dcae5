"""tools/boot: its output, its exit status, and the end of the guest by Ctrl-C."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

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


@pytest.fixture
def outside():
    """An interface with a default route of each family, and a link-local address, which passt looks for."""
    if os.environ.get("LEAT_HOST_NETWORK") or not shutil.which("passt"):
        pytest.skip("no passt, or no network namespace")
    made = subprocess.run("ip link add outside type veth peer name beyond && ip link set beyond up && ip link set outside up && "
                          "ip addr add 198.51.100.2/24 dev outside && ip route add default via 198.51.100.1 && "
                          "ip addr add 2001:db8:51::2/64 dev outside nodad && ip route add default via 2001:db8:51::1",
                          shell=True, check=False, capture_output=True)
    if made.returncode != 0:
        pytest.skip("no pairs of devices, or no IPv6")
    for _ in range(100):  # wait until the link-local address has passed its check, and isn't "tentative" any more
        shown = subprocess.run(["ip", "-6", "addr", "show", "dev", "outside", "scope", "link", "-tentative"], check=True,
                               capture_output=True)
        if b"fe80:" in shown.stdout:
            break
        time.sleep(0.1)
    yield
    subprocess.run(["ip", "link", "del", "outside"], check=True)


@pytest.mark.parametrize("asked", [[], ["--forward", "tcp6:6543:7", "--forward", "tcp:7543:7"]])
def test_forwards_over_both_families(outside, asked):
    """passt gives the guest addresses of both families, and forwards ports of both loopbacks."""
    image("echo")
    child = subprocess.Popen([*COMMAND, "--accel", "tcg", "--net", "passt", *asked, "echo"], stdout=subprocess.PIPE, text=True)
    limit = threading.Timer(60, child.kill)
    limit.start()
    try:
        ports, families = {}, set()
        for line in child.stdout:
            if match := re.fullmatch(r"(tcp6?|udp) (127\.0\.0\.1|\[::1\]):(\d+) -> port 7\n", line):
                ports[match[1]] = int(match[3])
            families |= {4} if ": 198.51.100.2/24 on virtio0" in line else {6} if ": IPv6: 2001:db8:51:" in line else set()
            if families == {4, 6}:
                break
        assert ports == ({"tcp6": 6543, "tcp": 7543} if asked else {"tcp": 7007, "udp": 7007, "tcp6": 6007})
        data = os.urandom(100_000)
        assert echo_tcp(("127.0.0.1", ports["tcp"]), data) == data
        assert echo_tcp(("::1", ports["tcp6"]), data) == data
        child.send_signal(signal.SIGINT)
        assert child.wait() == 0
    finally:
        limit.cancel()
        child.kill()
        child.wait()


def test_without_ipv6_passt_forwards_the_other(outside):
    """By default an impossible forward is left out, with a line; an explicit one is an error."""
    subprocess.run(["ip", "-6", "addr", "flush", "dev", "outside"], check=True)
    subprocess.run(["ip", "link", "set", "outside", "addrgenmode", "none"], check=True)
    child = subprocess.Popen([*COMMAND, "--accel", "tcg", "--net", "passt", "echo", "--", "--version"], stdout=subprocess.PIPE, text=True)
    said = child.communicate(timeout=60)[0]
    assert child.returncode == 0
    assert "passt, over IPv6: " in said and "tcp 127.0.0.1:7007 -> port 7" in said and "tcp6" not in said
    done = boot("--accel", "tcg", "--net", "passt", "--forward", "tcp6:6543:7", "echo")
    assert done.returncode == 2 and done.stderr.startswith("tools/boot: passt: ")


def test_gives_the_exit_status_of_the_guest():
    image("resolve")
    done = boot("--accel", "tcg", "resolve", "--", "--server=10.0.2.99", "example.com")
    assert done.returncode == 7 and "no answer from 10.0.2.99 to ARP" in done.stdout
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
    ["echo", "--forward", "tcp:80"], ["echo", "--forward", "tcp6:6007:7"], ["--hypervisor", "firecracker", "echo"],
    ["--hypervisor", "firecracker", "--net", "passt", "echo"], [],
], ids=" ".join)  # fmt: skip
def test_a_wrong_option_gets_a_line_and_status_2(words):
    done = boot(*words)
    assert done.returncode == 2
    assert re.search(r"^tools/boot: .+", done.stderr, re.M)


def test_firecracker_flushes_a_disk(tmp_path):
    """Instead of Firecracker a script prints the configuration that it got."""
    script = tmp_path / "firecracker"
    script.write_text("#!/bin/sh\ncat \"$3\"\n", encoding="ascii")
    script.chmod(0o755)
    (tmp_path / "any.elf").write_bytes(b"")
    done = subprocess.run([*COMMAND, "--hypervisor", "firecracker", "--net", "tap=none", "--disk", tmp_path / "disk",
                           tmp_path / "any.elf"], capture_output=True, text=True, timeout=60, check=True,
                          env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    drive, = json.loads(done.stdout.splitlines()[-1])["drives"]
    assert drive["path_on_host"] == str(tmp_path / "disk")
    assert drive["cache_type"] == "Writeback"


def test_ends_when_its_output_is_closed():
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
