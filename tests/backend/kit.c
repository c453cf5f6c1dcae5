/* kit.c -- the rules of leat/netif.h, one test each. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

enum {
    BUFFERS = 1024,
    BUFFER_BYTES = 2048,
    BURST = 64,
    PAGE = 4096,
    FRAME_MIN = 14,
    PADDED = 60, /* shortest frame without LEAT_NETIF_NO_PADDING */
    HEADERS = 134,
    FRAME_MAX = 65535 + FRAME_MIN,
    UNREAD_MAX = 8192, /* frames sent to an end that doesn't read */
    LOOKS_MIN = 16,
    PATIENCE_MS = 2000,
    TYPE_AT = 12 /* EtherType: 88b5, for experiments (IEEE 802) */
};

static const struct kit_backend *backend;
static struct kit_pair pair;

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* ---- the two ends ------------------------------------------------------------------------- */

static void open_pool(struct kit_end *end)
{
    const size_t bytes = pool_cost(BUFFERS, BUFFER_BYTES, BUFFERS, 4 * BUFFERS);
    struct arena arena;

    end->memory_bytes = (bytes + PAGE - 1) / PAGE * PAGE;
    end->memory = aligned_alloc(PAGE, end->memory_bytes);
    assert_non_null(end->memory);
    arena = (struct arena){end->memory, (uint8_t *)end->memory + bytes};
    assert_true(pool_init(&end->pool, &arena, BUFFERS, BUFFER_BYTES, BUFFERS, 4 * BUFFERS));
}

/* ---- frames ------------------------------------------------------------------------------- */

static uint32_t least(void)
{
    return pair.ends[0].netif->capabilities & LEAT_NETIF_NO_PADDING ? FRAME_MIN : PADDED;
}

static uint32_t most(void)
{
    return pair.ends[0].netif->mtu + (uint32_t)FRAME_MIN;
}

/* The byte at offset @at of frame @number of @len bytes, sent by end @from. */
static uint8_t byte_of(unsigned from, uint32_t number, uint32_t len, uint32_t at)
{
    if (at < 6)
        return pair.ends[1 - from].netif->mac.octet[at];
    if (at < TYPE_AT)
        return pair.ends[from].netif->mac.octet[at - 6];
    if (at < FRAME_MIN)
        return at == TYPE_AT ? 0x88 : 0xb5;
    return (uint8_t)(number * 41 + len + at * 13 + (at >> 8));
}

static struct leat_buf *make_frame(unsigned from, uint32_t number, uint32_t len)
{
    static uint8_t bytes[FRAME_MAX];

    for (uint32_t at = 0; at < len; at++)
        bytes[at] = byte_of(from, number, len, at);
    return leat_buf_copy(&pair.ends[from].pool, bytes, len);
}

static bool is_frame(const struct leat_buf *frame, unsigned from, uint32_t number, uint32_t len)
{
    static uint8_t bytes[FRAME_MAX];

    if (leat_buf_total(frame) != len)
        return false;
    leat_buf_read(frame, 0, bytes, len);
    for (uint32_t at = 0; at < len; at++)
        if (bytes[at] != byte_of(from, number, len, at))
            return false;
    return true;
}

static uint32_t room(unsigned end)
{
    return pair.ends[end].netif->ops->transmit_room(pair.ends[end].netif);
}

static uint64_t next_look_ns(unsigned end, uint64_t now)
{
    return pair.ends[end].netif->ops->next_look_ns(pair.ends[end].netif, now);
}

/* Polls @end once; discards frames that other senders (Linux) have put on the device. */
static uint32_t look(unsigned end, struct leat_buf **frames, uint32_t max)
{
    struct leat_netif *netif = pair.ends[end].netif;
    const uint32_t got = netif->ops->receive(netif, now_ns(), &pair.ends[end].pool, frames, max);
    uint32_t count = 0;

    assert_true(got <= max);
    for (uint32_t i = 0; i < got; i++) {
        const uint32_t len = leat_buf_total(frames[i]);

        assert_true(frames[i]->len >= (len < HEADERS ? len : HEADERS)); /* headers are contiguous */
        if (frames[i]->data[TYPE_AT] == 0x88 && frames[i]->data[TYPE_AT + 1] == 0xb5)
            frames[count++] = frames[i];
        else
            leat_buf_free(frames[i]);
    }
    return count;
}

