/*
 * route6.c -- one table for the program's routes and those from routers (RFC 4191, a host of type
 * C).
 *
 * A gateway that doesn't answer becomes suspect, and other routes to the destination are preferred.
 * While packets are sent, it is probed once a minute (RFC 4191 3.5).
 */
#include "ip/v6/route6.h"

#include "core/assert.h"
#include "ip/v6/slaac.h"

static const uint64_t ask_again_ns = 60000000000u; /* RFC 4191 3.5 */
static const uint64_t redirect_ns = 600000000000u; /* a limit: the redirecting router may recover */

static uint32_t capacity(const struct leat_ipv6_config *config)
{
    return config->routes + (uint32_t)config->redirects +
           (uint32_t)config->slaacs * (LEAT_SLAAC_ROUTERS_MAX + LEAT_SLAAC_ROUTES_MAX);
}

size_t routes6_cost(const struct leat_ipv6_config *config)
{
    return arena_cost(capacity(config), sizeof(struct route6));
}

/* Voids cached paths once a minute, so that senders probe suspect gateways again. */
static void on_time(struct timer *timer, void *context)
{
    struct leat *stack = context;

    if (stack->ipv6->suspects == 0)
        return;
    stack->route_generation++;
    timer_set(&stack->timers, timer, stack->now_ns + ask_again_ns);
}

bool routes6_init(struct leat *stack)
{
    struct ipv6 *ipv6 = stack->ipv6;

    ipv6->suspects_timer.fire = on_time;
    ipv6->routes = arena_take(&stack->arena, capacity(&ipv6->config), sizeof(struct route6));
    return ipv6->routes != 0;
}

/* ---- routes of the program ----------------------------------------------------------------- */

/* The link of @gateway by its on-link prefixes, else the only link; NULL: none, or it is our
 * address. */
static struct link *link_of(struct leat *stack, struct leat_ip gateway)
{
    for (struct link *link = stack->links; link < stack->links_end; link++) {
        if (address6_find(link, gateway))
            return 0;
        if (address6_on_link(link, gateway))
            return link;
    }
    return stack_only_link(stack);
}

static struct route6 *find_given(struct ipv6 *ipv6, struct leat_ip network, uint8_t prefix_bits)
{
    for (uint32_t i = 0; i < ipv6->route_count; i++) {
        struct route6 *route = &ipv6->routes[i];

        if (!route->is_learned && route->prefix_bits == prefix_bits &&
            leat_ip_equal(route->network, network))
            return route;
    }
    return 0;
}

/* The number of routes of the program (@link NULL), or of @link's routers: default routes or
 * others. Each has a limit of its own, so that routers can't crowd out the program's routes. */
static uint32_t count_of(const struct ipv6 *ipv6, const struct link *link, bool by_default)
{
    uint32_t count = 0;

    leat_debug_assert(ipv6->route_count <= capacity(&ipv6->config));
    for (uint32_t i = 0; i < ipv6->route_count; i++) {
        const struct route6 *route = &ipv6->routes[i];

        if (route->is_redirect)
            continue;
        if (link ? route->is_learned && route->link == link &&
                       (route->prefix_bits == 0) == by_default
                 : !route->is_learned)
            count++;
    }
    return count;
}

/* True if all bits after the prefix are 0. */
static bool is_network(struct leat_ip ip, uint8_t prefix_bits)
{
    struct leat_ip masked = ip;

    for (uint32_t bit = prefix_bits; bit < 128; bit++)
        masked.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
    return leat_ip_equal(masked, ip);
}

/* Overwrites a route; if it was suspect, that ends. */
static void set(struct leat *stack, struct route6 *route, const struct route6 *to)
{
    leat_debug_assert(stack->ipv6->suspects <= stack->ipv6->route_count);
    stack->ipv6->suspects -= route->suspect_ns != 0;
    *route = *to;
    stack->route_generation++;
}

