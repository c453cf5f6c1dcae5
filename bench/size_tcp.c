/* size_tcp.c -- for the size of the code: a program that calls all of TCP, UDP and the stack; with
 * -DWITH_IPV6 of IPv6, too. */
#include <leat/ipv6.h>
#include <leat/leat.h>
#include <leat/slaac.h>

#ifdef WITH_IPV6
static const bool with_ipv6 = true;
#else
static const bool with_ipv6 = false;
#endif

static uint8_t block[1 << 20];

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    (void)arg;
    leat_udp_send_from(udp, payload, peer, local->ip);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data = leat_tcp_receive(conn, leat_tcp_send_room(conn));
    const uint32_t len = leat_buf_total(data);
    size_t taken;

    (void)arg;
    if (data && leat_tcp_send(conn, data) == LEAT_OK)
        leat_tcp_consumed(conn, len);
    if (leat_tcp_readable(conn) == 1 && leat_tcp_write(conn, "", 1, &taken))
        leat_tcp_abort(conn);
    if (leat_tcp_at_end(conn) && leat_tcp_shutdown(conn))
        leat_tcp_close(conn);
}

static const struct leat_udp_events datagram_events = {.on_datagram = on_datagram};
static const struct leat_tcp_events events = {.on_readable = on_readable};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_tcp *conn;

    (void)arg;
    while ((conn = leat_tcp_accept(listener, &events, NULL))) {
        leat_tcp_set_nodelay(conn, true);
        leat_tcp_set_keepalive(conn, true);
        leat_tcp_set_user_timeout(conn, 1);
    }
}

int main(void)
{
    const struct leat_tcp_listen_config listen = {.port = 7, .on_acceptable = on_acceptable};
    const struct leat_endpoint peer = leat_endpoint_of(LEAT_IP4(10, 0, 0, 1), 7);
    struct leat_config config = {.seed = {1}};
    struct leat_netif netif = {.mtu = 1500};
    struct leat_tcp_listener *listener;
    struct leat_slaac *slaac;
    struct leat_tcp *conn;
    struct leat_udp *udp;
    struct leat *stack;

    if (leat_init(&stack, block, sizeof block, &config) || leat_attach(stack, &netif) ||
        leat_address_add(stack, &netif, LEAT_IP4(10, 0, 0, 2), 24) ||
        leat_route_add(stack, LEAT_IP4_ANY, 0, peer.ip) || leat_udp_register(stack, NULL) ||
        leat_tcp_register(stack, NULL) || leat_udp_open(stack, &udp, &datagram_events, NULL) ||
        leat_udp_bind(udp, LEAT_IP_ANY, 7) || leat_udp_connect(udp, peer.ip, 7) ||
        leat_tcp_listen(stack, &listener, &listen) ||
        leat_tcp_connect(stack, &conn, &peer, NULL, &events, NULL))
        return 1;
    if (with_ipv6 &&
        (leat_ipv6_register(stack, NULL) || leat_slaac_start(stack, &netif, &slaac, NULL)))
        return 1;
    leat_tcp_listener_close(listener);
    leat_udp_close(udp);
    while (leat_poll(stack, 1) != LEAT_NEVER_NS) {
    }
    leat_close(stack);
    return 0;
}