/* Polls until frames arrive; 0: none arrived. */
static uint32_t receive(unsigned end, struct leat_buf **frames, uint32_t max)
{
    const uint64_t until =
        now_ns() + (backend->is_wire ? PATIENCE_MS * UINT64_C(1000000) : UINT64_C(0));
    uint32_t count = 0;

    for (unsigned looks = 0; count == 0 && (looks < LOOKS_MIN || now_ns() < until); looks++)
        count = look(end, frames, max);
    return count;
}

static void transmit(unsigned end, struct leat_buf **frames, uint32_t count)
{
    struct leat_netif *netif = pair.ends[end].netif;
    const uint64_t until = now_ns() + PATIENCE_MS * UINT64_C(1000000);

    while (count > 0) {
        uint32_t now = room(end);

        now = now < count ? now : count;
        if (now > 0)
            netif->ops->transmit(netif, now_ns(), frames, now);
        frames += now;
        count -= now;
        assert_true(now_ns() < until);
    }
}

static void send_one(unsigned from, uint32_t number, uint32_t len)
{
    struct leat_buf *frame = make_frame(from, number, len);

    assert_non_null(frame);
    transmit(from, &frame, 1);
}

static void expect(struct leat_buf *frame, unsigned from, uint32_t number, uint32_t len)
{
    if (!is_frame(frame, from, number, len))
        fail_msg("%s: frame %u of %u bytes isn't what was sent", backend->name, (unsigned)number,
                 (unsigned)len);
    leat_buf_free(frame);
}

static void expect_one(unsigned from, uint32_t number, uint32_t len)
{
    struct leat_buf *frame;

    if (receive(1 - from, &frame, 1) != 1)
        fail_msg("%s: a frame of %u bytes has not come", backend->name, (unsigned)len);
    expect(frame, from, number, len);
}

/* ---- set-up and tear-down ---------------------------------------------------------------------
 */

/* Waits until frames pass: a bridge's port needs a while before it forwards. */
static void wait_for_wire(void)
{
    const uint64_t until = now_ns() + PATIENCE_MS * UINT64_C(1000000);
    struct leat_buf *frames[BURST];
    unsigned silent = 0;
    bool is_up = false;

    while (!is_up && now_ns() < until) {
        send_one(0, 0, PADDED);
        for (unsigned looks = 0; looks < LOOKS_MIN; looks++) {
            uint32_t count = look(1, frames, BURST);

            is_up |= count > 0;
            silent = count > 0 ? 0 : silent + 1;
            while (count > 0)
                leat_buf_free(frames[--count]);
            usleep(1000);
        }
    }
    assert_true(is_up && silent > 0);
}

static int open_pair(void **state)
{
    char why[LEAT_WHY_BYTES] = "";
    const char *how = pair.how;

    (void)state;
    pair = (struct kit_pair){.how = how};
    for (unsigned i = 0; i < 2; i++)
        open_pool(&pair.ends[i]);
    if (!backend->open(&pair, why))
        fail_msg("%s: %s", backend->name, why);
    for (unsigned i = 0; i < 2; i++) { /* first poll: gives AF_XDP its buffers */
        struct leat_netif *netif = pair.ends[i].netif;
        struct leat_buf *frames[BURST];
        uint32_t count = netif->ops->receive(netif, now_ns(), &pair.ends[i].pool, frames, BURST);

        while (count > 0)
            leat_buf_free(frames[--count]);
    }
    if (backend->is_wire)
        wait_for_wire();
    return 0;
}

/* Closes the backends twice: by the stack, and by the program. */
static int close_pair(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        pair.ends[i].netif->ops->close(pair.ends[i].netif);
    backend->close(&pair);
    for (unsigned i = 0; i < 2; i++) {
        if (!backend->keeps_buffers)
            assert_true(pool_is_whole(&pair.ends[i].pool));
        free(pair.ends[i].memory);
    }
    return 0;
}

/* ---- the rules ---------------------------------------------------------------------------- */

