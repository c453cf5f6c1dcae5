/* translate.c -- headers, addresses and checksums between IPv4 and IPv6 (RFC 7915). */
#include "translate.h"

#include <stdlib.h>
#include <string.h>

enum {
    FRAGMENT_BYTES = 8,
    NEXT_FRAGMENT = 44
};

static const uint8_t prefix[4] = {0x20, 0x01, 0x0d, 0xb8}, suffix[8] = {[7] = 1};
static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};

bool translate_wanted(void)
{
    const char *family = getenv("LEAT_TEST_FAMILY");

    return family && strcmp(family, "6") == 0;
}

uint16_t tr_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t tr_get32(const uint8_t *at)
{
    return (uint32_t)tr_get16(at) << 16 | tr_get16(at + 2);
}

void tr_put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void tr_put32(uint8_t *at, uint32_t value)
{
    tr_put16(at, value >> 16);
    tr_put16(at + 2, value);
}

/* ---- addresses --------------------------------------------------------------------------------
 */

/* True for 224.0.0.0/4 and the broadcast addresses of the tests' link: they become all nodes. */
static bool is_for_many(uint32_t ip4)
{
    return ip4 >> 28 == 14 || ip4 == UINT32_MAX || ip4 == 0x0a0000ffu;
}

void translate_address(uint32_t ip4, uint8_t ip6[16])
{
    memset(ip6, 0, 16);
    if (is_for_many(ip4)) {
        memcpy(ip6, all_nodes, 16);
    } else if (ip4 >> 24 == 127) {
        ip6[15] = 1;
    } else if (ip4 >> 28 == 15) { /* no host has it either */
        memcpy(ip6, mapped, 12);
        tr_put32(ip6 + 12, ip4);
    } else if (ip4 != 0) {
        memcpy(ip6, prefix, 4);
        tr_put32(ip6 + 4, ip4);
        memcpy(ip6 + 8, suffix, 8);
    }
}

bool translate_back(const uint8_t ip6[16], uint32_t *ip4)
{
    static const uint8_t nobody[16];

    *ip4 = tr_get32(ip6 + 4);
    if ((memcmp(ip6, prefix, 4) == 0 && memcmp(ip6 + 8, suffix, 8) == 0) ||
        memcmp(ip6, nobody, 16) == 0)
        return true;
    *ip4 = 0xe0000001u;
    return memcmp(ip6, all_nodes, 16) == 0;
}

/* ---- checksums --------------------------------------------------------------------------------
 */

static uint32_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static uint32_t add(const uint8_t *bytes, uint32_t len, uint32_t sum)
{
    for (uint32_t i = 0; i + 1 < len; i += 2)
        sum += tr_get16(bytes + i);
    if (len % 2 > 0)
        sum += (uint32_t)bytes[len - 1] << 8;
    return fold(sum);
}

uint16_t tr_sum(const uint8_t *bytes, uint32_t len, uint32_t start)
{
    return (uint16_t)~add(bytes, len, start);
}

uint16_t tr_icmp6_sum(const uint8_t *ip6, const uint8_t *message, uint32_t len)
{
    return tr_sum(message, len, add(ip6 + 8, 32, len + 58));
}

void tr_mend(uint8_t *at, uint32_t len, const uint8_t ip4[TR_IP4], const uint8_t ip6[TR_IP6],
             bool to6)
{
    const uint32_t sum4 = add(ip4 + 12, 8, 0), sum6 = add(ip6 + 8, 32, 0);
    const uint32_t offset = ip4[9] == 6 ? 16 : ip4[9] == 17 ? 6 : UINT32_MAX - 2;
    uint32_t sum;

    if (offset + 2 > len || (ip4[9] == 17 && tr_get16(at + offset) == 0))
        return;
    sum = (uint16_t)~tr_get16(at + offset);
    sum = fold(sum + (to6 ? sum6 + (0xffff - sum4) : sum4 + (0xffff - sum6)));
    sum = (uint16_t)~sum;
    tr_put16(at + offset, ip4[9] == 17 && sum == 0 ? 0xffff : sum);
}

/* ---- headers ----------------------------------------------------------------------------------
 */

void tr_header_to6(const uint8_t ip4[TR_IP4], uint8_t ip6[TR_IP6])
{
    memset(ip6, 0, TR_IP6);
    ip6[0] = (uint8_t)(0x60 | ip4[1] >> 4);
    ip6[1] = (uint8_t)(ip4[1] << 4);
    tr_put16(ip6 + 4, tr_get16(ip4 + 2) - TR_IP4);
    ip6[6] = ip4[9] == 1 ? 58 : ip4[9];
    ip6[7] = ip4[8];
    translate_address(tr_get32(ip4 + 12), ip6 + 8);
    translate_address(tr_get32(ip4 + 16), ip6 + 24);
}

