/* test_keep.c -- the values of leat_main() in a store: restarts, versions, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/leat.h>

#include "keep.h"

#include "faulty.h"

enum {
    SECTOR = 512,
    SECTORS = 128
};

static const struct leat_mac mac = {{2, 0, 0, 0, 0, 7}};
static const uint8_t fresh[LEAT_SEED_BYTES] = {5, 6, 7};

struct fixture {
    struct faulty faulty;
    struct leat_host host;
    struct leat_platform platform;
    struct options options;
    struct keep *keep;
    void *memory;
    uint64_t now_ns;
};

static char said[1000];

/* ---- stubs */

static uint8_t kept[LEAT_AUTOCONF_KEPT_BYTES];

bool leat_autoconf_keep(const struct leat_autoconf *autoconf, uint8_t to[LEAT_AUTOCONF_KEPT_BYTES])
{
    (void)autoconf;
    memcpy(to, kept, sizeof kept);
    return true;
}

static void say(struct leat_platform *platform, const char *line)
{
    (void)platform;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", line);
}

static uint64_t tick(struct leat_host *host)
{
    struct fixture *f = (struct fixture *)(void *)((char *)host - offsetof(struct fixture, host));

    return f->now_ns += 100000;
}

/* ---- a machine with a disk */

/* Starts; returns what keep_open() does. */
static const char *boot(struct fixture *f)
{
    const struct leat_config config = {.seed = {1}, .buf_count = 64};
    const size_t bytes = leat_memory_bytes(&config);

    said[0] = '\0';
    f->memory = malloc(bytes);
    f->keep = calloc(1, sizeof *f->keep);
    f->host.now_ns = tick;
    f->now_ns = 0;
    f->platform = (struct leat_platform){.host = &f->host, .say = say};
    assert_int_equal(leat_init(&f->platform.stack, f->memory, bytes, &config), LEAT_OK);
    f->faulty.closed = false;
    f->keep->platform = &f->platform;
    f->keep->program = "test";
    f->keep->path = "disk";
    f->keep->device = &f->faulty.device;
    return keep_open(f->keep, &f->options);
}

static void halt(struct fixture *f)
{
    keep_close(f->keep);
    leat_close(f->platform.stack);
    free(f->keep);
    free(f->memory);
}

static void restart(struct fixture *f)
{
    halt(f);
    assert_null(boot(f));
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    faulty_open(&f->faulty, SECTOR, SECTORS);
    memset(kept, 0, sizeof kept);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    faulty_free(&f->faulty);
    free(f);
    return 0;
}

/* ---- restarts */

static void what_is_drawn_stays(void **state)
{
    struct fixture *f = *state;
    uint8_t secret[LEAT_IPV6_SECRET_BYTES], again[LEAT_IPV6_SECRET_BYTES];
    struct leat_mac first, second;

    assert_null(boot(f));
    assert_ptr_equal(f->platform.store, &f->keep->store);
    keep_secret(f->keep, secret);
    first = keep_mac(f->keep);
    restart(f);
    keep_secret(f->keep, again);
    second = keep_mac(f->keep);
    assert_memory_equal(secret, again, sizeof secret);
    assert_memory_equal(&first, &second, sizeof first);
    assert_int_equal(first.octet[0] & 3, 2);
    assert_string_equal(said, "");
    halt(f);
}

static void without_a_store_nothing_is_kept(void **state)
{
    uint8_t secret[LEAT_IPV6_SECRET_BYTES] = {1}, zero[LEAT_IPV6_SECRET_BYTES] = {0};

    (void)state;
    keep_secret(NULL, secret);
    assert_memory_equal(secret, zero, sizeof zero);
    assert_null(keep_kept(NULL, &mac));
    keep_lease(NULL, &mac, NULL);
}

static void a_lease_is_for_its_mac(void **state)
{
    const struct leat_mac other = {{2, 0, 0, 0, 0, 8}};
    struct fixture *f = *state;

    assert_null(boot(f));
    assert_null(keep_kept(f->keep, &mac));
    kept[0] = 4;
    keep_lease(f->keep, &mac, NULL);
    restart(f);
    assert_memory_equal(keep_kept(f->keep, &mac), kept, sizeof kept);
    assert_null(keep_kept(f->keep, &other));
    halt(f);
}

/* The other family's lease may be gone for a while, or not be there yet. */
static void a_family_without_a_lease_keeps_its_address(void **state)
{
    struct fixture *f = *state;

    assert_null(boot(f));
    kept[0] = 4;
    keep_lease(f->keep, &mac, NULL);
    kept[0] = 0;
    kept[LEAT_DHCP_KEPT_BYTES] = 6;
    keep_lease(f->keep, &mac, NULL);
    restart(f);
    assert_int_equal(keep_kept(f->keep, &mac)[0], 4);
    assert_int_equal(keep_kept(f->keep, &mac)[LEAT_DHCP_KEPT_BYTES], 6);
    halt(f);
}

