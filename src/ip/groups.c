/*
 * groups.c -- multicast groups that links listen to, and the timing of reports to routers.
 *
 * Every event ends in fired(): it chooses the version, sends all messages that are due, and sets
 * the one timer of the link for the next. groups_join(), groups_leave() and groups_tell() call it
 * at once, groups_query() and groups_reported() only move the times.
 */
#include "ip/groups.h"

#include "wire/bytes.h"

static const uint64_t ms_ns = 1000000;

enum {
    RECORDS_MAX = 12,       /* in one report; more groups need more reports */
    RESPONSE_MIN_MS = 100,  /* shortest response time, even for a flood of urgent queries */
    REPEAT_MS = 1000,       /* RFC 3376 8.11, RFC 3810 9.11 */
    REPEAT_OLDER_MS = 10000 /* RFC 2236 8.10, RFC 2710 7.10 */
};

static timer_fn fired;

void groups_init(struct leat *stack, struct groups *groups, const struct groups_family *family,
                 struct group *all, uint32_t count)
{
    groups->family = family;
    groups->all = all;
    groups->count = count;
    for (unsigned i = 0; i < LEAT_NETIFS_MAX; i++)
        groups->links[i] = (struct group_link){.timer = {.fire = fired},
                                               .groups = groups,
                                               .link = &stack->links[i],
                                               .interval_s = GROUP_INTERVAL_S,
                                               .robustness = GROUP_ROBUSTNESS};
}

static bool is_of(const struct group *group, const struct link *link)
{
    return group->link == link - link->stack->links;
}

static bool is_free(const struct group *group)
{
    return group->holders == 0 && group->changes == 0;
}

/* Finds the group @ip of @link, even one that was left while reports of that are pending. */
static struct group *find(const struct groups *groups, const struct link *link, struct leat_ip ip)
{
    for (uint32_t i = 0; i < groups->count; i++) {
        struct group *group = &groups->all[i];

        if (!is_free(group) && is_of(group, link) && leat_ip_equal(group->ip, ip))
            return group;
    }
    return 0;
}

/* A free entry, or else that of a group which was left: routers notice that without a report. */
static struct group *place(const struct groups *groups)
{
    struct group *left = 0;

    for (uint32_t i = 0; i < groups->count; i++) {
        if (is_free(&groups->all[i]))
            return &groups->all[i];
        if (groups->all[i].holders == 0)
            left = &groups->all[i];
    }
    return left;
}

static struct group *find_heard(const struct groups *groups, const struct link *link,
                                struct leat_ip ip)
{
    struct group *group = find(groups, link, ip);

    return group && group->holders > 0 ? group : 0;
}

bool groups_hear(const struct groups *groups, const struct link *link, struct leat_ip ip)
{
    return find_heard(groups, link, ip) != 0;
}

bool groups_hear_low(const struct groups *groups, const struct link *link, uint32_t low,
                     uint32_t mask)
{
    for (uint32_t i = 0; i < groups->count; i++) {
        const struct group *group = &groups->all[i];

        /* a group that was left is still listed while that is reported, but no longer heard */
        if (group->holders > 0 && is_of(group, link) && (get32(group->ip.bytes + 12) & mask) == low)
            return true;
    }
    return false;
}

/* A random time from now until @max_ms later. */
static uint64_t random_time(struct leat *stack, uint32_t max_ms)
{
    return stack->now_ns + (1 + stack_random_below(stack, max_ms)) * ms_ns;
}

/* RFC 3376 7.2.1, RFC 3810 8.2.1: a change of the version cancels all pending messages. */
static void choose_version(struct group_link *at)
{
    const uint64_t now_ns = at->link->stack->now_ns;
    uint8_t age = 0;

    /* the oldest querier decides, so the last match wins */
    for (unsigned older = 1; older < GROUP_AGES; older++) {
        if (at->older_until_ns[older - 1] > now_ns)
            age = (uint8_t)older;
    }
    if (age == at->age)
        return;
    at->age = age;
    at->change_ns = at->answer_all_ns = 0;
    for (uint32_t i = 0; i < at->groups->count; i++) {
        struct group *group = &at->groups->all[i];

        if (is_of(group, at->link)) { /* this also frees the entries of groups that were left */
            group->changes = 0;
            group->answer_ns = 0;
        }
    }
}

static void sooner(uint64_t *next_ns, uint64_t ns)
{
    if (ns != 0 && ns < *next_ns)
        *next_ns = ns;
}

/* Looks at the link's times again after any change, because a later time may have become the next
 * one. */
