#!/usr/bin/env python3
"""Writes the C source of the Python module leat._leat: build_ffi.py OUTPUT."""

import sys
from pathlib import Path

import cffi

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools/lib"))

import interface  # noqa: E402

CALLBACKS = """
extern "Python+C" {
    void leat_py_on_open(struct leat_tcp *conn, void *arg);
    void leat_py_on_readable(struct leat_tcp *conn, void *arg);
    void leat_py_on_writable(struct leat_tcp *conn, void *arg);
    void leat_py_on_closed(struct leat_tcp *conn, enum leat_err why, void *arg);
    void leat_py_on_acceptable(struct leat_tcp_listener *listener, void *arg);
    void leat_py_on_datagram(struct leat_udp *udp, struct leat_buf *payload, const struct leat_endpoint *peer,
                             const struct leat_endpoint *local, void *arg);
    void leat_py_on_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer, void *arg);
    void leat_py_on_connected(struct leat_connecting *connecting, enum leat_err err, struct leat_tcp *conn, void *arg);
    void leat_py_on_lookup(void *arg, enum leat_err err, const struct leat_dns_result *result);
    void leat_py_on_released(void *arg);
}
static const struct leat_tcp_events *const leat_py_stream_events;
static const struct leat_udp_events *const leat_py_datagram_events;
uint64_t leat_py_poll(struct leat *stack, struct leat_host *host, uint64_t *now_ns);
uint64_t leat_py_now_ns(struct leat_host *host);
uint64_t leat_py_civil_s(void *arg);
enum leat_err leat_py_anchors_open(const struct leat_crypto *crypto, struct leat_crypto_anchors *anchors,
                                   const void *text, size_t len);
void leat_py_anchors_close(const struct leat_crypto *crypto, struct leat_crypto_anchors *anchors);
enum leat_err leat_py_crypto_open(struct leat_crypto *crypto, struct leat_host *host);
void leat_py_crypto_close(struct leat_crypto *crypto);
void free(void *memory);
"""


def main():
    """The command line."""
    description = interface.load(HERE.parent / "leat.json")
    headers = [name for name in description["headers"] if name != "crypto_openssl"]
    ffi = cffi.FFI()
    ffi.cdef(interface.cffi(description, headers) + CALLBACKS)
    ffi.set_source("leat._leat", "#include <stdint.h>\n#include <stdlib.h>\n" + interface.includes(description) +
                   f'#include "{HERE / "glue.h"}"\n')
    ffi.emit_c_code(sys.argv[1])


if __name__ == "__main__":
    main()