static void its_facts_are_such_as_a_stack_takes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const struct leat_netif *netif = pair.ends[i].netif;
        const uint32_t cuts = LEAT_NETIF_GATHER | LEAT_NETIF_TX_CHECKSUM;

        assert_true(netif->mtu >= 68);
        assert_int_equal(netif->mac.octet[0] & 1, 0);
        assert_true(netif->name && netif->name[0]);
        assert_true(netif->ops->receive && netif->ops->transmit_room && netif->ops->transmit &&
                    netif->ops->next_look_ns && netif->ops->close);
        if (netif->capabilities & LEAT_NETIF_TSO)
            assert_int_equal(netif->capabilities & cuts, cuts);
    }
    assert_memory_not_equal(&pair.ends[0].netif->mac, &pair.ends[1].netif->mac, 6);
}

static void frames_of_every_length_pass_unchanged(void **state)
{
    (void)state;
    for (uint32_t len = least(); len <= most(); len++) {
        send_one(0, len, len);
        expect_one(0, len, len);
        send_one(1, len, len);
        expect_one(1, len, len);
    }
}

/* Pieces of @piece bytes of one storage, of which @whole stays a view. */
static struct leat_buf *make_pieces(const struct leat_buf *whole, uint32_t piece)
{
    struct leat_buf *frame = NULL, **end = &frame;
    const uint32_t len = leat_buf_total(whole);

    for (uint32_t at = 0; at < len; at += piece) {
        *end = leat_buf_slice(whole, at, len - at < piece ? len - at : piece);
        assert_non_null(*end);
        end = &(*end)->next;
    }
    return frame;
}

static void pieces_are_put_together_and_left_as_they_were(void **state)
{
    static const uint32_t pieces[] = {54, 100, 333, 700};

    (void)state;
    if (!(pair.ends[0].netif->capabilities & LEAT_NETIF_GATHER))
        skip();
    for (unsigned i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct leat_buf *whole = make_frame(0, i, 1000), *frame = make_pieces(whole, pieces[i]);

        transmit(0, &frame, 1);
        expect_one(0, i, 1000);
        assert_true(is_frame(whole, 0, i, 1000));
        leat_buf_free(whole);
    }
}

static void a_burst_comes_in_its_order(void **state)
{
    struct leat_buf *frames[BURST];

    (void)state;
    for (uint32_t count = 1; count <= BURST; count *= 2) {
        uint32_t got = 0;

        for (uint32_t i = 0; i < count; i++)
            frames[i] = make_frame(0, i, 60 + 20 * i);
        transmit(0, frames, count);
        while (got < count) {
            const uint32_t now = receive(1, frames, BURST);

            assert_true(now > 0 && got + now <= count);
            for (uint32_t i = 0; i < now; i++, got++)
                expect(frames[i], 0, got, 60 + 20 * got);
        }
    }
}

static void frames_left_over_are_asked_for_at_once(void **state)
{
    struct leat_buf *frames[8];

    (void)state;
    for (uint32_t i = 0; i < 8; i++)
        frames[i] = make_frame(0, i, 200);
    transmit(0, frames, 8);
    expect_one(0, 0, 200); /* on a wire the others arrive soon after */
    for (uint32_t i = 1; i < 7; i++) {
        const uint64_t now = now_ns();

        expect_one(0, i, 200);
        if (!backend->is_wire)
            assert_true(next_look_ns(1, now) <= now_ns());
    }
    expect_one(0, 7, 200);
}

static void an_idle_backend_does_not_want_to_be_asked_at_once(void **state)
{
    struct leat_buf *frames[BURST];
    uint64_t now;

    (void)state;
    send_one(0, 1, 100);
    expect_one(0, 1, 100);
    for (unsigned looks = 0; looks < LOOKS_MIN; looks++)
        assert_int_equal(look(1, frames, BURST), 0);
    now = now_ns();
    assert_true(next_look_ns(1, now) > now); /* a time in the future, of the backend's own */
}

