/* glue_udp.c -- sockets of UDP of glue.h. */
#include <stdlib.h>

#include "glue_inside.h"

static void arrived(struct glue_item *item, struct leat_buf *data, enum leat_err err,
                    const struct leat_endpoint *peer)
{
    if (item->count == GLUE_QUEUE) {
        leat_buf_free(data);
        return;
    }
    item->queue[(item->first + item->count++) % GLUE_QUEUE] =
        (struct glue_datagram){data, err, *peer};
    glue_tell(item, GLUE_READABLE);
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    (void)udp, (void)local;
    arrived(arg, payload, LEAT_OK, peer);
}

static void on_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                     void *arg)
{
    (void)udp;
    arrived(arg, NULL, err, peer);
}

static const struct leat_udp_events events = {.on_datagram = on_datagram, .on_error = on_error};

struct glue_item *glue_udp(struct glue *glue, uint64_t number, const char *ip, uint16_t port,
                           enum leat_err *err)
{
    struct leat_ip address = LEAT_IP_ANY;
    struct glue_item *item = NULL;

    *err = glue->stack ? LEAT_OK : LEAT_ERR_CLOSED;
    if (!*err && ip[0] && !leat_ip_parse(ip, &address))
        *err = LEAT_ERR_FORMAT;
    if (!*err)
        item = glue_item_new(glue, GLUE_UDP, number);
    if (!item) {
        *err = *err ? *err : LEAT_ERR_MEMORY;
        return NULL;
    }
    item->queue = calloc(GLUE_QUEUE, sizeof item->queue[0]);
    *err = item->queue ? leat_udp_open(glue->stack, &item->udp, &events, item) : LEAT_ERR_MEMORY;
    if (!*err) {
        *err = leat_udp_bind(item->udp, address, port);
        item->local = leat_udp_local(item->udp);
        if (*err)
            leat_udp_close(item->udp);
    }
    if (*err) {
        item->is_open = item->is_owned = false;
        glue_item_dead(item);
        return NULL;
    }
    leat_udp_set_broadcast(item->udp, true);
    return item;
}

enum leat_err glue_send(struct glue_item *item, const void *bytes, size_t len,
                        const struct leat_endpoint *peer)
{
    struct leat_pool *pool;
    struct leat_buf *data;

    if (!item->is_open)
        return glue_error(item, NULL);
    if (len > UINT16_MAX)
        return LEAT_ERR_TOO_BIG;
    pool = leat_pool(item->glue->stack);
    data = len > 0 ? leat_buf_copy(pool, bytes, (uint32_t)len)
                   : leat_buf_alloc_small(pool, LEAT_BUF_HEADROOM);
    return data ? leat_udp_send_to(item->udp, data, peer) : LEAT_ERR_MEMORY;
}

int64_t glue_receive(struct glue_item *item, void *bytes, size_t len, struct leat_endpoint *peer)
{
    struct glue_datagram *datagram = &item->queue[item->first];
    int64_t count = GLUE_FAILED;

    if (!item->is_open)
        return GLUE_FAILED;
    if (item->count == 0)
        return GLUE_WAIT;
    *peer = datagram->peer;
    if (datagram->data)
        count = leat_buf_read(datagram->data, 0, bytes,
                              (uint32_t)(len < UINT32_MAX ? len : UINT32_MAX));
    leat_buf_free(datagram->data);
    datagram->data = NULL;
    item->socket_err = datagram->err;
    item->first = (item->first + 1) % GLUE_QUEUE;
    item->count--;
    return count;
}
