/* sink_test.c -- see sink_test.h. */
#include "sink_test.h"

#include <fcntl.h>

char told[2000];

static void say(struct leat_platform *platform, const char *line)
{
    (void)platform;
    strcat(told, line);
    strcat(told, "\n");
}

/* It gets the messages about a log that is the standard output. */
void posix_output_say(const char *line);
void posix_output_say(const char *line)
{
    say(NULL, line);
}

static uint64_t now_ns(struct leat_host *host)
{
    (void)host;
    return 1;
}

int set_up(void **state)
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

int tear_down(void **state)
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

void open_log(struct fixture *f, const char *where)
{
    struct sink_target target;

    assert_true(sink_parse(where, true, &target));
    assert_null(sink_check(&target));
    assert_null(sink_open(&f->log, &target, "access-log", &f->platform, "test"));
}

void write_line(struct fixture *f)
{
    char line[LINE + 1];

    memset(line, '.', LINE);
    line[snprintf(line, sizeof line, "%u", f->next++)] = '.';
    f->platform.log_line(f->log, line, LINE);
}

void write_lines(struct fixture *f, unsigned count)
{
    while (count-- > 0)
        write_line(f);
}

unsigned take_line(const char **text)
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

const char *read_all(int fd)
{
    static char text[400000];
    size_t len = 0;
    ssize_t got;

    while ((got = read(fd, text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    return text;
}

const char *content(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const char *text;

    assert_true(fd >= 0);
    text = read_all(fd);
    close(fd);
    return text;
}
