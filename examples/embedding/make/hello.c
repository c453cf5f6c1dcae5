/* hello.c -- a stack with one address and an echo server, on a wire in memory instead of a device.
 */
#include <stdio.h>
#include <stdlib.h>

#include <leat/leat.h>
#include <leat/link.h>

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data;

    (void)arg;
    while ((data = leat_tcp_receive(conn, 65536)) != NULL) {
        const uint32_t bytes = leat_buf_total(data);

        leat_tcp_send(conn, data);
        leat_tcp_consumed(conn, bytes);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_shutdown(conn);
}

static const struct leat_tcp_events events = {.on_readable = on_readable};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    (void)arg;
    while (leat_tcp_accept(listener, &events, NULL))
        ;
}

int main(void)
{
    const struct leat_config config = {.seed = {1}}; /* a real program takes entropy */
    const struct leat_tcp_config tcp = {.connections = 16};
    const struct leat_tcp_listen_config listen = {.port = 7, .on_acceptable = on_acceptable};
    const size_t bytes = leat_memory_bytes(&config) + leat_tcp_memory_bytes(&tcp);
    void *memory = malloc(bytes), *wire_memory = malloc(leat_link_memory_bytes(64, 1514));
    struct leat_tcp_listener *listener;
    struct leat_netif *netif;
    struct leat *stack;
    char text[LEAT_IP_TEXT_BYTES];

    if (!memory || !wire_memory)
        return 1;
    netif = leat_link_end(leat_link_init(wire_memory, 64, 1514, 1), 0);
    if (leat_init(&stack, memory, bytes, &config) || leat_tcp_register(stack, &tcp) ||
        leat_attach(stack, netif) || leat_address_add(stack, netif, LEAT_IP4(10, 0, 0, 1), 24) ||
        leat_tcp_listen(stack, &listener, &listen))
        return 1;
    leat_poll(stack, 0);
    leat_ip_format(leat_address(stack, netif), text);
    printf("%s echoes at port 7, in %zu bytes\n", text, bytes);
    leat_close(stack);
    free(wire_memory);
    free(memory);
    return 0;
}
