/* glance.c -- a page that changes as soon as it has been looked at. */
#include "glance.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>

enum {
    PAGE_BYTES = 4096,
    TRAP_FLAG = 1 << 8 /* of the flags: stop after the next instruction (Intel SDM 3B 17.3.1.4) */
};

static struct {
    uint8_t *page;
    void (*change)(const void *at);
    const void *at;
    unsigned touches;
    struct sigaction segv, trap; /* those before */
} glance;

static void give_up(void)
{
    sigaction(SIGSEGV, &glance.segv, NULL);
    sigaction(SIGTRAP, &glance.trap, NULL);
}

/* The page is opened for one instruction. */
static void on_touch(int signal, siginfo_t *info, void *context)
{
    ucontext_t *machine = context;
    const uint8_t *at = info->si_addr;

    (void)signal;
    if (at < glance.page || at >= glance.page + PAGE_BYTES) {
        give_up(); /* a fault of the test's own comes again, for the former handler */
        return;
    }
    glance.at = at;
    glance.touches++;
    mprotect(glance.page, PAGE_BYTES, PROT_READ | PROT_WRITE);
    machine->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_step(int signal, siginfo_t *info, void *context)
{
    ucontext_t *machine = context;

    (void)signal;
    (void)info;
    machine->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    glance.change(glance.at);
    mprotect(glance.page, PAGE_BYTES, PROT_NONE);
}

void glance_begin(void *page, void (*change)(const void *at))
{
    struct sigaction touch = {.sa_sigaction = on_touch, .sa_flags = SA_SIGINFO};
    struct sigaction step = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};

    glance.page = page;
    glance.change = change;
    glance.touches = 0;
    sigaction(SIGSEGV, &touch, &glance.segv);
    sigaction(SIGTRAP, &step, &glance.trap);
    mprotect(page, PAGE_BYTES, PROT_NONE);
}

unsigned glance_end(void)
{
    mprotect(glance.page, PAGE_BYTES, PROT_READ | PROT_WRITE);
    give_up();
    return glance.touches;
}
