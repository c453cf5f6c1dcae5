/* link_queue.c -- the share of a connection in the queue of a link, below TCP, whose device is
 * full. */
#include "ip/host.h"
#include "ip/route.h"
#include "link/frame_flow.h"
#include "link/transmit.h"
#include "tcp/conn/wake.h"
#include "tcp/send/output.h"
#include "wire/bytes.h"

/* The key is that of frame_flow() for the frames of @conn: our address first, and the word of both
 * ports. */
static uint64_t key_of(const struct leat_tcp *conn, const struct link *link)
{
    const uint32_t ports = (uint32_t)conn->tcb.local_port << 16 | conn->tcb.remote_port;
    struct leat_ip ends[2];
    uint8_t both[8];

    if (!tcb_is_v6(&conn->tcb)) {
        put32(both, conn->tcb.local_ip);
        put32(both + 4, conn->tcb.remote_ip);
        return frame_flow_key(link, both, 4, ports, IP_TCP);
    }
    ends[0] = host_ip(link->stack, conn->tcb.local_ip);
    ends[1] = host_ip(link->stack, conn->tcb.remote_ip);
    return frame_flow_key(link, ends[0].bytes, 16, ports, IP_TCP);
}

uint32_t tcp_link_queue_left(const struct leat_tcp *conn, const struct path *path)
{
    const uint32_t options_bytes = conn->tcb.flags & TCB_TS ? WIRE_TCP_TS_BYTES : 0;
    const uint32_t headers_bytes =
        ETHERNET_HEADER_BYTES + tcp_headers_bytes(&conn->tcb) + options_bytes;

    /* the loopback queue has one limit for all */
    if (!path->link)
        return ipv4_output_room(conn->tcp->stack, path) ? UINT32_MAX : 0;
    return transmit_left(path->link, key_of(conn, path->link), conn->mss + headers_bytes);
}

bool tcp_link_queue_wait(const struct leat_tcp *conn, const struct path *path)
{
    return path->link &&
           transmit_wait(path->link, key_of(conn, path->link), near_to(conn->tcp, conn));
}

/* A timeout while the segment still waits below is no loss: the retransmission would queue behind
 * the original (timers.c). */
bool tcp_waits_below(const struct leat_tcp *conn)
{
    struct leat *stack = conn->tcp->stack;
    struct path found;
    const struct path *path;

    /* without a full device no frame waits */
    if (stack->slow_links == 0)
        return false;
    path = route_cache_find(stack, conn->tcb.local_ip, conn->tcb.remote_ip, &found);
    return path && path->link && transmit_has(path->link, key_of(conn, path->link));
}

/* The entry @waiter may be free by now, or another connection's. */
void tcp_wake(struct leat *stack, uint32_t waiter)
{
    struct leat_tcp *conn = near_at(stack->tcp, waiter);

    if (conn->tcb.kind == TCB_CONN)
        tcp_want_output(conn);
}
