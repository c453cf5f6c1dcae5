/*
 * guard.c -- pages that trap when written to, for the stacks of tasks; and a signal handler that
 * tells whose stack it was.
 *
 * They may be read, because leak checkers read all static memory at the end of a process.  The
 * kernel reports the trap by a signal, whose handler needs a stack that hasn't overflowed: each
 * thread that sets guards gets one, if it has none.
 */
#include <leat/posix.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    SIGNAL_STACK_BYTES = 65536 /* a processor may save 11 KiB for a signal */
};

/* The beginning of a guarded page. */
struct guard {
    const char *const *name; /* by leat_tasks_open(): where the name of the task is */
    uint64_t mark;
};

#define MARK UINT64_C(0x6c65617467756172)

static atomic_flag listening = ATOMIC_FLAG_INIT;
static struct sigaction before; /* the former action of the signal */

static void say(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text)); /* stderr may be closed */
}

/* When this returns, the fault happens again, and is handled as before.  The same happens if the
 * page can't even be read: then it is no guard. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    const uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t page = (uintptr_t)info->si_addr & ~(page_bytes - 1);
    const struct guard *guard = (const struct guard *)page;

    (void)context;
    sigaction(number, &before, NULL);
    if (info->si_code != SEGV_ACCERR || guard->mark != MARK)
        return;
    say("leat: the stack of task \"");
    say(*guard->name);
    say("\" has overflowed into its guard page\n");
}

static void give_signal_stack(void)
{
    stack_t stack = {.ss_flags = 0};

    if (sigaltstack(NULL, &stack) || !(stack.ss_flags & SS_DISABLE))
        return;
    stack.ss_flags = 0;
    stack.ss_size = SIGNAL_STACK_BYTES;
    stack.ss_sp =
        mmap(NULL, SIGNAL_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp != MAP_FAILED)
        sigaltstack(&stack, NULL);
}

static void listen_for_faults(void)
{
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    give_signal_stack();
    if (!atomic_flag_test_and_set(&listening))
        sigaction(SIGSEGV, &action, &before);
}

bool leat_posix_guard(void *page, size_t bytes, bool guarded)
{
    if (!guarded)
        return mprotect(page, bytes, PROT_READ | PROT_WRITE) == 0;
    listen_for_faults();
    ((struct guard *)page)->mark = MARK;
    return mprotect(page, bytes, PROT_READ) == 0;
}
