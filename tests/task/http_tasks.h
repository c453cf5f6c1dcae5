/* http_tasks.h -- a server of HTTP whose handlers are tasks, and their results. */
#ifndef HTTP_TASKS_H
#define HTTP_TASKS_H

#include "http_test.h"

#include <leat/http_flow.h>

enum {
    TASKS = 2,
    WAITING = 2
};

#define CHUNKED           "Transfer-Encoding: chunked\r\n"
#define PUT(path, fields) "PUT " path " HTTP/1.1\r\nHost: leat\r\n" fields "\r\n"

/* Results of the current test. */
struct served {
    struct leat_tasks *tasks;
    void *memory;
    unsigned begun, ended, gone; /* handlers; `gone`: those that ended without their request */
    enum leat_err last;          /* result of a handler's last call */
    int interrupt_after;         /* number of waits before one is interrupted; < 0: none */
};

extern struct served served;

int set_up_tasks(void **state);
int tear_down_tasks(void **state);

void send_bytes(struct fixture *f, struct client *client, const char *bytes, size_t len);

/* Opens a client, which sends @text. */
struct client *ask(struct fixture *f, const char *text);

bool has(const struct client *client, const char *text);

#define TASK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_tasks, tear_down_tasks)

#endif
