"""Under a supervisor: the notifications to systemd, the answers of /healthz and /readyz, and the unit itself."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from conftest import binary, make_tap, run

SOURCE = pathlib.Path(os.environ["LEAT_SOURCE"])
HERE, THERE = "10.9.7.1", "10.9.7.2"


@pytest.fixture(scope="module", autouse=True)
def device():
    make_tap("watched0")
    run("ip", "addr", "add", f"{HERE}/24", "dev", "watched0")
    yield
    run("ip", "link", "del", "watched0")


@contextlib.contextmanager
def supervised(path, watchdog_s=None, pid=None):
    """(the program, the socket that gets its notes)"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notes:
        notes.bind("\0" + path[1:] if path.startswith("@") else path)
        notes.settimeout(30)
        environment = dict(os.environ, NOTIFY_SOCKET=path)
        if watchdog_s:
            environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1000000))
        if pid:
            environment["WATCHDOG_PID"] = str(pid)
        child = subprocess.Popen([binary("echo"), "--tap", "watched0", "--ip", f"{THERE}/24", "--dashboard", "9000", "--drain", "3"],
                                 stdout=subprocess.PIPE, text=True, env=environment)
        try:
            assert ", port 7" in child.stdout.readline()
            yield child, notes
        finally:
            child.kill()
            child.wait()


def ask(path):
    try:
        with urllib.request.urlopen(f"http://{THERE}:9000{path}", timeout=20) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def end(child):
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) == 0


@pytest.mark.parametrize("path", ["file", "@leat-test-notes"])
def test_systemd_hears_of_the_start_a_reload_and_the_end(tmp_path, path):
    with supervised(path if path[0] == "@" else str(tmp_path / path)) as (child, notes):
        assert notes.recv(100) == b"READY=1"
        end(child)
        assert notes.recv(100) == b"STOPPING=1"


def test_the_watchdog_gets_signs_of_life_in_half_its_interval(tmp_path):
    with supervised(str(tmp_path / "notes"), watchdog_s=1) as (child, notes):
        assert notes.recv(100) == b"READY=1"
        begin = time.monotonic()
        for _ in range(5):
            assert notes.recv(100) == b"WATCHDOG=1"
        assert time.monotonic() - begin > 1.5  # the first one comes at once, each other after 500 ms
        end(child)


def test_the_watchdog_of_another_process_is_not_ours(tmp_path):
    with supervised(str(tmp_path / "notes"), watchdog_s=0.2, pid=1) as (_, notes):
        assert notes.recv(100) == b"READY=1"
        notes.settimeout(1)
        with pytest.raises(TimeoutError):
            notes.recv(100)


def test_a_reload_is_told_by_its_begin_and_its_end(tmp_path):
    config = tmp_path / "c.conf"
    config.write_text(f"tap = watched0\nip = {THERE}/24\n", encoding="utf-8")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notes:
        notes.bind(str(tmp_path / "notes"))
        notes.settimeout(30)
        child = subprocess.Popen([binary("echo"), "--config", config], stdout=subprocess.PIPE, text=True,
                                 env=dict(os.environ, NOTIFY_SOCKET=str(tmp_path / "notes")))
        try:
            assert notes.recv(100) == b"READY=1"
            child.send_signal(signal.SIGHUP)
            first = notes.recv(100).split(b"\n")
            assert first[0] == b"RELOADING=1" and first[1].startswith(b"MONOTONIC_USEC=")
            assert notes.recv(100) == b"READY=1"
            end(child)
        finally:
            child.kill()
            child.wait()


def test_health_readiness_and_facts(tmp_path):
    with supervised(str(tmp_path / "notes")) as (child, _):
        assert ask("/healthz") == (200, "ok\n")
        assert ask("/readyz") == (200, "ready\n")
        status, text = ask("/metrics")
        assert status == 200 and 'leat_build_info{version="' in text and 'program="echo"} 1\n' in text
        assert "\nleat_uptime_seconds " in text and "\nleat_ready 1\n" in text and "\nleat_tcp_opened_passive_total " in text
        if shutil.which("promtool"):
            subprocess.run(["promtool", "check", "metrics"], input=text, text=True, check=True, timeout=60)
        end(child)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_unit_is_one(tmp_path):
    unit = tmp_path / "leat@echo.service"
    text = (SOURCE / "examples/service/leat@.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/usr/local/bin/%i", binary("echo")), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False, timeout=60)
    assert not [line for line in done.stderr.splitlines() if "leat@echo" in line], done.stderr
