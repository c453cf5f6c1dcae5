/*
 * slaac.c -- solicits routers, expires their statements, notifies the program (RFC 4861 6.3).
 *
 * The first solicitation is sent during the check of our link-local address, from "::", so that an
 * address from a router's prefix is checked at the same time, not after it.  Solicitations are
 * repeated with doubled intervals until a default router has answered (RFC 7559), and start again
 * when the last default router is gone.
 */
#include "ip/v6/slaac.h"

#include "core/assert.h"
#include "core/container_of.h"
#include "core/refusal.h"
#include "core/second.h"
#include "ip/v6/route6.h"
#include "wire/ndp.h"
#include "wire/ra.h"

enum {
    FIRST_WAIT_MAX_US = 150000, /* like that of the address check in address6.c */
    WAIT_FIRST_S = 4,           /* RFC 7559 2: IRT */
    WAIT_MAX_S = 3600           /* RFC 7559 2: MRT */
};

/* ---- solicitations ------------------------------------------------------------------------- */

/* RFC 7559 2: doubles the interval, up to an hour, with a random tenth more or less. */
static uint64_t next_wait_ns(struct leat *stack, uint64_t before_ns)
{
    const uint64_t most_ns = WAIT_MAX_S * second_ns;
    const uint64_t wait_ns = before_ns == 0 ? WAIT_FIRST_S * second_ns : 2 * before_ns;
    const uint64_t capped_ns = wait_ns < most_ns ? wait_ns : most_ns;
    const uint32_t fifth_us = (uint32_t)(capped_ns / 5000);

    leat_debug_assert(before_ns <= (uint64_t)WAIT_MAX_S * second_ns / 10 * 11);
    return capped_ns - capped_ns / 10 + 1000 * (uint64_t)stack_random_below(stack, fifth_us);
}

static void solicit_fired(struct timer *timer, void *context)
{
    struct leat *stack = context;
    struct leat_slaac *slaac = (struct leat_slaac *)timer;

    /* an answer has come meanwhile */
    if (route6_has_router(slaac->link))
        return;
    slaac->wait_ns = next_wait_ns(stack, slaac->wait_ns);
    timer_set(&stack->timers, timer, stack->now_ns + slaac->wait_ns);
    ndp_solicit_routers(slaac->link);
}

/* Starts solicitations if there is no default router. */
static void ask_if_alone(struct leat_slaac *slaac)
{
    struct leat *stack = slaac->link->stack;

    if (timer_is_set(&slaac->solicit) || route6_has_router(slaac->link))
        return; /* under way, or not needed */
    slaac->wait_ns = 0;
    timer_set(&stack->timers, &slaac->solicit, stack->now_ns + next_wait_ns(stack, 0));
}

/* ---- expiry -------------------------------------------------------------------------------- */

static void sooner(uint64_t *next_ns, uint64_t ns)
{
    if (ns < *next_ns)
        *next_ns = ns;
}

/* Clears a time that has passed, or else takes it into account for the next sweep. */
static void sweep_one(uint64_t *until_ns, uint64_t now_ns, uint64_t *next_ns)
{
    if (*until_ns <= now_ns)
        *until_ns = 0;
    else
        sooner(next_ns, *until_ns);
}

static void sweep_fired(struct timer *timer, void *context)
{
    struct leat *stack = context;
    struct leat_slaac *slaac = container_of(timer, struct leat_slaac, sweep);
    const uint64_t now_ns = stack->now_ns;
    uint64_t next_ns = routes6_sweep(slaac->link, false);

    /* this comes before the next time is computed, because a successor brings times of its own */
    addresses6_succeed(slaac->link);
    for (unsigned i = 0; i < LEAT_SLAAC_PREFIXES_MAX; i++) {
        const bool was = slaac->prefixes[i].until_ns > 0;

        sweep_one(&slaac->prefixes[i].until_ns, now_ns, &next_ns);
        stack->route_generation += was && slaac->prefixes[i].until_ns == 0;
    }
    for (unsigned i = 0; i < LEAT_SLAAC_SERVERS_MAX; i++)
        sweep_one(&slaac->servers[i].until_ns, now_ns, &next_ns);
    for (unsigned i = 0; i < LEAT_SLAAC_DOMAINS_MAX; i++)
        sweep_one(&slaac->domains[i].until_ns, now_ns, &next_ns);
    sweep_one(&slaac->nat64.until_ns, now_ns, &next_ns);
    sooner(&next_ns, addresses6_next_deprecation_ns(slaac->link));
    if (next_ns != IP6_FOR_EVER)
        timer_set(&stack->timers, timer, next_ns);
    ask_if_alone(slaac);
    slaac_changed(slaac->link);
}

