/* ethernet.c -- receives frames from a link. */
#include "link/ethernet.h"

#include "core/checksum.h"
#include "core/view.h"
#include "core/writable.h"
#include "link/arp.h"
#include "wire/bytes.h"
#include "wire/ethernet.h"

/* 224.0.0.1, all hosts: the one group that every host is a member of (RFC 1112 4). */
static const struct leat_mac mac_all_hosts = {{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}};

static bool is_for_us(const struct link *link, const struct leat_mac *dst)
{
    return mac_equal(dst, &link->netif->mac) || mac_equal(dst, &mac_broadcast) ||
           mac_equal(dst, &mac_all_hosts);
}

/* Dispatches @packet, which starts after the Ethernet header. */
HOT void packet_input(struct link *link, uint16_t type, bool is_group, struct leat_buf *packet)
{
    struct leat *stack = link->stack;

    if (type == ETHERNET_IPV4) {
        stack->families[FAMILY4]->input(stack, link, packet, is_group);
    } else if (type == ETHERNET_IPV6 && stack->families[FAMILY6]) {
        stack->families[FAMILY6]->input(stack, link, packet, is_group);
    } else if (type == ETHERNET_ARP) {
        arp_input(link, packet);
    } else if (type == ETHERNET_VLAN || type == ETHERNET_VLAN_STACK) {
        stack_end(stack, packet, drop_eth_vlan);
    } else {
        /* 802.3 length fields end here, too (RFC 1122 2.3.3: we receive only RFC 894
         * encapsulation) */
        stack_end(stack, packet, drop_eth_type);
    }
}

/* The last eight bytes of a header, which is compared as two overlapping words. */
static inline uint64_t load_end(const uint8_t *bytes)
{
    return checksum_load64(bytes + ETHERNET_HEADER_BYTES - 8);
}

/* True if the header equals that of the last frame with a packet of IP that was addressed to us
 * alone. */
static inline bool begins_as_before(const struct link *link, const uint8_t *bytes)
{
    return link->for_us_begin[0] == checksum_load64(bytes) &&
           link->for_us_begin[1] == load_end(bytes);
}

/* Remembers the header of such a frame, and who takes the packet. */
static inline void remember_begin(struct link *link, const uint8_t *bytes)
{
    const uint16_t type = wire_ethernet_type(bytes);

    if (type != ETHERNET_IPV4 && (type != ETHERNET_IPV6 || !link->stack->families[FAMILY6]))
        return;
    link->for_us_family = type == ETHERNET_IPV4 ? FAMILY4 : FAMILY6;
    link->for_us_begin[0] = checksum_load64(bytes);
    link->for_us_begin[1] = load_end(bytes);
}

/* Processes a frame for us. */
HOT void frame_input(struct link *link, struct leat_buf *frame)
{
    const uint8_t *bytes = frame->data;
    const struct leat_mac *src = wire_ethernet_src(bytes);
    const bool is_group = mac_is_group(wire_ethernet_dst(bytes));

    /* no station sends from a group; our own address means a loop or a forgery */
    if (mac_is_group(src) || mac_equal(src, &link->netif->mac)) {
        stack_end(link->stack, frame, drop_eth_source);
    } else {
        if (FOR_SPEED && !is_group)
            remember_begin(link, bytes);
        view_pull(frame, ETHERNET_HEADER_BYTES);
        packet_input(link, wire_ethernet_type(bytes), is_group, frame);
    }
}

/* Processes a frame for another station, or for a group that we may have joined. Separate, so that
 * the path of other frames makes no calls. */
COLD static void other_frame(struct link *link, struct leat_buf *frame)
{
    const struct ip_family *ipv4 = link->stack->families[FAMILY4];
    const struct ip_family *ipv6 = link->stack->families[FAMILY6];
    const struct leat_mac *dst = wire_ethernet_dst(frame->data);

    if ((ipv6 && ipv6->hears(link, dst)) || ipv4->hears(link, dst))
        frame_input(link, frame);
    else
        stack_end(link->stack, frame, drop_eth_not_ours);
}

/* Takes a tag of VLAN 0 off: it carries a priority and nothing else, and the packet behind it is
 * untagged (IEEE 802.1Q 9.6).  The addresses move up to the type; a frame that the stack may not
 * write keeps its tag and is dropped for it. */
COLD static void take_priority_tag(struct leat_buf *frame)
{
    uint8_t *bytes = frame->data;

    if (frame->len >= ETHERNET_HEADER_BYTES + ETHERNET_VLAN_BYTES && buf_is_writable(frame) &&
        (get16(bytes + ETHERNET_HEADER_BYTES) & ETHERNET_VLAN_ID) == 0) {
        memmove(bytes + ETHERNET_VLAN_BYTES, bytes, 2 * sizeof(struct leat_mac));
        view_pull(frame, ETHERNET_VLAN_BYTES);
    }
}

/* Processes any frame. Separate, so that the path of other frames saves no registers. */
static __attribute__((noinline)) void any_frame(struct link *link, struct leat_buf *frame)
{
    if (frame->len < ETHERNET_HEADER_BYTES) {
        stack_end(link->stack, frame, drop_eth_short);
        return;
    }
    if (wire_ethernet_type(frame->data) == ETHERNET_VLAN)
        take_priority_tag(frame);
    if (is_for_us(link, wire_ethernet_dst(frame->data)))
        frame_input(link, frame);
    else
        other_frame(link, frame);
}

void ethernet_input(struct link *link, struct leat_buf *frame)
{
    const uint8_t *bytes = frame->data;

    if (FOR_SPEED && frame->len >= ETHERNET_HEADER_BYTES && begins_as_before(link, bytes)) {
        view_pull(frame, ETHERNET_HEADER_BYTES);
        link->stack->families[link->for_us_family]->input(link->stack, link, frame, false);
    } else {
        any_frame(link, frame);
    }
}
