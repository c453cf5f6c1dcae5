/* test_generation.c -- an image notices that its machine was copied, and draws other numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/leat.h>

#include "bare/bare_generation.h"

#include "faulty.h"

enum {
    SECTOR = 512,
    SECTORS = 128
};

static const uint64_t second_ns = 1000000000;

/* One machine. Its program has static variables, so a second one is a restart. */
static struct {
    struct faulty faulty;
    struct leat_host host;
    struct leat_platform platform;
    struct options options;
    struct bare_machine machine;
    struct keep *keep;
    void *memory;
    uint64_t now_ns;
    uint8_t id; /* each byte of the machine's */
    bool has_id;
    uint8_t entropy; /* each byte of it; 0: it fails */
    char said[1000];
} m;

static const char changed[] = "test: the machine was copied, or went back to an earlier state, so "
                              "its secrets were renewed\n";
static const char differs[] = "test: the machine has another generation id than in the last run, "
                              "and may be a copy, so its secrets were renewed\n";

/* ---- stubs */

bool leat_autoconf_keep(const struct leat_autoconf *autoconf, uint8_t to[LEAT_AUTOCONF_KEPT_BYTES])
{
    (void)autoconf;
    (void)to;
    return false;
}

static void say(struct leat_platform *platform, const char *line)
{
    (void)platform;
    snprintf(m.said + strlen(m.said), sizeof m.said - strlen(m.said), "%s\n", line);
}

static uint64_t tick(struct leat_host *host)
{
    (void)host;
    return m.now_ns += 100000;
}

static enum leat_err entropy(struct leat_host *host, void *bytes, size_t len)
{
    (void)host;
    if (m.entropy == 0)
        return LEAT_ERR_ENTROPY;
    memset(bytes, m.entropy, len);
    return LEAT_OK;
}

static bool generation(uint8_t id[BARE_GENERATION_BYTES])
{
    if (m.has_id)
        memset(id, m.id, BARE_GENERATION_BYTES);
    return m.has_id;
}

/* ---- the machine */

/* Starts a program, with a store unless @no_store. */
static void boot(bool no_store)
{
    const struct leat_config config = {.seed = {1}, .buf_count = 64};
    const size_t bytes = leat_memory_bytes(&config);

    m.said[0] = '\0';
    m.memory = malloc(bytes);
    m.keep = calloc(1, sizeof *m.keep);
    m.host = (struct leat_host){.now_ns = tick, .entropy = entropy};
    m.platform = (struct leat_platform){.host = &m.host, .say = say};
    m.machine = (struct bare_machine){.generation = generation};
    m.faulty.closed = false;
    m.now_ns = 0;
    assert_int_equal(leat_init(&m.platform.stack, m.memory, bytes, &config), LEAT_OK);
    *m.keep = (struct keep){
        .platform = &m.platform, .program = "test", .path = "disk", .device = &m.faulty.device};
    if (!no_store)
        assert_null(keep_open(m.keep, &m.options));
    bare_generation_open(m.keep, &m.machine);
}

/* Without @ordered the power goes. */
static void halt(bool ordered)
{
    if (ordered)
        bare_generation_close();
    keep_close(m.keep);
    leat_close(m.platform.stack);
    free(m.keep);
    free(m.memory);
}

static void run_for(uint64_t ns)
{
    m.now_ns += ns;
    for (unsigned i = 0; i < 100; i++)
        leat_poll(m.platform.stack, tick(&m.host));
}

/* Looks, and gives the number that is drawn next. */
static uint64_t look(void)
{
    bare_generation_look();
    return leat_random(m.platform.stack);
}

static int set_up(void **state)
{
    (void)state;
    memset(&m, 0, sizeof m);
    faulty_open(&m.faulty, SECTOR, SECTORS);
    m.has_id = true;
    m.id = 1;
    m.entropy = 7;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    faulty_free(&m.faulty);
    return 0;
}

/* ---- a machine that is copied while it runs */

