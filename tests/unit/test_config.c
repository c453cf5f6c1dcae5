/* test_config.c -- the format of configuration files. */
#include "unit.h"

#include "config.h"

struct seen {
    char text[512]; /* "LINE NAME=VALUE;", or "LINE NAME;" */
    unsigned refuse;
};

static const char *take(void *arg, const char *name, const char *value, unsigned line)
{
    struct seen *seen = arg;
    const size_t len = strlen(seen->text);

    snprintf(seen->text + len, sizeof seen->text - len, "%u %s%s%s;", line, name, value ? "=" : "",
             value ? value : "");
    return line == seen->refuse ? "refused" : NULL;
}

/* Reads @text, which lacks the last new line; returns the error, and its line in @line. */
static const char *read_text(struct seen *seen, const char *text, unsigned *line)
{
    static char copy[1024];
    struct config config = {.section = "echo", .take = take, .arg = seen, .text = copy};
    bool is_read;

    seen->text[0] = '\0';
    snprintf(copy, sizeof copy, "%s\n", text);
    config.len = strlen(copy);
    is_read = config_read(&config);
    assert_int_equal(is_read, !config.why);
    *line = config.line;
    return config.why;
}

static void expect(const char *text, const char *wanted)
{
    struct seen seen = {0};
    unsigned line;

    assert_null(read_text(&seen, text, &line));
    assert_string_equal(seen.text, wanted);
}

static void expect_error(const char *text, unsigned wanted_line, const char *word)
{
    struct seen seen = {0};
    unsigned line = 0;
    const char *why = read_text(&seen, text, &line);

    assert_non_null(why);
    assert_non_null(strstr(why, word));
    assert_int_equal(line, wanted_line);
}

static void a_setting_is_a_name_and_the_rest_of_its_line(void **state)
{
    (void)state;
    expect("", "");
    expect("port = 7", "1 port=7;");
    expect("\n  ip=10.0.0.2/24  \t\n\npasst", "2 ip=10.0.0.2/24;4 passt;");
    expect("cert = /a b/c;d#e  # a comment", "1 cert=/a b/c;d#e;");
    expect("dot =", "1 dot;");
    expect("a = b\r\nc = d\r", "1 a=b;2 c=d;");
    expect("\xef\xbb\xbfname = \xc3\xa9", "1 name=\xc3\xa9;");
}

static void quotes_keep_spaces_and_have_two_escapes(void **state)
{
    (void)state;
    expect("a = \" b # c \"", "1 a= b # c ;");
    expect("a = \"\" ; nothing", "1 a=;");
    expect("a = \"\\\"\\\\\"", "1 a=\"\\;");
}

static void comments_and_sections(void **state)
{
    (void)state;
    expect("# one\n ; two\na # three\n", "3 a;");
    expect("a\n[dns]\nb = 1\n[ echo ] # ours\nc\n[echo-2]\nd\n[echo]\ne", "1 a;5 c;9 e;");
}

static void errors_have_their_line_and_say_what_belongs_there(void **state)
{
    (void)state;
    expect_error("a\nPort = 7", 2, "small letters");
    expect_error("port 7", 1, "NAME = VALUE");
    expect_error("= 7", 1, "NAME = VALUE");
    expect_error("a = b\001", 1, "control character");
    expect_error("a\n\na = \"b", 3, "in its line");
    expect_error("a = \"\\n\"", 1, "no other");
    expect_error("a = \"b\" c", 1, "comment");
    expect_error("[echo", 1, "[PROGRAM]");
    expect_error("[]", 1, "[PROGRAM]");
}

static void a_refused_setting_ends_the_reading(void **state)
{
    struct seen seen = {.refuse = 2};
    unsigned line;

    (void)state;
    assert_string_equal(read_text(&seen, "a\nb\nc", &line), "refused");
    assert_string_equal(seen.text, "1 a;2 b;");
    assert_int_equal(line, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_is_a_name_and_the_rest_of_its_line),
        cmocka_unit_test(quotes_keep_spaces_and_have_two_escapes),
        cmocka_unit_test(comments_and_sections),
        cmocka_unit_test(errors_have_their_line_and_say_what_belongs_there),
        cmocka_unit_test(a_refused_setting_ends_the_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
