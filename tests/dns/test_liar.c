/* test_liar.c -- wrong replies from a server or an attacker: none is believed.
 */
#include "dns_lookup.h"

#include "ip/icmp.h"
#include "udp/ports.h"

/* The truth comes after @lies, and is the only result. */
static void assert_truth_behind(struct fixture *f, void (*lies)(struct liar *))
{
    with_liar(f, lies);
    open_plain_resolver(f, 1);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.8\n");
}

static void wrong_id_first(struct liar *liar)
{
    struct message *lie = make_reply(liar, LEAT_DNS_NOERROR, 66);

    for (unsigned i = 1; i < 50; i++) {
        put16(lie->bytes, (uint16_t)(get16(liar->query.bytes) + i));
        say(liar, lie);
    }
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_threat_N4_wrong_id(void **state)
{
    struct fixture *f = *state;

    assert_truth_behind(f, wrong_id_first);
    assert_int_equal(f->counts->drop_foreign, 49);
    assert_int_equal(f->counts->udp_queries, 1);
}

static void wrong_places_first(struct liar *liar)
{
    struct message *lie = make_reply(liar, LEAT_DNS_NOERROR, 66);

    say_from(liar, liar->udp, lie, SERVER_IP, (uint16_t)(liar->peer.port + 1)); /* to our port */
    say_from(liar, liar->udp_54, lie, SERVER_IP, liar->peer.port); /* from a server's port */
    say_from(liar, liar->udp, lie, SERVER2_IP, liar->peer.port);   /* from a server's address */
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_threat_N4_wrong_port_or_server(void **state)
{
    struct fixture *f = *state;

    assert_truth_behind(f, wrong_places_first);
    assert_int_equal(leat_stats(f->world->stacks[CLIENT])->drop_udp_port, 3);
    assert_int_equal(f->counts->replies, 1);
}

static void wrong_question_first(struct liar *liar)
{
    struct message *lie = make_reply(liar, LEAT_DNS_NOERROR, 66);
    uint8_t *name = lie->bytes + DNS_HEADER_BYTES;
    const size_t type_at = strlen((char *)name) + 1;

    name[1] ^= 3; /* another name */
    say(liar, lie);
    name[1] ^= 3;
    put16(name + type_at, LEAT_DNS_AAAA);
    say(liar, lie);
    put16(name + type_at, LEAT_DNS_A);
    put16(name + type_at + 2, 3); /* CHAOS */
    say(liar, lie);
    lie = make_reply(liar, LEAT_DNS_NOERROR, 66);
    put16(lie->bytes + 4, 0); /* no question */
    say(liar, lie);
    lie = make_reply(liar, LEAT_DNS_NOERROR, 66);
    put16(lie->bytes + 2, DNS_RD); /* a query */
    say(liar, lie);
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_threat_N4_wrong_question(void **state)
{
    struct fixture *f = *state;

    assert_truth_behind(f, wrong_question_first);
    assert_int_equal(f->counts->drop_foreign, 5);
}

static void wrong_case_first(struct liar *liar)
{
    struct message *lie = make_reply(liar, LEAT_DNS_NOERROR, 66);

    lie->bytes[DNS_HEADER_BYTES + 1] ^= 0x20;
    say(liar, lie);
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_threat_N4_wrong_letter_case(void **state)
{
    struct fixture *f = *state;

    assert_truth_behind(f, wrong_case_first);
    assert_int_equal(f->counts->drop_case, 1);
}

/* A failed lookup reports the sender of the last refused reply, and the reason. */
static void assert_why(struct fixture *f, void (*lies)(struct liar *), const char *expected)
{
    const struct outcome *outcome;
    char text[LEAT_REFUSAL_TEXT_BYTES];

    f->liar.answer = lies;
    outcome = look_up(f, "www.example.test", LEAT_DNS_A);
    leat_refusal_format(&outcome->refusal, text);
    assert_string_equal(text, expected);
}

static void wrong_id_alone(struct liar *liar)
{
    struct message *lie = make_reply(liar, LEAT_DNS_NOERROR, 66);

    put16(lie->bytes, (uint16_t)(get16(liar->query.bytes) + 1));
    say(liar, lie);
}

static void wrong_question_alone(struct liar *liar)
{
    struct message *lie = make_reply(liar, LEAT_DNS_NOERROR, 66);

    lie->bytes[DNS_HEADER_BYTES + 1] ^= 3;
    say(liar, lie);
}

static void cut_short(struct liar *liar)
{
    struct message *lie = make_reply(liar, LEAT_DNS_NOERROR, 66);

    lie->len = DNS_HEADER_BYTES - 1;
    say(liar, lie);
}

static void refuses(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_REFUSED, 0));
}

static void fails(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_SERVFAIL, 0));
}

