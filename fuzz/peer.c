/* peer.c -- the other end of a TCP connection to the harness. */
#include "peer.h"

#include <string.h>

enum {
    FIN = 1,
    SYN = 2,
    ACK = 16,
    TCP_AT = FRAME_L4,
    OPTIONS_AT = FRAME_L4 + 20,
    WINDOW = 65535
};

struct peer peer_of(uint16_t port, uint16_t stack_port)
{
    return (struct peer){.port = port, .stack_port = stack_port, .want = PEER_SYN_ISS, .edge = 1};
}

/* ---- received segments ------------------------------------------------------------------- */

static void learn_option(struct peer *peer, uint8_t kind, const uint8_t *value, uint32_t len)
{
    if (kind == 3 && len == 1)
        peer->shift = value[0] & 15;
    if (kind == 8 && len == 8) {
        peer->tsval = frame_get32(value);
        peer->tsecr = frame_get32(value + 4);
    }
    if (kind == 34 && len > 0 && len <= PEER_COOKIE_BYTES) {
        peer->cookie_bytes = (uint8_t)len;
        memcpy(peer->cookie, value, len);
    }
}

static void learn_options(struct peer *peer, const uint8_t *at, const uint8_t *end)
{
    while (at<end && * at> 0) {
        const uint32_t len = *at == 1 ? 1 : at + 1 < end ? at[1] : 0;

        if (len == 0 || (*at > 1 && len < 2) || len > (uint32_t)(end - at))
            return;
        if (*at > 1)
            learn_option(peer, *at, at + 2, len - 2);
        at += len;
    }
}

static void learn_frame(struct peer *peer, const struct fake_frame *sent)
{
    const uint8_t *tcp = sent->bytes + TCP_AT;
    const uint32_t header = (tcp[12] >> 4) * 4u;
    const uint32_t data = frame_get16(sent->bytes + FRAME_IP + 2) - 20 - header; /* no padding */
    const uint32_t seq = frame_get32(tcp + 4);
    const uint32_t len = data + (tcp[13] & FIN) + (tcp[13] >> 1 & 1);

    peer->port = frame_get16(tcp + 2);
    peer->stack_port = frame_get16(tcp);
    if (tcp[13] & SYN)
        peer->irs = peer->una = peer->nxt = seq;
    if ((int32_t)(seq + len - peer->nxt) > 0)
        peer->nxt = seq + len;
    learn_options(peer, sent->bytes + OPTIONS_AT, sent->bytes + TCP_AT + header);
    if (tcp[13] & ACK) {
        peer->want = frame_get32(tcp + 8);
        peer->edge =
            peer->want + ((uint32_t)frame_get16(tcp + 14) << (tcp[13] & SYN ? 0 : peer->shift));
    }
    if (len > 0) {
        peer->last.len = sent->len;
        memcpy(peer->last.bytes, sent->bytes, sent->len);
    }
}

void peer_learn(struct peer *peer, struct harness *harness)
{
    const struct fake_frame *sent;

    while ((sent = fake_netif_sent(&harness->dev))) {
        /* our own frames are never shorter, and have no IP options */
        if (sent->len >= OPTIONS_AT && frame_get16(sent->bytes + 12) == 0x0800 &&
            sent->bytes[FRAME_IP + 9] == 6)
            learn_frame(peer, sent);
    }
}

/* ---- sent segments ----------------------------------------------------------------------- */

static uint32_t put_option(uint8_t *at, uint8_t kind, uint32_t len)
{
    at[0] = kind;
    at[1] = (uint8_t)len;
    return len;
}

static uint32_t put_sacks(const struct peer *peer, const struct peer_lies *lies, uint8_t *at,
                          uint32_t room)
{
    const uint32_t flight = peer->nxt - peer->una;
    uint32_t len = 2;

    for (unsigned i = 0; i < 3 && len + 8 <= room; i++) {
        const uint32_t start = peer->una + flight * (lies->sacks[i] >> 4) / 16;

        if (lies->sacks[i] == 0)
            break;
        frame_put32(at + len, start);
        frame_put32(at + len + 4, start + flight * (lies->sacks[i] & 15u) / 16 + 1);
        len += 8;
    }
    return len > 2 ? put_option(at, 5, len) : 0;
}

static uint32_t put_fast_open(const struct peer *peer, uint8_t options, uint8_t *at)
{
    const uint32_t len = 2u + peer->cookie_bytes;

    memcpy(at + 2, peer->cookie, peer->cookie_bytes);
    if (options & PEER_BAD_COOKIE)
        at[2] ^= 1;
    return put_option(at, 34, len);
}

uint32_t peer_options(const struct peer *peer, uint64_t now_ns, uint8_t flags, uint8_t options,
                      const struct peer_lies *lies, uint8_t bytes[PEER_OPTIONS_BYTES])
{
    const bool syn = flags & SYN;
    uint32_t len = 0;

    memset(bytes, 1, PEER_OPTIONS_BYTES);
    if (syn && options & PEER_MSS) {
        frame_put16(bytes + 2, 1460);
        len += put_option(bytes, 2, 4);
    }
    if (syn && options & PEER_WINDOW_SCALE) {
        bytes[len + 2] = 7;
        len += put_option(bytes + len, 3, 3);
    }
    if (options & PEER_TIMESTAMPS) {
        frame_put32(bytes + len + 2, (uint32_t)(now_ns / 1000000) + lies->tsval);
        frame_put32(bytes + len + 6, (flags & ACK ? peer->tsval : 0) + lies->tsecr);
        len += put_option(bytes + len, 8, 10);
    }
    if (syn && options & PEER_SACK)
        len += put_option(bytes + len, 4, 2);
    else if (options & PEER_SACK)
        len += put_sacks(peer, lies, bytes + len, PEER_OPTIONS_BYTES - len);
    if (syn && options & PEER_FAST_OPEN && len + 2 + peer->cookie_bytes <= PEER_OPTIONS_BYTES)
        len += put_fast_open(peer, options, bytes + len);
    return (len + 3) & ~3u;
}

void peer_say(struct peer *peer, struct harness *harness, uint8_t flags, uint8_t options)
{
    static const struct peer_lies none;
    uint8_t bytes[PEER_OPTIONS_BYTES];
    struct frame_segment segment = {.src_port = peer->port,
                                    .dst_port = peer->stack_port,
                                    .flags = flags,
                                    .window = WINDOW,
                                    .options = bytes};
    struct frame frame;

    peer_learn(peer, harness);
    segment.seq = peer->want;
    segment.ack = flags & ACK ? peer->nxt : 0;
    segment.options_len = peer_options(peer, harness->now_ns, flags, options, &none, bytes);
    if (flags & ACK)
        peer->una = peer->nxt;
    frame = frame_tcp(&segment, NULL, 0);
    harness_feed(harness, frame.bytes, frame.len);
    peer_learn(peer, harness);
}
