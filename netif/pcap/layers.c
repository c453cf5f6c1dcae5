/*
 * layers.c -- headers of networks: Ethernet, LLC, MPLS, PPP, Cisco HDLC, Frame Relay.
 *
 * A taker reads the header at walk->at, moves behind it, and returns the layer that follows. A
 * header that is cut short or unknown gives LAYER_OTHER. A taker reads only bytes that walk_want()
 * has confirmed to be there.
 */
#include "layers.h"

#include <string.h>

enum {
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    TYPE_VLAN = 0x8100,
    TYPE_IPV6 = 0x86dd,
    TYPE_VLAN_OLD = 0x9100, /* of QinQ, before 802.1ad had a number of its own */
    TYPE_VLAN_OLDER = 0x9200,
    TYPE_MPLS = 0x8847,
    TYPE_MPLS_MULTICAST = 0x8848,
    TYPE_PPPOE = 0x8864,
    TYPE_VLAN_STACK = 0x88a8,
    TYPE_MIN = 0x0600 /* what is less is a length (IEEE 802.3) */
};

enum {
    PPP_IPV4 = 0x0021,
    PPP_IPV6 = 0x0057,
    PPP_MPLS = 0x0281,
    NLPID_SNAP = 0x80,
    NLPID_IPV6 = 0x8e,
    NLPID_IPV4 = 0xcc,
    NLPID_PPP = 0xcf
};

void leat__walk_addresses(struct walk *walk, const uint8_t *dst, const uint8_t *src)
{
    memcpy(walk->dst.octet, dst, sizeof walk->dst.octet);
    memcpy(walk->src.octet, src, sizeof walk->src.octet);
    walk->has_addresses = true;
}

enum layer leat__take_type(struct walk *walk)
{
    const uint8_t *at;

    switch (walk->type) {
    case TYPE_VLAN: /* IEEE 802.1Q: 2 bytes of tag, then the type of what follows */
    case TYPE_VLAN_STACK:
    case TYPE_VLAN_OLD:
    case TYPE_VLAN_OLDER:
        at = walk_want(walk, 4);
        if (!at)
            return LAYER_OTHER;
        if (layer_get16(at + 2) < TYPE_MIN)
            return walk_on(walk, 4, LAYER_LLC);
        return walk_type(walk, 4, layer_get16(at + 2));
    case TYPE_MPLS:
    case TYPE_MPLS_MULTICAST:
        return LAYER_MPLS;
    case TYPE_PPPOE:
        return LAYER_PPPOE;
    default:
        return walk->type < TYPE_MIN ? LAYER_OTHER : LAYER_PACKET;
    }
}

enum layer leat__take_ethernet(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 14);

    if (!at)
        return LAYER_OTHER;
    leat__walk_addresses(walk, at, at + 6);
    /* IEEE 802.3: a number below 1,536 is the length of the payload, which begins with LLC. */
    if (layer_get16(at + 12) < TYPE_MIN)
        return walk_on(walk, 14, LAYER_LLC);
    return walk_type(walk, 14, layer_get16(at + 12));
}

/* SNAP: an organization and its type (RFC 1042, RFC 2427 4.2).  @padding follows a bridged frame's
 * type. */
static enum layer take_snap(struct walk *walk, uint32_t padding)
{
    static const uint8_t bridged[] = {0, 0x80, 0xc2, 0};
    const uint8_t *at = walk_want(walk, 5);

    if (!at)
        return LAYER_OTHER;
    if (memcmp(at, bridged, sizeof bridged) == 0 && (at[4] == 1 || at[4] == 7))
        return walk_want(walk, 5 + padding) ? walk_on(walk, 5 + padding, LAYER_ETHERNET)
                                            : LAYER_OTHER;
    /* Organization 0 means an EtherType (RFC 1042); 0xf8 is used by bridges to FDDI and Token Ring
     * (IEEE 802.1H). */
    if (at[0] != 0 || at[1] != 0 || (at[2] != 0 && at[2] != 0xf8))
        return LAYER_OTHER;
    return walk_type(walk, 5, layer_get16(at + 3));
}

/* An identifier of network layers (ISO/IEC TR 9577). */
enum layer leat__take_nlpid(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 1);

    if (!at)
        return LAYER_OTHER;
    walk->at++;
    switch (*at) {
    case NLPID_IPV4:
    case NLPID_IPV6:
        return LAYER_IP;
    case NLPID_PPP:
        return LAYER_PPP;
    case NLPID_SNAP:
        return take_snap(walk, 0);
    default:
        return LAYER_OTHER;
    }
}

