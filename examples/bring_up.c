/* bring_up.c -- from the command line to a stack that speaks. */
#include "bring_up.h"

#include <stdio.h>

#include <leat/sntp.h>

enum {
    STATUS_NOT_STARTED = 2,
    SECOND_NS = 1000000000
};

static void say(struct bring_up *up)
{
    up->platform->say(up->platform, up->line);
}

/* "echo: 10.0.0.2/24 on leat0, MTU 1500, port 7": also tells a waiting script that we are up. */
static void say_started(struct bring_up *up, struct leat_ip ip, uint8_t prefix_bits)
{
    const struct example_platform *platform = up->platform;
    const struct leat_netif *netif = up->netif;
    const struct leat_pool *pool = leat_pool(platform->stack);
    const uint8_t *mac = netif->mac.octet;
    char text[LEAT_IP_TEXT_BYTES];

    leat_ip_format(ip, text);
    snprintf(up->line, sizeof up->line, "%s: %s/%u on %.64s, MTU %u, port %u", example.name, text,
             (unsigned)prefix_bits, netif->name, (unsigned)netif->mtu, (unsigned)platform->port);
    say(up);
    if (!up->options->verbose)
        return;
    snprintf(up->line, sizeof up->line,
             "%s: MAC %02x:%02x:%02x:%02x:%02x:%02x, %u buffers of %u bytes, capabilities %x",
             example.name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
             (unsigned)leat_pool_free_count(pool), (unsigned)leat_pool_buf_bytes(pool),
             (unsigned)netif->capabilities);
    say(up);
}

/* What the command line does not say. */
static void learn(struct example_platform *platform, const struct options *options,
                  const struct leat_autoconf_facts *facts)
{
    if (leat_ip_is_any(options->gateway))
        platform->gateway = facts->gateway;
    if (leat_ip_is_any(options->server))
        platform->server = facts->name_server_count > 0 ? facts->name_servers[0] : facts->gateway;
    platform->time_server_count = facts->ntp_server_count;
    for (unsigned i = 0; i < facts->ntp_server_count; i++)
        platform->time_servers[i] = facts->ntp_servers[i];
}

static void on_configured(struct leat_autoconf *autoconf, const struct leat_autoconf_facts *facts,
                          void *arg)
{
    struct bring_up *up = arg;
    const char *complaint;

    (void)autoconf;
    learn(up->platform, up->options, facts);
    complaint = example.start(up->platform);
    if (!complaint) {
        say_started(up, facts->ip, facts->prefix_bits);
        return;
    }
    snprintf(up->line, sizeof up->line, "%s: %.200s", example.name, complaint);
    say(up);
    up->platform->finish(up->platform, STATUS_NOT_STARTED);
}

static void on_change(struct leat_autoconf *autoconf, enum leat_autoconf_change change,
                      const struct leat_autoconf_facts *facts, void *arg)
{
    struct bring_up *up = arg;
    char ip[LEAT_IP_TEXT_BYTES];

    leat_ip_format(facts->ip, ip);
    switch (change) {
    case LEAT_AUTOCONF_ADDRESS:
        if (!leat_ip_is_any(facts->ip))
            snprintf(up->line, sizeof up->line, "%s: the address is %s/%u now", example.name, ip,
                     (unsigned)facts->prefix_bits);
        else
            snprintf(up->line, sizeof up->line, "%s: the address is gone; asking for another",
                     example.name);
        break;
    case LEAT_AUTOCONF_SILENCE:
        snprintf(up->line, sizeof up->line,
                 "%s: no DHCP server answered for %u s; still trying (--ip does without)",
                 example.name, (unsigned)(leat_autoconf_waited_ns(autoconf) / SECOND_NS));
        break;
    case LEAT_AUTOCONF_REFUSED:
        snprintf(up->line, sizeof up->line, "%s: the DHCP server refused; still trying",
                 example.name);
        break;
    case LEAT_AUTOCONF_CONFLICT:
        snprintf(up->line, sizeof up->line,
                 "%s: another host has the address that the DHCP server gave; still trying",
                 example.name);
        break;
    case LEAT_AUTOCONF_FACTS:
        learn(up->platform, up->options, facts);
        return;
    }
    say(up);
}

size_t bring_up_bytes(const struct options *options, const struct leat_tcp_config *tcp)
{
    return leat_udp_memory_bytes(NULL) + leat_tcp_memory_bytes(tcp) + leat_autoconf_memory_bytes() +
           leat_sntp_memory_bytes() +
           (options->ip6_given ? leat_ipv6_memory_bytes(NULL) : 0);
}

static enum leat_err set_ip6(const struct bring_up *up)
{
    const struct options *options = up->options;
    struct leat *stack = up->platform->stack;
    const enum leat_err err = leat_ipv6_register(stack, NULL);

    return err ? err : leat_address_add(stack, up->netif, options->ip6, options->ip6_prefix_bits);
}

static enum leat_err set_address(struct bring_up *up, const char **step)
{
    const struct options *options = up->options;
    struct leat *stack = up->platform->stack;
    enum leat_err err;

    *step = "--ip";
    err = leat_address_add(stack, up->netif, options->ip, options->prefix_bits);
    if (err)
        return err;
    *step = "--gateway";
    return leat_ip_is_any(options->gateway)
               ? LEAT_OK
               : leat_route_add(stack, LEAT_IP4_ANY, 0, options->gateway);
}

enum leat_err bring_up(struct bring_up *up, const struct leat_tcp_config *tcp, const char **step)
{
    const struct leat_autoconf_config config = {.host_name = example.name,
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
    *step = "--ip6";
    err = up->options->ip6_given ? set_ip6(up) : LEAT_OK;
    if (err)
        return err;
    if (up->options->ip_given)
        return set_address(up, step);
    *step = "DHCP";
    leat_poll(stack,
              up->host->now_ns(up->host)); /* what time it is, before anything has a deadline */
    return leat_autoconf_start(stack, up->netif, &up->autoconf, &config);
}

const char *bring_up_start(struct bring_up *up)
{
    const char *complaint = example.check ? example.check(up->platform) : NULL;

    if (!complaint && !up->autoconf)
        complaint = example.start(up->platform);
    if (!up->autoconf && !complaint)
        say_started(up, up->options->ip, up->options->prefix_bits);
    return complaint;
}