static void forget(struct leat *stack, struct route6 *route)
{
    struct ipv6 *ipv6 = stack->ipv6;

    leat_debug_assert(route < ipv6->routes + ipv6->route_count);
    leat_assert(ipv6->route_count > 0);
    ipv6->suspects -= route->suspect_ns != 0;
    /* the order means nothing, so the last one fills the gap; callers that go on walk backwards */
    *route = ipv6->routes[--ipv6->route_count];
    stack->route_generation++;
}

/* An entry for another route; the caller has checked the limits. */
static struct route6 *place(struct ipv6 *ipv6)
{
    struct route6 *route = &ipv6->routes[ipv6->route_count++];

    leat_assert(ipv6->route_count < capacity(&ipv6->config));
    route->suspect_ns = 0;
    return route;
}

enum leat_err route6_add(struct leat *stack, struct link *link, struct leat_ip network,
                         uint8_t prefix_bits, struct leat_ip gateway)
{
    struct ipv6 *ipv6 = stack->ipv6;
    struct route6 to = {.network = network,
                        .gateway = gateway,
                        .until_ns = IP6_FOR_EVER,
                        .prefix_bits = prefix_bits,
                        .preference = ROUTE6_OF_PROGRAM};
    struct route6 *route;

    if (prefix_bits > 128 || !is_network(network, prefix_bits) || leat_ip_is_multicast(gateway) ||
        leat_ip_is_any(gateway) || leat_ip_is_v4(gateway) || leat_ip_is_loopback(gateway))
        return LEAT_ERR_ARGUMENT;
    to.link = link ? link : link_of(stack, gateway);
    if (!to.link || address6_find(to.link, gateway))
        return LEAT_ERR_NO_ROUTE;
    route = find_given(ipv6, network, prefix_bits);
    if (!route && count_of(ipv6, 0, false) == ipv6->config.routes)
        return LEAT_ERR_FULL;
    set(stack, route ? route : place(ipv6), &to);
    return LEAT_OK;
}

enum leat_err route6_remove(struct leat *stack, struct leat_ip network, uint8_t prefix_bits)
{
    struct route6 *route = find_given(stack->ipv6, network, prefix_bits);

    if (!route)
        return LEAT_ERR_NOT_FOUND;
    forget(stack, route);
    return LEAT_OK;
}

/* ---- routes from routers ------------------------------------------------------------------- */

static struct route6 *find_learned(const struct link *link, struct leat_ip router,
                                   const struct route6_learned *said)
{
    struct ipv6 *ipv6 = link->stack->ipv6;

    for (uint32_t i = 0; i < ipv6->route_count; i++) {
        struct route6 *route = &ipv6->routes[i];

        if (route->is_learned && !route->is_redirect && route->link == link &&
            route->prefix_bits == said->prefix_bits &&
            leat_ip_equal(route->network, said->network) && leat_ip_equal(route->gateway, router))
            return route;
    }
    return 0;
}

void route6_learn(struct link *link, struct leat_ip router, const struct route6_learned *said)
{
    struct leat *stack = link->stack;
    struct ipv6 *ipv6 = stack->ipv6;
    const bool by_default = said->prefix_bits == 0;
    const struct route6 to = {.network = said->network,
                              .gateway = router,
                              .link = link,
                              .until_ns = said->until_ns,
                              .prefix_bits = said->prefix_bits,
                              .preference = said->preference,
                              .is_learned = true};
    struct route6 *route = find_learned(link, router, said);

    leat_assert(said->prefix_bits <= 128);
    if (said->until_ns <= stack->now_ns) {
        if (route)
            forget(stack, route);
        return;
    }
    if (route) { /* a suspect stays one, because an advertisement is no answer */
        stack->route_generation += route->preference != said->preference;
        route->until_ns = said->until_ns;
        route->preference = said->preference;
        return;
    }
    if (count_of(ipv6, link, by_default) <
        (by_default ? LEAT_SLAAC_ROUTERS_MAX : LEAT_SLAAC_ROUTES_MAX))
        set(stack, place(ipv6), &to);
    else
        stack->stats.ndp_limits_reached++;
}

