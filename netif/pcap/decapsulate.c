/* decapsulate.c -- finds the packet in a captured frame: the link types, and the way in. */
#include <leat/assert.h>

#include "decapsulate.h"

#include <stddef.h>
#include <string.h>

#include "layers.h"

enum {
    LAYERS_MAX = 32, /* of one frame: tags in tags, MPLS in Ethernet in MPLS */
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd
};

struct capture_link {
    uint32_t number;
    const char *name;
    enum layer first; /* LAYER_NONE: it is not read */
    uint32_t skip;    /* bytes before that layer */
};

const char leat__links_read[] = "Ethernet, Linux cooked (113, 276), raw IP, BSD loopback, PPP, "
                                "PPPoE, 802.11 and others of docs/replay.md";

/* https://www.tcpdump.org/linktypes.html; without a layer: the more common ones, for a message */
static const struct capture_link links[] = {
    {LINK_TYPE_ETHERNET, "Ethernet", LAYER_ETHERNET, 0},
    {0, "BSD loopback", LAYER_LOOPBACK, 0},
    {6, "Token Ring", LAYER_TOKEN_RING, 0},
    {8, "SLIP", LAYER_IP, 16},
    {9, "PPP", LAYER_PPP, 0},
    {10, "FDDI", LAYER_FDDI, 0},
    {12, "raw IP", LAYER_IP, 0},
    {14, "raw IP", LAYER_IP, 0},
    {50, "PPP (HDLC)", LAYER_PPP_HDLC, 0},
    {51, "PPPoE", LAYER_PPPOE, 0},
    {100, "ATM (RFC 2684)", LAYER_LLC, 0},
    {101, "raw IP", LAYER_IP, 0},
    {104, "Cisco HDLC", LAYER_CISCO_HDLC, 0},
    {105, "802.11", LAYER_WIRELESS, 0},
    {106, "ATM (Linux)", LAYER_NONE, 0},
    {107, "Frame Relay", LAYER_FRAME_RELAY, 0},
    {108, "OpenBSD loopback", LAYER_LOOPBACK, 0},
    {109, "OpenBSD IPsec", LAYER_IP, 12},
    {113, "Linux cooked", LAYER_COOKED, 0},
    {114, "LocalTalk", LAYER_NONE, 0},
    {117, "OpenBSD pflog", LAYER_PFLOG, 0},
    {119, "802.11 Prism", LAYER_PRISM, 0},
    {122, "IP over Fibre Channel", LAYER_LLC, 16},
    {123, "SunATM", LAYER_NONE, 0},
    {127, "802.11 radiotap", LAYER_RADIOTAP, 0},
    {129, "Linux ARCNET", LAYER_NONE, 0},
    {137, "Juniper MLPPP", LAYER_NONE, 0},
    {138, "IEEE 1394", LAYER_NONE, 0},
    {143, "DOCSIS", LAYER_NONE, 0},
    {160, "TZSP", LAYER_NONE, 0},
    {163, "802.11 AVS", LAYER_PRISM, 0},
    {178, "Juniper Ethernet", LAYER_NONE, 0},
    {182, "Juniper Frame Relay", LAYER_NONE, 0},
    {187, "Bluetooth H4", LAYER_NONE, 0},
    {189, "USB", LAYER_NONE, 0},
    {192, "PPI", LAYER_PPI, 0},
    {195, "802.15.4", LAYER_NONE, 0},
    {197, "ERF", LAYER_NONE, 0},
    {201, "Bluetooth H4", LAYER_NONE, 0},
    {204, "PPP with direction", LAYER_PPP_HDLC, 1},
    {205, "Cisco HDLC with direction", LAYER_CISCO_HDLC, 1},
    {206, "Frame Relay with direction", LAYER_FRAME_RELAY, 1},
    {219, "MPLS", LAYER_MPLS, 0},
    {220, "USB", LAYER_NONE, 0},
    {226, "Solaris IPNET", LAYER_IP, 24},
    {227, "CAN", LAYER_NONE, 0},
    {228, "raw IPv4", LAYER_IP, 0},
    {229, "raw IPv6", LAYER_IP, 0},
    {231, "D-Bus", LAYER_NONE, 0},
    {239, "nflog", LAYER_NFLOG, 0},
    {240, "netANALYZER", LAYER_ETHERNET, 4},
    {241, "netANALYZER", LAYER_ETHERNET, 12}, /* and the preamble */
    {242, "IP over InfiniBand", LAYER_NONE, 0},
    {247, "InfiniBand", LAYER_NONE, 0},
    {249, "USB (Windows)", LAYER_NONE, 0},
    {251, "Bluetooth LE", LAYER_NONE, 0},
    {253, "Netlink", LAYER_NONE, 0},
    {258, "Apple PKTAP", LAYER_PKTAP, 0},
    {276, "Linux cooked v2", LAYER_COOKED_2, 0},
    {281, "Ethernet with Broadcom's tag", LAYER_DSA, 0},
    {282, "Broadcom's tag before Ethernet", LAYER_ETHERNET, 4},
    {284, "Ethernet with DSA tag", LAYER_DSA, 0},
    {285, "Ethernet with EDSA tag", LAYER_EDSA, 0}};

