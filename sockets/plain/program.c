/*
 * program.c -- runs the main() of a program that is written for sockets, in a task.
 *
 * The program is compiled with -Dmain=leat_program_main. Its arguments are the words of the command
 * line that are no options of leat_main().
 */
#include "plain.h"

#include "beside.h"

#include <stdio.h>
#include <string.h>

#include <leat/main.h>

enum {
    TASKS = 2, /* the program's own, and one for each that it may start by leat's interface */
    STACK_BYTES = 1 << 20,
    FIRST = 512, /* no number that the C library gives to files */
    DESCRIPTORS = 256,
    BLOCK_BYTES = 4 << 20,
    ALIGN = 16,
    ARGUMENTS = 64
};

int leat_program_main(int argc, char **argv);
int main(int argc, char **argv);

static struct {
    struct leat_platform *platform;
    struct leat_tasks *tasks;
    struct leat_sockets *sockets;
    struct leat_resolver *resolver; /* NULL: no name server is known */
    size_t used;                    /* of the block */
    _Alignas(16) unsigned char block[BLOCK_BYTES];
    char *argv[ARGUMENTS + 2];
    int argc;
} program;

static char name[64] = "program"; /* as it was called, without its folder */

static enum leat_err run(struct leat_task *task, void *arg)
{
    (void)task, (void)arg;
    program.platform->finish(program.platform, leat_program_main(program.argc, program.argv));
    return LEAT_OK;
}

/* Takes @bytes of the block; NULL: it is used up. */
static void *take(size_t bytes)
{
    void *taken = program.block + program.used;

    if (bytes > sizeof program.block - program.used)
        return NULL;
    program.used += (bytes + ALIGN - 1) / ALIGN * ALIGN;
    return taken;
}

/* Without a name server only addresses and "localhost" can be looked up. */
static bool open_resolver(void)
{
    const struct leat_resolver_config config = {.servers = {{.ip = program.platform->server}},
                                                .server_count = 1,
                                                .cache_bytes = LEAT_RESOLVER_CACHE_BYTES_MIN};
    const size_t bytes = leat_resolver_memory_bytes(&config);
    void *memory;

    if (leat_ip_is_any(program.platform->server))
        return true;
    memory = take(bytes);
    return memory &&
           !leat_resolver_open(&program.resolver, program.platform->stack, memory, bytes, &config);
}

static bool open_tasks(void)
{
    const struct leat_tasks_config config = {
        .tasks = TASKS, .stack_bytes = STACK_BYTES, .guard = program.platform->guard};
    const size_t bytes = leat_tasks_memory_bytes(&config);
    void *memory = take(bytes);

    return memory &&
           !leat_tasks_open(&program.tasks, program.platform->stack, memory, bytes, &config);
}

static bool open_sockets(void)
{
    const struct leat_sockets_config config = {
        .descriptors = DESCRIPTORS, .first = FIRST, .resolver = program.resolver};
    const size_t bytes = leat_sockets_memory_bytes(&config);
    void *memory = take(bytes);

    return memory && !leat_sockets_open(&program.sockets, program.tasks, memory, bytes, &config);
}

static const char *start(struct leat_platform *platform)
{
    program.platform = platform;
    beside_use(platform);
    if (platform->argument_count > ARGUMENTS)
        return "too many arguments";
    program.argv[program.argc++] = name;
    for (int i = 0; i < platform->argument_count; i++)
        program.argv[program.argc++] = (char *)(uintptr_t)platform->arguments[i];
    if (!open_resolver() || !open_tasks() || !open_sockets())
        return "no memory for the sockets";
    leat_plain_use(program.sockets);
    return leat_task_start(program.tasks, "program", run, NULL, NULL) ? "no task is free" : NULL;
}

/* The program has returned, or it is cancelled here: its calls return ECANCELED. */
static void end(struct leat_platform *platform)
{
    (void)platform;
    leat_tasks_close(program.tasks);
    leat_plain_use(NULL);
    leat_sockets_close(program.sockets);
    if (program.resolver)
        leat_resolver_close(program.resolver);
}

int main(int argc, char **argv)
{
    static const struct leat_app app = {.name = name,
                                        .summary = "A program for sockets, on leat.",
                                        .arguments = "[ARGUMENT...]",
                                        .start = start,
                                        .end = end};

    if (argc > 0 && argv[0][0] != '\0') {
        const char *slash = strrchr(argv[0], '/');

        snprintf(name, sizeof name, "%s", slash ? slash + 1 : argv[0]);
    }
    return leat_main(argc, argv, &app);
}