static void an_id_that_stays_changes_nothing(void **state)
{
    uint32_t before;

    (void)state;
    boot(false);
    before = leat_generation(m.platform.stack);
    look();
    assert_int_equal(leat_generation(m.platform.stack), before);
    assert_string_equal(m.said, "");
    assert_false(m.platform.may_be_copy);
    halt(true);
}

static void a_copy_renews_its_secrets_once(void **state)
{
    uint32_t before;

    (void)state;
    for (unsigned no_store = 0; no_store < 2; no_store++) {
        m.id = 1;
        boot(no_store);
        before = leat_generation(m.platform.stack);
        m.id = 2;
        look();
        look();
        assert_int_equal(leat_generation(m.platform.stack), before + 1);
        assert_string_equal(m.said, changed);
        assert_true(m.platform.may_be_copy);
        halt(false);
    }
}

/* Two copies whose entropy is the same, or fails, differ by their ids. */
static void copies_draw_different_numbers(void **state)
{
    uint64_t first[2], second[2];

    (void)state;
    for (unsigned fails = 0; fails < 2; fails++) {
        m.entropy = fails ? 0 : 7;
        m.id = 1;
        boot(true);
        m.id = 2;
        first[fails] = look();
        halt(false);
        m.id = 1;
        boot(true);
        m.id = 3;
        second[fails] = look();
        halt(false);
        assert_true(first[fails] != second[fails]);
    }
    assert_true(first[0] != first[1]); /* the entropy counts, too */
}

static void a_machine_without_an_id_is_left_alone(void **state)
{
    uint32_t before;

    (void)state;
    m.has_id = false;
    boot(false);
    before = leat_generation(m.platform.stack);
    m.has_id = true; /* it can't come later */
    look();
    assert_int_equal(leat_generation(m.platform.stack), before);
    assert_string_equal(m.said, "");
    assert_null(keep_get(m.keep, KEEP_GENERATION));
    halt(true);
    boot(false); /* its first id, as on another monitor, is no change */
    assert_string_equal(m.said, "");
    halt(true);
}

/* ---- restarts */

static void a_restart_of_the_same_machine_says_nothing(void **state)
{
    (void)state;
    for (unsigned start = 0; start < 3; start++) {
        boot(false);
        assert_string_equal(m.said, "");
        assert_false(m.platform.may_be_copy);
        halt(start == 0);
    }
}

static void a_copied_disk_is_noticed_at_the_start(void **state)
{
    (void)state;
    boot(false);
    halt(true);
    m.id = 2;
    boot(false);
    assert_string_equal(m.said, differs);
    assert_true(m.platform.may_be_copy);
    assert_int_equal(leat_generation(m.platform.stack), 2);
    halt(true);
    boot(false); /* an end in order has kept the new id */
    assert_string_equal(m.said, "");
    halt(true);
}

/* Values of the other machine may still be in the store when the power goes. */
static void a_new_id_is_kept_a_quarter_of_an_hour_later(void **state)
{
    (void)state;
    boot(false);
    halt(true);
    m.id = 2;
    boot(false);
    run_for(890 * second_ns);
    halt(false);
    boot(false);
    assert_string_equal(m.said, differs);
    run_for(901 * second_ns);
    halt(false);
    boot(false);
    assert_string_equal(m.said, "");
    m.id = 3;
    look();
    run_for(1000 * second_ns);
    halt(false);
    boot(false);
    assert_string_equal(m.said, "");
    halt(true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* bare.h says that main() has arguments. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(an_id_that_stays_changes_nothing),
        TEST(a_copy_renews_its_secrets_once),
        TEST(copies_draw_different_numbers),
        TEST(a_machine_without_an_id_is_left_alone),
        TEST(a_restart_of_the_same_machine_says_nothing),
        TEST(a_copied_disk_is_noticed_at_the_start),
        TEST(a_new_id_is_kept_a_quarter_of_an_hour_later),
    };

    (void)argc;
    (void)argv;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
