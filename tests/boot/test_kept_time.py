"""A machine without a clock goes on from the time that its last run knew; a wrong clock is corrected again."""

import re
import socket
import struct
import threading
import time
from datetime import datetime, timezone

import pytest

from conftest import ARCH
from test_store import words

IN_2031 = datetime(2031, 5, 5, 12, tzinfo=timezone.utc).timestamp()
FROM_1900 = 2208988800

pytestmark = pytest.mark.skipif(ARCH != "x86_64", reason="one architecture is enough")


class Server(threading.Thread):
    """A time server (RFC 5905) on this machine's loopback; IN_2031 is when it begins."""

    def __init__(self):
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._began = time.monotonic()
        self.start()

    def now(self):
        return IN_2031 + time.monotonic() - self._began

    def run(self):
        while True:
            request, client = self._socket.recvfrom(1024)
            if not request:
                return
            stamp = struct.pack(">Q", int((self.now() + FROM_1900) * 2**32) % 2**64)
            self._socket.sendto(b"\x24\x01\x06\xec" + bytes(8) + b"TEST" + stamp + request[40:48] + stamp + stamp, client)

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self.join()
        self._socket.close()


@pytest.fixture(name="server")
def server_():
    made = Server()
    yield made
    made.close()


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(256 * 1024))
    return path


def clock(guest, machine, disk, server, *extra):
    """Runs the example until it ends by itself, and returns its lines about the time."""
    one = guest("clock", machine, arguments=["--store", "disk", "--port", str(server.port), "10.0.2.2"],
                extra=[*words(disk, machine), *extra])
    assert one.wait(60) == 0
    found = re.findall(r"^\w{3}, (\d\d \w{3} \d{4} [0-9:]{8}) GMT by (.*)$", one.text, re.M)
    return one, {by: datetime.strptime(when, "%d %b %Y %H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
                 for when, by in found}


def test_time_goes_on_without_a_clock(guest, disk, server):
    one, said = clock(guest, "microvm", disk, server)
    assert "the machine has no clock" in one.lines and list(said) == ["10.0.2.2"]
    before = said["10.0.2.2"]
    for _ in range(2):
        _, said = clock(guest, "microvm", disk, server)
        assert before <= said["the end of the last run"] <= said["10.0.2.2"] + 3
        before = said["10.0.2.2"]


def test_a_wrong_clock_is_corrected_again(guest, disk, server):
    wrong = ["-rtc", "base=2031-05-05T10:00:00,clock=vm"]
    _, said = clock(guest, "q35", disk, server, *wrong)
    assert said["10.0.2.2"] - said["the machine's clock"] > 7000
    offset = said["10.0.2.2"] - said["the machine's clock"]
    _, said = clock(guest, "q35", disk, server, "-rtc", "base=2031-05-05T10:30:00,clock=vm")
    assert abs(said["the machine's clock"] - (IN_2031 - 7200 + 1800 + offset)) < 30


def test_starts_are_counted(guest, disk, server):
    for start in (1, 2, 3):
        clock(guest, "microvm", disk, server)
        bytes_ = disk.read_bytes()
        values = [int.from_bytes(bytes_[at + 73:at + 81], "big") for at in range(0, len(bytes_), 512)
                  if bytes_[at + 40:at + 72].rstrip(b"\0") == b"leat/runs"]
        assert max(values) == start
