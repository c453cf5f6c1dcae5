/* isn.c -- sequence numbers and ports that an attacker can't guess (RFC 6528, RFC 6056). */
#include "tcp/conn/isn.h"
#include "tcp/conn/table.h"
#include "tcp/tcp.h"

enum {
    ISN_TICK_SHIFT = 12, /* M counts every 4.096 us (RFC 6528 3: 4 us) */
    PORT_FIRST = 32768,  /* the upper half: RFC 6056 3.2 wants a wide range */
    PORT_COUNT = 32768,
    COUNTERS = 16
};

/* Both addresses as one word. For IPv6 it is made of the addresses, not of the host numbers, which
 * are reused: RFC 6528 needs the same hash for the same addresses. Each address has a keyed hash,
 * so no choice of addresses makes two words the same. */
static inline uint64_t ips_of(const struct leat *stack, const struct tcb *tcb)
{
    uint64_t local;

    if (!tcb_is_v6(tcb))
        return (uint64_t)tcb->remote_ip << 32 | tcb->local_ip;
    local = host_word(stack, tcb->local_ip);
    return host_word(stack, tcb->remote_ip) + (local << 32 | local >> 32);
}

/* Grows with each new seed, and for IPv6 with each host number that another address gets: both give
 * the tuple another hash. */
static inline uint32_t generation(const struct leat *stack, const struct tcb *tcb)
{
    return stack->route_generation + (tcb_is_v6(tcb) ? stack->hosts6->reused : 0);
}

/* Computes the hash and keeps it. */
static __attribute__((noinline)) uint64_t hash_anew(const struct leat *stack, const struct tcb *tcb,
                                                    enum purpose purpose)
{
    struct secret_of_tuple *last = &stack->tcp->secrets[purpose];
    const uint32_t ports = (uint32_t)tcb->remote_port << 16 | tcb->local_port;

    last->tuple = tcb_tuple(tcb);
    last->generation = generation(stack, tcb);
    last->hash =
        siphash24_15(&stack->secret_key, ips_of(stack, tcb), (uint64_t)purpose << 32 | ports);
    return last->hash;
}

/* The last hash for each purpose is kept: a connection asks for its ISN and its timestamp offset
 * one after the other, and connections to one server ask for a port. */
static inline uint64_t hash_tuple(const struct leat *stack, const struct tcb *tcb,
                                  enum purpose purpose)
{
    const struct secret_of_tuple *last = &stack->tcp->secrets[purpose];

    if (tcp_tuple_equal(last->tuple, tcb_tuple(tcb)) && last->generation == generation(stack, tcb))
        return last->hash;
    return hash_anew(stack, tcb, purpose);
}

uint32_t tcp_isn(const struct leat *stack, const struct tcb *tcb)
{
    const uint64_t clock = stack->now_ns >> ISN_TICK_SHIFT;

    return (uint32_t)(clock + hash_tuple(stack, tcb, FOR_ISN_AND_TS));
}

uint32_t tcp_ts_offset(const struct leat *stack, const struct tcb *tcb)
{
    return (uint32_t)(hash_tuple(stack, tcb, FOR_ISN_AND_TS) >> 32);
}

bool tcp_choose_port(struct tcp *tcp, struct tcb *tcb)
{
    uint64_t hash;
    uint32_t offset, *counter;

    /* RFC 6056 3.3.4, "double-hash": the port isn't hashed */
    tcb->local_port = 0;
    hash = hash_tuple(tcp->stack, tcb, FOR_PORT);
    offset = (uint32_t)hash;
    counter = &tcp->port_counters[(hash >> 32) % COUNTERS];
    for (uint32_t tries = 0; tries < PORT_COUNT; tries++) {
        tcb->local_port = (uint16_t)(PORT_FIRST + (offset + (*counter)++) % PORT_COUNT);
        if (!tcp_find(tcp, tcb_tuple(tcb)))
            return true;
    }
    return false;
}
