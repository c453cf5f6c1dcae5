/*
 * client6.c -- the program's calls, and the events of the timer and the address.
 *
 * leat_dhcp6_register() makes room for the clients of a stack, and the socket that they share,
 * because a port of UDP can be bound once; receive6.c finds the client by the link. The rest of the
 * stack calls DHCPv6 by the table that is registered there, so that other programs don't link it.
 */
#include <string.h>

#include "core/assert.h"
#include "core/container_of.h"
#include "core/refusal.h"
#include "proto/dhcp/dhcp6.h"
#include "dhcp6_calls.h"
#include "wire/bytes.h"
#include "wire/ipv6.h"

enum {
    LEASE_S_MIN = 10,
    MAX_RT_S = 3600, /* RFC 8415 7.6: SOL_MAX_RT, INF_MAX_RT */
    DUID_LL = 3,     /* RFC 8415 11.4 */
    ETHERNET = 1
};

static const uint64_t start_delay_ns = 100000000;
static const uint32_t kept_magic = 0x4c443631; /* "LD61" */

_Static_assert((int)LEAT_DHCP6_DUID_MAX == (int)DHCP6_DUID_MAX, "RFC 8415 11.1");

/* In other states nothing happens: a renewal adds an address again that the program has removed. */
static void on_usable(struct address_watch *watch)
{
    struct leat_dhcp6 *dhcp6 = container_of(watch, struct leat_dhcp6, watch);

    if (dhcp6->state == DHCP6_CHECKING)
        dhcp6_event(dhcp6, DHCP6_address_free);
}

static void on_taken(struct address_watch *watch)
{
    struct leat_dhcp6 *dhcp6 = container_of(watch, struct leat_dhcp6, watch);

    if (dhcp6->state == DHCP6_CHECKING)
        dhcp6_event(dhcp6, DHCP6_address_taken);
}

/* RFC 8415 17.1: a message goes from the link-local address, which is tentative at first. */
static bool has_source(const struct leat_dhcp6 *dhcp6)
{
    return !leat_ip_is_any(service_link_local6(dhcp6->stack, dhcp6->netif));
}

static void on_time(struct leat_timer *timer, void *arg)
{
    struct leat_dhcp6 *dhcp6 = arg;
    enum dhcp6_event event;

    (void)timer;
    if (!dhcp6_due(dhcp6, &event))
        dhcp6_set_timer(dhcp6); /* a deadline has moved since */
    else if (event == DHCP6_timeout_wait && !has_source(dhcp6))
        dhcp6_wait_on(dhcp6); /* the first message needs a usable source address */
    else
        dhcp6_event(dhcp6, event);
}

size_t leat_dhcp6_memory_bytes(uint8_t clients)
{
    return arena_cost(1, sizeof(struct dhcp6_clients)) +
           arena_cost(clients > 0 ? clients : 1, sizeof(struct leat_dhcp6));
}

static const struct dhcp6_calls calls = {.open = leat_dhcp6_open,
                                         .start = leat_dhcp6_start,
                                         .inform = leat_dhcp6_inform,
                                         .stop = leat_dhcp6_stop,
                                         .release = leat_dhcp6_release,
                                         .keep = leat_dhcp6_keep,
                                         .refusal = leat_dhcp6_refusal};

/* NULL: no memory */
static struct dhcp6_clients *clients_make(struct leat *stack, uint8_t count)
{
    struct dhcp6_clients *made = service_take(stack, 1, sizeof *made);

    if (!made)
        return 0;
    made->count = count;
    made->all = service_take(stack, count, sizeof *made->all);
    return made->all ? made : 0;
}

enum leat_err leat_dhcp6_register(struct leat *stack, uint8_t clients)
{
    static const struct leat_udp_events events = {.on_datagram = dhcp6_on_datagram};
    struct dhcp6_clients *made;
    struct leat_udp *udp;
    enum leat_err err;

