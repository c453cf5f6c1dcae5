/* attack6.c -- forged frames that only IPv6 has; the others are translated (tests/family). */
#include "attack6.h"

#include <string.h>

#include "translate.h"

enum {
    IP6_AT = FORGE_IP_AT,
    PART6_AT = IP6_AT + 40,
    SOURCE_AT = IP6_AT + 8,
    NEXT_DESTINATION = 60,
    NEXT_ICMP = 58,
    ADVERTISEMENT_BYTES = 32
};

/* The header of a packet for the attacked end, with @len bytes behind it. */
static void packet(struct forge *f, leat_ip4 src, uint8_t next, uint8_t hop_limit, uint32_t len)
{
    uint8_t *at = f->bytes + IP6_AT;

    forge_ethernet(f, 0x86dd);
    at[0] = 0x60;
    forge_put16(at + 4, len);
    at[6] = next;
    at[7] = hop_limit;
    translate_address(src, at + 8);
    translate_address(forge_ours(f), at + 24);
    f->len = PART6_AT + len;
}

static void seal(struct forge *f)
{
    const uint32_t len = f->len - PART6_AT;
    const uint64_t pseudo =
        (~forge_sum(0, f->bytes + SOURCE_AT, 32) & 0xffff) + (uint64_t)NEXT_ICMP + len;

    forge_put16(f->bytes + PART6_AT + 2, 0);
    forge_put16(f->bytes + PART6_AT + 2, forge_sum(pseudo, f->bytes + PART6_AT, len));
}

/* Neighbour discovery of any type about another host, with a wrong header (RFC 4861 7.1). */
void attack6_envelope(struct forge *f)
{
    const uint8_t type = (uint8_t)forge_any(f, 133, 137);
    const uint32_t len = forge_any(f, 0, 1) ? ADVERTISEMENT_BYTES : forge_any(f, 4, 40);
    const uint32_t spoilt = forge_any(f, 0, 2);

    packet(f, forge_stranger(f), NEXT_ICMP, spoilt == 0 ? 254 : 255, len);
    f->bytes[PART6_AT] = type;
    f->bytes[PART6_AT + 1] = spoilt == 1;
    if (len >= 24)
        translate_address(forge_stranger(f), f->bytes + PART6_AT + 8);
    if (len >= ADVERTISEMENT_BYTES)
        f->bytes[PART6_AT + 25] = spoilt == 2 ? 0 : 1; /* an option of no length */
    seal(f);
}

/* Unsolicited router advertisements with absurd numbers (RFC 4861 6.3.4). */
void attack6_router(struct forge *f)
{
    uint8_t *message = f->bytes + PART6_AT;

    packet(f, 0, NEXT_ICMP, 255, 16 + 8 + 32);
    f->bytes[SOURCE_AT] = 0xfe;
    f->bytes[SOURCE_AT + 1] = 0x80;
    f->bytes[SOURCE_AT + 15] = (uint8_t)forge_any(f, 2, 200);
    message[0] = 134;
    message[4] = (uint8_t)forge_any(f, 0, 2); /* hop limit */
    forge_put16(message + 6, forge_any(f, 0, 1) * 0xffff);
    forge_put32(message + 8, forge_any(f, 0, UINT32_MAX));
    forge_put32(message + 12, forge_any(f, 0, UINT32_MAX));
    message[16] = 5; /* MTU */
    message[17] = 1;
    forge_put32(message + 20, forge_any(f, 0, 1500));
    message[24] = 3; /* a prefix */
    message[25] = 4;
    message[26] = 64;
    message[27] = 0xc0;
    forge_put32(message + 28, forge_any(f, 0, 1) * UINT32_MAX);
    forge_put32(message + 32, forge_any(f, 0, UINT32_MAX));
    forge_put32(message + 40, 0x20010db8);
    forge_put32(message + 44, forge_any(f, 0, UINT32_MAX));
    seal(f);
}

/* A redirect of the peer's address, as if from our router (RFC 4861 8.1). */
void attack6_redirect(struct forge *f)
{
    uint8_t *message = f->bytes + PART6_AT;

    packet(f, forge_stranger(f), NEXT_ICMP, 255, 40);
    message[0] = 137;
    translate_address(forge_stranger(f), message + 8);
    translate_address(forge_peers(f), message + 24);
    seal(f);
}

/* Chains of extension headers, legal or not, before a RST that would be accepted (RFC 7112). */
void attack6_headers(struct forge *f)
{
    static const uint8_t kinds[] = {0, 43, NEXT_DESTINATION, 51, 135, 139};
    const uint32_t count = forge_any(f, 1, 12);
    uint8_t *at = f->bytes + PART6_AT, *next = f->bytes + IP6_AT + 6;

    packet(f, forge_peers(f), FORGE_TCP, 64, 8 * count + 20);
    for (uint32_t i = 0; i < count; i++, at += 8) {
        *next = kinds[forge_any(f, 0, sizeof kinds - 1)];
        next = at;
        at[1] = forge_any(f, 0, 5) == 0 ? (uint8_t)forge_any(f, 1, 255) : 0;
        at[2] = (uint8_t)forge_any(f, 0, 255); /* an option of any action */
        at[3] = (uint8_t)forge_any(f, 0, 5);
    }
    *next = FORGE_TCP;
    forge_put16(at, f->info.remote.port);
    forge_put16(at + 2, f->info.local.port);
    forge_put32(at + 4, forge_seq_outside(f));
    at[12] = 0x50;
    at[13] = 4;
}
