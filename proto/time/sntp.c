/*
 * sntp.c -- rounds: sends the requests, and evaluates the answers.
 *
 * A round asks all servers at once (begin_round()), and ends when all have answered or the timeout
 * has come (end_round()). The median of the answers sets the clock, so that one wrong server of
 * three is outvoted. The only timer ends a round, or begins the next.
 */
#include "proto/time/sntp.h"

#include <leat/civil.h>

#include <string.h>

#include "core/assert.h"
#include "core/refusal.h"
#include "core/second.h"
#include "service.h"

enum {
    POLL_S = 1024,
    POLL_S_MIN = 16,
    WAIT_S_MIN = 15, /* RFC 4330 10 */
    TIMEOUT_S = 2,
    TIMEOUT_S_MAX = 16,
    PANIC_S = 1000,
    RETRY_S = 2, /* RFC 5905 13: packets of a burst are 2 s apart */
    SILENT_ROUNDS_MAX = 16,
    EARLY_PART = 8 /* randomizes the polls of many clients */
};

size_t leat_sntp_memory_bytes(void)
{
    return arena_cost(1, sizeof(struct leat_sntp));
}

static void rest(struct leat_sntp *sntp, uint64_t until_ns)
{
    sntp->in_round = false;
    leat_timer_set(sntp->stack, &sntp->timer, until_ns);
}

/* When the next round is due. Rounds without an answer are repeated after a wait that doubles. */
static uint64_t next_round_ns(struct leat_sntp *sntp)
{
    uint64_t wait_ns = sntp->config.poll_ns, early_ns;

    /* While the time is unknown, programs wait for it, for the check of certificates for
     * example. */
    if (!sntp->was_set && RETRY_S * second_ns << sntp->silent_rounds < wait_ns)
        wait_ns = RETRY_S * second_ns << sntp->silent_rounds;
    /* The shift stays far below the 64 bits of the wait. */
    if (sntp->silent_rounds < SILENT_ROUNDS_MAX)
        sntp->silent_rounds++;
    early_ns = wait_ns / EARLY_PART;
    /* The random part must not shorten the wait below the 15 s that servers ask for. */
    if (wait_ns > WAIT_S_MIN * second_ns && early_ns > wait_ns - WAIT_S_MIN * second_ns)
        early_ns = wait_ns - WAIT_S_MIN * second_ns;
    return leat_now_ns(sntp->stack) + wait_ns - leat_random(sntp->stack) % early_ns;
}

static void tell(struct leat_sntp *sntp, enum leat_sntp_news news)
{
    if (sntp->config.on_news)
        sntp->config.on_news(sntp, news, &sntp->report, sntp->config.arg);
}

/* Difference of the times that @a and @b tell; right within 292 years. */
static int64_t later_by(const struct sntp_server *a, const struct sntp_server *b)
{
    return (int64_t)(a->civil_at_zero_ns - b->civil_at_zero_ns);
}

