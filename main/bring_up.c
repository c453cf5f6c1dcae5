/* bring_up.c -- from the command line to a working stack. */
#include "bring_up.h"

#include <stdio.h>
#include <string.h>

#include <leat/sntp.h>

#include "board.h"
#include "bring_up_say.h"
#include "keep.h"
#include "log.h"
#include "metadata.h"

enum {
    STATUS_NOT_STARTED = 2,
    SECOND_NS = 1000000000,
    SETTLE_NS = 50000000
};

static const uint64_t patience_ns = 3 * UINT64_C(1000000000);

static void say(struct bring_up *up)
{
    up->platform->say(up->platform, up->line);
}

/* The program shall end, or has. */
static bool is_ending(const struct bring_up *up)
{
    const struct leat *stack = up->platform->stack;

    return leat_is_draining(stack) || leat_stopped(stack, NULL);
}

/* "echo: 10.0.0.2/24 on leat0, MTU 1500, port 7": also tells a waiting script that it is up. */
static void say_started(struct bring_up *up, struct leat_ip ip, uint8_t prefix_bits)
{
    const struct leat_platform *platform = up->platform;
    const struct leat_netif *netif = up->netif;
    const struct leat_pool *pool = leat_pool(platform->stack);
    const uint8_t *mac = netif->mac.octet;
    char text[LEAT_IP_TEXT_BYTES];

    leat_ip_format(ip, text);
    snprintf(up->line, sizeof up->line, "%s: %s/%u on %.64s, MTU %u", up->app->name, text,
             (unsigned)prefix_bits, netif->name, (unsigned)netif->mtu);
    if (platform->port > 0) {
        const size_t len = strlen(up->line);

        snprintf(up->line + len, sizeof up->line - len, ", port %u", (unsigned)platform->port);
    }
    say(up);
    if (!up->options->verbose)
        return;
    snprintf(up->line, sizeof up->line,
             "%s: MAC %02x:%02x:%02x:%02x:%02x:%02x, %u buffers of %u bytes, capabilities %x",
             up->app->name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
             (unsigned)leat_pool_free_count(pool), (unsigned)leat_pool_buf_bytes(pool),
             (unsigned)netif->capabilities);
    say(up);
}

static void add_time_servers(struct leat_platform *platform, const struct leat_ip *servers,
                             unsigned count)
{
    const unsigned room = sizeof platform->time_servers / sizeof *platform->time_servers;

    for (unsigned i = 0; i < count && platform->time_server_count < room; i++)
        platform->time_servers[platform->time_server_count++] = servers[i];
}

/* The search domains; the memory stays.  As with name servers, those of IPv4 come first. */
static const char *search_of(const struct leat_autoconf_facts *facts)
{
    const char *const all[] = {facts->search, facts->domain_name, facts->dhcp6.search};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i][0])
            return all[i];
    }
    return facts->ipv6.search;
}

/* Takes over facts that the command line doesn't set. */
static void learn(struct leat_platform *platform, const struct options *options,
                  const struct leat_autoconf_facts *facts)
{
    if (leat_ip_is_any(options->gateway))
        platform->gateway = facts->gateway;
    if (leat_ip_is_any(options->server))
        platform->server = facts->name_server_count > 0 ? facts->name_servers[0] : facts->gateway;
    if (leat_ip_is_any(platform->server) && facts->dhcp6.name_server_count > 0)
        platform->server = facts->dhcp6.name_servers[0];
    if (leat_ip_is_any(platform->server) && facts->ipv6.name_server_count > 0)
        platform->server = facts->ipv6.name_servers[0];
    platform->has_ipv4 = options->ip_count > 0 || !leat_ip_is_any(facts->ip);
    platform->has_ipv6 = options->ip6_count > 0 || !leat_ip_is_any(facts->ipv6.ip);
    platform->time_names = facts->dhcp6.ntp_names;
    platform->search = search_of(facts);
    platform->time_server_count = 0;
    add_time_servers(platform, facts->ntp_servers, facts->ntp_server_count);
    add_time_servers(platform, facts->dhcp6.ntp_servers, facts->dhcp6.ntp_server_count);
}

