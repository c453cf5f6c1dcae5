/*
 * pmtu.h -- the path MTU, found without ICMP (RFC 8899, RFC 4821).
 *
 * It begins with the MTU of our link. When nothing gets through, it falls back to sizes that every
 * path carries. Later it searches upwards with single larger packets, whose loss isn't a sign of
 * congestion.
 */
#ifndef TCP_PMTU_H
#define TCP_PMTU_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"

enum {
    TCP_HEADERS_BYTES = 40,  /* fixed IPv4 and TCP headers: an MTU less the MSS */
    TCP_HEADERS6_BYTES = 60, /* fixed IPv6 and TCP headers */
    PMTU_LEAST_IPV4 =
        576, /* MIN_PLPMTU (RFC 8899 5.1.2), and the lower bound for ICMP (RFC 5927 7) */
    PMTU_LEAST_IPV6 = 1280 /* every link carries it (RFC 8200 5, RFC 8201 4) */
};

struct pmtu {
    uint16_t mtu;             /* PLPMTU: the size that we send; bytes of an IP datagram */
    uint16_t most;            /* MAX_PLPMTU: the MTU of our link */
    uint16_t too_much;        /* the smallest size known to fail; 0: none */
    uint16_t probing;         /* size of the probe in flight; 0: none */
    uint32_t next_probe : 27; /* earliest time, units of 2^26 ns */
    uint32_t failures : 2;    /* failed probes of this size */
    uint32_t timeouts : 3;    /* consecutive timeouts; saturates */
};

void pmtu_init(struct pmtu *pmtu, uint16_t link_mtu);

/* Limits the payload of segments to @mss_max, but not below 48 (CVE-2019-11479). @headers_bytes: IP
 * and TCP headers. */
COLD void pmtu_clamp(struct pmtu *pmtu, uint16_t mss_max, uint32_t headers_bytes);

/* True at the smallest size of IPv4. A path that carries less has to fragment it, so DF stays off
 * (RFC 1191 3; RFC 5927 7 trusts no smaller size). */
bool pmtu_is_least(const struct pmtu *pmtu);

/* Notes that data was acknowledged. */
static inline void pmtu_progress(struct pmtu *pmtu)
{
    pmtu->timeouts = 0;
}

/* Notes a retransmission timeout. True: the path may be a black hole, so `mtu` was reduced, but not
 * below @least. */
COLD bool pmtu_timed_out(struct pmtu *pmtu, uint16_t least, uint64_t now_ns);

/* Notes an ICMP error with the next hop's @mtu (RFC 1191, RFC 8201); less than @least is not
 * trusted. True: `mtu` was reduced. */
COLD bool pmtu_told(struct pmtu *pmtu, uint16_t mtu, uint16_t least, uint64_t now_ns);

/* The packet size to probe now, or 0. */
uint16_t pmtu_candidate(const struct pmtu *pmtu, uint64_t now_ns);

/* Notes that a probe of @bytes was sent. */
COLD void pmtu_probe(struct pmtu *pmtu, uint16_t bytes);

/* Notes that the probe arrived: `mtu` grows. */
COLD void pmtu_arrived(struct pmtu *pmtu, uint64_t now_ns);

/* Notes that the probe was lost. */
COLD void pmtu_lost(struct pmtu *pmtu, uint64_t now_ns);

#endif
