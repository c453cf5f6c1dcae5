"""Devices: where the frames of a stack come from."""

from ._leat import ffi, lib
from .errors import error_of


class Device:
    """A device that can be opened for one stack."""

    def _open(self, posix):
        """Opens it. Returns (struct leat_netif *, a function that is called with no argument at the end)."""
        raise NotImplementedError

    @staticmethod
    def _checked(code, why):
        if code:
            raise error_of(code, ffi.string(why).decode())


def _mac(text):
    mac = ffi.new("struct leat_mac *")
    if not lib.leat_mac_parse(text.encode(), mac):
        raise ValueError(f"not a MAC address: {text!r}")
    return mac


class Socket(Device):
    """Frames over a UNIX socket: of QEMU, passt, or another stack. Either a path or a connected descriptor, which
    belongs to the device from then on."""

    def __init__(self, path=None, *, fd=None, listen=False, local_path=None, datagrams=False, mac=None, mtu=0, marks=False):
        if (path is None) == (fd is None):
            raise ValueError("either a path or a descriptor")
        self.options = {"listen": listen, "mtu": mtu, "marks": marks,
                        "framing": lib.LEAT_SOCKET_DATAGRAM if datagrams else lib.LEAT_SOCKET_STREAM}
        self.path, self.local_path, self.fd, self.mac = path, local_path, fd, mac

    def _open(self, posix):
        kept = [ffi.new("char[]", str(text).encode()) if text is not None else ffi.NULL for text in (self.path, self.local_path)]
        mac = _mac(self.mac) if self.mac else ffi.NULL
        config = ffi.new("struct leat_socket_config *", self.options | {
            "path": kept[0], "local_path": kept[1], "fd": -1 if self.fd is None else self.fd, "mac": mac, "posix": posix})
        socket, why = ffi.new("struct leat_socket **"), ffi.new("char[]", lib.LEAT_WHY_BYTES)
        self._checked(lib.leat_socket_open(socket, config, why), why)
        return lib.leat_socket_netif(socket[0]), lambda: lib.leat_socket_close(socket[0])


class Tap(Device):
    """A TAP device of Linux, by its name."""

    def __init__(self, device="leat0", *, mac=None, mtu=0):
        self.device, self.mac, self.mtu = device, mac, mtu

    def _open(self, posix):
        name = ffi.new("char[]", self.device.encode())
        config = ffi.new("struct leat_tap_config *", {"device": name, "mtu": self.mtu, "posix": posix,
                                                      "mac": _mac(self.mac) if self.mac else ffi.NULL})
        tap, why = ffi.new("struct leat_tap **"), ffi.new("char[]", lib.LEAT_WHY_BYTES)
        self._checked(lib.leat_tap_open(tap, config, why), why)
        return lib.leat_tap_netif(tap[0]), lambda: lib.leat_tap_close(tap[0])


class Passt(Device):
    """The network of this machine without root, by passt. tcp and udp: ports that passt forwards to us."""

    def __init__(self, address="10.0.2.15/24", gateway="10.0.2.2", *, tcp=(), udp=(), program=None):
        self.address, self.gateway, self.tcp, self.udp, self.program = address, gateway, tcp, udp, program

    def _open(self, posix):
        from .addresses import cidr_of, ip_of
        kept, lists = [], []
        for ports in (self.tcp, self.udp):
            texts = [ffi.new("char[]", str(port).encode()) for port in ports]
            kept.append(texts)
            lists.append(ffi.new("char *[]", [*texts, ffi.NULL]))
        ip, bits = cidr_of(self.address)
        program = ffi.new("char[]", self.program.encode()) if self.program else ffi.NULL
        config = ffi.new("struct leat_passt_config *", {
            "program": program, "tcp": ffi.cast("char **", lists[0]), "udp": ffi.cast("char **", lists[1]), "ip": ip,
            "prefix_bits": bits, "gateway": ip_of(self.gateway), "posix": posix})
        socket, why = ffi.new("struct leat_socket **"), ffi.new("char[]", lib.LEAT_WHY_BYTES)
        self._checked(lib.leat_passt_open(socket, config, why), why)
        return lib.leat_socket_netif(socket[0]), lambda: lib.leat_socket_close(socket[0])
