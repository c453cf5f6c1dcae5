/* test_zone.c -- master files: accepted text, and errors with their places. */
#include "dns_test.h"

#include "proto/dns/dns_text.h"
#include "proto/dns/dns_zone.h"

#define HEAD "$ORIGIN z.test.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n"

/* All records as lines, in the order of the zone. */
static const char *records_of(const struct leat_dns_zone *zone)
{
    static char text[20000];
    size_t len = 0;

    for (uint32_t i = 0; i < zone->count; i++) {
        struct dns_writer writer;
        uint8_t bytes[2000];
        struct leat_dns_record record;
        size_t at = DNS_HEADER_BYTES;

        dns_write_start(&writer, bytes, sizeof bytes);
        dns_write_record(&writer, DNS_ANSWER, dns_zone_record(zone, i));
        assert_true(dns_record_read(bytes, dns_write_end(&writer, 0, 0), &at, &record));
        len += leat_dns_record_format(&record, text + len, sizeof text - len);
        text[len++] = '\n';
    }
    text[len] = '\0';
    return text;
}

static void assert_zone(const char *text, const char *expected)
{
    void *memory;

    assert_string_equal(records_of(zone_of(text, &memory)), expected);
    free(memory);
}

static void assert_refused(const char *text, uint32_t line, uint32_t column, const char *word)
{
    const size_t bytes = leat_dns_zone_memory_bytes(text, strlen(text));
    struct leat_dns_zone_error error;
    struct leat_dns_zone *zone;
    void *memory = malloc(bytes);

    assert_int_equal(leat_dns_zone_parse(&zone, memory, bytes, text, strlen(text), &error),
                     LEAT_ERR_FORMAT);
    if (!strstr(error.text, word))
        fail_msg("\"%s\" was expected in \"%s\"", word, error.text);
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
    free(memory);
}

/* The parameters of RFC 9460 D, and their form in a zone and in ours. */
static void test_parameters_of_services(void **state)
{
    (void)state;
    assert_zone(HEAD "a HTTPS 0 foo.example.com.\n"
                     "b SVCB 1 .\n"
                     "c SVCB 16 foo.example.com. port=53\n"
                     "d SVCB 1 foo.example.com. key667=hello\n"
                     "e SVCB 1 foo.example.com. key667=\"hello\\210qoo\"\n"
                     "f SVCB 1 foo.example.com. ipv6hint=\"2001:db8::1,2001:db8::53:1\"\n"
                     "g SVCB 16 foo.example.org. (alpn=h2,h3-19 mandatory=ipv4hint,alpn\n"
                     "  ipv4hint=192.0.2.1)\n"
                     "h SVCB 16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"\n"
                     "i SVCB 16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2\n"
                     "j HTTPS 1 . ohttp dohpath=/q{?dns} ech=AAEC no-default-alpn alpn=x KEY9\n"
                     "k HTTPS 1 . key4=\\192\\000\\002\\001 key1=\\001x\n"
                     "l SVCB 1 . key667=x alpn=x mandatory=alpn,key667\n",
                "z.test. 60 IN NS ns.z.test.\n"
                "z.test. 60 IN SOA ns.z.test. h.z.test. 1 2 3 4 5\n"
                "a.z.test. 60 IN HTTPS 0 foo.example.com.\n"
                "b.z.test. 60 IN SVCB 1 .\n"
                "c.z.test. 60 IN SVCB 16 foo.example.com. port=53\n"
                "d.z.test. 60 IN SVCB 1 foo.example.com. key667=\"hello\"\n"
                "e.z.test. 60 IN SVCB 1 foo.example.com. key667=\"hello\\210qoo\"\n"
                "f.z.test. 60 IN SVCB 1 foo.example.com. ipv6hint=2001:db8::1,2001:db8::53:1\n"
                "g.z.test. 60 IN SVCB 16 foo.example.org. mandatory=alpn,ipv4hint "
                "alpn=\"h2,h3-19\" ipv4hint=192.0.2.1\n"
                "h.z.test. 60 IN SVCB 16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"\n"
                "i.z.test. 60 IN SVCB 16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"\n"
                "j.z.test. 60 IN HTTPS 1 . alpn=\"x\" no-default-alpn ech=AAEC "
                "dohpath=\"/q{?dns}\" ohttp key9\n"
                "k.z.test. 60 IN HTTPS 1 . alpn=\"x\" ipv4hint=192.0.2.1\n"
                "l.z.test. 60 IN SVCB 1 . mandatory=alpn,key667 alpn=\"x\" key667=\"x\"\n");
}