const struct capture_link *leat__link_of(uint32_t link_type)
{
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        if (links[i].number == link_type)
            return &links[i];
    }
    return NULL;
}

const char *leat__link_name(const struct capture_link *link)
{
    return link ? link->name : "unknown";
}

bool leat__link_is_read(const struct capture_link *link)
{
    return link && link->first != LAYER_NONE;
}

/* The layer of a link type that is inside of another. */
static enum layer take_link(struct walk *walk, uint32_t bytes, uint32_t link_type)
{
    const struct capture_link *link = leat__link_of(link_type);

    if (!leat__link_is_read(link) || !walk_want(walk, bytes + link->skip))
        return LAYER_OTHER;
    return walk_on(walk, bytes + link->skip, link->first);
}

static enum layer take_ip(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 1);
    const unsigned version = at ? at[0] >> 4 : 0;

    /* Without an EtherType, only the version says which packet it is. */
    walk->type = version == 4 ? TYPE_IPV4 : TYPE_IPV6;
    return version == 4 || version == 6 ? LAYER_PACKET : LAYER_OTHER;
}

/* The address family is in the byte order of the recording host: a value over 16 bits has the other
 * order.  Families differ between systems, so the packet's version tells them apart. */
static enum layer take_loopback(struct walk *walk)
{
    return walk_want(walk, 4) ? walk_on(walk, 4, LAYER_IP) : LAYER_OTHER;
}

/* The protocol field of cooked headers: an EtherType, or 4 for LLC. */
static enum layer take_cooked_protocol(struct walk *walk, uint32_t bytes, uint16_t protocol)
{
    enum {
        LLC = 4
    };

    return protocol == LLC ? walk_on(walk, bytes, LAYER_LLC) : walk_type(walk, bytes, protocol);
}

static enum leat_capture_direction cooked_direction(unsigned packet_type)
{
    enum {
        OUTGOING = 4
    };

    return packet_type == OUTGOING ? LEAT_CAPTURE_OUT : LEAT_CAPTURE_IN;
}

/* Type of packet, ARPHRD_, length and 8 bytes of address, protocol. */
static enum layer take_cooked(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 16);

    if (!at)
        return LAYER_OTHER;
    walk->direction = cooked_direction(layer_get16(at));
    return take_cooked_protocol(walk, 16, layer_get16(at + 14));
}

/* Protocol, 2 bytes, interface, ARPHRD_, type of packet, length and 8 bytes of address. */
static enum layer take_cooked_2(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 20);

    if (!at)
        return LAYER_OTHER;
    walk->direction = cooked_direction(at[10]);
    return take_cooked_protocol(walk, 20, layer_get16(at));
}

