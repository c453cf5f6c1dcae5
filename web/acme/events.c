/*
 * events.c -- the table of acme.rl, its only caller, and the notes of its actions.
 *
 * Only acme_take(), which tools/fsmgen.py generates, stores the state.  All events come from the
 * callback phase of a poll, so the program is called immediately after them.
 */
#include "core/assert.h"
#include "core/minmax.h"
#include "core/second.h"
#include "web/acme/acme.h"

#define ACME_STATE_FIRST false
#define ACME_OBSERVE(from, event, next)                                                            \
    do {                                                                                           \
        if (acme->on_transition)                                                                   \
            acme->on_transition(acme->watcher, from, (uint8_t)(event), next);                      \
    } while (0)
#include "acme_table.inc" /* generated from acme.rl */

/* Tells the program a line that was noted. */
static void tell(struct leat_acme *acme)
{
    if (acme->line[0] && acme->config.on_line)
        acme->config.on_line(acme->config.arg, acme->line);
    acme->line[0] = '\0';
}

/* Hands the certificate to the program. */
static void hand_over(struct leat_acme *acme)
{
    const char *wrong;
    struct text text;

    tell(acme);
    wrong = acme->config.on_certificate(acme->config.arg, acme->value, acme->value_len);
    if (!wrong)
        return;
    acme->why[0] = '\0';
    acme_why(acme, "the program can't use the certificate: ", wrong);
    acme->info.failures++;
    text = acme_line(acme);
    text_add(&text, acme->why);
    acme_line_end(acme, &text);
}

void acme_event(struct leat_acme *acme, enum acme_event event)
{
    struct acme_step step = {0};
    bool done = acme_take(acme, &step, &acme->state, event);

    /* three rounds at most: a reply is read, the next request can't begin, and that is noted */
    while (done && step.follows) {
        step.follows = false;
        done = acme_take(acme, &step, &acme->state, (enum acme_event)step.next);
    }
    if (done && step.uses)
        hand_over(acme);
    tell(acme);
    if (acme->state == ACME_IDLE)
        acme_schedule(acme);
}

/* The store's answer, or a time. */
void acme_on_time(struct leat_timer *timer, void *arg)
{
    struct leat_acme *acme = arg;

    (void)timer;
    if (acme->is_kept) {
        acme->is_kept = false;
        acme_event(acme, acme->kept_err == LEAT_OK              ? ACME_kept
                         : acme->kept_err == LEAT_ERR_NOT_FOUND ? ACME_absent
                                                                : ACME_keep_failed);
    } else if (acme->state == ACME_IDLE && !acme_is_due(acme)) {
        acme_schedule(acme);
    } else {
        acme_event(acme, ACME_due);
    }
}

/* ---- Pauses and failures --------------------------------------------------------------------- */

/* The authority works on it: one second, then twice as long each time, or as long as it says. */
void acme_pause(ACME_PARAMETERS)
{
    enum {
        PAUSE_S_MAX = 60,
        DOUBLINGS_MAX = 5
    };
    struct acme_order *order = &acme->order;
    uint64_t seconds = min64(1u << order->pauses, PAUSE_S_MAX);

    (void)step;
    if (acme->call.retry_after_s > 0)
        seconds = min64(acme->call.retry_after_s, PAUSE_S_MAX);
    if (order->pauses < DOUBLINGS_MAX)
        order->pauses++;
    leat_timer_set(acme->stack, &acme->timer, leat_now_ns(acme->stack) + seconds * second_ns);
}

/* How long to wait after a failure, in nanoseconds: doubled each time, and a quarter of it at
 * random, so that many machines don't come back together. */
static uint64_t wait_of(struct leat_acme *acme)
{
    uint64_t wait_ns = acme->config.retry_min_ns;

    for (uint32_t i = 1; i < acme->failures && wait_ns < acme->config.retry_max_ns; i++)
        wait_ns *= 2;
    wait_ns = min64(wait_ns, acme->config.retry_max_ns);
    wait_ns += acme_random(acme, wait_ns / 4 + 1);
    return max64(wait_ns, acme->call.retry_after_s * second_ns);
}

void acme_fail(ACME_PARAMETERS)
{
    struct text text = acme_line(acme);
    uint64_t wait_ns;

    (void)step;
    if (acme->kept_err && !acme->why[0])
        acme_why(acme, "the store: ", leat_err_text(acme->kept_err));
    acme->failures++;
    acme->info.failures++;
    wait_ns = wait_of(acme);
    acme->retry_ns = leat_now_ns(acme->stack) + wait_ns;
    acme->attempts = acme->is_forced = false;
    acme_call_end(acme);
    acme_proof_hide(acme);
    if (acme->state == ACME_KEEPING_ACCOUNT) /* a key that isn't kept makes no account */
        acme_key_close(&acme->account, acme->crypto);
    acme_key_close(&acme->key, acme->crypto);
    text_add(&text, "no new certificate: ");
    text_add(&text, acme->why);
    text_add(&text, "; the next attempt is in ");
    text_add_number(&text, wait_ns / second_ns);
    text_add(&text, acme->times.ends_s > 0 ? " s, and the old one stays" : " s");
    acme_line_end(acme, &text);
    leat_timer_set(acme->stack, &acme->timer, acme->retry_ns);
}
