/*
 * mld.c -- tells routers, and switches that listen to them, our groups: MLDv2 (RFC 3810), and MLDv1
 * (RFC 2710) if a router uses that.  ip/groups.c decides when.
 */
#include "core/view.h"
#include "ip/v6/ipv6.h"
#include "wire/ndp.h"

enum {
    ALERT_BYTES = 8,
    HOP_LIMIT = 1,
    SCOPE_NODE = 1, /* RFC 4291 2.7 */
    GROUPS_OF_ADDRESSES = LEAT_NETIFS_MAX * LEAT_IPV6_ADDRESSES_MAX
};

static const struct leat_ip all_nodes = {{0xff, 2, [15] = 1}};
static const struct leat_ip all_routers = {{0xff, 2, [15] = 2}};
static const struct leat_ip all_mld2_routers = {{0xff, 2, [15] = 0x16}}; /* RFC 3810 5.2.14 */

/* RFC 3810 5.2.13: a link-local address, or "::" while there is none. */
static struct leat_ip source_of(const struct link *link)
{
    const struct address6 *all = addresses6_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        /* an optimistic address may be another host's, so it isn't used */
        if (all[i].state == ADDRESS6_USABLE && leat_ip_is_link_local(all[i].ip))
            return all[i].ip;
    }
    return LEAT_IP_ANY;
}

/* Takes @message. */
static void send(struct link *link, struct leat_ip dst, struct leat_buf *message)
{
    /* a Router Alert, and two bytes of padding (RFC 2711) */
    static const uint8_t alert[ALERT_BYTES] = {IPV6_ICMP, 0, 5, 2, 0, 0, 1, 0};
    const struct leat_ip src = source_of(link);
    struct wire_ipv6 header = {
        .src = src, .dst = dst, .next_header = IPV6_HOP_BY_HOP, .hop_limit = HOP_LIMIT};

    /* the checksum comes first, as it covers the ICMPv6 message alone, without the headers in front
     * of it */
    icmpv6_put_checksum(message, &src, &dst);
    memcpy(view_push(message, ALERT_BYTES), alert, ALERT_BYTES);
    header.payload_bytes = (uint16_t)message->len;
    wire_ipv6_emit(&header, view_push(message, IPV6_HEADER_BYTES));
    link->stack->stats.group_reports_sent++;
    ndp_output_to_group(link, dst, message);
}

static void report(struct link *link, const struct group_record *records, uint32_t count)
{
    struct leat_buf *message =
        groups_room(link->stack, MLD_REPORT_BYTES + count * (uint32_t)MLD_RECORD_BYTES);

    if (!message)
        return;
    wire_mld_report_emit(records, count, message->data);
    send(link, all_mld2_routers, message);
}

static void report_older(struct link *link, struct leat_ip ip, uint8_t age, bool leaves)
{
    struct leat_buf *message = groups_room(link->stack, MLD_BYTES);

    (void)age; /* MLDv1 is the only older version */
    if (!message)
        return;
    wire_mld_older_emit(leaves ? ICMPV6_MLD1_DONE : ICMPV6_MLD1_REPORT, ip, message->data);
    send(link, leaves ? all_routers : ip, message);
}

/* RFC 3810 6: neither the all-nodes group nor groups of node-local scope. */
static bool is_told(struct leat_ip ip)
{
    return !leat_ip_equal(ip, all_nodes) && (ip.bytes[1] & 15) > SCOPE_NODE;
}

static const struct groups_family family = {
    .report = report, .report_older = report_older, .is_told = is_told};

static uint32_t capacity(const struct leat_ipv6_config *config)
{
    return GROUPS_OF_ADDRESSES + (uint32_t)config->groups;
}

size_t mld_cost(const struct leat_ipv6_config *config)
{
    return arena_cost(capacity(config), sizeof(struct group));
}

bool mld_init(struct leat *stack)
{
    const uint32_t count = capacity(&stack->ipv6->config);
    struct group *all = arena_take(&stack->arena, count, sizeof(struct group));

    groups_init(stack, &stack->ipv6->groups, &family, all, count);
    return all != 0;
}

void mld_listen(struct link *link, struct leat_ip ip)
{
    const enum leat_err err = groups_join(&link->stack->ipv6->groups, link, ip6_solicited_node(ip));

    leat_assert(err == LEAT_OK); /* the table has an entry for each address */
}

void mld_unlisten(struct link *link, struct leat_ip ip)
{
    groups_leave(&link->stack->ipv6->groups, link, ip6_solicited_node(ip));
}

void mld_link_local(struct link *link)
{
    groups_tell(&link->stack->ipv6->groups, link);
}

enum leat_err mld_join(struct link *link, struct leat_ip group)
{
    struct ipv6 *ipv6 = link->stack->ipv6;
    enum leat_err err;

    if (link->netif->mtu < IPV6_MTU_MIN)
        return LEAT_ERR_ARGUMENT;
    if (ipv6->joined == ipv6->config.groups)
        return LEAT_ERR_FULL;
    err = groups_join(&ipv6->groups, link, group);
    ipv6->joined += err == LEAT_OK;
    return err;
}

void mld_leave(struct link *link, struct leat_ip group)
{
    struct ipv6 *ipv6 = link->stack->ipv6;

    groups_leave(&ipv6->groups, link, group);
    ipv6->joined--;
}

/* RFC 3810 5.1.14, 6.2: sent on this link, and with the alert that routers look for. */
static bool envelope_is_good(const struct packet6 *packet)
{
    const struct leat_buf *buf = packet->buf;

    return packet->link && packet->hop_limit == HOP_LIMIT && packet->is_alert &&
           leat_ip_is_link_local(packet->src) && buf->len == leat_buf_total(buf) &&
           buf->len >= MLD_BYTES && buf->data[1] == 0;
}

/* True if the message concerns a group of ours, or all groups. */
static bool take(struct packet6 *packet, bool *is_good)
{
    struct groups *groups = &packet->link->stack->ipv6->groups;
    const struct leat_buf *buf = packet->buf;
    struct group_query query;

    *is_good = wire_mld_query_parse(&query, buf->data, buf->len);
    if (!*is_good)
        return false;
    return buf->data[0] == ICMPV6_MLD_QUERY ? groups_query(groups, packet->link, &query)
                                            : groups_reported(groups, packet->link, query.ip);
}

void mld_input(struct leat *stack, struct packet6 *packet)
{
    /* the envelope comes first: take() reads fields whose length it has checked, and may find
     * another fault */
    bool is_good = envelope_is_good(packet);
    const bool is_ours = is_good && take(packet, &is_good);

    if (!is_good)
        stack_end(stack, packet->buf, drop_group_format);
    else if (is_ours)
        stack_end(stack, packet->buf, taken_group);
    else
        stack_end(stack, packet->buf, drop_group_not_ours);
}
