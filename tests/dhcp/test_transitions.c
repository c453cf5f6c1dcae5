/*
 * test_transitions.c -- takes every line of dhcp.rl, and checks the frames.
 *
 * The list is generated from dhcp.rl, so a new line that no test can take fails.
 */
#include "dhcp_talk.h"
#include "spec_line.h"

static struct line lines[] = {
#define DHCP_TRANSITION(from, event, to, actions)                                                  \
    {#from " + " #event, DHCP_##from, DHCP_##event, DHCP_##to, actions},
#include "dhcp_cover.inc"
#undef DHCP_TRANSITION
};

enum {
    LINES = sizeof lines / sizeof *lines,
    OFFER = 2,
    ACK = 5,
    NAK = 6
};

static const struct line *current;

static bool line_is(uint8_t state, uint8_t event)
{
    return current->state == state && current->event == event;
}

/* ---- leading to a state ---------------------------------------------------------------------- */

static const uint8_t one_s[4] = {0, 0, 0, 1}, two_s[4] = {0, 0, 0, 2};

/* In the first seconds a conflict takes the address, so T1 and T2 must come soon. During the
 * probes the lease may expire. */
static uint32_t lease_s(void)
{
    return current->event == DHCP_address_taken || current->event == DHCP_timeout_lease ? 3 : 3600;
}

static void feed(struct talk *talk, uint8_t type, uint8_t more)
{
    struct answer made = answer(talk, type, lease_s());

    if (more == 80)
        answer_option(&made, 80, NULL, 0);
    if (more == 108)
        answer_option32(&made, 108, 300);
    if (lease_s() == 3 && type != NAK) {
        answer_option(&made, 58, one_s, 4);
        answer_option(&made, 59, two_s, 4);
    }
    talk_feed(talk, &made);
}

static void to_requesting(struct talk *talk)
{
    talk_start(talk, NULL);
    feed(talk, OFFER, 0);
    talk_listen(talk);
}

static void to_bound(struct talk *talk)
{
    to_requesting(talk);
    /* so that T2 comes before the second announcement */
    if (current->event == DHCP_address_taken)
        talk_wait_until(talk, talk->world->now_ns + second / 2);
    feed(talk, ACK, 0);
}

static void start_kept(struct talk *talk)
{
    const struct leat_dhcp_lease lease = {.ip = leat_ip_v4(IP_GRANTED),
                                          .server = leat_ip_v4(IP_SERVER)};
    uint8_t kept[LEAT_DHCP_KEPT_BYTES];

    leat_dhcp_keep(&lease, kept);
    assert_int_equal(leat_dhcp_start(talk->dhcp, kept), LEAT_OK);
}

static void inform(struct talk *talk)
{
    world_settle(talk->world);
    assert_int_equal(leat_dhcp_inform(talk->dhcp, leat_ip_v4(IP_US)), LEAT_OK);
    world_poll(talk->world);
    talk_listen(talk);
}

static void go_to_state(struct talk *talk)
{
    switch ((enum dhcp_state)current->state) {
    case DHCP_STOPPED:
        break;
    case DHCP_INIT:
        assert_int_equal(leat_dhcp_start(talk->dhcp, NULL), LEAT_OK);
        break;
    case DHCP_SELECTING:
        talk_start(talk, NULL);
        break;
    case DHCP_REQUESTING:
        to_requesting(talk);
        break;
    case DHCP_INIT_REBOOT:
        start_kept(talk);
        break;
    case DHCP_REBOOTING:
        start_kept(talk);
        talk_wait_until(talk, talk->dhcp->wait_ns);
        talk_listen(talk);
        break;
    case DHCP_CHECKING:
        to_requesting(talk);
        if (current->event != DHCP_lease_accepted && current->event != DHCP_lease_refused)
            feed(talk, ACK, 0);
        break;
    case DHCP_BOUND:
        to_bound(talk);
        break;
    case DHCP_RENEWING:
        to_bound(talk);
        talk_wait_until(talk, talk->dhcp->t1_ns);
        break;
    case DHCP_REBINDING:
        to_bound(talk);
        talk_wait_until(talk, talk->dhcp->t2_ns);
        break;
    case DHCP_INFORMING:
        inform(talk);
        break;
    case DHCP_INFORMED:
        inform(talk);
        feed(talk, ACK, 0);
        break;
    case DHCP_IPV6_ONLY:
        talk_start(talk, NULL);
        feed(talk, OFFER, 108);
        break;
    }
    talk_listen(talk);
}

/* ---- events -------------------------------------------------------------------------------- */

/* Sleeps until then. */
static void sleep_until(struct talk *talk, uint64_t at_ns)
{
    assert_true(at_ns != LEAT_NEVER_NS);
    if (at_ns + 2048 > talk->world->now_ns)
        talk->world->now_ns = at_ns + 2048;
    world_poll(talk->world);
}

static void give_up(struct talk *talk)
{
    const uint8_t state = talk->dhcp->state;

    for (unsigned tries = 0; tries < 8 && talk->dhcp->state == state; tries++) {
        talk_listen(talk);
        sleep_until(talk, talk->dhcp->rexmt_ns);
    }
}

/* A message of the server; false: the event is another kind. */
static bool do_message(struct talk *talk)
{
    switch ((unsigned)current->event) {
    case DHCP_lease_refused:
    case DHCP_lease_accepted:
    case DHCP_rcv_ACK:
        talk->refuse = current->event == DHCP_lease_refused;
        feed(talk, ACK, 0);
        return true;
    case DHCP_rcv_OFFER:
        feed(talk, OFFER, 0);
        return true;
    case DHCP_rcv_NAK:
        feed(talk, NAK, 0);
        return true;
    case DHCP_rcv_rapid_ACK:
        feed(talk, ACK, 80);
        return true;
    case DHCP_rcv_IPv6_only:
        feed(talk, OFFER, 108);
        return true;
    default:
        return false;
    }
}

/* A timeout; false: the event is another kind. */
static bool do_time(struct talk *talk)
{
    const struct leat_dhcp *dhcp = talk->dhcp;

    switch ((unsigned)current->event) {
    case DHCP_timeout_wait:
        sleep_until(talk, dhcp->wait_ns);
        return true;
    case DHCP_timeout_rexmt:
        sleep_until(talk, dhcp->rexmt_ns);
        return true;
    case DHCP_timeout_give_up:
        give_up(talk);
        return true;
    case DHCP_timeout_T1:
        sleep_until(talk, dhcp->t1_ns);
        return true;
    case DHCP_timeout_T2:
        sleep_until(talk, dhcp->t2_ns);
        return true;
    case DHCP_timeout_lease:
        sleep_until(talk, dhcp->expires_ns);
        return true;
    default:
        return false;
    }
}

/* A call of the program, or an event of ARP. */
static void do_call(struct talk *talk)
{
    switch ((unsigned)current->event) {
    case DHCP_start_fresh:
        assert_int_equal(leat_dhcp_start(talk->dhcp, NULL), LEAT_OK);
        break;
    case DHCP_start_with_lease:
        start_kept(talk);
        break;
    case DHCP_start_inform:
        inform(talk);
        break;
    case DHCP_stop:
        leat_dhcp_stop(talk->dhcp);
        break;
    case DHCP_release:
        leat_dhcp_release(talk->dhcp);
        break;
    case DHCP_address_free:
        world_wait(talk->world, 8 * second);
        break;
    case DHCP_address_taken:
        talk_claim(talk, IP_GRANTED);
        break;
    default:
        fail_msg("nothing here can cause %s", current->name);
    }
}

static void do_event(struct talk *talk)
{
    if (!do_message(talk) && !do_time(talk))
        do_call(talk);
    world_wait(talk->world, ms / 2); /* ARP for a unicast message to the server */
}

/* ---- checks
 * ----------------------------------------------------------------------------------- */

static void check_wire(struct talk *talk)
{
    static const struct {
        const char *action;
        uint8_t type;
        leat_ip4 src, dst, ciaddr, requested, server; /* RFC 2131 table 5; src of INFORM: below */
    } forms[] = {
        {"snd_DISCOVER", 1, 0, IP4_BROADCAST, 0, 0, 0},
        {"snd_REQUEST", 3, 0, IP4_BROADCAST, 0, IP_GRANTED, IP_SERVER},
        {"snd_REQUEST_reboot", 3, 0, IP4_BROADCAST, 0, IP_GRANTED, 0},
        {"snd_REQUEST_renew", 3, IP_GRANTED, IP_SERVER, IP_GRANTED, 0, 0},
        {"snd_REQUEST_rebind", 3, IP_GRANTED, IP4_BROADCAST, IP_GRANTED, 0, 0},
        {"snd_DECLINE", 4, 0, IP4_BROADCAST, 0, IP_GRANTED, IP_SERVER},
        {"snd_RELEASE", 7, IP_GRANTED, IP_SERVER, IP_GRANTED, 0, IP_SERVER},
        {"snd_INFORM", 8, IP_US, IP4_BROADCAST, IP_US, 0, 0},
    };
    bool any = false;

    if (current->event != DHCP_start_inform)
        talk_listen(talk);
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!line_does(current, forms[i].action))
            continue;
        any = true;
        if (line_is(DHCP_CHECKING, DHCP_release))
            continue; /* nothing can be sent from an address that is being checked */
        assert_int_equal(talk->heard.type, forms[i].type);
        assert_int_equal(talk->heard.src, forms[i].src);
        assert_int_equal(talk->heard.dst, forms[i].dst);
        assert_int_equal(talk->heard.ciaddr, forms[i].ciaddr);
        assert_int_equal(talk->heard.requested, forms[i].requested);
        assert_int_equal(talk->heard.server, forms[i].server);
    }
    if (!any && !line_does(current, "begin") && current->event != DHCP_timeout_give_up &&
        current->event != DHCP_lease_accepted)
        assert_int_equal(talk->heard_count, 0);
}

