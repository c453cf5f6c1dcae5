"""Over a TAP device, where QEMU offers checksum offloads, against the Linux kernel."""

import os
import re
import shutil
import subprocess
import threading
import time

import pytest

from conftest import IP, PEER, echo_tcp, echo_udp, image
from test_command import COMMAND


PEER6, IP6 = "fd00:6c65::1", "fd00:6c65::2"


def ip(*words):
    """The command ip; a failure means that we lack the permission."""
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
    offloads = 1  # gather; checksums and super-frames, both ways
    if ",csum=off" not in device:
        offloads |= 4 | 8 | 64 | 128  # ... also of frames with a tag
    if "guest_csum=off" not in device:
        offloads |= 2 | (16 if "mrg_rxbuf=off" not in device else 0)
    assert f"capabilities {offloads if vnet_hdr == 'on' else 1:x}" in echo.text
    stats = echo.stop()
    assert "drop_tcp_checksum" not in stats and "drop_udp_checksum" not in stats


@pytest.mark.parametrize("device", ["", ",mrg_rxbuf=off", ",host_tso6=off", ",guest_tso6=off", ",host_tso4=off"])
def test_super_frames_over_ipv6(guest, machine, tap, device):
    """Data in both directions in frames of many segments, where the device segments and merges those of IPv6."""
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


def test_every_address_of_the_command_line_answers(guest, machine, tap):
    """Two global addresses and a unique local one, beside a second IPv4 address."""
    more = ["2001:db8:17::2/64", "2001:db8:18::2/64", "10.99.1.2/24"]
    for network in ("2001:db8:17::1/64", "2001:db8:18::1/64"):
        ip("addr", "add", network, "dev", tap, "nodad")
    ip("addr", "add", "10.99.1.1/24", "dev", tap)
    ip("link", "set", tap, "up")
    words = [f"--ip{6 if ':' in word else ''}={word}" for word in (f"{IP6}/64", *more)]
    guest("echo", machine, netdev(tap), arguments=words).up()
    for there in (IP, IP6, *(word.split("/")[0] for word in more)):
        deadline = time.monotonic() + 20
        while subprocess.run(["ping", "-n", "-c", "1", "-W", "1", there], check=False).returncode:
            assert time.monotonic() < deadline, there
        assert echo_tcp((there, 7), b"hello") == b"hello"


def test_addresses_by_a_router_and_a_server(tap, machine, tmp_path):
    """Without an address on the command line tools/boot's guest asks the network, as docs/unikernel-qemu.md says."""
    image("echo")
    if not shutil.which("dnsmasq", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        pytest.skip("no dnsmasq")
    ip("addr", "add", "fe80::1/64", "dev", tap, "nodad")
    ip("addr", "add", "2001:db8:19::1/64", "dev", tap, "nodad")
    ip("link", "set", tap, "up")
    network = subprocess.Popen(
        ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=", "--group=",
         f"--pid-file={tmp_path}/pid", f"--dhcp-leasefile={tmp_path}/leases", f"--interface={tap}", "--no-ping",
         "--enable-ra", "--dhcp-range=2001:db8:19::,ra-only", f"--dhcp-range={IP.rsplit('.', 1)[0]}.50,{IP.rsplit('.', 1)[0]}.60"],
        env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin"})
    boot = subprocess.Popen([*COMMAND, "--accel", "tcg", "--machine", machine, "--net", f"tap={tap}", "echo"],
                            stdout=subprocess.PIPE, text=True)
    limit = threading.Timer(60, boot.kill)
    limit.start()
    try:
        found = {}
        for line in boot.stdout:
            if match := re.search(r": ([0-9.]+)/24 on virtio0|: IPv6: (2001:db8:19:[0-9a-f:]+)/64 by fe80::1", line):
                found[4 if match[1] else 6] = match[1] or match[2]
            if len(found) == 2:
                break
        assert len(found) == 2, found
        for there in found.values():
            assert subprocess.run(["ping", "-n", "-c", "2", "-W", "2", there], check=False).returncode == 0
            assert echo_tcp((there, 7), b"hello") == b"hello"
    finally:
        limit.cancel()
        for process in (boot, network):
            process.kill()
            process.wait()


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
