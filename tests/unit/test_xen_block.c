/* test_xen_block.c -- a disk of Xen: its backend obeys, lies, or vanishes. */
#include "blkback.h"

#include <string.h>

enum {
    REQUESTS = XEN_BLOCK_REQUESTS + 1
};

static struct leat_block_request requests[REQUESTS];
static struct leat_buf bufs[REQUESTS];
static uint8_t bytes[REQUESTS][XEN_BLOCK_BYTES_MAX + 1];

static int set_up(void **state)
{
    (void)state;
    blkback_init();
    memset(requests, 0, sizeof requests);
    return 0;
}

static int tear_down(void **state)
{
    struct leat_block_device *device = &blkback.block.block;

    (void)state;
    if (device->ops) {
        device->ops->close(device);
        while (device->ops->finished(device, netback.now_ns))
            continue;
    }
    assert_int_equal(netback.ports_open, 0);
    for (uint32_t ref = 0; ref < NETBACK_REFS; ref++)
        assert_true(!netback.grants[ref].page || netback.grants[ref].mapped);
    return 0;
}

static struct leat_block_device *start(void)
{
    const char *why = NULL;

    assert_int_equal(blkback_start(&why), LEAT_OK);
    assert_non_null(blkback.head);
    return leat_xen_block_device(&blkback.block);
}

/* Gives request @i to the disk: @len bytes from @sector on. */
static bool give(unsigned i, enum leat_block_what what, uint64_t sector, uint32_t len)
{
    struct leat_block_device *device = &blkback.block.block;

    bufs[i] = (struct leat_buf){.data = bytes[i] + 1, .len = len}; /* at an odd address */
    requests[i] = (struct leat_block_request){
        .what = what, .sector = sector, .buf = len > 0 ? &bufs[i] : NULL};
    return device->ops->start(device, &requests[i]);
}

static struct leat_block_request *finished(void)
{
    return blkback.block.block.ops->finished(&blkback.block.block, netback.now_ns);
}

/* The end of request 0 after the other domain has served it. */
static enum leat_err do_one(enum leat_block_what what, uint64_t sector, uint32_t len)
{
    assert_true(give(0, what, sector, len));
    blkback_serve();
    assert_ptr_equal(finished(), &requests[0]);
    return requests[0].err;
}

static void start_fails(enum leat_err err, const char *text, unsigned seconds)
{
    const uint64_t began_ns = netback.now_ns;
    const char *why = NULL;

    assert_int_equal(blkback_start(&why), err);
    assert_string_equal(why, text);
    assert_true(netback.now_ns - began_ns <= seconds * UINT64_C(1000000000));
}

/* The disk is lost: all requests have ended so, and others do at once. */
static void is_lost(const char *why)
{
    assert_true(give(0, LEAT_BLOCK_READ, 0, 512));
    assert_ptr_equal(finished(), &requests[0]);
    assert_int_equal(requests[0].err, LEAT_ERR_DEVICE);
    assert_null(finished());
    assert_string_equal(leat_xen_block_why(&blkback.block), why);
}

/* ---- in order ----------------------------------------------------------------------------- */

static void the_facts_are_those_of_the_store(void **state)
{
    const struct leat_block_device *device = start();

    (void)state;
    assert_int_equal(device->sectors, BLKBACK_UNITS);
    assert_int_equal(device->sector_bytes, 512);
    assert_int_equal(device->piece_bytes_max, 45056);
    assert_int_equal(device->pieces_max, 1);
    assert_false(device->read_only);
    assert_string_equal(netback_key("device/vbd/51712/state"), "4");
    assert_string_equal(netback_key("device/vbd/51712/feature-persistent"), "1");
}

static void a_disk_may_be_read_only_and_have_long_sectors(void **state)
{
    const struct leat_block_device *device;

    (void)state;
    netback_set("~/info", "4");
    netback_set("~/sector-size", "4096");
    device = start();
    assert_true(device->read_only);
    assert_int_equal(device->sector_bytes, 4096);
    assert_int_equal(device->sectors, BLKBACK_UNITS / 8);
    assert_int_equal(do_one(LEAT_BLOCK_READ, 3, 4096), LEAT_OK);
    assert_int_equal(blkback.request.unit, 24);
}

