/* test_crowd_tcp.c -- slow connections: other TCP clients of a forwarder or a name server are
 * still served (core/shares.h). */
#include "dns_home.h"

enum {
    CROWD = 40
};

struct caller {
    struct leat_tcp *tcp;
    uint8_t bytes[200];
    uint32_t len;
    bool open, over;
};

static struct {
    struct caller all[CROWD];
    struct caller honest;
    unsigned resets;
} crowd;

static void caller_open(struct leat_tcp *conn, void *arg)
{
    struct caller *caller = arg;

    (void)conn;
    caller->open = true;
}

static void caller_readable(struct leat_tcp *conn, void *arg)
{
    struct caller *caller = arg;
    struct leat_buf *payload;

    while ((payload = leat_tcp_receive(conn, 65535))) {
        const uint32_t len = leat_buf_read(payload, 0, caller->bytes + caller->len,
                                           (uint32_t)sizeof caller->bytes - caller->len);

        caller->len += len;
        leat_tcp_consumed(conn, leat_buf_total(payload));
        leat_buf_free(payload);
    }
}

static void caller_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct caller *caller = arg;

    (void)conn;
    (void)why;
    crowd.resets++;
    caller->tcp = NULL;
    caller->over = true;
}

static const struct leat_tcp_events caller_events = {
    .on_open = caller_open, .on_readable = caller_readable, .on_closed = caller_closed};

static void call(struct caller *caller, struct leat *stack, struct leat_ip from, struct leat_ip to)
{
    const struct leat_endpoint server = leat_endpoint_of(to, 53);
    const struct leat_endpoint local = leat_endpoint_of(from, 0);

    memset(caller, 0, sizeof *caller);
    assert_int_equal(leat_tcp_connect(stack, &caller->tcp, &server, &local, &caller_events, caller),
                     LEAT_OK);
    leat_tcp_set_nodelay(caller->tcp, true);
}

static bool is_called_back(struct leat *stack, struct leat_ip from, struct leat_ip to,
                           const char *name)
{
    struct message query;
    uint8_t length[2];
    size_t taken;
    bool served;

    call(&crowd.honest, stack, from, to);
    make_query(&query, name, LEAT_DNS_A, 0);
    put16(length, (uint16_t)query.len);
    leat_tcp_write(crowd.honest.tcp, length, 2, &taken);
    leat_tcp_write(crowd.honest.tcp, query.bytes, query.len, &taken);
    world_wait(home.f->world, 100 * ms);
    served = crowd.honest.len > 2 &&
             strstr(text_of(crowd.honest.bytes + 2, crowd.honest.len - 2), "NOERROR");
    if (crowd.honest.tcp)
        leat_tcp_abort(crowd.honest.tcp);
    world_wait(home.f->world, ms);
    return served;
}

/* 40 connections from @from, each with one byte a second of an endless query, and reopened
 * when they are closed. Returns how many of 30 questions of the well-behaved client were
 * answered. */
static unsigned served_beside_connections(struct leat *stack, struct leat_ip to,
                                          const struct leat_ip *from, unsigned count,
                                          struct leat_ip honest, const char *name)
{
    static const uint8_t query[] = {0, 200, 1};
    unsigned served = 0;

    memset(&crowd, 0, sizeof crowd);
    for (unsigned i = 0; i < 30; i++) {
        for (unsigned j = 0; j < CROWD; j++) {
            struct caller *caller = &crowd.all[j];
            size_t taken;

            if (!caller->tcp)
                call(caller, stack, from[j % count], to);
            else if (caller->open)
                leat_tcp_write(caller->tcp, query + (i > 1 ? 2 : i), 1, &taken);
        }
        world_wait(home.f->world, second);
        served += is_called_back(stack, honest, to, name);
    }
    for (unsigned j = 0; j < CROWD; j++) {
        if (crowd.all[j].tcp)
            leat_tcp_abort(crowd.all[j].tcp);
    }
    world_wait(home.f->world, second);
    return served;
}

static void test_threat_Q18_connections_that_trickle_leave_the_forwarder_to_others(void **state)
{
    static const struct leat_forwarder_config config = {.clients = 16};
    const struct leat_ip from[] = {four(1), four(4)};
    struct fixture *f = *state;
    struct leat *stack = f->world->stacks[SERVER];

    add_address(f, SERVER, four(4));
    world_wait(f->world, 10 * second);
    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    for (unsigned count = 1; count <= 2; count++)
        assert_int_equal(served_beside_connections(stack, CLIENT_IP, from, count, SERVER2_IP,
                                                   "www.example.test"),
                         30);
    assert_true(home.counts->tcp_displaced > 100);
}

