"""A certificate by itself without an operating system: an image as a client of ACME, against Debian's pebble."""

import pathlib
import subprocess
import sys

import pytest

from conftest import ARCH, IP, PEER
from test_files import archive
from test_tap import ip, netdev, tap  # noqa: F401

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "linux"))
from pebble import Pebble, shown  # noqa: E402

pytestmark = pytest.mark.skipif(ARCH != "x86_64", reason="one architecture is enough")


@pytest.fixture
def authority(tap, tmp_path):  # noqa: F811
    ip("link", "set", tap, "up")
    started = Pebble(tmp_path, PEER, IP)
    yield started
    started.close()


def orders(authority):
    """How many orders the authority has taken."""
    return authority.text.count("Added order")


def test_an_image_obtains_its_certificate_and_keeps_it(guest, authority, tap, tmp_path):  # noqa: F811
    """Files from the loader, the account and the certificate on a disk, the time from the machine's clock."""
    files = archive(tmp_path / "files.tar", {"authority.pem": authority.trust.read_bytes(), "site/index.html": b"by itself"})
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1 << 18))
    more = ["-initrd", files, "-drive", f"file={disk},format=raw,if=none,id=disk", "-device", "virtio-blk-pci,drive=disk"]
    words = authority.options(["one.example", "two.example"], "--store", "disk", "--files", "site", trust="/authority.pem")

    def boot():
        return guest("httpd", "q35", netdev(tap), arguments=words, extra=more, seconds=280)

    web = boot()
    web.wait_for("one.example: a new certificate, valid for", timeout=120)
    names, number = shown((IP, 443), "two.example", authority.roots())
    assert names == {"one.example", "two.example"}
    page = subprocess.run(["curl", "-sS", "--cacert", authority.roots(), "--connect-to", f"one.example:443:{IP}:443",
                           "https://one.example/"], check=True, capture_output=True, timeout=60).stdout
    assert page == b"by itself"
    web.stop()
    again = boot()
    again.wait_for("one.example: the kept certificate is used", timeout=60)
    assert shown((IP, 443), "one.example", authority.roots()) == (names, number)
    again.stop()
    assert "a new certificate" not in again.text
    assert orders(authority) == 1
