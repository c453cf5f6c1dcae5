/* test_told_server.c -- a name server tells its program of each query once, when its reply is
 * queued or lost. */
#include "served.h"
#include "told.h"

#include "proto/dns/dns_told.h"

static int set_up_server(void **state)
{
    seen_count = 0;
    return set_up_served(state);
}

/* Sends it to the server; the reply is in f->got. */
static void send_bytes(struct served *f, const uint8_t *bytes, size_t len)
{
    const struct leat_endpoint server = leat_endpoint_of(SERVER_IP, 53);
    struct leat_pool *pool = leat_pool(f->world->stacks[CLIENT]);

    f->got.len = 0;
    assert_int_equal(leat_udp_send_to(f->udp, leat_buf_copy(pool, bytes, (uint32_t)len), &server),
                     LEAT_OK);
    world_wait(f->world, ms);
}

static void send_question(struct served *f, const char *name, uint16_t type, uint16_t edns_bytes)
{
    struct message query;

    make_query(&query, name, type, edns_bytes);
    send_bytes(f, query.bytes, query.len);
}

static const struct leat_dns_server_config told_server = {.on_access = on_access,
                                                          .on_access_arg = seen};

static void each_reply_of_a_zone_is_told_with_its_length(void **state)
{
    static const struct {
        const char *name;
        uint16_t type;
        const char *line;
    } cases[] = {
        {"wWw.example.test", LEAT_DNS_A, "udp A wWw.example.test. NOERROR zone"},
        {"www.example.test", 65280, "udp TYPE65280 www.example.test. NOERROR zone"},
        {"no.example.test", LEAT_DNS_AAAA, "udp AAAA no.example.test. NXDOMAIN zone"},
        {"x.sub.example.test", LEAT_DNS_A, "udp A x.sub.example.test. NOERROR zone"},
        {"a\\.b\\007.example.test", LEAT_DNS_MX, "udp MX a\\.b\\007.example.test. NXDOMAIN zone"},
        {"www.elsewhere.test", LEAT_DNS_A, "udp A www.elsewhere.test. REFUSED refused"},
        {"example.test", DNS_TYPE_AXFR, "udp TYPE252 example.test. REFUSED refused"},
        {"example.test", DNS_TYPE_META, "udp TYPE249 example.test. NOTIMP refused"},
        {".", LEAT_DNS_NS, "udp NS . REFUSED refused"},
    };
    struct served *f = *state;

    open_server(f, told_server);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        send_question(f, cases[i].name, cases[i].type, i % 2 ? 1232 : 0);
        assert_told(i + 1, cases[i].line);
        assert_int_equal(last()->access.reply_bytes, f->got.len);
        assert_int_equal(last()->access.took_ns, 0);
        assert_int_equal(last()->access.extended_error, 0);
        assert_true(leat_ip_equal(last()->access.peer, CLIENT_IP));
    }
    assert_int_equal(f->counts->replies, seen_count);
}

/* Rcodes above 15 are in the OPT record. */
static void a_query_without_a_legal_question_is_told_without_a_name(void **state)
{
    struct served *f = *state;
    struct message query;

    open_server(f, told_server);
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    query.bytes[5] = 2; /* QDCOUNT */
    send_bytes(f, query.bytes, query.len);
    assert_told(1, "udp - - FORMERR refused");
    make_query(&query, "www.example.test", LEAT_DNS_A, 1232);
    query.bytes[query.len - 5] = 1; /* the version of EDNS */
    send_bytes(f, query.bytes, query.len);
    assert_told(2, "udp A www.example.test. BADVERS refused");
    /* cookies without a question: of a client alone, and with a server's part that isn't ours */
    send_bytes(f, BYTES("\0\1\1\0\0\0\0\0\0\0\0\1\0\0\51\4\320\0\0\0\0\0\14\0\12\0\10"
                        "client00"));
    assert_told(3, "udp - - NOERROR cookie");
    send_bytes(f, BYTES("\0\1\1\0\0\0\0\0\0\0\0\1\0\0\51\4\320\0\0\0\0\0\34\0\12\0\30"
                        "client00server00server00"));
    assert_told(4, "udp - - BADCOOKIE cookie");
}

