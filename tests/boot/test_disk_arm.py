"""Disk images and CDs of tools/image for 64-bit Arm: by AAVMF, on the kinds of disks that clouds have."""

import email.utils
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest

from conftest import ARCH, BUILD, IP, PEER, Guest, echo_tcp, free_port

SOURCE = pathlib.Path(os.environ.get("LEAT_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
AAVMF = pathlib.Path("/usr/share/AAVMF")
START_S = 100  # the firmware runs in TCG, too
IDLE_S = 5

pytestmark = pytest.mark.skipif(ARCH != "aarch64" or not shutil.which("mformat") or not (AAVMF / "AAVMF_CODE.fd").is_file(),
                                reason="no AAVMF (qemu-efi-aarch64) or mtools")
DISKS = {
    "virtio-blk": ["-device", "virtio-blk-pci,drive=disk,bootindex=1"],
    "virtio-scsi": ["-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=disk,bootindex=1"],
    "nvme": ["-device", "nvme,drive=disk,serial=1,bootindex=1"],
}
# a CD is also a disk, as on a USB stick
CDS = {
    "scsi-cd": ["-device", "virtio-scsi-pci", "-device", "scsi-cd,drive=disk,bootindex=1"],
    "usb": ["-device", "qemu-xhci", "-device", "usb-storage,drive=disk,bootindex=1"],
    "virtio-blk": DISKS["virtio-blk"],
}


def make(path, *words):
    made = subprocess.run([sys.executable, "-B", SOURCE / "tools/image", "--arch", "aarch64", "--build", BUILD, "--output", path, *words],
                          capture_output=True, text=True, timeout=300, check=False)
    assert made.returncode == 0, made.stderr
    assert path.stat().st_size <= 8 << 20
    return path


def processor_s(process):
    """Processor time that a process has used."""
    words = pathlib.Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def boot(folder, disk, device, netdev, acpi="off", gic=3):
    shutil.copy(AAVMF / "AAVMF_VARS.fd", folder / "vars")
    return Guest(None, "virt-pci", netdev=netdev, memory=256, seconds=2 * START_S, extra=[
        "-M", f"virt,gic-version={gic},acpi={acpi}", "-drive", f"if=pflash,format=raw,readonly=on,file={AAVMF}/AAVMF_CODE.fd",
        "-drive", f"if=pflash,format=raw,file={folder}/vars",
        "-drive", f"file={disk},format=raw,if=none,id=disk,{'media=cdrom' if '-cd' in device[-1] else 'snapshot=on'}", *device])  # fmt: skip


@pytest.mark.parametrize("kind, acpi", [("virtio-blk", "off"), ("virtio-scsi", "off"), ("nvme", "off"), ("virtio-scsi", "on"), ("nvme", "on")])
def test_a_disk_brings_files(tmp_path, kind, acpi):
    files, port = tmp_path / "files", free_port()
    (files / "site").mkdir(parents=True)
    (files / "site/index.html").write_bytes(b"<p>from the disk")
    (files / "site/large").write_bytes(os.urandom(1_000_000))
    disk = make(tmp_path / "disk", "--files", files, "httpd", "--", f"--ip={IP}/24", f"--gateway={PEER}", "--files", "site", "--stats")
    guest = boot(tmp_path, disk, DISKS[kind], f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80", acpi)
    try:
        guest.wait_for(rf"{IP}/24 on virtio0, MTU \d+, port 80", START_S)
        for name in ("index.html", "large"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=100) as reply:
                assert reply.read() == (files / "site" / name).read_bytes()
                date = email.utils.parsedate_to_datetime(reply.headers["Date"]).timestamp()
                assert abs(date - time.time()) < 600, "by the real-time clock of the tree, or of UEFI"
        guest.stop()
    finally:
        guest.remove()


@pytest.mark.parametrize("gic", [2, 3])
def test_a_disk_boots_by_ACPI_alone(tmp_path, gic):
    port = free_port()
    disk = make(tmp_path / "disk", "echo", "--", f"--ip={IP}/24", f"--gateway={PEER}", "--stats")
    guest = boot(tmp_path, disk, DISKS["virtio-blk"], f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:7", "on", gic)
    try:
        guest.wait_for(rf"{IP}/24 on virtio0, MTU \d+, port 7", START_S)
        data = os.urandom(1 << 20)
        assert echo_tcp(("127.0.0.1", port), data) == data
        before = processor_s(guest.pid)
        time.sleep(IDLE_S)
        assert processor_s(guest.pid) - before <= 0.02 * IDLE_S, "devices interrupt: nothing is polled"
        guest.stop()
    finally:
        guest.remove()


@pytest.mark.skipif(not shutil.which("xorriso"), reason="no xorriso (apt-get install xorriso)")
@pytest.mark.parametrize("kind", CDS)
def test_a_cd_boots(tmp_path, kind):
    words = ["--format", "iso", "echo", "--", f"--ip={IP}/24", f"--gateway={PEER}", "--stats"]
    cd = make(tmp_path / "cd", *words)
    assert cd.read_bytes() == make(tmp_path / "again", *words).read_bytes()
    guest = boot(tmp_path, cd, CDS[kind], "user,id=net")
    try:
        guest.wait_for(rf"{IP}/24 on virtio0, MTU \d+, port 7", START_S)
        guest.stop()
    finally:
        guest.remove()


def test_the_bill_of_materials_names_the_parts(tmp_path):
    bills = []
    for number in range(2):
        disk = make(tmp_path / f"{number}.raw", "echo", "--sbom", tmp_path / f"{number}.json")
        bills.append((tmp_path / f"{number}.json").read_text(encoding="utf-8"))
    assert bills[0] == bills[1]
    bill = json.loads(bills[0])
    assert bill["metadata"]["component"]["hashes"][0]["content"] == hashlib.sha256(disk.read_bytes()).hexdigest()
    assert [part["name"] for part in bill["components"]] == ["echo", "leat"], "there is no GRUB, and echo has no TLS"
    image = (BUILD / "examples/echo.image").read_bytes()
    assert bill["components"][0]["hashes"][0]["content"] == hashlib.sha256(image).hexdigest()