static void knows_no_queries(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOTIMP, 0));
}

static void understands_nothing(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_FORMERR, 0));
}

static void says_nine(struct liar *liar)
{
    say(liar, make_reply(liar, 9, 0));
}

static void truncates(struct liar *liar)
{
    struct message *reply = make_reply(liar, LEAT_DNS_NOERROR, 8);

    put16(reply->bytes + 2, DNS_QR | DNS_TC | DNS_RD | DNS_RA);
    say(liar, reply);
}

static void tells_the_truth(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void is_silent(struct liar *liar)
{
    (void)liar;
}

static void the_last_reply_that_was_not_taken_is_told(void **state)
{
    const struct leat_resolver_config config = {
        .servers = {{.ip = SERVER_IP}}, .server_count = 1, .rounds = 1};
    struct fixture *f = *state;

    with_liar(f, is_silent);
    open_resolver(f, &config);
    assert_why(f, is_silent, "");
    assert_why(f, wrong_id_alone, "10.0.0.1 answered, but with another id than the query's");
    assert_why(f, wrong_question_alone,
               "10.0.0.1 answered, but to another question, or with a malformed message");
    assert_why(f, cut_short, "10.0.0.1 answered, but with a message that is cut short");
    assert_why(f, refuses, "10.0.0.1 answered, but with REFUSED: it doesn't serve us");
    assert_why(f, fails, "10.0.0.1 answered, but with SERVFAIL: it failed");
    assert_why(f, knows_no_queries,
               "10.0.0.1 answered, but with NOTIMP: it doesn't know such queries (2 times)");
    assert_why(f, understands_nothing,
               "10.0.0.1 answered, but with FORMERR: it didn't understand the query (2 times)");
    assert_why(f, says_nine, "10.0.0.1 answered, but with an error");
    assert_why(f, truncates, "10.0.0.1 answered, but with a truncated reply by UDP");
    assert_why(f, tells_the_truth, "");
}

static void record_of_others(struct liar *liar)
{
    static const uint8_t other[] = "\4bank\4test";
    const uint8_t rdata[] = {192, 0, 2, 66};
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;
    const struct dns_new_record record = {
        .owner = other, .rdata = rdata, .ttl_s = 9, .type = LEAT_DNS_A, .rdata_len = 4};
    struct message reply;
    struct dns_writer writer;

    dns_write_start(&writer, reply.bytes, 512);
    dns_write_question(&writer, name, LEAT_DNS_A, DNS_CLASS_IN);
    dns_write_record(&writer, DNS_ANSWER, &record);
    dns_write_record(&writer, DNS_ADDITIONAL, &record);
    reply.len = dns_write_end(&writer, get16(liar->query.bytes), DNS_QR);
    say(liar, &reply);
}

static void test_threat_N4_records_that_nobody_asked_for(void **state)
{
    struct fixture *f = *state;
    const struct outcome *outcome;

    with_liar(f, record_of_others);
    open_plain_resolver(f, 1);
    outcome = look_up(f, "www.example.test", LEAT_DNS_A);
    assert_int_equal(outcome->err, LEAT_ERR_NOT_FOUND);
    assert_string_equal(outcome->records, "");
}

/* An attacker who knows id and port, but not the letter case. */
static void changes_case(struct liar *liar)
{
    struct message *reply = make_reply(liar, LEAT_DNS_NOERROR, 66);

    for (size_t i = DNS_HEADER_BYTES; i < DNS_HEADER_BYTES + 18; i++)
        reply->bytes[i] = (uint8_t)(dns_lower(reply->bytes[i]) ^ (i % 8 == 1 ? 0x20 : 0));
    say(liar, reply);
}

/* A reply in lower case may be a server's habit (test_habits.c), but no other mix is. */
static void test_threat_N4_a_reply_in_another_case_is_not_believed(void **state)
{
    struct fixture *f = *state;

    with_liar(f, changes_case);
    open_plain_resolver(f, 1);
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_TIMEOUT);
    assert_int_equal(f->counts->drop_case, 4);
}

static void first_lowers(struct liar *liar)
{
    struct message *reply = make_reply(liar, LEAT_DNS_NOERROR, 8);

    if (!leat_ip_equal(liar->local_ip, SERVER_IP))
        return;
    for (size_t i = DNS_HEADER_BYTES; i < DNS_HEADER_BYTES + 18; i++)
        reply->bytes[i] = dns_lower(reply->bytes[i]);
    say(liar, reply);
}

