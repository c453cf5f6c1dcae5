/* test_upstream.c -- connections to servers that stay open, and the fastest server first. */
#include "dns_lookup.h"

enum {
    HEARD_MAX = 16
};

/* A TCP server whose replies a test controls. */
struct slow_server {
    struct leat_tcp_listener *listener;
    struct leat_tcp *conn;
    unsigned connections;
    struct message heard[HEARD_MAX]; /* queries, without their length fields */
    unsigned count;
    uint8_t bytes[4096];
    size_t have;
};

static struct slow_server tcp_server;
static struct outcome outcomes[HEARD_MAX];

static void hear(struct leat_tcp *conn, void *arg)
{
    struct slow_server *server = arg;
    struct leat_buf *text = leat_tcp_receive(conn, 4096);
    size_t len;

    server->have += leat_buf_read(text, 0, server->bytes + server->have, leat_buf_total(text));
    leat_tcp_consumed(conn, leat_buf_total(text));
    leat_buf_free(text);
    while (server->have >= 2 && server->have >= 2 + (len = get16(server->bytes))) {
        struct message *query = &server->heard[server->count++];

        assert_true(server->count <= HEARD_MAX);
        query->len = len;
        memcpy(query->bytes, server->bytes + 2, len);
        server->have -= 2 + len;
        memmove(server->bytes, server->bytes + 2 + len, server->have);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static void conn_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    ((struct slow_server *)arg)->conn = NULL;
}

static void accept_one(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events events = {.on_readable = hear, .on_closed = conn_closed};
    struct slow_server *server = arg;

    server->conn = leat_tcp_accept(listener, &events, server);
    server->connections++;
    server->have = 0;
}

/* Replies by UDP are truncated. */
static void say_truncated(struct liar *liar)
{
    struct message reply = liar->query;

    put16(reply.bytes + 2, DNS_QR | DNS_TC | DNS_RD | DNS_RA);
    say(liar, &reply);
}

static void with_slow_server(struct fixture *f)
{
    const struct leat_tcp_listen_config listen = {
        .port = 53, .on_acceptable = accept_one, .arg = &tcp_server};

    memset(&tcp_server, 0, sizeof tcp_server);
    memset(outcomes, 0, sizeof outcomes);
    with_liar(f, say_truncated);
    assert_int_equal(leat_tcp_listen(f->world->stacks[SERVER], &tcp_server.listener, &listen),
                     LEAT_OK);
    open_plain_resolver(f, 1);
}

static void ask(struct fixture *f, unsigned i)
{
    char text[40];
    struct leat_dns_name name;

    sprintf(text, "n%u.example.test", i);
    name = name_of(text);
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &outcomes[i], NULL),
                     LEAT_OK);
}

/* Answers received query @i with 192.0.2.@last. */
static void answer_tcp(const struct fixture *f, unsigned i, uint8_t last)
{
    struct liar liar = {.world = f->world, .query = tcp_server.heard[i]};
    const struct message *reply = make_reply(&liar, LEAT_DNS_NOERROR, last);
    uint8_t bytes[600];
    size_t taken;

    put16(bytes, (uint16_t)reply->len);
    memcpy(bytes + 2, reply->bytes, reply->len);
    assert_int_equal(leat_tcp_write(tcp_server.conn, bytes, 2 + reply->len, &taken), LEAT_OK);
    assert_int_equal(taken, 2 + reply->len);
}

/* The number in the name of received query @i. */
static unsigned number_in(unsigned i)
{
    return tcp_server.heard[i].bytes[DNS_HEADER_BYTES + 2] - (unsigned)'0';
}

static void assert_outcome(unsigned i, uint8_t last)
{
    char records[80];

    assert_int_equal(outcomes[i].calls, 1);
    assert_int_equal(outcomes[i].err, LEAT_OK);
    sprintf(records, "192.0.2.%u\n", last);
    assert_non_null(strstr(outcomes[i].records, records));
}

/* No wait for an ACK either (RFC 7766 6.2.1.1): the wire takes 50 ms each way. */
static void a_question_does_not_wait_for_the_answer_to_another(void **state)
{
    const struct leat_link_faults far_away = {.delay_ns = 50 * ms};
    struct fixture *f = *state;

    with_slow_server(f);
    for (int end = 0; end < 2; end++)
        leat_link_set_faults(f->world->link, end, &far_away);
    ask(f, 0);
    world_wait(f->world, second);
    assert_int_equal(tcp_server.count, 1);
    ask(f, 1);
    world_wait(f->world, 10 * ms);
    ask(f, 2);
    world_wait(f->world, 160 * ms); /* UDP both ways, TCP one way */
    assert_int_equal(tcp_server.count, 3);
}