/* Parses an advertisement; returns why it is refused (RFC 4861 6.1.2, RFC 6980 5), to follow
 * "answered, but", or NULL. An option without a length leaves no way to find those behind it. */
static const char *parse(const struct packet6 *packet, struct wire_ra *ra)
{
    const struct leat_buf *buf = packet->buf;

    if (packet->hop_limit != NDP_HOP_LIMIT)
        return "from beyond this link: the hop limit isn't 255";
    if (packet->had_fragments)
        return "with an advertisement in fragments";
    if (!leat_ip_is_link_local(packet->src))
        return "from an address that isn't link-local";
    if (buf->len != leat_buf_total(buf))
        return "with an advertisement that is too long for a buffer";
    if (!wire_ra_parse(ra, buf->data, buf->len))
        return "with an advertisement that is cut short, or has an option of length 0";
    return 0;
}

void slaac_input(struct leat *stack, struct leat_slaac *slaac, struct packet6 *packet)
{
    const struct leat_buf *buf = packet->buf;
    struct wire_ra ra;
    const char *why = parse(packet, &ra);

    leat_debug_assert(slaac->link == packet->link);
    if (why) {
        slaac->counts.refused++;
        refusal_note(&slaac->refusal, packet->src, why);
        stack_end(stack, packet->buf, drop_ndp_format);
        return;
    }
    slaac->counts.taken++;
    refusal_forget(&slaac->refusal);
    slaac_take(slaac, packet->src, &ra, buf->data, buf->len);
    stack_end(stack, packet->buf, taken_ndp);
    sweep_fired(&slaac->sweep, stack); /* the next expiry may have changed */
}

/* ---- notification -------------------------------------------------------------------------- */

/* Adds a domain to the search list if it fits. */
static void add_domain(struct leat_slaac_facts *facts, const char *name)
{
    uint32_t used = 0, len = 0;

    while (facts->search[used])
        used++;
    leat_debug_assert(used < sizeof facts->search);
    while (name[len])
        len++;
    if (used + len + 2 > sizeof facts->search)
        return;
    if (used > 0)
        facts->search[used++] = ' ';
    memcpy(facts->search + used, name, len + 1);
}

static void find_facts(const struct leat_slaac *slaac, struct leat_slaac_facts *facts)
{
    const struct link *link = slaac->link;
    const struct address6 *address = address6_preferred(link);
    /* "::" is in no prefix but ::/0, so this finds the default route */
    const struct route6 *route =
        route6_to(link, address ? address->ip : LEAT_IP_ANY, LEAT_IP_ANY).route;

    /* this clears padding, too, because tell() compares all bytes */
    memset(facts, 0, sizeof *facts);
    facts->mtu = ipv6_mtu(link);
    facts->managed = slaac->managed;
    facts->other = slaac->other;
    if (address) {
        facts->ip = address->ip;
        facts->prefix_bits = address->prefix_bits;
    }
    if (route)
        facts->gateway = route->gateway;
    if (slaac->nat64.until_ns > 0) {
        facts->nat64 = slaac->nat64.prefix;
        facts->nat64_bits = slaac->nat64.prefix_bits;
    }
    for (unsigned i = 0; i < LEAT_SLAAC_SERVERS_MAX; i++) {
        if (slaac->servers[i].until_ns > 0)
            facts->name_servers[facts->name_server_count++] = slaac->servers[i].ip;
    }
    for (unsigned i = 0; i < LEAT_SLAAC_DOMAINS_MAX; i++) {
        if (slaac->domains[i].until_ns > 0)
            add_domain(facts, slaac->domains[i].name);
    }
}

