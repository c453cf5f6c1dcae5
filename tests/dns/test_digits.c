/* test_digits.c -- hexadecimal digits and those of base 64 in zone files. */
#include "dns_test.h"

#define HEAD "$ORIGIN z.test.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n"

/* True if a zone with this record can be parsed. */
static bool is_taken(const char *record, const char *digits)
{
    char text[200];
    struct leat_dns_zone_error error;
    struct leat_dns_zone *zone;
    size_t bytes;
    void *memory;
    enum leat_err err;

    snprintf(text, sizeof text, HEAD "%s%s\n", record, digits);
    bytes = leat_dns_zone_memory_bytes(text, strlen(text));
    memory = malloc(bytes);
    err = leat_dns_zone_parse(&zone, memory, bytes, text, strlen(text), &error);
    free(memory);
    return err == LEAT_OK;
}

/* Each character that is no other token, as the last digit. */
static void test_the_digits_of_base_64_and_of_hexadecimal_numbers(void **state)
{
    char digits[] = "AAA?";

    (void)state;
    for (int c = '!'; c < 127; c++) {
        const bool is_number = c >= '0' && c <= '9';
        const bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

        if (strchr("\"();\\", c))
            continue;
        digits[3] = (char)c;
        assert_int_equal(is_taken("a DNSKEY 0 3 8 ", digits),
                         is_number || is_letter || strchr("+/=", c));
        assert_int_equal(is_taken("a TLSA 3 1 1 ", digits),
                         is_number || (is_letter && (c | 0x20) <= 'f'));
    }
}

/* RFC 4648 3.5, 4: one or two at the end, and zeros for the bits that make no byte. */
static void test_the_padding_of_base_64(void **state)
{
    static const char *const taken[] = {
        "AA==", "AAA=", "AAAA", "A A = =", "/w==", "//8=", "AQ==", "AAE=", "AAAAAA==", "AAAAAAA="};
    static const char *const refused[] = {
        "A",    "AA",   "AAA",      "AAAAA",    "A===",  "====",   "AA=A",     "A=AA",
        "=AAA", "A==A", "AA==AAAA", "AAA=AAAA", "AAAA=", "AAAA==", "AAAA====", "AB==",
        "AI==", "AAB=", "AAC=",     "//==",     "///=",  "AA=",    "AA=AAA",   "AA== AAAA"};

    (void)state;
    for (unsigned i = 0; i < sizeof taken / sizeof *taken; i++)
        assert_true(is_taken("a DNSKEY 0 3 8 ", taken[i]));
    for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(is_taken("a DNSKEY 0 3 8 ", refused[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_digits_of_base_64_and_of_hexadecimal_numbers),
        cmocka_unit_test(test_the_padding_of_base_64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
