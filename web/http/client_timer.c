/* client_timer.c -- the timer of a call: when its next step is due. */
#include "web/http/client.h"
#include "service.h"

static const uint64_t retry_ns = 10000000; /* delay if the pool was empty */

void call_due(struct leat_http_call *call, uint64_t due_ns)
{
    /* a kept connection has no call: this deadline is that of the one before */
    const uint64_t deadline_ns = call->phase == CALL_KEPT ? 0 : call->request.deadline_ns;

    call->due_ns = due_ns;
    if (deadline_ns && deadline_ns < due_ns)
        due_ns = deadline_ns;
    leat_timer_set(call->client->stack, &call->timer, due_ns);
}

void call_kick(struct leat_http_call *call)
{
    /* by the timer, not at once: the caller may be the program, inside of a callback */
    leat_timer_set(call->client->stack, &call->timer, leat_now_ns(call->client->stack));
}

void call_kick_later(struct leat_http_call *call)
{
    leat_timer_set(call->client->stack, &call->timer, leat_now_ns(call->client->stack) + retry_ns);
}
