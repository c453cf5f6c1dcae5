/*
 * conversation.c -- two stacks, a wire and virtual time: a client sends ten lines, which the server
 * echoes.
 *
 * Prints each frame as hexadecimal digits.  Every binding holds the same conversation, and must
 * print the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include <leat/leat.h>
#include <leat/link.h>

enum {
    LINES = 10
};

struct end {
    struct leat *stack;
    struct leat_tcp *conn;
    unsigned sent;
};

static void on_frame(void *arg, int from_end, uint64_t now_ns, const uint8_t *frame, uint32_t len)
{
    (void)arg;
    printf("%d %llu ", from_end, (unsigned long long)now_ns);
    for (uint32_t i = 0; i < len; i++)
        printf("%02x", frame[i]);
    printf("\n");
}

static void send_line(struct end *end)
{
    char line[32];
    const int len = snprintf(line, sizeof line, "line %u of %d\n", ++end->sent, LINES);
    size_t taken;

    if (leat_tcp_write(end->conn, line, (size_t)len, &taken) || taken != (size_t)len)
        exit(1);
}

static void client_open(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    send_line(arg);
}

static void client_readable(struct leat_tcp *conn, void *arg)
{
    struct end *end = arg;
    struct leat_buf *data;

    while ((data = leat_tcp_receive(conn, 4096)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        leat_buf_free(data);
        leat_tcp_consumed(conn, len);
        if (end->sent < LINES)
            send_line(end);
        else
            leat_tcp_shutdown(conn);
    }
}

static void server_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data;

    (void)arg;
    while ((data = leat_tcp_receive(conn, 4096)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        leat_tcp_send(conn, data);
        leat_tcp_consumed(conn, len);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_shutdown(conn);
}

static const struct leat_tcp_events client_events = {.on_open = client_open,
                                                     .on_readable = client_readable};
static const struct leat_tcp_events server_events = {.on_readable = server_readable};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    (void)arg;
    leat_tcp_accept(listener, &server_events, NULL);
}

static struct leat *make(struct leat_link *wire, int end)
{
    struct leat_config config = {.seed = {(uint8_t)(end + 1)}, .buf_count = 256};
    const size_t bytes = 32u << 20;
    struct leat *stack;

    if (leat_init(&stack, malloc(bytes), bytes, &config) || leat_tcp_register(stack, NULL) ||
        leat_attach(stack, leat_link_end(wire, end)) ||
        leat_address_add(stack, leat_link_end(wire, end), LEAT_IP4(10, 0, 0, 1 + end), 24))
        exit(1);
    return stack;
}

int main(void)
{
    struct leat_link *wire = leat_link_init(malloc(leat_link_memory_bytes(64, 1514)), 64, 1514, 7);
    const struct leat_link_faults faults = {.delay_ns = 1000000, .loss_per_m = 100000};
    const struct leat_endpoint remote = leat_endpoint_of(LEAT_IP4(10, 0, 0, 1), 7);
    const struct leat_tcp_listen_config listen = {.port = 7, .on_acceptable = on_acceptable};
    struct end client = {0};
    struct leat *stacks[2];
    struct leat_tcp_listener *listener;

    leat_link_set_tap(wire, on_frame, NULL);
    for (int end = 0; end < 2; end++) {
        leat_link_set_faults(wire, end, &faults);
        stacks[end] = make(wire, end);
    }
    if (leat_tcp_listen(stacks[0], &listener, &listen) ||
        leat_tcp_connect(stacks[1], &client.conn, &remote, NULL, &client_events, &client))
        return 1;
    for (uint64_t now_ns = 0; now_ns < UINT64_C(20000000000);) {
        const uint64_t a = leat_poll(stacks[0], now_ns), b = leat_poll(stacks[1], now_ns);
        const uint64_t next = a < b ? a : b;

        now_ns = next > now_ns ? next : now_ns + 1000;
    }
    return client.sent == LINES ? 0 : 1;
}
