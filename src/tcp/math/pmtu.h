/*
 * pmtu.h -- how large a packet the path carries, found out without ICMP (RFC 8899, RFC 4821).
 *
 * It begins with what our link carries.  When nothing gets through, it falls back to sizes that
 * every path carries, and later searches its way up again with single larger packets, whose loss
 * says nothing about congestion.
 */
#ifndef TCP_PMTU_H
#define TCP_PMTU_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"

enum {
    TCP_HEADERS_BYTES = 40,  /* fixed IPv4 and TCP headers: what an MTU has more than an MSS */
    TCP_HEADERS6_BYTES = 60, /* of IPv6 */
    PMTU_LEAST_IPV4 = 576,   /* MIN_PLPMTU (RFC 8899 5.1.2), and RFC 5927 7's floor for ICMP */
    PMTU_LEAST_IPV6 = 1280   /* every link carries that (RFC 8200 5, RFC 8201 4) */
};

struct pmtu {
    uint16_t mtu;             /* PLPMTU: what we send; bytes of an IP datagram */
    uint16_t most;            /* MAX_PLPMTU: what our link carries */
    uint16_t too_much;        /* the least that is known not to get through; 0: none is */
    uint16_t probing;         /* a packet of so many bytes is on its way; 0: none */
    uint32_t next_probe : 27; /* not before: units of 2^26 ns */
    uint32_t failures : 2;    /* of probes of this size */
    uint32_t timeouts : 3;    /* one after another; stays at its most */
};

void pmtu_init(struct pmtu *pmtu, uint16_t link_mtu);

/* No segment is to have more than @mss_max bytes of data, 48 at least (CVE-2019-11479); behind
 * @headers_bytes of IP and TCP. */
COLD void pmtu_clamp(struct pmtu *pmtu, uint16_t mss_max, uint32_t headers_bytes);

/* True at the smallest size of IPv4: a path that carries less has to cut it, so DF stays off (RFC 1191 3;
 * RFC 5927 7 believes nothing less). */
bool pmtu_is_least(const struct pmtu *pmtu);

/* Data was acknowledged. */
static inline void pmtu_progress(struct pmtu *pmtu)
{
    pmtu->timeouts = 0;
}

/* The retransmission timer fired.  True: the path may be a black hole, so `mtu` has shrunk, to @least
 * at least. */
COLD bool pmtu_timed_out(struct pmtu *pmtu, uint16_t least, uint64_t now_ns);

/* ICMP says that no more than @mtu bytes get through (RFC 1191, RFC 8201); less than @least is not
 * believed.  True: `mtu` has shrunk. */
COLD bool pmtu_told(struct pmtu *pmtu, uint16_t mtu, uint16_t least, uint64_t now_ns);

/* The size of packet that should be tried now, or 0. */
uint16_t pmtu_candidate(const struct pmtu *pmtu, uint64_t now_ns);

/* Such a packet leaves. */
COLD void pmtu_probe(struct pmtu *pmtu, uint16_t bytes);

/* ... and has arrived: `mtu` is larger now. */
COLD void pmtu_arrived(struct pmtu *pmtu, uint64_t now_ns);

/* ... or was lost. */
COLD void pmtu_lost(struct pmtu *pmtu, uint64_t now_ns);

#endif
