/*
 * two.c -- a second device under any example: the linker leads the start of the examples' main here
 * (--wrap).
 *
 * LEAT_SECOND is the TAP device, LEAT_SECOND_ADDRESSES what it gets ("10.79.0.2/24 fd79::2/64"); if
 * that is empty, the device asks DHCP servers and routers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/autoconf.h>
#include <leat/tap.h>
#include <leat/timer.h>

#include "bring_up.h"

const char *__real_bring_up_start(struct bring_up *up);
const char *__wrap_bring_up_start(struct bring_up *up);
size_t __real_bring_up_bytes(const struct options *options, const struct leat_tcp_config *tcp);
size_t __wrap_bring_up_bytes(const struct options *options, const struct leat_tcp_config *tcp);

static const uint64_t look_every_ns = 1000000; /* the examples' wait() doesn't watch this device */
static struct leat *stack;
static struct leat_tap *tap;

/* Runs after main(), when the stack is closed. */
static void close_second(void)
{
    leat_tap_close(tap);
}

static void look_again(struct leat_timer *timer, void *arg)
{
    (void)arg;
    leat_timer_set(stack, timer, leat_now_ns(stack) + look_every_ns);
}

static void on_configured(struct leat_autoconf *autoconf, const struct leat_autoconf_facts *facts,
                          void *arg)
{
    char ip[LEAT_IP_TEXT_BYTES], line[LEAT_IP_TEXT_BYTES + 40];
    struct leat_platform *platform = arg;

    (void)autoconf;
    leat_ip_format(facts->ip, ip);
    snprintf(line, sizeof line, "second: %s/%u", ip, facts->prefix_bits);
    platform->say(platform, line);
}

/* Adds "ADDRESS/BITS ..." to @netif; false: one of them is none. */
static bool add_addresses(struct leat_netif *netif, char *words)
{
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        char *bits = strchr(word, '/');
        struct leat_ip address;

        if (!bits)
            return false;
        *bits++ = '\0';
        if (!leat_ip_parse(word, &address) ||
            leat_address_add(stack, netif, address, (uint8_t)strtoul(bits, NULL, 10)))
            return false;
    }
    return true;
}

static const char *open_second(struct bring_up *up)
{
    static const struct leat_mac mac = {{2, 0x6c, 0x65, 0x61, 0x75, 1}};
    static struct leat_timer timer = {.on_time = look_again};
    const struct leat_tap_config config = {.device = getenv("LEAT_SECOND"), .mac = &mac};
    const struct leat_autoconf_config autoconf = {
        .host_name = "second", .routes = true, .on_configured = on_configured, .arg = up->platform};
    const char *addresses = getenv("LEAT_SECOND_ADDRESSES");
    static char why[LEAT_WHY_BYTES];
    static char words[200];
    struct leat_autoconf *made;

    stack = up->platform->stack;
    if (leat_tap_open(&tap, &config, why))
        return why;
    atexit(close_second);
    if (leat_attach(stack, leat_tap_netif(tap)))
        return "can't attach the second device";
    snprintf(words, sizeof words, "%s", addresses ? addresses : "");
    if (words[0] != '\0' && !add_addresses(leat_tap_netif(tap), words))
        return "can't add its addresses";
    if (words[0] == '\0' && leat_autoconf_start(stack, leat_tap_netif(tap), &made, &autoconf))
        return "can't ask DHCP servers on it";
    leat_timer_set(stack, &timer, 0);
    return NULL;
}

size_t __wrap_bring_up_bytes(const struct options *options, const struct leat_tcp_config *tcp)
{
    return __real_bring_up_bytes(options, tcp) + leat_autoconf_memory_bytes();
}

const char *__wrap_bring_up_start(struct bring_up *up)
{
    const char *complaint = open_second(up);

    return complaint ? complaint : __real_bring_up_start(up);
}
