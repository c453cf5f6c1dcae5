/*
 * plan.c -- when something is done next, in the state IDLE.
 *
 * A certificate is renewed at two thirds of its lifetime, or when the authority suggests it
 * (RFC 9773).  The times are civil, and civil time may be set or corrected meanwhile: so the timer
 * is set for an hour at most, and the time is compared again.
 */
#include <leat/civil.h>

#include "core/assert.h"
#include "core/minmax.h"
#include "core/second.h"
#include "web/acme/acme.h"

enum {
    LOOK_S_MAX = 3600,  /* from one look at the clock to the next */
    CHECK_S = 6 * 3600, /* from one question about renewal to the next (RFC 9773 4.3) */
    CHECK_S_MIN = 60,
    CHECK_S_MAX = 86400
};

uint64_t acme_civil_s(const struct leat_acme *acme)
{
    return leat_civil_ns(acme->stack) / second_ns;
}

uint64_t acme_random(const struct leat_acme *acme, uint64_t limit)
{
    uint64_t number;

    leat_debug_assert(limit > 0);
    if (!acme->crypto->ops->random(acme->crypto->self, &number, sizeof number))
        return 0; /* then all machines come at one time, which is no harm to us */
    return number % limit;
}

/* The next civil time at which something is due. */
static uint64_t next_s(const struct leat_acme *acme)
{
    const struct acme_times *times = &acme->times;

    if (times->ends_s == 0 || acme->is_forced)
        return 0;
    return times->check_s > 0 ? min64(times->renew_s, times->check_s) : times->renew_s;
}

bool acme_wants(const struct leat_acme *acme)
{
    return acme->times.ends_s == 0 || acme->is_forced || acme_civil_s(acme) >= acme->times.renew_s;
}

bool acme_is_due(const struct leat_acme *acme)
{
    const uint64_t now_s = acme_civil_s(acme);

    /* without a clock no certificate can be checked, the authority's neither */
    return now_s > 0 && leat_now_ns(acme->stack) >= acme->retry_ns && now_s >= next_s(acme);
}

void acme_schedule(struct leat_acme *acme)
{
    const uint64_t now_ns = leat_now_ns(acme->stack), now_s = acme_civil_s(acme);
    const uint64_t due_s = next_s(acme);
    uint64_t wait_ns = 0;

    if (now_s == 0)
        wait_ns = second_ns;
    else if (due_s > now_s)
        wait_ns = min64(due_s - now_s, LOOK_S_MAX) * second_ns;
    if (acme->retry_ns > now_ns)
        wait_ns = max64(wait_ns, min64(acme->retry_ns - now_ns, LOOK_S_MAX * second_ns));
    leat_timer_set(acme->stack, &acme->timer, now_ns + wait_ns);
}

/* At once the authority is asked what it suggests. */
void acme_plan_by_lifetime(struct leat_acme *acme)
{
    struct acme_times *times = &acme->times;

    leat_debug_assert(times->begins_s < times->ends_s);
    times->renew_s = times->begins_s + (times->ends_s - times->begins_s) / 3 * 2;
    times->check_s = acme->cert_id[0] ? max64(acme_civil_s(acme), 1) : 0;
}

/* After a look at the directory: the next look. */
void acme_plan(ACME_PARAMETERS)
{
    struct acme_times *times = &acme->times;
    uint64_t wait_s = acme->call.retry_after_s;

    (void)step;
    times->check_s = 0;
    if (times->ends_s == 0 || !acme->directory.renewal_info[0] || !acme->cert_id[0])
        return;
    wait_s = wait_s > 0 ? max64(min64(wait_s, CHECK_S_MAX), CHECK_S_MIN) : CHECK_S;
    times->check_s = acme_civil_s(acme) + wait_s;
}

/* ---- RFC 3339 -------------------------------------------------------------------------------- */

/* Takes @count digits and @after behind them; '\0': nothing.  NULL: they aren't there. */
static const char *take(const char *at, unsigned count, char after, unsigned *number)
{
    if (!at)
        return NULL;
    *number = 0;
    for (; count > 0; count--, at++) {
        if (*at < '0' || *at > '9')
            return NULL;
        *number = 10 * *number + (unsigned)(*at - '0');
    }
    if (after == '\0')
        return at;
    return *at == after || *at == (after | 0x20) ? at + 1 : NULL;
}

/* The seconds by which "Z" or "+01:30" is ahead of UTC.  False: it is neither. */
static bool take_offset(const char *at, int64_t *seconds)
{
    unsigned hours, minutes;
    const char sign = *at;

    *seconds = 0;
    if ((sign | 0x20) == 'z')
        return at[1] == '\0';
    if (sign != '+' && sign != '-')
        return false;
    at = take(at + 1, 2, ':', &hours);
    at = take(at, 2, '\0', &minutes);
    if (!at || *at || hours > 23 || minutes > 59)
        return false;
    *seconds = (int64_t)hours * 3600 + (int64_t)minutes * 60;
    *seconds = sign == '-' ? -*seconds : *seconds;
    return true;
}

uint64_t acme_date(const char *text)
{
    static const char after[] = {'-', '-', 'T', ':', ':', '\0'};
    unsigned parts[6];
    struct leat_civil_date date = {0};
    uint64_t civil_s;
    int64_t offset_s;

    for (unsigned i = 0; i < 6; i++)
        text = take(text, i == 0 ? 4 : 2, after[i], &parts[i]);
    if (!text)
        return 0;
    if (*text == '.') { /* fractions are left out */
        text++;
        while (*text >= '0' && *text <= '9')
            text++;
    }
    date.year = (uint16_t)parts[0];
    date.month = (uint8_t)parts[1];
    date.day = (uint8_t)parts[2];
    date.hour = (uint8_t)parts[3];
    date.minute = (uint8_t)parts[4];
    date.second = (uint8_t)parts[5];
    civil_s = leat_civil_of_date(&date) / second_ns;
    if (!take_offset(text, &offset_s) || civil_s < 86400)
        return 0;
    return (uint64_t)((int64_t)civil_s - offset_s);
}