bool route6_has_router(const struct link *link)
{
    return count_of(link->stack->ipv6, link, true) > 0;
}

uint64_t routes6_sweep(struct link *link, bool even_live)
{
    struct leat *stack = link->stack;
    struct ipv6 *ipv6 = stack->ipv6;
    uint64_t next_ns = IP6_FOR_EVER;

    /* the walk is backwards, because forget() moves the last route here */
    for (uint32_t i = ipv6->route_count; i > 0; i--) {
        struct route6 *route = &ipv6->routes[i - 1];

        if (!route->is_learned || route->link != link)
            continue;
        if (even_live || route->until_ns <= stack->now_ns)
            forget(stack, route);
        else if (route->until_ns < next_ns)
            next_ns = route->until_ns;
    }
    return next_ns;
}

void route6_no_router(struct link *link, struct leat_ip ip)
{
    struct leat *stack = link->stack;
    struct ipv6 *ipv6 = stack->ipv6;
    bool found = false;

    for (uint32_t i = ipv6->route_count; i > 0; i--) {
        struct route6 *route = &ipv6->routes[i - 1];

        /* a redirect to the destination itself doesn't need a router */
        if (route->is_learned && route->link == link && leat_ip_equal(route->gateway, ip) &&
            !leat_ip_equal(route->network, ip)) {
            forget(stack, route);
            found = true;
        }
    }
    if (found)
        slaac_changed(link);
}

/* ---- redirects ----------------------------------------------------------------------------- */

/* The entry for a redirect of @dst: the present one, a free one or, at the limit, the one that
 * expires first. */
static struct route6 *place_for_redirect(struct link *link, struct leat_ip dst)
{
    struct ipv6 *ipv6 = link->stack->ipv6;
    struct route6 *first = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < ipv6->route_count; i++) {
        struct route6 *route = &ipv6->routes[i];

        if (!route->is_redirect)
            continue;
        if (route->link == link && leat_ip_equal(route->network, dst))
            return route;
        count++;
        if (!first || route->until_ns < first->until_ns)
            first = route;
    }
    return count < ipv6->config.redirects ? place(ipv6) : first;
}

/* RFC 4861 8.1 */
static bool may_redirect(struct link *link, struct leat_ip router, struct leat_ip src,
                         struct leat_ip dst, struct leat_ip target)
{
    /* only the router that such packets go to now may redirect them */
    const struct route6 *route = address6_on_link(link, dst) ? 0 : route6_to(link, src, dst).route;

    return route && leat_ip_equal(route->gateway, router) && !leat_ip_is_any(dst) &&
           !leat_ip_is_loopback(dst) && !leat_ip_is_v4(dst) && !address6_find(link, dst) &&
           (leat_ip_equal(target, dst) || leat_ip_is_link_local(target)) &&
           !leat_ip_equal(target, router) && !address6_find(link, target);
}

bool route6_redirect(struct link *link, struct leat_ip router, struct leat_ip src,
                     struct leat_ip dst, struct leat_ip target)
{
    struct leat *stack = link->stack;
    const struct route6 to = {.network = dst,
                              .gateway = target,
                              .link = link,
                              .until_ns = stack->now_ns + redirect_ns,
                              .prefix_bits = 128,
                              .preference = ROUTE6_OF_REDIRECT,
                              .is_learned = true,
                              .is_redirect = true};

    if (stack->ipv6->config.no_redirects || !may_redirect(link, router, src, dst, target))
        return false;
    set(stack, place_for_redirect(link, dst), &to);
    stack->stats.ndp_redirects++;
    return true;
}

/* ---- reachability of gateways -------------------------------------------------------------- */