static void test_parameters_that_are_refused(void **state)
{
    (void)state;
    assert_refused(HEAD "a SVCB\n", 5, 7, "number");
    assert_refused(HEAD "a SVCB 1\n", 5, 9, "name");
    assert_refused(HEAD "a SVCB 1 . blue=1\n", 5, 12, "not a key");
    assert_refused(HEAD "a SVCB 1 . \"alpn=h2\"\n", 5, 12, "not a key");
    assert_refused(HEAD "a SVCB 1 . key65535=1\n", 5, 12, "not a key");
    assert_refused(HEAD "a SVCB 1 . key01=1\n", 5, 12, "not a key");
    assert_refused(HEAD "a SVCB 1 . port=65536\n", 5, 22, "up to 65535");
    assert_refused(HEAD "a SVCB 1 . port\n", 5, 16, "needs a value");
    assert_refused(HEAD "a SVCB 1 . alpn=\n", 5, 17, "needs a value");
    assert_refused(HEAD "a SVCB 1 . alpn=h2,,h3\n", 5, 23, "1 to 255");
    assert_refused(HEAD "a SVCB 1 . alpn=h2,\n", 5, 20, "1 to 255");
    assert_refused(HEAD "a SVCB 1 . ipv4hint=192.0.2.1,\n", 5, 31, "IPv4");
    assert_refused(HEAD "a SVCB 1 . ipv6hint=192.0.2.1\n", 5, 30, "IPv6");
    assert_refused(HEAD "a SVCB 1 . ech=A\n", 5, 17, "base 64");
    assert_refused(HEAD "a SVCB 1 . ohttp=1\n", 5, 19, "no value");
    assert_refused(HEAD "a SVCB 1 . port=1 port=2\n", 5, 25, "twice");
    assert_refused(HEAD "a SVCB 1 . key3=\\000\\001 port=1\n", 5, 32, "twice");
    assert_refused(HEAD "a SVCB 1 . key3=x\n", 5, 18, "no value of this key");
    assert_refused(HEAD "a SVCB 1 . mandatory=port\n", 5, 26, "missing");
    assert_refused(HEAD "a SVCB 1 . mandatory=mandatory\n", 5, 31, "has keys");
    assert_refused(HEAD "a SVCB 1 . mandatory=port,port port=1\n", 5, 32, "twice");
    assert_refused(HEAD "a SVCB 1 . no-default-alpn\n", 5, 27, "needs alpn=");
    assert_refused(HEAD "a SVCB 1 . alpn=\\300\n", 5, 21, "escapes nothing");
    assert_refused(HEAD "a SVCB 1 . alpn=x\\\\\\300\n", 5, 24, "escapes nothing");
    assert_refused(HEAD "a SVCB 1 . key667=\\300\n", 5, 23, "escapes nothing");
    assert_refused(HEAD "a SVCB 1 . alpn=x\\\\\n", 5, 20, "escapes nothing");
    assert_refused(HEAD "a SVCB 1 . alpn=x\\092\n", 5, 22, "escapes nothing");
}

/* A protocol has a byte for its length, and a value two. */
static void test_parameters_that_are_too_long_are_refused(void **state)
{
    static const struct {
        const char *key;
        size_t bytes;
        const char *word;
    } table[] = {{"alpn=", 256, "1 to 255"}, {"key667=", 65536, "65535"}};
    static char text[sizeof HEAD + 11 + 7 + 65536 + 2];

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        size_t len = (size_t)sprintf(text, HEAD "a SVCB 1 . %s", table[i].key);

        memset(text + len, 'x', table[i].bytes);
        len += table[i].bytes;
        text[len] = '\n';
        text[len + 1] = '\0';
        assert_refused(text, 5, (uint32_t)(12 + strlen(table[i].key) + table[i].bytes),
                       table[i].word);
    }
}

