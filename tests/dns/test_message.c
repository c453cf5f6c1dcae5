/* test_message.c -- names, records and messages on the wire and as text. */
#include "dns_test.h"

#include "proto/dns/dns_reply.h"

/* Puts @name_bytes after a header of zeros, and reads the name that begins @skip bytes into it. */
static bool reads(const uint8_t *name_bytes, size_t len, size_t skip)
{
    uint8_t *message = malloc(DNS_HEADER_BYTES + len); /* exact size, so that a sanitizer
                                                        * detects each byte beyond */
    struct leat_dns_name name;
    size_t at = DNS_HEADER_BYTES + skip;
    size_t at_skip = at;
    bool good;

    memset(message, 0, DNS_HEADER_BYTES);
    memcpy(message + DNS_HEADER_BYTES, name_bytes, len);
    good = dns_name_read(message, DNS_HEADER_BYTES + len, &at, &name);
    assert_int_equal(dns_name_skip(message, DNS_HEADER_BYTES + len, &at_skip), good);
    if (good)
        assert_int_equal(at, at_skip);
    free(message);
    return good;
}

static void test_name_ends_at_the_root_or_a_pointer(void **state)
{
    (void)state;
    assert_true(reads(BYTES("\0"), 0));
    assert_true(reads(BYTES("\3www\0"), 0));
    assert_true(reads(BYTES("\3www\0\2ns\300\014"), 5));
    assert_true(reads(BYTES("\3www\0\300\014\300\021"), 7)); /* a pointer to a pointer */
}

static void test_threat_N1_pointer_to_itself(void **state)
{
    (void)state;
    assert_false(reads(BYTES("\300\014"), 0));
    assert_false(reads(BYTES("\1a\300\014"), 0));
}

static void test_threat_N1_pointer_forward(void **state)
{
    (void)state;
    assert_false(reads(BYTES("\300\016\1a\0"), 0));
    assert_false(reads(BYTES("\1a\300\020\1a\0"), 0));
    assert_false(reads(BYTES("\300\377"), 0)); /* beyond the end */
}

static void test_threat_N1_pointers_in_a_loop(void **state)
{
    (void)state;
    assert_false(reads(BYTES("\1a\300\020\1b\300\014"), 0));
    assert_false(reads(BYTES("\1a\300\020\1b\300\014"), 4));
    /* back, and then forward to a place before the name's beginning, but not before the last
     * place */
    assert_false(reads(BYTES("\1a\300\020\1b\0\300\014"), 7));
    /* back to a label from which the walk would return here */
    assert_false(reads(BYTES("\1a\1b\300\014"), 2));
}

static void test_threat_N1_name_grows_over_255_bytes_by_pointers(void **state)
{
    uint8_t bytes[400];
    size_t len = 0;

    (void)state;
    /* each name is a label of 50 bytes and a pointer to the one before */
    for (unsigned i = 0; i < 6; i++) {
        bytes[len] = 50;
        memset(bytes + len + 1, 'a', 50);
        len += 51;
        if (i == 0) {
            bytes[len++] = 0;
        } else {
            put16(bytes + len,
                  (uint16_t)(0xc000 | (DNS_HEADER_BYTES + (i == 1 ? 0 : 52 + (i - 2) * 53))));
            len += 2;
        }
    }
    assert_true(reads(bytes, len, 52 + 2 * 53));  /* four labels: 205 bytes */
    assert_false(reads(bytes, len, 52 + 3 * 53)); /* five: 256 */
}

static void test_threat_N1_long_chain_of_pointers(void **state)
{
    uint8_t bytes[2000] = {0};
    size_t len = 1;

    (void)state;
    for (unsigned i = 0; i < 500; i++, len += 2)
        put16(bytes + len, (uint16_t)(0xc000 | (DNS_HEADER_BYTES + (i == 0 ? 0 : len - 2))));
    assert_true(reads(bytes, len, 1 + 2 * 100));
    assert_false(reads(bytes, len, len - 2));
}

static void test_threat_N2_label_overruns_the_message(void **state)
{
    (void)state;
    assert_false(reads(BYTES("\4www"), 0));
    assert_false(reads(BYTES("\77a"), 0));
    assert_false(reads(BYTES("\100a\0"), 0)); /* reserved label types */
    assert_false(reads(BYTES("\200a\0"), 0));
}

