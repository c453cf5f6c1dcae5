/*
 * test_transitions6.c -- takes every line of dhcp6.rl, and checks the frames.
 *
 * The list is generated from dhcp6.rl, so a new line that no test can take fails.
 */
#include "dhcp6_talk.h"
#include "spec_line.h"

static struct line lines[] = {
#define DHCP6_TRANSITION(from, event, to, actions)                                                 \
    {#from " + " #event, DHCP6_##from, DHCP6_##event, DHCP6_##to, actions},
#include "dhcp6_cover.inc"
#undef DHCP6_TRANSITION
};

enum {
    LINES = sizeof lines / sizeof *lines
};

static const struct line *current;

static bool line_is(uint8_t state, uint8_t event)
{
    return current->state == state && current->event == event;
}

/* ---- leading to a state ---------------------------------------------------------------------- */

static void feed_grant(struct talk6 *talk, uint8_t type, uint8_t preference)
{
    /* the lease may expire during the check */
    const uint32_t valid_s = line_is(DHCP6_CHECKING, DHCP6_timeout_lease) ? 1 : 3600;
    struct answer6 made = grant6(talk, type, valid_s);

    answer6_option(&made, DHCP6_PREFERENCE, &preference, 1);
    talk6_feed(talk, &made);
}

static void feed_ia_status(struct talk6 *talk, uint16_t status)
{
    struct answer6 made = answer6(talk, DHCP6_REPLY);

    answer6_ia(&made, talk, 0, 0);
    answer6_status(&made, status);
    talk6_feed(talk, &made);
}

static void to_requesting(struct talk6 *talk)
{
    talk6_start(talk);
    feed_grant(talk, DHCP6_ADVERTISE, 255);
}

static void to_checking(struct talk6 *talk)
{
    to_requesting(talk);
    if (current->event != DHCP6_address_refused)
        feed_grant(talk, DHCP6_REPLY, 0);
}

static void to_bound(struct talk6 *talk)
{
    to_checking(talk);
    world_wait(talk->world, second + 10 * ms);
}

static void inform(struct talk6 *talk)
{
    assert_int_equal(leat_dhcp6_inform(talk->dhcp6), LEAT_OK);
    talk6_wait_until(talk, talk->dhcp6->wait_ns);
}

static void feed_word(struct talk6 *talk)
{
    const struct answer6 made = answer6(talk, DHCP6_REPLY);

    talk6_feed(talk, &made);
}

static void to_renewing(struct talk6 *talk)
{
    to_bound(talk);
    talk6_wait_until(talk, talk->dhcp6->t1_ns);
}

/* As after an earlier start, which had an address. */
static void start_kept(struct talk6 *talk)
{
    const struct leat_dhcp6_lease lease = {.ip = IP6_LEASED};
    uint8_t kept[LEAT_DHCP6_KEPT_BYTES];

    leat_dhcp6_keep(&lease, kept);
    assert_int_equal(leat_dhcp6_start(talk->dhcp6, kept), LEAT_OK);
}

/* The states before there is an address, and those without one; false: another state.
 */
static bool go_to_early_state(struct talk6 *talk)
{
    switch ((unsigned)current->state) {
    case DHCP6_STOPPED:
        return true;
    case DHCP6_INIT:
        assert_int_equal(leat_dhcp6_start(talk->dhcp6, NULL), LEAT_OK);
        return true;
    case DHCP6_INIT_REBOOT:
        start_kept(talk);
        return true;
    case DHCP6_REBOOTING:
        start_kept(talk);
        talk6_wait_until(talk, talk->dhcp6->wait_ns);
        return true;
    case DHCP6_INIT_INFORM:
        assert_int_equal(leat_dhcp6_inform(talk->dhcp6), LEAT_OK);
        return true;
    case DHCP6_SOLICITING:
        talk6_start(talk);
        if (current->event == DHCP6_timeout_choose)
            feed_grant(talk, DHCP6_ADVERTISE, 0);
        return true;
    case DHCP6_REQUESTING:
        to_requesting(talk);
        return true;
    case DHCP6_INFORMING:
        inform(talk);
        return true;
    case DHCP6_INFORMED:
        inform(talk);
        feed_word(talk);
        return true;
    default:
        return false;
    }
}

static void go_to_state(struct talk6 *talk)
{
    if (go_to_early_state(talk))
        return;
    switch ((unsigned)current->state) {
    case DHCP6_CHECKING:
        to_checking(talk);
        break;
    case DHCP6_DECLINING:
        to_checking(talk);
        talk6_claim(talk, IP6_LEASED);
        break;
    case DHCP6_BOUND:
        to_bound(talk);
        break;
    case DHCP6_RENEWING:
        to_renewing(talk);
        break;
    case DHCP6_REBINDING:
        to_bound(talk);
        talk6_wait_until(talk, talk->dhcp6->t2_ns);
        break;
    case DHCP6_REREQUESTING:
        to_renewing(talk);
        feed_ia_status(talk, DHCP6_NO_BINDING);
        break;
    case DHCP6_CONFIRMING:
        to_bound(talk);
        leat_dhcp6_confirm(talk->dhcp6);
        break;
    case DHCP6_RELEASING:
        to_bound(talk);
        leat_dhcp6_release(talk->dhcp6);
        break;
    default:
        fail_msg("nothing here leads to %s", current->name);
    }
    world_poll(talk->world); /* the message of a call is sent */
}

/* ---- events -------------------------------------------------------------------------------- */

/* Sleeps until then. */
static void sleep_until(struct talk6 *talk, uint64_t at_ns)
{
    assert_true(at_ns != LEAT_NEVER_NS);
    if (at_ns + 2048 > talk->world->now_ns)
        talk->world->now_ns = at_ns + 2048;
    world_poll(talk->world);
}

static void give_up(struct talk6 *talk)
{
    const uint8_t state = talk->dhcp6->state;

    for (unsigned tries = 0; tries < 12 && talk->dhcp6->state == state; tries++) {
        talk6_mark(talk);
        sleep_until(talk, talk->dhcp6->rexmt_ns);
    }
}

/* A message of the server; false: the event is another kind. */
static bool do_message(struct talk6 *talk)
{
    struct answer6 made = answer6(talk, DHCP6_REPLY);

    switch ((unsigned)current->event) {
    case DHCP6_rcv_ADVERTISE:
    case DHCP6_rcv_ADVERTISE_now:
        feed_grant(talk, DHCP6_ADVERTISE, current->event == DHCP6_rcv_ADVERTISE ? 254 : 255);
        return true;
    case DHCP6_rcv_REPLY:
        feed_grant(talk, DHCP6_REPLY, 0);
        return true;
    case DHCP6_rcv_REPLY_rapid:
        made = grant6(talk, DHCP6_REPLY, 3600);
        answer6_option(&made, DHCP6_RAPID_COMMIT, NULL, 0);
        break;
    case DHCP6_rcv_REPLY_other: /* renumbered, in Kea's way */
        answer6_ia(&made, talk, 0, 0);
        answer6_address(&made, IP6_LEASED_OTHER, 3600, 3600);
        answer6_address(&made, IP6_LEASED, 0, 0);
        break;
    case DHCP6_rcv_REPLY_zero:
        made = grant6(talk, DHCP6_REPLY, 0);
        break;
    case DHCP6_rcv_REPLY_done:
    case DHCP6_rcv_REPLY_facts:
        break;
    case DHCP6_rcv_NoBinding:
        feed_ia_status(talk, DHCP6_NO_BINDING);
        return true;
    case DHCP6_rcv_NoAddrs:
        feed_ia_status(talk, DHCP6_NO_ADDRS_AVAIL);
        return true;
    case DHCP6_rcv_NotOnLink:
        answer6_status(&made, DHCP6_NOT_ON_LINK);
        break;
    default:
        return false;
    }
    talk6_feed(talk, &made);
    return true;
}

/* A timeout; false: the event is another kind. */
static bool do_time(struct talk6 *talk)
{
    const struct leat_dhcp6 *dhcp6 = talk->dhcp6;

    switch ((unsigned)current->event) {
    case DHCP6_timeout_wait:
        sleep_until(talk, dhcp6->wait_ns);
        return true;
    case DHCP6_timeout_rexmt:
    case DHCP6_timeout_choose:
        sleep_until(talk, dhcp6->rexmt_ns);
        return true;
    case DHCP6_timeout_give_up:
        give_up(talk);
        return true;
    case DHCP6_timeout_T1:
        sleep_until(talk, dhcp6->t1_ns);
        return true;
    case DHCP6_timeout_T2:
        sleep_until(talk, dhcp6->t2_ns);
        return true;
    case DHCP6_timeout_lease:
        sleep_until(talk, dhcp6->expires_ns);
        return true;
    case DHCP6_timeout_refresh:
        sleep_until(talk, dhcp6->refresh_ns);
        return true;
    default:
        return false;
    }
}

/* All places for addresses are taken before one is granted. */
static void refuse_address(struct talk6 *talk)
{
    struct leat_ip ip = IP6_US;

    while (leat_address_add(talk->world->stack, &talk->world->dev.netif, ip, 64) == LEAT_OK)
        ip.bytes[15]++;
    feed_grant(talk, DHCP6_REPLY, 0);
}

/* A call of the program, or an event of neighbour discovery. */
static void do_call(struct talk6 *talk)
{
    switch ((unsigned)current->event) {
    case DHCP6_start_managed:
        assert_int_equal(leat_dhcp6_start(talk->dhcp6, NULL), LEAT_OK);
        break;
    case DHCP6_start_kept:
        start_kept(talk);
        break;
    case DHCP6_start_inform:
        assert_int_equal(leat_dhcp6_inform(talk->dhcp6), LEAT_OK);
        break;
    case DHCP6_stop:
        leat_dhcp6_stop(talk->dhcp6);
        break;
    case DHCP6_release:
        leat_dhcp6_release(talk->dhcp6);
        break;
    case DHCP6_confirm:
        leat_dhcp6_confirm(talk->dhcp6);
        break;
    case DHCP6_address_refused:
        refuse_address(talk);
        break;
    case DHCP6_address_free:
        world_wait(talk->world, second + 10 * ms);
        break;
    case DHCP6_address_taken:
        talk6_claim(talk, IP6_LEASED);
        break;
    default:
        fail_msg("nothing here can cause %s", current->name);
    }
    world_poll(talk->world);
}

/* ---- checks
 * ----------------------------------------------------------------------------------- */

static void check_wire(struct talk6 *talk)
{
    static const struct {
        const char *action;
        uint8_t type;
        bool server, ia, ip;
    } forms[] = {
        {"snd_SOLICIT", 1, false, true, false},
        {"snd_REQUEST", 3, true, true, true},
        {"snd_REQUEST_again", 3, true, true, true},
        {"snd_CONFIRM", 4, false, true, true},
        {"snd_RENEW", 5, true, true, true},
        {"snd_REBIND", 6, false, true, true},
        {"snd_REBIND_kept", 6, false, true, true},
        {"snd_RELEASE", 8, true, true, true},
        {"snd_DECLINE", 9, true, true, true},
        {"snd_INFORMATION_REQUEST", 11, false, false, false},
    };
    bool any = false;

    talk6_listen(talk);
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!line_does(current, forms[i].action))
            continue;
        any = true;
        assert_int_equal(talk->heard.type, forms[i].type);
        assert_int_equal(talk->heard.has_server, forms[i].server);
        assert_int_equal(talk->heard.has_ia, forms[i].ia);
        assert_true(leat_ip_equal(talk->heard.ip, forms[i].ip ? IP6_LEASED : LEAT_IP_ANY));
    }
    assert_int_equal(talk->heard_count, any);
}