static void set_timer(struct group_link *at)
{
    struct leat *stack = at->link->stack;
    uint64_t next_ns = UINT64_MAX;

    sooner(&next_ns, at->change_ns);
    sooner(&next_ns, at->answer_all_ns);
    for (uint32_t i = 0; i < at->groups->count; i++) {
        if (is_of(&at->groups->all[i], at->link))
            sooner(&next_ns, at->groups->all[i].answer_ns);
    }
    if (next_ns == UINT64_MAX)
        timer_cancel(&stack->timers, &at->timer);
    else
        timer_set(&stack->timers, &at->timer, next_ns);
}

static bool is_due(uint64_t ns, uint64_t now_ns)
{
    return ns != 0 && ns <= now_ns;
}

/* Fills in the record that is due for @group.  False: none is due. */
static bool take_record(const struct group_link *at, struct group *group,
                        struct group_record *record)
{
    const uint64_t now_ns = at->link->stack->now_ns;
    const bool answers = is_due(at->answer_all_ns, now_ns) || is_due(group->answer_ns, now_ns);

    if (answers) /* even if no record follows */
        group->answer_ns = 0;
    record->ip = group->ip;
    record->type = GROUP_IS_EXCLUDE;
    /* a change comes first: the router learns from its record what an answer would say, too */
    if (is_due(at->change_ns, now_ns) && group->changes > 0) {
        group->changes--;
        record->type = group->holders > 0 ? GROUP_TO_EXCLUDE : GROUP_TO_INCLUDE;
    } else if (!answers || group->holders == 0 || !at->groups->family->is_told(group->ip)) {
        return false;
    }
    group->answer_ns = 0;
    return true;
}

/* RFC 2236 3, RFC 2710 4: one message per group. A leave message is sent only if we were the last
 * to report the group. */
static void tell_older(const struct group_link *at, struct group *group,
                       const struct group_record *record)
{
    const bool leaves = record->type == GROUP_TO_INCLUDE;

    if (!leaves || group->reported_last)
        at->groups->family->report_older(at->link, record->ip, at->age, leaves);
    group->reported_last = !leaves;
}

/* Older versions have a message for each group. The newest one collects records, and sends them
 * when a report is full and at the end. */
static void tell_what_is_due(const struct group_link *at)
{
    struct group_record records[RECORDS_MAX];
    uint32_t count = 0;

    for (uint32_t i = 0; i < at->groups->count; i++) {
        struct group *group = &at->groups->all[i];

        if (is_free(group) || !is_of(group, at->link) || !take_record(at, group, &records[count]))
            continue;
        if (at->age > 0)
            tell_older(at, group, &records[count]);
        else
            count++;
        if (count == RECORDS_MAX) {
            at->groups->family->report(at->link, records, count);
            count = 0;
        }
    }
    if (count > 0)
        at->groups->family->report(at->link, records, count);
}

/* The time at which pending changes are reported again. */
static uint64_t next_change(const struct group_link *at)
{
    for (uint32_t i = 0; i < at->groups->count; i++) {
        if (at->groups->all[i].changes > 0 && is_of(&at->groups->all[i], at->link))
            return random_time(at->link->stack, at->age > 0 ? REPEAT_OLDER_MS : REPEAT_MS);
    }
    return 0;
}

static void fired(struct timer *timer, void *context)
{
    const struct leat *stack = context;
    struct group_link *at = (struct group_link *)timer;

    choose_version(at);
    tell_what_is_due(at);
    /* the next time is chosen after the messages, because each has used up one of its group's
     * repetitions */
    if (is_due(at->change_ns, stack->now_ns))
        at->change_ns = next_change(at);
    if (is_due(at->answer_all_ns, stack->now_ns))
        at->answer_all_ns = 0;
    set_timer(at);
}

/* Reports changes at once, because routers and switches may need them for the next packets. */
static void tell_now(struct group_link *at)
{
    struct leat *stack = at->link->stack;

    at->change_ns = stack->now_ns > 0 ? stack->now_ns : 1; /* 0 means that none is pending */
    fired(&at->timer, stack);
}

static struct group_link *link_of(struct groups *groups, const struct link *link)
{
    return &groups->links[link - link->stack->links];
}

enum leat_err groups_join(struct groups *groups, struct link *link, struct leat_ip ip)
{
    struct group_link *at = link_of(groups, link);
    struct group *group = find(groups, link, ip);