static void test_threat_N2_name_without_end(void **state)
{
    uint8_t bytes[300];

    (void)state;
    assert_false(reads(BYTES(""), 0));
    assert_false(reads(BYTES("\3www"), 0));
    assert_false(reads(BYTES("\300"), 0));
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = i % 2 ? 'a' : 1;
    assert_false(reads(bytes, sizeof bytes, 0));
}

/* Reads a record owned by the root. */
static bool reads_record(uint16_t type, uint16_t rdlength, const uint8_t *rdata, size_t len)
{
    uint8_t *message = malloc(DNS_HEADER_BYTES + 11 + len);
    struct leat_dns_record record;
    size_t at = DNS_HEADER_BYTES;
    bool good;

    memset(message, 0, DNS_HEADER_BYTES + 11);
    put16(message + DNS_HEADER_BYTES + 1, type);
    put16(message + DNS_HEADER_BYTES + 3, DNS_CLASS_IN);
    put16(message + DNS_HEADER_BYTES + 9, rdlength);
    memcpy(message + DNS_HEADER_BYTES + 11, rdata, len);
    good = dns_record_read(message, DNS_HEADER_BYTES + 11 + len, &at, &record);
    free(message);
    return good;
}

static void test_threat_N2_rdlength(void **state)
{
    (void)state;
    assert_true(reads_record(LEAT_DNS_A, 4, BYTES("abcd")));
    assert_false(reads_record(LEAT_DNS_A, 5, BYTES("abcd"))); /* overruns the message */
    assert_false(reads_record(LEAT_DNS_A, 65535, BYTES("abcd")));
    assert_false(reads_record(LEAT_DNS_A, 3, BYTES("abcd")));
    assert_false(reads_record(LEAT_DNS_A, 5, BYTES("abcde")));
    assert_false(reads_record(LEAT_DNS_AAAA, 15, BYTES("0123456789abcde")));
    assert_false(reads_record(LEAT_DNS_NS, 2, BYTES("\3www\0")));  /* the name ends beyond it */
    assert_false(reads_record(LEAT_DNS_NS, 6, BYTES("\3www\0x"))); /* or before */
    assert_false(reads_record(LEAT_DNS_MX, 2, BYTES("\0\1")));
    assert_false(reads_record(LEAT_DNS_TXT, 3, BYTES("\3ab")));
    assert_false(reads_record(LEAT_DNS_SOA, 21, BYTES("\0\0abcdefghijklmnopqrs")));
    assert_true(reads_record(LEAT_DNS_SOA, 22, BYTES("\0\0abcdefghijklmnopqrst")));
    assert_true(reads_record(999, 3, BYTES("abc")));
}

static void test_threat_N2_empty_rdata(void **state)
{
    static const uint16_t types[] = {LEAT_DNS_A,   LEAT_DNS_AAAA, LEAT_DNS_NS, LEAT_DNS_CNAME,
                                     LEAT_DNS_SOA, LEAT_DNS_PTR,  LEAT_DNS_MX, LEAT_DNS_TXT};

    (void)state;
    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++)
        assert_false(reads_record(types[i], 0, (const uint8_t *)"", 0));
    assert_true(reads_record(999, 0, (const uint8_t *)"", 0));
}

static void test_threat_N3_reply_counts_over_records(void **state)
{
    const struct leat_dns_name name = name_of("www.example.test");
    const struct dns_asked asked = {.name = &name, .id = 0x1234, .type = LEAT_DNS_A};
    struct leat_dns_result result;
    struct dns_edns edns;
    struct message message;

    (void)state;
    make_query(&message, "www.example.test", LEAT_DNS_A, 0);
    put16(message.bytes + 2, DNS_QR);
    assert_int_equal(dns_reply_read(&asked, message.bytes, message.len, &result, &edns),
                     DNS_REPLY_ANSWER);
    for (unsigned section = DNS_ANSWER; section < DNS_SECTIONS; section++) {
        put16(message.bytes + 4 + 2 * section, 1);
        assert_int_equal(dns_reply_read(&asked, message.bytes, message.len, &result, &edns),
                         DNS_REPLY_FOREIGN);
        put16(message.bytes + 4 + 2 * section, 65535);
        assert_int_equal(dns_reply_read(&asked, message.bytes, message.len, &result, &edns),
                         DNS_REPLY_FOREIGN);
        put16(message.bytes + 4 + 2 * section, 0);
    }
}