static void what_was_written_is_read(void **state)
{
    static const uint32_t lens[] = {512, 4096, 4608, 12288, 45056};

    (void)state;
    start();
    for (unsigned i = 0; i < sizeof lens / sizeof *lens; i++) {
        for (uint32_t at = 0; at < lens[i]; at++)
            bytes[0][1 + at] = (uint8_t)(at * 7 + at / 512 + i);
        memcpy(bytes[1], bytes[0] + 1, lens[i]);
        assert_int_equal(do_one(LEAT_BLOCK_WRITE, 5 + i, lens[i]), LEAT_OK);
        assert_int_equal(blkback.request.segment_count, (lens[i] + 4095) / 4096);
        assert_memory_equal(blkback.disk + (5 + i) * 512, bytes[1], lens[i]);
        memset(bytes[0], 0, sizeof bytes[0]);
        assert_int_equal(do_one(LEAT_BLOCK_READ, 5 + i, lens[i]), LEAT_OK);
        assert_memory_equal(bytes[0] + 1, bytes[1], lens[i]);
        assert_int_equal(bytes[0][0], 0);
    }
}

static void a_flush_reaches_the_disk_if_it_has_a_cache(void **state)
{
    (void)state;
    start();
    assert_int_equal(do_one(LEAT_BLOCK_FLUSH, 0, 0), LEAT_OK);
    assert_int_equal(blkback.request.operation, XEN_BLOCK_FLUSH);
    assert_int_equal(blkback.request.segment_count, 0);
}

static void a_flush_of_a_disk_without_a_cache_ends_at_once(void **state)
{
    (void)state;
    netback_set("~/feature-flush-cache", NULL);
    start();
    assert_true(give(0, LEAT_BLOCK_FLUSH, 0, 0));
    assert_false(blkback_take());
    assert_ptr_equal(finished(), &requests[0]);
    assert_int_equal(requests[0].err, LEAT_OK);
    assert_null(finished());
}

static void eight_requests_end_in_any_order(void **state)
{
    static const unsigned order[] = {3, 0, 7, 1, 2, 6, 5, 4};

    (void)state;
    start();
    for (unsigned i = 0; i < XEN_BLOCK_REQUESTS; i++)
        assert_true(give(i, LEAT_BLOCK_READ, i, 512));
    assert_false(give(8, LEAT_BLOCK_READ, 8, 512));
    while (blkback_take())
        blkback_do();
    for (unsigned i = 0; i < XEN_BLOCK_REQUESTS; i++) {
        blkback_answer(order[i], XEN_BLOCK_OKAY);
        assert_ptr_equal(finished(), &requests[order[i]]);
    }
    assert_true(give(8, LEAT_BLOCK_READ, 8, 512));
}

/* The ring's indices run past its end. */
static void a_thousand_requests_use_the_ring_again(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < 1000; i++) {
        bytes[0][1] = (uint8_t)i;
        assert_int_equal(do_one(LEAT_BLOCK_WRITE, i % BLKBACK_UNITS, 512), LEAT_OK);
        assert_int_equal(blkback.disk[i % BLKBACK_UNITS * 512], (uint8_t)i);
    }
}

static void the_other_domain_sees_nothing_but_its_pages(void **state)
{
    (void)state;
    start();
    assert_true(give(0, LEAT_BLOCK_WRITE, 0, 4096));
    for (uint32_t ref = 0; ref < NETBACK_REFS; ref++) {
        const uint8_t *page = netback_page(ref, false);

        assert_true(!page ||
                    (page >= blkback.pages && page < blkback.pages + sizeof blkback.pages));
    }
}

