/* test_aliases.c -- a forwarder whose program judges what an answer's CNAMEs lead to. */
#include "dns_home.h"

/* cdn.test and x.test lead to ads.test, and that to 192.0.2.8; ok.test to fine.test. */
static void says_aliases(struct liar *liar)
{
    static struct message reply;
    struct dns_question question;
    struct dns_writer writer;
    size_t at = DNS_HEADER_BYTES;
    const bool bad = dns_lower(liar->query.bytes[DNS_HEADER_BYTES + 1]) != 'o';
    struct dns_new_record record = {.rdata =
                                        (const uint8_t *)(bad ? "\3ads\4test" : "\4fine\4test"),
                                    .ttl_s = 9,
                                    .type = LEAT_DNS_CNAME,
                                    .rdata_len = bad ? 10 : 11};

    assert_true(dns_question_read(liar->query.bytes, liar->query.len, &at, &question));
    dns_write_start(&writer, reply.bytes, sizeof reply.bytes);
    dns_write_question(&writer, question.name, question.type, DNS_CLASS_IN);
    record.owner = question.name;
    dns_write_record(&writer, DNS_ANSWER, &record);
    record.owner = record.rdata;
    record.type = LEAT_DNS_A;
    record.rdata = (const uint8_t *)"\300\0\2\10";
    record.rdata_len = 4;
    dns_write_record(&writer, DNS_ANSWER, &record);
    reply.len = dns_write_end(&writer, get16(liar->query.bytes), DNS_QR | DNS_RD | DNS_RA);
    say(liar, &reply);
}

/* Blocks ads.test, unless x.test was asked for. */
static void block_ads(void *arg, const struct leat_forwarder_question *question,
                      struct leat_forwarder_own *own)
{
    const struct leat_dns_name ads = name_of("ads.test"), x = name_of("x.test");

    (void)arg;
    if (leat_dns_name_equal(question->name, &ads) && !leat_dns_name_equal(question->asked, &x))
        *own = (struct leat_forwarder_own){
            .say = LEAT_FORWARDER_NXDOMAIN, .ttl_s = 1, .extended_error = LEAT_FORWARDER_BLOCKED};
}

static void test_an_alias_of_a_blocked_name_is_blocked(void **state)
{
    const struct leat_forwarder_config config = {
        .waiting = 32, .on_question = block_ads, .inspect_aliases = true};
    struct fixture *f = *state;
    char cdn[200];

    with_liar(f, says_aliases);
    open_home_for(f, &plain_resolver, &config);
    for (unsigned i = 0; i < 2; i++) { /* of the server, and of the cache */
        const struct message *reply = &home.heard[home.heard_count];

        snprintf(cdn, sizeof cdn, "%s", ask_for("cdn.test", LEAT_DNS_A, 1232, second / 2));
        assert_string_equal(cdn, "NXDOMAIN\n--\ncdn.test. 1 IN SOA . . 1 1 1 1 1\n--\nOPT 1232\n");
        assert_int_equal(get16(reply->bytes + reply->len - 2), LEAT_FORWARDER_BLOCKED);
        assert_non_null(strstr(ask("x.test", LEAT_DNS_A), "IN A 192.0.2.8\n"));
        assert_non_null(strstr(ask("ok.test", LEAT_DNS_A), "IN A 192.0.2.8\n"));
    }
    assert_int_equal(f->liar.count, 3);
    assert_int_equal(home.counts->own_aliases, 2);
    assert_int_equal(home.counts->own, 2);
    assert_int_equal(home.counts->replies, 6);
    assert_int_equal(home.counts->cached, 3);
}

/* Two clients that wait for one answer each get their own. */
static void test_aliases_of_questions_that_share_an_answer(void **state)
{
    const struct leat_forwarder_config config = {
        .waiting = 32, .on_question = block_ads, .inspect_aliases = true};
    struct fixture *f = *state;
    struct message query;

    with_liar(f, NULL);
    open_home_for(f, &plain_resolver, &config);
    make_query(&query, "cdn.test", LEAT_DNS_A, 0);
    for (unsigned i = 0; i < 3; i++)
        send_query(&query);
    world_wait(f->world, 20 * ms);
    says_aliases(&f->liar);
    world_wait(f->world, 20 * ms);
    assert_int_equal(home.heard_count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_memory_equal(text_of(home.heard[i].bytes, home.heard[i].len), "NXDOMAIN", 8);
    assert_int_equal(home.counts->own_aliases, 3);
}

static void test_aliases_are_looked_at_by_option_only(void **state)
{
    const struct leat_forwarder_config config = {.waiting = 32, .on_question = block_ads};
    struct fixture *f = *state;

    with_liar(f, says_aliases);
    open_home_for(f, &plain_resolver, &config);
    assert_non_null(strstr(ask("cdn.test", LEAT_DNS_A), "192.0.2.8"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(test_an_alias_of_a_blocked_name_is_blocked),
        HOME(test_aliases_of_questions_that_share_an_answer),
        HOME(test_aliases_are_looked_at_by_option_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
