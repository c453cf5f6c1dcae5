"""A TCP/IP stack in asyncio's loop."""

import asyncio
import os
import signal

from . import tls as tls_
from ._leat import ffi, lib
from .addresses import cidr_of, ip_of, ip_text
from .datagrams import Datagrams
from .errors import ClosedError, NotFoundError, check, error_of
from .streams import Listener, Stream

NEVER_NS = lib.LEAT_NEVER_NS


class Stack:
    """One TCP/IP stack on one device, used by "async with" in one thread.

    addresses: our addresses with their prefixes, such as "10.0.0.2/24".
    gateway: the routers to all other addresses, at most one for each family.
    name_servers: addresses of servers that recurse. hosts: the text of a hosts file. search: domains for names without
    a dot.
    seed: 32 bytes, only for runs that shall be repeated.

    config, tcp and udp are members of struct leat_config, leat_tcp_config and leat_udp_config by name, such as
    tcp={"connections": 100}.
    """

    def __init__(self, device, *, addresses=(), gateway=(), name_servers=(), hosts=None, search=None, seed=None,
                 config=None, tcp=None, udp=None):
        self._device, self._addresses = device, [cidr_of(text) for text in addresses]
        self._gateways = [ip_of(text) for text in ([gateway] if isinstance(gateway, str) else gateway)]
        self._name_servers = [ip_of(text) for text in name_servers]
        self._texts = [ffi.new("char[]", text.encode()) if text else ffi.NULL for text in (hosts, search)]
        self._seed = os.urandom(lib.LEAT_SEED_BYTES) if seed is None else bytes(seed)
        if len(self._seed) != lib.LEAT_SEED_BYTES:
            raise ValueError(f"a seed has {lib.LEAT_SEED_BYTES} bytes")
        self._config = {"buf_count": 8192} | (config or {})
        self._tcp, self._udp = {"connections": 4096} | (tcp or {}), {"sockets": 1024} | (udp or {})
        self._stack = self._posix = self._host = self._memory = self._resolver = self._crypto = self._tls = None
        self._ends = []  # what to call at the end, the last first
        self._live, self._lent, self._borrowed = set(), set(), set()
        self._loop = self._timer = None
        self._timer_ns, self._is_polling, self._is_due = NEVER_NS, False, False
        self._now = ffi.new("uint64_t *")

    # ---- Opening and closing ----

    async def __aenter__(self):
        if self._loop:
            raise ClosedError("a stack is opened once")
        self._loop = asyncio.get_running_loop()
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(self, *_):
        self.close()

    def _open(self):
        posix = ffi.new("struct leat_posix **")
        check(lib.leat_posix_open(posix))
        self._posix = posix[0]
        self._ends.append(lambda: lib.leat_posix_close(self._posix))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})  # they stay Python's
        self._host = lib.leat_posix_host(self._posix)
        netif, close = self._device._open(self._posix)
        self._ends.append(close)
        self._build(netif)
        for ip, bits in self._addresses:
            check(lib.leat_address_add(self._stack, netif, ip, bits), ip_text(ip))
        for ip in self._gateways:
            network = lib.leat_ip_v4(0) if lib.leat_ip_is_v4(ip) else ip_of(None)
            check(lib.leat_route_add(self._stack, network, 0, ip), ip_text(ip))
        self._open_names()
        fd = lib.leat_posix_descriptor(self._posix)
        if fd < 0:
            raise OSError("no descriptor is left")
        self._loop.add_reader(fd, self._poll)
        self._ends.append(lambda: self._loop.remove_reader(fd))
        self._poll()

    def _build(self, netif):
        config = ffi.new("struct leat_config *", self._config | {"now_ns": lib.leat_py_now_ns(self._host)})
        ffi.memmove(config.seed, self._seed, len(self._seed))
        tcp = ffi.new("struct leat_tcp_config *", self._tcp)
        udp = ffi.new("struct leat_udp_config *", self._udp)
        count = lib.leat_memory_bytes(config) + lib.leat_ipv6_memory_bytes(ffi.NULL) + lib.leat_tcp_memory_bytes(tcp) + \
            lib.leat_udp_memory_bytes(udp)
        memory = lib.leat_posix_memory(count)
        if not memory:
            raise MemoryError
        self._memory = ffi.gc(memory, lib.free)  # views of received data may still need it
        self._ends.append(lambda: setattr(self, "_memory", None))
        stack = ffi.new("struct leat **")
        check(lib.leat_init(stack, self._memory, count, config))
        self._stack = stack[0]
        self._pool = lib.leat_pool(self._stack)
        self._ends.append(lambda: lib.leat_close(self._stack))
        check(lib.leat_attach(self._stack, netif))
        if netif.mtu >= 1280:
            check(lib.leat_ipv6_register(self._stack, ffi.NULL))
        check(lib.leat_udp_register(self._stack, udp))
        check(lib.leat_tcp_register(self._stack, tcp))

    def _open_names(self):
        if self._name_servers:
            config = ffi.new("struct leat_resolver_config *", {
                "servers": [{"ip": ip} for ip in self._name_servers], "server_count": len(self._name_servers), "cache_bytes": 65536})
            count = lib.leat_resolver_memory_bytes(config)
            memory, resolver = ffi.new("uint64_t[]", (count + 7) // 8), ffi.new("struct leat_resolver **")
            check(lib.leat_resolver_open(resolver, self._stack, memory, count, config))
            self._resolver, self._resolver_memory = resolver[0], memory
            self._ends.append(lambda: lib.leat_resolver_close(self._resolver))
        self._names = ffi.new("struct leat_connect_config *", {
            "resolver": self._resolver or ffi.NULL, "hosts": self._texts[0], "search": self._texts[1]})

    def close(self):
        """Closes everything at once. A task that waits gets ClosedError. It does nothing to a stack that is closed."""
        if self._is_polling:
            raise RuntimeError("close() was called from inside of leat")
        if self._timer:
            self._timer.cancel()
        for borrowed in list(self._borrowed):
            borrowed.release()
        live = list(self._live)  # leat may use their memory until the last end has run
        for listed in live:
            listed._lost(lib.LEAT_ERR_CLOSED, "the stack is closed")
        if self._tls:
            lib.leat_tls_close(self._tls)  # before all that its sessions use
            self._tls = None
        ends, self._ends = self._ends, []
        for end in reversed(ends):
            end()
        self._stack = None
        live.clear()
        self._live.clear()
        for borrowed in self._borrowed:
            borrowed.keep([lent.data for lent in self._lent])
        for lent in list(self._lent):
            lent.release()

    def _check_open(self):
        if self._stack is None:
            raise ClosedError("the stack is closed")

    # ---- The loop ----

    def _poll(self):
        """Runs the stack once, and asks the loop for the next time."""
        self._is_due = False
        if self._stack is None:
            return
        self._is_polling = True
        try:
            next_ns = lib.leat_py_poll(self._stack, self._host, self._now)
        finally:
            self._is_polling = False
        if next_ns == NEVER_NS:
            return  # a timer that was set for less finds nothing to do
        rest_ns = next_ns - self._now[0]
        if rest_ns <= 0:
            self._poll_soon()
        elif self._timer is None or next_ns < self._timer_ns:
            if self._timer:
                self._timer.cancel()
            self._timer_ns = next_ns
            self._timer = self._loop.call_later(rest_ns / 1e9, self._on_timer)

    def _on_timer(self):
        self._timer = None
        self._poll()

    def _poll_soon(self):
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._poll)

    # ---- What programs call ----

    async def connect(self, host, port, *, tls=None):
        """A Stream to a host, by name or address; with tls, leat.Authorities, encrypted. Its time limit is asyncio's:
        asyncio.timeout(), asyncio.wait_for()."""
        self._check_open()
        attempt = _Connecting(self)
        stream = await attempt.run(host, port)
        if tls is None:
            return stream
        return await tls_.connect(self, stream, host, tls)

    async def listen(self, port, serve=None, *, address=None, tls=None, backlog=0):
        """A Listener on a port of all our addresses, or one. serve(stream) is a coroutine function that is run as a task for
        each connection; without it the program calls Listener.accept(). tls: leat.Identity."""
        self._check_open()
        return Listener(self, ip_of(address), port, serve, tls, backlog)

    def datagrams(self, port=0, *, address=None, broadcast=False):
        """A socket of UDP on a port of all our addresses, or one; port 0: any."""
        self._check_open()
        return Datagrams(self, ip_of(address), port, broadcast)

    async def lookup(self, name):
        """The addresses of a name, as texts: first IPv6, then IPv4."""
        self._check_open()
        if self._resolver is None:
            raise NotFoundError(lib.LEAT_ERR_NOT_FOUND, "the stack has no name_servers")
        lists = await asyncio.gather(*(_Lookup(self).run(name, of) for of in (lib.LEAT_DNS_AAAA, lib.LEAT_DNS_A)),
                                     return_exceptions=True)
        found = [text for of in lists if isinstance(of, list) for text in of]
        if not found:
            raise next((of for of in reversed(lists) if isinstance(of, BaseException)), NotFoundError(lib.LEAT_ERR_NOT_FOUND, name))
        return found

    def addresses(self):
        """Our addresses that can be used, as texts: those that no other host has claimed."""
        self._check_open()
        return [ip_text(ip) for ip, _ in self._addresses if lib.leat_address_is_ours(self._stack, ip)]

    def stats(self):
        """The counters of the stack, by name: those that are not 0."""
        self._check_open()
        counters = lib.leat_stats(self._stack)
        fields = (name for name, _ in ffi.typeof("struct leat_stats").fields)
        return {name: getattr(counters, name) for name in fields if getattr(counters, name)}


