/*
 * lines.c -- a connection with one request, for lines.py, which counts the cache lines that it
 * touches in each end's block of memory.
 *
 *      lines [--ipv6]
 *
 * Prints where the structs of both ends lie. Then connections with a request each follow each
 * other; lines_mark() is called before each of those that count. The client closes first, so it
 * keeps TIME-WAIT.
 */
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "tcp/passive/time_wait.h"
#include "tcp/tcp.h"
#include "world.h"

enum {
    WARM = 50,
    COUNTED_CONNECTIONS = 20,
    MESSAGE = 64
};

static const uint8_t message[MESSAGE];
static struct world *world;
static unsigned closed;

void lines_mark(void);

COUNTED void lines_mark(void)
{
    __asm__ volatile("");
}

static uint32_t take_all(struct leat_tcp *conn)
{
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    leat_buf_free(data);
    leat_tcp_consumed(conn, len);
    return len;
}

static void write_message(struct leat_tcp *conn)
{
    size_t taken = 0;

    if (leat_tcp_write(conn, message, MESSAGE, &taken) || taken != MESSAGE)
        world_fail("can't write");
}

static void note_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)arg;
    if (why)
        world_fail("a connection ended badly");
    closed++;
}

static void ask(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    write_message(conn);
}

static void read_answer(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    if (take_all(conn) > 0)
        leat_tcp_close(conn);
}

static void serve(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    if (take_all(conn) > 0)
        write_message(conn);
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events events = {.on_readable = serve, .on_closed = note_closed};
    struct leat_tcp *conn;

    (void)arg;
    while ((conn = leat_tcp_accept(listener, &events, NULL)))
        leat_tcp_set_nodelay(conn, true);
}

static bool both_are_closed(void *arg)
{
    (void)arg;
    return closed == 2;
}

static void connect_ask_close(void)
{
    static const struct leat_tcp_events events = {
        .on_open = ask, .on_readable = read_answer, .on_closed = note_closed};
    const struct leat_endpoint server = world_server(world, 0);
    struct leat_tcp *conn;

    closed = 0;
    if (leat_tcp_connect(world->client.stack, &conn, &server, NULL, &events, NULL))
        world_fail("can't connect");
    leat_tcp_set_nodelay(conn, true);
    world_turn_until(world, both_are_closed, NULL, 1000);
}

static void print_range(const char *side, const char *name, const void *at, size_t bytes)
{
    printf("%s %s %llu %llu\n", side, name, (unsigned long long)(uintptr_t)at,
           (unsigned long long)bytes);
}

static void print_side(const char *name, const struct side *side)
{
    struct tcp *tcp = side->stack->tcp;
    const struct leat_tcp_config *config = &tcp->config;

    print_range(name, "memory", side->memory, side->bytes);
    print_range(name, "tcp", tcp, sizeof *tcp);
    print_range(name, "stack", side->stack, sizeof *side->stack);
    print_range(name, "connection", tcp->conns, config->connections * sizeof *tcp->conns);
    print_range(name, "half-open", tcp->halves, (config->half_open + 1) * sizeof *tcp->halves);
    print_range(name, "TIME-WAIT", near_at(tcp, tcp->free_time_waits),
                config->time_wait * sizeof(struct tcp_time_wait));
    print_range(name, "transfer", tcp->transfers.all, config->transfers * sizeof(struct transfer));
    print_range(name, "record", tcp->sents.free, config->sent_segments * sizeof(struct sent));
    print_range(name, "bucket", tcp->buckets, (tcp->bucket_mask + 1) * sizeof *tcp->buckets);
}

int main(int argc, char **argv)
{
    struct options options = {.connections = 1, .window_bytes = 262144, .step_ns = 10000};

    options.ipv6 = argc == 2 && strcmp(argv[1], "--ipv6") == 0;
    world = world_create(&options);
    print_side("client", &world->client);
    print_side("server", &world->server);
    printf("mark lines_mark %llu 0\n", (unsigned long long)(uintptr_t)lines_mark);
    fflush(stdout);
    world_listen(world, accept_all);
    for (unsigned i = 0; i < WARM; i++)
        connect_ask_close();
    for (unsigned i = 0; i < COUNTED_CONNECTIONS; i++) {
        lines_mark();
        connect_ask_close();
    }
    lines_mark();
    world_destroy(world);
    return 0;
}