static bool has_address(uint8_t state)
{
    return state == DHCP6_BOUND || state == DHCP6_RENEWING || state == DHCP6_REBINDING ||
           state == DHCP6_REREQUESTING || state == DHCP6_CONFIRMING;
}

static void check_program(const struct talk6 *talk)
{
    static const struct {
        const char *action;
        enum leat_dhcp6_news news;
    } told[] = {
        {"tell_bound", LEAT_DHCP6_BOUND},       {"tell_renewed", LEAT_DHCP6_RENEWED},
        {"tell_informed", LEAT_DHCP6_INFORMED}, {"tell_silence", LEAT_DHCP6_SILENCE},
        {"tell_refused", LEAT_DHCP6_REFUSED},   {"tell_declined", LEAT_DHCP6_DECLINED},
        {"tell_moved", LEAT_DHCP6_MOVED},       {"tell_expired", LEAT_DHCP6_EXPIRED},
    };
    const uint8_t next = (uint8_t)current->next;

    for (unsigned i = 0; i < sizeof told / sizeof *told; i++)
        assert_int_equal(talk6_was_told(talk, told[i].news), line_does(current, told[i].action));
    assert_int_equal(talk6_has(talk, IP6_LEASED), has_address(next));
    if (has_address(next) || next == DHCP6_INFORMED)
        assert_non_null(leat_dhcp6_lease(talk->dhcp6));
    else if (!line_is(DHCP6_INFORMED, DHCP6_timeout_refresh)) /* known facts stay */
        assert_null(leat_dhcp6_lease(talk->dhcp6));
}

static void test_line(void **state)
{
    struct talk6 *talk = *state;

    go_to_state(talk);
    if (talk->dhcp6->state != current->state && current->event != DHCP6_address_refused)
        fail_msg("the way led to %s", leat_dhcp6_state_name(talk->dhcp6));
    talk6_mark(talk);
    if (!do_message(talk) && !do_time(talk))
        do_call(talk);
    if (talk->taken[current->state][current->event] != current->next)
        fail_msg("%s was not taken: now %s", current->name, leat_dhcp6_state_name(talk->dhcp6));
    check_wire(talk);
    check_program(talk);
}

static int setup_line(void **state)
{
    struct talk6 *talk;

    current = *state;
    talk6_setup_later(state);
    talk = *state;
    talk->config.rapid_commit = true;
    talk->config.lease_s_min = 1;
    talk6_begin(talk);
    return 0;
}

int main(void)
{
    static struct CMUnitTest tests[LINES];

    for (unsigned i = 0; i < LINES; i++)
        tests[i] =
            (struct CMUnitTest){lines[i].name, test_line, setup_line, talk6_teardown, &lines[i]};
    return _cmocka_run_group_tests("every line of dhcp6.rl", tests, LINES, NULL, NULL);
}
