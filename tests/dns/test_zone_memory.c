/* test_zone_memory.c -- the memory that a master file needs. */
#include "dns_test.h"

#include "proto/dns/dns_zone.h"

static void test_memory_is_enough_and_no_less_is_used(void **state)
{
    const size_t bytes = leat_dns_zone_memory_bytes(test_zone_text, strlen(test_zone_text));
    struct leat_dns_zone_error error;
    struct leat_dns_zone *zone;
    enum leat_err err = LEAT_ERR_MEMORY;
    size_t enough = 0;

    (void)state;
    for (; err; enough++) {
        char *memory = malloc(enough + 1); /* exact size, and an odd address */

        err = leat_dns_zone_parse(&zone, memory + 1, enough, test_zone_text, strlen(test_zone_text),
                                  &error);
        assert_true(err == LEAT_OK || err == LEAT_ERR_MEMORY);
        free(memory);
    }
    assert_in_range(enough - 1, 1, bytes);
}

static void test_memory_suffices_where_names_grow(void **state)
{
    void *memory;

    (void)state;
    zone_of("$ORIGIN a-rather-long-origin.\n$ORIGIN of-several\n$ORIGIN parts\n"
            "@ 1 SOA @ @ 1 2 3 4 5\n@ NS @\n@ AAAA ::\na NS @\nb MX 1 @\nc PTR @\nd TXT a b c d\n",
            &memory);
    free(memory);
}

/* The text may end anywhere. */
static void test_memory_for_part_of_a_zone_is_refused(void **state)
{
    static const char text[] =
        "$ORIGIN z.test.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n"
        "t TXT \"\" \"\" \"\" \"\" \"\" \"\" \"\" \"\" \"one\"\nu AAAA ::1\nm MX 5 t\n";
    const size_t needed = leat_dns_zone_memory_bytes(text, strlen(text));
    struct leat_dns_zone_error error;
    struct leat_dns_zone *zone;
    enum leat_err err = LEAT_ERR_MEMORY;

    (void)state;
    for (size_t bytes = 0; err; bytes++) {
        uint8_t *memory = malloc(bytes + 1);

        assert_true(bytes <= needed);
        err = leat_dns_zone_parse(&zone, memory, bytes, text, strlen(text), &error);
        assert_true(err == LEAT_OK || err == LEAT_ERR_MEMORY);
        free(memory);
    }
}

/* The least memory with which the error of a zone whose text ends with @text is told. */
static size_t least_for(const char *text)
{
    struct leat_dns_zone_error error;
    struct leat_dns_zone *zone;
    enum leat_err err = LEAT_ERR_MEMORY;
    char whole[400];
    size_t bytes = 0;

    snprintf(whole, sizeof whole, "$ORIGIN z.test.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\nt TXT %s", text);
    for (; err == LEAT_ERR_MEMORY; bytes++) {
        uint8_t *memory = malloc(bytes + 1);

        err = leat_dns_zone_parse(&zone, memory, bytes, whole, strlen(whole), &error);
        free(memory);
    }
    assert_int_equal(err, LEAT_ERR_FORMAT);
    return bytes;
}

/* An error behind a text is found when there is memory for the text, and no earlier. */
static void test_what_lies_behind_the_end_of_the_memory_is_not_read(void **state)
{
    (void)state;
    /* parts of the memory are aligned */
    assert_in_range(least_for("abcdefghijklmnopqrstuvwxyz\\300\n") - least_for("a\\300\n"), 25,
                    25 + 15);
    assert_in_range(least_for("abcdefghijklmnopqrstuvwxyz \\300\n") - least_for("a \\300\n"), 25,
                    25 + 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_enough_and_no_less_is_used),
        cmocka_unit_test(test_memory_suffices_where_names_grow),
        cmocka_unit_test(test_memory_for_part_of_a_zone_is_refused),
        cmocka_unit_test(test_what_lies_behind_the_end_of_the_memory_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