class _Pending:
    """A call of leat that reports to a future."""

    def __init__(self, stack):
        self.stack, self.future = stack, stack._loop.create_future()
        self.handle = ffi.new_handle(self)
        stack._live.add(self)

    def _lost(self, code, why):
        self.stack._live.discard(self)
        if not self.future.done():
            self.future.set_exception(error_of(code, why))

    async def wait(self, cancel):
        try:
            return await self.future
        except asyncio.CancelledError:
            if self in self.stack._live:
                cancel()
            raise
        finally:
            self.stack._live.discard(self)


class _Connecting(_Pending):
    """An attempt to connect."""

    async def run(self, host, port):
        self.connecting = ffi.new("struct leat_connecting *", {"on_done": lib.leat_py_on_connected, "arg": self.handle})
        self.stream = None
        try:
            check(lib.leat_connect(self.stack._stack, self.connecting, self.stack._names, host.encode(), port, NEVER_NS), host)
        except BaseException:
            self.stack._live.discard(self)
            raise
        self.stack._poll()
        try:
            return await self.wait(lambda: lib.leat_connect_cancel(self.connecting))
        except asyncio.CancelledError:
            if self.stream:
                self.stream.abort()
            raise


class _Lookup(_Pending):
    """A question to the name servers."""

    async def run(self, name, of):
        parsed, lookup = ffi.new("struct leat_dns_name *"), ffi.new("struct leat_lookup **")
        try:
            check(lib.leat_dns_name_parse(name.encode(), parsed), name)
            check(lib.leat_lookup_start(self.stack._resolver, parsed, of, lib.leat_py_on_lookup, self.handle, lookup), name)
        except BaseException:
            self.stack._live.discard(self)
            raise
        self.name = name
        self.stack._poll()
        return await self.wait(lambda: lib.leat_lookup_cancel(lookup[0]))


