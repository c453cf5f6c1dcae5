/*
 * share.c -- sockets of UDP of the program, of which several may have the same port.
 *
 * leat has one socket for an address and a port. As on Linux, sockets of the program share it if
 * all of them have SO_REUSEADDR, or all have SO_REUSEPORT. Some servers have one socket for new
 * clients, and one more for each client, connected to it. leat's socket then isn't connected: the
 * receiver of a datagram is chosen here.
 */
#include "server.h"

#include <stdlib.h>

struct share {
    struct leat_udp *udp;
    struct share *next;           /* of those with a port */
    struct leat_endpoint at;      /* as given to bind(); port 0: it has none */
    struct sock *members;         /* the latest one first */
    bool is_shared;               /* it has, or had, several members */
    _Alignas(8) uint8_t memory[]; /* of udp */
};

static struct share *shares;

/* ---- the receiver ---------------------------------------------------------------------------- */

/* leat has compared the peer itself unless the socket is shared. */
static bool takes(const struct sock *sock, const struct leat_endpoint *peer)
{
    if (sock->fd < 0 || (sock->options.only_v6 && leat_ip_is_v4(peer->ip)))
        return false;
    return sock->remote.port == 0 || !sock->share->is_shared ||
           (sock->remote.port == peer->port && leat_ip_equal(sock->remote.ip, peer->ip));
}

/* Datagrams of a peer always go to the same socket of those with SO_REUSEPORT. */
static unsigned number_of(const struct leat_endpoint *peer)
{
    unsigned number = peer->port;

    for (unsigned i = 0; i < sizeof peer->ip.bytes; i++)
        number = number * 31 + peer->ip.bytes[i];
    return number;
}

/* As Linux: the socket that is connected to the peer, or else the one that was bound last; with
 * SO_REUSEPORT any. */
static struct sock *choose(const struct share *share, const struct leat_endpoint *peer)
{
    struct sock *first = NULL;
    unsigned count = 0, left;

    for (struct sock *sock = share->members; sock; sock = sock->share_next) {
        if (!takes(sock, peer))
            continue;
        if (sock->remote.port != 0)
            return sock;
        first = first ? first : sock;
        count += sock->options.reuse_port;
    }
    if (!first || !first->options.reuse_port)
        return first;
    left = number_of(peer) % count;
    for (struct sock *sock = first;; sock = sock->share_next)
        if (takes(sock, peer) && sock->options.reuse_port && left-- == 0)
            return sock;
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    const struct share *share = arg;
    const bool is_for_all =
        !leat_ip_is_loopback(local->ip) && !leat_address_is_ours(leat_udp_stack(udp), local->ip);
    struct sock *chosen = choose(share, peer);

    for (struct sock *sock = share->members; sock; sock = sock->share_next)
        if (is_for_all ? takes(sock, peer) : sock == chosen)
            datagram_give(sock, payload, peer, local);
    leat_buf_free(payload);
}

/* As Linux, only a connected socket gets these (without IP_RECVERR). */
static void on_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                     void *arg)
{
    const struct share *share = arg;

    (void)udp;
    for (struct sock *sock = share->members; sock; sock = sock->share_next)
        if (sock->remote.port != 0 && takes(sock, peer))
            datagram_give_error(sock, errno_of(err));
}

/* ---- open, bind, close ----------------------------------------------------------------------- */

bool share_open(struct sock *sock)
{
    static const struct leat_udp_events events = {.on_datagram = on_datagram, .on_error = on_error};
    struct share *share = calloc(1, sizeof *share + leat_udp_socket_bytes());

    if (!share)
        return false;
    if (leat_udp_open_in(server.platform->stack, share->memory, &share->udp, &events, share)) {
        free(share);
        return false;
    }
    share->members = sock;
    sock->share = share;
    sock->udp = share->udp;
    return true;
}

static void end(struct share *share)
{
    struct share **at = &shares;

    while (*at && *at != share)
        at = &(*at)->next;
    if (*at)
        *at = share->next;
    leat_udp_close(share->udp);
    free(share);
}

void share_leave(struct sock *sock)
{
    struct share *share = sock->share;
    struct sock **at;

    if (!share)
        return;
    for (at = &share->members; *at != sock; at = &(*at)->share_next)
        ;
    *at = sock->share_next;
    sock->share_next = NULL;
    sock->share = NULL;
    sock->udp = NULL;
    if (!share->members)
        end(share);
}

static bool allows(const struct share *share, const struct sock *sock)
{
    for (const struct sock *member = share->members; member; member = member->share_next)
        if (!(member->options.reuse_port && sock->options.reuse_port) &&
            !(member->options.reuse_address && sock->options.reuse_address))
            return false;
    return true;
}

/* Makes the socket a member of the share that has the port. */
static bool join(struct sock *sock, const struct leat_endpoint *at)
{
    static const struct leat_endpoint none = {.port = 0};
    struct share *share = shares;

    while (share && !leat_endpoint_equal(&share->at, at))
        share = share->next;
    if (!share || !allows(share, sock))
        return false;
    if (!share->is_shared)
        leat_udp_connect_to(share->udp, &none);
    share->is_shared = true;
    share_leave(sock);
    sock->share_next = share->members;
    share->members = sock;
    sock->share = share;
    sock->udp = share->udp;
    return true;
}

enum leat_err share_bind(struct sock *sock, const struct leat_endpoint *local)
{
    struct share *share = sock->share;
    enum leat_err err;

    if (leat_udp_local(sock->udp).port == 0)
        leat_udp_set_v6_only(sock->udp,
                             sock->options.only_v6 && leat_ip_equal(local->ip, LEAT_IP_ANY));
    err = leat_udp_bind(sock->udp, local->ip, local->port);
    /* an IPv6 socket that is bound to "::" also takes IPv4, by one socket of leat */
    if (err == LEAT_ERR_FAMILY && leat_ip_is_any(local->ip))
        err = leat_udp_bind(sock->udp, LEAT_IP4_ANY, local->port);
    if (err == LEAT_ERR_IN_USE && local->port != 0 && join(sock, local))
        return LEAT_OK;
    if (err)
        return err;
    share->at = (struct leat_endpoint){.ip = local->ip, .port = leat_udp_local(share->udp).port};
    share->next = shares;
    shares = share;
    return LEAT_OK;
}

bool share_has_several(const struct sock *sock)
{
    return sock->share->is_shared;
}
