/*
 * test_same_bytes.c -- two examples of echo, by callbacks and by tasks, send the same frames at the
 * same times.
 *
 * Both examples are unchanged, and run on the same stack, over the same bad wire, with the same
 * clients.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/leat.h>
#include <leat/link.h>

#include "example.h"

enum {
    CLIENTS = 5,
    DATA_BYTES = 30000,
    FRAMES = 256,
    MTU_FRAME = 1514,
    PORT = 7
};

static const uint64_t ms = 1000000;
static const uint64_t second = 1000000000;

extern const struct leat_app echo_by_callbacks, echo_by_tasks;

/* A backend around another one. Sums up the frames that go out and their times. */
struct listener {
    struct leat_netif netif;
    struct leat_netif *inner;
    uint64_t sum; /* FNV-1a */
    uint32_t frames;
};

static struct listener *listener_of(struct leat_netif *netif)
{
    return (struct listener *)(void *)netif;
}

static void add(struct listener *listener, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        listener->sum = (listener->sum ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static uint32_t receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                        struct leat_buf **frames, uint32_t max)
{
    struct leat_netif *inner = listener_of(netif)->inner;

    return inner->ops->receive(inner, now_ns, pool, frames, max);
}

static uint32_t transmit_room(struct leat_netif *netif)
{
    struct leat_netif *inner = listener_of(netif)->inner;

    return inner->ops->transmit_room(inner);
}

static void transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                     uint32_t count)
{
    struct listener *listener = listener_of(netif);

    for (uint32_t i = 0; i < count; i++) {
        add(listener, &now_ns, sizeof now_ns);
        for (const struct leat_buf *piece = frames[i]; piece; piece = piece->next)
            add(listener, piece->data, piece->len);
        listener->frames++;
    }
    listener->inner->ops->transmit(listener->inner, now_ns, frames, count);
}

static uint64_t next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    struct leat_netif *inner = listener_of(netif)->inner;

    return inner->ops->next_look_ns(inner, now_ns);
}

static void close_inner(struct leat_netif *netif)
{
    struct leat_netif *inner = listener_of(netif)->inner;

    if (inner->ops->close)
        inner->ops->close(inner);
}

static const struct leat_netif_ops ops = {.receive = receive,
                                          .transmit_room = transmit_room,
                                          .transmit = transmit,
                                          .next_look_ns = next_look_ns,
                                          .close = close_inner};

/* A client that sends bytes in parts, and closes when all have come back. */
struct client {
    struct leat_tcp *conn;
    uint32_t said, heard, part;
    bool closed;
};

static void say_more(struct client *client)
{
    static const char data[DATA_BYTES];
    size_t taken;

    while (client->said < DATA_BYTES && client->said < client->heard + 8 * client->part) {
        const uint32_t left = DATA_BYTES - client->said;

        leat_tcp_write(client->conn, data, client->part < left ? client->part : left, &taken);
        client->said += (uint32_t)taken;
    }
    if (client->heard == DATA_BYTES)
        leat_tcp_shutdown(client->conn);
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    say_more(arg);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);
    struct client *client = arg;

    client->heard += leat_buf_total(data);
    leat_tcp_consumed(conn, leat_buf_total(data));
    leat_buf_free(data);
    say_more(client);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    assert_int_equal(why, LEAT_OK);
    ((struct client *)arg)->closed = true;
}

static const struct leat_tcp_events events = {
    .on_open = on_open, .on_readable = on_readable, .on_closed = on_closed};

static struct leat *make_stack(struct leat_netif *netif, uint8_t number, void **memory)
{
    const struct leat_config config = {.seed = {number}, .buf_count = 512};
    const size_t bytes =
        leat_memory_bytes(&config) + leat_udp_memory_bytes(NULL) + leat_tcp_memory_bytes(NULL);
    struct leat *stack;

    *memory = malloc(bytes);
    assert_int_equal(leat_init(&stack, *memory, bytes, &config), LEAT_OK);
    assert_int_equal(leat_attach(stack, netif), LEAT_OK);
    assert_int_equal(leat_address_add(stack, netif, LEAT_IP4(10, 0, 0, number), 24), LEAT_OK);
    assert_int_equal(leat_udp_register(stack, NULL), LEAT_OK);
    assert_int_equal(leat_tcp_register(stack, NULL), LEAT_OK);
    return stack;
}

/* Runs the server @told with its clients until each connection is over. Returns the sum of its
 * frames. */
static struct listener run(const struct leat_app *told)
{
    void *memory[2], *link_memory = malloc(leat_link_memory_bytes(FRAMES, MTU_FRAME));
    struct leat_link *link = leat_link_init(link_memory, FRAMES, MTU_FRAME, 1);
    const struct leat_link_faults faults = {
        .delay_ns = 5 * ms, .jitter_ns = 2 * ms, .loss_per_m = 20000, .duplicate_per_m = 5000};
    const struct leat_endpoint server = {.ip = LEAT_IP4(10, 0, 0, 1), .port = PORT};
    struct client clients[CLIENTS] = {0};
    struct listener listener = {.inner = leat_link_end(link, 0)};
    struct leat_platform platform = {.port = PORT};
    struct leat *stacks[2];
    unsigned closed = 0;

    listener.netif = *listener.inner;
    listener.netif.ops = &ops;
    stacks[0] = make_stack(&listener.netif, 1, &memory[0]);
    stacks[1] = make_stack(leat_link_end(link, 1), 2, &memory[1]);
    platform.stack = stacks[0];
    assert_null(told->start(&platform));
    leat_link_set_faults(link, 0, &faults);
    leat_link_set_faults(link, 1, &faults);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        clients[i].part = 1 + i * i * 150;
        assert_int_equal(
            leat_tcp_connect(stacks[1], &clients[i].conn, &server, NULL, &events, &clients[i]),
            LEAT_OK);
    }
    for (uint64_t now_ns = second; closed < CLIENTS && now_ns < 1000 * second; now_ns += ms / 4) {
        leat_poll(stacks[1], now_ns);
        leat_poll(stacks[0], now_ns);
        closed = 0;
        for (unsigned i = 0; i < CLIENTS; i++)
            closed += clients[i].closed;
    }
    assert_int_equal(closed, CLIENTS);
    for (unsigned i = 0; i < 2; i++) {
        leat_close(stacks[i]);
        free(memory[i]);
    }
    free(link_memory);
    return listener;
}

static void both_ways_to_tell_it_put_the_same_bytes_on_the_wire(void **state)
{
    const struct listener callbacks = run(&echo_by_callbacks);
    const struct listener tasks = run(&echo_by_tasks);

    (void)state;
    assert_true(callbacks.frames > 500);
    assert_int_equal(tasks.frames, callbacks.frames);
    assert_true(tasks.sum == callbacks.sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_to_tell_it_put_the_same_bytes_on_the_wire)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
