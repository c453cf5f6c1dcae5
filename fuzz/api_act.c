/* api_act.c -- the acts of a program on its stack. */
#include "api.h"

#include <string.h>

static const uint64_t second_ns = 1000000000;

typedef void act_fn(struct api_end *end, struct api_handle *handle, const struct api_act *act);

static void released(void *arg)
{
    ((struct api_end *)arg)->released++;
}

/* Lends the program's memory with its data from @at on. */
static struct leat_buf *lend(struct api_end *end, uint32_t at, uint32_t len)
{
    struct leat_buf *data =
        leat_buf_lend(leat_pool(end->stack), api_data + at % API_PERIOD, len, released, end);

    end->lent += data != NULL;
    return data;
}

/* A pool buffer, full or small, with a copy of the data; NULL if the length doesn't fit.
 */
static struct leat_buf *fill(struct api_end *end, uint32_t at, uint32_t len, bool small)
{
    struct leat_pool *pool = leat_pool(end->stack);
    struct leat_buf *data = small ? leat_buf_alloc_small(pool, LEAT_BUF_HEADROOM)
                                  : leat_buf_alloc(pool, LEAT_BUF_HEADROOM);
    uint8_t *bytes = data ? leat_buf_put(data, len) : NULL;

    if (bytes)
        memcpy(bytes, api_data + at % API_PERIOD, len);
    else
        leat_buf_free(data);
    return bytes ? data : NULL;
}

static struct api_shelf *free_shelf(struct api_end *end)
{
    for (unsigned i = 0; i < API_SHELF; i++) {
        if (!end->shelf[i].data)
            return &end->shelf[i];
    }
    return NULL;
}

/* Sends @text, which has the data of @handle after `sent`. */
static void send(struct api_handle *handle, struct leat_buf *data, bool asks)
{
    const uint32_t len = leat_buf_total(data);
    const bool fits = !asks || leat_tcp_send_room(handle->conn) >= len;

    if (data && fits && leat_tcp_send(handle->conn, data) == LEAT_OK)
        handle->sent += len;
    else if (!fits)
        leat_buf_free(data);
}

/* ---- connections -------------------------------------------------------------------------- */

static void act_listen(struct api_end *end, struct api_handle *self, const struct api_act *act)
{
    struct leat_tcp_listener **listener = &end->listeners[act->who % API_LISTENERS];
    const struct leat_tcp_listen_config config = {.ip =
                                                      leat_ip_v4(act->how & 4 ? end->ip : IP4_ANY),
                                                  .port = API_PORT + act->who % API_LISTENERS,
                                                  .backlog = 1 + act->how % 4,
                                                  .connections = act->more & 1 ? 3 : 0,
                                                  .per_address = act->more & 2 ? 2 : 0,
                                                  .idle_timeout_ns = act->more & 4 ? second_ns : 0,
                                                  .lifetime_ns = act->more & 8 ? 5 * second_ns : 0,
                                                  .displace = act->more & 16,
                                                  .on_acceptable = api_on_acceptable,
                                                  .arg = end};

    (void)self;
    if (*listener && act->how & 128) {
        leat_tcp_listener_close(*listener);
        *listener = NULL;
    } else if (!*listener) {
        (void)leat_tcp_listen(end->stack, listener, &config);
    }
}

static void act_accept(struct api_end *end, struct api_handle *self, const struct api_act *act)
{
    struct leat_tcp_listener *listener = end->listeners[act->who % API_LISTENERS];

    (void)self;
    for (unsigned i = 0; listener && i <= act->how % 4; i++)
        api_accept(end, listener, act->more);
}