static void test_threat_Q18_connections_that_trickle_leave_the_name_server_to_others(void **state)
{
    const struct leat_ip from[] = {four(2), four(4)};
    struct fixture *f = *state;

    home.f = f;
    add_address(f, CLIENT, four(4));
    add_address(f, CLIENT, four(5));
    world_wait(f->world, 10 * second);
    with_server(f);
    for (unsigned count = 1; count <= 2; count++)
        assert_int_equal(served_beside_connections(f->world->stacks[CLIENT], SERVER_IP, from, count,
                                                   four(5), "www.example.test"),
                         30);
    assert_true(leat_dns_server_counts(f->server)->tcp_displaced > 100);
}

static void test_threat_Q15_a_network_of_IPv6_has_one_share_of_the_connections(void **state)
{
    static const struct leat_forwarder_config config = {.clients = 16};
    const struct leat_ip from[] = {six(0, 1), six(0, 3), six(0, 4)};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 3; i++)
        add_address(f, SERVER, from[i]);
    add_address(f, SERVER, six(1, 1));
    add_address(f, CLIENT, six(0, 2));
    add_address(f, CLIENT, six(1, 2));
    world_wait(f->world, 10 * second);
    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    for (unsigned i = 0; i < 12; i++) {
        call(&crowd.all[i], f->world->stacks[SERVER], from[i % 3], six(0, 2));
        world_wait(f->world, 10 * ms);
    }
    assert_int_equal(home.counts->tcp_displaced, 4); /* half of the places belong to the /64 */
    for (unsigned i = 0; i < 12; i++) {
        if (crowd.all[i].tcp)
            leat_tcp_abort(crowd.all[i].tcp);
    }
    world_wait(f->world, second);
    assert_int_equal(served_beside_connections(f->world->stacks[SERVER], six(0, 2), from, 3,
                                               six(1, 1), "www.example.test"),
                     30);
}

/* A slow connection without a crowd is closed, too: a byte is no progress. */
static void test_a_byte_a_second_is_not_enough_to_stay(void **state)
{
    static const struct leat_forwarder_config config = {.clients = 16};
    static const uint8_t byte = 0;
    struct fixture *f = *state;
    size_t taken;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    open_stream();
    for (unsigned i = 0; i < 9; i++) {
        static const uint8_t length = 200;

        leat_tcp_write(home.tcp, i == 1 ? &length : &byte, 1, &taken);
        world_wait(f->world, second);
    }
    assert_false(home.closed);
    world_wait(f->world, 2 * second);
    assert_true(home.closed);
    assert_int_equal(home.counts->tcp_idle, 1);
}

static const struct leat_tcp_events reads_nothing = {.on_closed = caller_closed};

/* Requests 440 KB on one connection, and reads @bytes of them every two seconds. Returns the
 * seconds after which the connection is closed, at most 60. */
static unsigned stays_for(struct fixture *f, uint32_t bytes)
{
    struct caller *caller = &crowd.honest;
    struct message query;
    unsigned past_s = 0;
    uint8_t length[2];
    size_t taken;

    call(caller, f->world->stacks[CLIENT], CLIENT_IP, SERVER_IP);
    leat_tcp_set_events(caller->tcp, &reads_nothing, caller);
    make_query(&query, "huge.example.test", LEAT_DNS_TXT, 0);
    put16(length, (uint16_t)query.len);
    for (unsigned i = 0; i < 100; i++) {
        leat_tcp_write(caller->tcp, length, 2, &taken);
        leat_tcp_write(caller->tcp, query.bytes, query.len, &taken);
    }
    for (; past_s < 60 && caller->tcp; past_s += 2) {
        struct leat_buf *payload = leat_tcp_receive(caller->tcp, bytes);

        if (payload) {
            leat_tcp_consumed(caller->tcp, leat_buf_total(payload));
            leat_buf_free(payload);
        }
        world_wait(f->world, 2 * second);
    }
    if (caller->tcp)
        leat_tcp_abort(caller->tcp);
    world_wait(f->world, second);
    return past_s;
}

/* 4,096 bytes in ten seconds are enough. */
static void test_a_byte_of_a_reply_now_and_then_is_not_enough_to_stay(void **state)
{
    struct fixture *f = *state;

    home.f = f;
    with_server(f);
    assert_int_equal(stays_for(f, 8000), 60);
    assert_int_equal(leat_dns_server_counts(f->server)->tcp_idle, 0);
    assert_in_range(stays_for(f, 300), 8, 30);
    assert_int_equal(leat_dns_server_counts(f->server)->tcp_idle, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(test_threat_Q18_connections_that_trickle_leave_the_forwarder_to_others),
        HOME(test_threat_Q18_connections_that_trickle_leave_the_name_server_to_others),
        BOTH(test_threat_Q15_a_network_of_IPv6_has_one_share_of_the_connections),
        HOME(test_a_byte_a_second_is_not_enough_to_stay),
        HOME(test_a_byte_of_a_reply_now_and_then_is_not_enough_to_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
