"""More network namespaces: the kernel at both ends of a path, each end with settings of its own."""

import ctypes
import os
import socket
import subprocess
import threading

from patience import PATIENCE

CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def _enter(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Namespace:
    """A network namespace that lasts as long as this object; a `fresh` of None stands for the current one."""

    def __init__(self, fresh=True):
        self._fd = None
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        if fresh:
            maker = threading.Thread(target=self._make)
            maker.start()
            maker.join()
            self.run("ip", "link", "set", "lo", "up")

    def _make(self):
        """a thread may be in a namespace of its own; the descriptor outlives the thread"""
        if _libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        self._fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    @property
    def path(self):
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    def run(self, *command):
        enter = None if self._fd is None else lambda: _enter(self._fd)
        subprocess.run([str(word) for word in command], check=True, timeout=20 * PATIENCE, preexec_fn=enter,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # fmt: skip

    def adopt(self, device, address):
        """Moves a device here, with this address, and sets it up."""
        subprocess.run(["ip", "link", "set", device, "netns", self.path], check=True, timeout=20 * PATIENCE)
        self.run("ip", "addr", "add", address, "dev", device)
        self.run("ip", "link", "set", device, "up")

    def sysctl(self, **values):
        """tcp_sack=0 sets net.ipv4.tcp_sack in this namespace."""
        for name, value in values.items():
            self.run("sysctl", "-q", f"net.ipv4.{name}={value}")

    def call(self, function, *args):
        """Calls a function in the namespace; sockets that it creates stay in there."""
        if self._fd is not None:
            _enter(self._fd)
        try:
            return function(*args)
        finally:
            _enter(self._home)

    def socket(self):
        """A TCP socket in the namespace, with CUBIC like leat's."""
        sock = self.call(socket.socket)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
        return sock

    def close(self):
        for fd in (self._fd, self._home):
            if fd is not None:
                os.close(fd)
