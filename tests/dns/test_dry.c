/* test_dry.c -- the forwarder and its resolver with a pool that fails at one call, at each
 * call once. A client that asks again, as stub resolvers do, gets its answer; over TCP it need
 * not ask again. */
#include "dns_home.h"

#include "dry.h"

enum {
    CALLS_MAX = 500,
    ASKS = 4 /* attempts until the answer must have come */
};

static const char *fresh_name(unsigned call)
{
    static char name[40];

    snprintf(name, sizeof name, "w%u.example.test", call);
    return name;
}

static bool is_answered(const char *name)
{
    const char *told = "";

    for (unsigned i = 0; i < ASKS && !strstr(told, "192.0.2.8"); i++) {
        home.heard_count = 0;
        told = ask_for(name, LEAT_DNS_A, 0, 6 * second);
    }
    return strstr(told, "192.0.2.8");
}

/* From the server, and then from the cache. */
static void test_each_buffer_lacks_once_of_queries_by_UDP(void **state)
{
    struct fixture *f = *state;
    const struct leat_pool *pool = leat_pool(f->world->stacks[CLIENT]);
    unsigned call = 0;

    with_liar(f, says_8);
    open_home(f);
    do {
        f->liar.count = 0;
        dry_at(pool, ++call);
        assert_true(is_answered(fresh_name(call)));
        assert_true(is_answered(fresh_name(call)));
    } while (dry_ends() && call < CALLS_MAX);
    assert_in_range(call, 6, CALLS_MAX - 1);
    assert_true(home.counts->drop_memory >= 2);
    assert_int_equal(home.counts->replies, home.counts->udp_queries - home.counts->drop_memory);
}

static void test_each_buffer_lacks_once_of_queries_by_TCP(void **state)
{
    struct fixture *f = *state;
    const struct leat_pool *pool = leat_pool(f->world->stacks[CLIENT]);
    unsigned call = 0;

    with_liar(f, says_8);
    open_home(f);
    do {
        f->liar.count = 0;
        home.heard_count = 0;
        dry_at(pool, ++call);
        open_stream();
        stream_query(fresh_name(call), LEAT_DNS_A, 1);
        world_wait(f->world, 20 * second);
        if (home.closed) { /* no answer, but the connection is closed */
            open_stream();
            stream_query(fresh_name(call), LEAT_DNS_A, 1);
            world_wait(f->world, 5 * second);
        }
        assert_string_equal(stream_ids(), "1 ");
        if (home.tcp)
            leat_tcp_abort(home.tcp);
        world_wait(f->world, second);
    } while (dry_ends() && call < CALLS_MAX);
    assert_in_range(call, 6, CALLS_MAX - 1);
}

static void says_8_but_to_s(struct liar *liar)
{
    if (dns_lower(liar->query.bytes[DNS_HEADER_BYTES + 1]) != 's')
        says_8(liar);
}

/* Even if the reply with a reason can't be sent, the next one has none. */
static void test_the_reason_of_a_reply_without_a_buffer_is_in_no_other(void **state)
{
    struct fixture *f = *state;
    const struct leat_pool *pool = leat_pool(f->world->stacks[CLIENT]);
    unsigned call = 0, lost = 0;
    char name[40];

    with_liar(f, says_8_but_to_s);
    open_home(f);
    do {
        const struct message *reply = &home.heard[0];

        f->liar.count = 0;
        home.heard_count = 0;
        dry_at(pool, ++call);
        snprintf(name, sizeof name, "s%u.example.test", call);
        lost += ask_for(name, LEAT_DNS_A, 1232, 20 * second)[0] == '\0';
        home.heard_count = 0;
        ask_for(fresh_name(call), LEAT_DNS_A, 1232, 6 * second);
        if (home.heard_count > 0)
            assert_int_not_equal(get16(reply->bytes + reply->len - 6), DNS_OPTION_ERROR);
    } while (dry_ends() && call < CALLS_MAX);
    assert_in_range(call, 6, CALLS_MAX - 1);
    assert_true(lost >= 2); /* the query, and the reply */
}

/* RFC 6891 6.2.5 sets no maximum length of a query: a fragmented one is handled like others. */
static void test_a_query_in_fragments(void **state)
{
    enum {
        PADDING = 1800
    };
    struct fixture *f = *state;
    struct message query;

    with_liar(f, says_8);
    open_home(f);
    make_query(&query, "www.example.test", LEAT_DNS_A, 1232);
    put16(query.bytes + query.len - 2, PADDING + 4); /* RDLENGTH of OPT */
    put16(query.bytes + query.len, 12);              /* RFC 7830 */
    put16(query.bytes + query.len + 2, PADDING);
    memset(query.bytes + query.len + 4, 0, PADDING);
    query.len += 4 + PADDING;
    for (unsigned i = 0; i < 2; i++) {
        home.heard_count = 0;
        send_query(&query);
        world_wait(f->world, second);
        assert_int_equal(home.heard_count, 1);
        assert_non_null(strstr(text_of(home.heard[0].bytes, home.heard[0].len), "192.0.2.8"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(test_each_buffer_lacks_once_of_queries_by_UDP),
        HOME(test_each_buffer_lacks_once_of_queries_by_TCP),
        HOME(test_the_reason_of_a_reply_without_a_buffer_is_in_no_other),
        HOME(test_a_query_in_fragments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