static void test_writer_compresses(void **state)
{
    const struct leat_dns_name www = name_of("www.example.test");
    const struct leat_dns_name mail = name_of("mail.Example.test");
    uint8_t rdata[300] = {0, 10};
    struct dns_new_record record = {
        .owner = www.wire, .rdata = rdata, .ttl_s = 60, .type = LEAT_DNS_MX};
    struct dns_writer writer;
    struct message message;
    size_t before;

    (void)state;
    memcpy(rdata + 2, mail.wire, mail.len);
    record.rdata_len = (uint16_t)(2 + mail.len);
    dns_write_start(&writer, message.bytes, sizeof message.bytes);
    dns_write_question(&writer, www.wire, LEAT_DNS_MX, DNS_CLASS_IN);
    before = writer.len;
    dns_write_record(&writer, DNS_ANSWER, &record);
    assert_int_equal(writer.len - before, 2 + 10 + 2 + 5 + 2); /* the owner; "mail" and a pointer */
    message.len = dns_write_end(&writer, 1, DNS_QR);
    assert_string_equal(text_of(message.bytes, message.len),
                        "NOERROR \nwww.example.test. 60 IN MX 10 mail.example.test.\n--\n--\n");
}

static void test_writer_stops_at_the_limit_and_rewinds(void **state)
{
    const struct leat_dns_name name = name_of("www.example.test");
    const struct dns_new_record record = {.owner = name.wire,
                                          .rdata = (const uint8_t *)"abcd",
                                          .ttl_s = 60,
                                          .type = LEAT_DNS_A,
                                          .rdata_len = 4};

    (void)state;
    for (size_t limit = 34 + 1; limit < 34 + 16; limit++) {
        uint8_t *bytes = malloc(limit);
        struct dns_writer writer;
        struct dns_mark mark;

        dns_write_start(&writer, bytes, limit);
        dns_write_question(&writer, name.wire, LEAT_DNS_A, DNS_CLASS_IN);
        assert_int_equal(writer.len, 34);
        mark = dns_write_mark(&writer);
        dns_write_record(&writer, DNS_ANSWER, &record);
        assert_true(writer.full);
        dns_write_rewind(&writer, &mark);
        assert_false(writer.full);
        assert_int_equal(dns_write_end(&writer, 1, 0), 34);
        free(bytes);
    }
}

static void test_names_as_text(void **state)
{
    static const char *const good[][2] = {{".", "."},
                                          {"a", "a."},
                                          {"WWW.Example.", "WWW.Example."},
                                          {"a\\.b.c", "a\\.b.c."},
                                          {"\\097\\255", "a\\255."},
                                          {"with\\032space", "with\\032space."}};
    static const char *const bad[] = {"", "..", "a..b", ".a", "a\\", "\\25", "\\256", "\\2x5"};
    char text[LEAT_DNS_NAME_TEXT_BYTES];
    struct leat_dns_name name;

    (void)state;
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
        name = name_of(good[i][0]);
        assert_int_equal(leat_dns_name_format(&name, text, sizeof text), strlen(good[i][1]));
        assert_string_equal(text, good[i][1]);
    }
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(leat_dns_name_parse(bad[i], &name), LEAT_ERR_FORMAT);
}

static void test_names_have_limits(void **state)
{
    char text[300];
    struct leat_dns_name name;

    (void)state;
    memset(text, 'a', sizeof text);
    text[63] = '\0';
    assert_int_equal(leat_dns_name_parse(text, &name), LEAT_OK);
    text[63] = 'a';
    text[64] = '\0';
    assert_int_equal(leat_dns_name_parse(text, &name), LEAT_ERR_FORMAT);
    for (unsigned i = 1; i < sizeof text; i += 2)
        text[i] = '.', text[i - 1] = 'a';
    text[253] = '\0'; /* 127 labels of one byte, and the root */
    assert_int_equal(leat_dns_name_parse(text, &name), LEAT_OK);
    assert_int_equal(name.len, 255);
    text[253] = '.';
    text[255] = '\0';
    assert_int_equal(leat_dns_name_parse(text, &name), LEAT_ERR_FORMAT);
}

static void test_names_without_case(void **state)
{
    const struct leat_dns_name a = name_of("wWw.eXample.test");
    const struct leat_dns_name b = name_of("WwW.ExamplE.TEST.");
    const struct leat_dns_name c = name_of("www.example.tes");

    (void)state;
    assert_true(leat_dns_name_equal(&a, &b));
    assert_false(leat_dns_name_equal(&a, &c));
}

