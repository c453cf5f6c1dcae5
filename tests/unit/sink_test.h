/* sink_test.h -- shared by the tests of logs: a log in a folder of its own, with numbered lines. */
#ifndef SINK_TEST_H
#define SINK_TEST_H

#include "unit.h"

#include "sink.h"

enum {
    LINE = 99, /* with its end 100 */
    MANY = 3000
};

/* The messages about the log, a line each. */
extern char told[2000];

struct fixture {
    struct leat_host host;
    struct leat_platform platform;
    struct leat_log *log;
    char folder[40];
    char path[60];
    int output, error; /* the test's own ones, kept meanwhile */
    unsigned next;
};

int set_up(void **state);
int tear_down(void **state);

void open_log(struct fixture *f, const char *where);

/* Writes line number f->next: the number, and dots behind it. */
void write_line(struct fixture *f);
void write_lines(struct fixture *f, unsigned count);

/* The number of the line at @*text, and goes behind it; it must be whole. */
unsigned take_line(const char **text);

/* All that can be read, in static memory. */
const char *read_all(int fd);
const char *content(const char *path);

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

#endif
