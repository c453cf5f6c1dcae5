#include "task_test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void open_tasks(struct fixture *f, int end, const struct leat_tasks_config *config)
{
    const size_t bytes = leat_tasks_memory_bytes(config);

    f->memory[end] = malloc(bytes + 1);
    assert_int_equal(leat_tasks_open(&f->tasks[end], f->world->stacks[end],
                                     (char *)f->memory[end] + 1, bytes, config),
                     LEAT_OK);
}

void close_tasks(struct fixture *f, int end)
{
    const struct leat_tasks_counts *counts = leat_tasks_counts(f->tasks[end]);

    leat_tasks_close(f->tasks[end]);
    assert_int_equal(counts->ended, counts->started);
    free(f->memory[end]);
    f->tasks[end] = NULL;
}

int set_up(void **state)
{
    const struct leat_tasks_config config = {.tasks = TASKS, .stack_bytes = STACK_BYTES};
    struct fixture *f = calloc(1, sizeof *f);

    f->world = world_create();
    for (int end = 0; end < 2; end++)
        open_tasks(f, end, &config);
    f->counts = leat_tasks_counts(f->tasks[CLIENT]);
    *state = f;
    return 0;
}

int tear_down(void **state)
{
    struct fixture *f = *state;

    for (int end = 0; end < 2; end++) {
        if (f->tasks[end] && leat_task_running(f->tasks[end]))
            return -1; /* an assertion has failed in a task and left it by longjmp() */
        if (f->tasks[end])
            close_tasks(f, end);
    }
    world_destroy(f->world);
    free(f);
    return 0;
}

static enum leat_err main_task(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;

    f->result = f->run(task, f);
    f->done = true;
    return f->result;
}

enum leat_err run_task(struct fixture *f, leat_task_fn *run, uint64_t limit_ns)
{
    f->done = false;
    f->run = run;
    assert_int_equal(leat_task_start(f->tasks[CLIENT], "main", main_task, f, NULL), LEAT_OK);
    assert_true(world_run(f->world, &f->done, limit_ns));
    return f->result;
}

int signal_of(struct fixture *f, void (*break_it)(struct fixture *f), char *said, size_t size)
{
    const struct rlimit none = {0, 0};
    int status = 0, ends[2];
    size_t len = 0;
    ssize_t got;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGILL, SIG_DFL);
        signal(SIGTRAP, SIG_DFL);
        signal(SIGSEGV, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        break_it(f);
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], said + len, size - 1 - len)) > 0)
        len += (size_t)got;
    said[len] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

const struct leat_endpoint served_at = {.ip = LEAT_IP4_INIT(10, 0, 0, 1), .port = PORT};

enum leat_err echo_flow(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    struct leat_buf *data;
    enum leat_err err;

    (void)task;
    (void)arg;
    while (!(err = leat_flow_read(flow, &data, LEAT_NEVER_NS))) {
        if ((err = leat_flow_send(flow, data, LEAT_NEVER_NS)))
            break;
    }
    return err;
}

void serve_flows(struct fixture *f, leat_serve_fn *run, bool at_once)
{
    static struct leat_service service;

    service = (struct leat_service){
        .listen = {.port = PORT}, .name = "served", .serve = run, .at_once = at_once};
    assert_int_equal(leat_task_serve(f->tasks[SERVER], &service), LEAT_OK);
}
