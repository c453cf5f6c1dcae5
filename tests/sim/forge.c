/* forge.c -- forged frames, layer by layer. */
#include "forge.h"

#include <string.h>

#include "segment.h"

enum {
    IP_AT = FORGE_IP_AT,
    PART_AT = FORGE_PART_AT
};

uint32_t forge_any(struct forge *f, uint64_t low, uint64_t high)
{
    return (uint32_t)sim_random_between(f->random, low, high);
}

void forge_put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void forge_put32(uint8_t *at, uint32_t value)
{
    forge_put16(at, value >> 16);
    forge_put16(at + 2, value & 0xffff);
}

/* The checksum of RFC 1071, as stored in the header. */
uint32_t forge_sum(uint64_t total, const uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        total += (uint64_t)bytes[i] << (i % 2 ? 0 : 8);
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    return ~(uint32_t)total & 0xffff;
}

/* ---- layers ------------------------------------------------------------------------------- */

leat_ip4 forge_ours(const struct forge *f)
{
    return IP4(10, 0, 0, 1 + f->end);
}

leat_ip4 forge_peers(const struct forge *f)
{
    return IP4(10, 0, 0, 2 - f->end);
}

leat_ip4 forge_stranger(struct forge *f)
{
    return IP4(10, 0, 0, 3) + forge_any(f, 0, 200);
}

void forge_ethernet(struct forge *f, uint32_t type)
{
    const uint8_t macs[12] = {2, 0, 0, 0, 0, (uint8_t)(1 + f->end), 2, 0, 0, 0, 0, 0x66};

    memset(f->bytes, 0, SIM_ATTACK_BYTES);
    memcpy(f->bytes, macs, sizeof macs);
    forge_put16(f->bytes + 12, type);
    f->len = 60;
}

void forge_seal_ip(struct forge *f)
{
    forge_put16(f->bytes + IP_AT + 10, 0);
    forge_put16(f->bytes + IP_AT + 10,
                forge_sum(0, f->bytes + IP_AT, (f->bytes[IP_AT] & 15u) * 4u));
}

/* An IP header for @part_len bytes behind it. */
void forge_ip(struct forge *f, leat_ip4 src, uint8_t protocol, uint32_t part_len)
{
    uint8_t *at = f->bytes + IP_AT;

    forge_ethernet(f, 0x0800);
    at[0] = 0x45;
    forge_put16(at + 2, 20 + part_len);
    forge_put16(at + 4, forge_any(f, 0, 0xffff));
    at[8] = 64;
    at[9] = protocol;
    forge_put32(at + 12, src);
    forge_put32(at + 16, forge_ours(f));
    forge_seal_ip(f);
    if (PART_AT + part_len > f->len)
        f->len = PART_AT + part_len;
}

/* Corrects the checksum of TCP, UDP or FORGE_ICMP. */
void forge_seal_part(struct forge *f)
{
    const uint8_t protocol = f->bytes[IP_AT + 9];
    const uint32_t len = (uint32_t)(f->bytes[IP_AT + 2] << 8 | f->bytes[IP_AT + 3]) - 20;
    const uint32_t at = PART_AT + (protocol == FORGE_TCP ? 16u : protocol == FORGE_UDP ? 6u : 2u);
    uint64_t pseudo = 0;

    forge_put16(f->bytes + at, 0);
    if (protocol != FORGE_ICMP)
        pseudo = (~forge_sum(0, f->bytes + IP_AT + 12, 8) & 0xffff) + (uint64_t)protocol + len;
    forge_put16(f->bytes + at, forge_sum(pseudo, f->bytes + PART_AT, len));
}

void forge_tcp(struct forge *f, leat_ip4 src, uint16_t src_port, uint16_t dst_port,
               const struct forge_segment *segment)
{
    uint8_t *at = f->bytes + PART_AT;

    forge_ip(f, src, FORGE_TCP, 20 + segment->options_len + segment->data_len);
    forge_put16(at, src_port);
    forge_put16(at + 2, dst_port);
    forge_put32(at + 4, segment->seq);
    forge_put32(at + 8, segment->ack);
    at[12] = (uint8_t)((5 + segment->options_len / 4) << 4);
    at[13] = segment->flags;
    forge_put16(at + 14, forge_any(f, 0, 0xffff));
    if (segment->options_len > 0)
        memcpy(at + 20, segment->options, segment->options_len);
    memset(at + 20 + segment->options_len, '!', segment->data_len);
    forge_seal_part(f);
}

/* Makes a segment look as if it came from the peer of the connection. */
void forge_live(struct forge *f, const struct forge_segment *segment)
{
    uint8_t options[12] = {1, 1, 8, 10};
    struct forge_segment timed = *segment;

    if (f->info.timestamps && segment->options_len == 0 &&
        !(segment->flags & (SIM_RST | SIM_SYN))) {
        forge_put32(options + 4,
                    f->peer_ts); /* without it, the segment would be dropped: RFC 7323 3.2 */
        timed.options = options;
        timed.options_len = sizeof options;
    }
    forge_tcp(f, forge_peers(f), f->info.remote.port, f->info.local.port, &timed);
}

/* ---- numbers ------------------------------------------------------------------------------ */

/* In the window, but not the next one; or outside, if the window is closed. */
uint32_t forge_seq_inside(struct forge *f)
{
    const uint32_t window = f->info.rcv_wnd_bytes;

    return f->info.rcv_nxt + (window > 1 ? forge_any(f, 1, window - 1) : 1u << 30);
}

uint32_t forge_seq_outside(struct forge *f)
{
    const bool above = forge_any(f, 0, 1);

    return above ? f->info.rcv_nxt + f->info.rcv_wnd_bytes + forge_any(f, 0, 1u << 30)
                 : f->info.rcv_nxt - forge_any(f, 1, 1u << 30);
}

/* For data that was never sent, or older than any window (RFC 5961 5). */
uint32_t forge_ack_wrong(struct forge *f)
{
    const bool above = forge_any(f, 0, 1);

    return above ? f->info.snd_nxt + forge_any(f, 1, 1u << 30)
                 : f->info.snd_una - (1u << 30) - forge_any(f, 0, 1u << 20);
}