static void an_equal_value_is_not_written_again(void **state)
{
    struct fixture *f = *state;
    uint64_t writes;

    assert_null(boot(f));
    kept[0] = 4;
    keep_lease(f->keep, &mac, NULL);
    restart(f);
    writes = f->faulty.writes;
    for (unsigned i = 0; i < 100; i++)
        keep_lease(f->keep, &mac, NULL);
    halt(f);
    assert_int_equal(f->faulty.writes, writes);
}

/* Changes while a write is under way lead to one more. */
static void changes_in_quick_succession_are_two_writes(void **state)
{
    struct fixture *f = *state;
    uint64_t writes;

    assert_null(boot(f));
    writes = f->faulty.writes;
    for (uint8_t i = 1; i < 100; i++) {
        kept[0] = i;
        keep_lease(f->keep, &mac, NULL);
    }
    restart(f);
    assert_int_equal(f->faulty.writes, writes + 2);
    assert_int_equal(keep_kept(f->keep, &mac)[0], 99);
    halt(f);
}

/* ---- entropy */

static void entropy_is_mixed_and_replaced(void **state)
{
    struct fixture *f = *state;
    uint8_t seed[LEAT_SEED_BYTES], first[LEAT_SEED_BYTES], before[LEAT_SEED_BYTES];

    assert_null(boot(f));
    memcpy(first, fresh, sizeof first);
    keep_mix(f->keep, first);
    memcpy(before, keep_get(f->keep, KEEP_ENTROPY), sizeof before);
    restart(f); /* a machine without any entropy of its own: its seed is the same again */
    assert_memory_equal(keep_get(f->keep, KEEP_ENTROPY), before, sizeof before);
    memcpy(seed, fresh, sizeof seed);
    keep_mix(f->keep, seed);
    assert_memory_not_equal(seed, first, sizeof seed);
    assert_memory_not_equal(keep_get(f->keep, KEEP_ENTROPY), before, sizeof before);
    assert_memory_not_equal(keep_get(f->keep, KEEP_ENTROPY), seed, sizeof seed);
    halt(f);
}

/* If the power goes right after keep_mix(), the next start has another value. */
static void entropy_is_on_the_disk_before_it_is_used(void **state)
{
    struct fixture *f = *state;
    uint8_t seed[LEAT_SEED_BYTES];

    assert_null(boot(f));
    for (unsigned i = 0; i < 2; i++) {
        memcpy(seed, fresh, sizeof seed);
        keep_mix(f->keep, seed);
        assert_non_null(memmem(f->faulty.stable, SECTOR * SECTORS, keep_get(f->keep, KEEP_ENTROPY),
                               LEAT_SEED_BYTES));
    }
    halt(f);
}

static void entropy_that_stays_is_not_used(void **state)
{
    struct fixture *f = *state;
    uint8_t seed[LEAT_SEED_BYTES];

    assert_null(boot(f));
    memcpy(seed, fresh, sizeof seed);
    keep_mix(f->keep, seed);
    restart(f);
    f->faulty.fail_write = f->faulty.writes + 1;
    memcpy(seed, fresh, sizeof seed);
    keep_mix(f->keep, seed);
    assert_memory_equal(seed, fresh, sizeof seed);
    assert_string_equal(said, "test: --store disk: leat/entropy is not written: device failed\n");
    halt(f);
}

/* ---- other contents, and faults */

static void must_be_good(struct leat_store *store, struct leat_store_request *request,
                         enum leat_err err, void *arg)
{
    (void)store;
    (void)request;
    (void)arg;
    assert_int_equal(err, LEAT_OK);
}

/* Writes a value as another version of the program would; the end of this one waits for it. */
static void forge(struct fixture *f, const char *name, const void *bytes, size_t len)
{
    static struct leat_store_request request;

    assert_int_equal(
        leat_store_put(f->platform.store, &request, name, bytes, len, must_be_good, NULL), LEAT_OK);
}

static void values_of_other_versions_are_told_and_ignored(void **state)
{
    static const uint8_t later[7] = {2, 2, 0, 0, 0, 0, 9}, longer[200] = {1}, shorter[5] = {1};
    struct fixture *f = *state;

    assert_null(boot(f));
    forge(f, "leat/mac", later, sizeof later);
    halt(f);
    assert_null(boot(f));
    assert_string_equal(said, "test: --store disk: leat/mac is of another version of this program, "
                              "and is not used\n");
    assert_null(keep_get(f->keep, KEEP_MAC));
    forge(f, "leat/entropy", longer, sizeof longer);
    halt(f);
    assert_null(boot(f));
    forge(f, "leat/lease", shorter, sizeof shorter);
    halt(f);
    assert_null(boot(f));
    assert_null(keep_get(f->keep, KEEP_ENTROPY));
    assert_null(keep_get(f->keep, KEEP_LEASE));
    keep_mac(f->keep); /* replaces the one of another version */
    restart(f);
    assert_non_null(keep_get(f->keep, KEEP_MAC));
    halt(f);
}