static void act_connect(struct api_end *end, struct api_handle *self, const struct api_act *act)
{
    const unsigned number = end == &api_ends[1];
    const leat_ip4 others[] = {end->peer,         end->peer,         end->peer,
                               end->ip,           IP4(127, 0, 0, 1), IP4(10, 0, 0, 9),
                               IP4(192, 0, 2, 1), IP4_BROADCAST};
    const bool meets = act->how & 64; /* connects both ends to each other: the SYNs cross */
    const struct leat_endpoint remote =
        leat_endpoint_of(leat_ip_v4(others[act->who % 8]),
                         (uint16_t)(meets ? 5001 - number : API_PORT + act->how % 3u));
    const struct leat_endpoint local = leat_endpoint_of(
        leat_ip_v4(act->how & 16 ? end->ip : IP4_ANY), (uint16_t)(meets           ? 5000 + number
                                                                  : act->how & 32 ? 6000
                                                                                  : 0));
    struct api_handle *handle = api_handle_new(end);

    (void)self;
    if (!handle)
        return;
    handle->used = leat_tcp_connect(end->stack, &handle->conn, &remote,
                                    act->how & (16 | 32 | 64) ? &local : NULL,
                                    &api_tcp_events[act->more % 4], handle) == LEAT_OK;
}

static void act_write(struct api_end *end, struct api_handle *handle, const struct api_act *act)
{
    size_t taken = 0;

    (void)end;
    (void)leat_tcp_write(handle->conn, api_data + handle->sent % API_PERIOD,
                         act->len % (API_DATA_MAX + 1u), &taken);
    handle->sent += (uint32_t)taken;
}

/* Sends data in several buffers, each lent, small or full. */
static void act_send(struct api_end *end, struct api_handle *handle, const struct api_act *act)
{
    struct leat_buf *data = NULL;
    uint32_t total = 0;

    for (unsigned i = 0; i <= act->how % 4u; i++) {
        const uint32_t at = handle->sent + total;
        const unsigned kind = act->more >> 2 * i & 3;
        const uint32_t len = kind == 1 ? act->len % 64u : act->len % 1500u;
        struct leat_buf *piece = kind == 0   ? lend(end, at, act->len % API_DATA_MAX)
                                 : kind == 3 ? lend(end, at, act->len % 4u)
                                             : fill(end, at, len, kind == 1);

        total += leat_buf_total(piece);
        if (data && piece)
            leat_buf_append(data, piece);
        else if (piece)
            data = piece;
    }
    send(handle, data, act->how & 128);
}

static void act_receive(struct api_end *end, struct api_handle *handle, const struct api_act *act)
{
    const uint32_t from = handle->heard;
    struct leat_buf *data = api_receive(handle, act->how & 1 ? act->len : UINT32_MAX);
    struct api_shelf *shelf = act->how & 2 ? free_shelf(end) : NULL;

    if (!(act->how & 4)) {
        leat_tcp_consumed(handle->conn, handle->owed);
        handle->owed = 0;
    }
    if (shelf)
        *shelf = (struct api_shelf){data, from};
    else
        leat_buf_free(data);
}

static void act_consumed(struct api_end *end, struct api_handle *handle, const struct api_act *act)
{
    const uint32_t bytes = act->len < handle->owed ? act->len : handle->owed;

    (void)end;
    leat_tcp_consumed(handle->conn, bytes);
    handle->owed -= bytes;
}

static void act_end(struct api_end *end, struct api_handle *handle, const struct api_act *act)
{
    (void)end;
    if (act->how % 4 == 0)
        leat_tcp_abort(handle->conn);
    else if (act->how % 4 == 1)
        (void)leat_tcp_close(handle->conn);
    else
        (void)leat_tcp_shutdown(handle->conn);
}

static void act_set(struct api_end *end, struct api_handle *handle, const struct api_act *act)
{
    const uint8_t value = act->more;

    (void)end;
    switch (act->how % 8) {
    case 0:
        leat_tcp_set_nodelay(handle->conn, value & 1);
        break;
    case 1:
        leat_tcp_set_keepalive(handle->conn, value & 1);
        break;
    case 2:
        leat_tcp_set_dscp(handle->conn, value % 64);
        break;
    case 3:
        leat_tcp_set_user_timeout(handle->conn, (uint64_t)act->len << value % 48);
        break;
    case 4:
        leat_tcp_set_fast_open(handle->conn, value & 1);
        break;
    case 5:
        leat_tcp_set_mss_max(handle->conn, act->len);
        break;
    case 6:
        leat_tcp_set_send_queue(handle->conn, (uint32_t)act->len << value % 12);
        break;
    default:
        leat_tcp_set_events(handle->conn, &api_tcp_events[value % 4], handle);
        break;
    }
}

