/*
 * xen_guest.c -- for tests on Xen: a guest without super-frames, which echoes TCP and tells its
 * clocks.
 *
 * A datagram is a number. The answer is that number, nanoseconds since the start, and nanoseconds
 * since 1970; numbers are those of the machine, 64 bits each. A datagram of 5 bytes ends the guest
 * by an exception.
 */
#include <leat/leat.h>
#include <leat/metal.h>
#include <leat/xen.h>

#include <string.h>

#include "xen_words.h"

static struct guest {
    struct leat_host *host;
    struct leat *stack;
} guest;

static void tell_clocks(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct xen_answer answer = {0};

    (void)arg;
    if (leat_buf_total(payload) == XEN_CRASH_BYTES)
        __builtin_trap();
    leat_buf_read(payload, 0, &answer.number, sizeof answer.number);
    leat_buf_free(payload);
    /* not the stack's time, which is that of the beginning of the poll */
    answer.up_ns = guest.host->now_ns(guest.host);
    answer.civil_ns = guest.host->civil_ns(guest.host);
    leat_udp_send_from(udp, leat_buf_copy(leat_pool(guest.stack), &answer, sizeof answer), peer,
                       local->ip);
}

static void echo(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    for (;;) {
        const uint32_t room = leat_tcp_send_room(conn);
        struct leat_buf *data = room > 0 ? leat_tcp_receive(conn, room) : NULL;
        uint32_t len;

        if (!data)
            break;
        len = leat_buf_total(data);
        if (leat_tcp_send(conn, data)) {
            leat_tcp_abort(conn);
            return;
        }
        leat_tcp_consumed(conn, len);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_shutdown(conn);
}

static const struct leat_tcp_events echo_events = {.on_readable = echo, .on_writable = echo};

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, &echo_events, arg)))
        leat_tcp_set_nodelay(conn, true);
}

static enum leat_err make_stack(struct leat_metal *metal)
{
    struct leat_config config = {0};
    const size_t bytes =
        leat_memory_bytes(&config) + leat_udp_memory_bytes(NULL) + leat_tcp_memory_bytes(NULL);
    void *memory = leat_metal_take(metal, bytes);
    enum leat_err err = LEAT_ERR_MEMORY;

    if (memory)
        err = guest.host->entropy(guest.host, config.seed, sizeof config.seed);
    if (!err)
        err = leat_init(&guest.stack, memory, bytes, &config);
    if (!err)
        err = leat_udp_register(guest.stack, NULL);
    return err ? err : leat_tcp_register(guest.stack, NULL);
}

static enum leat_err serve(struct leat_netif *netif)
{
    static const struct leat_udp_events events = {.on_datagram = tell_clocks};
    static const struct leat_tcp_listen_config listen = {.port = XEN_PORT,
                                                         .on_acceptable = accept_all};
    struct leat_tcp_listener *listener;
    struct leat_udp *udp;
    enum leat_err err = leat_attach(guest.stack, netif);

    if (!err)
        err = leat_address_add(guest.stack, netif, LEAT_IP4(10, 0, 0, XEN_HOST), 24);
    if (!err)
        err = leat_udp_open(guest.stack, &udp, &events, NULL);
    if (!err)
        err = leat_udp_bind(udp, LEAT_IP_ANY, XEN_PORT);
    return err ? err : leat_tcp_listen(guest.stack, &listener, &listen);
}

static int complain(const char *why)
{
    guest.host->console(guest.host, why, strlen(why));
    guest.host->console(guest.host, "\n", 1);
    return 1;
}

int leat_metal_main(struct leat_metal *metal)
{
    const struct leat_xen_config config = {.metal = metal, .no_offload = true};
    struct leat_xen *xen;
    const char *why;
    enum leat_err err;

    guest.host = metal->host;
    if (leat_xen_open(&xen, &config, &why))
        return complain(why);
    err = make_stack(metal);
    if (!err)
        err = serve(leat_xen_netif(xen));
    return err ? complain(leat_err_text(err)) : leat_run(guest.stack, guest.host);
}
