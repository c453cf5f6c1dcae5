/*
 * client.c -- the program's calls, and the events of the timer and the address.
 *
 * Calls of the program become events of the table, like answers (receive.c) and deadlines
 * (timers.c). The first state means stopped: only there a client may be started.
 */
#include <string.h>

#include "core/assert.h"
#include "core/refusal.h"
#include "proto/dhcp/dhcp.h"
#include "core/container_of.h"
#include "wire/bytes.h"

enum {
    HOST_NAME_MAX = 63, /* RFC 1035 3.1: length of a label */
    VENDOR_CLASS_MAX = 255,
    CLIENT_ID_MIN = 2, /* RFC 2132 9.14 */
    LEASE_S_MIN = 10
};

static const uint64_t retry_ns = 2 * UINT64_C(1000000000);
static const uint32_t kept_magic = 0x4c443431; /* "LD41" */

/* The address was reported to the program first, which may have stopped us. */
static void on_usable(struct address_watch *watch)
{
    struct leat_dhcp *dhcp = container_of(watch, struct leat_dhcp, watch);

    if (dhcp->has_address && dhcp->state == DHCP_CHECKING)
        dhcp_event(dhcp, DHCP_address_free);
}

static void on_taken(struct address_watch *watch)
{
    struct leat_dhcp *dhcp = container_of(watch, struct leat_dhcp, watch);

    if (dhcp->has_address)
        dhcp_event(dhcp, DHCP_address_taken);
}

static void on_time(struct leat_timer *timer, void *arg)
{
    struct leat_dhcp *dhcp = arg;
    enum dhcp_event event;

    (void)timer;
    if (dhcp_due(dhcp, &event))
        dhcp_event(dhcp, event);
    else
        dhcp_set_timer(dhcp); /* a deadline has moved since */
}

static bool is_longer(const char *text, uint32_t limit)
{
    uint32_t len = 0;

    while (text && text[len] && len <= limit)
        len++;
    return len > limit;
}

static bool config_is_legal(const struct leat_dhcp_config *config)
{
    return !LEAT_RESERVED_IS_USED(config) && !is_longer(config->host_name, HOST_NAME_MAX) &&
           !is_longer(config->vendor_class, VENDOR_CLASS_MAX) &&
           (!config->client_id || (config->client_id_bytes >= CLIENT_ID_MIN &&
                                   config->client_id_bytes <= DHCP_CLIENT_ID_MAX));
}

size_t leat_dhcp_memory_bytes(void)
{
    return arena_cost(1, sizeof(struct leat_dhcp));
}

enum leat_err leat_dhcp_open(struct leat *stack, struct leat_netif *netif, struct leat_dhcp **dhcp,
                             const struct leat_dhcp_config *config)
{
    static const struct leat_udp_events events = {.on_datagram = dhcp_on_datagram};
    struct leat_dhcp *made;
    enum leat_err err;

    if (!service_is_attached(stack, netif) || !config_is_legal(config))
        return LEAT_ERR_ARGUMENT;
    /* The link has a client already, whose port is open to packets for any address. */
    if (service_has_open_port(stack, netif))
        return LEAT_ERR_IN_USE;
    made = service_take(stack, 1, sizeof *made);
    if (!made)
        return LEAT_ERR_MEMORY;
    made->stack = stack;
    made->netif = netif;
    made->config = *config;
    if (made->config.retry_ns == 0)
        made->config.retry_ns = retry_ns;
    if (made->config.lease_s_min == 0)
        made->config.lease_s_min = LEASE_S_MIN;
    made->timer.on_time = on_time;
    made->timer.arg = made;
    made->watch = (struct address_watch){.usable = on_usable, .taken = on_taken};
    made->state = DHCP_FIRST_STATE;
    dhcp_forget_times(made);
    err = leat_udp_open(stack, &made->udp, &events, made);
    if (err)
        return err;
    err = leat_udp_bind_netif(made->udp, netif, DHCP_CLIENT_PORT);
    leat_assert(err == LEAT_OK); /* no other socket of this link has the port */
    *dhcp = made;
    return err;
}