static void tell(struct leat *stack, struct ready *ready)
{
    struct leat_slaac *slaac = container_of(ready, struct leat_slaac, ready);
    struct leat_slaac_facts *before = &stack->ipv6->facts_before;

    /* the change may be the end of the last default router */
    ask_if_alone(slaac);
    *before = slaac->facts;
    find_facts(slaac, &slaac->facts);
    /* if only padding differs, the program is told once too often:
     * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
    if (memcmp(before, &slaac->facts, sizeof *before) == 0)
        return;
    stack->route_generation++; /* paths choose another source, if an address is deprecated */
    if (slaac->config.on_change)
        slaac->config.on_change(slaac, &slaac->facts, slaac->config.arg);
}

/* ---- functions of the program -------------------------------------------------------------- */

enum leat_err slaac_start(struct link *link, struct leat_slaac **slaac,
                          const struct leat_slaac_config *config)
{
    struct leat *stack = link->stack;
    struct ipv6 *ipv6 = stack->ipv6;
    struct leat_slaac *found = 0;
    const bool at_once = ipv6->config.optimistic || ipv6->config.no_duplicate_check;

    if (link->netif->mtu < IPV6_MTU_MIN)
        return LEAT_ERR_ARGUMENT;
    if (link6_of(link)->slaac)
        return LEAT_ERR_IN_USE;
    for (unsigned i = 0; i < ipv6->config.slaacs && !found; i++)
        found = ipv6->slaacs[i].link ? 0 : &ipv6->slaacs[i];
    if (!found)
        return LEAT_ERR_FULL;
    *found = (struct leat_slaac){.solicit = {.fire = solicit_fired},
                                 .sweep = {.fire = sweep_fired},
                                 .ready = {.run = tell},
                                 .link = link};
    if (config)
        found->config = *config;
    link6_of(link)->slaac = found;
    timer_set(&stack->timers, &found->solicit,
              stack->now_ns +
                  (at_once ? 0 : 1000 * (uint64_t)stack_random_below(stack, FIRST_WAIT_MAX_US)));
    *slaac = found;
    return LEAT_OK;
}

void slaac_stop(struct leat_slaac *slaac)
{
    struct link *link = slaac->link;
    struct leat *stack = link->stack;
    struct link6 *link6 = link6_of(link);

    leat_assert(slaac->link != 0);
    timer_cancel(&stack->timers, &slaac->solicit);
    timer_cancel(&stack->timers, &slaac->sweep);
    link6->slaac = 0; /* no notification from here on */
    routes6_sweep(link, true);
    addresses6_withdraw(link);
    link6_defaults(link);
    stack_not_ready(&slaac->ready);
    stack->route_generation++;
    slaac->link = 0;
}

enum leat_err leat_slaac_start(struct leat *stack, struct leat_netif *netif,
                               struct leat_slaac **slaac, const struct leat_slaac_config *config)
{
    struct link *link = stack_link(stack, netif);

    if (!link || !stack->ipv6_family || (config && LEAT_RESERVED_IS_USED(config)))
        return LEAT_ERR_ARGUMENT;
    return slaac_start(link, slaac, config);
}

void leat_slaac_stop(struct leat_slaac *slaac)
{
    slaac_stop(slaac);
}

const struct leat_refusal *slaac_refusal(const struct leat_slaac *slaac)
{
    return &slaac->refusal;
}

const struct leat_refusal *leat_slaac_refusal(const struct leat_slaac *slaac)
{
    return slaac_refusal(slaac);
}

const struct leat_slaac_counts *leat_slaac_counts(const struct leat_slaac *slaac)
{
    return &slaac->counts;
}

const struct leat_slaac_facts *leat_slaac_facts(struct leat_slaac *slaac)
{
    find_facts(slaac, &slaac->facts);
    return &slaac->facts;
}
