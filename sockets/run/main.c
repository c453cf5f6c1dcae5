/*
 * main.c -- leat-run: starts the server, and a program whose sockets are leat's.
 *
 *      leat-run            waits, and hands on signals and the exit status
 *        leat-run          the server: the stack, in a process group of its own
 *        leat-run          waits for the program and all that it leaves behind
 *          PROGRAM
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "option_list.h"
#include "server.h"

enum {
    STATUS_NOT_STARTED = 2,
    STATUS_NOT_EXECUTABLE = 126, /* as env(1) and nohup(1) */
    STATUS_NOT_FOUND = 127,
    SIGNAL_STATUS = 128
};

struct identity {
    char run[RUN_NAME_BYTES + 1];
    uint8_t token[RUN_TOKEN_BYTES];
    bool is_fast;
};

/* ---- words ----------------------------------------------------------------------------------- */

/* True if the word is an option that takes the next word as its value. */
static bool takes_next(const char *word)
{
    for (unsigned i = 0; i < KEY_COUNT; i++)
        if (word[0] == '-' && word[1] == '-' && strcmp(word + 2, all_options[i].name) == 0)
            return all_options[i].value != NULL;
    return false;
}

/* The index of PROGRAM: behind our options, and behind "--". */
static int program_at(int argc, char **argv)
{
    int at = 1;

    while (at < argc && argv[at][0] == '-' && strcmp(argv[at], "--") != 0)
        at += takes_next(argv[at]) ? 2 : 1;
    if (at < argc && argv[at][0] == '-')
        at++; /* "--" */
    return at < argc ? at : argc;
}

/* Takes --fast out of the first *@count words; true: it was there. */
static bool take_fast(int *count, char **argv)
{
    bool found = false;
    int kept = 1;

    for (int i = 1; i < *count; i++) {
        if (strcmp(argv[i], "--fast") == 0) {
            found = true;
            continue;
        }
        if (takes_next(argv[i]) && i + 1 < *count)
            argv[kept++] = argv[i++];
        argv[kept++] = argv[i];
    }
    *count = kept;
    return found;
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Signals that are handed on to the program. Those that stop a job do what they always do. */
static void relayed(sigset_t *set)
{
    static const int numbers[] = {SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1,
                                  SIGUSR2, SIGALRM, SIGWINCH, SIGCHLD};

    sigemptyset(set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(set, numbers[i]);
}

/* Waits for @child, and with @all for all that it leaves behind; hands on signals. Those of the
 * terminal (SI_KERNEL) come to the program by themselves. Returns its status. */
static int await(pid_t child, bool all)
{
    int status = 0, got;
    bool over = false;
    siginfo_t info;
    sigset_t set;
    pid_t ended;

    relayed(&set);
    for (;;) {
        while ((ended = waitpid(all ? -1 : child, &got, WNOHANG)) > 0) {
            if (ended == child) {
                status = got;
                over = true;
            }
        }
        if (over && (!all || (ended < 0 && errno == ECHILD)))
            return status;
        if (sigwaitinfo(&set, &info) > 0 && info.si_signo != SIGCHLD && info.si_code != SI_KERNEL &&
            !over)
            kill(child, info.si_signo);
    }
}

/* Ends as the child has ended, for the process that waits for us. */
static int end_as(int status)
{
    const struct rlimit no_core = {0, 0};
    sigset_t set;

    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    setrlimit(RLIMIT_CORE, &no_core); /* the program has written its own */
    signal(WTERMSIG(status), SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, WTERMSIG(status));
    raise(WTERMSIG(status));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return SIGNAL_STATUS + WTERMSIG(status);
}

/* ---- the program ----------------------------------------------------------------------------- */

/* The library that is preloaded: beside this program in a build, or where it is installed. */
static const char *library_path(void)
{
    static char path[4096];
    const ssize_t len = readlink("/proc/self/exe", path, sizeof path - sizeof "leat-run.so");

    while (len > 0 && len < (ssize_t)sizeof path) {
        char *slash;

        path[len] = '\0';
        slash = strrchr(path, '/');
        if (!slash)
            break;
        strcpy(slash + 1, "leat-run.so");
        if (access(path, R_OK) == 0)
            return path;
        break;
    }
    return LEAT_RUN_LIBRARY;
}

/* Sets LEAT_RUN and LD_PRELOAD. */
static bool set_environment(const struct identity *identity, pid_t server_pid)
{
    const char *before = getenv("LD_PRELOAD"), *library = library_path();
    char text[RUN_NAME_BYTES + 2 * RUN_TOKEN_BYTES + 40], *list;
    int at = snprintf(text, sizeof text, "%s:", identity->run);
    bool good;

    for (unsigned i = 0; i < RUN_TOKEN_BYTES; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%02x", identity->token[i]);
    snprintf(text + at, sizeof text - (size_t)at, ":%u:%d%s", (unsigned)getuid(), (int)server_pid,
             identity->is_fast ? ":fast" : "");
    if (asprintf(&list, "%s%s%s", library, before ? ":" : "", before ? before : "") < 0)
        return false;
    good = setenv(RUN_ENVIRONMENT, text, 1) == 0 && setenv("LD_PRELOAD", list, 1) == 0;
    free(list);
    return good;
}

/* Becomes PROGRAM. */
static int execute(char **words, const struct identity *identity, pid_t server_pid,
                   const sigset_t *mask)
{
    int error;

    if (access(library_path(), R_OK)) {
        fprintf(stderr, "leat-run: the library %s is missing\n", library_path());
        return STATUS_NOT_EXECUTABLE;
    }
    if (!set_environment(identity, server_pid)) {
        fprintf(stderr, "leat-run: no memory\n");
        return STATUS_NOT_EXECUTABLE;
    }
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(words[0], words);
    error = errno;
    fprintf(stderr, "leat-run: %s: %s\n", words[0], strerror(error));
    return error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
}

/* In the process between: everything that the program leaves behind becomes its child. */
static int keep(char **words, const struct identity *identity, pid_t server_pid,
                const sigset_t *mask)
{
    pid_t child;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    child = fork();
    if (child == 0)
        _exit(execute(words, identity, server_pid, mask));
    if (child < 0) {
        fprintf(stderr, "leat-run: can't fork: %s\n", strerror(errno));
        return STATUS_NOT_STARTED;
    }
    return end_as(await(child, true));
}

/* ---- the server ------------------------------------------------------------------------------ */

/* Begins it. Returns its process id; *@ready becomes readable, or ends. */
static pid_t begin_server(int argc, char **argv, const struct identity *identity, int *ready,
                          const sigset_t *mask)
{
    const pid_t parent = getpid();
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC))
        return -1;
    child = fork();
    if (child != 0) {
        close(ends[1]);
        *ready = ends[0];
        return child;
    }
    close(ends[0]);
    /* signals of the terminal aren't for it, and it ends with us */
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(STATUS_NOT_STARTED);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, mask, NULL);
    exit(server_main(argc, argv, identity->run, identity->token, identity->is_fast, ends[1]));
}