static void start_now(struct bring_up *up)
{
    const char *complaint = up->app->start(up->platform);

    up->started = true;
    if (!complaint) {
        say_started(up, up->first_ip, up->first_bits);
        return;
    }
    snprintf(up->line, sizeof up->line, "%s: %.200s", up->app->name, complaint);
    say(up);
    up->platform->finish(up->platform, STATUS_NOT_STARTED);
}

/* Starts the program if it has an address and all that it needs, or looks again soon.  An address
 * of --ip6 counts as one of a server, and may be the only one. */
static void settle(struct leat_timer *timer, void *arg)
{
    struct bring_up *up = arg;
    struct leat *stack = up->platform->stack;
    const uint64_t now_ns = leat_now_ns(stack);

    if (up->started)
        return;
    if (up->is_checking) {
        leat_timer_set(stack, timer, now_ns + SETTLE_NS);
        return;
    }
    for (unsigned i = 0; leat_ip_is_any(up->first_ip) && i < up->options->ip6_count; i++) {
        const struct options_address *given = &up->options->ip6s[i];

        if (!leat_address_is_ours(stack, given->ip))
            continue;
        up->platform->has_ipv6 = true;
        up->first_ip = given->ip;
        up->first_bits = given->prefix_bits;
        up->patient_ns = now_ns + patience_ns;
    }
    if (leat_ip_is_any(up->first_ip) ||
        (now_ns < up->patient_ns && up->app->lacks && up->app->lacks(up->platform)))
        leat_timer_set(stack, timer, now_ns + SETTLE_NS);
    else
        start_now(up);
}

static void on_configured(struct leat_autoconf *autoconf, const struct leat_autoconf_facts *facts,
                          void *arg)
{
    struct bring_up *up = arg;

    keep_lease(up->keep, &up->netif->mac, autoconf);
    learn(up->platform, up->options, facts);
    bring_up_say_ignored(up);
    if (up->started) { /* by --ip6 */
        bring_up_say_address(up, facts);
        return;
    }
    up->first_ip = leat_ip_is_any(facts->ip) ? facts->ipv6.ip : facts->ip;
    up->first_bits = leat_ip_is_any(facts->ip) ? facts->ipv6.prefix_bits : facts->prefix_bits;
    up->patient_ns = leat_now_ns(up->platform->stack) + patience_ns;
    settle(&up->settle, up);
    bring_up_say_ipv6(up, &facts->ipv6);
}

static void on_change(struct leat_autoconf *autoconf, enum leat_autoconf_change change,
                      const struct leat_autoconf_facts *facts, void *arg)
{
    struct bring_up *up = arg;

    keep_lease(up->keep, &up->netif->mac, autoconf);
    switch (change) {
    case LEAT_AUTOCONF_ADDRESS:
        learn(up->platform, up->options, facts);
        bring_up_say_address(up, facts);
        return;
    case LEAT_AUTOCONF_SILENCE:
        bring_up_say_dhcp_silence(up);
        return;
    case LEAT_AUTOCONF_REFUSED:
        if (bring_up_say_why(up))
            return;
        snprintf(up->line, sizeof up->line, "%s: the DHCP server refused; still trying",
                 up->app->name);
        break;
    case LEAT_AUTOCONF_CONFLICT:
        snprintf(up->line, sizeof up->line,
                 "%s: another host has the address that the DHCP server gave; still trying",
                 up->app->name);
        break;
    case LEAT_AUTOCONF_FACTS:
        learn(up->platform, up->options, facts);
        return;
    case LEAT_AUTOCONF_IPV6:
        learn(up->platform, up->options, facts);
        bring_up_say_ipv6(up, &facts->ipv6);
        return;
    case LEAT_AUTOCONF_DHCP6:
        learn(up->platform, up->options, facts);
        bring_up_say_dhcp6(up, &facts->dhcp6);
        return;
    case LEAT_AUTOCONF_DHCP6_SILENCE:
    case LEAT_AUTOCONF_DHCP6_REFUSED:
    case LEAT_AUTOCONF_DHCP6_CONFLICT:
        bring_up_say_dhcp6_trouble(up, change);
        return;
    }
    say(up);
}

