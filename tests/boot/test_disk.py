"""Disk images and CDs of tools/image: by SeaBIOS and by OVMF, on the kinds of disks that clouds have."""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request

import pytest

from conftest import ARCH, BUILD, Guest, IP, PEER, free_port

SOURCE = pathlib.Path(os.environ.get("LEAT_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
OVMF = pathlib.Path("/usr/share/OVMF")
START_S = 100  # GRUB and its firmware run in TCG, too

pytestmark = pytest.mark.skipif(
    ARCH != "x86_64" or not all(map(shutil.which, ("grub-mkimage", "mformat", "qemu-img"))) or
    not pathlib.Path("/usr/lib/grub/i386-pc").is_dir() or not pathlib.Path("/usr/lib/grub/x86_64-efi").is_dir(),
    reason="no GRUB for both firmwares, mtools or qemu-img")

DISKS = {
    "virtio-blk": ["-device", "virtio-blk-pci,drive=disk,bootindex=1"],
    "virtio-scsi": ["-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=disk,bootindex=1"],
    "nvme": ["-device", "nvme,drive=disk,serial=1,bootindex=1"],
}
# a CD is also a disk, as on a USB stick
CDS = {
    "cd": ["-device", "ide-cd,drive=disk,bootindex=1"],
    "scsi-cd": ["-device", "virtio-scsi-pci", "-device", "scsi-cd,drive=disk,bootindex=1"],
    "usb": ["-device", "qemu-xhci", "-device", "usb-storage,drive=disk,bootindex=1"],
}


def make(path, *words):
    return subprocess.run([sys.executable, "-B", SOURCE / "tools/image", "--build", BUILD, "--output", path, *words],
                          capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    path = tmp_path_factory.mktemp("disk") / "echo.raw"
    made = make(path, "echo", "--", f"--ip={IP}/24", f"--gateway={PEER}", "--stats")
    assert made.returncode == 0, made.stderr
    assert path.stat().st_size <= 4 << 20
    return path


@pytest.fixture(scope="module")
def cd(tmp_path_factory):
    if not shutil.which("xorriso"):
        pytest.skip("no xorriso (apt-get install xorriso)")
    path = tmp_path_factory.mktemp("cd") / "echo.iso"
    made = make(path, "--format", "iso", "echo", "--", f"--ip={IP}/24", f"--gateway={PEER}", "--stats")
    assert made.returncode == 0, made.stderr
    assert path.stat().st_size <= 4 << 20
    return path


@contextlib.contextmanager
def boot(disk, device, firmware, folder, netdev="user,id=net", port=7):
    """A guest that has started, and ends in order."""
    access = "media=cdrom" if "-cd," in device[-1] else "snapshot=on"
    more = ["-drive", f"file={disk},format=raw,if=none,id=disk,{access}", *device]
    if firmware == "uefi":
        if not (OVMF / "OVMF_CODE_4M.fd").is_file():
            pytest.skip("no OVMF (apt-get install ovmf)")
        shutil.copy(OVMF / "OVMF_VARS_4M.fd", folder / "vars")
        more += ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF}/OVMF_CODE_4M.fd",
                 "-drive", f"if=pflash,format=raw,file={folder}/vars"]
    guest = Guest(None, "disk", netdev=netdev, extra=more, memory=128, seconds=2 * START_S)
    try:
        guest.wait_for(rf"{IP}/24 on virtio0, MTU \d+, port {port}", START_S)
        yield guest
        guest.stop()
    finally:
        guest.remove()


@pytest.mark.parametrize("kind", DISKS)
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_a_disk_boots(disk, tmp_path, firmware, kind):
    with boot(disk, DISKS[kind], firmware, tmp_path):
        pass


@pytest.mark.parametrize("firmware, kind", [("bios", "cd"), ("bios", "scsi-cd"), ("bios", "usb"), ("uefi", "cd"), ("uefi", "scsi-cd")])
def test_a_cd_boots(cd, tmp_path, firmware, kind):
    with boot(cd, CDS[kind], firmware, tmp_path):
        pass


FILES = {"site/index.html": b"<p>from the disk", "site/large": os.urandom(3_000_000)}


def folder_of(path):
    """A folder with FILES; returns its path."""
    for name, data in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


@pytest.mark.parametrize("kind, device", [("raw", ["-device", "virtio-blk-pci,drive=disk,bootindex=1"]), ("iso", CDS["cd"])])
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_a_disk_brings_files(tmp_path, firmware, kind, device):
    if kind == "iso" and not shutil.which("xorriso"):
        pytest.skip("no xorriso (apt-get install xorriso)")
    files, path, port = folder_of(tmp_path / "files"), tmp_path / "disk", free_port()
    made = make(path, "--format", kind, "--files", files, "httpd", "--", f"--ip={IP}/24", f"--gateway={PEER}", "--files", "site",
                "--stats")
    assert made.returncode == 0, made.stderr
    with boot(path, device, firmware, tmp_path, f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80", 80):
        for name, data in ("", FILES["site/index.html"]), ("large", FILES["site/large"]):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=100) as reply:
                assert reply.read() == data


def test_says_that_there_are_no_such_files(tmp_path):
    made = make(tmp_path / "x", "--files", "/nothing", "echo")
    assert made.returncode == 2
    assert made.stderr == "tools/image: --files /nothing: there is no such folder or archive\n"


def test_the_same_program_gives_the_same_cd(cd, tmp_path):
    again = make(tmp_path / "again.iso", "--format", "iso", "echo", "--", f"--ip={IP}/24", f"--gateway={PEER}", "--stats")
    assert again.returncode == 0, again.stderr
    assert cd.read_bytes() == (tmp_path / "again.iso").read_bytes()


def test_each_format_is_made(tmp_path):
    for kind, magic in (("qcow2", b"QFI\xfb"), ("vhd", b"conectix"), ("gcp", b"\x1f\x8b")):
        path = tmp_path / kind
        made = make(path, "--format", kind, "echo")
        assert made.returncode == 0, made.stderr
        assert path.read_bytes().startswith(magic)


def test_says_that_there_is_no_such_program(tmp_path):
    made = make(tmp_path / "x", "nothing")
    assert made.returncode == 2
    assert "there is no" in made.stderr and "--build DIR" in made.stderr


def test_the_bill_of_materials_names_the_parts(tmp_path):
    bills = []
    for number in range(2):
        made = make(tmp_path / f"{number}.raw", "echo", "--sbom", tmp_path / f"{number}.json")
        assert made.returncode == 0, made.stderr
        bills.append((tmp_path / f"{number}.json").read_bytes())
    assert bills[0] == bills[1]
    bill, disk = json.loads(bills[0]), (tmp_path / "0.raw").read_bytes()
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert bill["metadata"]["component"]["hashes"][0]["content"] == hashlib.sha256(disk).hexdigest()
    parts = {part["bom-ref"]: part for part in bill["components"]}
    assert {"echo", "leat", "GRUB for BIOS", "GRUB for UEFI"} <= set(parts)
    assert parts["leat"]["licenses"] == [{"license": {"id": "ISC"}}]
    for entry in bill["dependencies"]:
        assert set(entry["dependsOn"]) <= set(parts)
    # rules of CycloneDX 1.5 and of package URLs: Debian has no program that checks them
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", bill["serialNumber"])
    assert set(bill) == {"bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "dependencies"}
    refs = [part["bom-ref"] for part in (bill["metadata"]["component"], *bill["components"])]
    assert len(set(refs)) == len(refs) and {entry["ref"] for entry in bill["dependencies"]} <= set(refs)
    for part in (bill["metadata"]["component"], *bill["components"]):
        assert part["type"] in {"application", "library", "firmware"} and part["name"]
        assert re.fullmatch(r"pkg:deb/debian/[a-z0-9.+-]+@[\w.:~%-]+", part.get("purl", "pkg:deb/debian/a@1"))
        assert all(value["alg"] == "SHA-256" and re.fullmatch("[0-9a-f]{64}", value["content"]) for value in part.get("hashes", ()))
