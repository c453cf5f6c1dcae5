/* bring_up_say.c -- see bring_up_say.h. */
#include "bring_up_say.h"

#include <stdio.h>
#include <string.h>

enum {
    SECOND_NS = 1000000000
};

static void say(struct bring_up *up)
{
    up->platform->say(up->platform, up->line);
}

const char *bring_up_why(enum leat_err err, size_t needed_bytes, size_t had_bytes)
{
    static char text[160];

    if (err != LEAT_ERR_MEMORY)
        return leat_err_text(err);
    snprintf(text, sizeof text,
             "the stack needs %zu KiB of memory, and the machine has %zu for it: give it more, or "
             "less to --buffers or --connections",
             needed_bytes / 1024 + 1, had_bytes / 1024);
    return text;
}

const char *bring_up_step_why(enum leat_err err)
{
    return err == LEAT_ERR_MEMORY
               ? "out of memory: give the machine more, or less to --buffers or --connections"
               : leat_err_text(err);
}

void bring_up_say_ipv6(struct bring_up *up, const struct leat_slaac_facts *facts)
{
    char ip[LEAT_IP_TEXT_BYTES], gateway[LEAT_IP_TEXT_BYTES], server[LEAT_IP_TEXT_BYTES] = "none";
    const struct leat_slaac *slaac;

    if (leat_ip_is_any(facts->ip) && leat_ip_is_any(up->ip6))
        return; /* no router has said anything */
    up->ip6 = facts->ip;
    leat_ip_format(facts->ip, ip);
    leat_ip_format(facts->gateway, gateway);
    if (facts->name_server_count > 0)
        leat_ip_format(facts->name_servers[0], server);
    snprintf(up->line, sizeof up->line, "%s: IPv6: %s/%u by %s, MTU %u, name server %s%s%.80s",
             up->app->name, ip, (unsigned)facts->prefix_bits, gateway, (unsigned)facts->mtu, server,
             facts->search[0] ? ", search " : "", facts->search);
    if (strcmp(up->line, up->ipv6_line) == 0)
        return;
    memcpy(up->ipv6_line, up->line, sizeof up->ipv6_line);
    say(up);
    slaac = leat_autoconf_slaac(up->autoconf);
    if (!slaac || leat_slaac_counts(slaac)->ignored_parts == 0)
        return;
    snprintf(up->line, sizeof up->line,
             "%s: IPv6: %llu malformed or impossible options of routers were left out, the first "
             "of type %u",
             up->app->name, (unsigned long long)leat_slaac_counts(slaac)->ignored_parts,
             (unsigned)leat_slaac_counts(slaac)->ignored_option);
    say(up);
}

void bring_up_say_dhcp6(struct bring_up *up, const struct leat_dhcp6_lease *lease)
{
    char ip[LEAT_IP_TEXT_BYTES] = "no address", server[LEAT_IP_TEXT_BYTES] = "none";
    char clock[LEAT_IP_TEXT_BYTES] = "none";

    if (lease->server_bytes == 0) {
        snprintf(up->line, sizeof up->line, "%s: DHCPv6: the address is gone; asking for another",
                 up->app->name);
        say(up);
        return;
    }
    if (!leat_ip_is_any(lease->ip))
        leat_ip_format(lease->ip, ip);
    if (lease->name_server_count > 0)
        leat_ip_format(lease->name_servers[0], server);
    if (lease->ntp_server_count > 0)
        leat_ip_format(lease->ntp_servers[0], clock);
    snprintf(up->line, sizeof up->line,
             "%s: DHCPv6: %s for %lu s, name server %s, time server %s%s%.80s", up->app->name, ip,
             (unsigned long)(leat_ip_is_any(lease->ip) ? lease->refresh_s : lease->valid_s), server,
             clock, lease->search[0] ? ", search " : "", lease->search);
    say(up);
    if (lease->ignored_parts == 0)
        return;
    snprintf(up->line, sizeof up->line,
             "%s: DHCPv6: %u malformed or impossible parts of the answer were left out, the first "
             "in option %u (0: the end of the message)",
             up->app->name, (unsigned)lease->ignored_parts, (unsigned)lease->ignored_option);
    say(up);
}

bool bring_up_say_why(struct bring_up *up)
{
    static char why[LEAT_AUTOCONF_WHY_BYTES];

    if (leat_autoconf_why(up->autoconf, why) == 0)
        return false;
    snprintf(up->line, sizeof up->line, "%s: %.230s; still trying", up->app->name, why);
    say(up);
    return true;
}

void bring_up_say_dhcp6_trouble(struct bring_up *up, enum leat_autoconf_change change)
{
    const struct leat_dhcp6 *dhcp6 = leat_autoconf_dhcp6(up->autoconf);

    if (change != LEAT_AUTOCONF_DHCP6_CONFLICT && bring_up_say_why(up))
        return;
    if (change == LEAT_AUTOCONF_DHCP6_SILENCE)
        snprintf(up->line, sizeof up->line, "%s: no DHCPv6 server answered for %u s; still trying",
                 up->app->name, (unsigned)(leat_dhcp6_waited_ns(dhcp6) / SECOND_NS));
    else if (change == LEAT_AUTOCONF_DHCP6_REFUSED)
        snprintf(up->line, sizeof up->line, "%s: the DHCPv6 server refused; still trying",
                 up->app->name);
    else
        snprintf(up->line, sizeof up->line,
                 "%s: another host has the address that the DHCPv6 server gave; still trying",
                 up->app->name);
    say(up);
}

void bring_up_say_address(struct bring_up *up, const struct leat_autoconf_facts *facts)
{
    char ip[LEAT_IP_TEXT_BYTES];

    leat_ip_format(facts->ip, ip);
    if (!leat_ip_is_any(facts->ip))
        snprintf(up->line, sizeof up->line, "%s: the address is %s/%u now", up->app->name, ip,
                 (unsigned)facts->prefix_bits);
    else
        snprintf(up->line, sizeof up->line, "%s: the address is gone; asking for another",
                 up->app->name);
    say(up);
}

void bring_up_say_ignored(struct bring_up *up)
{
    const struct leat_dhcp_lease *lease =
        up->autoconf ? leat_dhcp_lease(leat_autoconf_dhcp(up->autoconf)) : NULL;

    if (!lease || lease->ignored_parts == 0)
        return;
    snprintf(up->line, sizeof up->line,
             "%s: DHCP: %u malformed or impossible parts of the lease were left out, the first in "
             "option %u (0: the end of the message)",
             up->app->name, (unsigned)lease->ignored_parts, (unsigned)lease->ignored_option);
    say(up);
}

void bring_up_say_dhcp_silence(struct bring_up *up)
{
    const unsigned waited_s = (unsigned)(leat_autoconf_waited_ns(up->autoconf) / SECOND_NS);
    static char why[LEAT_AUTOCONF_WHY_BYTES];

    if (leat_autoconf_why(up->autoconf, why) > 0)
        snprintf(up->line, sizeof up->line, "%s: %.220s; no lease for %u s, still trying",
                 up->app->name, why, waited_s);
    else
        snprintf(up->line, sizeof up->line,
                 "%s: no DHCP server answered for %u s; still trying (--ip does without)",
                 up->app->name, waited_s);
    say(up);
}