static void test_types_as_text(void **state)
{
    char text[10];
    uint16_t type;

    (void)state;
    assert_true(leat_dns_type_parse("aaaa", &type));
    assert_int_equal(type, LEAT_DNS_AAAA);
    assert_true(leat_dns_type_parse("TYPE65535", &type));
    assert_int_equal(type, 65535);
    leat_dns_type_format(65535, text);
    assert_string_equal(text, "TYPE65535");
    assert_false(leat_dns_type_parse("TYPE65536", &type));
    assert_false(leat_dns_type_parse("AA", &type));
    assert_false(leat_dns_type_parse("", &type));
}

static void test_record_text_stops_at_its_room(void **state)
{
    static const uint8_t bytes[] = "\0\0\1\0\1\0\0\0\1\0\4\300\0\2\1";
    struct leat_dns_record record;
    char text[64];
    size_t at = 0;

    (void)state;
    assert_true(dns_record_read(bytes, sizeof bytes - 1, &at, &record));
    assert_int_equal(leat_dns_record_format(&record, text, sizeof text), 18);
    assert_string_equal(text, ". 1 IN A 192.0.2.1");
    assert_int_equal(leat_dns_record_format(&record, text, 8), 18);
    assert_string_equal(text, ". 1 IN ");
}

/* The record with these bytes: ". TYPE 1 CLASS 1s RDATA". */
static struct leat_dns_record record_of(const uint8_t *bytes, size_t len)
{
    struct leat_dns_record record;
    size_t at = 0;

    assert_true(dns_record_read(bytes, len, &at, &record));
    return record;
}

static void test_ttl_with_its_highest_bit_is_zero(void **state)
{
    (void)state;
    assert_int_equal(record_of(BYTES("\0\0\1\0\1\177\377\377\377\0\4\300\0\2\1")).ttl_s, INT32_MAX);
    assert_int_equal(record_of(BYTES("\0\0\1\0\1\200\0\0\0\0\4\300\0\2\1")).ttl_s, 0);
    assert_int_equal(record_of(BYTES("\0\0\1\0\1\377\377\377\377\0\4\300\0\2\1")).ttl_s, 0);
    /* the TTL field of OPT has the extended rcode of the reply (RFC 6891 6.1.3) */
    assert_int_equal(record_of(BYTES("\0\0\51\4\320\200\0\0\0\0\0")).ttl_s, 0x80000000u);
}

static void test_the_text_of_records(void **state)
{
    static const uint8_t a[] = "\0\0\1\0\1\0\0\0\1\0\4\300\0\2\1";
    static const uint8_t chaos[] = "\0\0\1\0\3\0\0\0\1\0\4\300\0\2\1";
    static const uint8_t aaaa[] = "\0\0\34\0\1\0\0\0\1\0\20\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10";
    static const uint8_t mx[] = "\0\0\17\0\1\0\0\0\1\0\6\0\12\2mx\0";
    const struct leat_dns_record records[] = {
        record_of(a, sizeof a - 1), record_of(chaos, sizeof chaos - 1),
        record_of(aaaa, sizeof aaaa - 1), record_of(mx, sizeof mx - 1)};
    struct leat_dns_name name;
    struct leat_ip ip[4] = {LEAT_IP_ANY};
    char text[64];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(leat_dns_record_ip(&records[i], &ip[i]), i == 0 || i == 2);
        assert_int_equal(leat_dns_record_target(&records[i], &name), i == 3);
    }
    assert_true(leat_ip_equal(ip[0], LEAT_IP4(192, 0, 2, 1)));
    assert_memory_equal(ip[2].bytes, aaaa + 11, 16);
    leat_dns_name_format(&name, text, sizeof text);
    assert_string_equal(text, "mx.");
    leat_dns_record_format(&records[1], text, sizeof text);
    assert_string_equal(text, ". 1 CLASS3 A \\# 4 c0000201");
}

static void test_results_have_names(void **state)
{
    (void)state;
    assert_string_equal(leat_dns_rcode_text(LEAT_DNS_SERVFAIL), "SERVFAIL");
    assert_string_equal(leat_dns_rcode_text(LEAT_DNS_BADVERS), "BADVERS");
    assert_string_equal(leat_dns_rcode_text(4095), "unknown");
}

/* The data of @type: @front bytes, then @names times www.example.test, which is the owner as
 * well. */
