/* size_udp.c -- for the size of the code: a program without TCP. */
#include <leat/leat.h>

static uint8_t block[1 << 20];

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    (void)arg;
    leat_udp_send_from(udp, payload, peer, local->ip);
}

static const struct leat_udp_events events = {.on_datagram = on_datagram};

int main(void)
{
    struct leat_config config = {.seed = {1}};
    struct leat_netif netif = {.mtu = 1500};
    struct leat_udp *udp;
    struct leat *stack;

    if (leat_init(&stack, block, sizeof block, &config) || leat_attach(stack, &netif) ||
        leat_address_add(stack, &netif, LEAT_IP4(10, 0, 0, 2), 24) ||
        leat_udp_register(stack, NULL) || leat_udp_open(stack, &udp, &events, NULL) ||
        leat_udp_bind(udp, LEAT_IP_ANY, 7))
        return 1;
    while (leat_poll(stack, 1) != LEAT_NEVER_NS) {
    }
    leat_close(stack);
    return 0;
}