static void data_do_not_change_after_the_end(void **state)
{
    (void)state;
    memset(blkback.disk, 'a', 512);
    start();
    assert_int_equal(do_one(LEAT_BLOCK_READ, 0, 512), LEAT_OK);
    memset(netback_page(blkback.request.segments[0].ref, true), 'b', 512);
    assert_int_equal(bytes[0][1], 'a');
    assert_int_equal(bytes[0][512], 'a');
}

/* ---- out of order ------------------------------------------------------------------------- */

static void errors_are_told(void **state)
{
    static const struct {
        int16_t status;
        enum leat_err err;
    } cases[] = {{-1, LEAT_ERR_DEVICE}, {-2, LEAT_ERR_UNSUPPORTED}, {1, LEAT_ERR_DEVICE}};

    (void)state;
    start();
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(give(0, LEAT_BLOCK_READ, 0, 512));
        assert_true(blkback_take());
        blkback_answer(blkback.request.id, cases[i].status);
        assert_ptr_equal(finished(), &requests[0]);
        assert_int_equal(requests[0].err, cases[i].err);
    }
}

static void answers_that_can_not_be_end_the_disk(void **state)
{
    static const uint64_t ids[] = {XEN_BLOCK_REQUESTS, 2, UINT64_C(1) << 32, UINT64_MAX};

    (void)state;
    for (unsigned i = 0; i < sizeof ids / sizeof *ids; i++) {
        set_up(NULL);
        start();
        assert_true(give(0, LEAT_BLOCK_READ, 0, 512));
        assert_true(give(1, LEAT_BLOCK_READ, 0, 512));
        blkback_answer(ids[i], XEN_BLOCK_OKAY);
        assert_ptr_equal(finished(), &requests[0]);
        assert_int_equal(requests[0].err, LEAT_ERR_DEVICE);
        assert_ptr_equal(finished(), &requests[1]);
        is_lost("the backend of the disk broke the rules of its ring");
    }
}

static void a_second_answer_ends_the_disk(void **state)
{
    (void)state;
    start();
    assert_true(give(0, LEAT_BLOCK_READ, 0, 512));
    assert_true(give(1, LEAT_BLOCK_READ, 0, 512));
    blkback_answer(0, XEN_BLOCK_OKAY);
    blkback_answer(0, XEN_BLOCK_OKAY);
    assert_ptr_equal(finished(), &requests[0]);
    assert_int_equal(requests[0].err, LEAT_OK);
    assert_ptr_equal(finished(), &requests[1]);
    assert_int_equal(requests[1].err, LEAT_ERR_DEVICE);
    is_lost("the backend of the disk broke the rules of its ring");
}

static void answers_without_requests_end_the_disk(void **state)
{
    (void)state;
    start();
    blkback.head->response_produced = 1;
    assert_null(finished());
    is_lost("the backend of the disk broke the rules of its ring");
    set_up(NULL);
    start();
    blkback.head->response_produced = UINT32_MAX;
    assert_null(finished());
    is_lost("the backend of the disk broke the rules of its ring");
}

static void a_backend_that_goes_ends_the_disk(void **state)
{
    (void)state;
    start();
    assert_true(give(0, LEAT_BLOCK_READ, 0, 512));
    for (unsigned i = 0; i < 20; i++) { /* the watch is set only now */
        assert_null(finished());
        netback_serve_store();
    }
    netback_set("~/state", "5");
    assert_null(finished()); /* it asks for the state */
    assert_ptr_equal(finished(), &requests[0]);
    assert_int_equal(requests[0].err, LEAT_ERR_DEVICE);
    is_lost("the backend of the disk has gone");
    assert_string_equal(netback_key("device/vbd/51712/state"), "6");
}

static void a_close_ends_requests_and_goes_through_the_states(void **state)
{
    struct leat_block_device *device = start();

    (void)state;
    assert_true(give(0, LEAT_BLOCK_READ, 0, 512));
    device->ops->close(device);
    assert_ptr_equal(finished(), &requests[0]);
    assert_int_equal(requests[0].err, LEAT_ERR_CLOSED);
    assert_null(leat_xen_block_why(&blkback.block));
    assert_string_equal(netback_key("device/vbd/51712/state"), "6");
    device->ops->close(device);
}