/* Access and frame control, addresses, and a route if the source says so (IEEE 802.5). */
static enum layer take_token_ring(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 16);
    uint32_t bytes = 14;

    if (!at)
        return LAYER_OTHER;
    leat__walk_addresses(walk, at + 2, at + 8);
    /* The first bit of the source, a group's in other addresses, says that a route follows. Its
     * length is in the lower five bits of its first byte. */
    if (at[8] & 0x80) {
        walk->src.octet[0] &= 0x7f;
        bytes += at[14] & 0x1f;
    }
    return walk_want(walk, bytes) ? walk_on(walk, bytes, LAYER_LLC) : LAYER_OTHER;
}

static enum layer take_fddi(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 13);

    if (!at || (at[0] & 0xf0) != 0x50) /* no asynchronous LLC frame */
        return LAYER_OTHER;
    leat__walk_addresses(walk, at + 1, at + 7);
    return walk_on(walk, 13, LAYER_LLC);
}

/* A tag of 4 or 8 bytes between addresses and type. */
static enum layer take_dsa(struct walk *walk, uint32_t tag)
{
    const uint8_t *at = walk_want(walk, 14 + tag);

    if (!at)
        return LAYER_OTHER;
    leat__walk_addresses(walk, at, at + 6);
    if (layer_get16(at + 12 + tag) < 0x0600)
        return walk_on(walk, 14 + tag, LAYER_LLC);
    return walk_type(walk, 14 + tag, layer_get16(at + 12 + tag));
}

/* Numbers of pieces of headers that are little endian. */
static uint32_t get_little(const uint8_t *at, unsigned bytes)
{
    uint32_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

/* Version, flags, length, link type. */
static enum layer take_ppi(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 8);
    const uint32_t bytes = at ? get_little(at + 2, 2) : 0;

    return bytes >= 8 && walk_want(walk, bytes) ? take_link(walk, bytes, get_little(at + 4, 4))
                                                : LAYER_OTHER;
}

/* Length, kind of record, link type. */
static enum layer take_pktap(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 12);
    const uint32_t bytes = at ? get_little(at, 4) : 0;

    return bytes >= 12 && walk_want(walk, bytes) ? take_link(walk, bytes, get_little(at + 8, 4))
                                                 : LAYER_OTHER;
}

/* A length, after which comes padding up to a multiple of 4. */
static enum layer take_pflog(struct walk *walk)
{
    const uint8_t *at = walk_want(walk, 1);
    const uint32_t bytes = at ? ((uint32_t)at[0] + 3) & ~3u : 0;

    return bytes >= 4 && walk_want(walk, bytes) ? walk_on(walk, bytes, LAYER_IP) : LAYER_OTHER;
}

/* Parts with length and type in the recording host's byte order; that of type 9 is the packet. */
static enum layer take_nflog(struct walk *walk)
{
    enum {
        PAYLOAD = 9
    };
    const uint8_t *at = walk_want(walk, 4);

    if (!at)
        return LAYER_OTHER;
    walk->at += 4;
    while ((at = walk_want(walk, 4))) {
        const bool is_little = at[3] == 0 || at[2] != 0; /* no type is above 255 */
        const uint32_t len = is_little ? get_little(at, 2) : layer_get16(at);
        const uint32_t type = is_little ? get_little(at + 2, 2) : layer_get16(at + 2);

        if (type == PAYLOAD)
            return walk_on(walk, 4, LAYER_IP);
        /* A length of 0 would never come to the next part. */
        if (len < 4 || !walk_want(walk, (len + 3) & ~3u))
            break;
        walk->at += (len + 3) & ~3u;
    }
    return LAYER_OTHER;
}

static enum layer take_dsa_4(struct walk *walk)
{
    return take_dsa(walk, 4);
}

static enum layer take_edsa(struct walk *walk)
{
    return take_dsa(walk, 8);
}

