/*
 * host.c -- the loop.
 *
 * The stack ends in two ways: the program calls leat_stop(), or the host's wait() returns false.
 * The first time, the latter begins a drain, and the loop goes on until it has ended. The second
 * time ends the drain at once.
 */
#include <leat/host.h>
#include <leat/life.h>
#include <leat/stack.h>

int leat_run(struct leat *stack, struct leat_host *host)
{
    int status = 0;

    for (;;) {
        const uint64_t next_ns = leat_poll(stack, host->now_ns(host));

        if (leat_stopped(stack, &status))
            return status;
        if (host->wait(host, next_ns))
            continue;
        if (leat_stopped(stack, &status)) /* by the host itself */
            return status;
        leat_poll(stack, host->now_ns(host)); /* the drain's time begins now, not when wait() did */
        leat_end(stack);
    }
}