void route6_silent(struct link *link, struct leat_ip ip)
{
    struct leat *stack = link->stack;
    struct ipv6 *ipv6 = stack->ipv6;
    bool found = false;

    for (uint32_t i = ipv6->route_count; i > 0; i--) {
        struct route6 *route = &ipv6->routes[i - 1];

        if (route->link != link || !leat_ip_equal(route->gateway, ip))
            continue;
        if (route->is_redirect) { /* RFC 4861 7.3.3: then routers choose again */
            forget(stack, route);
            continue;
        }
        ipv6->suspects += route->suspect_ns == 0;
        /* the probe that failed counts as asked, so the next one is a minute away */
        route->suspect_ns = route->asked_ns = stack->now_ns;
        found = true;
    }
    if (!found)
        return;
    stack->route_generation++;
    timer_set(&stack->timers, &ipv6->suspects_timer, stack->now_ns + ask_again_ns);
    slaac_changed(link);
}

void route6_answers(struct link *link, struct leat_ip ip)
{
    struct leat *stack = link->stack;
    struct ipv6 *ipv6 = stack->ipv6;
    bool found = false;

    for (uint32_t i = 0; ipv6->suspects > 0 && i < ipv6->route_count; i++) {
        struct route6 *route = &ipv6->routes[i];

        if (route->suspect_ns == 0 || route->link != link || !leat_ip_equal(route->gateway, ip))
            continue;
        route->suspect_ns = 0;
        ipv6->suspects--;
        found = true;
    }
    if (!found)
        return;
    stack->route_generation++;
    slaac_changed(link);
}

/* ---- route selection ----------------------------------------------------------------------- */

/* True if @a is preferred to @b for the source @from, regardless of the gateways' reachability. */
static bool is_better(const struct route6 *a, const struct route6 *b, const struct address6 *from)
{
    bool by_a, by_b;

    if (a->prefix_bits != b->prefix_bits)
        return a->prefix_bits > b->prefix_bits;
    /* the longest prefix wins, then the router that gave us this source, then the preference */
    by_a = from && address6_is_of_router(from, a->gateway);
    by_b = from && address6_is_of_router(from, b->gateway);
    if (by_a != by_b) /* RFC 8028 3.2: other routers may refuse its source */
        return by_a;
    return a->preference > b->preference;
}

/* True if @a is preferred to @b, with regard to the gateways' reachability: among unreachable ones,
 * the least recently probed is preferred. */
static bool is_taken_before(const struct route6 *a, const struct route6 *b,
                            const struct address6 *from)
{
    if ((a->suspect_ns == 0) != (b->suspect_ns == 0))
        return a->suspect_ns == 0;
    if (a->suspect_ns != b->suspect_ns && a->prefix_bits == b->prefix_bits)
        return a->suspect_ns < b->suspect_ns;
    return is_better(a, b, from);
}

/* RFC 4191 3.5: it is time to probe the gateway again. */
static bool is_due(const struct route6 *route)
{
    return route->suspect_ns && route->link->stack->now_ns - route->asked_ns >= ask_again_ns;
}

struct choice6 route6_to(const struct link *link, struct leat_ip src, struct leat_ip dst)
{
    const struct ipv6 *ipv6 = link->stack->ipv6;
    const struct address6 *from = 0;
    struct route6 *taken = 0, *best = 0;

    for (uint32_t i = 0; i < ipv6->route_count; i++) {
        struct route6 *route = &ipv6->routes[i];

        if (route->link != link || route->until_ns <= link->stack->now_ns)
            continue;
        if (!route->is_learned && leat_ip_equal(route->gateway, dst))
            return (struct choice6){.route = route}; /* a gateway is itself on the link */
        if (!ip6_in_prefix(route->network, dst, route->prefix_bits))
            continue;
        if (!from)
            from = address6_find(route->link, src);
        /* there are two winners: the route that is used now, and the one that would be used if its
         * gateway answered */
        if (!taken || is_taken_before(route, taken, from))
            taken = route;
        if (!best || is_better(route, best, from))
            best = route;
    }
    return (struct choice6){.route = taken,
                            .ask = best != taken && from && is_due(best) ? best : 0};
}
