/* layers.h -- the headers between a captured frame's first byte and its packet. */
#ifndef PCAP_LAYERS_H
#define PCAP_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include "decapsulate.h"

/* The kind of header at walk->at. */
enum layer {
    LAYER_NONE,     /* not read */
    LAYER_OTHER,    /* no packet, or not all of the header is there */
    LAYER_PACKET,   /* of walk->type */
    LAYER_TYPE,     /* payload of walk->type, which may be another layer */
    LAYER_IP,       /* IPv4 or IPv6, by the version */
    LAYER_ETHERNET, /* and so on: a header of that name */
    LAYER_LLC,
    LAYER_NLPID,
    LAYER_MPLS,
    LAYER_PPP,
    LAYER_PPP_HDLC,
    LAYER_PPPOE,
    LAYER_CISCO_HDLC,
    LAYER_FRAME_RELAY,
    LAYER_LOOPBACK,
    LAYER_COOKED,
    LAYER_COOKED_2,
    LAYER_TOKEN_RING,
    LAYER_FDDI,
    LAYER_WIRELESS,
    LAYER_RADIOTAP,
    LAYER_PRISM,
    LAYER_PPI,
    LAYER_PFLOG,
    LAYER_NFLOG,
    LAYER_PKTAP,
    LAYER_DSA, /* of 4 bytes, behind the addresses */
    LAYER_EDSA,
    LAYER_COUNT
};

struct walk {
    const uint8_t *bytes;
    uint32_t len, at;
    uint16_t type;
    bool has_addresses;
    bool is_padded; /* an 802.11 header ends at a multiple of 4 */
    struct leat_mac dst, src;
    enum leat_capture_direction direction;
};

static inline uint16_t layer_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* The next @bytes bytes; NULL: they are not there. */
static inline const uint8_t *walk_want(const struct walk *walk, uint32_t bytes)
{
    return walk->len - walk->at >= bytes ? walk->bytes + walk->at : NULL;
}

/* Takes what walk_want() has shown to be there. */
static inline enum layer walk_on(struct walk *walk, uint32_t bytes, enum layer next)
{
    walk->at += bytes;
    return next;
}

static inline enum layer walk_type(struct walk *walk, uint32_t bytes, uint16_t type)
{
    walk->type = type;
    return walk_on(walk, bytes, LAYER_TYPE);
}

/* Keeps the link's addresses; an inner frame's replace an outer one's. */
void leat__walk_addresses(struct walk *walk, const uint8_t *dst, const uint8_t *src);

/* The layers of networks: Ethernet, LLC, MPLS, PPP, Frame Relay. */
enum layer leat__take_type(struct walk *walk);
enum layer leat__take_ethernet(struct walk *walk);
enum layer leat__take_llc(struct walk *walk);
enum layer leat__take_nlpid(struct walk *walk);
enum layer leat__take_mpls(struct walk *walk);
enum layer leat__take_ppp(struct walk *walk);
enum layer leat__take_ppp_hdlc(struct walk *walk);
enum layer leat__take_pppoe(struct walk *walk);
enum layer leat__take_cisco_hdlc(struct walk *walk);
enum layer leat__take_frame_relay(struct walk *walk);

/* 802.11 and what is put before it. */
enum layer leat__take_wireless(struct walk *walk);
enum layer leat__take_radiotap(struct walk *walk);
enum layer leat__take_prism(struct walk *walk);

#endif