static void check_program(const struct talk *talk)
{
    static const struct {
        const char *action;
        enum leat_dhcp_news news;
    } told[] = {
        {"tell_bound", LEAT_DHCP_BOUND},       {"tell_renewed", LEAT_DHCP_RENEWED},
        {"tell_informed", LEAT_DHCP_INFORMED}, {"tell_silence", LEAT_DHCP_SILENCE},
        {"tell_refused", LEAT_DHCP_REFUSED},   {"tell_declined", LEAT_DHCP_DECLINED},
        {"tell_expired", LEAT_DHCP_EXPIRED},   {"tell_IPv6_only", LEAT_DHCP_IPV6_ONLY},
    };
    const leat_ip4 ours =
        leat_ip_v4_number(leat_address(talk->world->stack, &talk->world->dev.netif));

    for (unsigned i = 0; i < sizeof told / sizeof *told; i++)
        assert_int_equal(talk_was_told(talk, told[i].news), line_does(current, told[i].action));
    if (line_does(current, "withdraw"))
        assert_int_equal(ours, IP4_ANY);
    if (current->next == DHCP_BOUND || current->next == DHCP_RENEWING ||
        current->next == DHCP_REBINDING) {
        assert_int_equal(ours, IP_GRANTED);
        assert_non_null(leat_dhcp_lease(talk->dhcp));
    } else if (current->next != DHCP_INFORMED) {
        assert_null(leat_dhcp_lease(talk->dhcp));
    }
}

