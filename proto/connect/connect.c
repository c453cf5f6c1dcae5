/*
 * connect.c -- starts connection attempts, and reports the outcome (RFC 8305).
 *
 * Every event calls go_on(). It starts attempts as long as one may start, and ends when no result
 * can come any more.
 */
#include "proto/connect/connect.h"

#include <string.h>

#include "core/assert.h"
#include "service.h"

enum {
    IPV6 = 0, /* indices of the lookups */
    IPV4 = 1
};

/* RFC 8305 8 */
static const uint64_t resolution_delay_ns = 50 * UINT64_C(1000000);
static const uint64_t attempt_delay_ns = 250 * UINT64_C(1000000);
static const uint64_t probing_delay_ns = 50 * UINT64_C(1000000);
static const uint64_t attempt_delay_ns_min = 10 * UINT64_C(1000000);

static const struct leat_tcp_events nothing = {.on_open = NULL};

static uint64_t attempt_delay(const struct leat_connecting *connecting)
{
    const uint64_t delay_ns = connecting->config->attempt_delay_ns;

    return delay_ns ? delay_ns : attempt_delay_ns;
}

static uint64_t resolution_delay(const struct leat_connecting *connecting)
{
    const uint64_t delay_ns = connecting->config->resolution_delay_ns;

    return delay_ns ? delay_ns : resolution_delay_ns;
}

static uint64_t now(const struct leat_connecting *connecting)
{
    return leat_now_ns(connecting->stack);
}

/* Ends all lookups and attempts but the connection @kept. */
static void stop(struct leat_connecting *connecting, const struct leat_connect_try *kept)
{
    connecting->runs = false;
    leat_timer_cancel(connecting->stack, &connecting->timer);
    for (unsigned i = 0; i < 2; i++) {
        if (connecting->lookups[i].lookup)
            leat_lookup_cancel(connecting->lookups[i].lookup);
        connecting->lookups[i].lookup = NULL;
    }
    for (unsigned i = 0; i < connecting->try_count; i++) {
        struct leat_connect_try *try = &connecting->tries[i];

        if (try == kept || !try->conn)
            continue;
        /* without events, so that the abort doesn't report an end of this attempt */
        leat_tcp_set_events(try->conn, &nothing, NULL);
        leat_tcp_abort(try->conn);
        try->conn = NULL;
    }
}

/* Reports the outcome. The call stands last, because the program may start the next attempt
 * in it. */
static void finish(struct leat_connecting *connecting, enum leat_err err,
                   struct leat_connect_try *winner)
{
    struct leat_tcp *conn = winner ? winner->conn : NULL;

    leat_assert(connecting->runs);
    stop(connecting, winner);
    if (winner) {
        winner->conn = NULL;
        leat_tcp_set_events(conn, &nothing, NULL);
    }
    connecting->on_done(connecting, err, conn, connecting->arg);
}

static void end_try(struct leat_connect_try *try, enum leat_err err)
{
    const struct leat_unreachable *report =
        leat_unreachable_to(try->connecting->stack, try->remote.ip);

    leat_debug_assert(try->state != LEAT_CONNECT_OVER);
    /* An ICMP error from before this attempt belongs to another connection, and explains
     * nothing. */
    try->report = (struct leat_unreachable){.at_ns = 0};
    if (err && report && report->at_ns >= try->begun_ns)
        try->report = *report;
    try->no_address = err == LEAT_ERR_NO_ROUTE &&
                      !service_has_address(try->connecting->stack, leat_ip_is_v4(try->remote.ip));
    try->state = LEAT_CONNECT_OVER;
    try->err = err;
    try->connecting->err = err;
    try->connecting->next_ns = now(try->connecting); /* the next attempt may start now (RFC
                                                      * 8305 5) */
}

static void go_on(struct leat_connecting *connecting);

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct leat_connect_try *try = arg;

    (void)conn;
    end_try(try, LEAT_OK);
    finish(try->connecting, LEAT_OK, try);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct leat_connect_try *try = arg;

    (void)conn;
    try->conn = NULL;
    end_try(try, why);
    go_on(try->connecting);
}