@ffi.def_extern()
def leat_py_on_connected(connecting, err, conn, arg):
    """leat has a connection, or none."""
    self = ffi.from_handle(arg)
    self.stack._live.discard(self)
    if err:
        text = ffi.new("char[]", lib.LEAT_CONNECT_TEXT_BYTES)
        detail = ffi.unpack(text, lib.leat_connect_format(connecting, err, text)).decode(errors="replace")
        if not self.future.done():
            self.future.set_exception(error_of(err, detail))
        return
    lib.leat_tcp_set_nodelay(conn, True)
    self.stream = Stream(self.stack, lib.leat_stream_of_tcp(conn))
    if self.future.done():  # cancelled in the same turn
        self.stream.abort()
    else:
        self.future.set_result(self.stream)


@ffi.def_extern()
def leat_py_on_lookup(arg, err, result):
    """The answer to a question."""
    self = ffi.from_handle(arg)
    self.stack._live.discard(self)
    if self.future.done():
        return
    if err:
        self.future.set_exception(error_of(err, self.name))
        return
    cursor, record, ip = ffi.new("size_t *"), ffi.new("struct leat_dns_record *"), ffi.new("struct leat_ip *")
    found = []
    while lib.leat_dns_result_next(result, cursor, record):
        if lib.leat_dns_record_ip(record, ip):
            found.append(ip_text(ip[0]))
    self.future.set_result(found)