/* IPv6 is configured by routers, and by servers that they announce, unless addresses are given. */
static bool asks_ipv6(const struct options *options)
{
    return options->ip6_count == 0 && options->ip_count == 0;
}

/* The network is asked for an address of a family that has none, unless only an IPv4 one was given.
 */
static bool has_ipv6(const struct options *options)
{
    return options->ip6_count > 0 || options->ip_count == 0;
}

/* No other host on passt's wire could have our address.  And Debian 12's passt answers every router
 * solicitation from ::, which a host that still checks its address uses, at ::. */
static struct leat_ipv6_config ipv6_config(const struct options *options)
{
    return (struct leat_ipv6_config){.temporary = options->temporary,
                                     .no_duplicate_check = options->passt};
}

size_t bring_up_bytes(const struct options *options, const struct leat_tcp_config *tcp)
{
    const struct leat_ipv6_config ipv6 = ipv6_config(options);

    return leat_udp_memory_bytes(NULL) + leat_tcp_memory_bytes(tcp) + leat_autoconf_memory_bytes() +
           leat_sntp_memory_bytes() + (has_ipv6(options) ? leat_ipv6_memory_bytes(&ipv6) : 0) +
           (asks_ipv6(options) ? leat_dhcp6_memory_bytes(1) : 0);
}

static enum leat_err add_addresses(const struct bring_up *up,
                                   const struct options_address *addresses, unsigned count)
{
    enum leat_err err = LEAT_OK;

    for (unsigned i = 0; i < count && !err; i++)
        err = leat_address_add(up->platform->stack, up->netif, addresses[i].ip,
                               addresses[i].prefix_bits);
    return err;
}

static enum leat_err set_ip6(const struct bring_up *up, const char **step)
{
    const struct options *options = up->options;
    struct leat_ipv6_config ipv6 = ipv6_config(options);
    struct leat *stack = up->platform->stack;
    enum leat_err err;

    keep_secret(up->keep, ipv6.secret);
    err = leat_ipv6_register(stack, &ipv6);
    if (!err && asks_ipv6(options))
        return leat_dhcp6_register(stack, 1);
    if (!err)
        err = add_addresses(up, options->ip6s, options->ip6_count);
    if (err || leat_ip_is_any(options->gateway6))
        return err;
    *step = "--ip6-gateway";
    return leat_route_add_by(stack, up->netif, LEAT_IP_ANY, 0, options->gateway6);
}

static enum leat_err set_address(struct bring_up *up, const char **step)
{
    const struct options *options = up->options;
    struct leat *stack = up->platform->stack;
    enum leat_err err;

    *step = "--ip";
    err = add_addresses(up, options->ips, options->ip_count);
    if (err)
        return err;
    *step = "--gateway";
    return leat_ip_is_any(options->gateway)
               ? LEAT_OK
               : leat_route_add_by(stack, up->netif, LEAT_IP4_ANY, 0, options->gateway);
}

static enum leat_err open_services(struct bring_up *up, const char **step)
{
    enum leat_err err;

    *step = "--dashboard";
    err = board_serve(up->options, up->platform, up->app->name, &up->started);
    if (err)
        return err;
    *step = "--syslog";
    return log_open(up->options, up->platform, up->app->name);
}

enum leat_err bring_up(struct bring_up *up, const struct leat_tcp_config *tcp, const char **step)
{
    const char *name = up->options->host_name;
    const struct leat_autoconf_config config = {.host_name = name ? name : up->app->name,
                                                .kept = keep_kept(up->keep, &up->netif->mac),
                                                .slaac = up->options->ip6_count == 0,
                                                .on_configured = on_configured,
                                                .on_change = on_change,
                                                .arg = up};
    struct leat *stack = up->platform->stack;
    enum leat_err err;

