/* test_query_line.c -- a line of the access log of a name server: no client can break or forge it,
 * and no name is cut. */
#include "dns_test.h"

#include <leat/dns_access.h>

/* 2026-11-26 03:00:00.25 UTC, a quarter of a second after the query */
static const uint64_t civil_ns = UINT64_C(1795662000250000000);

static struct leat_dns_name www;

static struct leat_dns_access sample(void)
{
    www = name_of("www.example.com");
    return (struct leat_dns_access){.name = &www,
                                    .type = LEAT_DNS_AAAA,
                                    .rcode = LEAT_DNS_NXDOMAIN,
                                    .how = LEAT_DNS_HOW_CACHE,
                                    .reply_bytes = 49,
                                    .took_ns = 250123456,
                                    .peer = LEAT_IP4(192, 0, 2, 1),
                                    .complete = true};
}

/* The line, which has neither a control character nor one beyond ASCII. */
static const char *written(size_t (*write)(const struct leat_dns_access *, uint64_t, char *,
                                           size_t),
                           const struct leat_dns_access *access, uint64_t at_ns, size_t size)
{
    static char line[LEAT_DNS_ACCESS_BYTES + 1];
    const size_t len = write(access, at_ns, line, size);

    assert_true(len < size); /* so nothing was left out at its end */
    line[len] = '\0';
    for (size_t i = 0; i < len; i++)
        assert_true(line[i] >= ' ' && line[i] < 0x7f);
    return line;
}

static const char *common(const struct leat_dns_access *access)
{
    return written(leat_dns_access_common, access, civil_ns, LEAT_DNS_ACCESS_BYTES);
}

static const char *json(const struct leat_dns_access *access)
{
    return written(leat_dns_access_json, access, civil_ns, LEAT_DNS_ACCESS_BYTES);
}

static void the_common_line(void **state)
{
    struct leat_dns_access access = sample();

    (void)state;
    assert_string_equal(common(&access),
                        "192.0.2.1 - - [26/Nov/2026:02:59:59 +0000] \"AAAA www.example.com.\" "
                        "NXDOMAIN 49 cache 0.250123 udp");
    access.transport = LEAT_DNS_OVER_TCP;
    access.type = 65280;
    access.rcode = 9;
    assert_string_equal(common(&access),
                        "192.0.2.1 - - [26/Nov/2026:02:59:59 +0000] \"TYPE65280 www.example.com.\" "
                        "RCODE9 49 cache 0.250123 tcp");
    access.name = NULL;
    access.complete = false;
    access.rcode = 0;
    access.reply_bytes = 0;
    access.how = LEAT_DNS_HOW_UPSTREAM;
    access.peer = LEAT_IP_ANY;
    assert_string_equal(written(leat_dns_access_common, &access, 0, LEAT_DNS_ACCESS_BYTES),
                        "- - - [-] \"-\" - 0 upstream 0.250123 tcp");
}

static void the_line_of_json(void **state)
{
    struct leat_dns_access access = sample();

    (void)state;
    assert_string_equal(
        json(&access),
        "{\"time\":\"2026-11-26T02:59:59.999876Z\",\"client\":\"192.0.2.1\",\"transport\":\"udp\","
        "\"name\":\"www.example.com.\",\"type\":\"AAAA\",\"rcode\":\"NXDOMAIN\",\"how\":\"cache\","
        "\"bytes\":49,\"seconds\":0.250123,\"complete\":true}");
    access.how = LEAT_DNS_HOW_BLOCKED;
    access.extended_error = 15;
    access.name = NULL;
    access.transport = LEAT_DNS_OVER_TCP;
    assert_string_equal(
        written(leat_dns_access_json, &access, 0, LEAT_DNS_ACCESS_BYTES),
        "{\"client\":\"192.0.2.1\",\"transport\":\"tcp\",\"rcode\":\"NXDOMAIN\",\"how\":"
        "\"blocked\",\"error\":15,\"bytes\":49,\"seconds\":0.250123,\"complete\":true}");
    access.complete = false;
    assert_null(strstr(json(&access), "rcode"));
    assert_non_null(strstr(json(&access), "\"complete\":false}"));
}

static void each_way_to_answer_has_a_word(void **state)
{
    static const char *const words[] = {"zone",    "cache",   "stale",   "upstream", "local",
                                        "blocked", "refused", "limited", "busy",     "cookie"};

    (void)state;
    for (unsigned how = LEAT_DNS_HOW_ZONE; how <= LEAT_DNS_HOW_COOKIE; how++)
        assert_string_equal(leat_dns_how_text((enum leat_dns_how)how), words[how]);
}

static void each_transport_has_a_word(void **state)
{
    static const char *const words[] = {"udp", "tcp", "udp", "tls", "https"};

    (void)state;
    for (unsigned transport = LEAT_DNS_OVER_UDP; transport <= LEAT_DNS_OVER_HTTPS; transport++) {
        struct leat_dns_access access = sample();
        char expected[40];

        access.transport = (enum leat_dns_transport)transport;
        snprintf(expected, sizeof expected, "cache 0.250123 %s", words[transport]);
        assert_non_null(strstr(common(&access), expected));
        snprintf(expected, sizeof expected, ",\"transport\":\"%s\",", words[transport]);
        assert_non_null(strstr(json(&access), expected));
    }
}

