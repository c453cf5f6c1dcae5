/* pmtu.c -- path MTU discovery by the packetization layer (RFC 8899 5). */
#include "tcp/congestion/pmtu.h"
#include "tcp/congestion/mss.h"

enum {
    BASE = 1200,    /* BASE_PLPMTU (RFC 8899 5.1.2) */
    MAX_PROBES = 3, /* RFC 8899 5.1.2 */
    TIMEOUTS_TO_BASE = 2,
    TIMEOUTS_TO_LEAST = 6,
    CLOSE_ENOUGH = 20, /* bytes: a closer result isn't worth a probe */
    TIMEOUTS_MAX = 7,
    UNIT_SHIFT = 26, /* units of 67 ms, so that 27 bits are 104 days; a wait is ten minutes */
    UNITS_MASK = (1 << 27) - 1
};

static const uint64_t raise_ns = 600000000000; /* PMTU_RAISE_TIMER: RFC 8899 5.1.1 */
static const uint64_t soon_ns = 1000000000;    /* between the probes of one search */

static void wait(struct pmtu *pmtu, uint64_t until_ns)
{
    pmtu->next_probe = (until_ns >> UNIT_SHIFT) & UNITS_MASK;
}

/* A time further ahead than the longest wait has passed already: the counter has wrapped. */
static bool is_waiting(const struct pmtu *pmtu, uint64_t now_ns)
{
    const uint64_t left = (pmtu->next_probe - (now_ns >> UNIT_SHIFT)) & UNITS_MASK;

    return left > 0 && left <= (raise_ns >> UNIT_SHIFT) + 1;
}

void pmtu_init(struct pmtu *pmtu, uint16_t link_mtu)
{
    *pmtu = (struct pmtu){.mtu = link_mtu, .most = link_mtu};
}

void pmtu_clamp(struct pmtu *pmtu, uint16_t mss_max, uint32_t headers_bytes)
{
    const uint32_t mtu = headers_bytes + (mss_max < MSS_MIN ? (uint32_t)MSS_MIN : mss_max);

    if (mtu < pmtu->most)
        pmtu->most = (uint16_t)mtu;
    if (mtu < pmtu->mtu)
        pmtu->mtu = (uint16_t)mtu;
}

bool pmtu_is_least(const struct pmtu *pmtu)
{
    return pmtu->mtu <= PMTU_LEAST_IPV4;
}

/* Reduces the MTU to @mtu, if that is less. Larger packets may be tried after @after_ns. */
static bool shrink_to(struct pmtu *pmtu, uint16_t mtu, uint64_t now_ns, uint64_t after_ns)
{
    if (mtu >= pmtu->mtu)
        return false;
    pmtu->mtu = mtu;
    pmtu->probing = 0;
    pmtu->failures = 0;
    pmtu->too_much = 0;
    wait(pmtu, now_ns + after_ns);
    return true;
}

bool pmtu_timed_out(struct pmtu *pmtu, uint16_t least, uint64_t now_ns)
{
    pmtu->probing = 0;
    if (pmtu->timeouts < TIMEOUTS_MAX)
        pmtu->timeouts++;
    /* most likely the path is down, so the search begins soon after data gets through */
    if (pmtu->timeouts == TIMEOUTS_TO_BASE)
        return shrink_to(pmtu, least > BASE ? least : (uint16_t)BASE, now_ns, soon_ns);
    if (pmtu->timeouts == TIMEOUTS_TO_LEAST)
        return shrink_to(pmtu, least, now_ns, soon_ns);
    return false;
}

bool pmtu_told(struct pmtu *pmtu, uint16_t mtu, uint16_t least, uint64_t now_ns)
{
    /* a report may be forged, so it only shrinks, and never below @least (RFC 8899 4.6) */
    return shrink_to(pmtu, mtu < least ? least : mtu, now_ns, raise_ns);
}

/* True if the largest working size and the smallest failing one lie close together. */
static bool search_is_over(const struct pmtu *pmtu)
{
    return pmtu->too_much && pmtu->too_much - pmtu->mtu <= CLOSE_ENOUGH;
}

uint16_t pmtu_candidate(const struct pmtu *pmtu, uint64_t now_ns)
{
    if (pmtu->mtu >= pmtu->most || pmtu->probing || is_waiting(pmtu, now_ns))
        return 0;
    if (!pmtu->too_much ||
        search_is_over(pmtu)) /* try the largest again: the path may have changed */
        return pmtu->most;
    return (uint16_t)((pmtu->mtu + pmtu->too_much) / 2);
}

void pmtu_probe(struct pmtu *pmtu, uint16_t bytes)
{
    pmtu->probing = bytes;
}

void pmtu_arrived(struct pmtu *pmtu, uint64_t now_ns)
{
    if (pmtu->probing > pmtu->mtu)
        pmtu->mtu = pmtu->probing;
    if (pmtu->too_much && pmtu->too_much <= pmtu->mtu)
        pmtu->too_much = 0;
    pmtu->probing = 0;
    pmtu->failures = 0;
    wait(pmtu, now_ns + soon_ns);
}

void pmtu_lost(struct pmtu *pmtu, uint64_t now_ns)
{
    const uint16_t size = pmtu->probing;

    pmtu->probing = 0;
    wait(pmtu, now_ns + soon_ns);
    /* a probe may be lost like any segment, so only the third one says something about its size */
    pmtu->failures++;
    if (pmtu->failures < MAX_PROBES)
        return;
    pmtu->failures = 0;
    if (!search_is_over(pmtu))
        pmtu->too_much = size;
    if (search_is_over(pmtu))
        wait(pmtu, now_ns + raise_ns);
}