static void test_line(void **state)
{
    struct talk *talk = *state;
    uint64_t late;

    go_to_state(talk);
    talk_mark(talk);
    late = leat_dhcp_counts(talk->dhcp)->drop_late;
    if (talk->dhcp->state != current->state && current->state != DHCP_CHECKING)
        fail_msg("the way led to %s", leat_dhcp_state_name(talk->dhcp));
    do_event(talk);
    if (talk->taken[current->state][current->event] != current->next)
        fail_msg("%s was not taken: now %s", current->name, leat_dhcp_state_name(talk->dhcp));
    check_wire(talk);
    check_program(talk);
    assert_int_equal(leat_dhcp_counts(talk->dhcp)->drop_late - late, line_does(current, "drop"));
}

static int setup_line(void **state)
{
    struct talk *talk;

    current = *state;
    talk_setup_later(state);
    talk = *state;
    talk->config.rapid_commit = talk->config.ipv6_only = true;
    talk->config.lease_s_min = 1;
    if (current->state == DHCP_CHECKING || current->next == DHCP_CHECKING)
        talk->config.check = LEAT_DHCP_CHECK_FIRST;
    if (current->state == DHCP_INIT || current->state == DHCP_INIT_REBOOT)
        talk->config.start_delay_ns = 10 * second;
    talk_begin(talk);
    return 0;
}

int main(void)
{
    static struct CMUnitTest tests[LINES];

    for (unsigned i = 0; i < LINES; i++)
        tests[i] =
            (struct CMUnitTest){lines[i].name, test_line, setup_line, talk_teardown, &lines[i]};
    return _cmocka_run_group_tests("every line of dhcp.rl", tests, LINES, NULL, NULL);
}
