/*
 * ipv6.c -- registers IPv6: memory, entry points for other layers, routes.
 *
 * Other layers call IPv6 only through the two tables here (family.h). So a program that never calls
 * leat_ipv6_register() doesn't link IPv6.
 */
#include "ip/host.h"
#include "ip/v6/ipv6.h"
#include "ip/v6/neighbour6.h"
#include "ip/v6/route6.h"
#include "ip/v6/sent6.h"
#include "ip/v6/slaac.h"
#include "wire/bytes.h"

enum {
    NEIGHBOURS_DEFAULT = 64,
    PARKED_DEFAULT = 4,
    ROUTES_DEFAULT = 8,
    REDIRECTS_DEFAULT = 16,
    HOP_LIMIT_DEFAULT = 64,
    HOSTS_DEFAULT = 2048,
    SLAACS_DEFAULT = 1,
    GROUPS_DEFAULT = 8,
    TEMPORARY_PREFERRED_S = 86400, /* RFC 8981 3.8 */
    TEMPORARY_VALID_S = 2 * TEMPORARY_PREFERRED_S
};

static struct leat_ipv6_config with_defaults(const struct leat_ipv6_config *given)
{
    struct leat_ipv6_config c = given ? *given : (struct leat_ipv6_config){.hop_limit = 0};

    if (c.neighbours == 0)
        c.neighbours = NEIGHBOURS_DEFAULT;
    if (c.parked == 0)
        c.parked = PARKED_DEFAULT;
    if (c.routes == 0)
        c.routes = ROUTES_DEFAULT;
    if (c.redirects == 0)
        c.redirects = REDIRECTS_DEFAULT;
    if (c.hop_limit == 0)
        c.hop_limit = HOP_LIMIT_DEFAULT;
    if (c.hosts == 0)
        c.hosts = HOSTS_DEFAULT;
    if (c.hosts < HOSTS6_MIN)
        c.hosts = HOSTS6_MIN;
    if (c.hosts > HOST_INDEX_MAX)
        c.hosts = HOST_INDEX_MAX;
    if (c.slaacs == 0)
        c.slaacs = SLAACS_DEFAULT;
    if (c.groups == 0)
        c.groups = GROUPS_DEFAULT;
    if (c.temporary_preferred_s == 0)
        c.temporary_preferred_s = TEMPORARY_PREFERRED_S;
    if (c.temporary_valid_s == 0)
        c.temporary_valid_s = TEMPORARY_VALID_S;
    return c;
}

size_t leat_ipv6_memory_bytes(const struct leat_ipv6_config *config)
{
    const struct leat_ipv6_config c = with_defaults(config);

    return arena_cost(1, sizeof(struct ipv6)) + routes6_cost(&c) + neighbours6_cost(&c) +
           hosts6_cost(&c) + paths6_cost(&c) + blocks6_cost() + mld_cost(&c) +
           arena_cost(c.slaacs, sizeof(struct leat_slaac));
}

static void attached(struct link *link)
{
    link6_defaults(link);
    address6_attached(link);
}

/* True for the Ethernet group addresses of our groups (RFC 2464 7). */
static bool hears(const struct link *link, const struct leat_mac *mac)
{
    const struct address6 *all = addresses6_of(link);

    if (mac->octet[0] != 0x33 || mac->octet[1] != 0x33)
        return false;
    /* 33:33:00:00:00:01 stands for all nodes */
    if (mac->octet[2] == 0 && mac->octet[3] == 0 && mac->octet[4] == 0 && mac->octet[5] == 1)
        return true;
    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        /* 33:33:ff and the last 24 bits of an address stand for its solicited-node group */
        if (all[i].state >= ADDRESS6_TENTATIVE && mac->octet[2] == 0xff &&
            memcmp(mac->octet + 3, all[i].ip.bytes + 13, 3) == 0)
            return true;
    }
    return link->stack->ipv6->joined > 0 &&
           groups_hear_low(&link->stack->ipv6->groups, link, get32(mac->octet + 2), UINT32_MAX);
}

static const struct ip_family of_link = {.input = ipv6_input, .hears = hears};

static const struct ipv6_family family = {
    .attached = attached,
    .address_add = address6_add,
    .address_remove = address6_remove,
    .address_lease = address6_lease,
    .link_local = address6_link_local,
    .source_facts = address6_source_facts,
    .route_add = route6_add,
    .route_remove = route6_remove,
    .slaac_start = slaac_start,
    .slaac_refusal = slaac_refusal,
    .slaac_stop = slaac_stop,
    .group_join = mld_join,
    .group_leave = mld_leave,
    .parked_pieces = neighbours6_pieces,
    .host_of = host6_of,
    .host_known = host6_known,
    .is_ours = ipv6_is_ours,
    .is_probing = addresses6_are_probed,
    .is_global = addresses6_are_global,
    .cached_path = block6_cached_path,
    .path = ipv6_path,
    .output = ipv6_send,
    .flow_headers = ipv6_flow_headers,
    .renew = neighbour6_renew,
    .reached = ipv6_reached,
    .port_unreachable = transport6_port_unreachable,
    .close = neighbours6_close,
};

static bool make_tables(struct leat *stack)
{
    return routes6_init(stack) && neighbours6_init(stack) && hosts6_init(stack) &&
           paths6_init(stack) && blocks6_init(stack) && mld_init(stack);
}

enum leat_err leat_ipv6_register(struct leat *stack, const struct leat_ipv6_config *config)
{
    uint8_t any = 0;
    struct ipv6 *ipv6;

    if (stack->ipv6_family)
        return LEAT_ERR_IN_USE;
    if (config && LEAT_RESERVED_IS_USED(config))
        return LEAT_ERR_ARGUMENT;
    ipv6 = arena_take(&stack->arena, 1, sizeof *ipv6);
    if (!ipv6)
        return LEAT_ERR_MEMORY;
    ipv6->config = with_defaults(config);
    ipv6->slaacs = arena_take(&stack->arena, ipv6->config.slaacs, sizeof(struct leat_slaac));
    stack->ipv6 = ipv6;
    if (!ipv6->slaacs || !make_tables(stack))
        return LEAT_ERR_MEMORY;
    for (unsigned i = 0; i < LEAT_IPV6_SECRET_BYTES; i++)
        any |= ipv6->config.secret[i];
    for (unsigned i = 0; i < ipv6->config.policy_count; i++)
        leat_assert(ipv6->config.policies[i].prefix_bits <= 128);
    stack->policies = ipv6->config.policies;
    stack->policy_count = ipv6->config.policy_count;
    /* without a secret of the program's, the stable addresses last as long as the stack's seed */
    ipv6->secret = any ? siphash_key_from(ipv6->config.secret) : stack->secret_key;
    stack->families[FAMILY6] = &of_link;
    stack->ipv6_family = &family;
    /* links that are attached later come through the table (leat_attach()) */
    for (struct link *link = stack->links; link < stack->links_end; link++)
        attached(link);
    return LEAT_OK;
}