static size_t bytes_of_record(uint16_t type, size_t front, unsigned names)
{
    const struct leat_dns_name name = name_of("www.example.test");
    uint8_t rdata[600] = {0}, bytes[1000];
    struct dns_new_record record = {.owner = name.wire, .rdata = rdata, .type = type};
    struct dns_writer writer;

    record.rdata_len = (uint16_t)(front + names * name.len);
    for (unsigned i = 0; i < names; i++)
        memcpy(rdata + front + (size_t)i * name.len, name.wire, name.len);
    dns_write_start(&writer, bytes, sizeof bytes);
    dns_write_record(&writer, DNS_ANSWER, &record);
    assert_false(writer.full);
    return writer.len - DNS_HEADER_BYTES - name.len - 10;
}

/* RFC 3597 4: names are compressed only in the data of RFC 1035's types; RFC 2782: not in
 * that of SRV. */
static void test_names_of_newer_types_are_never_compressed(void **state)
{
    static const struct {
        uint16_t type;
        size_t front;
        unsigned names;
        bool compresses;
    } types[] = {
        {LEAT_DNS_NS, 0, 1, true},  {LEAT_DNS_CNAME, 0, 1, true}, {LEAT_DNS_PTR, 0, 1, true},
        {LEAT_DNS_MX, 2, 1, true},  {DNS_TYPE_RP, 0, 2, false},   {DNS_TYPE_AFSDB, 2, 1, false},
        {DNS_TYPE_RT, 2, 1, false}, {DNS_TYPE_PX, 2, 2, false},   {DNS_TYPE_SRV, 6, 1, false},
        {DNS_TYPE_DS, 0, 1, false}, {65534, 0, 1, false},
    };
    const size_t name_bytes = name_of("www.example.test").len;

    (void)state;
    for (unsigned i = 0; i < sizeof types / sizeof *types; i++)
        assert_int_equal(bytes_of_record(types[i].type, types[i].front, types[i].names),
                         types[i].front + types[i].names * (types[i].compresses ? 2 : name_bytes));
}

/* One table defines the types' data; each known type has a name, and no other has. */
static void test_each_known_type_has_a_shape_and_a_name(void **state)
{
    (void)state;
    for (unsigned type = 0; type <= UINT16_MAX; type++) {
        const struct dns_shape *shape = dns_shape((uint16_t)type);
        char text[10];
        unsigned names = 0, others = 0, i = 0;

        leat_dns_type_format((uint16_t)type, text);
        if (type != LEAT_DNS_ANY)
            assert_int_equal(memcmp(text, "TYPE", 4) != 0, shape && shape->is_known);
        if (!shape)
            continue;
        for (; i < DNS_FIELDS_MAX && shape->fields[i] != DNS_FIELD_END; i++) {
            names += shape->fields[i] == DNS_FIELD_NAME;
            others += shape->fields[i] == DNS_FIELD_TEXTS;
        }
        assert_in_range(i, 1, DNS_FIELDS_MAX - 1);
        assert_true(names == 0 || others == 0); /* a type with names has other fields of fixed
                                                 * length */
        assert_true(names > 0 || shape->is_known);
        assert_true(!shape->compresses || (names > 0 && type <= LEAT_DNS_TXT));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ttl_with_its_highest_bit_is_zero),
        cmocka_unit_test(test_the_text_of_records),
        cmocka_unit_test(test_results_have_names),
        cmocka_unit_test(test_name_ends_at_the_root_or_a_pointer),
        cmocka_unit_test(test_threat_N1_pointer_to_itself),
        cmocka_unit_test(test_threat_N1_pointer_forward),
        cmocka_unit_test(test_threat_N1_pointers_in_a_loop),
        cmocka_unit_test(test_threat_N1_name_grows_over_255_bytes_by_pointers),
        cmocka_unit_test(test_threat_N1_long_chain_of_pointers),
        cmocka_unit_test(test_threat_N2_label_overruns_the_message),
        cmocka_unit_test(test_threat_N2_name_without_end),
        cmocka_unit_test(test_threat_N2_rdlength),
        cmocka_unit_test(test_threat_N2_empty_rdata),
        cmocka_unit_test(test_threat_N3_reply_counts_over_records),
        cmocka_unit_test(test_writer_compresses),
        cmocka_unit_test(test_writer_stops_at_the_limit_and_rewinds),
        cmocka_unit_test(test_names_as_text),
        cmocka_unit_test(test_names_have_limits),
        cmocka_unit_test(test_names_without_case),
        cmocka_unit_test(test_types_as_text),
        cmocka_unit_test(test_names_of_newer_types_are_never_compressed),
        cmocka_unit_test(test_each_known_type_has_a_shape_and_a_name),
        cmocka_unit_test(test_record_text_stops_at_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
