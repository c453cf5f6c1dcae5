/*
 * cookie.c -- SYN cookies: a handshake without memory, for when the memory is full (RFC 4987 3.6).
 *
 * The initial sequence number of the SYN,ACK holds all that is needed when the ACK comes back:
 *
 *      5 bits   minutes, so that a cookie is good for one to two of them
 *      3 bits   the peer's MSS, as one of eight
 *      24 bits  a keyed hash over the tuple, the peer's ISN, the MSS, the options, and the minutes
 *               since the start, all 32 bits of them, because the 5 bits repeat after half an hour
 *
 * The options, window scale, SACK and ECN, are encoded in the low bits of the timestamp, which the
 * peer echoes; a peer without timestamps gets no options. The hash covers them, because a peer may
 * echo a later timestamp, from a half-open entry that was free for a while. Its low bits would be
 * read as nonsense.
 */
#include "ip/route.h"
#include "tcp/conn/isn.h"
#include "tcp/passive/cookie.h"
#include "tcp/conn/accecn.h"
#include "tcp/send/emit.h"
#include "tcp/conn/budget.h"
#include "tcp/congestion/mss.h"
#include "tcp/congestion/seq.h"
#include "tcp/listener.h"
#include "tcp/tcp.h"

enum {
    MINUTE_BITS = 5,
    MSS_BITS = 3,
    HASH_BITS = 24,
    MINUTES_MASK = (1 << MINUTE_BITS) - 1,
    HASH_MASK = (1 << HASH_BITS) - 1,
    /* in the timestamp */
    TS_SHIFT_MASK = 15, /* 15: no window scaling */
    TS_SACK = 1 << 4,
    TS_ECN = 1 << 5,
    TS_MASK = (1 << 6) - 1,
    NO_TS = 1 << 6 /* stands for the bits of a peer without timestamps */
};

static const uint64_t minute_ns = 60000000000;

static const uint16_t mss_of_index[] = {48, 216, 536, 1024, 1360, 1440, 1460, 8960};

_Static_assert(sizeof mss_of_index / sizeof *mss_of_index == 1 << MSS_BITS, "all that is said");

static unsigned mss_index(uint16_t mss)
{
    unsigned index = (1 << MSS_BITS) - 1;

    while (index > 0 && mss_of_index[index] > mss)
        index--;
    return index;
}

static uint32_t minute_of(const struct tcp *tcp)
{
    return (uint32_t)(tcp->stack->now_ns / minute_ns);
}

/* The cookie for @tcb. @options: as in the timestamp, or NO_TS. */
static uint32_t cookie_of(const struct tcp *tcp, const struct tcb *tcb, uint32_t irs,
                          uint32_t minute, uint32_t index, uint32_t options)
{
    const uint32_t words[] = {(uint32_t)host_word(tcp->stack, tcb->local_ip),
                              (uint32_t)host_word(tcp->stack, tcb->remote_ip),
                              (uint32_t)tcb->local_port << 16 | tcb->remote_port,
                              irs,
                              minute,
                              index,
                              options};
    const uint64_t hash = siphash24(&tcp->stack->secret_key, words, sizeof words);

    return (minute & MINUTES_MASK) << (MSS_BITS + HASH_BITS) | index << HASH_BITS |
           ((uint32_t)hash & HASH_MASK);
}

/* The options of a SYN, as encoded in the low bits of the timestamp. */
static uint32_t options_of(const struct wire_tcp *syn, uint16_t agreed)
{
    const uint32_t shift =
        syn->wind_shift == WIRE_TCP_NO_SHIFT ? TS_SHIFT_MASK : syn->wind_shift & TS_SHIFT_MASK;

    if (!(agreed & TCB_TS))
        return NO_TS;
    return shift | (agreed & TCB_SACK ? TS_SACK : 0) | (agreed & TCB_ECN ? TS_ECN : 0);
}

/* A timestamp that ends with @options and is not in the future. */
static uint32_t tsval_with(uint32_t now, uint32_t options)
{
    const uint32_t tsval = (now & ~(uint32_t)TS_MASK) | options;

    return seq_lt(now, tsval) ? tsval - (TS_MASK + 1) : tsval;
}