static void questions_share_a_connection_and_replies_come_in_any_order(void **state)
{
    struct fixture *f = *state;

    with_slow_server(f);
    for (unsigned i = 0; i < 4; i++)
        ask(f, i);
    world_wait(f->world, 300 * ms);
    assert_int_equal(tcp_server.connections, 1);
    assert_int_equal(tcp_server.count, 4); /* pipelined: no wait for replies */
    for (unsigned i = 4; i-- > 0;)
        answer_tcp(f, i, (uint8_t)(10 + number_in(i)));
    world_wait(f->world, 300 * ms);
    for (unsigned i = 0; i < 4; i++)
        assert_outcome(i, (uint8_t)(10 + i));
    assert_int_equal(f->counts->tcp_queries, 4);
    assert_int_equal(f->counts->tcp_connections, 1);
    leat_tcp_listener_close(tcp_server.listener);
}

static void a_connection_is_kept_for_a_while_and_then_closed(void **state)
{
    struct fixture *f = *state;

    with_slow_server(f);
    for (unsigned i = 0; i < 3; i++) {
        ask(f, i);
        world_wait(f->world, 300 * ms);
        answer_tcp(f, i, (uint8_t)i + 1);
        world_wait(f->world, (i == 1 ? 11 : 9) * second); /* tcp_idle_ns is 10 s */
        assert_outcome(i, (uint8_t)i + 1);
        assert_int_equal(tcp_server.conn != NULL, i != 1);
        assert_int_equal(tcp_server.connections, i == 2 ? 2 : 1);
    }
    leat_tcp_listener_close(tcp_server.listener);
}

/* RFC 7766 6.2.4 */
static void questions_that_a_closing_server_left_unanswered_are_asked_once_more(void **state)
{
    struct fixture *f = *state;

    with_slow_server(f);
    ask(f, 0);
    world_wait(f->world, 300 * ms);
    answer_tcp(f, 0, 1);
    world_wait(f->world, 300 * ms);
    ask(f, 1);
    ask(f, 2);
    world_wait(f->world, 300 * ms);
    assert_int_equal(tcp_server.count, 3);
    leat_tcp_abort(tcp_server.conn);
    world_wait(f->world, 500 * ms);
    assert_int_equal(tcp_server.connections, 2);
    assert_int_equal(tcp_server.count, 5);
    answer_tcp(f, 3, (uint8_t)(1 + number_in(3)));
    leat_tcp_close(tcp_server.conn); /* an orderly close; but one query is repeated already */
    world_wait(f->world, second);
    assert_outcome(number_in(3), (uint8_t)(1 + number_in(3)));
    assert_int_equal(tcp_server.connections, 2);
    assert_int_equal(outcomes[number_in(4)].err, LEAT_ERR_SERVERS);
    leat_tcp_listener_close(tcp_server.listener);
}

/* A silent server delays only the queries on its connection: the next try opens another.
 */
static void a_silent_connection_is_given_up(void **state)
{
    struct fixture *f = *state;

    with_slow_server(f);
    ask(f, 0);
    world_wait(f->world, 300 * ms);
    assert_int_equal(tcp_server.count, 1);
    world_wait(f->world, 2 * second);
    assert_int_equal(outcomes[0].calls, 0);
    assert_int_equal(tcp_server.connections, 2); /* the second round begins by UDP */
    assert_int_equal(tcp_server.count, 2);
    answer_tcp(f, 1, 7);
    world_wait(f->world, 300 * ms);
    assert_outcome(0, 7);
    leat_tcp_listener_close(tcp_server.listener);
}

/* All TCP entries are in use: the question is sent as soon as one is free. */
static void without_a_connection_a_question_waits(void **state)
{
    const struct leat_endpoint nobody = leat_endpoint_of(LEAT_IP4(10, 0, 0, 77), 9);
    static struct leat_tcp *conns[8192];
    struct fixture *f = *state;
    struct leat *stack = f->world->stacks[CLIENT];
    unsigned count = 0;

    with_slow_server(f);
    while (count < 8192 &&
           leat_tcp_connect(stack, &conns[count], &nobody, NULL, NULL, NULL) == LEAT_OK)
        count++;
    assert_in_range(count, 1, 8191);
    ask(f, 0);
    world_wait(f->world, 300 * ms);
    assert_int_equal(tcp_server.connections, 0);
    while (count > 0)
        leat_tcp_abort(conns[--count]);
    world_wait(f->world, 100 * ms);
    assert_int_equal(outcomes[0].calls, 0);
    assert_in_range(f->counts->unsent, 10, 20);
    assert_int_equal(tcp_server.count, 1);
    answer_tcp(f, 0, 7);
    world_wait(f->world, 300 * ms);
    assert_outcome(0, 7);
    leat_tcp_listener_close(tcp_server.listener);
}

static void a_reply_too_long_ends_its_question_alone(void **state)
{
    static uint8_t huge[2 + 6000];
    struct fixture *f = *state;
    size_t taken;

    with_slow_server(f);
    ask(f, 0);
    ask(f, 1);
    world_wait(f->world, 300 * ms);
    put16(huge, sizeof huge - 2);
    memcpy(huge + 2, tcp_server.heard[0].bytes, tcp_server.heard[0].len);
    assert_int_equal(leat_tcp_write(tcp_server.conn, huge, sizeof huge, &taken), LEAT_OK);
    assert_int_equal(taken, sizeof huge);
    world_wait(f->world, 300 * ms);
    answer_tcp(f, 1, 9);
    world_wait(f->world, 300 * ms);
    assert_int_equal(outcomes[number_in(0)].err, LEAT_ERR_TOO_BIG);
    assert_outcome(number_in(1), 9);
    assert_int_equal(tcp_server.connections, 1);
    leat_tcp_listener_close(tcp_server.listener);
}