/* Sorts the servers that have answered by their time; returns their number. */
static unsigned sort_answers(struct leat_sntp *sntp, const struct sntp_server **sorted)
{
    unsigned count = 0;

    leat_debug_assert(sntp->server_count <= LEAT_SNTP_SERVERS_MAX);
    for (unsigned i = 0; i < sntp->server_count; i++) {
        unsigned place = count;

        if (!sntp->servers[i].has_answered)
            continue;
        for (; place > 0 && later_by(sorted[place - 1], &sntp->servers[i]) > 0; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = &sntp->servers[i];
        count++;
    }
    return count;
}

/* The median answer; of the middle two the one with the smaller error. NULL: there is none. */
static const struct sntp_server *middle(struct leat_sntp *sntp)
{
    const struct sntp_server *sorted[LEAT_SNTP_SERVERS_MAX];
    const unsigned count = sort_answers(sntp, sorted);
    const struct sntp_server *chosen;

    sntp->report = (struct leat_sntp_report){.answers = (uint8_t)count};
    if (count == 0)
        return NULL;
    chosen = sorted[count / 2];
    if (count % 2 == 0 && sorted[count / 2 - 1]->error_ns < chosen->error_ns)
        chosen = sorted[count / 2 - 1];
    sntp->report.error_ns = chosen->error_ns;
    sntp->report.stratum = chosen->stratum;
    sntp->report.server = chosen->end;
    return chosen;
}

/* Sets civil time from @server, or refuses to. */
static enum leat_sntp_news correct(struct leat_sntp *sntp, const struct sntp_server *server)
{
    const uint64_t known_ns = leat_civil_ns(sntp->stack);
    const uint64_t civil_ns = server->civil_at_zero_ns + leat_now_ns(sntp->stack);
    const int64_t offset_ns = known_ns == 0 ? 0 : (int64_t)(civil_ns - known_ns);
    const uint64_t size_ns = offset_ns < 0 ? 0 - (uint64_t)offset_ns : (uint64_t)offset_ns;

    leat_debug_assert(server->has_answered);
    sntp->report.offset_ns = offset_ns;
    /* A jump by more than panic_ns means that a server lies or that the clock is broken: a person
     * must decide. The first answer may be any time, as there is nothing to compare it with. */
    if ((sntp->was_set || sntp->config.trust_start) && size_ns > sntp->config.panic_ns) {
        sntp->counts.panics++;
        return LEAT_SNTP_PANIC;
    }
    leat_civil_set(sntp->stack, civil_ns);
    sntp->was_set = true;
    return LEAT_SNTP_SET;
}

static bool all_forbid(const struct leat_sntp *sntp)
{
    for (unsigned i = 0; i < sntp->server_count; i++) {
        if (!sntp->servers[i].forbids)
            return false;
    }
    return true;
}

static void end_round(struct leat_sntp *sntp)
{
    const struct sntp_server *server;
    enum leat_sntp_news news = LEAT_SNTP_SILENCE;

    leat_debug_assert(sntp->in_round);
    for (unsigned i = 0; i < sntp->server_count; i++)
        sntp_forget(&sntp->servers[i]);
    server = middle(sntp);
    if (server)
        news = correct(sntp, server);
    else if (all_forbid(sntp))
        news = LEAT_SNTP_REFUSED;
    if (news == LEAT_SNTP_REFUSED)
        leat_sntp_stop(sntp);
    else
        rest(sntp, next_round_ns(sntp));
    tell(sntp, news); /* last, because the program may stop us */
}

/* The round ends before its time when no answer is awaited any more. */
static void on_answer(struct leat_sntp *sntp)
{
    for (unsigned i = 0; i < sntp->server_count; i++) {
        if (sntp->servers[i].udp)
            return;
    }
    end_round(sntp);
}

static void begin_round(struct leat_sntp *sntp)
{
    const uint64_t now_ns = leat_now_ns(sntp->stack);

    leat_debug_assert(sntp->runs);
    for (unsigned i = 0; i < sntp->server_count; i++) {
        struct sntp_server *server = &sntp->servers[i];

        server->has_answered = false;
        if (!server->forbids && now_ns >= server->rest_until_ns)
            sntp_ask(server);
    }
    sntp->in_round = true;
    leat_timer_set(sntp->stack, &sntp->timer, now_ns + sntp->config.timeout_ns);
}

static void on_time(struct leat_timer *timer, void *arg)
{
    struct leat_sntp *sntp = arg;

    (void)timer;
    if (sntp->in_round)
        end_round(sntp);
    else
        begin_round(sntp);
}

/* Begins a round at the next poll. */
static void begin(struct leat_sntp *sntp)
{
    sntp->silent_rounds = 0;
    if (sntp->runs && sntp->server_count > 0)
        rest(sntp, leat_now_ns(sntp->stack));
}

static bool fill_in(struct leat_sntp_config *config)
{
    if (config->poll_ns == 0)
        config->poll_ns = POLL_S * second_ns;
    if (config->timeout_ns == 0)
        config->timeout_ns = TIMEOUT_S * second_ns;
    if (config->panic_ns == 0)
        config->panic_ns = PANIC_S * second_ns;
    return config->poll_ns >= POLL_S_MIN * second_ns &&
           config->timeout_ns <= TIMEOUT_S_MAX * second_ns &&
           config->server_count <= LEAT_SNTP_SERVERS_MAX;
}

enum leat_err leat_sntp_open(struct leat *stack, struct leat_sntp **sntp,
                             const struct leat_sntp_config *config)
{
    struct leat_sntp_config full = *config;
    struct leat_sntp *made;

    if (LEAT_RESERVED_IS_USED(config) || !fill_in(&full))
        return LEAT_ERR_ARGUMENT;
    made = service_take(stack, 1, sizeof *made);
    if (!made)
        return LEAT_ERR_MEMORY;
    made->stack = stack;
    made->config = full;
    made->on_answer = on_answer;
    made->timer.on_time = on_time;
    made->timer.arg = made;
    leat_sntp_set_servers(made, full.servers, full.server_count);
    *sntp = made;
    return LEAT_OK;
}

void leat_sntp_start(struct leat_sntp *sntp)
{
    leat_sntp_stop(sntp); /* a round may be active */
    for (unsigned i = 0; i < sntp->server_count; i++) {
        sntp->servers[i].forbids = false;
        sntp->servers[i].rest_until_ns = 0;
        sntp->servers[i].rest_ns = 2 * sntp->config.poll_ns;
    }
    refusal_forget(&sntp->refusal);
    sntp->runs = true;
    sntp->was_set = false;
    begin(sntp);
}

void leat_sntp_stop(struct leat_sntp *sntp)
{
    leat_timer_cancel(sntp->stack, &sntp->timer);
    for (unsigned i = 0; i < sntp->server_count; i++)
        sntp_forget(&sntp->servers[i]);
    sntp->runs = false;
    sntp->in_round = false;
}

/* Names server number @index. If it was among the @count servers before, its DENY or RATE
 * stays valid (RFC 5905 7.4). */
static void name_server(struct leat_sntp *sntp, unsigned index, const struct leat_endpoint *end,
                        unsigned count)
{
    struct sntp_server *server = &sntp->servers[index];

    *server = (struct sntp_server){.sntp = sntp, .end = *end, .rest_ns = 2 * sntp->config.poll_ns};
    if (end->port == 0)
        server->end.port = NTP_PORT;
    for (unsigned i = 0; i < count; i++) {
        const struct sntp_server *before = &sntp->before[i];

        if (!leat_endpoint_equal(&before->end, &server->end))
            continue;
        server->forbids = before->forbids;
        server->rest_until_ns = before->rest_until_ns;
        server->rest_ns = before->rest_ns;
    }
}

void leat_sntp_set_servers(struct leat_sntp *sntp, const struct leat_endpoint *servers,
                           unsigned count)
{
    const bool ran = sntp->runs;
    const unsigned before = sntp->server_count;

    leat_sntp_stop(sntp);
    sntp->runs = ran;
    /* a copy, because the new list may have the same servers at other places */
    memcpy(sntp->before, sntp->servers, sizeof sntp->before);
    sntp->server_count = (uint8_t)(count < LEAT_SNTP_SERVERS_MAX ? count : LEAT_SNTP_SERVERS_MAX);
    for (unsigned i = 0; i < sntp->server_count; i++)
        name_server(sntp, i, &servers[i], before);
    begin(sntp);
}

const struct leat_refusal *leat_sntp_refusal(const struct leat_sntp *sntp)
{
    return &sntp->refusal;
}

const struct leat_sntp_counts *leat_sntp_counts(const struct leat_sntp *sntp)
{
    return &sntp->counts;
}
