/*
 * fragment6_output.c -- sends packets in fragments (RFC 8200 4.5).
 *
 * Our packets have no extension headers, so nothing but the IPv6 header is repeated in each
 * fragment. Only the sender may fragment IPv6; routers report Packet Too Big instead (pmtu6.c).
 */
#include "core/view.h"
#include "ip/v6/fragment6.h"
#include "wire/bytes.h"

/* Sends one fragment of @here bytes; false: no memory.  Its only caller inlines it, so seven
 * arguments cost nothing: NOLINTNEXTLINE(readability-function-size) */
static bool send_one(struct link *link, const struct wire_ipv6 *whole, struct leat_ip next_hop,
                     const struct leat_buf *payload, uint32_t at, uint32_t here, uint32_t id)
{
    struct leat *stack = link->stack;
    struct leat_buf *slice = leat_buf_slice(payload, at, here);
    struct leat_buf *fragment = leat_buf_alloc_small(&stack->pool, LEAT_BUF_HEADROOM);
    struct wire_ipv6 header = *whole;
    uint8_t *fields;

    if (!slice || !fragment) {
        leat_buf_free(slice);
        leat_buf_free(fragment);
        stack->stats.tx_no_memory++;
        return false;
    }
    fields = view_push(fragment, FRAGMENT_BYTES);
    fields[0] = whole->next_header;
    fields[1] = 0;
    /* the offset has units of 8 bytes above three other bits, so in bytes it needs no shift; the
     * lowest bit says that more follow */
    put16(fields + 2, (uint16_t)(at | (at + here < leat_buf_total(payload))));
    put32(fields + 4, id);
    header.next_header = IPV6_FRAGMENT;
    header.payload_bytes = (uint16_t)(FRAGMENT_BYTES + here);
    wire_ipv6_emit(&header, view_push(fragment, IPV6_HEADER_BYTES));
    /* the slice shares the storage of @payload, so the payload isn't copied */
    leat_buf_append(fragment, slice);
    stack->stats.ip_fragments_sent++;
    neighbour6_output(link, whole->src, next_hop, fragment);
    return true;
}

enum leat_err fragment6_output(struct link *link, const struct wire_ipv6 *whole,
                               struct leat_ip next_hop, uint32_t mtu, struct leat_buf *payload)
{
    const uint32_t total = leat_buf_total(payload);
    const uint32_t step = (mtu - IPV6_HEADER_BYTES - FRAGMENT_BYTES) & ~7u;
    const uint32_t id = (uint32_t)leat_random(link->stack); /* RFC 7739 5.1: unpredictable */
    enum leat_err err = LEAT_OK;

    /* the datagram is lost with any of its fragments, so the first failure ends it */
    for (uint32_t at = 0; at < total && err == LEAT_OK; at += step) {
        const uint32_t here = total - at < step ? total - at : step;

        if (!send_one(link, whole, next_hop, payload, at, here, id))
            err = LEAT_ERR_MEMORY;
    }
    leat_buf_free(payload);
    return err;
}
