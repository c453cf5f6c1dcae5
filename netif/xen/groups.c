/*
 * groups.c -- groups of Ethernet whose frames the other domain hands over
 * (feature-multicast-control of Xen, public/io/netif.h): as few as the stack has joined.
 *
 * The stack tells routers its groups by IGMP and MLD, as soon as it joins or leaves one.  These
 * reports are read here on their way out, as a switch does (RFC 4541), so a backend needs no other
 * interface to the stack.  Groups of all hosts are never reported, and always wanted.  If the other
 * domain refuses a group, or there are too many, the connection is made again without the filter.
 */
#include <string.h>

#include "net.h"

enum {
    ETHERNET_BYTES = 14,
    TAG_BYTES = 4,
    TYPE_TAG = 0x8100, /* of IEEE 802.1Q */
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    IPV4_PROTOCOL_AT = 9,
    PROTOCOL_IGMP = 2,
    IPV6_NEXT_AT = 6,
    IPV6_BYTES = 40,
    ALERT_BYTES = 8, /* hop-by-hop options with a router alert, in front of MLD (RFC 3810 5) */
    NEXT_HOP_BY_HOP = 0,
    NEXT_ICMPV6 = 58,
    REPORT_BYTES = 8, /* before the records */
    RECORD_IP_AT = 4,
    RECORD_IS_EXCLUDE = 2, /* all sources are wanted (RFC 3376 4.2.12, RFC 3810 5.2.12) */
    RECORD_TO_EXCLUDE = 4,
    FRAME_BYTES_MAX = 320 /* 12 records of MLD, and headers */
};

/* The messages of a family. */
struct form {
    uint8_t report, join, older_join, leave; /* their types */
    uint8_t ip_at, ip_bytes;                 /* of the last three */
};

static const struct form igmp = {0x22, 0x16, 0x12, 0x17, 4, 4};
static const struct form mld = {143, 131, 131, 132, 8, 16};

/* ---- what the stack wants ----------------------------------------------------------------- */

/* The address of Ethernet that stands for a group (RFC 1112 6.4, RFC 2464 7). */
static struct leat_mac mac_of(const struct form *form, const uint8_t *last4)
{
    struct leat_mac mac = {{0x33, 0x33, last4[0], last4[1], last4[2], last4[3]}};

    if (form == &igmp)
        mac = (struct leat_mac){{1, 0, 0x5e, last4[1] & 0x7f, last4[2], last4[3]}};
    return mac;
}

/* The entry of @ip, or a free one; NULL: there is none. */
static struct xen_group *find(struct leat_xen *xen, const struct leat_ip *ip)
{
    struct xen_group *free = NULL;

    for (struct xen_group *group = xen->groups; group < xen->groups + XEN_NET_GROUPS; group++) {
        if (!group->wanted && !group->told)
            free = group;
        else if (memcmp(&group->ip, ip, sizeof *ip) == 0)
            return group;
    }
    return free;
}

/* @bytes: the group's address. */
static void note(struct leat_xen *xen, const struct form *form, const uint8_t *bytes, bool wanted)
{
    struct leat_ip ip = {{0}};
    struct xen_group *group;

    memcpy(ip.bytes, bytes, form->ip_bytes); /* of IPv4: no group of IPv6 begins with its bytes */
    group = find(xen, &ip);
    if (!group) {
        xen->all_groups |= wanted;
        return;
    }
    group->ip = ip;
    group->mac = mac_of(form, bytes + form->ip_bytes - 4);
    group->wanted = wanted;
    xen->groups_pending |= group->wanted != group->told;
}

/* Our own reports list no sources, so all records have one length. */
static void read_message(struct leat_xen *xen, const struct form *form, const uint8_t *message,
                         uint32_t len)
{
    const uint32_t record_bytes = RECORD_IP_AT + (uint32_t)form->ip_bytes;

    if (len < form->ip_at + (uint32_t)form->ip_bytes)
        return;
    if (message[0] == form->join || message[0] == form->older_join || message[0] == form->leave) {
        note(xen, form, message + form->ip_at, message[0] != form->leave);
        return;
    }
    if (message[0] != form->report)
        return;
    for (uint32_t at = REPORT_BYTES; at + record_bytes <= len; at += record_bytes) {
        const uint8_t type = message[at];

        note(xen, form, message + at + RECORD_IP_AT,
             type == RECORD_IS_EXCLUDE || type == RECORD_TO_EXCLUDE);
    }
}

void xen_groups_read(struct leat_xen *xen, const struct leat_buf *frame)
{
    uint8_t bytes[FRAME_BYTES_MAX] = {0};
    const struct form *form = NULL;
    uint32_t len, at = ETHERNET_BYTES, type;

    if (!(frame->data[0] & 1)) /* to one station */
        return;
    len = leat_buf_read(frame, 0, bytes, sizeof bytes);
    type = (uint32_t)bytes[at - 2] << 8 | bytes[at - 1];
    if (type == TYPE_TAG) {
        at += TAG_BYTES;
        type = (uint32_t)bytes[at - 2] << 8 | bytes[at - 1];
    }
    if (type == TYPE_IPV4 && bytes[at + IPV4_PROTOCOL_AT] == PROTOCOL_IGMP) {
        form = &igmp;
        at += (bytes[at] & 0xfu) * 4;
    } else if (type == TYPE_IPV6 && bytes[at + IPV6_NEXT_AT] == NEXT_HOP_BY_HOP &&
               bytes[at + IPV6_BYTES] == NEXT_ICMPV6) {
        form = &mld;
        at += IPV6_BYTES + ALERT_BYTES;
    }
    if (form && at < len)
        read_message(xen, form, bytes + at, len - at);
}

/* ---- what the other domain knows ---------------------------------------------------------- */

void xen_groups_open(struct leat_xen *xen)
{
    static const uint8_t all_hosts[] = {224, 0, 0, 1}, all_nodes[16] = {0xff, 2, [15] = 1};

    for (uint32_t i = 0; i < XEN_NET_GROUPS; i++)
        xen->groups[i].told = false;
    xen->filters = (xen->bus.features & XEN_BUS_MULTICAST) && !xen->all_groups;
    note(xen, &igmp, all_hosts, true);
    note(xen, &mld, all_nodes, true);
    xen->groups_pending = xen->filters;
}

/* True if the other domain knows another group with the same address. */
static bool is_shared(const struct leat_xen *xen, const struct xen_group *of)
{
    for (uint32_t i = 0; i < XEN_NET_GROUPS; i++) {
        const struct xen_group *group = &xen->groups[i];

        if (group != of && group->told && memcmp(&group->mac, &of->mac, sizeof of->mac) == 0)
            return true;
    }
    return false;
}

void xen_groups_tell(struct leat_xen *xen)
{
    if (!xen->groups_pending || !xen->filters || xen->bus.phase != XEN_BUS_UP)
        return;
    for (uint32_t i = 0; i < XEN_NET_GROUPS; i++) {
        struct xen_group *group = &xen->groups[i];

        if (group->wanted == group->told)
            continue;
        if (!is_shared(xen, group) &&
            !xen_queue_send_group(xen->queues[0],
                                  group->wanted ? XEN_EXTRA_GROUP_ADD : XEN_EXTRA_GROUP_DEL,
                                  &group->mac))
            return; /* the ring is full */
        group->told = group->wanted;
    }
    xen->groups_pending = false;
}