static void an_empty_pool_is_waited_for(void **state)
{
    struct leat_pool *pool = &pair.ends[1].pool;
    struct leat_buf *held[2 * BUFFERS], *frames[BURST];
    uint32_t count = 0, passed = 0;

    (void)state;
    while (count < 2 * BUFFERS && (held[count] = leat_buf_alloc(pool, 0)))
        count++;
    for (uint32_t i = 0; i < 4; i++)
        send_one(0, i, 300);
    for (unsigned looks = 0; looks < LOOKS_MIN; looks++) {
        const uint32_t got = look(1, frames, BURST); /* AF_XDP has given buffers to the device */

        for (uint32_t i = 0; i < got; i++)
            expect(frames[i], 0, passed++, 300);
    }
    if (!backend->keeps_buffers) {
        const uint64_t now = now_ns(), when = next_look_ns(1, now);

        assert_int_equal(passed, 0);
        assert_true(when != LEAT_NEVER_NS && (backend->is_wire || when > now)); /* no busy loop */
    }
    while (count > 0)
        leat_buf_free(held[--count]);
    while (passed < 4)
        expect_one(0, passed++, 300);
    send_one(0, 9, 300);
    expect_one(0, 9, 300);
}

/* Reads all that is left of @sent frames.  They must be in order; on a wire some may be missing. */
static void read_all(uint32_t sent)
{
    struct leat_buf *frames[BURST];
    uint32_t next = 0, idle = 0;

    while (next < sent && idle < (backend->is_wire ? 200000u : 64u)) {
        const uint32_t got = look(1, frames, BURST);

        idle = got > 0 ? 0 : idle + 1;
        for (uint32_t i = 0; i < got; i++, next++) {
            while (backend->is_wire && next < sent && !is_frame(frames[i], 0, next, 1000))
                next++;
            expect(frames[i], 0, next, 1000);
        }
        assert_int_equal(look(0, frames, BURST), 0); /* sends the queued frames */
    }
    assert_true(next == sent || backend->is_wire);
}

static void an_end_that_does_not_read_is_waited_for_or_loses(void **state)
{
    struct leat_buf *frame;
    uint32_t sent = 0;

    (void)state;
    while (sent < UNREAD_MAX && room(0) > 0 && (frame = make_frame(0, sent, 1000))) {
        pair.ends[0].netif->ops->transmit(pair.ends[0].netif, now_ns(), &frame, 1);
        sent++;
    }
    assert_true(sent > 0);
    if (room(0) == 0) { /* wakes by a time, or by the host's wait */
        const uint64_t now = now_ns();

        assert_true(next_look_ns(0, now) > now || backend->is_wire);
    }
    read_all(sent);
    assert_true(room(0) > 0);
    send_one(0, 77, 500);
    expect_one(0, 77, 500);
}

static void a_device_that_vanishes_is_silent_and_told(void **state)
{
    struct leat_buf *frames[BURST];
    const uint64_t until = now_ns() + PATIENCE_MS * UINT64_C(1000000);

    (void)state;
    if (!backend->vanish)
        skip();
    send_one(0, 1, 100);
    expect_one(0, 1, 100);
    backend->vanish(&pair);
    while (!backend->lost(&pair) && now_ns() < until) {
        assert_int_equal(look(0, frames, BURST), 0);
        send_one(0, 2, 100); /* undeliverable, but freed nevertheless */
    }
    assert_non_null(backend->lost(&pair));
    for (unsigned looks = 0; looks < LOOKS_MIN; looks++) {
        send_one(0, 3, 100);
        assert_int_equal(look(0, frames, BURST), 0);
    }
    assert_true(next_look_ns(0, now_ns()) == LEAT_NEVER_NS); /* no busy loop on a lost device */
}

int kit_run(const struct kit_backend *tested, const char *how)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)
    const struct CMUnitTest tests[] = {
        RULE(its_facts_are_such_as_a_stack_takes),
        RULE(frames_of_every_length_pass_unchanged),
        RULE(pieces_are_put_together_and_left_as_they_were),
        RULE(a_burst_comes_in_its_order),
        RULE(frames_left_over_are_asked_for_at_once),
        RULE(an_idle_backend_does_not_want_to_be_asked_at_once),
        RULE(an_empty_pool_is_waited_for),
        RULE(an_end_that_does_not_read_is_waited_for_or_loses),
        RULE(a_device_that_vanishes_is_silent_and_told),
    };

    backend = tested;
    pair.how = how;
    return cmocka_run_group_tests_name(tested->name, tests, NULL, NULL);
}
