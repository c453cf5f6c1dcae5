/* task_test.h -- shared by the tests of tasks: two stacks on a wire, with tasks on both. */
#ifndef TASK_TEST_H
#define TASK_TEST_H

#include "dns_world.h"

#include <leat/flow.h>
#include <leat/task.h>

enum {
    TASKS = 16,
    PORT = 7777
};

/* A sanitizer's frames are larger. */
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
#define STACK_BYTES 65536u
#else
#define STACK_BYTES 8192u
#endif

struct fixture {
    struct dns_world *world;
    void *memory[2];
    struct leat_tasks *tasks[2];            /* same indices as the stacks: SERVER, CLIENT */
    const struct leat_tasks_counts *counts; /* of the client's tasks */
    bool done;                              /* the test's main task has ended */
    enum leat_err result;
    leat_task_fn *run;
    /* for the main task of a test that interrupts it */
    bool (*interrupt)(const struct leat_task *task, void *arg);
};

int set_up(void **state);
int tear_down(void **state);

/* Opens tasks with another configuration than set_up(). Tests of one task call it themselves. */
void open_tasks(struct fixture *f, int end, const struct leat_tasks_config *config);
void close_tasks(struct fixture *f, int end);

/* Runs @run(task, f) on the client's stack until it ends, at most for @limit_ns. Returns its
 * result. */
enum leat_err run_task(struct fixture *f, leat_task_fn *run, uint64_t limit_ns);

/* Runs @break_it(f) in a child process. Returns the signal that ended it, or 0; @said, of @size
 * bytes, gets its standard error. */
int signal_of(struct fixture *f, void (*break_it)(struct fixture *f), char *said, size_t size);

/* The server's PORT, as the client sees it. */
extern const struct leat_endpoint served_at;

/* Serves connections to PORT by @run, with a task from the first byte on, or @at_once. */
void serve_flows(struct fixture *f, leat_serve_fn *run, bool at_once);

/* For serve_flows(): sends all that comes back until the peer ends. */
enum leat_err echo_flow(struct leat_task *task, struct leat_flow *flow, void *arg);

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
