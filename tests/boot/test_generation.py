"""A machine that was copied, or whose disk was, renews its secrets: ACPI's generation id (VM_Gen_Counter)."""

import json
import socket
import time

import pytest

from conftest import ARCH
from test_kept import value_of
from test_store import words

MACHINE = "q35-seabios"  # qboot doesn't tell QEMU where the id lies
FIRST, SECOND = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
DIFFERS = "echo: the machine has another generation id than in the last run, and may be a copy, so its secrets were renewed"
COPIED = "echo: the machine was copied, or went back to an earlier state, so its secrets were renewed"

pytestmark = pytest.mark.skipif(ARCH != "x86_64", reason="other machines have no ACPI here")


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(256 * 1024))
    return path


def boot(guest, disk, guid, *extra):
    return guest("echo", MACHINE, arguments=["--store", "disk"],
                 extra=[*words(disk, MACHINE), *(["-device", f"vmgenid,guid={guid}"] if guid else []), *extra])


def said(one):
    return [line for line in one.lines if line in (DIFFERS, COPIED)]


def test_a_copied_disk_is_noticed_at_the_start(guest, disk):
    for guid, lines in (FIRST, []), (FIRST, []), (SECOND, [DIFFERS]), (SECOND, []):
        one = boot(guest, disk, guid).up()
        one.stop()
        assert said(one) == lines
    assert value_of(disk, b"leat/generation")[1:] == b"\x22" * 6 + b"\x22\x42\x82" + b"\x22" * 7


def test_a_machine_without_an_id_keeps_none(guest, disk):
    one = boot(guest, disk, None).up()
    one.stop()
    assert said(one) == [] and value_of(disk, b"leat/generation") == b""


class Monitor:
    """QEMU's monitor (QMP) at a UNIX socket."""

    def __init__(self, path):
        end = time.monotonic() + 60
        while True:
            self._socket = socket.socket(socket.AF_UNIX)
            try:
                self._socket.connect(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError):  # QEMU has just begun
                self._socket.close()
                assert time.monotonic() < end
                time.sleep(0.05)
        self._socket.settimeout(60)
        self._lines = self._socket.makefile("r")
        self._lines.readline()  # the greeting
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        """The command's result; events are skipped."""
        self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            answer = json.loads(self._lines.readline())
            assert "error" not in answer, answer
            if "return" in answer:
                return answer["return"]

    def save(self, path):
        """Writes the state of the machine, which stands still from then on."""
        self.do("migrate", uri=f"exec:cat > {path}")
        while (status := self.do("query-migrate")["status"]) != "completed":
            assert status in ("setup", "active", "device"), status
            time.sleep(0.05)


def test_a_copy_of_a_running_machine_notices(guest, disk, tmp_path):
    path, state = tmp_path / "monitor", tmp_path / "state"
    one = boot(guest, disk, FIRST, "-qmp", f"unix:{path},server=on,wait=off").up()
    Monitor(path).save(state)
    one.remove()
    for guid, lines in (FIRST, []), (SECOND, [COPIED]):
        path.unlink(missing_ok=True)
        kept = disk.read_bytes()
        one = boot(guest, disk, guid, "-incoming", f"exec:cat {state}", "-qmp", f"unix:{path},server=on,wait=off")
        if lines:
            one.wait_for(COPIED)
        else:
            monitor = Monitor(path)
            while not monitor.do("query-status")["running"]:
                time.sleep(0.05)
        one.stop()
        assert said(one) == lines
        if not lines:
            disk.write_bytes(kept)  # the state belongs to this disk
