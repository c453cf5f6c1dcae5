#include "dns_test.h"

const char test_zone_text[] = "$ORIGIN example.test.\n"
                              "$TTL 1h\n"
                              "@       SOA   ns1 hostmaster ( 2024010101 ; serial\n"
                              "                2h 30m 2w 5m )\n"
                              "        NS    ns1\n"
                              "        NS    ns2.example.net.\n"
                              "        MX    10 mail\n"
                              "        TXT   \"v=spf1 -all\" \"second; string\"\n"
                              "ns1     A     192.0.2.1\n"
                              "        AAAA  2001:db8::1\n"
                              "mail    A     192.0.2.2\n"
                              "www     300 A 192.0.2.3\n"
                              "www     600 A 192.0.2.4\n"
                              "alias   CNAME www\n"
                              "alias2  CNAME alias\n"
                              "out     CNAME www.example.net.\n"
                              "dangle  CNAME missing\n"
                              "loop1   CNAME loop2\n"
                              "loop2   CNAME loop1\n"
                              "a.b.c   A     192.0.2.5\n"
                              "*.wild  TXT   \"for all\"\n"
                              "        MX    5 mail\n"
                              "x.y.wild A    192.0.2.6\n"
                              "*.walias CNAME www\n"
                              "sub     NS    ns.sub\n"
                              "        NS    ns.elsewhere.example.\n"
                              "ns.sub  A     192.0.2.7\n"
                              "deep.sub A    192.0.2.8\n";

const struct leat_dns_zone *zone_of(const char *text, void **memory)
{
    const size_t bytes = leat_dns_zone_memory_bytes(text, strlen(text));
    struct leat_dns_zone_error error;
    struct leat_dns_zone *zone;

    *memory = malloc(bytes);
    assert_non_null(*memory);
    if (leat_dns_zone_parse(&zone, *memory, bytes, text, strlen(text), &error))
        fail_msg("line %u column %u: %s", error.line, error.column, error.text);
    return zone;
}

struct leat_dns_name name_of(const char *text)
{
    struct leat_dns_name name;

    assert_int_equal(leat_dns_name_parse(text, &name), LEAT_OK);
    return name;
}

void make_query(struct message *message, const char *name_text, uint16_t type, uint16_t edns_bytes)
{
    const struct leat_dns_name name = name_of(name_text);
    const struct dns_edns edns = {.payload_bytes = edns_bytes};
    struct dns_writer writer;

    dns_write_start(&writer, message->bytes, sizeof message->bytes);
    dns_write_question(&writer, name.wire, type, DNS_CLASS_IN);
    if (edns_bytes > 0)
        dns_write_opt(&writer, &edns);
    message->len = dns_write_end(&writer, 0x1234, DNS_RD);
}

const char *text_of(const uint8_t *bytes, size_t len)
{
    static char text[200000];
    struct dns_header header;
    struct dns_question question;
    char *at = text;
    size_t from = DNS_HEADER_BYTES;
    unsigned rcode;
    char *rcode_at;

    assert_true(dns_header_read(bytes, len, &header));
    assert_true(header.flags & DNS_QR);
    rcode = header.flags & 15;
    rcode_at = at;
    at += sprintf(at, "%-8s", ""); /* patched when EDNS is known */
    at += sprintf(at, "%s%s\n", header.flags & DNS_AA ? " aa" : "",
                  header.flags & DNS_TC ? " tc" : "");
    for (unsigned i = 0; i < header.counts[DNS_QUESTION]; i++)
        assert_true(dns_question_read(bytes, len, &from, &question));
    for (unsigned section = DNS_ANSWER; section < DNS_SECTIONS; section++) {
        if (section > DNS_ANSWER)
            at += sprintf(at, "--\n");
        for (unsigned i = 0; i < header.counts[section]; i++) {
            struct leat_dns_record record;
            struct dns_edns edns;

            assert_true(dns_record_read(bytes, len, &from, &record));
            if (record.type == DNS_TYPE_OPT) {
                assert_true(dns_edns_read(&record, &edns));
                rcode |= (unsigned)edns.rcode_high << 4;
                at += sprintf(at, "OPT %u\n", edns.payload_bytes);
                continue;
            }
            at += leat_dns_record_format(&record, at, 70000);
            at += sprintf(at, "\n");
        }
    }
    assert_int_equal(from, len);
    memcpy(rcode_at, leat_dns_rcode_text(rcode), strlen(leat_dns_rcode_text(rcode)));
    return text;
}
