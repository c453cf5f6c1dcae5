"""TLS 1.3, with libcrypto behind it."""

from ._leat import ffi, lib
from .errors import ClosedError, check, error_of
from .streams import Stream

SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def _bytes_of(given):
    """The content of a file, or bytes as they are."""
    if isinstance(given, bytes):
        return given
    with open(given, "rb") as file:
        return file.read()


class Authorities:
    """The authorities that a client trusts: a file with PEM, or its bytes; nothing: those of the system. name: the name in the
    server's certificate, if it isn't the host's."""

    def __init__(self, pem=SYSTEM_AUTHORITIES, *, name=None, protocols=()):
        self._pem, self._name, self._protocols = _bytes_of(pem), name, protocols
        self._opened = {}

    def _anchors(self, stack):
        if stack not in self._opened:
            anchors, crypto = ffi.new("struct leat_crypto_anchors *"), _crypto_of(stack)
            check(lib.leat_py_anchors_open(crypto, anchors, self._pem, len(self._pem)), "authorities")
            stack._ends.append(lambda: (lib.leat_py_anchors_close(crypto, anchors), self._opened.pop(stack)))
            self._opened[stack] = anchors
        return self._opened[stack]


class Identity:
    """The identity of a server: certificates and their key, each a file with PEM or its bytes."""

    def __init__(self, certificates, key):
        self._certificates, self._key = _bytes_of(certificates), _bytes_of(key)
        self._identities = {}

    def _use(self, stack):
        """Reads it for a stack, whose servers have all identities that were used so far."""
        if stack in self._identities:
            return
        crypto, tls = _crypto_of(stack), _tls_of(stack)
        identity, memory = ffi.new("struct leat_tls_identity *"), ffi.new("uint8_t[]", len(self._certificates))
        check(lib.leat_tls_identity_read(identity, crypto, self._certificates, len(self._certificates), self._key, len(self._key),
                                         memory, len(memory)), "certificates and key")
        stack._ends.append(lambda: (lib.leat_tls_identity_close(identity, crypto), self._identities.pop(stack)))
        self._identities[stack] = identity, memory
        stack._identities = [*getattr(stack, "_identities", []), identity]
        stack._identity_list = ffi.new("struct leat_tls_identity *[]", stack._identities)
        check(lib.leat_tls_set_identities(tls, ffi.cast("const struct leat_tls_identity *const *", stack._identity_list),
                                          len(stack._identities)))

    async def _accept(self, stack, below):
        session = ffi.new("struct leat_stream *")
        return await _open(stack, below, session, lambda c: lib.leat_tls_accept(_tls_of(stack), c, session))


def _crypto_of(stack):
    """The provider of cryptography of a stack."""
    if stack._crypto is None:
        crypto = ffi.new("struct leat_crypto *")
        check(lib.leat_py_crypto_open(crypto, stack._host), "cryptography")
        stack._crypto = crypto
        stack._ends.append(lambda: lib.leat_py_crypto_close(crypto))
    return stack._crypto


def _tls_of(stack):
    """The sessions of a stack."""
    if stack._tls is None:
        config = ffi.new("struct leat_tls_config *", {
            "crypto": _crypto_of(stack), "civil_time_s": ffi.addressof(lib, "leat_py_civil_s"), "arg": stack._host, "sessions": 1024,
            "client_handshakes": 64})
        count = lib.leat_tls_memory_bytes(config)
        memory, tls = ffi.new("uint64_t[]", (count + 7) // 8), ffi.new("struct leat_tls **")
        check(lib.leat_tls_open(tls, stack._stack, memory, count, config))
        stack._tls, stack._tls_memory = tls[0], memory
    return stack._tls


async def connect(stack, below, host, authorities):
    """A session on a connection, whose server has proved that it is the host."""
    name = ffi.new("char[]", (authorities._name or host).encode())
    protocols = [ffi.new("char[]", text.encode()) for text in authorities._protocols]
    listed = ffi.new("char *[]", protocols) if protocols else ffi.NULL
    client = ffi.new("struct leat_tls_client *", {
        "name": name, "anchors": authorities._anchors(stack), "protocols": ffi.cast("const char *const *", listed),
        "protocol_count": len(protocols)})
    session = ffi.new("struct leat_stream *")
    return await _open(stack, below, session, lambda c: lib.leat_tls_connect(_tls_of(stack), c, client, session),
                       (name, protocols, listed, client))


async def _open(stack, below, session, begin, kept=None):
    """Begins a session on a stream, which belongs to it from then on, and waits until it is open."""
    if below._c is None:
        raise ClosedError(below._detail)
    c = below._c
    try:
        check(begin(c), "TLS")
    except BaseException:
        below.abort()
        raise
    below._c, below._why, below._detail = None, lib.LEAT_ERR_CLOSED, "it carries a session of TLS"
    stack._live.discard(below)
    stream = Stream(stack, session[0])
    stream._kept, stream._peer = kept, below._peer
    stack._poll()
    try:
        await stream._wait("_opening")
        if stream._c is None:
            raise error_of(stream._why, stream._detail)
    except BaseException:
        stream.abort()
        raise
    return stream