static void begin_try(struct leat_connect_try *try)
{
    static const struct leat_tcp_events events = {.on_open = on_open, .on_closed = on_closed};
    struct leat_connecting *connecting = try->connecting;
    enum leat_err err;

    leat_debug_assert(try->state == LEAT_CONNECT_WAITS);
    try->begun_ns = now(connecting);
    err = leat_tcp_connect(connecting->stack, &try->conn, &try->remote, NULL, &events, try);
    connecting->last_was_ipv6 = !leat_ip_is_v4(try->remote.ip);
    if (err) {
        /* No route now may mean that our only IPv6 address is still being checked (try_again()). */
        connecting->probes |= err == LEAT_ERR_NO_ROUTE && connecting->last_was_ipv6 &&
                              service_is_probing6(connecting->stack);
        try->conn = NULL;
        end_try(try, err);
        return;
    }
    try->state = LEAT_CONNECT_UNDER_WAY;
    connecting->next_ns = now(connecting) + attempt_delay(connecting);
}

static bool any_under_way(const struct leat_connecting *connecting)
{
    for (unsigned i = 0; i < connecting->try_count; i++) {
        if (connecting->tries[i].state == LEAT_CONNECT_UNDER_WAY)
            return true;
    }
    return false;
}

static bool any_began(const struct leat_connecting *connecting)
{
    for (unsigned i = 0; i < connecting->try_count; i++) {
        if (connecting->tries[i].state != LEAT_CONNECT_WAITS)
            return true;
    }
    return false;
}

static bool any_lookup(const struct leat_connecting *connecting)
{
    return connecting->lookups[IPV6].lookup || connecting->lookups[IPV4].lookup;
}

static void on_looked_up(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct leat_connect_lookup *lookup = arg;
    struct leat_connecting *connecting = lookup->connecting;
    /* Only the answer for IPv4 waits for the other one; IPv6 is preferred (RFC 6724). */
    const bool ipv6_awaited =
        lookup == &connecting->lookups[IPV4] && connecting->lookups[IPV6].lookup;
    struct leat_dns_record record;
    struct leat_ip ip;
    size_t cursor = 0;

    lookup->lookup = NULL;
    lookup->err = err;
    lookup->refusal = result->refusal;
    while (!err && leat_dns_result_next(result, &cursor, &record)) {
        if (leat_dns_record_ip(&record, &ip))
            connect_add(connecting, ip);
    }
    if (!any_began(connecting)) /* RFC 8305 3: allow the AAAA answer a little more time */
        connecting->next_ns = now(connecting) + (ipv6_awaited ? resolution_delay(connecting) : 0);
    go_on(connecting);
}

static void look_up(struct leat_connecting *connecting, unsigned which, uint16_t type)
{
    struct leat_connect_lookup *lookup = &connecting->lookups[which];

    leat_debug_assert(!lookup->lookup);
    /* A lookup that isn't started counts as one that has found nothing. */
    *lookup = (struct leat_connect_lookup){.connecting = connecting, .err = LEAT_ERR_NOT_FOUND};
    if (which == IPV6 && connecting->config->no_ipv6)
        return;
    lookup->err = leat_lookup_start(connecting->config->resolver, &connecting->name, type,
                                    on_looked_up, lookup, &lookup->lookup);
    if (lookup->err)
        lookup->lookup = NULL;
}

/* The error of the lookups if there is no address: "not found" only if both have it. */
static enum leat_err lookup_err(const struct leat_connecting *connecting)
{
    const enum leat_err err = connecting->lookups[IPV4].err;

    return err != LEAT_ERR_NOT_FOUND ? err : connecting->lookups[IPV6].err;
}

/* Starts the lookups of the next candidate name if the last one doesn't exist; false: there
 * is none. */
static bool look_up_next(struct leat_connecting *connecting)
{
    if (!connecting->asks || connecting->try_count > 0 ||
        (connecting->candidate > 0 && lookup_err(connecting) != LEAT_ERR_NOT_FOUND) ||
        !connect_names_next(connecting))
        return false;
    look_up(connecting, IPV6, LEAT_DNS_AAAA); /* AAAA first: RFC 8305 3 */
    look_up(connecting, IPV4, LEAT_DNS_A);
    return true;
}

