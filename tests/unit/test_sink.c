/* test_sink.c -- logs on POSIX: no line is lost or torn without being counted, and no sink makes
 * the loop wait. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink.h"

enum {
    LINE = 99, /* with its end 100 */
    MANY = 3000
};

static char told[2000];

static void say(struct leat_platform *platform, const char *line)
{
    (void)platform;
    strcat(told, line);
    strcat(told, "\n");
}

/* what the standard output's failures go to */
void posix_output_say(const char *line);
void posix_output_say(const char *line)
{
    say(NULL, line);
}

struct fixture {
    struct leat_host host;
    struct leat_platform platform;
    struct leat_log *log;
    char folder[40];
    char path[60];
    int output, error; /* the test's own ones, kept meanwhile */
    unsigned next;
};

static uint64_t now_ns(struct leat_host *host)
{
    (void)host;
    return 1;
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    strcpy(f->folder, "/tmp/leat-sink-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/log", f->folder);
    f->host.now_ns = now_ns;
    f->platform = (struct leat_platform){.host = &f->host, .say = say, .log_line = sink_line};
    f->output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    f->error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    told[0] = '\0';
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[100];

    sinks_close();
    dup2(f->output, STDOUT_FILENO);
    close(f->output);
    dup2(f->error, STDERR_FILENO);
    close(f->error);
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    assert_int_equal(system(command), 0);
    test_free(f);
    return 0;
}

static void open_log(struct fixture *f, const char *where)
{
    struct sink_target target;

    assert_true(sink_parse(where, true, &target));
    assert_null(sink_check(&target));
    assert_null(sink_open(&f->log, &target, "access-log", &f->platform, "test"));
}

/* Writes line number f->next: the number, and dots behind it. */
static void write_line(struct fixture *f)
{
    char line[LINE + 1];

    memset(line, '.', LINE);
    line[snprintf(line, sizeof line, "%u", f->next++)] = '.';
    f->platform.log_line(f->log, line, LINE);
}

static void write_lines(struct fixture *f, unsigned count)
{
    while (count-- > 0)
        write_line(f);
}

/* The number of the line at @*text, and goes behind it; it must be whole. */
static unsigned take_line(const char **text)
{
    const char *end = strchr(*text, '\n');
    char *dot;
    const unsigned number = (unsigned)strtoul(*text, &dot, 10);

    assert_non_null(end);
    assert_int_equal(end - *text, LINE);
    assert_true(*dot == '.' && end[-1] == '.');
    *text = end + 1;
    return number;
}