static void what_gets_no_reply_is_not_told(void **state)
{
    struct served *f = *state;

    open_server(f, told_server);
    send_bytes(f, BYTES("\0\1\1\0\0\1\0\0\0\0\0\0garbage"));
    send_bytes(f, BYTES("short"));
    send_bytes(f, BYTES("\0\1\201\0\0\1\0\0\0\0\0\0\0\0\1\0\1")); /* a reply */
    assert_int_equal(f->counts->drop_format, 3);
    assert_int_equal(seen_count, 0);
}

/* Such a query has its reply, FORMERR, but no name. */
static void a_question_that_is_illegal_has_no_name(void **state)
{
    struct dns_told told = {.on_access = on_access};

    (void)state;
    assert_false(dns_told_question(&told, BYTES("\0\1\1\0\0\2\0\0\0\0\0\0garbage")));
    assert_null(told.access.name);
    assert_false(dns_told_question(&told, BYTES("short")));
    assert_true(dns_told_question(&told, BYTES("\0\1\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1")));
    assert_int_equal(told.access.name->len, 3);
}

static void over_the_rate_only_the_questions_that_come_back_are_told(void **state)
{
    struct leat_dns_server_config config = told_server;
    struct served *f = *state;

    config.replies_per_s = 5;
    open_server(f, config);
    for (unsigned i = 0; i < 25; i++)
        send_question(f, "www.example.test", LEAT_DNS_A, 0);
    assert_true(f->counts->rate_slipped > 5 && f->counts->rate_dropped > 5);
    assert_int_equal(seen_count, f->counts->replies);
    for (unsigned i = 0; i < seen_count; i++)
        assert_string_equal(line_of(&seen[i]), i < 5 ? "udp A www.example.test. NOERROR zone"
                                                     : "udp A www.example.test. NOERROR limited");
}

/* A client by TCP that may stop reading. */
struct reader {
    struct leat_tcp *conn;
    bool is_open, holds, is_closed;
    size_t have;
};

static void reader_open(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    ((struct reader *)arg)->is_open = true;
}

static void reader_read(struct leat_tcp *conn, void *arg)
{
    struct reader *reader = arg;
    struct leat_buf *data;

    while (!reader->holds && (data = leat_tcp_receive(conn, 65535))) {
        const uint32_t len = leat_buf_total(data);

        reader->have += len;
        leat_buf_free(data);
        leat_tcp_consumed(conn, len);
    }
}

static void reader_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    ((struct reader *)arg)->is_closed = true;
}

static void open_reader(struct served *f, struct reader *reader)
{
    static const struct leat_tcp_events events = {
        .on_open = reader_open, .on_readable = reader_read, .on_closed = reader_closed};
    const struct leat_endpoint server = leat_endpoint_of(SERVER_IP, 53);

    assert_int_equal(
        leat_tcp_connect(f->world->stacks[CLIENT], &reader->conn, &server, NULL, &events, reader),
        LEAT_OK);
    assert_true(world_run(f->world, &reader->is_open, second));
}

static void write_question(struct reader *reader, const char *name, uint16_t type)
{
    struct message query;
    uint8_t length[2];
    size_t taken = 0;

    make_query(&query, name, type, 0);
    put16(length, (uint16_t)query.len);
    assert_int_equal(leat_tcp_write(reader->conn, length, sizeof length, &taken), LEAT_OK);
    assert_int_equal(leat_tcp_write(reader->conn, query.bytes, query.len, &taken), LEAT_OK);
}

static void leave(struct served *f, struct reader *reader)
{
    if (!reader->is_closed)
        leat_tcp_abort(reader->conn);
    assert_true(world_run(f->world, &reader->is_closed, second));
    world_wait(f->world, 100 * ms);
}

static void a_reply_by_TCP_is_told_when_it_is_queued_whole(void **state)
{
    struct reader reader = {.holds = false};
    struct served *f = *state;

    open_server(f, told_server);
    open_reader(f, &reader);
    write_question(&reader, "www.example.test", LEAT_DNS_A);
    write_question(&reader, "no.example.test", LEAT_DNS_TXT);
    world_wait(f->world, 100 * ms);
    assert_told(2, "tcp TXT no.example.test. NXDOMAIN zone");
    assert_string_equal(line_of(&seen[0]), "tcp A www.example.test. NOERROR zone");
    assert_int_equal(seen[0].access.reply_bytes + seen[1].access.reply_bytes + 2 * 2, reader.have);
    leave(f, &reader);
    assert_int_equal(seen_count, 2);
}