static void the_root_is_a_dot(void **state)
{
    struct leat_dns_access access = sample();
    const struct leat_dns_name root = name_of(".");

    (void)state;
    access.name = &root;
    assert_non_null(strstr(common(&access), " \"AAAA .\" "));
    assert_non_null(strstr(json(&access), ",\"name\":\".\","));
}

/* Writes the part of a line for a name with the octet between two others: its text as in a master
 * file, escaped once more. */
static void escape(char *to, unsigned octet, const char *backslash, const char *quote)
{
    if (octet == '.')
        sprintf(to, "<%s.>.", backslash);
    else if (octet == '\\')
        sprintf(to, "<%s%s>.", backslash, backslash);
    else if (octet == '"')
        sprintf(to, "<%s>.", quote);
    else if (octet < ' ' || octet >= 0x7f)
        sprintf(to, "<%s%03u>.", backslash, octet);
    else
        sprintf(to, "<%c>.", (char)octet);
}

static void every_octet_is_escaped_or_printable(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        const struct leat_dns_name name = {.len = 5, .wire = {3, '<', (uint8_t)octet, '>', 0}};
        struct leat_dns_access access = sample();
        char expected[40];

        access.name = &name;
        escape(expected, octet, "\\x5C", "\\x22");
        assert_non_null(strstr(common(&access), expected));
        escape(expected, octet, "\\\\", "\\\"");
        assert_non_null(strstr(json(&access), expected));
    }
}

/* The number of quotes that no backslash precedes. */
static unsigned bare_quotes(const char *line)
{
    unsigned count = 0;

    for (const char *c = line; *c; c++) {
        if (*c == '\\')
            c++;
        else
            count += *c == '"';
    }
    return count;
}

/* A name of random octets in random labels, at most @most bytes. */
static struct leat_dns_name random_name(unsigned most)
{
    struct leat_dns_name name = {.len = 0};

    while (name.len + 3u < most) {
        unsigned len = 1 + (unsigned)rand() % LEAT_DNS_LABEL_BYTES;

        if (len > most - name.len - 2u)
            len = most - name.len - 2u;
        name.wire[name.len++] = (uint8_t)len;
        while (len-- > 0)
            name.wire[name.len++] = (uint8_t)(rand() % 4 ? rand() : "\"\\\n."[rand() % 4]);
    }
    name.wire[name.len++] = 0;
    return name;
}

static void a_line_is_whole_whatever_the_name_is(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        const struct leat_dns_name name = random_name(5 + (unsigned)rand() % 251);
        const size_t size = LEAT_DNS_ACCESS_BYTES_MIN +
                            (size_t)rand() % (LEAT_DNS_ACCESS_BYTES - LEAT_DNS_ACCESS_BYTES_MIN);
        struct leat_dns_access access = sample();
        const char *line;

        assert_true(leat_ip_parse("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", &access.peer));
        access.name = &name;
        access.type = access.extended_error = UINT16_MAX;
        access.rcode = UINT16_MAX;
        access.how = LEAT_DNS_HOW_UPSTREAM;
        access.reply_bytes = UINT32_MAX;
        access.took_ns = UINT64_MAX;
        line = written(leat_dns_access_common, &access, civil_ns, size);
        assert_true(bare_quotes(line) == 2 && strcmp(line + strlen(line) - 4, " udp") == 0);
        line = written(leat_dns_access_json, &access, civil_ns, size);
        assert_int_equal(bare_quotes(line) % 2, 0);
        assert_true(strcmp(line + strlen(line) - 16, "\"complete\":true}") == 0 ||
                    strcmp(line + strlen(line) - 12, ",\"cut\":true}") == 0);
    }
}

/* 250 octets that take most room each. */
static void the_longest_name_is_not_cut(void **state)
{
    struct leat_dns_access access = sample();
    struct leat_dns_name name = {.len = 255};

    (void)state;
    memset(name.wire, 0xff, sizeof name.wire);
    name.wire[0] = name.wire[64] = name.wire[128] = 63;
    name.wire[192] = 61;
    name.wire[254] = 0;
    access.name = &name;
    assert_null(strstr(json(&access), "\"cut\""));
    assert_non_null(strstr(common(&access), "\\x5C255.\" NXDOMAIN"));
    assert_non_null(
        strstr(written(leat_dns_access_json, &access, civil_ns, LEAT_DNS_ACCESS_BYTES_MIN),
               ",\"cut\":true}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_common_line),
        cmocka_unit_test(the_line_of_json),
        cmocka_unit_test(each_way_to_answer_has_a_word),
        cmocka_unit_test(each_transport_has_a_word),
        cmocka_unit_test(the_root_is_a_dot),
        cmocka_unit_test(every_octet_is_escaped_or_printable),
        cmocka_unit_test(a_line_is_whole_whatever_the_name_is),
        cmocka_unit_test(the_longest_name_is_not_cut),
    };

    srand(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