/* The estimate holds for the shortest text of the longest data. */
static void test_lists_of_addresses_find_room(void **state)
{
    static char text[8000];
    void *memory;

    (void)state;
    sprintf(text, HEAD "a SVCB 1 . ipv6hint=::");
    for (unsigned i = 0; i < 2000; i++)
        strcat(text, ",::");
    strcat(text, "\n");
    assert_int_equal(zone_of(text, &memory)->count, 3);
    free(memory);
}

static void test_every_form_is_understood(void **state)
{
    (void)state;
    assert_zone(
        "; comment\n\n"
        "$ORIGIN z.test. ; another\n"
        "@ IN 1h30m SOA ns h\\.m ( 1\n"
        "  2 ; in parentheses\n"
        "  1d 1w 5 )\n"
        " 10 IN NS ns\n"
        "\tIN 20 ns ns.other.\n"
        "ns\t30 A 192.0.2.1\r\n"
        "   AAAA 2001:DB8:0:0::1\n"
        "$TTL 2m\n"
        "ptr PTR host.z.test.\n"
        "txt TXT plain \"with \\\"quotes\\\"; no comment\" \"\" \\097\n"
        "$ORIGIN sub\n"
        "@ A 192.0.2.2\n"
        "host MX ( 10\n mail ) ; end\n"
        "m\\.x A 192.0.2.3",
        "z.test. 10 IN NS ns.z.test.\n"
        "z.test. 10 IN NS ns.other.\n"
        "z.test. 5400 IN SOA ns.z.test. h\\.m.z.test. 1 2 86400 604800 5\n"
        "ns.z.test. 30 IN A 192.0.2.1\n"
        "ns.z.test. 30 IN AAAA 2001:db8::1\n"
        "ptr.z.test. 120 IN PTR host.z.test.\n"
        "sub.z.test. 120 IN A 192.0.2.2\n"
        "host.sub.z.test. 120 IN MX 10 mail.sub.z.test.\n"
        "m\\.x.sub.z.test. 120 IN A 192.0.2.3\n"
        "txt.z.test. 120 IN TXT \"plain\" \"with \\\"quotes\\\"; no comment\" \"\" \"a\"\n");
}

/* RFC 2782, 3403, 4034, 4255, 6698, 8659; names in the data are not compressed (RFC 3597 4). */
static void test_the_data_of_later_types(void **state)
{
    (void)state;
    assert_zone(HEAD "a SRV 1 2 443 ns\n"
                     "b NAPTR 100 50 \"s\" http+I2L \"\" _http._tcp\n"
                     "c DS 60485 5 1 ( 2BB183AF5F22588179A53B0A\n 98631FAD1A292118 )\n"
                     "d DNSKEY 257 3 8 AwEAAQ== ; a key\n"
                     "e TLSA 3 1 1 0d0A\n"
                     "f SSHFP 4 2 00ff\n"
                     "g CAA 128 issue \"ca.example; a=\\\"b\\\"\"\n"
                     "h DNSKEY 0 3 8 AA AA\n"
                     "i DNSKEY 0 3 8 AA09\n",
                "z.test. 60 IN NS ns.z.test.\n"
                "z.test. 60 IN SOA ns.z.test. h.z.test. 1 2 3 4 5\n"
                "a.z.test. 60 IN SRV 1 2 443 ns.z.test.\n"
                "b.z.test. 60 IN NAPTR 100 50 \"s\" \"http+I2L\" \"\" _http._tcp.z.test.\n"
                "c.z.test. 60 IN DS 60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118\n"
                "d.z.test. 60 IN DNSKEY 257 3 8 AwEAAQ==\n"
                "e.z.test. 60 IN TLSA 3 1 1 0d0a\n"
                "f.z.test. 60 IN SSHFP 4 2 00ff\n"
                "g.z.test. 60 IN CAA 128 issue \"ca.example; a=\\\"b\\\"\"\n"
                "h.z.test. 60 IN DNSKEY 0 3 8 AAAA\n"
                "i.z.test. 60 IN DNSKEY 0 3 8 AA09\n");
}