    if (group && group->holders > 0) {
        group->holders++;
        return LEAT_OK;
    }
    if (!group)
        group = place(groups);
    if (!group)
        return LEAT_ERR_FULL;
    *group = (struct group){.ip = ip, .holders = 1, .link = (uint8_t)(link - link->stack->links)};
    choose_version(at);
    if (groups->family->is_told(ip)) {
        group->changes = at->robustness;
        tell_now(at);
    }
    return LEAT_OK;
}

void groups_leave(struct groups *groups, struct link *link, struct leat_ip ip)
{
    struct group_link *at = link_of(groups, link);
    struct group *group = find_heard(groups, link, ip);

    leat_assert(group != 0);
    if (--group->holders > 0)
        return;
    choose_version(at);
    /* a report that we have joined would be wrong now */
    group->changes = 0;
    group->answer_ns = 0;
    if (groups->family->is_told(ip)) {
        group->changes = at->age > 0 ? 1 : at->robustness; /* older versions send one leave */
        tell_now(at);
    }
}

void groups_tell(struct groups *groups, struct link *link)
{
    struct group_link *at = link_of(groups, link);

    choose_version(at);
    for (uint32_t i = 0; i < groups->count; i++) {
        struct group *group = &groups->all[i];

        if (group->holders > 0 && is_of(group, link) && groups->family->is_told(group->ip))
            group->changes = at->robustness;
    }
    tell_now(at);
}

/* RFC 3376 5.2, RFC 3810 6.2: a pending answer that is due in time serves this query, too. Drawing
 * a new time would make it earlier with each further query. */
static void answer_within(struct leat *stack, uint64_t *at_ns, uint32_t max_ms)
{
    if (*at_ns == 0 || *at_ns > stack->now_ns + max_ms * ms_ns)
        *at_ns = random_time(stack, max_ms);
}

static void answer_all(struct group_link *at, uint32_t max_ms)
{
    struct leat *stack = at->link->stack;

    if (at->age == 0) { /* one report has all groups */
        answer_within(stack, &at->answer_all_ns, max_ms);
        return;
    }
    for (uint32_t i = 0; i < at->groups->count; i++) {
        struct group *group = &at->groups->all[i];

        if (group->holders > 0 && is_of(group, at->link))
            answer_within(stack, &group->answer_ns, max_ms);
    }
}

/* Records the querier's version and parameters. */
static void take_querier(struct group_link *at, const struct group_query *query)
{
    if (query->age == 0) { /* RFC 3376 4.1.6, 4.1.7, RFC 3810 5.1.8, 5.1.9 */
        at->robustness = query->robustness > 0 ? query->robustness : GROUP_ROBUSTNESS;
        at->interval_s = query->interval_s > 0 ? query->interval_s : GROUP_INTERVAL_S;
    } else { /* RFC 3376 8.12, RFC 3810 9.12 */
        /* robustness and interval are the last known ones: an older query has no fields for them */
        at->older_until_ns[query->age - 1] =
            at->link->stack->now_ns +
            (1000 * (uint64_t)at->robustness * at->interval_s + query->max_response_ms) * ms_ns;
    }
    choose_version(at);
}

bool groups_query(struct groups *groups, struct link *link, const struct group_query *query)
{
    struct group_link *at = link_of(groups, link);
    const bool is_general = leat_ip_is_any(query->ip);
    struct group *group = is_general ? 0 : find_heard(groups, link, query->ip);
    const uint32_t max_ms =
        query->max_response_ms > RESPONSE_MIN_MS ? query->max_response_ms : RESPONSE_MIN_MS;

    /* the querier is noted first: a change of the version cancels what is pending, which this
     * answer must survive */
    take_querier(at, query);
    if (is_general)
        answer_all(at, max_ms);
    else if (group)
        answer_within(link->stack, &group->answer_ns, max_ms);
    set_timer(at);
    return is_general || group;
}

bool groups_reported(struct groups *groups, struct link *link, struct leat_ip ip)
{
    struct group_link *at = link_of(groups, link);
    struct group *group = find_heard(groups, link, ip);

    choose_version(at);
    if (!group || at->age == 0) /* RFC 3376 5: reports of others suppress none of ours */
        return false;
    group->answer_ns = 0;
    group->reported_last = false;
    set_timer(at);
    return true;
}

struct leat_buf *groups_room(struct leat *stack, uint32_t len)
{
    struct leat_buf *message = leat_buf_alloc(&stack->pool, LEAT_BUF_HEADROOM);

    if (message && leat_buf_put(message, len))
        return message;
    stack->stats.tx_no_memory++;
    leat_buf_free(message);
    return 0;
}
