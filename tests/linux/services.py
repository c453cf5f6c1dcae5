"""Debian's servers on a device that they share with a program of leat."""

import itertools
import os
import shutil

import pytest

from conftest import XDP, Process, make_pair, make_tap, run

_numbers = itertools.count()


def program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return path or pytest.skip(f"no {name}")


class Device:
    """A TAP device, or a veth pair, with the programs that were started on it."""

    def __init__(self, folder, name, mtu=1500, address=None):
        self.folder = folder
        self.device = f"{name}p" if XDP else name
        self.words = ["--xdp" if XDP else "--tap", name]  # leat's options for it
        self.processes = []
        if XDP:
            make_pair(name, "02:6c:65:61:74:00", mtu, address)
        else:
            make_tap(name, mtu, address)

    def start(self, *command):
        self.processes.append(Process(*command))
        return self.processes[-1]

    def start_dnsmasq(self, *options, port=0):
        return self.start(
            program("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-",
            "--log-dhcp", f"--port={port}", "--user=", "--group=", f"--pid-file={self.folder}/pid",
            f"--dhcp-leasefile={self.folder}/leases", f"--interface={self.device}",
            "--bind-interfaces", *options,
        )  # fmt: skip

    def close(self):
        for process in reversed(self.processes):
            if process.running:
                process.kill()
            print(f"--- {' '.join(process.command)}\n{process.text}")
        run("ip", "link", "del", self.device, check=False)


class Network(Device):
    """A device with the kernel's address 10.78.N.1."""

    def __init__(self, folder):
        number = next(_numbers)
        self.net = f"10.78.{number}"
        super().__init__(folder, f"served{number}", address=f"{self.net}.1/24")

    def dnsmasq(self, *options, first=50, last=60, port=0):
        """A server of DHCP and, on @port, of DNS."""
        return self.start_dnsmasq(
            "--no-ping", "--dhcp-authoritative",
            f"--dhcp-range={self.net}.{first},{self.net}.{last},255.255.255.0,120", *options, port=port,
        )  # fmt: skip

    def udhcpd(self, seconds, first=50, last=60):
        path = self.folder / "udhcpd.conf"
        path.write_text(
            f"start {self.net}.{first}\nend {self.net}.{last}\ninterface {self.device}\n"
            f"lease_file {self.folder}/udhcpd.leases\npidfile {self.folder}/udhcpd.pid\n"
            f"option subnet 255.255.255.0\noption router {self.net}.1\n"
            f"option lease {seconds}\nmin_lease 5\n", encoding="utf-8")  # fmt: skip
        (self.folder / "udhcpd.leases").touch()
        return self.start(program("udhcpd"), "-f", path)

    def chrony(self, *lines):
        """A time server that neither sets the machine's clock nor asks other servers."""
        path = self.folder / "chrony.conf"
        path.write_text("\n".join([
            "allow all", "cmdport 0", f"bindaddress {self.net}.1", f"pidfile {self.folder}/chronyd.pid",
            *lines, ""]), encoding="utf-8")  # fmt: skip
        server = self.start(program("chronyd"), "-x", "-d", "-u", "root", "-f", path)
        server.wait_for("chronyd version")
        return server
