/* igmp.c -- tells routers, and switches that listen to them, our IPv4 multicast groups. ip/groups.c
 * decides when. */
#include "ip/igmp.h"

#include "core/view.h"
#include "ip/host.h"
#include "link/address.h"
#include "link/arp.h"
#include "wire/igmp.h"
#include "wire/ipv4.h"

enum {
    HEADER_BYTES = 24, /* with the Router Alert option (RFC 2113) */
    ALERT = 148,
    ALERT_BYTES = 4,
    INTERNETWORK_CONTROL = 0xc0 /* RFC 3376 4: type of service */
};

static const leat_ip4 all_hosts = IP4(224, 0, 0, 1);
static const leat_ip4 all_routers = IP4(224, 0, 0, 2);
static const leat_ip4 all_v3_routers = IP4(224, 0, 0, 22);

/* ---- out ----------------------------------------------------------------------------------- */

/* Takes @message. */
static void send(struct link *link, leat_ip4 dst, struct leat_buf *message)
{
    const struct address *from = address_first(link);
    const struct wire_ipv4 header = {.src = from ? from->ip : IP4_ANY, /* RFC 3376 4.2.13 */
                                     .dst = dst,
                                     .total_bytes = (uint16_t)(HEADER_BYTES + message->len),
                                     .tos = INTERNETWORK_CONTROL,
                                     .ttl = 1,
                                     .protocol = IP_IGMP,
                                     .dont_fragment = true};
    uint8_t *at;

    checksum_put(message->data + 2, checksum_bytes(message->data, message->len));
    at = view_push(message, HEADER_BYTES);
    wire_ipv4_emit(&header, at);
    at[0] = 4 << 4 | HEADER_BYTES / 4;
    put32(at + IPV4_HEADER_BYTES, (uint32_t)ALERT << 24 | ALERT_BYTES << 16);
    put16(at + IPV4_CHECKSUM_AT, 0);
    checksum_put(at + IPV4_CHECKSUM_AT, checksum_bytes(at, HEADER_BYTES));
    link->stack->stats.group_reports_sent++;
    neighbour_output(link, dst, message);
}

static void report(struct link *link, const struct group_record *records, uint32_t count)
{
    struct leat_buf *message =
        groups_room(link->stack, IGMP_BYTES + count * (uint32_t)IGMP_RECORD_BYTES);

    if (!message)
        return;
    wire_igmp_report_emit(records, count, message->data);
    send(link, all_v3_routers, message);
}

static void report_older(struct link *link, struct leat_ip ip, uint8_t age, bool leaves)
{
    const uint8_t type = leaves ? IGMP_V2_LEAVE : age == 1 ? IGMP_V2_REPORT : IGMP_V1_REPORT;
    struct leat_buf *message;

    if (leaves && age > 1) /* IGMPv1 has no leave message */
        return;
    message = groups_room(link->stack, IGMP_BYTES);
    if (!message)
        return;
    wire_igmp_older_emit(type, ip, message->data);
    send(link, leaves ? all_routers : leat_ip_v4_number(ip), message);
}

/* RFC 3376 5 */
static bool is_told(struct leat_ip ip)
{
    return leat_ip_v4_number(ip) != all_hosts;
}

static const struct groups_family family = {
    .report = report, .report_older = report_older, .is_told = is_told};

/* ---- in ------------------------------------------------------------------------------------ */

static bool hears(const struct link *link, leat_ip4 ip)
{
    return groups_hear(link->stack->igmp, link, leat_ip_v4(ip));
}

/* RFC 1112 6.4: 32 groups share one Ethernet address. */
static bool hears_mac(const struct link *link, const struct leat_mac *mac)
{
    const uint32_t low =
        (uint32_t)mac->octet[3] << 16 | (uint32_t)mac->octet[4] << 8 | mac->octet[5];

    return mac->octet[0] == 1 && mac->octet[1] == 0 && mac->octet[2] == 0x5e && low < 1u << 23 &&
           groups_hear_low(link->stack->igmp, link, low, (1u << 23) - 1);
}

static const struct ipv4_groups heard = {.hears = hears, .hears_mac = hears_mac};

/* The options have been checked before. */
static bool has_alert(const struct packet *packet)
{
    const uint8_t *header = packet->buf->data - packet->header_bytes;
    uint32_t at = IPV4_HEADER_BYTES;

    while (at < packet->header_bytes && header[at] != 0) {
        if (header[at] == ALERT)
            return true;
        at += header[at] == 1 ? 1u : header[at + 1];
    }
    return false;
}

/* RFC 3376 9.1: a query from outside the link would make many hosts answer.  All versions use a TTL
 * of 1, and all but IGMPv1 a Router Alert. */
static bool query_is_good(const struct packet *packet, struct group_query *query)
{
    const struct leat_buf *buf = packet->buf;

    return wire_igmp_query_parse(query, buf->data, buf->len) &&
           (query->age == GROUP_AGES - 1 || has_alert(packet)) &&
           (packet->dst == all_hosts || !leat_ip_is_any(query->ip));
}

/* Processes a message and returns its counter. */
static uint64_t *take(struct leat *stack, const struct packet *packet)
{
    const uint8_t *bytes = packet->buf->data;
    struct group_query query;
    bool is_ours = false;

    if (bytes[0] == IGMP_QUERY) {
        if (!query_is_good(packet, &query))
            return &stack->stats.drop_group_format;
        is_ours = groups_query(stack->igmp, packet->link, &query);
    } else if (bytes[0] == IGMP_V1_REPORT || bytes[0] == IGMP_V2_REPORT) {
        is_ours = groups_reported(stack->igmp, packet->link, leat_ip_v4(get32(bytes + 4)));
    }
    return is_ours ? &stack->stats.taken_group : &stack->stats.drop_group_not_ours;
}

static bool envelope_is_good(const struct packet *packet)
{
    const struct leat_buf *buf = packet->buf;

    return packet->link && packet->ttl == 1 && !packet->reassembled && buf->len >= IGMP_BYTES &&
           buf->len == leat_buf_total(buf) &&
           (packet->dst == all_hosts || hears(packet->link, packet->dst)) &&
           checksum_agrees(checksum_bytes(buf->data, buf->len));
}

static void igmp_input(struct leat *stack, struct packet *packet)
{
    if (host_is_v6(packet->src)) { /* IPv6 uses MLD */
        stack_end(stack, packet->buf, drop_ip6_protocol);
    } else if (!envelope_is_good(packet)) {
        stack_end(stack, packet->buf, drop_group_format);
    } else {
        (*take(stack, packet))++;
        leat_buf_free(packet->buf);
    }
}

static bool no_error(struct leat *stack, const struct icmp_error *error)
{
    (void)stack;
    (void)error;
    return false;
}

static const struct protocol igmp_protocol = {
    .input = igmp_input, .icmp_error = no_error, .number = IP_IGMP};

/* ---- joins of the program ------------------------------------------------------------------ */

enum leat_err igmp_join(struct link *link, struct leat_ip group)
{
    struct leat *stack = link->stack;

    if (!stack->ipv4_groups) {
        if (!stack_register(stack, &igmp_protocol))
            return LEAT_ERR_FULL;
        groups_init(stack, stack->igmp, &family, stack->igmp->all, stack->igmp->count);
        stack->ipv4_groups = &heard;
    }
    return groups_join(stack->igmp, link, group);
}

void igmp_leave(struct link *link, struct leat_ip group)
{
    groups_leave(link->stack->igmp, link, group);
}
