/* test_false_server.c -- a server whose replies are too long, truncated, or interrupted. */
#include "dns_lookup.h"

/* The TCP server at port 53. */
struct speaker {
    struct leat_tcp_listener *listener;
    struct message reply; /* to the next query, after its length field; its id is set */
    size_t said;          /* bytes sent before the end */
};

/* By UDP its reply is truncated. */
static void say_truncated(struct liar *liar)
{
    struct message reply = liar->query;

    put16(reply.bytes + 2, DNS_QR | DNS_TC | DNS_RD | DNS_RA);
    say(liar, &reply);
}

/* It has 100 addresses, more than we have offered to accept and than a frame holds. */
static void say_much(struct liar *liar)
{
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;
    struct message reply;
    struct dns_writer writer;

    dns_write_start(&writer, reply.bytes, 2000);
    dns_write_question(&writer, name, LEAT_DNS_A, DNS_CLASS_IN);
    for (uint8_t i = 0; i < 100; i++) {
        const uint8_t rdata[] = {192, 0, 2, i};
        const struct dns_new_record record = {
            .owner = name, .rdata = rdata, .ttl_s = 9, .type = LEAT_DNS_A, .rdata_len = 4};

        dns_write_record(&writer, DNS_ANSWER, &record);
    }
    reply.len = dns_write_end(&writer, get16(liar->query.bytes), DNS_QR | DNS_RD | DNS_RA);
    assert_true(reply.len > 1500);
    say(liar, &reply);
}

/* Sends another reply by TCP, up to `said` bytes. */
static void speak(struct leat_tcp *conn, void *arg)
{
    struct speaker *speaker = arg;
    struct leat_buf *text = leat_tcp_receive(conn, 65535);
    uint8_t query[512];
    size_t taken;

    if (!text || leat_buf_total(text) < 2 + DNS_HEADER_BYTES) {
        leat_buf_free(text);
        return;
    }
    leat_buf_read(text, 0, query, sizeof query);
    leat_tcp_consumed(conn, leat_buf_total(text));
    leat_buf_free(text);
    memcpy(speaker->reply.bytes + 2, query + 2, 2);
    leat_tcp_write(conn, speaker->reply.bytes, speaker->said, &taken);
    leat_tcp_close(conn);
}

static const struct leat_tcp_events speaker_events = {.on_readable = speak};

static void accept_one(struct leat_tcp_listener *listener, void *arg)
{
    leat_tcp_accept(listener, &speaker_events, arg);
}

/* A lookup fails after two rounds. */
static void open_patient_resolver(struct fixture *f)
{
    const struct leat_resolver_config config = {
        .servers = {{.ip = SERVER_IP}}, .server_count = 1, .rounds = 2};

    open_resolver(f, &config);
}

static void open_false_server(struct fixture *f, struct speaker *speaker)
{
    const struct leat_tcp_listen_config config = {
        .port = 53, .on_acceptable = accept_one, .arg = speaker};
    struct message *reply = &speaker->reply;

    with_liar(f, say_truncated);
    assert_int_equal(leat_tcp_listen(f->world->stacks[SERVER], &speaker->listener, &config),
                     LEAT_OK);
    make_query(reply, "www.example.test", LEAT_DNS_A, 0);
    memmove(reply->bytes + 2, reply->bytes, reply->len);
    put16(reply->bytes, (uint16_t)reply->len);
    put16(reply->bytes + 4, DNS_QR | DNS_RD | DNS_RA | LEAT_DNS_SERVFAIL);
    speaker->said = 2 + reply->len;
    open_patient_resolver(f);
}

/* The outcome of a lookup of the false server's name. */
static enum leat_err fate_of_a_lookup(struct fixture *f, struct speaker *speaker)
{
    const enum leat_err err = look_up(f, "www.example.test", LEAT_DNS_A)->err;

    leat_tcp_listener_close(speaker->listener);
    return err;
}

static void test_threat_N7_reply_in_fragments_is_not_believed(void **state)
{
    struct fixture *f = *state;

    with_liar(f, say_much);
    open_patient_resolver(f);
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_REFUSED);
    assert_int_equal(leat_stats(f->world->stacks[CLIENT])->ip_reassembled, 1);
    assert_int_equal(f->counts->drop_fragmented, 1);
    assert_int_equal(f->counts->tcp_queries, 1); /* the port is closed */
    assert_int_equal(f->counts->replies, 0);
}

static void test_a_server_that_hangs_up_in_its_reply_is_left(void **state)
{
    struct fixture *f = *state;
    struct speaker speaker;

    open_false_server(f, &speaker);
    speaker.said = 10;
    assert_int_equal(fate_of_a_lookup(f, &speaker), LEAT_ERR_SERVERS);
    assert_int_equal(f->counts->servers_failed, 1);
}

/* On a TCP connection the reply must be the server's own: waiting is useless. */
static void test_a_server_that_answers_something_else_by_TCP_is_left(void **state)
{
    struct fixture *f = *state;
    struct speaker speaker;

    open_false_server(f, &speaker);
    put16(speaker.reply.bytes + 6, 0); /* no question */
    assert_int_equal(fate_of_a_lookup(f, &speaker), LEAT_ERR_SERVERS);
    assert_int_equal(f->counts->drop_foreign, 1);
}

/* The reply is truncated, and no connection is available: the next round asks again. */
static void test_no_connection_for_a_long_reply_is_waited_out(void **state)
{
    static const struct leat_tcp_events none = {0};
    struct fixture *f = *state;
    const struct leat_endpoint server = leat_endpoint_of(SERVER_IP, 54); /* a closed port */
    struct speaker speaker;
    struct leat_tcp *conn;

    open_false_server(f, &speaker);
    while (leat_tcp_connect(f->world->stacks[CLIENT], &conn, &server, NULL, &none, NULL) == LEAT_OK)
        ;
    assert_int_not_equal(fate_of_a_lookup(f, &speaker), LEAT_OK);
    assert_true(f->counts->truncated >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_threat_N7_reply_in_fragments_is_not_believed),
        TEST(test_a_server_that_hangs_up_in_its_reply_is_left),
        TEST(test_a_server_that_answers_something_else_by_TCP_is_left),
        TEST(test_no_connection_for_a_long_reply_is_waited_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
