/* test_doh_bounds.c -- DNS over HTTPS: long replies, and the buffers that slow clients hold. */
#include "doh_web.h"

#include "pipe.h"

enum {
    SLOW = 60, /* clients that read nothing */
    MANY = 300 /* requests whose replies fill the send queue and the window */
};

static void test_a_long_answer_comes_whole(void **state)
{
    struct fixture *f = *state;
    struct message query;
    char text[400], head[600];

    begin_with_long_answers(f, 0);
    make_query(&query, "big.example.test", LEAT_DNS_TXT, 0);
    encode(query.bytes, query.len, text);
    snprintf(head, sizeof head, "GET /dns-query?dns=%s HTTP/1.1\r\nHost: d\r\n\r\n", text);
    request(head);
    world_wait(f->world, second);
    assert_non_null(strstr(body(), "00014"));
}

/* The rest of a reply waits for room, and comes behind what the client has read. */
static void test_a_client_that_reads_late_gets_every_reply_whole(void **state)
{
    struct fixture *f = *state;
    struct message query;
    char text[400], head[600];
    unsigned sent = 0, replies = 0;
    size_t reply_bytes;

    begin_with_long_answers(f, 0);
    make_query(&query, "big.example.test", LEAT_DNS_TXT, 0);
    put16(query.bytes, 0);
    encode(query.bytes, query.len, text);
    snprintf(head, sizeof head, "GET /dns-query?dns=%s HTTP/1.1\r\nHost: d\r\n\r\n", text);
    request(head);
    reply_bytes = web.have;
    web.have = 0;
    web.holds = true;
    for (; sent < MANY; sent++) {
        send_bytes(head, strlen(head));
        world_wait(f->world, 10 * ms);
    }
    assert_in_range(web.counts->replies, 2, MANY - 1); /* the queue is full */
    web.holds = false;
    on_readable(web.conn, NULL);
    world_wait(f->world, second);
    while (replies < sent &&
           memcmp(web.bytes + replies * reply_bytes, "HTTP/1.1 200 OK\r\n", 17) == 0)
        replies++;
    assert_int_equal(replies, sent);
    assert_int_equal(web.have, sent * reply_bytes);
}

/* Clients that read nothing, each with a small window. */
static void test_slow_readers_hold_a_bounded_part_of_the_pool(void **state)
{
    static const struct leat_tcp_events nothing;
    static struct pipe_end slow[SLOW][2];
    struct fixture *f = *state;
    struct leat *stack = f->world->stacks[CLIENT];
    struct message query;
    char text[400], head[600];
    uint32_t free_before;

    begin_with_long_answers(f, 2 * SLOW);
    make_query(&query, "big.example.test", LEAT_DNS_TXT, 0);
    encode(query.bytes, query.len, text);
    snprintf(head, sizeof head, "GET /dns-query?dns=%s HTTP/1.1\r\nHost: d\r\n\r\n", text);
    request(head);
    free_before = leat_pool_free_count(leat_pool(stack));
    for (unsigned i = 0; i < SLOW; i++) {
        struct leat_stream ours, theirs;
        size_t taken;

        pipe_open(slow[i], stack, 700);
        slow[i][0].peer = LEAT_IP4(10, 0, 1, (uint8_t)i);
        ours = pipe_stream(&slow[i][0]);
        theirs = pipe_stream(&slow[i][1]);
        leat_stream_set_events(&theirs, &nothing, NULL);
        assert_true(leat_http_server_serve(web.http, &ours));
        assert_int_equal(leat_stream_write(&theirs, head, strlen(head), &taken), LEAT_OK);
    }
    world_wait(f->world, second);
    assert_in_range(web.counts->failed, 1, SLOW - 2);
    /* those that weren't cut off hold the limit, and the head of each reply */
    assert_in_range(free_before - leat_pool_free_count(leat_pool(stack)), 1, 2 * SLOW + 80);
    assert_memory_equal(request(head), "HTTP/1.1 200 OK\r\n", 17); /* others are served */
    assert_non_null(strstr(body(), "00014"));
    for (unsigned i = 0; i < SLOW; i++) {
        struct leat_stream theirs = pipe_stream(&slow[i][1]);

        leat_stream_abort(&theirs);
    }
    world_wait(f->world, second);
    assert_int_equal(leat_pool_free_count(leat_pool(stack)), free_before);
}

static void test_a_query_byte_by_byte_holds_no_buffers(void **state)
{
    struct fixture *f = *state;
    struct leat_pool *pool = leat_pool(f->world->stacks[CLIENT]);
    static const char head[] = "POST /dns-query HTTP/1.1\r\nHost: d\r\nContent-Type: "
                               "application/dns-message\r\nContent-Length: 34\r\n\r\n";
    struct message query;
    uint32_t free_before;

    begin(f, says_8, 0);
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    assert_int_equal(query.len, 34);
    free_before = leat_pool_free_count(pool);
    web.have = 0;
    send_bytes(head, sizeof head - 1);
    for (size_t i = 0; i < query.len; i++) {
        world_wait(f->world, 100 * ms);
        assert_int_equal(leat_pool_free_count(pool), free_before);
        send_bytes(query.bytes + i, 1);
    }
    world_wait(f->world, second);
    assert_memory_equal(web.bytes, "HTTP/1.1 200", 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEB(test_a_long_answer_comes_whole),
        WEB(test_a_client_that_reads_late_gets_every_reply_whole),
        WEB(test_slow_readers_hold_a_bounded_part_of_the_pool),
        WEB(test_a_query_byte_by_byte_holds_no_buffers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