/* RFC 3597 5: any type, and known ones, in the generic form. */
static void test_any_type_has_a_generic_form(void **state)
{
    (void)state;
    assert_zone(HEAD "a TYPE65280 \\# 3 abcd 01\n"
                     "b TYPE65281 \\# 0\n"
                     "c TXT \\# 4 03616263\n"
                     "d TYPE1 \\# 4 c0000201\n"
                     "e TYPE65 \\# 3 000100\n"
                     "f MX \\# 9 000a 0161 0174 0178 00\n"
                     "g TXT \"\\# 4 03616263\"\n",
                "z.test. 60 IN NS ns.z.test.\n"
                "z.test. 60 IN SOA ns.z.test. h.z.test. 1 2 3 4 5\n"
                "a.z.test. 60 IN TYPE65280 \\# 3 abcd01\n"
                "b.z.test. 60 IN TYPE65281 \\# 0\n"
                "c.z.test. 60 IN TXT \"abc\"\n"
                "d.z.test. 60 IN A 192.0.2.1\n"
                "e.z.test. 60 IN HTTPS 1 .\n"
                "f.z.test. 60 IN MX 10 a.t.x.\n"
                "g.z.test. 60 IN TXT \"# 4 03616263\"\n");
}

static void test_sets_have_no_doubles_and_one_ttl(void **state)
{
    (void)state;
    assert_zone(HEAD "a 7 A 192.0.2.2\nb A 192.0.2.9\na 9 A 192.0.2.1\nA 8 A 192.0.2.2\n",
                "z.test. 60 IN NS ns.z.test.\n"
                "z.test. 60 IN SOA ns.z.test. h.z.test. 1 2 3 4 5\n"
                "a.z.test. 7 IN A 192.0.2.1\n"
                "a.z.test. 7 IN A 192.0.2.2\n"
                "b.z.test. 60 IN A 192.0.2.9\n");
}