static void a_disk_with_something_else_is_refused_unless_it_is_to_be_erased(void **state)
{
    struct fixture *f = *state;
    const char *wrong;

    memset(f->faulty.cached, 'x', SECTOR * SECTORS);
    memset(f->faulty.stable, 'x', SECTOR * SECTORS);
    wrong = boot(f);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "something else than a store"));
    assert_null(f->platform.store);
    assert_int_equal(f->faulty.writes, 0);
    halt(f);
    f->options.store_format = true;
    assert_null(boot(f));
    halt(f);
    f->options.store_format = false;
    assert_null(boot(f));
    halt(f);
}

static void a_small_disk_and_large_sectors_are_refused(void **state)
{
    struct fixture *f = *state;
    const char *wrong;

    faulty_open(&f->faulty, SECTOR, 48);
    wrong = boot(f);
    assert_string_equal(wrong, "--store disk: it is too small: give it 25088 bytes or more");
    halt(f);
    faulty_open(&f->faulty, 2 * KEEP_SECTOR_MAX, 10);
    wrong = boot(f);
    assert_string_equal(wrong,
                        "--store disk: its sectors have 16384 bytes: give one with 8192 at most");
    halt(f);
    faulty_open(&f->faulty, KEEP_SECTOR_MAX, 4);
    assert_null(boot(f));
    keep_mac(f->keep);
    restart(f);
    assert_non_null(keep_get(f->keep, KEEP_MAC));
    halt(f);
}

static void a_disk_without_an_answer_is_given_up(void **state)
{
    struct fixture *f = *state;
    const char *wrong;

    f->faulty.looks = UINT32_MAX;
    wrong = boot(f);
    assert_string_equal(wrong, "--store disk: the disk doesn't answer");
    assert_in_range(f->now_ns, 10 * UINT64_C(1000000000), 11 * UINT64_C(1000000000));
    halt(f);
    f->faulty.looks = 0;
}

/* A disk of a loaded host answers late, but it answers. */
static void a_slow_disk_has_a_minute(void **state)
{
    struct fixture *f = *state;

    f->faulty.looks = 250;
    assert_null(boot(f));
    assert_in_range(f->now_ns, 11 * UINT64_C(1000000000), 59 * UINT64_C(1000000000));
    f->faulty.looks = 0;
    halt(f);
    f->faulty.looks = 900;
    f->now_ns = 0;
    assert_string_equal(boot(f), "--store disk: the disk doesn't answer");
    assert_in_range(f->now_ns, 60 * UINT64_C(1000000000), 61 * UINT64_C(1000000000));
    halt(f);
    f->faulty.looks = 0;
}

static void a_disk_that_stops_answering_is_told_at_the_end(void **state)
{
    struct fixture *f = *state;

    assert_null(boot(f));
    f->faulty.looks = UINT32_MAX;
    keep_mac(f->keep);
    halt(f);
    assert_non_null(strstr(said, "the disk doesn't answer: the last values are not written"));
    f->faulty.looks = 0;
}

static void a_read_only_disk_is_told(void **state)
{
    struct fixture *f = *state;
    struct leat_mac first;

    assert_null(boot(f));
    first = keep_mac(f->keep);
    halt(f);
    f->faulty.device.read_only = true;
    assert_null(boot(f));
    assert_memory_equal(keep_get(f->keep, KEEP_MAC), first.octet, sizeof first.octet);
    keep_lease(f->keep, &mac, NULL);
    halt(f);
    assert_string_equal(said,
                        "test: --store disk: leat/lease is not written: the disk is read-only\n");
    f->faulty.device.read_only = false;
}

/* The next change is tried again, and a second failure isn't told. */
static void a_failed_write_is_told_once(void **state)
{
    struct fixture *f = *state;

    assert_null(boot(f));
    for (uint8_t i = 1; i <= 2; i++) {
        f->faulty.fail_write = f->faulty.writes + 1;
        kept[0] = i;
        keep_lease(f->keep, &mac, NULL);
        for (unsigned k = 0; k < 100; k++)
            leat_poll(f->platform.stack, tick(&f->host));
    }
    assert_string_equal(said, "test: --store disk: leat/lease is not written: device failed\n");
    keep_lease(f->keep, &mac, NULL); /* it isn't there yet, though equal */
    restart(f);
    assert_int_equal(keep_kept(f->keep, &mac)[0], 2);
    halt(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_drawn_stays),
        TEST(without_a_store_nothing_is_kept),
        TEST(a_lease_is_for_its_mac),
        TEST(a_family_without_a_lease_keeps_its_address),
        TEST(an_equal_value_is_not_written_again),
        TEST(changes_in_quick_succession_are_two_writes),
        TEST(entropy_is_mixed_and_replaced),
        TEST(entropy_is_on_the_disk_before_it_is_used),
        TEST(entropy_that_stays_is_not_used),
        TEST(values_of_other_versions_are_told_and_ignored),
        TEST(a_disk_with_something_else_is_refused_unless_it_is_to_be_erased),
        TEST(a_small_disk_and_large_sectors_are_refused),
        TEST(a_disk_without_an_answer_is_given_up),
        TEST(a_slow_disk_has_a_minute),
        TEST(a_disk_that_stops_answering_is_told_at_the_end),
        TEST(a_read_only_disk_is_told),
        TEST(a_failed_write_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