bool tr_header_to4(const uint8_t ip6[TR_IP6], uint8_t ip4[TR_IP4])
{
    uint32_t src, dst;

    if (!translate_back(ip6 + 8, &src) || !translate_back(ip6 + 24, &dst))
        return false;
    memset(ip4, 0, TR_IP4);
    ip4[0] = 0x45;
    ip4[1] = (uint8_t)(ip6[0] << 4 | ip6[1] >> 4);
    tr_put16(ip4 + 2, tr_get16(ip6 + 4) + TR_IP4);
    ip4[6] = 0x40; /* routers must not fragment it */
    ip4[8] = ip6[7];
    ip4[9] = ip6[6] == 58 ? 1 : ip6[6];
    tr_put32(ip4 + 12, src);
    tr_put32(ip4 + 16, dst);
    tr_put16(ip4 + 10, tr_sum(ip4, TR_IP4, 0));
    return true;
}

/* ---- packets ----------------------------------------------------------------------------------
 */

/* Sets the Ethernet address of the group (RFC 2464 7). */
static void address_frame(uint8_t *frame, const uint8_t *dst)
{
    if (dst[0] != 0xff)
        return;
    frame[0] = frame[1] = 0x33;
    memcpy(frame + 2, dst + 12, 4);
}

/* Reserves a fragment header after @ip6 if @ip4 is a fragment; returns its bytes. */
static uint32_t put_fragment(const uint8_t ip4[TR_IP4], uint8_t *ip6)
{
    const uint32_t place = tr_get16(ip4 + 6) & 0x3fffu;
    uint8_t *header = ip6 + TR_IP6;

    if (place == 0)
        return 0;
    memset(header, 0, FRAGMENT_BYTES);
    header[0] = ip6[6];
    ip6[6] = NEXT_FRAGMENT;
    tr_put16(header + 2, (place & 0x1fff) << 3 | place >> 13);
    tr_put16(header + 6, tr_get16(ip4 + 4));
    tr_put16(ip6 + 4, tr_get16(ip6 + 4) + FRAGMENT_BYTES);
    return FRAGMENT_BYTES;
}

static uint32_t packet_to6(uint8_t *frame, uint32_t len)
{
    uint8_t *old = frame + TR_ETHER, ip4[TR_IP4], ip6[TR_IP6 + FRAGMENT_BYTES];
    uint32_t left = len - TR_ETHER - TR_IP4, total, more;

    total = tr_get16(old + 2);
    if (old[0] != 0x45 || tr_sum(old, TR_IP4, 0) != 0 || total < TR_IP4)
        return len;
    memcpy(ip4, old, TR_IP4);
    tr_header_to6(ip4, ip6);
    more = put_fragment(ip4, ip6);
    memmove(old + TR_IP6 + more, old + TR_IP4, left);
    if (ip4[9] == 1) {
        left = tr_icmp_to6(old + TR_IP6 + more, left, ip6);
        if (left == 0)
            return 0;
        tr_put16(ip6 + 4, left + more);
    } else if ((tr_get16(ip4 + 6) & 0x1fff) == 0) {
        tr_mend(old + TR_IP6 + more, left, ip4, ip6, true);
    }
    memcpy(old, ip6, TR_IP6 + more);
    tr_put16(frame + 12, 0x86dd);
    address_frame(frame, ip6 + 24);
    return TR_ETHER + TR_IP6 + more + left;
}

static uint32_t packet_to4(uint8_t *frame, uint32_t len)
{
    uint8_t *old = frame + TR_ETHER, ip4[TR_IP4], ip6[TR_IP6];
    uint32_t left = len - TR_ETHER - TR_IP6;

    memcpy(ip6, old, TR_IP6);
    if (ip6[6] == 58 && left > 0 && old[TR_IP6] >= 130)
        return tr_ndp_to4(frame);
    if (!tr_header_to4(ip6, ip4))
        return len;
    memmove(old + TR_IP4, old + TR_IP6, left);
    if (ip6[6] == 58) {
        left = tr_icmp_to4(old + TR_IP4, left);
        tr_put16(ip4 + 2, left + TR_IP4);
        tr_put16(ip4 + 10, 0);
        tr_put16(ip4 + 10, tr_sum(ip4, TR_IP4, 0));
    } else {
        tr_mend(old + TR_IP4, left, ip4, ip6, false);
    }
    memcpy(old, ip4, TR_IP4);
    tr_put16(frame + 12, 0x0800);
    len = TR_ETHER + TR_IP4 + left;
    for (; len < 60; len++) /* the shortest frame of Ethernet */
        frame[len] = 0;
    return len;
}

uint32_t translate_to_ipv6(uint8_t *frame, uint32_t len)
{
    if (len >= TR_ETHER + 28 && tr_get16(frame + 12) == 0x0806)
        return tr_arp_to6(frame);
    return len >= TR_ETHER + TR_IP4 && tr_get16(frame + 12) == 0x0800 ? packet_to6(frame, len)
                                                                      : len;
}

uint32_t translate_to_ipv4(uint8_t *frame, uint32_t len)
{
    return len >= TR_ETHER + TR_IP6 && tr_get16(frame + 12) == 0x86dd ? packet_to4(frame, len)
                                                                      : len;
}