static void close_resolver(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct fixture *f = arg;

    (void)err;
    (void)result;
    leat_resolver_close(f->resolver);
    memset(f->resolver_memory, 0xa5, 2000); /* the memory must not be used any more */
    f->resolver = NULL;
}

/* Two replies are in one segment; the callback of the first closes the resolver. */
static void a_resolver_may_be_closed_while_replies_are_read(void **state)
{
    struct fixture *f = *state;
    struct leat_dns_name name = name_of("n1.example.test");

    with_slow_server(f);
    ask(f, 0);
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, close_resolver, f, NULL),
                     LEAT_OK);
    world_wait(f->world, 300 * ms);
    assert_int_equal(tcp_server.count, 2);
    answer_tcp(f, number_in(0) == 1 ? 0 : 1, 1);
    answer_tcp(f, number_in(0) == 1 ? 1 : 0, 1);
    world_wait(f->world, 300 * ms);
    assert_null(f->resolver);
    assert_int_equal(outcomes[0].calls, 0);
    leat_tcp_listener_close(tcp_server.listener);
}

/* ---- the fastest first -------------------------------------------------------------------- */

static void only_the_second_answers(struct liar *liar)
{
    if (leat_ip_equal(liar->local_ip, SERVER2_IP))
        say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static unsigned asked_of(const struct liar *liar, struct leat_ip ip)
{
    unsigned count = 0;

    for (unsigned i = 0; i < liar->count; i++)
        count += leat_ip_equal(liar->seen[i].to, ip);
    return count;
}

static void the_fastest_server_is_asked_first(void **state)
{
    const struct leat_resolver_config config = {.servers = {{.ip = SERVER_IP}, {.ip = SERVER2_IP}},
                                                .server_count = 2,
                                                .lookups = 4,
                                                .fastest_first = true};
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, only_the_second_answers);

    open_resolver(f, &config);
    for (unsigned i = 0; i < 30; i++)
        look_up(f, "www.example.test", LEAT_DNS_A);
    assert_int_equal(asked_of(liar, SERVER_IP), 1); /* its silence is remembered */
    assert_int_equal(asked_of(liar, SERVER2_IP), 30);
    assert_int_equal(f->counts->timeouts, 1);
}

static void a_server_whose_port_is_closed_is_asked_first_once(void **state)
{
    const struct leat_resolver_config config = {
        .servers = {{.ip = SERVER_IP, .port = 99}, {.ip = SERVER2_IP}},
        .server_count = 2,
        .lookups = 4,
        .fastest_first = true};
    struct fixture *f = *state;

    with_liar(f, only_the_second_answers);
    open_resolver(f, &config);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_OK);
    assert_int_equal(f->counts->servers_failed, 1); /* other queries don't wait for it */
}

static void without_that_the_list_is_the_order(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, only_the_second_answers);

    open_plain_resolver(f, 2);
    for (unsigned i = 0; i < 5; i++)
        look_up(f, "www.example.test", LEAT_DNS_A);
    assert_int_equal(asked_of(liar, SERVER_IP), 5);
    assert_int_equal(asked_of(liar, SERVER2_IP), 5);
}

/* A server's delay shrinks by a 32nd with each query: after some hundreds it is tried again.
 */
static void a_server_that_was_silent_once_gets_another_chance(void **state)
{
    const struct leat_resolver_config config = {.servers = {{.ip = SERVER_IP}, {.ip = SERVER2_IP}},
                                                .server_count = 2,
                                                .lookups = 4,
                                                .fastest_first = true};
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, only_the_second_answers);
    unsigned queries = 0;

    open_resolver(f, &config);
    look_up(f, "www.example.test", LEAT_DNS_A);
    assert_int_equal(asked_of(liar, SERVER_IP), 1);
    do {
        liar->count = 0;
        look_up(f, "www.example.test", LEAT_DNS_A);
    } while (asked_of(liar, SERVER_IP) == 0 && queries++ < 2000);
    assert_in_range(queries, 50, 1999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_question_does_not_wait_for_the_answer_to_another),
        TEST(questions_share_a_connection_and_replies_come_in_any_order),
        TEST(a_connection_is_kept_for_a_while_and_then_closed),
        TEST(questions_that_a_closing_server_left_unanswered_are_asked_once_more),
        TEST(a_silent_connection_is_given_up),
        TEST(without_a_connection_a_question_waits),
        TEST(a_reply_too_long_ends_its_question_alone),
        TEST(a_resolver_may_be_closed_while_replies_are_read),
        TEST(the_fastest_server_is_asked_first),
        TEST(a_server_whose_port_is_closed_is_asked_first_once),
        TEST(without_that_the_list_is_the_order),
        TEST(a_server_that_was_silent_once_gets_another_chance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