static void test_canonical_order(void **state)
{
    /* RFC 4034 6.1, its own example */
    static const char *const names[] = {"example",         "a.example",      "yljkjljk.a.example",
                                        "Z.a.example",     "zABC.a.EXAMPLE", "z.example",
                                        "\\001.z.example", "*.z.example",    "\\200.z.example"};

    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        for (unsigned j = 0; j < 9; j++) {
            const struct leat_dns_name a = name_of(names[i]);
            const struct leat_dns_name b = name_of(names[j]);
            const int order = dns_name_order(a.wire, b.wire);

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void test_large_zone_is_sorted_and_found(void **state)
{
    enum {
        COUNT = 20000
    };
    char *text = malloc(100 + COUNT * 40);
    char *at = text + sprintf(text, "%s", HEAD);
    const struct leat_dns_zone *zone;
    struct dns_zone_range node;
    void *memory;

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++)
        at += sprintf(at, "h%u A 10.0.%u.%u\n", i * 7919 % COUNT, i >> 8, i & 255);
    zone = zone_of(text, &memory);
    assert_int_equal(leat_dns_zone_record_count(zone), COUNT + 2);
    for (uint32_t i = 0; i < COUNT; i++) {
        char name[40];

        sprintf(name, "h%u.z.test", i);
        assert_true(dns_zone_find(zone, name_of(name).wire, &node));
        assert_int_equal(node.end - node.first, 1);
    }
    assert_false(dns_zone_find(zone, name_of("h20000.z.test").wire, &node));
    free(memory);
    free(text);
}

/* The root has no labels: the name above another is found all the same. */
static void test_the_root_can_be_a_zone(void **state)
{
    struct message query;
    uint8_t reply[LEAT_DNS_UDP_BYTES];
    void *memory;
    const struct leat_dns_zone *zone = zone_of(
        "$TTL 60\n. SOA ns. h. 1 2 3 4 5\n. NS ns.\nns. A 192.0.2.1\n*. TXT \"any\"\n", &memory);
    const struct leat_dns_zones zones = {.list = &zone, .count = 1};
    size_t len;

    (void)state;
    make_query(&query, "NS", LEAT_DNS_A, 0);
    len = leat_dns_answer(&zones, LEAT_DNS_OVER_UDP, query.bytes, query.len, reply, sizeof reply);
    assert_string_equal(text_of(reply, len), "NOERROR  aa\nNS. 60 IN A 192.0.2.1\n--\n--\n");
    make_query(&query, "absent.here", LEAT_DNS_TXT, 0);
    len = leat_dns_answer(&zones, LEAT_DNS_OVER_UDP, query.bytes, query.len, reply, sizeof reply);
    assert_string_equal(text_of(reply, len),
                        "NOERROR  aa\nabsent.here. 60 IN TXT \"any\"\n--\n--\n");
    free(memory);
}

static void test_errors_have_their_place(void **state)
{
    (void)state;
    assert_refused("www A 192.0.2.1\n", 1, 1, "$ORIGIN");
    assert_refused(" A 192.0.2.1\n", 1, 2, "begin with a name");
    assert_refused("$ORIGIN z.test.\nwww A 192.0.2.1\n", 2, 5, "TTL");
    assert_refused("$INCLUDE x\n", 1, 1, "directives");
    assert_refused("$TTL 1x\n", 1, 6, "time");
    assert_refused("$TTL 99999999999\n", 1, 6, "time");
    assert_refused(HEAD "www A 192.0.2.256\n", 5, 7, "IPv4");
    assert_refused(HEAD "www A 192.0.2.1 x\n", 5, 17, "nothing more");
    assert_refused(HEAD "www A\n", 5, 6, "IPv4");
    assert_refused(HEAD "www AAAA 1::2::3\n", 5, 10, "IPv6");
    assert_refused(HEAD "www MX 65536 mail\n", 5, 8, "65535");
    assert_refused(HEAD "www CH A 192.0.2.1\n", 5, 5, "IN");
    assert_refused(HEAD "www NOTHING x\n", 5, 5, "a type such as A");
    assert_refused(HEAD "www TYPE41 \\# 0\n", 5, 5, "in no zone");
    assert_refused(HEAD "www TYPE255 \\# 0\n", 5, 5, "in no zone");
    assert_refused(HEAD "www TYPE65280 x\n", 5, 15, "LENGTH");
    assert_refused(HEAD "www A \\#\n", 5, 9, "number of bytes");
    assert_refused(HEAD "www A \\# 3 c00002\n", 5, 18, "no data of this type");
    assert_refused(HEAD "www TYPE65280 \\# 3 c000\n", 5, 24, "not as many");
    assert_refused(HEAD "www TYPE65280 \\# 1 c00\n", 5, 23, "hexadecimal");
    assert_refused(HEAD "www TYPE65280 \\# 1 cg\n", 5, 20, "hexadecimal");
    assert_refused(HEAD "www CNAME \\# 2 c000\n", 5, 20, "no data of this type");
    assert_refused(HEAD "www SRV 1 2 65536 x\n", 5, 13, "65535");
    assert_refused(HEAD "www CAA 256 issue \"\"\n", 5, 9, "255");
    assert_refused(HEAD "www CAA 0 issue\n", 5, 16, "missing");
    assert_refused(HEAD "www CAA 0 \"\" \"x\"\n", 5, 11, "letters");
    assert_refused(HEAD "www CAA 0 is-sue \"x\"\n", 5, 11, "letters");
    assert_refused(HEAD "www DNSKEY 257 3 8 A===\n", 5, 24, "base 64");
    assert_refused(HEAD "www DNSKEY 257 3 8 AB==\n", 5, 24, "base 64");
    assert_refused(HEAD "www DNSKEY 257 3 8 AAA\n", 5, 23, "base 64");
    assert_refused(HEAD "www DS 1 8 2 0x12\n", 5, 14, "hexadecimal");
    assert_refused(HEAD "www DS 1 8 2\n", 5, 13, "missing");
    assert_refused(HEAD "www TLSA 3 1 1\n", 5, 15, "missing");
    assert_refused(HEAD "www DNSKEY 257 3 8 ; none\n", 5, 26, "missing");
    assert_refused(HEAD "www TXT \"open\n", 5, 9, "quote");
    assert_refused(HEAD "www TXT\n", 5, 8, "missing");
    assert_refused(HEAD "www TXT a\\25\n", 5, 9, "backslash");
    assert_refused(HEAD "www A ( 192.0.2.1\n", 6, 1, "not closed");
    assert_refused(HEAD "www A 192.0.2.1 )\n", 5, 17, "not opened");
    assert_refused(HEAD "a..b A 192.0.2.1\n", 5, 1, "empty");
}

static void test_long_texts_are_refused(void **state)
{
    char text[1000];
    char word[400];

    (void)state;
    memset(word, 'a', sizeof word);
    word[64] = '\0';
    sprintf(text, HEAD "%s A 192.0.2.1\n", word);
    assert_refused(text, 5, 1, "63");
    word[64] = 'a';
    word[256] = '\0';
    sprintf(text, HEAD "t TXT %s\n", word);
    assert_refused(text, 5, 7, "255");
    for (unsigned i = 1; i < 250; i += 2)
        word[i] = '.';
    word[249] = '\0'; /* fits by itself, but not with the origin */
    sprintf(text, HEAD "%s A 192.0.2.1\n", word);
    assert_refused(text, 5, 1, "255");
}

static void test_zone_as_a_whole_is_checked(void **state)
{
    (void)state;
    assert_refused("", 1, 1, "SOA");
    assert_refused("z.test. 60 SOA ns h.\n 1", 1, 16, "$ORIGIN");
    assert_refused("$ORIGIN z.test.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n", 3, 1, "NS record");
    assert_refused(HEAD "x SOA ns h 1 2 3 4 5\n", 5, 1, "another");
    assert_refused(HEAD "x.test. A 192.0.2.1\n", 5, 1, "outside");
    assert_refused(HEAD "c CNAME x\nc A 192.0.2.1\n", 5, 1, "CNAME");
    assert_refused(HEAD "c CNAME x\nc CNAME y\n", 6, 1, "CNAME");
    assert_refused(HEAD "*.x NS ns\n", 5, 1, "wildcard");
}

static void test_zone_says_where_it_begins(void **state)
{
    struct leat_dns_name apex;
    char text[64];
    void *memory;

    (void)state;
    leat_dns_zone_apex(zone_of(HEAD, &memory), &apex);
    leat_dns_name_format(&apex, text, sizeof text);
    assert_string_equal(text, "z.test.");
    free(memory);
}

/* RFC 4291 2.2 */
static void test_addresses_of_IPv6(void **state)
{
    static const struct {
        const char *text;
        uint8_t ip[16];
    } good[] = {
        {"1:2:3:4:5:6:7:8", {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8}},
        {"::", {0}},
        {"::ffff:192.0.2.1", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1}},
        {"1:2:3:4:5:6:192.0.2.1", {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 192, 0, 2, 1}},
    };
    static const char *const bad[] = {
        "1:2:3:4:5:6:7",    "1:2:3:4:5:6:7:8:9", "::1::", "1:2:3:4:5:6:7:1.2.3.4",
        "::1.2.3",          "12345::",           ":",     "",
        "1:2:3:4:5:6:7:8::"};
    uint8_t ip[16];

    (void)state;
    for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(dns_ip6_read(good[i].text, strlen(good[i].text), ip));
        assert_memory_equal(ip, good[i].ip, 16);
    }
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(dns_ip6_read(bad[i], strlen(bad[i]), ip));
}

