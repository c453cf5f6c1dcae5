/* host.c -- the loop. */
#include <leat/host.h>
#include <leat/stack.h>

void leat_run(struct leat *stack, struct leat_host *host)
{
    uint64_t next_ns;

    do {
        next_ns = leat_poll(stack, host->now_ns(host));
    } while (host->wait(host, next_ns));
}
