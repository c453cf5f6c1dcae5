/* early_test.c -- a server that accepts early data, and a client that sends some. */
#include "early_test.h"

static const char question[] = "GET / HTTP/1.1";
_Static_assert(sizeof question - 1 == QUESTION, "its length");

struct heard_early early;
struct sent_early sent;

static void on_early(void *arg)
{
    struct user *user = arg;
    struct leat_buf *data;
    size_t taken;

    assert_false(user->open);
    early.calls++;
    assert_int_equal(leat_stream_readable(&user->stream), 0);
    assert_null(leat_stream_receive(&user->stream, 100));
    if (early.calls == 1)
        assert_int_equal(leat_stream_send_room(&user->stream), 0);
    while ((data = leat_tls_receive_early(&user->stream, 1000)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        assert_true(early.have + len <= EARLY_BYTES);
        leat_buf_read(data, 0, early.bytes + early.have, len);
        early.have += len;
        leat_buf_free(data);
        leat_stream_consumed(&user->stream, len);
    }
    if (early.answer)
        assert_int_equal(leat_stream_write(&user->stream, "early", 5, &taken), LEAT_OK);
    early.answer = false;
}

static void note_sent(struct pipe_end *end, struct leat_buf *data)
{
    (void)end;
    assert_true(sent.len + leat_buf_total(data) <= EARLY_BYTES);
    sent.len += leat_buf_read(data, 0, sent.bytes + sent.len, EARLY_BYTES - (uint32_t)sent.len);
}

void pass(struct fixture *f, uint64_t ns)
{
    world_wait(f->world, ns);
    f->civil_s = CIVIL_S + f->world->now_ns / second;
}

void open_old(struct fixture *f)
{
    memset(&early, 0, sizeof early);
    sent.len = 0;
    f->config[SERVER].early_bytes = LIMIT;
    f->config[SERVER].on_early = on_early;
    pass(f, 0);
    open_first(f);
    assert_int_equal(f->ticket.early_bytes, LIMIT);
    pass(f, 11 * second);
    f->client.early = question;
    f->client.early_len = QUESTION;
}

const struct leat_tls_counts *counts(const struct fixture *f, unsigned end)
{
    return leat_tls_counts(f->tls[end]);
}

void shake_early(struct fixture *f, void (*prepare)(struct fixture *f))
{
    pass(f, second);
    pipe_open(f->ends, f->world->stacks[SERVER], WIDE);
    if (prepare)
        prepare(f);
    memset(f->users[0], 0, sizeof *f->users[0]);
    memset(f->users[1], 0, sizeof *f->users[1]);
    f->secret_count = 0;
    early.have = 0;
    shake(f);
}

void open_early(struct fixture *f, bool taken)
{
    const uint64_t before = counts(f, SERVER)->early_taken;

    shake_early(f, NULL);
    assert_true(world_run(f->world, &f->users[CLIENT]->open, 5 * second));
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(f->users[i]->info.early_bytes, taken ? f->client.early_len : 0);
    assert_int_equal(early.have, taken ? f->client.early_len : 0);
    assert_memory_equal(early.bytes, f->client.early, early.have);
    assert_int_equal(counts(f, SERVER)->early_taken, before + taken);
    say(f, CLIENT, "question");
    assert_int_equal(f->users[SERVER]->have, 8);
    leave(f);
}

void replay(struct fixture *f, size_t len)
{
    struct leat_stream server, wire;
    size_t taken;

    world_wait(f->world, second);
    pipe_open(f->ends, f->world->stacks[SERVER], WIDE);
    memset(f->users[SERVER], 0, sizeof *f->users[SERVER]);
    early.have = 0;
    server = pipe_stream(&f->ends[SERVER]);
    wire = pipe_stream(&f->ends[CLIENT]);
    assert_int_equal(leat_tls_accept(f->tls[SERVER], &server, &f->users[SERVER]->stream), LEAT_OK);
    leat_stream_set_events(&f->users[SERVER]->stream, &user_events, f->users[SERVER]);
    assert_int_equal(leat_stream_write(&wire, sent.bytes, len, &taken), LEAT_OK);
    assert_int_equal(taken, len);
    world_wait(f->world, 100 * ms);
}

void end_replay(struct fixture *f)
{
    leat_stream_abort(&f->users[SERVER]->stream);
    assert_true(world_run(f->world, &f->users[SERVER]->closed, second));
}

void capture(struct fixture *f)
{
    const struct leat_stream wire = pipe_stream(&f->ends[SERVER]);
    struct leat_stream client;
    struct leat_buf *data;

    pass(f, second);
    pipe_open(f->ends, f->world->stacks[SERVER], WIDE);
    memset(f->users[CLIENT], 0, sizeof *f->users[CLIENT]);
    client = pipe_stream(&f->ends[CLIENT]);
    assert_int_equal(
        leat_tls_connect(f->tls[CLIENT], &client, &f->client, &f->users[CLIENT]->stream), LEAT_OK);
    leat_stream_set_events(&f->users[CLIENT]->stream, &user_events, f->users[CLIENT]);
    world_wait(f->world, 10 * ms);
    data = leat_stream_receive(&wire, EARLY_BYTES);
    sent.len = leat_buf_read(data, 0, sent.bytes, EARLY_BYTES);
    leat_buf_free(data);
    leat_stream_abort(&f->users[CLIENT]->stream);
    assert_true(world_run(f->world, &f->users[CLIENT]->closed, second));
}

void listen_early(struct fixture *f)
{
    f->ends[SERVER].spoil = note_sent;
}
