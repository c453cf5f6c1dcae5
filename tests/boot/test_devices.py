"""Every virtio-net device that QEMU can offer: each property the other way round, other queues, links, buses, unplugs.

Properties are those that the installed QEMU lists, so that a newer one is tried as it is.
"""

import functools
import os
import re
import socket
import subprocess
import time

import pytest

from conftest import IP, echo_tcp, echo_udp
from test_tap import ip, netdev, tap  # noqa: F401

DATA = os.urandom(300_000)
LEFT_OUT = {  # properties that make no other device
    "failover": "needs a second device that takes over",
    "x-ignore-backend-features": "offers what the network behind it doesn't have",
}
BUS = {"microvm": "virtio-net-device", "q35": "virtio-net-pci", "pc": "virtio-net-pci"}


@functools.lru_cache
def properties(kind):
    """{name: default} of a device's switches."""
    try:
        done = subprocess.run(["qemu-system-x86_64", "-device", f"{kind},help"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return {}
    found = re.findall(r"^  ([\w-]+)=<bool> .*\(default: (true|on|false|off)\)", done.stdout, re.M)
    assert len(found) > 20, done.stdout
    return {name: default in ("true", "on") for name, default in found if name not in LEFT_OUT}


def switch(kind, names):
    """The words that turn these properties to the other side."""
    return "".join(f",{name}={'off' if properties(kind)[name] else 'on'}" for name in names)


class Monitor:
    """QEMU's monitor."""

    def __init__(self, folder):
        self.path = str(folder / "monitor")
        self.words = ["-monitor", f"unix:{self.path},server=on,wait=off"]

    def say(self, command):
        with socket.socket(socket.AF_UNIX) as talk:
            talk.settimeout(20)
            deadline = time.monotonic() + 20
            while talk.connect_ex(self.path):  # QEMU hasn't made it yet
                assert time.monotonic() < deadline
                time.sleep(0.05)
            text = b""
            for line in (command, ""):
                while not text.endswith(b"(qemu) "):
                    text += talk.recv(4096)
                if line:
                    talk.sendall(line.encode() + b"\n")
                    text = b""
            return text.decode(errors="replace")


@pytest.fixture
def monitor(tmp_path):
    return Monitor(tmp_path)


@pytest.fixture
def wire(tap):  # noqa: F811
    ip("link", "set", tap, "up")
    return netdev(tap)


def works(echo):
    """Data in both directions over both protocols."""
    assert echo_tcp((IP, 7), DATA) == DATA
    assert echo_udp((IP, 7), [DATA[:1400]]) == [DATA[:1400]]


def boots_and_works(guest, machine, wire, device="", **more):
    if "iommu_platform=on" in device and machine != "microvm":
        device += ",disable-legacy=on"  # or QEMU refuses
    echo = guest("echo", machine, wire, device, **more).up()
    works(echo)
    stats = echo.stop()
    assert not {"virtio_rx_header", "virtio_rx_length", "drop_tcp_checksum"} & set(stats), stats


@pytest.mark.parametrize("name", properties("virtio-net-device"))
def test_each_property_the_other_way_round(guest, wire, name):
    boots_and_works(guest, "microvm", wire, switch("virtio-net-device", [name]))


@pytest.mark.parametrize("name", [name for name in properties("virtio-net-pci")
                                  if name not in properties("virtio-net-device") and name != "disable-modern"])
def test_each_property_of_pci_the_other_way_round(guest, wire, name):
    boots_and_works(guest, "q35", wire, switch("virtio-net-pci", [name]))


@pytest.mark.parametrize("state", [True, False])
@pytest.mark.parametrize("machine", BUS)
def test_everything_on_and_everything_off(guest, wire, machine, state):
    names = properties("virtio-net-device")
    boots_and_works(guest, machine, wire, switch("virtio-net-device", [name for name in names if names[name] != state]))


@pytest.mark.parametrize("machine", BUS)
@pytest.mark.parametrize("device", [",iommu_platform=on", ",packed=on", ",iommu_platform=on,packed=on,mrg_rxbuf=off"])
def test_platforms_and_rings(guest, wire, machine, device):
    boots_and_works(guest, machine, wire, device)


def test_behind_an_iommu_that_the_guest_leaves_off(guest, wire):
    boots_and_works(guest, "q35", wire, ",iommu_platform=on", extra=["-device", "intel-iommu"])


@pytest.mark.parametrize("device", [",rx_queue_size=1024,tx_queue_size=256", ",rx_queue_size=256", ",vectors=0", ",vectors=1",
                                    ",mq=on,vectors=6", ",speed=10000,duplex=full", ",tx=timer"])  # fmt: skip
def test_queues_and_vectors(guest, wire, device):
    boots_and_works(guest, "q35", wire, device)


@pytest.mark.parametrize("kind", ["virtio-net-pci-transitional", "virtio-net-pci-non-transitional"])
@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_kinds_of_pci_devices(guest, wire, machine, kind):
    boots_and_works(guest, machine, wire, kind=kind)


@pytest.mark.parametrize("machine", BUS)
@pytest.mark.parametrize("mtu", [68, 576, 1280, 65535])
def test_an_mtu_of_the_host(guest, wire, machine, mtu):
    ip("link", "set", "boot0", "mtu", str(min(mtu, 1500)))
    echo = guest("echo", machine, wire, f",host_mtu={mtu}")
    echo.wait_for(f"MTU {mtu}, port 7")
    assert subprocess.run(["ping", "-n", "-c", "2", "-W", "5", "-s", "30", IP], check=False).returncode == 0
    assert echo_tcp((IP, 7), DATA[:mtu]) == DATA[:mtu]
    assert echo_udp((IP, 7), [DATA[:min(mtu // 2, 1400)]]) == [DATA[:min(mtu // 2, 1400)]]
    echo.stop()


def test_an_impossible_mtu_of_the_host_is_told(guest, wire):
    echo = guest("echo", "microvm", wire, ",host_mtu=67")
    assert echo.wait() == 2
    assert "the MTU must be 68 to the device's" in echo.text


@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_a_legacy_device_is_told(guest, machine):
    echo = guest("echo", machine, device=",disable-modern=on,disable-legacy=off")
    assert echo.wait() == 2
    assert "network device: it is legacy only, older than virtio 1 (QEMU: disable-modern=off)" in echo.text


def test_a_legacy_device_on_microvm_is_told(guest):
    echo = guest("echo", "microvm", extra=["-global", "virtio-mmio.force-legacy=true"])
    assert echo.wait() == 2
    assert "network device: it is legacy only, older than virtio 1 (-global virtio-mmio.force-legacy=false)" in echo.text


@pytest.mark.parametrize("machine", BUS)
def test_a_link_that_goes_down_and_up(guest, wire, machine, monitor):
    echo = guest("echo", machine, wire, ",id=card", extra=monitor.words).up()
    works(echo)
    for _ in range(2):
        monitor.say("set_link card off")
        echo.wait_for("echo: virtio0: the link is down")
        assert subprocess.run(["ping", "-n", "-c", "1", "-W", "1", IP], check=False).returncode != 0
        monitor.say("set_link card on")
        echo.wait_for("echo: virtio0: the link is up")
        works(echo)
        echo.lines[:] = [line for line in echo.lines if "the link" not in line]
    assert echo.stop()["virtio_link_changes"] == 4


def test_a_link_that_is_down_at_first(guest, wire, monitor):
    """The guest boots while it is down."""
    echo = guest("echo", "microvm", wire, ",id=card", extra=[*monitor.words, "-S"])
    monitor.say("set_link card off")
    monitor.say("cont")
    echo.up().wait_for("the link is down")
    monitor.say("set_link card on")
    echo.wait_for("the link is up")
    works(echo)
    echo.stop()


ROOT_PORT = ["-device", "pcie-root-port,id=behind,chassis=1"]
NATIVE = ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"]


@pytest.mark.parametrize("machine", ["q35", "q35-seabios"])
@pytest.mark.parametrize("more", [[], ["-device", "pcie-root-port,id=before,chassis=2", "-device", "virtio-rng-pci,bus=before"]])
def test_behind_a_root_port(guest, wire, machine, more):
    boots_and_works(guest, machine, wire, ",bus=behind", kind="virtio-net-pci", extra=[*more, *ROOT_PORT])


def test_behind_two_bridges(guest, wire):
    bridge = ["-device", "pcie-pci-bridge,id=bridge,bus=behind"]
    boots_and_works(guest, "q35-seabios", wire, ",bus=bridge,addr=1", kind="virtio-net-pci", extra=[*ROOT_PORT, *bridge])


def test_a_later_function_of_a_slot(guest, wire):
    port = ["-device", "pcie-root-port,id=first,chassis=1,multifunction=on,addr=5.0",
            "-device", "pcie-root-port,id=behind,chassis=2,addr=5.3"]
    boots_and_works(guest, "q35", wire, ",bus=behind", kind="virtio-net-pci", extra=port)


UNPLUGS = {
    "pc": ("pc", ",id=card", []),
    "q35 by ACPI": ("q35-seabios", ",id=card,bus=behind", ROOT_PORT),
    "q35 by the slot": ("q35-seabios", ",id=card,bus=behind", [*ROOT_PORT, *NATIVE]),
    "q35 by the slot, qboot": ("q35", ",id=card,bus=behind", [*ROOT_PORT, *NATIVE]),
}


@pytest.mark.parametrize("how", UNPLUGS)
def test_a_device_that_is_unplugged_ends_the_program(guest, wire, monitor, how):
    machine, device, extra = UNPLUGS[how]
    echo = guest("echo", machine, wire, device, kind="virtio-net-pci", extra=[*extra, *monitor.words]).up()
    works(echo)
    monitor.say("device_del card")
    assert echo.wait() == 1
    assert "echo: virtio0: the host has unplugged the device" in echo.text


@pytest.mark.parametrize("native", [False, True])
def test_another_device_that_is_unplugged_is_given_back(guest, wire, monitor, native):
    """The host gets the device that it asks for, and the network goes on."""
    other = ["-device", "pcie-root-port,id=other,chassis=2", "-device", "virtio-rng-pci,id=rng,bus=other", *ROOT_PORT]
    echo = guest("echo", "q35-seabios", wire, ",id=card,bus=behind", kind="virtio-net-pci",
                 extra=[*other, *(NATIVE if native else []), *monitor.words]).up()  # fmt: skip
    monitor.say("device_del rng")
    time.sleep(3)
    works(echo)
    if not native:  # a slot has a button of its own, which nothing in the guest looks at
        assert "virtio-rng" not in monitor.say("info pci")
    echo.stop()