    if (service_dhcp6_clients(stack))
        return LEAT_ERR_IN_USE;
    if (!service_has_ipv6(stack))
        return LEAT_ERR_PROTOCOL;
    err = leat_udp_open(stack, &udp, &events, stack);
    if (err)
        return err;
    err = leat_udp_bind(udp, LEAT_IP_ANY, DHCP6_CLIENT_PORT);
    made = err ? 0 : clients_make(stack, clients > 0 ? clients : 1);
    if (!made) {
        leat_udp_close(udp);
        return err ? err : LEAT_ERR_MEMORY;
    }
    made->udp = udp;
    service_dhcp6_set(stack, &calls, made);
    return LEAT_OK;
}

/* RFC 8415 11: one DUID for all netifs, the same after each start. */
static void set_duid(struct leat_dhcp6 *dhcp6)
{
    const struct leat_dhcp6_config *config = &dhcp6->config;
    struct dhcp6_duid *duid = &dhcp6->duid;

    if (config->duid) {
        duid->len = config->duid_bytes;
        memcpy(duid->bytes, config->duid, config->duid_bytes);
        return;
    }
    duid->len = DHCP6_DUID_LL_BYTES;
    put16(duid->bytes, DUID_LL);
    /* RFC 8415 11.4: the hardware type, and the address of the first netif */
    put16(duid->bytes + 2, ETHERNET);
    memcpy(duid->bytes + 4, service_first_mac(dhcp6->stack)->octet, 6);
}

static bool has_client(const struct dhcp6_clients *clients, const struct leat_netif *netif)
{
    for (unsigned i = 0; i < clients->open; i++) {
        if (clients->all[i].netif == netif)
            return true;
    }
    return false;
}

enum leat_err leat_dhcp6_open(struct leat *stack, struct leat_netif *netif,
                              struct leat_dhcp6 **dhcp6, const struct leat_dhcp6_config *config)
{
    struct dhcp6_clients *clients = service_dhcp6_clients(stack);
    struct leat_dhcp6 *made;

    if (!clients)
        return LEAT_ERR_PROTOCOL;
    if (!service_is_attached(stack, netif) || netif->mtu < IPV6_MTU_MIN ||
        LEAT_RESERVED_IS_USED(config) ||
        (config->duid &&
         (config->duid_bytes < DHCP6_DUID_MIN || config->duid_bytes > DHCP6_DUID_MAX)))
        return LEAT_ERR_ARGUMENT;
    if (has_client(clients, netif))
        return LEAT_ERR_IN_USE;
    if (clients->open == clients->count)
        return LEAT_ERR_FULL;
    made = &clients->all[clients->open++];
    made->stack = stack;
    made->netif = netif;
    made->config = *config;
    if (made->config.start_delay_ns == 0)
        made->config.start_delay_ns = start_delay_ns;
    if (made->config.lease_s_min == 0)
        made->config.lease_s_min = LEASE_S_MIN;
    /* RFC 8415 12: it must be the same after each start. The last four bytes of the MAC are. */
    made->iaid = config->iaid ? config->iaid : get32(netif->mac.octet + 2);
    /* until a server sends other limits (21.24, 21.25) */
    made->sol_max_s = made->inf_max_s = MAX_RT_S;
    set_duid(made);
    made->timer.on_time = on_time;
    made->timer.arg = made;
    made->watch = (struct address_watch){.usable = on_usable, .taken = on_taken};
    made->state = DHCP6_FIRST_STATE;
    dhcp6_forget_times(made);
    *dhcp6 = made;
    return LEAT_OK;
}

/* A checksum of the address, so that a truncated or changed file is refused. */
static uint32_t kept_sum(struct leat_ip ip)
{
    uint32_t sum = kept_magic;

    for (unsigned at = 0; at < sizeof ip.bytes; at += 4)
        sum = (sum ^ get32(ip.bytes + at)) * 16777619; /* FNV-1a's prime */
    return sum;
}

