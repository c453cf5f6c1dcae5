/* machine.c -- a stack with a device, in virtual time. */
#include "machine.h"

#include "translate.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t boot_ns = 1000000000000;  /* any time but 0 */
static const uint64_t announce_ns = 5000000000; /* RFC 5227 2.3: after the announcements */

enum {
    POLLS_MAX = 10000 /* at one moment: more means that it spins */
};

void machine_poll(struct machine *machine)
{
    unsigned polls = 0;

    do
        machine->next_ns = leat_poll(machine->stack, machine->now_ns);
    while (machine->next_ns <= machine->now_ns && ++polls < POLLS_MAX);
}

bool machine_step(struct machine *machine, uint64_t until_ns)
{
    if (machine->now_ns >= until_ns)
        return false;
    machine->now_ns = machine->next_ns < until_ns ? machine->next_ns : until_ns;
    machine_poll(machine);
    return true;
}

uint64_t machine_time_ns(const struct machine *machine)
{
    return machine->now_ns - machine->start_ns;
}

static enum leat_err build(struct machine *machine)
{
    const struct settings *settings = machine->settings;
    const bool is_ipv6 = settings->version == IP_VERSION_6;
    struct leat_netif *netif = &machine->device.netif;
    enum leat_err err;

    err = leat_init(&machine->stack, machine->memory, machine->memory_bytes, &settings->stack);
    if (err != LEAT_OK)
        return err;
    if (is_ipv6)
        err = leat_ipv6_register(machine->stack, 0);
    if (err == LEAT_OK)
        err = leat_attach(machine->stack, netif);
    if (err == LEAT_OK)
        err = leat_address_add(
            machine->stack, netif, settings_ip(settings, settings->local_ip),
            (uint8_t)(settings->prefix_bits + (is_ipv6 ? TRANSLATE_PREFIX_BITS : 0)));
    if (err == LEAT_OK)
        err = leat_route_add(machine->stack, is_ipv6 ? LEAT_IP_ANY : LEAT_IP4_ANY, 0,
                             settings_ip(settings, settings->gateway_ip));
    if (err == LEAT_OK)
        err = leat_udp_register(machine->stack, 0);
    if (err == LEAT_OK)
        err = leat_tcp_register(machine->stack, &settings->tcp);
    if (err != LEAT_OK) {
        leat_close(machine->stack);
        machine->stack = 0;
    }
    return err;
}

/* The clock at the machine's start; a script may set a later one. */
static uint64_t begin_ns(const struct settings *settings)
{
    return settings->stack.now_ns > boot_ns ? settings->stack.now_ns : boot_ns;
}

bool machine_start(struct machine *machine, const struct settings *settings, const char **why)
{
    const size_t bytes = leat_memory_bytes(&settings->stack) + leat_udp_memory_bytes(0) +
                         leat_tcp_memory_bytes(&settings->tcp) +
                         (settings->version == IP_VERSION_6 ? leat_ipv6_memory_bytes(0) : 0);
    enum leat_err err;

    if (bytes > machine->memory_bytes) {
        free(machine->memory);
        machine->memory = malloc(bytes);
        machine->memory_bytes = machine->memory ? bytes : 0;
    }
    machine->settings = settings;
    device_init(&machine->device, settings->mtu, settings->version == IP_VERSION_6);
    err = build(machine);
    if (err != LEAT_OK) {
        *why = leat_err_text(err);
        return false;
    }
    machine->now_ns = begin_ns(settings);
    machine_poll(machine);
    while (machine_step(machine, begin_ns(settings) + announce_ns)) {
    }
    device_forget(&machine->device);
    machine->start_ns = machine->now_ns;
    machine->before = *leat_stats(machine->stack);
    return true;
}

const char *machine_stop(struct machine *machine)
{
    const char *wrong = 0;
    uint32_t before;

    if (!machine->stack)
        return 0;
    if (!leat_stats_balance(leat_stats(machine->stack)))
        wrong = "the statistics do not balance";
    before = machine->settings->stack.buf_count ? machine->settings->stack.buf_count : 1024;
    leat_close(machine->stack);
    if (leat_pool_free_count(leat_pool(machine->stack)) != before)
        wrong = "not every buffer came back";
    machine->stack = 0;
    return wrong;
}

void machine_free(struct machine *machine)
{
    free(machine->memory);
    machine->memory = 0;
    machine->memory_bytes = 0;
}