static void pages_that_stay_mapped_are_counted(void **state)
{
    struct leat_block_device *device = start();

    (void)state;
    netback.grants[NETBACK_REFS_FIRST + 5].mapped = true;
    device->ops->close(device);
    assert_int_equal(blkback.block.pages_kept, 1);
}

static void impossible_values_are_refused(void **state)
{
    static const char sectors[] = "its sectors have an impossible size or number";
    static const char number[] = "xenstore: the backend's number of sectors can't be";
    static const struct {
        const char *path, *value, *why;
        enum leat_err err;
    } lies[] = {
        {"device/vbd/51712/backend", NULL, "xenstore has no such disk", LEAT_ERR_NOT_FOUND},
        {"device/vbd/51712/backend-id", "32752", "xenstore: backend-id is no domain",
         LEAT_ERR_DEVICE},
        {"~/sectors", NULL, number, LEAT_ERR_DEVICE},
        {"~/sectors", "18014398509481984", number, LEAT_ERR_DEVICE},
        {"~/sectors", "99999999999999999999999999", number, LEAT_ERR_DEVICE},
        {"~/sectors", "0", sectors, LEAT_ERR_DEVICE},
        {"~/sector-size", "0", sectors, LEAT_ERR_DEVICE},
        {"~/sector-size", "513", sectors, LEAT_ERR_DEVICE},
        {"~/sector-size", "256", sectors, LEAT_ERR_DEVICE},
        {"~/sector-size", "8192", sectors, LEAT_ERR_DEVICE},
        {"~/sector-size", "many", sectors, LEAT_ERR_DEVICE},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof lies / sizeof *lies; i++) {
        set_up(NULL);
        netback_set(lies[i].path, lies[i].value);
        start_fails(lies[i].err, lies[i].why, 3);
        tear_down(NULL);
    }
    set_up(NULL);
    netback_set("~/sectors", "18014398509481983");
    netback_set("~/sector-size", NULL);
    assert_int_equal(start()->sectors, UINT64_C(18014398509481983));
}

static void a_start_ends_in_time(void **state)
{
    (void)state;
    netback_set("~/state", "1");
    start_fails(LEAT_ERR_DEVICE, "the backend of the disk isn't ready", 33);
    set_up(NULL);
    netback.follows = false;
    start_fails(LEAT_ERR_DEVICE, "the backend of the disk doesn't connect", 33);
    set_up(NULL);
    netback.store_how = NETBACK_STORE_SILENT;
    start_fails(LEAT_ERR_DEVICE, "xenstore doesn't answer", 33);
    set_up(NULL);
    netback.ports_max = 0;
    start_fails(LEAT_ERR_DEVICE, "there is no event channel for the disk, or no grant", 3);
}

int main(void)
{
#define block_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        block_test(the_facts_are_those_of_the_store),
        block_test(a_disk_may_be_read_only_and_have_long_sectors),
        block_test(what_was_written_is_read),
        block_test(a_flush_reaches_the_disk_if_it_has_a_cache),
        block_test(a_flush_of_a_disk_without_a_cache_ends_at_once),
        block_test(eight_requests_end_in_any_order),
        block_test(a_thousand_requests_use_the_ring_again),
        block_test(the_other_domain_sees_nothing_but_its_pages),
        block_test(data_do_not_change_after_the_end),
        block_test(errors_are_told),
        block_test(answers_that_can_not_be_end_the_disk),
        block_test(a_second_answer_ends_the_disk),
        block_test(answers_without_requests_end_the_disk),
        block_test(a_backend_that_goes_ends_the_disk),
        block_test(a_close_ends_requests_and_goes_through_the_states),
        block_test(pages_that_stay_mapped_are_counted),
        block_test(impossible_values_are_refused),
        block_test(a_start_ends_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
