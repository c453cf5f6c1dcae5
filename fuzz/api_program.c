/* api_program.c -- the callbacks of two programs, and the state of their connections. */
#include "api.h"

#include <string.h>

/* Performs the act of the first rule for this kind of callback. */
static void obey(struct api_end *end, struct api_handle *self, enum api_call call)
{
    for (unsigned i = 0; i < API_RULES; i++) {
        struct api_rule *rule = &end->rules[i];
        const struct api_act act = rule->act;

        if (!(rule->calls >> call & 1))
            continue;
        if (!rule->stays)
            rule->calls = 0;
        api_act(end, self, &act);
        return;
    }
}

static void called(struct leat_tcp *conn, void *arg, enum api_call call)
{
    struct api_handle *handle = arg;

    api_demand(handle->used && handle->conn == conn, "a callback of a connection that isn't ours");
    obey(handle->end, handle, call);
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    called(conn, arg, API_ON_OPEN);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    called(conn, arg, API_ON_READABLE);
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    called(conn, arg, API_ON_WRITABLE);
}

/* The last callback; the connection is valid until it returns. */
static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct api_handle *handle = arg;

    api_demand(why < LEAT_ERR_COUNT, "on_closed with an error that there isn't");
    called(conn, arg, API_ON_CLOSED);
    api_demand(handle->conn == conn, "on_closed came twice");
    handle->conn = NULL;
}

const struct leat_tcp_events api_tcp_events[4] = {
    {.on_open = on_open,
     .on_readable = on_readable,
     .on_writable = on_writable,
     .on_closed = on_closed},
    {.on_closed = on_closed},
    {.on_readable = on_readable, .on_closed = on_closed},
    {.on_open = on_open, .on_writable = on_writable, .on_closed = on_closed},
};

void api_on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    struct api_end *end = arg;

    api_demand(listener == end->listeners[0] || listener == end->listeners[1],
               "on_acceptable of a listener that is closed");
    obey(end, NULL, API_ON_ACCEPTABLE);
}

void api_on_address(struct leat *stack, struct leat_netif *netif, struct leat_ip ip, void *arg)
{
    struct api_end *end = &api_ends[stack == api_ends[0].stack ? 0 : 1];

    (void)netif;
    (void)ip;
    (void)arg;
    obey(end, NULL, API_ON_ADDRESS);
}

static struct api_end *end_of(const struct leat_udp *udp, void *arg)
{
    struct api_end *end = arg;
    bool open = false;

    for (unsigned i = 0; i < API_SOCKETS; i++)
        open |= end->sockets[i] == udp;
    api_demand(open, "a callback of a socket that is closed");
    return end;
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct api_end *end = end_of(udp, arg);
    const uint32_t len = leat_buf_total(payload);

    api_demand(len <= (leat_ip_is_v4(peer->ip) ? 65507u : 65527u),
               "a datagram longer than there are");
    if (len % 4 == 0 && !leat_udp_was_fragmented(udp)) /* echo some of them */
        leat_udp_send_from(udp, payload, peer, local->ip);
    else
        leat_buf_free(payload);
    obey(end, NULL, API_ON_DATAGRAM);
}

static void on_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                     void *arg)
{
    (void)err;
    (void)peer;
    obey(end_of(udp, arg), NULL, API_ON_ERROR);
}

const struct leat_udp_events api_udp_events = {.on_datagram = on_datagram, .on_error = on_error};

struct api_handle *api_handle_new(struct api_end *end)
{
    for (unsigned i = 0; i < API_HANDLES; i++) {
        struct api_handle *handle = &end->handles[i];

        if (!handle->used) {
            *handle = (struct api_handle){.end = end};
            return handle;
        }
    }
    return NULL;
}

void api_accept(struct api_end *end, struct leat_tcp_listener *listener, uint8_t events)
{
    struct api_handle *handle = api_handle_new(end);

    if (!handle)
        return;
    handle->conn = leat_tcp_accept(listener, &api_tcp_events[events % 4], handle);
    handle->used = handle->conn != NULL;
}

struct leat_buf *api_receive(struct api_handle *handle, uint32_t max)
{
    const uint32_t readable = leat_tcp_readable(handle->conn);
    struct leat_buf *payload = leat_tcp_receive(handle->conn, max);
    const uint32_t len = leat_buf_total(payload);

    api_demand(len == (readable < max ? readable : max), "less data than was said, or more");
    for (const struct leat_buf *piece = payload; piece; piece = piece->next) {
        for (uint32_t at = 0; at < piece->len; at += API_DATA_MAX) {
            const uint32_t left = piece->len - at;

            api_demand(memcmp(piece->data + at, api_data + (handle->heard + at) % API_PERIOD,
                              left < API_DATA_MAX ? left : API_DATA_MAX) == 0,
                       "wrong data");
        }
        handle->heard += piece->len;
    }
    handle->owed += len;
    return payload;
}

void api_check_handles(const struct api_end *end)
{
    for (unsigned i = 0; i < API_HANDLES && end->handles[i].used; i++) {
        struct leat_tcp_info info;

        if (!end->handles[i].conn)
            continue;
        leat_tcp_get_info(end->handles[i].conn, &info);
        if (info.state == LEAT_TCP_CLOSED) /* only on_closed is still to come */
            continue;
        api_demand((int32_t)(info.snd_nxt - info.snd_una) >= 0, "SND.NXT before SND.UNA");
        api_demand(info.snd_nxt - info.snd_una <= info.queued_bytes + 2,
                   "more is in flight than is queued, a SYN and a FIN");
        api_demand(info.in_flight_bytes <= info.queued_bytes + 2, "more in flight than queued");
    }
}
