/* test_clones.c -- T15: two machines that continue from one snapshot. After leat_reseed()
 * their cookies and ids have nothing in common with each other, nor with those before the
 * snapshot. */
#include "dns_home.h"

#include "proto/dns/cookie_keeper.h"

enum {
    QUESTIONS = 20
};

/* The packets of one machine: before the snapshot, and after it was reseeded. */
struct said {
    uint16_t ids[QUESTIONS], ports[QUESTIONS];
    uint8_t names[QUESTIONS][256]; /* in the letter case of the question */
    uint8_t asking[QUESTIONS][DNS_COOKIE_CLIENT_BYTES];
    uint8_t serving[QUESTIONS][DNS_COOKIE_REPLY_BYTES];
};

/* Asks for a name with the cookie that was received before, if there is one. */
static void ask_with_cookie(struct fixture *f, struct said *said, unsigned number)
{
    uint8_t cookie[DNS_COOKIE_REPLY_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct dns_edns edns = {
        .payload_bytes = 1232, .cookie = cookie, .cookie_bytes = DNS_COOKIE_CLIENT_BYTES};
    struct dns_writer writer;
    struct dns_query asked;
    struct message query;
    const struct message *reply = &home.heard[0];
    struct leat_dns_name name;
    char text[40];

    if (number > 0) {
        memcpy(cookie, said->serving[number - 1], sizeof cookie);
        edns.cookie_bytes = sizeof cookie;
    }
    sprintf(text, "a-name-of-many-letters-%u.example.test", number);
    name = name_of(text);
    dns_write_start(&writer, query.bytes, sizeof query.bytes);
    dns_write_question(&writer, name.wire, LEAT_DNS_A, DNS_CLASS_IN);
    dns_write_opt(&writer, &edns);
    query.len = dns_write_end(&writer, 0x1234, DNS_RD);
    home.heard_count = f->liar.count = 0;
    send_query(&query);
    world_wait(f->world, second / 2);
    assert_int_equal(home.heard_count, 1);
    assert_int_equal(f->liar.count, 1);
    memcpy(said->serving[number], reply->bytes + reply->len - DNS_COOKIE_REPLY_BYTES,
           DNS_COOKIE_REPLY_BYTES);
    said->ids[number] = f->liar.seen[0].id;
    said->ports[number] = f->liar.seen[0].port;
    memcpy(said->names[number], f->liar.seen[0].name, sizeof said->names[0]);
    assert_int_equal(dns_query_read(&asked, f->liar.query.bytes, f->liar.query.len),
                     DNS_QUERY_GOOD);
    assert_non_null(asked.edns.cookie);
    memcpy(said->asking[number], asked.edns.cookie, DNS_COOKIE_CLIENT_BYTES);
}

/* Repeats the question's cookie, and adds the server's. */
static void says_8_and_a_cookie(struct liar *liar)
{
    struct message reply = *make_reply(liar, LEAT_DNS_NOERROR, 8);
    uint8_t cookie[DNS_COOKIE_REPLY_BYTES] = {0};
    uint8_t *opt = reply.bytes + reply.len;
    struct dns_query asked;

    assert_int_equal(dns_query_read(&asked, liar->query.bytes, liar->query.len), DNS_QUERY_GOOD);
    assert_non_null(asked.edns.cookie);
    memcpy(cookie, asked.edns.cookie, DNS_COOKIE_CLIENT_BYTES);
    memcpy(opt, "\0\0\51\4\320\0\0\0\0\0\34\0\12\0\30", 15);
    memcpy(opt + 15, cookie, sizeof cookie);
    reply.len += 15 + sizeof cookie;
    put16(reply.bytes + 10, 1);
    say(liar, &reply);
}

/* One machine; all have the same past. @seed 0: it is not reseeded. */
static void run(struct said *said, uint8_t seed)
{
    struct fixture *f;
    void *state = NULL;

    assert_int_equal(set_up(&state), 0);
    f = state;
    with_liar(f, says_8_and_a_cookie);
    open_home(f);
    ask_with_cookie(f, said, 0);
    if (seed > 0) {
        const uint8_t bytes[LEAT_SEED_BYTES] = {seed};

        assert_int_equal(leat_reseed(f->world->stacks[CLIENT], bytes), LEAT_OK);
    }
    for (unsigned i = 1; i < QUESTIONS; i++)
        ask_with_cookie(f, said, i);
    close_home(&state);
}

/* The server's part of a cookie begins with the time; the rest is its hash. */
static const uint8_t *hash_of(const struct said *said, unsigned number)
{
    return said->serving[number] + DNS_COOKIE_REPLY_BYTES - 8;
}

static void test_threat_T15_clones_that_were_reseeded_say_nothing_in_common(void **state)
{
    static struct said first, second_one, unseeded;

    (void)state;
    run(&first, 1);
    run(&second_one, 2);
    run(&unseeded, 0);
    assert_memory_equal(first.serving[0], second_one.serving[0], DNS_COOKIE_REPLY_BYTES);
    assert_memory_equal(first.asking[0], second_one.asking[0], DNS_COOKIE_CLIENT_BYTES);
    assert_int_equal(first.ids[0], second_one.ids[0]); /* they are equal clones */
    assert_memory_equal(unseeded.serving[1], unseeded.serving[0], DNS_COOKIE_REPLY_BYTES);
    assert_memory_equal(unseeded.asking[1], unseeded.asking[0], DNS_COOKIE_CLIENT_BYTES);
    for (unsigned i = 1; i < QUESTIONS; i++) {
        for (unsigned j = 0; j < QUESTIONS; j++) {
            assert_memory_not_equal(hash_of(&first, i), hash_of(&second_one, j), 8);
            assert_memory_not_equal(first.asking[i], second_one.asking[j], sizeof first.asking[i]);
        }
        assert_int_not_equal(first.ids[i], second_one.ids[i]);
        assert_int_not_equal(first.ports[i], second_one.ports[i]);
        assert_memory_not_equal(first.names[i], second_one.names[i], 24);
    }
    /* a cookie from before the snapshot is invalid: it is not repeated */
    assert_memory_not_equal(first.serving[1], first.serving[0], DNS_COOKIE_REPLY_BYTES);
    assert_memory_not_equal(hash_of(&first, 1), hash_of(&unseeded, 1), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threat_T15_clones_that_were_reseeded_say_nothing_in_common),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