void tcp_cookie_answer(const struct leat_tcp_listener *listener, const struct tcp_segment *segment)
{
    struct tcp *tcp = listener->tcp;
    const struct wire_tcp *syn = &segment->header;
    const uint32_t window = tcp_window_begin(tcp);
    const unsigned index = mss_index(tcp_mss_of_syn(syn, host_is_v6(segment->packet->src)));
    struct tcb tcb = tcp_tcb_of(segment);
    struct wire_tcp header = {.flags = TCP_SYN | TCP_ACK, .wind_shift = WIRE_TCP_NO_SHIFT};
    struct path room;
    const struct path *path = route_cache_find(tcp->stack, tcb.local_ip, tcb.remote_ip, &room);
    uint32_t options;

    if (!path)
        return;
    tcb.rcv_nxt = syn->seq + 1;
    tcb.rcv_wnd = window < UINT16_MAX ? window : UINT16_MAX;
    tcb.ts_recent = syn->tsval;
    tcb.flags = tcp_agreed_options(tcp_offered_options(tcp, true), syn) & (unsigned)TCB_FLAGS;
    /* no Accurate ECN: a cookie can't hold the state of its handshake */
    if ((tcb.flags & TCB_ACCECN) || (tcp_accecn_read(segment) & TCP_AE))
        tcb.flags &= TCB_FLAGS & ~(TCB_ECN | TCB_ACCECN);
    if (!(tcb.flags & TCB_TS))
        tcb.flags &= TCB_FLAGS & ~(TCB_SACK | TCB_ECN); /* no place to keep them */
    else if (syn->wind_shift != WIRE_TCP_NO_SHIFT)
        header.wind_shift = tcp->wind_shift;
    options = options_of(syn, tcb.flags);
    header.seq = cookie_of(tcp, &tcb, syn->seq, minute_of(tcp), index, options);
    header.mss = tcp_mss_of(path);
    if (header.mss > listener->config.mss_max)
        header.mss = listener->config.mss_max;
    header.sack_permitted = tcb.flags & TCB_SACK;
    header.flags |= tcb.flags & TCB_ECN ? TCP_ECE : 0;
    if (tcb.flags & TCB_TS) {
        header.has_ts = true;
        header.tsval =
            tsval_with(tcp_now_ms(tcp->stack) + tcp_ts_offset(tcp->stack, &tcb), options);
        header.tsecr = syn->tsval;
        tcb.flags &= TCB_FLAGS & ~TCB_TS; /* or tcp_emit() would write its own */
    }
    tcp->cookie_sent_ns = tcp->stack->now_ns;
    tcp->cookies_out = true;
    tcp->stack->stats.tcp_cookies_sent++;
    tcp_emit(tcp, path, &tcb, &header, 0, 0);
}

/* True if @ack - 1 is a recent cookie of ours for this tuple. */
static bool is_cookie(const struct tcp *tcp, const struct tcb *tuple, const struct wire_tcp *ack)
{
    const uint32_t cookie = ack->ack - 1;
    const uint32_t now = minute_of(tcp);
    const uint32_t age = (now - (cookie >> (MSS_BITS + HASH_BITS))) & MINUTES_MASK;
    const uint32_t index = cookie >> HASH_BITS & ((1 << MSS_BITS) - 1);

    if (age > 1)
        return false;
    return cookie == cookie_of(tcp, tuple, ack->seq - 1, now - age, index,
                               ack->has_ts ? ack->tsecr & TS_MASK : NO_TS);
}

bool tcp_cookie_check(const struct tcp *tcp, const struct tcp_segment *segment,
                      struct wire_tcp *syn)
{
    const struct wire_tcp *ack = &segment->header;
    const struct tcb tuple = tcp_tcb_of(segment);
    const bool ecn = ack->has_ts && (ack->tsecr & TS_ECN);

    if (!tcp->cookies_out || tcp->stack->now_ns - tcp->cookie_sent_ns > 2 * minute_ns ||
        (ack->flags & (TCP_SYN | TCP_RST)) || !is_cookie(tcp, &tuple, ack))
        return false;
    *syn = (struct wire_tcp){
        .src_port = ack->src_port,
        .dst_port = ack->dst_port,
        .seq = ack->seq - 1,
        .flags = (uint8_t)(TCP_SYN | (ecn ? TCP_ECE | TCP_CWR : 0)),
        .window = ack->window,
        .mss = mss_of_index[(ack->ack - 1) >> HASH_BITS & ((1 << MSS_BITS) - 1)],
        .wind_shift = WIRE_TCP_NO_SHIFT,
        .has_ts = ack->has_ts,
        .tsval = ack->tsval,
    };
    if (ack->has_ts) {
        syn->sack_permitted = ack->tsecr & TS_SACK;
        if ((ack->tsecr & TS_SHIFT_MASK) != TS_SHIFT_MASK)
            syn->wind_shift = ack->tsecr & TS_SHIFT_MASK;
    }
    return true;
}
