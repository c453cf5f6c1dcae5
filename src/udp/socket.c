/*
 * socket.c -- opens, binds, connects and closes sockets.
 *
 * A socket is open from leat_udp_open() to leat_udp_close(). It gets a port by leat_udp_bind(), or
 * by its first connect or send. A bound socket is in the table of ports.c, but for one bound by
 * leat_udp_bind_netif(), which its link knows. Each host number that a socket stores is held
 * (ip/host.h): bound_ip while it is bound, both ends while it is connected.
 */
#include "udp/udp.h"

#include "core/assert.h"
#include "ip/groups.h"
#include "udp/ports.h"

enum {
    SOCKETS_DEFAULT = 64,
    QUEUE_DEFAULT = 256,
    GROUPS_DEFAULT = 8
};

static uint16_t sockets_of(const struct leat_udp_config *config)
{
    return config && config->sockets ? config->sockets : SOCKETS_DEFAULT;
}

static uint16_t groups_of(const struct leat_udp_config *config)
{
    return config && config->groups ? config->groups : GROUPS_DEFAULT;
}

static uint32_t bucket_count(uint16_t sockets)
{
    uint32_t count = 1;

    while (count < sockets)
        count *= 2;
    return count;
}

size_t leat_udp_memory_bytes(const struct leat_udp_config *config)
{
    const uint16_t sockets = sockets_of(config);

    return arena_cost(1, sizeof(struct udp)) + arena_cost(sockets, sizeof(struct leat_udp)) +
           arena_cost(bucket_count(sockets), sizeof(struct leat_udp *)) +
           arena_cost(groups_of(config), sizeof(struct udp_membership)) +
           arena_cost(1, sizeof(struct groups)) +
           arena_cost(groups_of(config), sizeof(struct group));
}

/* Allocates the membership table and IGMP's group records; they are used once a socket joins a
 * group. */
COLD static bool make_room_for_groups(struct leat *stack, struct udp *table, uint16_t count)
{
    table->memberships = arena_take(&stack->arena, count, sizeof(struct udp_membership));
    table->membership_max = count;
    stack->igmp = arena_take(&stack->arena, 1, sizeof(struct groups));
    if (!table->memberships || !stack->igmp)
        return false;
    stack->igmp->all = arena_take(&stack->arena, count, sizeof(struct group));
    stack->igmp->count = count;
    return stack->igmp->all != 0;
}

COLD static void udp_close(struct leat *stack)
{
    const struct udp *table = stack->udp;

    for (uint32_t i = 0; i < table->socket_count; i++)
        queue_free_all(&table->sockets[i].queue);
    /* sockets in the program's memory are found by their ports */
    for (uint32_t i = 0; i <= table->bucket_mask; i++) {
        for (struct leat_udp *udp = table->buckets[i]; udp; udp = udp->chain)
            queue_free_all(&udp->queue);
    }
    /* or, after leat_udp_bind_netif(), by their link */
    for (struct link *link = stack->links; link < stack->links_end; link++) {
        if (link->open_udp)
            queue_free_all(&link->open_udp->queue);
    }
}

static const struct protocol udp_protocol = {
    .input = udp_input,
    .icmp_error = udp_icmp_error,
    .close = udp_close,
    .number = IP_UDP,
};

COLD enum leat_err leat_udp_register(struct leat *stack, const struct leat_udp_config *config)
{
    const uint16_t sockets = sockets_of(config);
    struct udp *table;

    if (stack->udp)
        return LEAT_ERR_IN_USE;
    if (config && LEAT_RESERVED_IS_USED(config))
        return LEAT_ERR_ARGUMENT;
    table = arena_take(&stack->arena, 1, sizeof *table);
    if (!table)
        return LEAT_ERR_MEMORY;
    table->sockets = arena_take(&stack->arena, sockets, sizeof(struct leat_udp));
    table->buckets = arena_take(&stack->arena, bucket_count(sockets), sizeof(struct leat_udp *));
    if (!table->sockets || !table->buckets ||
        !make_room_for_groups(stack, table, groups_of(config)) ||
        !stack_register(stack, &udp_protocol))
        return LEAT_ERR_MEMORY;
    table->bucket_mask = bucket_count(sockets) - 1;
    table->socket_count = sockets;
    table->queue_max = config && config->queue_max ? config->queue_max : QUEUE_DEFAULT;
    /* the walk is backwards, so that sockets are taken in the order of their addresses */
    for (uint32_t i = sockets; i > 0; i--) {
        table->sockets[i - 1].chain = table->free;
        table->free = &table->sockets[i - 1];
    }
    stack->udp = table;
    return LEAT_OK;
}

