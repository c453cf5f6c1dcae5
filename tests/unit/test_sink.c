/* test_sink.c -- logs on POSIX that are files: no line is lost or torn without being counted. */
#include "sink_test.h"

#include <fcntl.h>
#include <sys/stat.h>

/* ---- Options ------------------------------------------------------------------------------ */

static void test_the_values_of_an_option(void **state)
{
    static const char *const wrong[] = {"",
                                        "-",
                                        "stderr",
                                        "syslog",
                                        "syslog:",
                                        "syslog:a:1",
                                        "syslog:tcp:",
                                        "syslog:1.2.3.4",
                                        "syslog:0.0.0.0:514",
                                        "syslog:1.2.3.4:0",
                                        "syslog:1.2.3.4:65536"};
    struct sink_target target;

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(sink_parse(wrong[i], true, &target));
    assert_true(sink_parse("stdout", false, &target) && target.kind == SINK_OUTPUT);
    assert_true(sink_parse("/var/log/a", true, &target) && target.kind == SINK_FILE);
    assert_string_equal(target.path, "/var/log/a");
    assert_true(sink_parse("./stdout", true, &target) && target.kind == SINK_FILE);
    assert_false(sink_parse("/var/log/a", false, &target)); /* no files */
    assert_true(sink_parse("syslog:10.0.0.1:514", false, &target) && target.kind == SINK_SYSLOG);
    assert_true(!target.tcp && target.server.port == 514);
    assert_true(sink_parse("syslog:tcp:[2001:db8::1]:601", false, &target) && target.tcp);
}

static void test_what_cannot_be_opened_is_told(void **state)
{
    struct fixture *f = *state;
    struct sink_target target = {.kind = SINK_FILE, .path = f->folder};
    char line[100], fifo[60];

    snprintf(line, sizeof line, "--access-log %s: Is a directory", f->folder);
    assert_string_equal(sink_check(&target), "Is a directory");
    assert_string_equal(sink_open(&f->log, &target, "access-log", &f->platform, "test"), line);
    target.path = "/no/such/folder/log";
    assert_string_equal(sink_check(&target), "No such file or directory");
    assert_string_equal(sink_open(&f->log, &target, "access-log", &f->platform, "test"),
                        "--access-log /no/such/folder/log: No such file or directory");
    snprintf(fifo, sizeof fifo, "%s/fifo", f->folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    target.path = fifo; /* it has no reader: an open that waits would stop the program */
    assert_string_equal(sink_check(&target), "No such device or address");
}

static void test_a_check_creates_no_file(void **state)
{
    struct fixture *f = *state;
    const struct sink_target target = {.kind = SINK_FILE, .path = f->path};

    assert_null(sink_check(&target));
    assert_int_equal(access(f->path, F_OK), -1);
}

/* ---- Files -------------------------------------------------------------------------------- */

static void test_lines_are_appended(void **state)
{
    struct fixture *f = *state;
    const char *text;
    struct stat found;

    open_log(f, f->path);
    write_lines(f, 2);
    assert_int_equal(sinks_flush(1), LEAT_NEVER_NS);
    sinks_close();
    open_log(f, f->path);
    write_lines(f, MANY);
    sinks_close();
    text = content(f->path);
    for (unsigned i = 0; i < 2 + MANY; i++)
        assert_int_equal(take_line(&text), i);
    assert_string_equal(text, "");
    assert_int_equal(stat(f->path, &found), 0);
    assert_int_equal(found.st_mode & 07, 0); /* only the owner and the group may read it */
    assert_string_equal(told, "");
}

static void test_a_rotation_loses_no_line(void **state)
{
    struct fixture *f = *state;
    char old[80];
    const char *text;
    unsigned count = 0;

    snprintf(old, sizeof old, "%s.1", f->path);
    open_log(f, f->path);
    assert_true(sinks_have_file());
    write_lines(f,
                700); /* some of them wait when the file is renamed, and when it is opened again */
    assert_int_equal(rename(f->path, old), 0);
    write_lines(f, 10);
    assert_true(sinks_reopen());
    write_lines(f, 700);
    sinks_close();
    text = content(old);
    while (*text)
        assert_int_equal(take_line(&text), count++);
    assert_int_equal(count, 710);
    text = content(f->path);
    while (*text)
        assert_int_equal(take_line(&text), count++);
    assert_int_equal(count, 1410);
}

static void test_the_open_file_stays_if_it_cannot_be_opened_again(void **state)
{
    struct fixture *f = *state;
    char old[80];
    const char *text;

    snprintf(old, sizeof old, "%s.1", f->path);
    open_log(f, f->path);
    write_line(f);
    assert_int_equal(rename(f->path, old), 0);
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_false(sinks_reopen());
    assert_string_equal(told, "test: --access-log: can't open it again: Is a directory; the open "
                              "file stays in use\n");
    write_line(f);
    sinks_close();
    text = content(old);
    assert_int_equal(take_line(&text), 0);
    assert_int_equal(take_line(&text), 1);
}

/* The line that the disk has in part is whole in the file that is opened next. */
static void test_a_full_disk_is_told_and_its_lines_are_counted(void **state)
{
    struct fixture *f = *state;
    const char *text;

    open_log(f, "/dev/full");
    write_lines(f, 5);
    assert_true(sinks_flush(1) < LEAT_NEVER_NS);
    assert_string_equal(told, "test: --access-log: No space left on device; lines wait, those "
                              "beyond 64 KiB are lost\n");
    write_lines(f, MANY - 5);
    sinks_flush(UINT64_C(1000000000)); /* it is told once */
    assert_int_equal(f->log->lines, MANY);
    assert_int_equal(sink_dropped(f->log), MANY - SINK_QUEUE_BYTES / (LINE + 1));
    told[0] = '\0';
    f->log->target.path = f->path; /* as if there were room again */
    sinks_reopen();
    f->log->retry_ns = 0;
    sinks_flush(UINT64_C(2000000000));
    assert_string_equal(told,
                        "test: --access-log: it can be written again; 2345 lines were lost\n");
    text = content(f->path);
    for (unsigned i = 0; i < SINK_QUEUE_BYTES / (LINE + 1); i++)
        assert_int_equal(take_line(&text), i);
    assert_string_equal(text, "");
}

static void test_a_line_that_is_too_long_is_cut_off(void **state)
{
    struct fixture *f = *state;
    static char line[2 * SINK_LINE_BYTES];
    const char *text;

    memset(line, 'x', sizeof line);
    open_log(f, f->path);
    f->platform.log_line(f->log, line, sizeof line);
    sinks_close();
    text = content(f->path);
    assert_int_equal(strlen(text), SINK_LINE_BYTES + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_values_of_an_option),
        TEST(what_cannot_be_opened_is_told),
        TEST(a_check_creates_no_file),
        TEST(lines_are_appended),
        TEST(a_rotation_loses_no_line),
        TEST(the_open_file_stays_if_it_cannot_be_opened_again),
        TEST(a_full_disk_is_told_and_its_lines_are_counted),
        TEST(a_line_that_is_too_long_is_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
