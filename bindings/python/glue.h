/*
 * glue.h -- what the Python module needs beside leat's interface: the tables of callbacks, whose functions are Python's,
 * and calls that would be several from Python.  Included by the module that cffi makes, behind leat's headers.
 */
#ifndef LEAT_PYTHON_GLUE_H
#define LEAT_PYTHON_GLUE_H

/* build_ffi.py reads the declarations here: Python has the functions leat_py_*, and defines those that end with a
 * semicolon.  The arg of each callback is a handle of the Python object. */
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

static const struct leat_tcp_events leat_py_stream_table = {.on_open = leat_py_on_open,
                                                             .on_readable = leat_py_on_readable,
                                                             .on_writable = leat_py_on_writable,
                                                             .on_closed = leat_py_on_closed};
static const struct leat_udp_events leat_py_datagram_table = {.on_datagram = leat_py_on_datagram,
                                                               .on_error = leat_py_on_error};

static const struct leat_tcp_events *const leat_py_stream_events = &leat_py_stream_table;
static const struct leat_udp_events *const leat_py_datagram_events = &leat_py_datagram_table;

/* Polls at the time of the host; *now_ns is set to that time. */
static uint64_t leat_py_poll(struct leat *stack, struct leat_host *host, uint64_t *now_ns)
{
    *now_ns = host->now_ns(host);
    return leat_poll(stack, *now_ns);
}

static uint64_t leat_py_now_ns(struct leat_host *host)
{
    return host->now_ns(host);
}

static enum leat_err entropy_of_host(void *arg, void *bytes, size_t len)
{
    struct leat_host *host = (struct leat_host *)arg;

    return host->entropy(host, bytes, len);
}

static uint64_t leat_py_civil_s(void *arg)
{
    struct leat_host *host = (struct leat_host *)arg;

    return host->civil_ns ? host->civil_ns(host) / 1000000000u : 0;
}

/* Reads authorities, in PEM, with a provider that allocates. */
static enum leat_err leat_py_anchors_open(const struct leat_crypto *crypto, struct leat_crypto_anchors *anchors,
                                          const void *text, size_t len)
{
    return crypto->ops->anchors_open(crypto->self, anchors, text, len, NULL, 0);
}

static void leat_py_anchors_close(const struct leat_crypto *crypto, struct leat_crypto_anchors *anchors)
{
    crypto->ops->anchors_close(crypto->self, anchors);
}

#ifdef LEAT_HAS_CRYPTO_OPENSSL
static enum leat_err leat_py_crypto_open(struct leat_crypto *crypto, struct leat_host *host)
{
    return leat_crypto_openssl_open(crypto, entropy_of_host, host);
}

static void leat_py_crypto_close(struct leat_crypto *crypto)
{
    leat_crypto_openssl_close(crypto);
}
#else
static enum leat_err leat_py_crypto_open(struct leat_crypto *crypto, struct leat_host *host)
{
    (void)crypto, (void)host, (void)entropy_of_host;
    return LEAT_ERR_UNSUPPORTED;
}

static void leat_py_crypto_close(struct leat_crypto *crypto)
{
    (void)crypto;
}
#endif

#endif