void leat_dhcp6_keep(const struct leat_dhcp6_lease *lease, uint8_t kept[LEAT_DHCP6_KEPT_BYTES])
{
    put32(kept, kept_magic);
    memcpy(kept + 4, lease->ip.bytes, sizeof lease->ip.bytes);
    put32(kept + 20, kept_sum(lease->ip));
}

/* The address in the record of leat_dhcp6_keep(), or "::". */
static struct leat_ip kept_ip(const uint8_t kept[LEAT_DHCP6_KEPT_BYTES])
{
    struct leat_ip ip;

    memcpy(ip.bytes, kept + 4, sizeof ip.bytes);
    /* The sum proves no origin, so the address is checked as if a server had sent it. */
    return get32(kept) == kept_magic && get32(kept + 20) == kept_sum(ip) && !dhcp6_is_no_host(ip)
               ? ip
               : LEAT_IP_ANY;
}

static enum leat_err begin(struct leat_dhcp6 *dhcp6, enum dhcp6_event how, struct leat_ip kept)
{
    /* A new start ends a Release that no server has answered yet. */
    if (dhcp6->state != DHCP6_STOPPED && dhcp6->state != DHCP6_RELEASING)
        return LEAT_ERR_IN_USE;
    dhcp6->kept = kept;
    refusal_forget(&dhcp6->refusal);
    dhcp6_event(dhcp6, how);
    return LEAT_OK;
}

enum leat_err leat_dhcp6_start(struct leat_dhcp6 *dhcp6, const uint8_t kept[LEAT_DHCP6_KEPT_BYTES])
{
    const struct leat_ip ip = kept ? kept_ip(kept) : LEAT_IP_ANY;

    return begin(dhcp6, leat_ip_is_any(ip) ? DHCP6_start_managed : DHCP6_start_kept, ip);
}

enum leat_err leat_dhcp6_inform(struct leat_dhcp6 *dhcp6)
{
    return begin(dhcp6, DHCP6_start_inform, LEAT_IP_ANY);
}

void leat_dhcp6_confirm(struct leat_dhcp6 *dhcp6)
{
    if (dhcp6->state == DHCP6_CHECKING || dhcp6->state == DHCP6_BOUND ||
        dhcp6->state == DHCP6_RENEWING || dhcp6->state == DHCP6_REBINDING ||
        dhcp6->state == DHCP6_REREQUESTING)
        dhcp6_event(dhcp6, DHCP6_confirm);
}

void leat_dhcp6_stop(struct leat_dhcp6 *dhcp6)
{
    if (dhcp6->state != DHCP6_STOPPED)
        dhcp6_event(dhcp6, DHCP6_stop);
}

void leat_dhcp6_release(struct leat_dhcp6 *dhcp6)
{
    if (dhcp6->state != DHCP6_STOPPED && dhcp6->state != DHCP6_RELEASING)
        dhcp6_event(dhcp6, DHCP6_release);
}

const struct leat_dhcp6_lease *leat_dhcp6_lease(const struct leat_dhcp6 *dhcp6)
{
    return dhcp6->has_lease ? &dhcp6->lease : 0;
}

uint64_t leat_dhcp6_expires_ns(const struct leat_dhcp6 *dhcp6)
{
    return dhcp6->expires_ns;
}

uint64_t leat_dhcp6_waited_ns(const struct leat_dhcp6 *dhcp6)
{
    return leat_now_ns(dhcp6->stack) - dhcp6->begun_ns;
}

const char *leat_dhcp6_state_name(const struct leat_dhcp6 *dhcp6)
{
    static const char *const names[] = {DHCP6_STATE_NAMES};

    leat_assert(dhcp6->state < sizeof names / sizeof *names);
    return names[dhcp6->state];
}

const struct leat_refusal *leat_dhcp6_refusal(const struct leat_dhcp6 *dhcp6)
{
    return &dhcp6->refusal;
}

const struct leat_dhcp6_counts *leat_dhcp6_counts(const struct leat_dhcp6 *dhcp6)
{
    return &dhcp6->counts;
}
