/* test_sink_readers.c -- logs on POSIX that have a reader: a slow one makes the program wait
 * neither while it runs nor at its end. */
#include "sink_test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_that_is_begun_is_written_whole_to_the_next_file),
        TEST(a_slow_reader_of_a_pipe_makes_no_one_wait),
        TEST(a_pipe_that_is_full_has_whole_lines),
        TEST(the_standard_output_stays_as_others_know_it),
        TEST(a_pipe_that_may_block_is_asked_first),
        TEST(a_socket_as_the_standard_output),
        TEST(a_reader_that_is_gone_ends_nothing),
        TEST(the_end_waits_a_little_for_a_slow_reader),
        TEST(a_standard_error_that_is_full_gets_no_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