static void first_is_gone(struct liar *liar)
{
    if (!leat_ip_equal(liar->local_ip, SERVER_IP))
        tells_the_truth(liar);
}

/* The second server gets its names in mixed case. */
static void test_server_that_keeps_no_case_changes_nothing_for_another(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, first_lowers);
    unsigned upper = 0;

    open_plain_resolver(f, 2);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.8\n");
    liar->answer = first_is_gone;
    look_up(f, "www.example.test", LEAT_DNS_A);
    for (const uint8_t *at = liar->seen[liar->count - 1].name; *at; at++)
        upper += *at >= 'A' && *at <= 'Z';
    assert_true(upper > 0);
}

static void test_threat_N4_ids_ports_and_case_are_unpredictable(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, NULL);
    unsigned same_id = 0, same_port = 0, same_name = 0;

    open_plain_resolver(f, 1);
    for (unsigned i = 0; i < 20; i++)
        look_up(f, "a-name-with-many-letters.example.test", LEAT_DNS_A);
    assert_int_equal(liar->count, 60);
    for (unsigned i = 0; i < 60; i++) {
        for (unsigned j = 0; j < i; j++) {
            same_id += liar->seen[i].id == liar->seen[j].id;
            same_port += liar->seen[i].port == liar->seen[j].port;
            same_name += strcmp((char *)liar->seen[i].name, (char *)liar->seen[j].name) == 0;
        }
    }
    assert_in_range(same_id, 0, 2);
    assert_in_range(same_port, 0, 5);
    assert_int_equal(same_name, 0);
}

/* Sends port unreachable about the received query; @quote: its length and checksum. */
static bool forge_icmp(struct liar *liar, uint32_t quote)
{
    uint8_t header[8];
    const struct icmp_error error = {.type = ICMP_UNREACHABLE,
                                     .code = ICMP_PORT_UNREACHABLE,
                                     .protocol = 17,
                                     .reporter = leat_ip_v4_number(SERVER_IP),
                                     .local_ip = leat_ip_v4_number(CLIENT_IP),
                                     .remote_ip = leat_ip_v4_number(SERVER_IP),
                                     .transport = header,
                                     .transport_bytes = sizeof header};

    put16(header, liar->peer.port);
    put16(header + 2, 53);
    put32(header + 4, quote);
    return udp_icmp_error(liar->world->stacks[CLIENT], &error);
}

static uint32_t quote_of(const struct liar *liar)
{
    return ports_look_up(liar->world->stacks[CLIENT], leat_ip_v4_number(CLIENT_IP), liar->peer.port)
        ->quote;
}

static void guessed_errors_then_the_truth(struct liar *liar)
{
    const uint32_t quote = quote_of(liar);

    for (uint32_t i = 1; i < 1000; i++)
        assert_false(forge_icmp(liar, quote ^ i));
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_threat_Q9_guessed_ICMP_error_must_quote_the_query(void **state)
{
    struct fixture *f = *state;

    assert_truth_behind(f, guessed_errors_then_the_truth);
    assert_int_equal(f->counts->servers_failed, 0);
}

static void right_error_then_the_truth(struct liar *liar)
{
    for (unsigned i = 0; i < 10; i++)
        assert_true(forge_icmp(liar, quote_of(liar)));
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_threat_Q9_ICMP_error_is_soft_while_the_answer_may_come(void **state)
{
    struct fixture *f = *state;

    assert_truth_behind(f, right_error_then_the_truth);
    assert_int_equal(f->counts->servers_failed, 0);
    assert_int_equal(f->counts->udp_queries, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_threat_N4_wrong_id),
        TEST(test_threat_Q9_guessed_ICMP_error_must_quote_the_query),
        TEST(test_threat_Q9_ICMP_error_is_soft_while_the_answer_may_come),
        TEST(test_threat_N4_wrong_port_or_server),
        TEST(test_threat_N4_wrong_question),
        TEST(test_threat_N4_wrong_letter_case),
        TEST(the_last_reply_that_was_not_taken_is_told),
        TEST(test_threat_N4_records_that_nobody_asked_for),
        TEST(test_threat_N4_a_reply_in_another_case_is_not_believed),
        TEST(test_server_that_keeps_no_case_changes_nothing_for_another),
        TEST(test_threat_N4_ids_ports_and_case_are_unpredictable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
