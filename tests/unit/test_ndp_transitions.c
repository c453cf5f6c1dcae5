/*
 * test_ndp_transitions.c -- takes every transition of ndp.rl in a real stack, and checks the
 * frames.
 *
 * The list is generated from ndp.rl, so a new transition that no code here can take fails the test.
 */
#include "frames6.h"
#include "ip/v6/ndp_fsm.h"
#include "spec_line.h"

static struct line lines[] = {
#define NDP_TRANSITION(from, event, to, actions)                                                   \
    {#from " + " #event, NDP_##from, NDP_##event, NDP_##to, actions},
#include "ndp_cover.inc"
#undef NDP_TRANSITION
};

enum {
    LINES = sizeof lines / sizeof *lines,
    SOLICITATION = 135,
    ADVERTISEMENT = 136,
    ECHO_REPLY = 129,
    SOLICITED = 0x40,
    OVERRIDE = 0x20,
    NEIGHBOURS = 16
};

static const struct line *current;
static uint8_t taken[NDP_NSTATES][NDP_NEVENTS]; /* the next state; 0: not taken */

static void on_transition(void *arg, uint8_t from, uint8_t event, uint8_t to)
{
    (void)arg;
    taken[from][event] = to;
}

static void advertise(struct world *world, uint8_t flags, const struct leat_mac *mac)
{
    const struct frame answer =
        frame_ndp(ADVERTISEMENT, flags, IP6_OTHER, IP6_US, IP6_OTHER, mac, 0);

    world_feed(world, &answer);
}

static void claim(struct world *world, struct leat_ip ip, const struct leat_mac *mac)
{
    const struct frame question = frame_ndp(SOLICITATION, 0, ip, ip6_asked(IP6_US), IP6_US, mac, 0);

    world_feed(world, &question);
    assert_ended(world, taken_ndp);
}

/* Makes the stack send to @ip. */
static void ping_from(struct world *world, struct leat_ip ip)
{
    const struct frame echo = frame_echo6(ip, IP6_US, 8);

    world_feed(world, &echo);
    assert_ended(world, taken_icmp6);
}

/* Brings the neighbour IP6_OTHER into the state. */
static void go_to_state(struct world *world)
{
    switch ((enum ndp_state)current->state) {
    case NDP_NONE:
        break;
    case NDP_INCOMPLETE:
        ping_from(world, IP6_OTHER);
        break;
    case NDP_REACHABLE:
        ping_from(world, IP6_OTHER);
        advertise(world, SOLICITED, &MAC_OTHER);
        break;
    case NDP_STALE:
        claim(world, IP6_OTHER, &MAC_OTHER);
        break;
    case NDP_DELAY:
        claim(world, IP6_OTHER, &MAC_OTHER);
        ping_from(world, IP6_OTHER);
        break;
    case NDP_PROBE:
        claim(world, IP6_OTHER, &MAC_OTHER);
        ping_from(world, IP6_OTHER);
        world_wait(world, 5 * second + 10 * ms);
        break;
    }
    fake_netif_forget(&world->dev);
}

/* Makes others compete for the entry: a full table, or many neighbours being resolved. */
static void crowd(struct world *world)
{
    struct leat_ip ip = IP6_OTHER;

    if (current->state == NDP_REACHABLE)
        world_wait(world, 46 * second); /* before that it isn't evicted */
    ip.bytes[8] = 1;
    for (uint8_t i = 1; current->state != NDP_INCOMPLETE && i <= NEIGHBOURS; i++) {
        ip.bytes[9] = i;
        claim(world, ip, &MAC_PEER);
    }
    ip.bytes[8] = 2;
    for (uint8_t i = 1; i <= NEIGHBOURS / 4; i++) {
        ip.bytes[9] = i;
        ping_from(world, ip);
    }
}

static void do_event(struct world *world)
{
    const struct leat_mac *elsewhere = &MAC_PEER;

    switch ((enum ndp_event)current->event) {
    case NDP_reachable_over:
        world_wait(world, 46 * second); /* RFC 4861 6.3.2: 45 s at most */
        ping_from(world, IP6_OTHER);
        break;
    case NDP_packet_to_send:
        ping_from(world, IP6_OTHER);
        break;
    case NDP_evict:
        crowd(world);
        break;
    case NDP_timeout_rexmt:
        world_wait(world, second + 10 * ms);
        break;
    case NDP_timeout_give_up:
        world_wait(world, 3 * second + 100 * ms);
        break;
    case NDP_timeout_delay:
        world_wait(world, 5 * second + 10 * ms);
        break;
    case NDP_rcv_solicited:
        advertise(world, SOLICITED, &MAC_OTHER);
        break;
    case NDP_rcv_solicited_new:
        advertise(world, SOLICITED | OVERRIDE, elsewhere);
        break;
    case NDP_rcv_unsolicited:
        advertise(world, OVERRIDE, &MAC_OTHER);
        break;
    case NDP_rcv_unsolicited_new:
        advertise(world, OVERRIDE, elsewhere);
        break;
    case NDP_rcv_disputed:
        advertise(world, SOLICITED, elsewhere);
        break;
    case NDP_rcv_empty:
        advertise(world, SOLICITED, 0);
        break;
    case NDP_rcv_claim:
        claim(world, IP6_OTHER, &MAC_OTHER);
        break;
    case NDP_rcv_claim_new:
        claim(world, IP6_OTHER, elsewhere);
        break;
    }
}

static void check_wire(struct world *world)
{
    const bool sends = line_does(current, "transmit") || line_does(current, "send_parked");
    const bool moved = line_does(current, "take_address");
    const struct fake_frame *sent;
    unsigned questions = 0, replies = 0;

    while ((sent = fake_netif_sent(&world->dev))) {
        const uint8_t type = frame_icmp6_type(sent);
        const bool to_group = sent->bytes[0] == 0x33;

        questions += type == SOLICITATION;
        replies += type == ECHO_REPLY;
        if (type == SOLICITATION)
            assert_int_equal(to_group, current->state <= NDP_INCOMPLETE);
        if (type == ECHO_REPLY)
            assert_memory_equal(sent->bytes, (moved ? MAC_PEER : MAC_OTHER).octet, 6);
    }
    assert_int_equal(questions, line_does(current, "ask"));
    assert_int_equal(replies, sends);
}

static void take_line(void **state)
{
    struct world *world = world6_create();

    *state = world;
    world->ipv6_config.neighbours = NEIGHBOURS;
    world->ipv6_config.on_transition = on_transition;
    world_init(world);
    world6_settle(world);
    go_to_state(world);
    memset(taken, 0, sizeof taken);
    do_event(world);
    assert_int_equal(taken[current->state][current->event], current->next);
    if (current->event == NDP_evict || current->event == NDP_reachable_over ||
        current->event == NDP_timeout_give_up)
        return; /* other frames are sent, too */
    check_wire(world);
}

static int choose(void **state)
{
    current = *state;
    return 0;
}

int main(void)
{
    struct CMUnitTest tests[LINES];

    for (unsigned i = 0; i < LINES; i++)
        tests[i] = (struct CMUnitTest){.name = lines[i].name,
                                       .test_func = take_line,
                                       .setup_func = choose,
                                       .teardown_func = world_teardown,
                                       .initial_state = &lines[i]};
    return cmocka_run_group_tests(tests, 0, 0);
}