/* Starts again if an IPv6 address is still tentative (RFC 4862 5.4), because a lookup without
 * a usable route skips addresses. */
static void try_again(struct leat_connecting *connecting)
{
    connecting->probes = false;
    connecting->next_ns = now(connecting) + probing_delay_ns;
    for (unsigned i = 0; i < connecting->try_count; i++) {
        if (connecting->tries[i].err == LEAT_ERR_NO_ROUTE)
            connecting->tries[i].state = LEAT_CONNECT_WAITS;
    }
}

static void go_on(struct leat_connecting *connecting)
{
    struct leat_connect_try *next;
    uint64_t until_ns = connecting->deadline_ns;

    /* An attempt that fails at once makes the next one due, hence the loop. It ends, because each
     * attempt leaves the state WAITS. */
    while ((next = connect_next(connecting)) && now(connecting) >= connecting->next_ns)
        begin_try(next);
    /* Nothing can come any more from this name: the next candidate is looked up, or the outcome is
     * told. */
    while (!next && !any_under_way(connecting) && !any_lookup(connecting)) {
        if (look_up_next(connecting))
            continue;
        if (connecting->probes) {
            try_again(connecting);
            next = connect_next(connecting);
            break;
        }
        finish(connecting, connecting->try_count > 0 ? connecting->err : lookup_err(connecting),
               NULL);
        return;
    }
    if (next && connecting->next_ns < until_ns)
        until_ns = connecting->next_ns;
    leat_timer_set(connecting->stack, &connecting->timer, until_ns);
}

static void on_time(struct leat_timer *timer, void *arg)
{
    struct leat_connecting *connecting = arg;

    (void)timer;
    if (now(connecting) < connecting->deadline_ns) {
        go_on(connecting);
        return;
    }
    for (unsigned i = 0; i < connecting->try_count; i++) {
        if (connecting->tries[i].state == LEAT_CONNECT_UNDER_WAY)
            end_try(&connecting->tries[i], LEAT_ERR_TIMEOUT);
    }
    finish(connecting, LEAT_ERR_TIMEOUT, NULL);
}

static bool copy_host(struct leat_connecting *connecting, const char *host)
{
    size_t len = 0;

    while (len < LEAT_CONNECT_HOST_BYTES && host[len])
        len++;
    if (len == 0 || len == LEAT_CONNECT_HOST_BYTES)
        return false;
    memcpy(connecting->host, host, len + 1);
    return true;
}

enum leat_err leat_connect(struct leat *stack, struct leat_connecting *connecting,
                           const struct leat_connect_config *config, const char *host,
                           uint16_t port, uint64_t deadline_ns)
{
    /* The program has set these two before the call; the rest of its struct may hold anything. */
    leat_connect_fn *on_done = connecting->on_done;
    void *arg = connecting->arg;
    enum leat_err err;

    memset(connecting, 0, sizeof *connecting);
    connecting->on_done = on_done;
    connecting->arg = arg;
    connecting->stack = stack;
    connecting->config = config;
    connecting->port = port;
    connecting->deadline_ns = deadline_ns;
    connecting->timer.on_time = on_time;
    connecting->timer.arg = connecting;
    if (port == 0 || !on_done || LEAT_RESERVED_IS_USED(config) ||
        attempt_delay(connecting) < attempt_delay_ns_min)
        return LEAT_ERR_ARGUMENT;
    if (!copy_host(connecting, host))
        return LEAT_ERR_FORMAT;
    err = connect_names_begin(connecting);
    if (err)
        return err;
    connecting->runs = true;
    leat_timer_set(stack, &connecting->timer, leat_now_ns(stack)); /* no callback from inside
                                                                    * this call */
    return LEAT_OK;
}

void leat_connect_cancel(struct leat_connecting *connecting)
{
    if (connecting->runs)
        stop(connecting, NULL);
}
