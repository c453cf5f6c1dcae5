"""Over a TAP device, where QEMU offers checksum offloads, against the Linux kernel."""

import os
import subprocess
import time

import pytest

from conftest import IP, PEER, echo_tcp, echo_udp


PEER6, IP6 = "fd00:6c65::1", "fd00:6c65::2"


def ip(*words):
    """The command ip; what goes wrong means that we may not."""
    return subprocess.run(["ip", *words], check=False, capture_output=True).returncode == 0


@pytest.fixture
def tap():
    if os.environ.get("LEAT_HOST_NETWORK") or not os.path.exists("/dev/net/tun"):
        pytest.skip("TAP devices are not allowed here")
    if not ip("tuntap", "add", "boot0", "mode", "tap"):
        pytest.skip("TAP devices are not allowed here")
    ip("link", "set", "boot0", "addrgenmode", "none")
    ip("addr", "add", f"{PEER}/24", "dev", "boot0")
    ip("addr", "add", f"{PEER6}/64", "dev", "boot0", "nodad")
    yield "boot0"
    ip("link", "del", "boot0")


def netdev(tap, more=""):
    return f"tap,id=net,ifname={tap},script=no,downscript=no{more}"


@pytest.mark.parametrize("vnet_hdr", ["on", "off"])
@pytest.mark.parametrize("device", ["", ",mrg_rxbuf=off", ",csum=off", ",guest_csum=off",
                                    ",indirect_desc=off", ",event_idx=off"])  # fmt: skip
def test_echo(guest, machine, tap, vnet_hdr, device):
    ip("link", "set", tap, "up")
    echo = guest("echo", machine, netdev(tap, f",vnet_hdr={vnet_hdr}"), device,
                 arguments=["--verbose"]).up()  # fmt: skip
    data = os.urandom(2_000_000)
    assert echo_tcp((IP, 7), data) == data
    assert echo_udp((IP, 7), [b"x", data[:1472]]) == [b"x", data[:1472]]
    done = subprocess.run(["ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", IP], check=False)
    assert done.returncode == 0
    offloads = 1  # gathers; checksums and super-frames out, in
    if ",csum=off" not in device:
        offloads |= 4 | 8 | 64
    if "guest_csum=off" not in device:
        offloads |= 2 | (16 if "mrg_rxbuf=off" not in device else 0)
    assert f"capabilities {offloads if vnet_hdr == 'on' else 1:x}" in echo.text
    stats = echo.stop()
    assert "drop_tcp_checksum" not in stats and "drop_udp_checksum" not in stats


@pytest.mark.parametrize("device", ["", ",mrg_rxbuf=off", ",host_tso6=off", ",guest_tso6=off", ",host_tso4=off"])
def test_super_frames_over_ipv6(guest, machine, tap, device):
    """Text comes and goes in frames of many segments, where the device cuts and merges those of IPv6."""
    ip("link", "set", tap, "up")
    echo = guest("echo", machine, netdev(tap), device, arguments=[f"--ip6={IP6}/64"]).up()
    deadline = time.monotonic() + 20
    while subprocess.run(["ping", "-6", "-n", "-c", "1", "-W", "1", IP6], check=False).returncode:
        assert time.monotonic() < deadline
    data = os.urandom(3_000_000)
    assert echo_tcp((IP6, 7), data) == data
    stats = echo.stop()
    segments = len(data) // 1440
    assert (stats["tx_frames"] < segments // 2) == (device in ("", ",mrg_rxbuf=off", ",guest_tso6=off"))
    assert (stats["rx_frames"] < segments // 2) == (device in ("", ",host_tso6=off", ",host_tso4=off"))
    assert "drop_tcp_checksum" not in stats and "virtio_rx_header" not in stats


@pytest.mark.parametrize("device", ["", ",mrg_rxbuf=off"])
def test_jumbo_frames(guest, machine, tap, device):
    ip("link", "set", tap, "mtu", "9000", "up")
    echo = guest("echo", machine, netdev(tap), f",host_mtu=9000{device}")
    echo.wait_for("MTU 9000, port 7")
    data = os.urandom(5_000_000)
    assert echo_tcp((IP, 7), data) == data
    assert echo_udp((IP, 7), [data[:8972]]) == [data[:8972]]
    assert subprocess.run(["ping", "-n", "-c", "1", "-W", "2", "-M", "do", "-s", "8972", IP],
                          check=False).returncode == 0  # fmt: skip
    echo.stop()
