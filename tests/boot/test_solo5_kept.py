"""--store and --archive on Solo5: an image whose manifest has a disk keeps its lease there, or has its files from there."""

import io
import re
import shutil
import subprocess
import tarfile

import pytest
from solo5 import START_S, image, tools
from test_solo5 import abi  # noqa: F401  pylint: disable=unused-import

MAC = "02:6c:65:61:74:73"
DISK_BYTES = 64 * 512


@pytest.fixture
def server(tmp_path):
    """dnsmasq on the TAP device kept0."""
    dnsmasq = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin:/sbin:/bin") or pytest.skip("no dnsmasq")
    tools.make_tap("kept0", 1500, "10.79.0.1/24")
    made = tools.Process(dnsmasq, "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--log-dhcp", "--port=0",
                         "--user=", "--group=", f"--pid-file={tmp_path}/pid", f"--dhcp-leasefile={tmp_path}/leases",
                         "--interface=kept0", "--bind-interfaces", "--no-ping", "--dhcp-authoritative",
                         "--dhcp-range=10.79.0.50,10.79.0.60,255.255.255.0,120")
    made.wait_for("DHCP, IP range")
    yield made
    made.kill()
    tools.run("ip", "link", "del", "kept0", check=False)


def boot(kind, disk, *words):
    return tools.Process(f"solo5-{kind}", "--mem=32", "--net:service=kept0", f"--block:disk={disk}", "--", image("kept", kind),
                         "--solo5:quiet", "--buffers=512", "--connections=16", f"--mac={MAC}", *words)


def test_a_lease_survives_a_restart(abi, server, tmp_path):  # noqa: F811
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(DISK_BYTES))
    for kinds in (["DISCOVER", "OFFER", "REQUEST", "ACK"], ["REQUEST", "ACK"]):
        before = len(server.lines)
        echo = boot(abi, disk, "--store=disk")
        echo.wait_for(r"echo: 10\.79\.0\.\d+/24 on service, MTU 1500, port 7", START_S)
        assert tools.until(lambda: b"leat/lease" in disk.read_bytes())
        echo.kill()
        said = "\n".join(server.lines[before:])
        assert re.findall(r" DHCP(DISCOVER|OFFER|REQUEST|ACK|NAK)\(", said) == kinds
        assert "--store" not in echo.text


def test_a_name_that_the_manifest_lacks(abi, server, tmp_path):  # noqa: F811
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(DISK_BYTES))
    echo = boot(abi, disk, "--store=other")
    echo.wait_for("echo: --store other: the manifest has no block device of this name, or it has been acquired already", START_S)
    assert tools.until(lambda: not echo.running) and echo.wait() == 2


def test_an_archive_has_the_configuration(abi, server, tmp_path):  # noqa: F811
    conf = b"port = 4711\nip = 10.79.0.7/24\n"
    with tarfile.open(tmp_path / "disk", "w") as tar:
        entry = tarfile.TarInfo("etc/leat.conf")
        entry.size = len(conf)
        tar.addfile(entry, io.BytesIO(conf))
    echo = boot(abi, tmp_path / "disk", "--archive=disk", "--config=/etc/leat.conf")
    echo.wait_for(r"echo: 10\.79\.0\.7/24 on service, MTU 1500, port 4711", START_S)
    echo.kill()


def test_tools_boot_gives_an_image_a_disk(abi, server, tmp_path):  # noqa: F811
    done = subprocess.run([tools.pathlib.Path(__file__).resolve().parents[2] / "tools/boot", "--hypervisor", f"solo5-{abi}",
                           "--net", "tap=kept0", "--disk", tmp_path / "disk", image("kept", abi), "--", "--version"],
                          capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "echo (leat) " in done.stdout and (tmp_path / "disk").stat().st_size == 1 << 20