/* RFC 1035 3.2.1: the length of the data is a number of 16 bits. */
static void test_data_of_more_than_65535_bytes_is_refused(void **state)
{
    char *text = malloc(100000);
    char *at = text + sprintf(text, HEAD "t TXT");

    (void)state;
    for (unsigned i = 0; i < 257; i++)
        at += sprintf(at, " %0255u", i);
    sprintf(at, "\n");
    assert_refused(text, 5, 1, "65535");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zone_says_where_it_begins),
        cmocka_unit_test(test_addresses_of_IPv6),
        cmocka_unit_test(test_data_of_more_than_65535_bytes_is_refused),
        cmocka_unit_test(test_parameters_of_services),
        cmocka_unit_test(test_parameters_that_are_refused),
        cmocka_unit_test(test_parameters_that_are_too_long_are_refused),
        cmocka_unit_test(test_lists_of_addresses_find_room),
        cmocka_unit_test(test_every_form_is_understood),
        cmocka_unit_test(test_the_data_of_later_types),
        cmocka_unit_test(test_any_type_has_a_generic_form),
        cmocka_unit_test(test_sets_have_no_doubles_and_one_ttl),
        cmocka_unit_test(test_canonical_order),
        cmocka_unit_test(test_large_zone_is_sorted_and_found),
        cmocka_unit_test(test_the_root_can_be_a_zone),
        cmocka_unit_test(test_errors_have_their_place),
        cmocka_unit_test(test_long_texts_are_refused),
        cmocka_unit_test(test_zone_as_a_whole_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
