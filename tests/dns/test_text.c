/* test_text.c -- words of zones and records: read to their end, and no further. */
#include "dns_test.h"

#include "proto/dns/dns_text.h"

/* A word ends where its length says: what follows belongs to the next one. */
static void addresses_of_a_given_length(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        bool ip4, ip6;
    } table[] = {
        {"10.0.0.1", 8, true, false},
        {"10.0.0.1:80", 8, true, false},
        {"10.0.0.1:80", 9, false, false},
        {"10.0.0.12", 8, true, false},
        {"::1", 3, false, true},
        {"::1.", 3, false, true},
        {"::", 2, false, true},
        {":", 1, false, false},
        {"", 0, false, false},
        {"1::", 3, false, true},
        {"::ffff:1.2.3.4", 14, false, true},
        {"0000:0000:0000:0000:0000:0000:192.168.100.100", 45, false, true},
        {"0000:0000:0000:0000:0000:0000:192.168.100.1000", 46, false, false},
    };
    uint8_t ip[16];

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        if (dns_ip4_read(table[i].text, table[i].len, ip) != table[i].ip4)
            fail_msg("%s is an IPv4 address: %d", table[i].text, !table[i].ip4);
        if (dns_ip6_read(table[i].text, table[i].len, ip) != table[i].ip6)
            fail_msg("%s is an IPv6 address: %d", table[i].text, !table[i].ip6);
    }
}

static void numbers_up_to_a_limit(void **state)
{
    static const struct {
        const char *text;
        uint32_t max;
        bool good;
        uint32_t value;
    } table[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"255", 255, true, 255},
        {"256", 255, false, 0},
        {"0000255", 255, true, 255},
        {"4294967295", UINT32_MAX, true, UINT32_MAX},
        {"4294967296", UINT32_MAX, false, 0},
        {"99999999999999999999999999", UINT32_MAX, false, 0},
        {"", 9, false, 0},
        {"1:", 99, false, 0},
        {"/1", 99, false, 0},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        uint32_t value = 0;

        if (dns_number_read(table[i].text, strlen(table[i].text), table[i].max, &value) !=
            table[i].good)
            fail_msg("%s", table[i].text);
        if (table[i].good)
            assert_int_equal(value, table[i].value);
    }
}

/* The text of a record of @type with this data. */
static const char *record_text(uint16_t type, const uint8_t *rdata, size_t len)
{
    static struct message reply;
    static char text[2000];
    const struct leat_dns_name owner = name_of("a.test");
    const struct dns_new_record record = {
        .owner = owner.wire, .rdata = rdata, .ttl_s = 5, .type = type, .rdata_len = (uint16_t)len};
    struct leat_dns_record read;
    struct dns_writer writer;
    size_t from = DNS_HEADER_BYTES;

    dns_write_start(&writer, reply.bytes, sizeof reply.bytes);
    dns_write_record(&writer, DNS_ANSWER, &record);
    reply.len = dns_write_end(&writer, 1, DNS_QR);
    assert_true(dns_record_read(reply.bytes, reply.len, &from, &read));
    leat_dns_record_format(&read, text, sizeof text);
    assert_memory_equal(text, "a.test. 5 IN ", 13);
    return text + 13;
}

/* RFC 8659 4.1: a tag of other bytes than letters and digits is written as a string. */
static void tags_of_CAA(void **state)
{
    (void)state;
    assert_string_equal(record_text(DNS_TYPE_CAA, BYTES("\0\5issueca")), "CAA 0 issue \"ca\"");
    assert_string_equal(record_text(DNS_TYPE_CAA, BYTES("\x80\5is-ueca")),
                        "CAA 128 \"is-ue\" \"ca\"");
    assert_string_equal(record_text(DNS_TYPE_CAA, BYTES("\0\3a\"b")), "CAA 0 \"a\\\"b\" \"\"");
    assert_string_equal(record_text(DNS_TYPE_CAA, BYTES("\0\1-")), "CAA 0 \"-\" \"\"");
    assert_string_equal(record_text(DNS_TYPE_CAA, BYTES("\0\3a1-x")), "CAA 0 \"a1-\" \"x\"");
}

static void data_of_unknown_types(void **state)
{
    (void)state;
    assert_string_equal(record_text(65280, BYTES("")), "TYPE65280 \\# 0");
    assert_string_equal(record_text(65280, BYTES("\x0f\xf0")), "TYPE65280 \\# 2 0ff0");
}

static void strings_of_TXT(void **state)
{
    (void)state;
    assert_string_equal(record_text(LEAT_DNS_TXT, BYTES("\0")), "TXT \"\"");
    assert_string_equal(record_text(LEAT_DNS_TXT, BYTES("\1a\0\2b\"")), "TXT \"a\" \"\" \"b\\\"\"");
    assert_string_equal(record_text(LEAT_DNS_TXT, BYTES("\4 ~\x7f\x1f")), "TXT \" ~\\127\\031\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_a_given_length),
        cmocka_unit_test(numbers_up_to_a_limit),
        cmocka_unit_test(tags_of_CAA),
        cmocka_unit_test(data_of_unknown_types),
        cmocka_unit_test(strings_of_TXT),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
