/* test_access_line.c -- a line of the access log: no client can break or forge it. */
#include "http_test.h"

#include <leat/http_access.h>

/* 2026-11-26 03:00:00.25 UTC, a quarter of a second after the request began */
static const uint64_t civil_ns = UINT64_C(1795662000250000000);

static struct leat_http_access sample(void)
{
    static const char line[] = "GET /a?b HTTP/1.1";

    return (struct leat_http_access){.method = LEAT_HTTP_GET,
                                     .status = 200,
                                     .reply_bytes = 5,
                                     .took_ns = 250123456,
                                     .peer = LEAT_IP4(192, 0, 2, 1),
                                     .complete = true,
                                     .minor_version = 1,
                                     .line = line,
                                     .line_len = sizeof line - 1,
                                     .target = line + 4,
                                     .target_len = 4,
                                     .agent = "curl/7",
                                     .agent_len = 6};
}

/* The line, which has neither a control character nor one beyond ASCII. */
static const char *written(size_t (*write)(const struct leat_http_access *, uint64_t, char *,
                                           size_t),
                           const struct leat_http_access *access, uint64_t at_ns, size_t size)
{
    static char line[LEAT_HTTP_ACCESS_BYTES + 1];
    const size_t len = write(access, at_ns, line, size);

    assert_true(len < size); /* so nothing was left out at its end */
    line[len] = '\0';
    for (size_t i = 0; i < len; i++)
        assert_true(line[i] >= ' ' && line[i] < 0x7f);
    return line;
}

static const char *common(const struct leat_http_access *access)
{
    return written(leat_http_access_common, access, civil_ns, LEAT_HTTP_ACCESS_BYTES);
}

static const char *json(const struct leat_http_access *access)
{
    return written(leat_http_access_json, access, civil_ns, LEAT_HTTP_ACCESS_BYTES);
}

static void test_the_common_line(void **state)
{
    struct leat_http_access access = sample();

    (void)state;
    assert_string_equal(common(&access),
                        "192.0.2.1 - - [26/Nov/2026:02:59:59 +0000] \"GET /a?b HTTP/1.1\" 200 5 "
                        "\"-\" \"curl/7\" 0.250123 http");
    access.secure = true;
    access.status = 0;
    access.line_len = access.target_len = 0;
    access.referer = "http://a/";
    access.referer_len = 9;
    access.agent_len = 0;
    assert_string_equal(common(&access), "192.0.2.1 - - [26/Nov/2026:02:59:59 +0000] \"-\" 000 5 "
                                         "\"http://a/\" \"-\" 0.250123 https");
    access.peer = LEAT_IP_ANY;
    assert_string_equal(written(leat_http_access_common, &access, 0, LEAT_HTTP_ACCESS_BYTES),
                        "- - - [-] \"-\" 000 5 \"http://a/\" \"-\" 0.250123 https");
}

static void test_the_line_of_json(void **state)
{
    struct leat_http_access access = sample();

    (void)state;
    assert_string_equal(json(&access),
                        "{\"time\":\"2026-11-26T02:59:59.999876Z\",\"client\":\"192.0.2.1\","
                        "\"method\":\"GET\",\"target\":\"/a?b\",\"protocol\":\"HTTP/1.1\","
                        "\"status\":200,\"bytes\":5,\"seconds\":0.250123,\"agent\":\"curl/7\","
                        "\"secure\":false,\"complete\":true}");
    access.target_len = 0;
    access.is_cut = true;
    assert_string_equal(written(leat_http_access_json, &access, 0, LEAT_HTTP_ACCESS_BYTES),
                        "{\"client\":\"192.0.2.1\",\"line\":\"GET /a?b HTTP/1.1\",\"status\":200,"
                        "\"bytes\":5,\"seconds\":0.250123,\"agent\":\"curl/7\",\"secure\":false,"
                        "\"complete\":true,\"cut\":true}");
}

/* Each octet, as both forms write it in a field. */
static void test_every_octet_is_escaped_or_printable(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        const char text[] = {'<', (char)octet, '>'};
        struct leat_http_access access = sample();
        const bool is_quoted = octet == '"' || octet == '\\';
        char expected[40];

        access.agent = text;
        access.agent_len = sizeof text;
        if (octet >= ' ' && octet < 0x7f && !is_quoted)
            snprintf(expected, sizeof expected, "\"<%c>\"", (char)octet);
        else
            snprintf(expected, sizeof expected, "\"<\\x%02X>\"", octet);
        assert_non_null(strstr(common(&access), expected));
        if (is_quoted)
            snprintf(expected, sizeof expected, "\"agent\":\"<\\%c>\"", (char)octet);
        else if (octet < ' ' || octet >= 0x7f)
            snprintf(expected, sizeof expected, "\"agent\":\"<\\u00%02X>\"", octet);
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

static void test_a_line_is_whole_whatever_it_is_made_of(void **state)
{
    static char texts[LEAT_HTTP_ACCESS_LINE_BYTES];

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct leat_http_access access = sample();
        const size_t size = LEAT_HTTP_ACCESS_BYTES_MIN +
                            (size_t)rand() % (LEAT_HTTP_ACCESS_BYTES - LEAT_HTTP_ACCESS_BYTES_MIN);
        const char *line;

        for (size_t i = 0; i < sizeof texts; i++)
            texts[i] = (char)(rand() % 4 ? rand() : "\"\\\n\x1b"[rand() % 4]);
        access.line = access.referer = access.agent = texts;
        access.line_len = 1 + (size_t)rand() % sizeof texts;
        access.target = texts + access.line_len / 2 + 1;
        access.target_len = round % 2 ? access.line_len - access.line_len / 2 - 1 : 0;
        access.referer_len = 1 + (size_t)rand() % LEAT_HTTP_ACCESS_FIELD_BYTES;
        access.agent_len = 1 + (size_t)rand() % LEAT_HTTP_ACCESS_FIELD_BYTES;
        access.reply_bytes = access.took_ns = UINT64_MAX;
        assert_true(leat_ip_parse("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", &access.peer));
        access.status = UINT16_MAX;
        access.is_cut = true;
        line = written(leat_http_access_common, &access, civil_ns, size);
        assert_true(bare_quotes(line) == 6 && strcmp(line + strlen(line) - 5, " http") == 0);
        line = written(leat_http_access_json, &access, civil_ns, size);
        assert_int_equal(bare_quotes(line) % 2, 0);
        assert_string_equal(line + strlen(line) - 12, ",\"cut\":true}");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_common_line),
        cmocka_unit_test(test_the_line_of_json),
        cmocka_unit_test(test_every_octet_is_escaped_or_printable),
        cmocka_unit_test(test_a_line_is_whole_whatever_it_is_made_of),
    };

    srand(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
