"""The flight recorder of an image: dumped to the console after a crash, by a connection, and at the end."""

import json
import os
import pathlib
import re
import socket
import subprocess

import pytest

from conftest import BUILD, IP, echo_udp, free_port

# of the build for this machine
TOOL = pathlib.Path(os.environ.get("LEAT_NATIVE_BUILD", BUILD)) / "tools/leat-replay/leat-replay"


def replay(*words):
    if not TOOL.is_file():
        pytest.skip(f"{TOOL} has not been built")
    return subprocess.run([TOOL, *words], check=True, capture_output=True, timeout=60).stdout


def received(path):
    """The number of datagrams for the echo port in a dump."""
    return json.loads(replay("feed", "--json", "--ip", IP, path))["counters"]["drop_udp_port"]


def unhexed(guest, tmp_path):
    """The dump on the console."""
    console, path = tmp_path / "console", tmp_path / "last.pcapng"
    console.write_text(guest.text)
    replay("unhex", "--record", path, console)
    return path


def test_an_assertion(guest, machine, tmp_path):
    port = free_port(socket.SOCK_DGRAM)
    crash = guest("crash", machine, f"user,id=net,hostfwd=udp:127.0.0.1:{port}-{IP}:7").up()
    assert echo_udp(("127.0.0.1", port), [b"hello"]) == [b"hello"]
    with pytest.raises(socket.timeout):
        echo_udp(("127.0.0.1", port), [b"crash"], timeout=1)
    assert crash.wait(60) == 127
    assert re.search(r"assertion failed: [a-z_]+\.[ch]:\d+\s+leat: exception", crash.text)
    assert len(re.findall(r"^stk (?:[0-9a-f]{16}  ?){4}", crash.text, re.M)) == 4
    assert received(unhexed(crash, tmp_path)) == 2


def test_by_a_connection(guest, machine, tmp_path):
    ports = free_port(socket.SOCK_DGRAM), free_port()
    echo = guest("echo", machine, f"user,id=net,hostfwd=udp:127.0.0.1:{ports[0]}-{IP}:7,"
                 f"hostfwd=tcp:127.0.0.1:{ports[1]}-{IP}:99", arguments=["--flight-port=99"]).up()
    echo_udp(("127.0.0.1", ports[0]), 3 * [b"x"])
    path = tmp_path / "last.pcapng"
    with socket.create_connection(("127.0.0.1", ports[1]), timeout=20) as sock, open(path, "wb") as to:
        while data := sock.recv(65536):
            to.write(data)
    assert received(path) == 3


def test_at_the_end(guest, tmp_path):
    port = free_port(socket.SOCK_DGRAM)
    echo = guest("echo", netdev=f"user,id=net,hostfwd=udp:127.0.0.1:{port}-{IP}:7",
                 arguments=["--flight-dump"]).up()
    echo_udp(("127.0.0.1", port), [b"x"])
    echo.stop()
    assert received(unhexed(echo, tmp_path)) == 1