enum leat_err udp_bind_ephemeral(struct leat_udp *udp)
{
    leat_assert(udp->open);
    return udp->local.port ? LEAT_OK : ports_bind_any(udp, IP4_ANY);
}

static void begin(struct leat_udp *udp, struct leat *stack, const struct leat_udp_events *events,
                  void *arg)
{
    *udp = (struct leat_udp){
        .ready = {.run = udp_run}, .stack = stack, .events = events, .arg = arg, .open = true};
}

COLD enum leat_err leat_udp_open(struct leat *stack, struct leat_udp **udp,
                                 const struct leat_udp_events *events, void *arg)
{
    struct leat_udp *made;

    if (!stack->udp)
        return LEAT_ERR_PROTOCOL;
    made = stack->udp->free;
    if (!made)
        return LEAT_ERR_MEMORY;
    stack->udp->free = made->chain;
    begin(made, stack, events, arg);
    *udp = made;
    return LEAT_OK;
}

size_t leat_udp_socket_bytes(void)
{
    return sizeof(struct leat_udp);
}

COLD enum leat_err leat_udp_open_in(struct leat *stack, void *memory, struct leat_udp **udp,
                                    const struct leat_udp_events *events, void *arg)
{
    if (!stack->udp)
        return LEAT_ERR_PROTOCOL;
    leat_assert(((uintptr_t)memory & (_Alignof(struct leat_udp) - 1)) == 0);
    begin(memory, stack, events, arg);
    *udp = memory;
    (*udp)->is_extra = true;
    return LEAT_OK;
}

COLD enum leat_err leat_udp_bind(struct leat_udp *udp, struct leat_ip local_ip, uint16_t port)
{
    enum leat_err err = LEAT_OK;
    host_id ip;

    leat_assert(udp->open);
    if (!host_of(udp->stack, local_ip, 0, &ip) ||
        (udp->only == UDP_V6 && (leat_ip_is_v4(local_ip) || !udp->stack->ipv6_family)))
        return LEAT_ERR_FAMILY;
    /* RFC 1122 4.1.3.6: a datagram has an address of ours as its source */
    if (udp->local.port || (ip != IP4_ANY && !host_is_ours(udp->stack, ip)))
        return LEAT_ERR_ARGUMENT;
    if (!host_may_be_held(udp->stack, ip))
        return LEAT_ERR_MEMORY;
    /* "::" is both families, 0.0.0.0 only one, though both have the number IP4_ANY */
    if (ip == IP4_ANY && leat_ip_is_v4(local_ip))
        udp->only = UDP_V4;
    err = port == 0 ? ports_bind_any(udp, ip) : ports_bind(udp, ip, port);
    if (err && udp->only == UDP_V4)
        udp->only = 0;
    return err;
}

COLD enum leat_err leat_udp_bind_netif(struct leat_udp *udp, struct leat_netif *netif,
                                       uint16_t port)
{
    struct link *link = stack_link(udp->stack, netif);

    leat_assert(udp->open);
    if (!link || port == 0 || udp->local.port)
        return LEAT_ERR_ARGUMENT;
    if (link->open_udp)
        return LEAT_ERR_IN_USE;
    /* the socket isn't put into the table: another one may have this port, and gets what is for our
     * addresses */
    udp->local = (struct udp_end){IP4_ANY, port};
    udp->open_link = link;
    udp->broadcast = true;
    link->open_udp = udp;
    link->open_port = port;
    return LEAT_OK;
}

