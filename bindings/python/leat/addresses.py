"""Addresses between Python's text and leat's structs."""

from ._leat import ffi, lib


def ip_of(text):
    """A struct leat_ip of "10.0.0.1" or "fe80::1"; None or "": all addresses."""
    ip = ffi.new("struct leat_ip *")
    if text and not lib.leat_ip_parse(str(text).encode(), ip):
        raise ValueError(f"not an address: {text!r}")
    return ip[0]


def cidr_of(text):
    """(struct leat_ip, bits of the prefix) of "10.0.0.2/24"."""
    ip, bits = ffi.new("struct leat_ip *"), ffi.new("uint8_t *")
    if not lib.leat_ip_parse_cidr(str(text).encode(), ip, bits):
        raise ValueError(f"not an address with a prefix: {text!r}")
    return ip[0], bits[0]


def endpoint_of(address):
    """A struct leat_endpoint * of (host, port). The host is an address, with "%2" for a zone."""
    host, port = address
    if not 0 <= port <= 65535:
        raise ValueError(f"not a port: {port}")
    endpoint = ffi.new("struct leat_endpoint *")
    text = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if not lib.leat_endpoint_parse(text.encode(), endpoint):
        raise ValueError(f"not an address and a port: {text}")
    return endpoint


def ip_text(ip):
    """The text of a struct leat_ip."""
    text = ffi.new("char[]", lib.LEAT_IP_TEXT_BYTES)
    return ffi.unpack(text, lib.leat_ip_format(ip, text)).decode()


def endpoint_text(endpoint):
    """(host, port) of a struct leat_endpoint, as endpoint_of() takes it."""
    zone = f"%{endpoint.zone}" if endpoint.zone else ""
    return ip_text(endpoint.ip) + zone, endpoint.port
