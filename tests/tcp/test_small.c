/* test_small.c -- a server with leat_small_config() serves as many connections at a time as that
 * configuration allows. */
#include "unit.h"

#include <leat/leat.h>
#include <leat/link.h>

enum {
    CONNECTIONS = 8,
    BYTES = 20000, /* sent each way on a connection: more than all buffers hold */
    SERVER = 0,
    CLIENT = 1
};

static const uint64_t second = 1000000000;

struct caller {
    struct leat_tcp *conn;
    uint32_t sent, echoed;
    bool over;
    bool is_right;
};

static struct caller callers[CONNECTIONS];

static uint8_t pattern(uint32_t at)
{
    return (uint8_t)(at * 31 >> 3);
}

static void echo_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data = leat_tcp_receive(conn, leat_tcp_send_room(conn));
    const uint32_t len = leat_buf_total(data);

    (void)arg;
    if (data && leat_tcp_send(conn, data) == LEAT_OK)
        leat_tcp_consumed(conn, len);
    if (leat_tcp_at_end(conn))
        leat_tcp_shutdown(conn);
}

static void echo_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events events = {.on_readable = echo_readable,
                                                  .on_writable = echo_readable};

    while (leat_tcp_accept(listener, &events, arg)) {
    }
}

static void say_more(struct caller *caller)
{
    while (caller->sent < BYTES) {
        uint8_t bytes[500];
        size_t written = 0;
        uint32_t len = 0;

        while (len < sizeof bytes && caller->sent + len < BYTES) {
            bytes[len] = pattern(caller->sent + len);
            len++;
        }
        leat_tcp_write(caller->conn, bytes, len, &written);
        caller->sent += (uint32_t)written;
        if (written < len)
            return;
    }
    leat_tcp_shutdown(caller->conn);
}

static void caller_ready(struct leat_tcp *conn, void *arg)
{
    struct caller *caller = arg;
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    for (const struct leat_buf *piece = data; piece; piece = piece->next) {
        for (uint32_t i = 0; i < piece->len; i++)
            caller->is_right &= piece->data[i] == pattern(caller->echoed++);
    }
    leat_buf_free(data);
    leat_tcp_consumed(conn, len);
    if (caller->sent < BYTES)
        say_more(caller);
}

static void caller_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct caller *caller = arg;

    (void)conn;
    assert_int_equal(why, LEAT_OK);
    caller->over = true;
}

static const struct leat_tcp_events caller_events = {.on_open = caller_ready,
                                                     .on_readable = caller_ready,
                                                     .on_writable = caller_ready,
                                                     .on_closed = caller_closed};

static struct leat *make_stack(struct leat_netif *netif, struct leat_config config,
                               const struct leat_tcp_config *tcp, struct leat_ip ip, void **memory)
{
    const size_t bytes = leat_memory_bytes(&config) + leat_tcp_memory_bytes(tcp);
    struct leat *stack;

    *memory = malloc(bytes);
    config.seed[0] = ip.bytes[15];
    assert_int_equal(leat_init(&stack, *memory, bytes, &config), LEAT_OK);
    assert_int_equal(leat_attach(stack, netif), LEAT_OK);
    assert_int_equal(leat_address_add(stack, netif, ip, 24), LEAT_OK);
    assert_int_equal(leat_tcp_register(stack, tcp), LEAT_OK);
    return stack;
}

static bool all_over(void)
{
    bool over = true;

    for (unsigned i = 0; i < CONNECTIONS; i++)
        over &= callers[i].over;
    return over;
}

static void run(struct leat *stacks[2], struct leat_link *link)
{
    uint64_t now_ns = second;

    while (!all_over() && now_ns < 600 * second) {
        uint64_t next_ns = LEAT_NEVER_NS;

        for (int end = 0; end < 2; end++) {
            const uint64_t wants_ns = leat_poll(stacks[end], now_ns);

            next_ns = wants_ns < next_ns ? wants_ns : next_ns;
        }
        for (int end = 0; end < 2; end++) {
            struct leat_netif *netif = leat_link_end(link, end);
            const uint64_t look_ns = netif->ops->next_look_ns(netif, now_ns);

            next_ns = look_ns < next_ns ? look_ns : next_ns;
        }
        now_ns = next_ns > now_ns ? next_ns : now_ns;
    }
}

static void eight_connections_at_once_get_all_their_data_back(void **state)
{
    const struct leat_tcp_config tcp = leat_tcp_small_config(CONNECTIONS);
    const struct leat_tcp_listen_config listen = {.port = 7, .on_acceptable = echo_acceptable};
    void *memory[3] = {malloc(leat_link_memory_bytes(64, 1514))};
    struct leat_link *link = leat_link_init(memory[0], 64, 1514, 1);
    struct leat_tcp_listener *listener;
    struct leat *stacks[2];

    (void)state;
    stacks[SERVER] = make_stack(leat_link_end(link, SERVER), leat_small_config(), &tcp,
                                LEAT_IP4(10, 0, 0, 1), &memory[1]);
    stacks[CLIENT] = make_stack(leat_link_end(link, CLIENT), (struct leat_config){0}, NULL,
                                LEAT_IP4(10, 0, 0, 2), &memory[2]);
    assert_int_equal(leat_tcp_listen(stacks[SERVER], &listener, &listen), LEAT_OK);
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        const struct leat_endpoint server = {.ip = LEAT_IP4(10, 0, 0, 1), .port = 7};

        callers[i] = (struct caller){.is_right = true};
        assert_int_equal(leat_tcp_connect(stacks[CLIENT], &callers[i].conn, &server, NULL,
                                          &caller_events, &callers[i]),
                         LEAT_OK);
    }
    run(stacks, link);
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        assert_int_equal(callers[i].echoed, BYTES);
        assert_true(callers[i].is_right && callers[i].over);
    }
    for (unsigned i = 0; i < 2; i++)
        leat_close(stacks[i]);
    for (unsigned i = 0; i < 3; i++)
        free(memory[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_connections_at_once_get_all_their_data_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