static const char *read_all(int fd)
{
    static char text[400000];
    size_t len = 0;
    ssize_t got;

    while ((got = read(fd, text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    return text;
}

static const char *content(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const char *text;

    assert_true(fd >= 0);
    text = read_all(fd);
    close(fd);
    return text;
}

/* Puts a pipe in place of the standard output; returns the end to read, which doesn't wait. */
static int pipe_output(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return ends[0];
}

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

/* ---- Readers ------------------------------------------------------------------------------ */

static void test_a_line_that_is_begun_is_written_whole_to_the_next_file(void **state)
{
    struct fixture *f = *state;
    char fifo[60];
    const char *text;
    unsigned last = 0;
    int end;

    snprintf(fifo, sizeof fifo, "%s/fifo", f->folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    end = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    fcntl(end, F_SETPIPE_SZ, 4096);
    open_log(f, fifo);
    write_lines(f, 100);
    sinks_flush(1); /* 4,096 bytes: 40 lines and a part of the next one */
    assert_true(f->log->begun > 0);
    f->log->target.path = f->path;
    sinks_reopen();
    sinks_close();
    text = read_all(end);
    while (strchr(text, '\n'))
        last = take_line(&text);
    text = content(f->path);
    while (*text)
        assert_int_equal(take_line(&text), ++last);
    assert_int_equal(last, 99);
    close(end);
}

/* The reader of the standard output sleeps, then it reads all. */
static void check_slow(struct fixture *f, int end)
{
    const char *text;
    unsigned kept = 0, lost = 0;

    open_log(f, "stdout");
    write_lines(f, MANY);
    assert_true(sinks_flush(1) <= UINT64_C(200000000)); /* it comes back, to try again soon */
    assert_true(sink_dropped(f->log) > 0);
    do {
        text = read_all(end);
        while (*text && *text != 't') {
            assert_int_equal(take_line(&text), kept + lost);
            kept++;
        }
        f->log->retry_ns = 0;
        sinks_flush(1);
    } while (f->log->queued > 0);
    read_all(end);
    write_line(f); /* what was lost is told before it */
    sinks_flush(UINT64_C(5000000000));
    text = read_all(end);
    assert_int_equal(sscanf(text, "test: --access-log: %u lines were lost", &lost), 1);
    assert_int_equal(lost, sink_dropped(f->log));
    text = strchr(text, '\n') + 1;
    assert_int_equal(take_line(&text), MANY);
    assert_string_equal(told, "");
}

static void test_a_slow_reader_of_a_pipe_makes_no_one_wait(void **state)
{
    struct fixture *f = *state;
    const int end = pipe_output();

    check_slow(f, end);
    close(end);
}

/* Messages of the program go to the same pipe. */
static void test_a_pipe_that_is_full_has_whole_lines(void **state)
{
    struct fixture *f = *state;
    const int end = pipe_output();
    const char *text;

    fcntl(end, F_SETPIPE_SZ, 8192);
    open_log(f, "stdout");
    write_lines(f, 100);
    sinks_flush(1);
    text = read_all(end);
    for (unsigned i = 0; i < 80; i++)
        assert_int_equal(take_line(&text), i);
    assert_string_equal(text, "");
    assert_int_equal(f->log->begun, 0);
    close(end);
}

static void test_the_standard_output_stays_as_others_know_it(void **state)
{
    struct fixture *f = *state;
    const int end = pipe_output();

    open_log(f, "stdout");
    assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
    write_line(f);
    sinks_flush(1);
    close(end);
}

/* Without /proc there is no second description of a pipe. */
static void test_a_pipe_that_may_block_is_asked_first(void **state)
{
    struct fixture *f = *state;
    const int end = pipe_output();

    open_log(f, "stdout");
    close(f->log->fd);
    f->log->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    f->log->may_block = true;
    write_lines(f, MANY);
    sinks_flush(1);
    assert_true(sink_dropped(f->log) > 0);
    close(end);
}

static void test_a_socket_as_the_standard_output(void **state)
{
    struct fixture *f = *state;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    open_log(f, "stdout");
    assert_true(f->log->is_socket);
    write_lines(f, 100 * MANY);
    sinks_flush(1);
    assert_true(sink_dropped(f->log) > 0);
    close(ends[0]);
}

static void test_a_reader_that_is_gone_ends_nothing(void **state)
{
    struct fixture *f = *state;
    const int end = pipe_output();

    open_log(f, "stdout");
    close(end);
    write_lines(f, 3);
    sinks_flush(1);
    assert_string_equal(told,
                        "test: --access-log: Broken pipe; lines wait, those beyond 64 KiB are "
                        "lost\n");
    told[0] = '\0';
    sinks_close();
    assert_string_equal(told, "test: --access-log: 3 lines were lost\n");
}

static void test_the_end_waits_a_little_for_a_slow_reader(void **state)
{
    struct fixture *f = *state;
    const int end = pipe_output();
    const char *text;

    fcntl(end, F_SETPIPE_SZ, 4096);
    open_log(f, "stdout");
    write_lines(f, 100);
    sinks_close();
    assert_string_equal(told, "test: --access-log: 60 lines were lost\n");
    text = read_all(end);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(take_line(&text), i);
    close(end);
}

/* Both are one pipe: a write to it would wait for its reader. */
static void test_a_standard_error_that_is_full_gets_no_message(void **state)
{
    struct fixture *f = *state;
    const int end = pipe_output();

    fcntl(end, F_SETPIPE_SZ, 4096);
    dup2(STDOUT_FILENO, STDERR_FILENO);
    open_log(f, "stdout");
    write_lines(f, 100);
    sinks_close();
    assert_string_equal(told, "");
    close(end);
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

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

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
        TEST(a_line_that_is_begun_is_written_whole_to_the_next_file),
        TEST(a_slow_reader_of_a_pipe_makes_no_one_wait),
        TEST(a_pipe_that_is_full_has_whole_lines),
        TEST(the_standard_output_stays_as_others_know_it),
        TEST(a_pipe_that_may_block_is_asked_first),
        TEST(a_socket_as_the_standard_output),
        TEST(a_reader_that_is_gone_ends_nothing),
        TEST(the_end_waits_a_little_for_a_slow_reader),
        TEST(a_standard_error_that_is_full_gets_no_message),
        TEST(a_line_that_is_too_long_is_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