static enum layer (*const takers[LAYER_COUNT])(struct walk *walk) = {
    [LAYER_TYPE] = leat__take_type,
    [LAYER_IP] = take_ip,
    [LAYER_ETHERNET] = leat__take_ethernet,
    [LAYER_LLC] = leat__take_llc,
    [LAYER_NLPID] = leat__take_nlpid,
    [LAYER_MPLS] = leat__take_mpls,
    [LAYER_PPP] = leat__take_ppp,
    [LAYER_PPP_HDLC] = leat__take_ppp_hdlc,
    [LAYER_PPPOE] = leat__take_pppoe,
    [LAYER_CISCO_HDLC] = leat__take_cisco_hdlc,
    [LAYER_FRAME_RELAY] = leat__take_frame_relay,
    [LAYER_LOOPBACK] = take_loopback,
    [LAYER_COOKED] = take_cooked,
    [LAYER_COOKED_2] = take_cooked_2,
    [LAYER_TOKEN_RING] = take_token_ring,
    [LAYER_FDDI] = take_fddi,
    [LAYER_WIRELESS] = leat__take_wireless,
    [LAYER_RADIOTAP] = leat__take_radiotap,
    [LAYER_PRISM] = leat__take_prism,
    [LAYER_PPI] = take_ppi,
    [LAYER_PFLOG] = take_pflog,
    [LAYER_NFLOG] = take_nflog,
    [LAYER_PKTAP] = take_pktap,
    [LAYER_DSA] = take_dsa_4,
    [LAYER_EDSA] = take_edsa,
};

/* A host's link address that stays the same in all of a capture: made of the end of its IP address,
 * local (IEEE 802 8.2); a group's is the one that it has on Ethernet. */
static struct leat_mac made_up(const uint8_t *ip, unsigned bytes)
{
    const uint8_t *end = ip + bytes - 4;

    if (bytes == 4 && ip[0] == 0xff)
        return (struct leat_mac){{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    if (bytes == 4 && ip[0] >> 4 == 0xe) /* RFC 1112 6.4 */
        return (struct leat_mac){{1, 0, 0x5e, end[1] & 0x7f, end[2], end[3]}};
    if (bytes == 16 && ip[0] == 0xff) /* RFC 2464 7 */
        return (struct leat_mac){{0x33, 0x33, end[0], end[1], end[2], end[3]}};
    return (struct leat_mac){{2, (uint8_t)bytes, end[0], end[1], end[2], end[3]}};
}

static void make_up_addresses(struct walk *walk)
{
    const uint8_t *at = walk->bytes + walk->at;

    if (walk->type == TYPE_IPV4 && walk_want(walk, IPV4_BYTES)) {
        walk->src = made_up(at + 12, 4);
        walk->dst = made_up(at + 16, 4);
    } else if (walk->type == TYPE_IPV6 && walk_want(walk, IPV6_BYTES)) {
        walk->src = made_up(at + 8, 16);
        walk->dst = made_up(at + 24, 16);
    } else {
        memset(walk->dst.octet, 0xff, sizeof walk->dst.octet);
        walk->src = (struct leat_mac){{2}};
    }
}

void leat__decapsulate(const struct capture_link *link, const uint8_t *bytes, uint32_t len,
                       struct decapsulated *found)
{
    struct walk walk = {.bytes = bytes, .len = len};
    enum layer layer = LAYER_OTHER;

    /* A frame that is shorter than the bytes in front of its layer stays LAYER_OTHER. */
    if (walk_want(&walk, link->skip))
        layer = walk_on(&walk, link->skip, link->first);
    /* Layers can nest without an end only in a forged frame, which the limit stops. The two layers
     * without a taker, PACKET and OTHER, end the walk. */
    for (unsigned i = 0; i < LAYERS_MAX && takers[layer]; i++)
        layer = takers[layer](&walk);
    leat_debug_assert(walk.at <= len);
    if (layer != LAYER_PACKET)
        walk.type = DECAPSULATED_OTHER;
    /* Frames of PPP and raw IP, for example. A stack that replays them needs addresses that stay
     * the same. */
    if (!walk.has_addresses)
        make_up_addresses(&walk);
    *found = (struct decapsulated){.dst = walk.dst,
                                   .src = walk.src,
                                   .type = walk.type,
                                   .at = walk.at,
                                   .direction = walk.direction};
}