static void act_ask(struct api_end *end, struct api_handle *handle, const struct api_act *act)
{
    char text[LEAT_TCP_INFO_TEXT_BYTES];
    struct leat_tcp_info info;

    (void)act;
    leat_tcp_get_info(handle->conn, &info);
    api_demand(leat_tcp_info_text(&info, text) == strlen(text), "the length of a text");
    api_demand(info.readable_bytes == leat_tcp_readable(handle->conn), "two answers");
    api_demand(!leat_tcp_at_end(handle->conn) || info.readable_bytes == 0,
               "an end before the data");
    api_demand(leat_tcp_stack(handle->conn) == end->stack, "the stack");
    (void)leat_tcp_send_room(handle->conn);
}

/* ---- buffers that the program keeps ------------------------------------------------------- */

static void act_shelf(struct api_end *end, struct api_handle *self, const struct api_act *act)
{
    struct api_shelf *shelf = &end->shelf[act->who % API_SHELF];
    const uint32_t total = leat_buf_total(shelf->data);
    const uint32_t skip = total > 0 ? act->len % total : 0;
    struct api_shelf *other = free_shelf(end);

    (void)self;
    switch (act->how % 4) {
    case 0:
        leat_buf_free(shelf->data);
        shelf->data = NULL;
        break;
    case 1: /* shares a part of it in another buffer */
        if (other && total > 0)
            *other = (struct api_shelf){leat_buf_slice(shelf->data, skip, total - skip),
                                        shelf->at + skip};
        break;
    case 2:
        if (total > 0)
            leat_buf_trim(shelf->data, skip + 1);
        break;
    default:
        if (shelf->data) {
            shelf->data = leat_buf_consume(shelf->data, skip);
            shelf->at += skip;
        }
        break;
    }
}

/* Sends received data, from the offset where it equals the data to be sent. */
static void act_echo(struct api_end *end, struct api_handle *handle, const struct api_act *act)
{
    struct api_shelf *shelf = &end->shelf[act->more % API_SHELF];
    const uint32_t behind =
        (handle->sent % API_PERIOD + API_PERIOD - shelf->at % API_PERIOD) % API_PERIOD;
    struct leat_buf *data = shelf->data;

    shelf->data = NULL;
    if (data)
        data =
            leat_buf_consume(data, behind < leat_buf_total(data) ? behind : leat_buf_total(data));
    if (data)
        send(handle, data, act->how & 1);
}

/* ---- datagrams ---------------------------------------------------------------------------- */

static void act_socket(struct api_end *end, struct api_handle *self, const struct api_act *act)
{
    const unsigned number = act->who % API_SOCKETS;
    struct leat_udp **socket = &end->sockets[number];

    (void)self;
    if (!*socket) {
        if (leat_udp_open(end->stack, socket, &api_udp_events, end) == LEAT_OK)
            (void)leat_udp_bind(*socket, leat_ip_v4(act->how & 1 ? end->ip : IP4_ANY),
                                (uint16_t)(act->how & 2 ? 0 : API_PORT_UDP + number));
    } else if (act->how & 128) {
        leat_udp_close(*socket);
        *socket = NULL;
    } else if (act->how & 64) {
        (void)leat_udp_connect(*socket, leat_ip_v4(act->how & 1 ? end->peer : IP4_ANY),
                               act->how & 1 ? API_PORT_UDP + act->more % 5 : 0);
    } else {
        leat_udp_set_broadcast(*socket, act->how & 1);
        leat_udp_set_ttl(*socket, act->more);
        leat_udp_set_tos(*socket, act->more);
    }
}

