"""A disk that fails at the start: one line with cause and cure, and a status that isn't 0; over mmio and over PCI."""

import pytest

from conftest import BY_PCI

BYTES = 1 << 18
FAILS = "can't be read: look at the host's disk, or give another"


def failing(folder, machine, event):
    """A disk of QEMU's blkdebug that fails each @event: reads, writes or flushes."""
    (folder / "disk").write_bytes(bytes(BYTES))
    (folder / "rules").write_text(f'[inject-error]\nevent = "{event}"\nerrno = "5"\nonce = "off"\nimmediately = "off"\n')
    kind = "virtio-blk-pci" if machine in BY_PCI else "virtio-blk-device"
    return ["-drive", f"file=blkdebug:{folder}/rules:{folder}/disk,format=raw,if=none,id=disk", "-device", f"{kind},drive=disk"]


@pytest.mark.parametrize("name, words, line", [
    ("echo", "--store disk", "--store disk: it can't be used: device failed: look at the host's disk, or give another"),
    ("httpd", "--archive disk", f"--archive disk: it can't be read, at byte 0 of {BYTES}: look at the host's disk, or give another"),
    ("echo", "--metadata nocloud", f"--metadata nocloud: disk {FAILS}"),
    ("echo", "--metadata nocloud --metadata-disk disk", f"--metadata nocloud: disk {FAILS}"),
])  # fmt: skip
def test_a_disk_that_can_not_be_read_ends_the_start(guest, machine, tmp_path, name, words, line):
    one = guest(name, machine, arguments=words.split(), extra=failing(tmp_path, machine, "read_aio"))
    assert one.wait(60) == 2, one.text
    assert one.lines.count(f"{name}: {line}") == 1, one.text


@pytest.mark.parametrize("event", ["read_aio", "write_aio", "flush_to_disk"])
def test_a_program_with_a_store_is_told(guest, machine, tmp_path, event):
    one = guest("store", machine, netdev=None, extra=failing(tmp_path, machine, event))
    assert one.wait(60) == 1, one.text
    assert "the store: device failed" in one.lines, one.text


@pytest.mark.parametrize("event", ["write_aio", "flush_to_disk"])
def test_a_disk_that_can_not_be_written_is_told(guest, machine, tmp_path, event):
    one = guest("echo", machine, arguments=["--store", "disk"], extra=failing(tmp_path, machine, event)).up()
    assert "echo: --store disk: leat/entropy is not written: device failed" in one.lines, one.text
    one.stop()