static bool make_identity(struct identity *identity)
{
    uint8_t digits[8];
    int at;

    if (getrandom(digits, sizeof digits, 0) != (ssize_t)sizeof digits ||
        getrandom(identity->token, RUN_TOKEN_BYTES, 0) != RUN_TOKEN_BYTES)
        return false;
    at = snprintf(identity->run, sizeof identity->run, "leat-run/");
    for (unsigned i = 0; i < sizeof digits; i++)
        at += snprintf(identity->run + at, sizeof identity->run - (size_t)at, "%02x", digits[i]);
    return at == RUN_NAME_BYTES;
}

/* Waits for a child that may have ended. */
static int status_of(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

int main(int argc, char **argv)
{
    const int at = program_at(argc, argv);
    struct identity identity;
    sigset_t set, mask;
    pid_t server_pid, between;
    int ready = -1, status, options = at;
    char byte;

    if (at == argc && argc == 1) {
        fprintf(stderr, "leat-run: which program? see --help\n");
        return STATUS_NOT_STARTED;
    }
    relayed(&set);
    sigprocmask(SIG_BLOCK, &set, &mask);
    identity.is_fast = take_fast(&options, argv);
    if (!make_identity(&identity) ||
        (server_pid = begin_server(options, argv, &identity, &ready, &mask)) < 0) {
        fprintf(stderr, "leat-run: can't start: %s\n", strerror(errno));
        return STATUS_NOT_STARTED;
    }
    if (read(ready, &byte, 1) != 1) /* it has said why, or it was --help */
        return end_as(status_of(server_pid));
    if (at == argc) {
        fprintf(stderr, "leat-run: which program? see --help\n");
        kill(server_pid, SIGTERM);
        status_of(server_pid);
        return STATUS_NOT_STARTED;
    }
    between = fork();
    if (between == 0)
        exit(keep(argv + at, &identity, server_pid, &mask));
    status = between < 0 ? STATUS_NOT_STARTED << 8 : await(between, false);
    kill(server_pid, SIGTERM);
    status_of(server_pid);
    return end_as(status);
}
