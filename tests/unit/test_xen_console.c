/* test_xen_console.c -- the console of a guest of Xen: the other domain reads it, types, or breaks
 * the rules. */
#include "unit.h"

#include <string.h>

#include "netif/virtio/metal/x86_64/xen_console.h"
#include "netif/virtio/metal/x86_64/xen_guest.h"

enum {
    PORT = 2,
    LONG = 5000,
    GUARD = 64
};

/* The hypervisor and the other domain. */
static struct {
    uint8_t before[GUARD];
    struct xen_console_page page;
    uint8_t behind[GUARD];
    unsigned yields, notified;
    bool reads; /* the other domain takes text while we yield */
    char seen[LONG];
    size_t seen_len;
    bool has_no_page;
    char log[LONG]; /* Xen's own */
    size_t log_len;
} world;

static char text[LONG];

static void read_all(void)
{
    while (world.page.out_taken != world.page.out_put && world.seen_len < sizeof world.seen)
        world.seen[world.seen_len++] =
            world.page.out[world.page.out_taken++ % XEN_CONSOLE_OUT_BYTES];
}

void xen_notify(uint32_t port)
{
    assert_int_equal(port, PORT);
    world.notified++;
}

long xen_call(enum xen_hypercall number, uint64_t command, void *arguments, uint64_t count)
{
    assert_int_equal(number, XEN_SCHED_OP);
    assert_int_equal(command, 0);
    assert_null(arguments);
    assert_int_equal(count, 0);
    world.yields++;
    if (world.reads)
        read_all();
    return 0;
}

uint64_t xen_param(uint32_t index)
{
    assert_int_equal(index, 18);
    return PORT;
}

void *xen_param_page(uint32_t index)
{
    assert_int_equal(index, 17);
    return world.has_no_page ? NULL : &world.page;
}

void xen_log(const char *bytes, size_t len)
{
    assert_true(len <= sizeof world.log - world.log_len);
    memcpy(world.log + world.log_len, bytes, len);
    world.log_len += len;
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    for (unsigned i = 0; i < LONG; i++)
        text[i] = (char)(i * 7 + i / 256);
    xen_console_init();
    return 0;
}

static int tear_down(void **state)
{
    static const uint8_t guard[GUARD];

    (void)state;
    assert_memory_equal(world.before, guard, GUARD);
    assert_memory_equal(world.behind, guard, GUARD);
    return 0;
}

static void type(const char *keys)
{
    for (; *keys; keys++)
        world.page.in[world.page.in_put++ % XEN_CONSOLE_IN_BYTES] = *keys;
}

/* ---- in order ----------------------------------------------------------------------------- */

static void text_goes_round_the_page(void **state)
{
    (void)state;
    world.reads = true;
    xen_console_write(text, LONG);
    read_all();
    assert_int_equal(world.seen_len, LONG);
    assert_memory_equal(world.seen, text, LONG);
    assert_int_equal(world.yields, 2); /* two times the page was full */
    assert_int_equal(world.notified, 3);
    assert_int_equal(world.log_len, 0);
}

static void a_page_that_a_loader_has_used_goes_on(void **state)
{
    (void)state;
    world.page.out_put = world.page.out_taken = UINT32_MAX - 1;
    world.page.in_put = world.page.in_taken = UINT32_MAX;
    xen_console_init();
    xen_console_write("text", 4);
    read_all();
    assert_memory_equal(world.seen, "text", 4);
    type("ab\004");
    assert_true(xen_console_take_end());
    assert_int_equal(world.page.in_taken, 2);
}

static void a_Ctrl_D_is_taken_once(void **state)
{
    (void)state;
    assert_false(xen_console_take_end());
    type("text");
    assert_false(xen_console_take_end());
    type("more\004text");
    assert_true(xen_console_take_end());
    assert_false(xen_console_take_end());
    assert_int_equal(world.page.in_taken, world.page.in_put);
    assert_int_equal(world.notified, 2); /* there is room for more */
}

/* ---- out of order ------------------------------------------------------------------------- */

/* It is not lost: Xen's own log has it. */
static void text_that_the_domain_does_not_take_goes_into_the_log(void **state)
{
    const size_t rest = LONG - XEN_CONSOLE_OUT_BYTES;

    (void)state;
    xen_console_write(text, LONG);
    assert_int_equal(world.yields, XEN_CONSOLE_YIELDS_MAX);
    assert_int_equal(world.log_len, rest);
    assert_memory_equal(world.log, text + XEN_CONSOLE_OUT_BYTES, rest);
    xen_console_write("more", 4); /* and the domain isn't waited for again */
    assert_int_equal(world.yields, XEN_CONSOLE_YIELDS_MAX);
    assert_memory_equal(world.log + rest, "more", 4);
    read_all();
    assert_int_equal(world.seen_len, XEN_CONSOLE_OUT_BYTES);
    assert_memory_equal(world.seen, text, XEN_CONSOLE_OUT_BYTES);
    xen_console_write("again", 5);
    read_all();
    assert_memory_equal(world.seen + XEN_CONSOLE_OUT_BYTES, "again", 5);
}

static void without_a_page_all_text_goes_into_the_log(void **state)
{
    (void)state;
    world.has_no_page = true;
    xen_console_init();
    xen_console_write(text, LONG);
    assert_int_equal(world.log_len, LONG);
    assert_memory_equal(world.log, text, LONG);
    assert_int_equal(world.notified, 0);
    assert_false(xen_console_take_end());
}

static void an_index_that_can_not_be_is_a_full_page(void **state)
{
    static const uint32_t impossible[] = {1, 100, UINT32_MAX / 2,
                                          UINT32_MAX - XEN_CONSOLE_OUT_BYTES};

    (void)state;
    for (unsigned i = 0; i < sizeof impossible / sizeof *impossible; i++) {
        set_up(NULL);
        world.page.out_taken = impossible[i];
        xen_console_write("text", 4);
        assert_int_equal(world.yields, XEN_CONSOLE_YIELDS_MAX);
        assert_int_equal(world.page.out_put, 0);
    }
}

static void our_own_indices_are_never_read_back(void **state)
{
    (void)state;
    xen_console_write("one", 3);
    world.page.out_put = 70000;
    xen_console_write("two", 3);
    assert_memory_equal(world.page.out, "onetwo", 6);
    assert_int_equal(world.page.out_put, 6);
    type("ab");
    assert_false(xen_console_take_end());
    world.page.in_taken = 70000;
    type("\004");
    assert_true(xen_console_take_end());
    assert_int_equal(world.page.in_taken, 3);
}

/* One page at most is looked at, whatever the index says. */
static void input_that_can_not_be_is_passed_over(void **state)
{
    (void)state;
    world.page.in_put = UINT32_MAX;
    assert_false(xen_console_take_end());
    assert_int_equal(world.page.in_taken, UINT32_MAX);
    world.page.in[5] = 4;
    world.page.in_put = 3000000000;
    assert_true(xen_console_take_end());
    assert_false(xen_console_take_end());
}

int main(void)
{
#define console_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        console_test(text_goes_round_the_page),
        console_test(a_page_that_a_loader_has_used_goes_on),
        console_test(a_Ctrl_D_is_taken_once),
        console_test(text_that_the_domain_does_not_take_goes_into_the_log),
        console_test(without_a_page_all_text_goes_into_the_log),
        console_test(an_index_that_can_not_be_is_a_full_page),
        console_test(our_own_indices_are_never_read_back),
        console_test(input_that_can_not_be_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