static void act_datagram(struct api_end *end, struct api_handle *self, const struct api_act *act)
{
    static const leat_ip4 others[] = {IP4_BROADCAST, IP4(127, 0, 0, 1), IP4(224, 0, 0, 9),
                                      IP4(10, 0, 0, 9)};
    struct leat_udp *socket = end->sockets[act->who % API_SOCKETS];
    const struct leat_endpoint to =
        leat_endpoint_of(leat_ip_v4(act->how & 4   ? others[act->more % 4]
                                    : act->how & 8 ? end->ip
                                                   : end->peer),
                         (uint16_t)(API_PORT_UDP + (act->more >> 2) % (API_SOCKETS + 1)));
    struct api_shelf *shelf = &end->shelf[act->more % API_SHELF];
    struct leat_buf *payload;

    (void)self;
    if (!socket)
        return;
    payload = act->how & 16 ? shelf->data
              : act->how & 32
                  ? leat_buf_copy(leat_pool(end->stack), api_data, act->len % API_DATA_MAX)
                  : lend(end, 0, act->len % API_DATA_MAX);
    if (act->how & 16)
        shelf->data = NULL;
    if (act->how & 64)
        (void)leat_udp_send(socket, payload);
    else if (act->how & 128)
        (void)leat_udp_send_from(socket, payload, &to, leat_ip_v4(end->ip));
    else
        (void)leat_udp_send_to(socket, payload, &to);
}

/* ---- the stack ---------------------------------------------------------------------------- */

static void act_stack(struct api_end *end, struct api_handle *self, const struct api_act *act)
{
    uint8_t seed[LEAT_SEED_BYTES] = {act->more, 1};

    (void)self;
    switch (act->how % 8) {
    case 0:
        (void)leat_address_remove(end->stack, end->netif, leat_ip_v4(end->ip));
        break;
    case 1:
        (void)leat_route_add(end->stack, LEAT_IP4_ANY, 0, leat_ip_v4(end->peer));
        break;
    case 2:
        (void)leat_route_remove(end->stack, LEAT_IP4_ANY, 0);
        break;
    case 3:
        (void)leat_reseed(end->stack, seed);
        break;
    case 4: /* the peer's address, which the peer defends */
        (void)leat_address_add(end->stack, end->netif, leat_ip_v4(end->peer), 24);
        break;
    case 5:
        (void)leat_address_remove(end->stack, end->netif, leat_ip_v4(end->peer));
        break;
    default:
        (void)leat_address_add(end->stack, end->netif, leat_ip_v4(end->ip), 24);
        break;
    }
}

static void act_hog(struct api_end *end, struct api_handle *self, const struct api_act *act)
{
    (void)self;
    api_hog(end, act->how, act->more);
}

/* ---- choice of connections ----------------------------------------------------------------- */

/* The connection that is meant, usually that of the current callback. */
static struct api_handle *whom(struct api_end *end, struct api_handle *self,
                               const struct api_act *act)
{
    unsigned live = 0;
    unsigned which;

    if (self && act->who < 192)
        return self;
    for (unsigned i = 0; i < API_HANDLES; i++)
        live += end->handles[i].conn != NULL;
    if (live == 0)
        return NULL;
    which = act->who % live;
    for (unsigned i = 0; i < API_HANDLES; i++) {
        if (end->handles[i].conn && which-- == 0)
            return &end->handles[i];
    }
    return NULL;
}

void api_act(struct api_end *end, struct api_handle *self, const struct api_act *what)
{
    static const struct {
        act_fn *act;
        bool of_conn;
    } acts[] = {{act_listen, false},  {act_accept, false}, {act_connect, false},
                {act_write, true},    {act_write, true},   {act_send, true},
                {act_send, true},     {act_receive, true}, {act_receive, true},
                {act_consumed, true}, {act_end, true},     {act_end, true},
                {act_set, true},      {act_ask, true},     {act_shelf, false},
                {act_echo, true},     {act_socket, false}, {act_datagram, false},
                {act_stack, false},   {act_hog, false},    {act_connect, false}};
    const unsigned which = what->what % (sizeof acts / sizeof acts[0]);
    struct api_handle *handle = acts[which].of_conn ? whom(end, self, what) : self;

    if (handle || !acts[which].of_conn)
        acts[which].act(end, handle, what);
}