/* Asks until a reply is stuck behind those that the client doesn't read; returns how many are
 * told. */
static unsigned fill(struct served *f, struct reader *reader)
{
    unsigned asked = 0;

    reader->holds = true;
    open_reader(f, reader);
    do {
        write_question(reader, "walias.walias.example.test", LEAT_DNS_A);
        asked++;
        world_wait(f->world, 100 * ms);
        assert_true(asked < SEEN_MAX);
    } while (seen_count == asked);
    assert_int_equal(seen_count, asked - 1);
    return seen_count;
}

/* Serves f->zone. */
static void start(struct served *f)
{
    struct leat_dns_server_config config = told_server;
    const size_t bytes = leat_dns_server_memory_bytes(&config);

    config.zones = (struct leat_dns_zones){.list = &f->zone, .count = 1};
    if (!f->server_memory)
        f->server_memory = malloc(bytes);
    assert_int_equal(leat_dns_server_open(&f->server, f->world->stacks[SERVER], f->server_memory,
                                          bytes, &config),
                     LEAT_OK);
    f->counts = leat_dns_server_counts(f->server);
}

/* A zone with one long set. */
static void open_long(struct served *f)
{
    static char text[20000];
    char *at = text + sprintf(text, "$ORIGIN example.test.\n$TTL 1h\n@ SOA a b 1 2 3 4 5\n NS a\n");

    for (unsigned i = 0; i < 500; i++)
        at += sprintf(at, "*.walias A 10.1.%u.%u\n", i / 250, i % 250);
    f->world = world_create();
    f->zone = zone_of(text, &f->zone_memory);
    start(f);
    assert_int_equal(leat_udp_open(f->world->stacks[CLIENT], &f->udp, &datagrams_events, &f->got),
                     LEAT_OK);
}

static void a_slow_reader_makes_a_query_last(void **state)
{
    struct reader reader = {.holds = false};
    struct served *f = *state;
    unsigned told;

    open_long(f);
    told = fill(f, &reader);
    world_wait(f->world, 3 * second);
    assert_int_equal(seen_count, told);
    reader.holds = false;
    reader_read(reader.conn, &reader);
    world_wait(f->world, second);
    assert_told(told + 1, "tcp A walias.walias.example.test. NOERROR zone");
    assert_in_range(last()->access.took_ns, 3 * second, 4 * second);
    leave(f, &reader);
}

static void a_query_whose_client_leaves_is_told_as_lost(void **state)
{
    struct reader reader = {.holds = false};
    struct served *f = *state;
    unsigned told;

    open_long(f);
    told = fill(f, &reader);
    leave(f, &reader);
    assert_told(told + 1, "tcp A walias.walias.example.test. lost zone");
    assert_int_equal(f->counts->tcp_queries, told);
}

static void a_server_that_is_closed_tells_nothing(void **state)
{
    struct reader reader = {.holds = false};
    struct served *f = *state;
    unsigned told;

    open_long(f);
    told = fill(f, &reader);
    leat_dns_server_close(f->server);
    assert_true(world_run(f->world, &reader.is_closed, second));
    assert_int_equal(seen_count, told);
    start(f); /* for the end of the test */
}

#define TOLD(name) cmocka_unit_test_setup_teardown(name, set_up_server, tear_down_served)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOLD(each_reply_of_a_zone_is_told_with_its_length),
        TOLD(a_query_without_a_legal_question_is_told_without_a_name),
        TOLD(what_gets_no_reply_is_not_told),
        cmocka_unit_test(a_question_that_is_illegal_has_no_name),
        TOLD(over_the_rate_only_the_questions_that_come_back_are_told),
        TOLD(a_reply_by_TCP_is_told_when_it_is_queued_whole),
        TOLD(a_slow_reader_makes_a_query_last),
        TOLD(a_query_whose_client_leaves_is_told_as_lost),
        TOLD(a_server_that_is_closed_tells_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
