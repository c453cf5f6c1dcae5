/*
 * burst.c -- the work on a burst of frames before the first of them goes up.
 *
 * Consecutive segments are merged (gro.c). Then, if there are many connections, those that the
 * frames belong to are prefetched into the caches. A connection that was idle for a while lies in
 * memory only, and each of its cache lines would be waited for in turn; in a burst these waits
 * overlap. The prefetch decides nothing: each segment is looked up when it goes up, and frames that
 * are not plainly segments are skipped.
 */
#include "tcp/burst.h"

#include <string.h>

#include "core/cold.h"
#include "core/prefetch.h"
#include "tcp/receive/frame.h"
#include "tcp/receive/gro.h"
#include "tcp/conn/table.h"
#include "tcp/tcp.h"

enum {
    TOGETHER = 32,    /* frames whose waits overlap: more than a processor's outstanding loads */
    FRAMES_LEAST = 4, /* with fewer there is little overlap */
    CONNECTIONS_FEW = 1024 /* the state of so many lies in the caches anyway */
};

/* The host number of an IPv6 address; the host of the frame before is compared first. */
static host_id known6(const struct leat *stack, const uint8_t *ip, host_id before)
{
    if (host_is_v6(before) && memcmp(host6_at(stack, before)->ip.bytes, ip, 16) == 0)
        return before;
    return stack->ipv6_family->host_known(stack, ip);
}

/* The tuple of @frame if it is a segment, else one without ports. */
static struct tcp_tuple tuple_of(const struct leat *stack, const struct leat_buf *frame,
                                 struct tcp_tuple before)
{
    const uint8_t *at = frame->data;
    bool elsewhere;
    const uint32_t tcp_at = find_tcp(frame, &elsewhere);
    host_id local_ip, remote_ip;

    if (tcp_at == 0 || (tcp_at == TCP6_AT && !stack->ipv6_family))
        return (struct tcp_tuple){0, 0};
    if (tcp_at == TCP4_AT) {
        local_ip = get32(at + IP_DST_AT);
        remote_ip = get32(at + IP_SRC_AT);
    } else {
        local_ip = known6(stack, at + IP6_DST_AT, (host_id)before.ips);
        remote_ip = known6(stack, at + IP6_SRC_AT, (host_id)(before.ips >> 32));
    }
    return tcp_tuple(local_ip, get16(at + tcp_at + 2), remote_ip, get16(at + tcp_at));
}

/* tcp_fetch() of at most TOGETHER frames. Each loop uses the lines that the one before
 * prefetched. */
static uint32_t fetch_together(struct tcp *tcp, struct leat_buf *const *frames, uint32_t count)
{
    struct hashed_tuple *expected[TOGETHER];
    struct tcp_tuple tuple = {0, 0};
    uint32_t tuples = 0, found = 0;

    for (uint32_t i = 0; i < count; i++) {
        tuple = tuple_of(tcp->stack, frames[i], tuple);
        if (tuple.ports != 0)
            expected[tuples++] = tcp_expect(tcp, tuple);
    }
    for (uint32_t i = 0; i < tuples; i++)
        tcp_fetch_expected(tcp, expected[i]);
    for (uint32_t i = 0; i < tuples; i++) {
        const struct tcb *tcb = tcp_look_up_expected(tcp, expected[i]);

        found += tcb != 0;
        if (tcb && tcb->kind == TCB_CONN)
            prefetch(((const struct leat_tcp *)(const void *)tcb)->transfer, TRANSFER_HOT_BYTES);
    }
    return found;
}

uint32_t tcp_fetch(struct tcp *tcp, struct leat_buf *const *frames, uint32_t count)
{
    uint32_t found = 0;

    for (; count > TOGETHER; count -= TOGETHER, frames += TOGETHER)
        found += fetch_together(tcp, frames, TOGETHER);
    return found + fetch_together(tcp, frames, count);
}

uint32_t tcp_burst(struct leat *stack, struct leat_buf **frames, uint32_t count)
{
    const uint32_t kept = gro_merge(stack, frames, count);

    if (FOR_SPEED && kept >= FRAMES_LEAST && stack->tcp->conn_count > CONNECTIONS_FEW)
        (void)tcp_fetch(stack->tcp, frames, kept);
    return kept;
}
