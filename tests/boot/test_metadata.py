"""Options from metadata, in an image: from a seed disk, and from a server at the end of a TAP device."""

import http.server
import re
import threading

import pytest

import seeds
from conftest import BY_PCI, IP, MACHINES, PEER, Guest, echo_tcp, free_port, image
from test_tap import ip, netdev, tap  # noqa: F401  pylint: disable=unused-import

SERVER = "169.254.169.254"
FILES = {"user-data": b"port = 7007\n[echo]\nidle = 30\n",
         "network-config": f"version: 2\nethernets:\n  any:\n    addresses: [{IP}/24]\n    gateway4: {PEER}\n".encode()}


def disks(machine, *paths):
    kind = "virtio-blk-pci" if machine in BY_PCI else "virtio-blk-device"
    words = []
    for number, path in enumerate(paths):
        words += ["-drive", f"file={path},format=raw,if=none,id=disk{number},readonly=on", "-device", f"{kind},drive=disk{number}"]
    return words


@pytest.mark.parametrize("kind", ["Joliet and Rock Ridge", "Rock Ridge", "FAT12 of mtools", "FAT32"])
@pytest.mark.parametrize("machine", MACHINES)
def test_a_seed_disk_has_options(guest, machine, tmp_path, kind):
    """It is the second disk, and is found there."""
    port = free_port()
    (tmp_path / "other").write_bytes(bytes(1 << 20))
    seed = seeds.make(tmp_path, kind, FILES)
    order = [tmp_path / "other", seed]
    echo = guest("echo", machine, f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:7007", arguments=["--metadata=nocloud"],
                 extra=disks(machine, *order))
    echo.wait_for(rf"{re.escape(IP)}/24 on virtio0, MTU \d+, port 7007")
    assert echo_tcp(("127.0.0.1", port), b"hello") == b"hello"
    echo.stop()


@pytest.mark.parametrize("machine", MACHINES)
def test_a_seed_disk_has_an_address(machine, tmp_path):
    """The command line has none."""
    port, seed = free_port(), seeds.make(tmp_path, "xorriso", FILES)
    echo = Guest(None, machine, f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-{IP}:7007",
                 extra=["-kernel", image("echo"), "-append", "--metadata=nocloud --stats", *disks(machine, seed)])
    try:
        echo.wait_for(rf"{re.escape(IP)}/24 on virtio0, MTU \d+, port 7007")
        assert echo_tcp(("127.0.0.1", port), b"hello") == b"hello"
        echo.stop()
        assert "DHCP" not in echo.text
    finally:
        echo.remove()


MISTAKES = {
    "--metadata=nocloud": r'echo: --metadata nocloud: no disk has a volume "cidata" of vfat or ISO 9660: attach one as virtio-blk',
    "--metadata=nocloud --metadata-disk=disk":
        r'echo: --metadata nocloud: disk has no volume "cidata" of vfat or ISO 9660: make one with genisoimage -V cidata -J -r',
    "--metadata=nocloud --metadata-disk=disk2": r"echo: --metadata nocloud: disk2: there is no virtio-blk device of virtio 1: attach one",
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_missing_seed_is_told(guest, tmp_path, words):
    (tmp_path / "other").write_bytes(bytes(1 << 20))
    machine = next(iter(MACHINES))
    echo = guest("echo", machine, arguments=words.split(), extra=disks(machine, tmp_path / "other"))
    echo.wait_for(f"^{MISTAKES[words]}$")
    assert echo.wait() == 2


@pytest.fixture
def server(tap):  # noqa: F811  pylint: disable=redefined-outer-name
    """A server like Google's; returns the paths that were asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = b"port = 7007" if self.path.endswith("/user-data") else b"vm1.internal"
            self.send_response(200)
            self.send_header("Metadata-Flavor", "Google")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    ip("addr", "add", f"{SERVER}/32", "dev", tap)
    ip("link", "set", tap, "up")
    made = http.server.ThreadingHTTPServer((SERVER, 80), Handler)
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    yield asked
    made.shutdown()
    made.server_close()


@pytest.mark.parametrize("machine", list(MACHINES)[:2])
def test_a_server_has_options(guest, machine, tap, server):  # noqa: F811  pylint: disable=redefined-outer-name
    echo = guest("echo", machine, netdev(tap), arguments=["--metadata=gcp"])
    echo.wait_for(rf"{re.escape(IP)}/24 on virtio0, MTU \d+, port 7007", 60)
    assert server == ["/computeMetadata/v1/instance/hostname", "/computeMetadata/v1/instance/attributes/user-data"]
    assert echo_tcp((IP, 7007), b"hello") == b"hello"
    echo.stop()