/* Sets both endpoints of a connected socket; @peer.port 0 disconnects it. */
static void fix_ends(struct leat_udp *udp, host_id local_ip, struct udp_end peer)
{
    const struct leat *stack = udp->stack;

    /* new hosts are held before the old ones are released, because they may be the same */
    if (peer.port > 0) {
        host_hold(stack, local_ip);
        host_hold(stack, peer.ip);
    }
    if (udp->peer.port > 0) {
        host_release(stack, udp->local.ip);
        host_release(stack, udp->peer.ip);
    }
    udp->local.ip = local_ip;
    udp->peer = peer;
}

COLD enum leat_err leat_udp_connect_to(struct leat_udp *udp, const struct leat_endpoint *peer)
{
    struct udp_end end = {.port = peer->port};
    struct path path;
    enum leat_err err;

    leat_assert(udp->open);
    if (!host_of(udp->stack, peer->ip, peer->zone, &end.ip) ||
        (end.ip != IP4_ANY && udp_excludes(udp, end.ip)))
        return LEAT_ERR_FAMILY;
    if (end.port == 0 && end.ip != IP4_ANY)
        return LEAT_ERR_ARGUMENT;
    /* a peer without address and port disconnects, as connect() with AF_UNSPEC does */
    if (end.port == 0) {
        fix_ends(udp, udp->bound_ip, (struct udp_end){0});
        return LEAT_OK;
    }
    /* all checks come before the socket changes, so that a failure leaves it as it was */
    err = ipv4_path(udp->stack, udp->bound_ip, end.ip, &path);
    if (err == LEAT_OK &&
        !(host_may_be_held(udp->stack, path.src) && host_may_be_held(udp->stack, end.ip)))
        err = LEAT_ERR_MEMORY;
    if (err == LEAT_OK)
        err = udp_bind_ephemeral(udp);
    if (err == LEAT_OK) /* errors and datagrams will come to the address that it sends from */
        fix_ends(udp, path.src, end);
    return err;
}

COLD enum leat_err leat_udp_connect(struct leat_udp *udp, struct leat_ip peer_ip, uint16_t port)
{
    const struct leat_endpoint peer = leat_endpoint_of(peer_ip, port);

    return leat_udp_connect_to(udp, &peer);
}

void leat_udp_set_v6_only(struct leat_udp *udp, bool v6_only)
{
    leat_assert(udp->local.port == 0);
    udp->only = v6_only ? UDP_V6 : 0;
}

void leat_udp_set_broadcast(struct leat_udp *udp, bool broadcast)
{
    udp->broadcast = broadcast;
}

void leat_udp_set_ttl(struct leat_udp *udp, uint8_t ttl)
{
    udp->ttl = ttl;
}

void leat_udp_set_tos(struct leat_udp *udp, uint8_t tos)
{
    udp->tos = tos;
}

struct leat_endpoint leat_udp_local(const struct leat_udp *udp)
{
    return host_endpoint(udp->stack, udp->local.ip, udp->local.port);
}

bool leat_udp_was_fragmented(const struct leat_udp *udp)
{
    return udp->reassembled;
}

uint8_t leat_udp_received_ttl(const struct leat_udp *udp)
{
    return udp->received_ttl;
}

uint8_t leat_udp_received_tos(const struct leat_udp *udp)
{
    return udp->received_tos;
}

const struct leat_udp_counts *leat_udp_counts(const struct leat_udp *udp)
{
    leat_assert(udp->open);
    return &udp->counts;
}

struct leat *leat_udp_stack(const struct leat_udp *udp)
{
    return udp->stack;
}

COLD void leat_udp_close(struct leat_udp *udp)
{
    struct udp *table = udp->stack->udp;

    leat_assert(udp->open);
    if (table->leave_all)
        table->leave_all(udp);
    /* this disconnects the socket and so releases the hosts of both ends; ports_unbind() releases
     * bound_ip */
    fix_ends(udp, udp->bound_ip, (struct udp_end){0});
    if (udp->open_link) {
        udp->open_link->open_udp = 0;
        udp->open_link->open_port = 0;
    } else if (udp->local.port) {
        ports_unbind(udp);
    }
    /* this tells udp_run(), which called the program, that the socket is gone */
    if (table->running == udp)
        table->running = 0;
    stack_not_ready(&udp->ready);
    queue_free_all(&udp->queue);
    udp->open = false;
    if (udp->is_extra)
        return;
    udp->chain = table->free;
    table->free = udp;
}