/* Magic, address, server, and an exclusive or of these three, 32 bits each. The last one finds a
 * file that was cut, or memory that was never written. */
void leat_dhcp_keep(const struct leat_dhcp_lease *lease, uint8_t kept[LEAT_DHCP_KEPT_BYTES])
{
    leat_assert(leat_ip_is_v4(lease->ip));
    put32(kept, kept_magic);
    put32(kept + 4, leat_ip_v4_number(lease->ip));
    put32(kept + 8, leat_ip_v4_number(lease->server));
    put32(kept + 12, kept_magic ^ leat_ip_v4_number(lease->ip) ^ leat_ip_v4_number(lease->server));
}

/* The address in the record of leat_dhcp_keep(), or IP4_ANY. */
static leat_ip4 kept_ip(const uint8_t kept[LEAT_DHCP_KEPT_BYTES])
{
    const leat_ip4 ip = get32(kept + 4);

    if (get32(kept) != kept_magic || get32(kept + 12) != (kept_magic ^ ip ^ get32(kept + 8)))
        return IP4_ANY;
    return ip4_is_no_host(ip) ? IP4_ANY : ip;
}

enum leat_err leat_dhcp_start(struct leat_dhcp *dhcp, const uint8_t kept[LEAT_DHCP_KEPT_BYTES])
{
    if (dhcp->state != DHCP_FIRST_STATE)
        return LEAT_ERR_IN_USE;
    dhcp->informs = false;
    refusal_forget(&dhcp->refusal);
    dhcp->ip_want = kept ? kept_ip(kept) : IP4_ANY;
    /* RFC 2131 3.2: with a kept address the client asks for that one first (INIT-REBOOT). */
    dhcp_event(dhcp, dhcp->ip_want ? DHCP_start_with_lease : DHCP_start_fresh);
    return LEAT_OK;
}

enum leat_err leat_dhcp_inform(struct leat_dhcp *dhcp, struct leat_ip given)
{
    leat_ip4 ip;

    if (dhcp->state != DHCP_FIRST_STATE)
        return LEAT_ERR_IN_USE;
    /* RFC 2131 4.4.3: INFORM is for a host that has an address already. The answer goes to that. */
    if (!ip4_of(given, &ip) || !service_has_ip(dhcp->stack, dhcp->netif, ip))
        return LEAT_ERR_ARGUMENT;
    dhcp->informs = true;
    refusal_forget(&dhcp->refusal);
    dhcp->ip_want = ip;
    dhcp_event(dhcp, DHCP_start_inform);
    return LEAT_OK;
}

void leat_dhcp_stop(struct leat_dhcp *dhcp)
{
    if (dhcp->state != DHCP_FIRST_STATE)
        dhcp_event(dhcp, DHCP_stop);
}

void leat_dhcp_release(struct leat_dhcp *dhcp)
{
    if (dhcp->state != DHCP_FIRST_STATE)
        dhcp_event(dhcp, DHCP_release);
}

const struct leat_dhcp_lease *leat_dhcp_lease(const struct leat_dhcp *dhcp)
{
    return dhcp->has_lease ? &dhcp->lease : 0;
}

uint64_t leat_dhcp_expires_ns(const struct leat_dhcp *dhcp)
{
    return dhcp->expires_ns;
}

uint64_t leat_dhcp_waited_ns(const struct leat_dhcp *dhcp)
{
    return dhcp_waited_ns(dhcp);
}

const char *leat_dhcp_state_name(const struct leat_dhcp *dhcp)
{
    static const char *const names[] = {DHCP_STATE_NAMES};

    leat_assert(dhcp->state < sizeof names / sizeof *names);
    return names[dhcp->state];
}

const struct leat_refusal *leat_dhcp_refusal(const struct leat_dhcp *dhcp)
{
    return &dhcp->refusal;
}

const struct leat_dhcp_counts *leat_dhcp_counts(const struct leat_dhcp *dhcp)
{
    return &dhcp->counts;
}
