/* test_dry.c -- sessions for which one allocation fails, each one in turn. If a handshake message
 * had found room before, or if a record can't be opened in place, the session ends at both ends.
 * Otherwise it goes on: nothing is lost, and no end waits forever. */
#include "tls_test.h"

#include "dry.h"

enum {
    WIDE = 1 << 18,
    LONG = 60000,    /* enough short records that longer ones follow */
    SCATTERED = 100, /* more pieces than a record may have */
    CALLS_MAX = 2000
};

static const bool never = false;

/* Data in many pieces, as a program that writes lines has it. */
static struct leat_buf *scatter(struct fixture *f)
{
    struct leat_buf *all = NULL;

    for (unsigned i = 0; i < SCATTERED; i++) {
        struct leat_buf *piece =
            leat_buf_copy(leat_pool(f->world->stacks[SERVER]), "abcdefghij", 10);

        if (all)
            leat_buf_append(all, piece);
        else
            all = piece;
    }
    return all;
}

/* Sends @data, and once more if there was no buffer: then on_writable must follow. */
static void send_scattered(struct fixture *f, unsigned from, struct leat_buf *data)
{
    struct user *user = f->users[from];
    const unsigned before = user->writable;
    enum leat_err err;

    if (!user->open || user->closed) {
        leat_buf_free(data);
        return;
    }
    err = leat_stream_send(&user->stream, data);
    for (unsigned i = 0; i < 100 && err == LEAT_ERR_FULL && user->writable == before; i++)
        world_run(f->world, &user->closed, 100 * ms);
    if (err == LEAT_ERR_FULL && !user->closed) {
        assert_true(user->writable > before);
        leat_stream_send(&user->stream, scatter(f));
    }
    world_run(f->world, &never, 100 * ms);
}

static void send_long(struct fixture *f, unsigned from)
{
    static const uint8_t bytes[LONG];
    struct user *user = f->users[from];
    size_t taken, sent = 0;

    for (unsigned i = 0; i < 100 && sent < LONG && user->open && !user->closed; i++) {
        leat_stream_write(&user->stream, bytes + sent, LONG - sent, &taken);
        sent += taken;
        world_run(f->world, &never, 20 * ms);
    }
}

/* Runs a session from begin to end. True if each end has received everything and ended well. */
static bool goes_well(struct fixture *f, unsigned nth, uint32_t grain)
{
    struct leat_buf *data;
    bool heard;

    world_wait(f->world, second);
    data = scatter(f);
    dry_at(leat_pool(f->world->stacks[SERVER]), nth);
    shake_again(f);
    f->ends[SERVER].grain = f->ends[CLIENT].grain = grain;
    world_run(f->world, &never, 2 * second);
    send_long(f, CLIENT);
    send_scattered(f, SERVER, data);
    heard = f->users[SERVER]->have == LONG && f->users[CLIENT]->have == 10 * SCATTERED;
    if (!heard) { /* both ends have ended, before any data or with the right reason */
        assert_true(f->users[SERVER]->closed && f->users[CLIENT]->closed);
        if (f->users[SERVER]->have + f->users[CLIENT]->have > 0)
            assert_string_equal(f->users[SERVER]->info.why, "no memory to open a record");
    }
    for (unsigned i = 0; i < 2; i++)
        if (!f->users[i]->closed)
            leat_stream_shutdown(&f->users[i]->stream);
    for (unsigned i = 0; i < 2; i++)
        assert_true(world_run(f->world, &f->users[i]->closed, 200 * second));
    return heard;
}

static void lack_each_buffer(struct fixture *f, uint32_t grain)
{
    unsigned ended = 0, call = 0;
    bool well;

    do {
        memset(&f->ticket, 0, sizeof f->ticket);
        well = goes_well(f, ++call, grain);
        ended += !well;
    } while (dry_ends() && call < CALLS_MAX);
    assert_true(well); /* no allocation failed */
    assert_in_range(call, 20, CALLS_MAX - 1);
    assert_in_range(ended, 1, 60);
}

static void test_each_buffer_lacks_once(void **state)
{
    struct fixture *f = *state;

    use_ticket(f);
    begin(f, WIDE);
    lack_each_buffer(f, 0);
}

/* Received bytes are in pieces of this length. */
static void test_each_buffer_lacks_once_of_records_in_pieces(void **state)
{
    struct fixture *f = *state;

    use_ticket(f);
    begin(f, WIDE);
    lack_each_buffer(f, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_buffer_lacks_once),
        TEST(test_each_buffer_lacks_once_of_records_in_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
