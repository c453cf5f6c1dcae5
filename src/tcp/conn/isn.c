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

/* The hash for IPv6 covers the addresses, not the host numbers, which are reused. RFC 6528 needs
 * the same hash for the same addresses. */
COLD static uint64_t hash_tuple6(const struct leat *stack, const struct tcb *tcb,
                                 enum purpose purpose)
{
    const uint64_t words[] = {host_word(stack, tcb->remote_ip), host_word(stack, tcb->local_ip),
                              (uint64_t)purpose << 32 | (uint32_t)tcb->remote_port << 16 |
                                  tcb->local_port};

    return siphash24(&stack->secret_key, words, sizeof words);
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
    const uint64_t ips = (uint64_t)tcb->remote_ip << 32 | tcb->local_ip;
    const uint32_t ports = (uint32_t)tcb->remote_port << 16 | tcb->local_port;

    last->tuple = tcb_tuple(tcb);
    last->generation = generation(stack, tcb);
    last->hash = tcb_is_v6(tcb)
                     ? hash_tuple6(stack, tcb, purpose)
                     : siphash24_15(&stack->secret_key, ips, (uint64_t)purpose << 32 | ports);
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
