/* translate_ndp.c -- translates between ARP (RFC 826) and neighbour discovery (RFC 4861). */
#include <string.h>

#include "translate.h"

enum {
    ARP_REQUEST = 1,
    ARP_REPLY = 2,
    SOLICITATION = 135,
    ADVERTISEMENT = 136,
    FRAME_MAC_BYTES = 12,
    NDP_BYTES = 24,
    OPTION_BYTES = 8
};

/* RFC 4291 2.7.1 */
static void group_of(const uint8_t target[16], uint8_t group[16])
{
    static const uint8_t first[16] = {0xff, 2, [11] = 1, [12] = 0xff};

    memcpy(group, first, 16);
    memcpy(group + 13, target + 13, 3);
}

/* A request becomes a solicitation; a reply or an announcement becomes an advertisement. */
uint32_t tr_arp_to6(uint8_t *frame)
{
    uint8_t arp[28], *ip6 = frame + TR_ETHER, *ndp = ip6 + TR_IP6;
    const uint8_t *const target = ndp + 8;
    uint32_t spa, tpa, len = NDP_BYTES;
    bool asks;

    memcpy(arp, frame + TR_ETHER, sizeof arp);
    spa = tr_get32(arp + 14);
    tpa = tr_get32(arp + 24);
    asks = tr_get16(arp + 6) == ARP_REQUEST && spa != tpa;
    memset(ip6, 0, TR_IP6 + NDP_BYTES + OPTION_BYTES);
    translate_address(asks ? tpa : spa, ndp + 8);
    if (spa != 0) { /* a probe has no source address to learn */
        ndp[len] = asks ? 1 : 2;
        ndp[len + 1] = 1;
        memcpy(ndp + len + 2, arp + 8, TR_MAC);
        len += OPTION_BYTES;
    }
    ip6[0] = 0x60;
    tr_put16(ip6 + 4, len);
    ip6[6] = 58;
    ip6[7] = 255;
    translate_address(spa, ip6 + 8);
    translate_address(spa == tpa ? 0xe0000001u : tpa, ip6 + 24);
    if (asks && frame[0] & 1)
        group_of(target, ip6 + 24);
    ndp[0] = asks ? SOLICITATION : ADVERTISEMENT;
    if (!asks)
        ndp[4] = spa == tpa ? 0x20 : 0x60; /* override; solicited */
    tr_put16(ndp + 2, tr_icmp6_sum(ip6, ndp, len));
    if (ip6[24] == 0xff) {
        frame[0] = frame[1] = 0x33;
        memcpy(frame + 2, ip6 + 36, 4);
    }
    tr_put16(frame + FRAME_MAC_BYTES, 0x86dd);
    return TR_ETHER + TR_IP6 + len;
}

/* Router solicitations and group reports have no counterpart. */
uint32_t tr_ndp_to4(uint8_t *frame)
{
    uint8_t arp[28] = {0, 1, 8, 0, 6, 4, 0, ARP_REQUEST};
    const uint8_t *ip6 = frame + TR_ETHER, *ndp = ip6 + TR_IP6;
    const bool asks = ndp[0] == SOLICITATION;
    uint32_t target, src, dst;

    if ((!asks && ndp[0] != ADVERTISEMENT) || !translate_back(ndp + 8, &target))
        return 0;
    if (!translate_back(ip6 + 8, &src))
        src = 0;
    if (!translate_back(ip6 + 24, &dst) || ip6[24] == 0xff)
        dst = target;
    if (!asks)
        arp[7] = dst == target ? ARP_REQUEST : ARP_REPLY;
    memcpy(arp + 8, frame + TR_MAC, TR_MAC);
    tr_put32(arp + 14, asks ? src : target);
    tr_put32(arp + 24, asks ? target : dst);
    if (frame[0] & 1)
        memset(frame, 0xff, TR_MAC);
    tr_put16(frame + FRAME_MAC_BYTES, 0x0806);
    memcpy(frame + TR_ETHER, arp, sizeof arp);
    memset(frame + TR_ETHER + sizeof arp, 0, 60 - TR_ETHER - sizeof arp);
    return 60;
}