    *step = up->netif->name;
    err = leat_attach(stack, up->netif);
    if (err)
        return err;
    *step = "UDP and TCP";
    err = leat_udp_register(stack, NULL);
    if (!err)
        err = leat_tcp_register(stack, tcp);
    if (err)
        return err;
    up->is_late = metadata_is_asked(up->options);
    err = up->is_late ? LEAT_OK : open_services(up, step);
    if (err)
        return err;
    *step = "--ip6";
    err = has_ipv6(up->options) ? set_ip6(up, step) : LEAT_OK;
    if (err)
        return err;
    if (up->options->ip_count > 0)
        return set_address(up, step);
    *step = "DHCP";
    leat_poll(stack,
              up->host->now_ns(up->host)); /* sets the time before the first deadline is computed */
    err = leat_autoconf_start(stack, up->netif, &up->autoconf, &config);
    up->settle = (struct leat_timer){.on_time = settle, .arg = up};
    if (!err && up->options->ip6_count > 0)
        leat_timer_set(stack, &up->settle, leat_now_ns(stack) + SETTLE_NS);
    return err;
}

bool bring_up_metadata(struct bring_up *up, struct options *options, struct options_world *world)
{
    const char *wrong;

    if (!metadata_is_asked(options))
        return true;
    wrong = metadata_ask(up);
    if (wrong) {
        snprintf(world->line, OPTIONS_LINE_BYTES, "%s: %.250s", up->app->name, wrong);
        world->complain(world, world->line);
        return false;
    }
    world->late = true;
    return is_ending(up) || options_parse_again(options, world, up->app) == OPTIONS_RUN;
}

enum leat_err bring_up_late(struct bring_up *up, const char **step)
{
    const struct options *options = up->options;
    enum leat_err err = LEAT_OK;

    if (!up->is_late || is_ending(up))
        return LEAT_OK;
    if (options->source[KEY_IP] == OPTION_METADATA) {
        leat_autoconf_stop(up->autoconf, false);
        up->autoconf = NULL;
        err = set_address(up, step);
    }
    *step = "--ip6";
    if (!err && options->source[KEY_IP6] == OPTION_METADATA)
        err = add_addresses(up, options->ip6s, options->ip6_count);
    if (up->autoconf)
        learn(up->platform, options, leat_autoconf_facts(up->autoconf));
    return err ? err : open_services(up, step);
}

const char *bring_up_start(struct bring_up *up)
{
    const char *complaint;

    if (up->is_late && is_ending(up))
        return NULL;
    up->is_checking = true; /* check() may poll */
    complaint = up->app->check ? up->app->check(up->platform) : NULL;
    up->is_checking = false;
    if (leat_stopped(up->platform->stack, NULL))
        return complaint; /* by check(), with a status */
    if (!complaint && !up->autoconf)
        complaint = up->app->start(up->platform);
    if (!up->autoconf && !complaint) {
        up->started = true;
        say_started(up, up->options->ips[0].ip, up->options->ips[0].prefix_bits);
    }
    return complaint;
}

void bring_up_ending(struct bring_up *up)
{
    struct leat *stack = up->platform->stack;
    const uint32_t count = leat_tcp_count(stack);

    if (count == 0 || leat_is_draining(stack))
        return;
    snprintf(up->line, sizeof up->line, "%s: ending within %u s; connections that may finish: %u",
             up->app->name, (unsigned)(up->options->drain_ns / SECOND_NS), (unsigned)count);
    say(up);
}

void bring_up_ended(struct bring_up *up)
{
    const struct leat_drained drained = leat_drained(up->platform->stack);

    if (up->app->end)
        up->app->end(up->platform);
    if (drained.finished + drained.closed + drained.reset == 0)
        return;
    snprintf(up->line, sizeof up->line,
             "%s: ended: %u connections finished, %u quiet ones closed, %u reset", up->app->name,
             (unsigned)drained.finished, (unsigned)drained.closed, (unsigned)drained.reset);
    say(up);
}