/* IEEE 802.2, with SNAP (RFC 1042) or an NLPID (RFC 2684 5.1). */
enum layer leat__take_llc(struct walk *walk)
{
    enum {
        ATM_PADDING = 2 /* RFC 2684 5.2 */
    };
    static const uint8_t snap[] = {0xaa, 0xaa, 3};
    static const uint8_t nlpid[] = {0xfe, 0xfe, 3};
    const uint8_t *at = walk_want(walk, 3);

    if (!at)
        return LAYER_OTHER;
    walk->at += 3;
    if (memcmp(at, nlpid, sizeof nlpid) == 0)
        return LAYER_NLPID;
    return memcmp(at, snap, sizeof snap) == 0 ? take_snap(walk, ATM_PADDING) : LAYER_OTHER;
}

static bool is_usual(uint16_t type)
{
    return type == TYPE_IPV4 || type == TYPE_IPV6 || type == TYPE_ARP || type == TYPE_VLAN ||
           type == TYPE_VLAN_STACK || type == TYPE_MPLS || type == TYPE_PPPOE;
}

/* A stack of labels (RFC 3032 2.1).  No label tells what it is of: IP has its version there, a
 * pseudowire 0 and a control word (RFC 4385 3), or an Ethernet header at once. */
enum layer leat__take_mpls(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 4);

    /* The bit S marks the last label (RFC 3032 2.1). */
    while (at && !(at[2] & 1)) {
        walk->at += 4;
        at = walk_want(walk, 4);
    }
    if (!at)
        return LAYER_OTHER;
    walk->at += 4;
    at = walk_want(walk, 1);
    if (at && (at[0] >> 4 == 4 || at[0] >> 4 == 6))
        return LAYER_IP;
    at = walk_want(walk, 18);
    if (at && at[0] >> 4 == 0 &&
        /* With a control word the EtherType lies four bytes further. Where both places could be
         * right, the control word is taken. */
        (is_usual(layer_get16(at + 16)) || !is_usual(layer_get16(at + 12))))
        return walk_on(walk, 4, LAYER_ETHERNET);
    return at && is_usual(layer_get16(at + 12)) ? LAYER_ETHERNET : LAYER_OTHER;
}

/* RFC 1661 2 and 6.5, RFC 1662 3.1: address, control and half of the protocol may be left out. */
enum layer leat__take_ppp(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 2);
    uint16_t protocol;
    uint32_t bytes = 2;

    if (at && at[0] == 0xff && at[1] == 3) {
        walk->at += 2;
        at = walk_want(walk, 2);
    }
    if (!at)
        return LAYER_OTHER;
    protocol = layer_get16(at);
    /* RFC 1661 2: the last byte of a protocol number is odd, and the first one even. An odd first
     * byte is the whole number. */
    if (at[0] & 1) {
        protocol = at[0];
        bytes = 1;
    }
    if (protocol == PPP_IPV4)
        return walk_type(walk, bytes, TYPE_IPV4);
    if (protocol == PPP_IPV6)
        return walk_type(walk, bytes, TYPE_IPV6);
    return protocol == PPP_MPLS ? walk_on(walk, bytes, LAYER_MPLS) : LAYER_OTHER;
}

/* PPP, or Cisco's HDLC, by the address. */
enum layer leat__take_ppp_hdlc(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 1);

    return at && (at[0] == 0x0f || at[0] == 0x8f) ? LAYER_CISCO_HDLC : LAYER_PPP;
}

/* RFC 2516 4: version and type, code 0, session, length. */
enum layer leat__take_pppoe(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 6);

    return at && at[0] == 0x11 && at[1] == 0 ? walk_on(walk, 6, LAYER_PPP) : LAYER_OTHER;
}

enum layer leat__take_cisco_hdlc(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 4);

    return at ? walk_type(walk, 4, layer_get16(at + 2)) : LAYER_OTHER;
}

/* RFC 2427 3, or Cisco's: the type behind the address. */
enum layer leat__take_frame_relay(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 4);
    uint32_t address = 2;

    while (at && address < 4 && !(at[address - 1] & 1)) /* Q.922: the last byte has this bit */
        address++;
    at = walk_want(walk, address + 2);
    if (!at)
        return LAYER_OTHER;
    at += address;
    if (at[0] != 3) /* no unnumbered information */
        return walk_type(walk, address + 2, layer_get16(at));
    return walk_on(walk, address + (at[1] == 0 ? 2 : 1), LAYER_NLPID); /* 0 is padding */
}
