"""For make.py: two Linux hosts, the path between them, and a capture of their frames."""

import contextlib
import io
import pathlib
import select
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "linux"))
from conftest import Relay  # noqa: E402
from namespace import Namespace  # noqa: E402

SO_TIMESTAMPNS = 35
ETH_P_ALL = 3
PORT = 7000
CLIENT_PORT = 40000


class Capture:
    """The frames on a device, as a nanosecond pcap."""

    def __init__(self, device):
        self.frames = []
        self._device = device
        self._sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self._sock.bind((device, 0))
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        while not self._ending.is_set():
            if not select.select([self._sock], [], [], 0.05)[0]:
                continue
            data, more, _, _ = self._sock.recvmsg(65536, 256)
            seconds, nanoseconds = struct.unpack("qq", more[0][2])
            self.frames.append((seconds * 10**9 + nanoseconds, data))

    def close(self):
        self._ending.set()
        self._thread.join()
        self._sock.close()

    def write(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
            for time_ns, data in self.frames:
                file.write(struct.pack("<IIII", *divmod(time_ns, 10**9), len(data), len(data)))
                file.write(data)


class Path:
    """The two hosts, the relay between them, and the capture."""

    def __init__(self, more=(), seed=1, sysctl=None):
        self.far = Namespace()
        self.here = Namespace(fresh=False)
        for space in (self.here, self.far):
            space.sysctl(tcp_no_metrics_save=1, tcp_sack=1, tcp_timestamps=1, tcp_window_scaling=1,
                         tcp_ecn=2, tcp_fin_timeout=3)
            space.sysctl(**(sysctl or {}))
        self.relay = Relay(0, seed, more, [self.far])
        self.capture = Capture(self.relay.device)
        self.relay.join()
        self.near_ip, self.far_ip = self.relay.peer, self.relay.ips[0]
        time.sleep(0.2)

    def far_socket(self, kind=socket.SOCK_STREAM):
        return self.far.call(socket.socket, socket.AF_INET, kind)

    def listener(self, port=PORT):
        sock = self.far_socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.far_ip, port))
        sock.listen()
        return sock

    def client(self, port=CLIENT_PORT):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.near_ip, port))
        sock.settimeout(60)
        return sock

    def pair(self, listener=None, port=CLIENT_PORT, buffer=0):
        """A connection: its client and its server."""
        with listener or self.listener() as listening:
            client = self.client(port)
            if buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            client.connect((self.far_ip, PORT))
            server = listening.accept()[0]
            server.settimeout(60)
        return client, server

    def end(self):
        time.sleep(0.3)
        self.capture.close()
        with contextlib.redirect_stdout(io.StringIO()):
            self.relay.remove()
        self.far.close()
        self.here.close()
