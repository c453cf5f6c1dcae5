/*
 * test_transitions.c -- takes every transition of tcp.rl, and checks the wire.
 *
 * The list is generated from tcp.rl, so a line that is added there fails here until this file can
 * take it. For each line: bring a connection into the state by legal events, and cause the event.
 * Check that the table took this transition, that the wire shows the segments of its actions, and
 * that the program got the right callbacks.
 */
#include "ways.h"
#include "needs.h"

static struct line lines[] = {
#define TCP_TRANSITION(from, event, to, actions)                                                   \
    {#from " + " #event, TCP_##from, TCP_##event, TCP_##to, actions},
#include "tcp_cover.inc"
#undef TCP_TRANSITION
};

enum {
    LINES = sizeof lines / sizeof *lines
};

/* ---- events: calls ------------------------------------------------------------------------ */

static const struct line *current; /* used by in_closed() */

static void call(struct talk *talk, enum tcp_event event)
{
    struct leat_buf *data;

    switch ((unsigned)event) {
    case TCP_SEND:
        data = leat_buf_copy(leat_pool(talk->world->stack), "abc", 3);
        talk->err = leat_tcp_send(talk->conn, data);
        break;
    case TCP_RECEIVE:
        data = leat_tcp_receive(talk->conn, 1000);
        assert_int_equal(leat_buf_total(data), talk->read_nothing ? 3 : 0);
        leat_buf_free(data);
        break;
    case TCP_CLOSE:
        talk->err = leat_tcp_shutdown(talk->conn);
        break;
    case TCP_ABORT:
        leat_tcp_abort(talk->conn);
        break;
    default:
        fail_msg("not a call");
    }
}

/* In on_closed() the handle is still valid, and in CLOSED. */
static void call_in_closed(struct talk *talk)
{
    call(talk, (enum tcp_event)current->event);
}

/* A call without a connection: opens one, and calls in its last callback. */
static void call_closed(struct place *place)
{
    struct talk *talk = place->talk;

    talk->in_closed = call_in_closed;
    to_syn_sent(place);
    rx(talk, RST | ACK, 0, 1, 0);
    assert_int_equal(talk->closed, 1);
}

static void do_call(struct place *place)
{
    struct talk *talk = place->talk;

    switch (place->line->event) {
    case TCP_active_OPEN:
        talk_connect(talk);
        return;
    case TCP_passive_OPEN:
        talk_listen(talk);
        return;
    case TCP_CLOSE:
        if (place->line->state == TCP_LISTEN) {
            leat_tcp_listener_close(talk->listener);
            return;
        }
        break;
    case TCP_ABORT:
        if (place->half) {
            leat_tcp_listener_close(talk->listener);
            world_poll(talk->world);
            return;
        }
        break;
    default:
        break;
    }
    if (place->line->state == TCP_CLOSED)
        call_closed(place);
    else
        call(talk, (enum tcp_event)place->line->event);
    world_poll(talk->world);
}

/* ---- events: segments --------------------------------------------------------------------- */

/* Before the handshake other segments cause the events. */
static bool is_synchronized(const struct place *place)
{
    const unsigned state = place->line->state;

    return state != TCP_CLOSED && state != TCP_LISTEN && state != TCP_SYN_SENT;
}

static void do_rst(struct place *place)
{
    struct talk *talk = place->talk;

    switch (place->line->event) {
    case TCP_rcv_RST:
        rx(talk, RST | ACK, place->peer, place->us, 0);
        return;
    case TCP_rcv_RST_in_window:
        rx(talk, RST, place->peer + 100, 0, 0);
        return;
    default: /* rcv_bad_RST */
        rx(talk, RST, place->peer + 1000000, 0, 0);
        return;
    }
}

static void do_syn(struct place *place)
{
    struct talk *talk = place->talk;

    switch (place->line->event) {
    case TCP_rcv_SYN:
        rx(talk, SYN, 0, 0, 0);
        return;
    case TCP_rcv_dup_SYN:
        rx(talk, SYN, 0, 0, 0);
        return;
    case TCP_rcv_other_SYN:
        rx(talk, SYN | ECE | CWR, 0, 0, 0);
        return;
    case TCP_rcv_SYN_ACK:
        rx(talk, SYN | ACK, 0, 1, 0);
        return;
    case TCP_rcv_SYN_in_window:
        rx(talk, SYN | ACK, place->peer + 100, place->us, 0);
        return;
    default: /* rcv_newer_SYN: the event comes at the end of its handshake */
        talk->hold_on_accept = true;
        rx(talk, SYN, place->peer + 100000, 0, 0);
        tx(talk, SYN | ACK, 0, place->peer + 100001, 0);
        world_mark(talk->world);
        rx(talk, ACK, place->peer + 100001, 1, 0);
        return;
    }
}

static void do_ack(struct place *place)
{
    struct talk *talk = place->talk;

    switch (place->line->event) {
    case TCP_rcv_no_ACK:
        rx(talk, PSH, place->peer, 0, 0);
        return;
    case TCP_rcv_bad_ACK:
        rx(talk, ACK, place->peer, place->us + 1000, 0);
        return;
    case TCP_rcv_ACK:
        rx(talk, ACK, place->peer, place->us == 2 ? 1 : place->us, 0);
        return;
    case TCP_rcv_ACK_of_SYN:
        rx(talk, ACK, place->peer, 1, 0);
        return;
    default: /* rcv_ACK_of_FIN */
        rx(talk, ACK, place->peer, place->us, 0);
        return;
    }
}

static void do_data(struct place *place)
{
    struct talk *talk = place->talk;
    const unsigned state = place->line->state;
    /* an ACK that doesn't cover our FIN, if that is in flight */
    const bool fin = state == TCP_FIN_WAIT_1 || state == TCP_CLOSING || state == TCP_LAST_ACK;
    const uint32_t ack = place->us - fin;

    switch (place->line->event) {
    case TCP_rcv_unacceptable:
        rx(talk, ACK, place->peer - 2000, place->us, 5);
        return;
    case TCP_rcv_dup_FIN:
        rx(talk, FIN | ACK, place->peer - 1, place->us, 0);
        return;
    case TCP_rcv_FIN:
        rx(talk, FIN | ACK, place->peer, ack, 0);
        return;
    default: /* rcv_data, rcv_data_no_reader */
        if (state == TCP_SYN_RECEIVED)
            rx(talk, SYN, 0, 0, 5);
        else
            rx(talk, ACK, place->peer, ack, 5);
        return;
    }
}

static void do_segment(struct place *place)
{
    const enum tcp_event event = (enum tcp_event)place->line->event;

    if (!is_synchronized(place) && event == TCP_rcv_bad_ACK)
        rx(place->talk, ACK, 0, 5000, 0);
    else if (event >= TCP_rcv_RST && event <= TCP_rcv_bad_RST)
        do_rst(place);
    else if (event == TCP_rcv_dup_SYN || event == TCP_rcv_other_SYN ||
             (event >= TCP_rcv_SYN && event <= TCP_rcv_newer_SYN))
        do_syn(place);
    else if (event >= TCP_rcv_no_ACK && event <= TCP_rcv_ACK_of_FIN)
        do_ack(place);
    else
        do_data(place);
}

/* ---- events: timeouts and ICMP ------------------------------------------------------------ */

static void send_something(struct place *place)
{
    if (place->line->state == TCP_ESTABLISHED || place->line->state == TCP_CLOSE_WAIT)
        talk_send(place->talk, 10);
}

static void do_persist(struct place *place)
{
    struct talk *talk = place->talk;

    if (place->line->state == TCP_ESTABLISHED) {
        talk->window_peer = 0;
        rx(talk, ACK, place->peer, place->us, 0);
    }
    send_something(place);
    quiet(talk);
    talk_wait(talk, 3 * second);
}

static void do_timeout(struct place *place)
{
    struct talk *talk = place->talk;

    world_mark(talk->world);
    switch (place->line->event) {
    case TCP_timeout_rexmt:
        send_something(place);
        world_mark(talk->world);
        talk_wait(talk, 2 * second);
        return;
    case TCP_timeout_R2:
        send_something(place);
        talk_wait(talk, 400 * second);
        return;
    case TCP_timeout_user:
        leat_tcp_set_user_timeout(talk->conn, 5 * second);
        send_something(place);
        talk_wait(talk, 10 * second);
        return;
    case TCP_timeout_persist:
        do_persist(place);
        return;
    case TCP_timeout_idle:
        leat_tcp_set_keepalive(talk->conn, true);
        talk_wait(talk, 7201 * second);
        return;
    case TCP_timeout_keepalive:
        leat_tcp_set_keepalive(talk->conn, true);
        talk_wait(talk, (7200 + 10 * 75) * second);
        return;
    case TCP_timeout_FIN_WAIT_2:
    case TCP_timeout_2MSL:
        talk_wait(talk, 61 * second);
        return;
    default:
        fail_msg("no such timeout");
    }
}

static void do_icmp(struct place *place)
{
    send_something(place);
    if (fake_netif_sent_count(&place->talk->world->dev) > 0)
        tx(place->talk, ACK, place->us, place->peer, 10);
    rx_icmp(place->talk, 3, 3, 0);
}

static void do_event(struct place *place)
{
    const enum tcp_event event = (enum tcp_event)place->line->event;

    if (event <= TCP_ABORT)
        do_call(place);
    else if (event <= TCP_rcv_FIN || event == TCP_rcv_other_SYN)
        do_segment(place);
    else if (event == TCP_rcv_SYN_data)
        rx(place->talk, SYN, 0, 0, 10);
    else if (event == TCP_ICMP_hard_error)
        do_icmp(place);
    else
        do_timeout(place);
}

/* ---- checks ------------------------------------------------------------------------------- */

/* The kinds of segments that were sent. */
struct sent {
    bool rst, syn, syn_ack, fin, ack, any;
};

static struct sent look_at_wire(struct talk *talk)
{
    struct sent sent = {0};
    const struct fake_frame *frame;

    while ((frame = fake_netif_sent(&talk->world->dev))) {
        const uint8_t flags = frame->bytes[FRAME_L4 + 13];

        if (frame_get16(frame->bytes + 12) != 0x0800)
            continue; /* ARP refreshes its neighbours */
        sent.any = true;
        sent.rst |= (flags & RST) != 0;
        sent.syn |= (flags & (SYN | ACK)) == SYN;
        sent.syn_ack |= (flags & (SYN | ACK)) == (SYN | ACK);
        sent.fin |= (flags & FIN) != 0;
        sent.ack |= (flags & (SYN | RST | ACK)) == ACK;
    }
    return sent;
}

static void check_wire(const struct line *line, const struct sent *sent)
{
    if (line_does(line, "reply_RST") || line_does(line, "snd_RST"))
        assert_true(sent->rst);
    else
        assert_false(sent->rst);
    if (line_does(line, "snd_SYN"))
        assert_true(sent->syn);
    if (line_does(line, "snd_SYN_ACK"))
        assert_true(sent->syn_ack);
    if (line_does(line, "snd_ACK") || line_does(line, "challenge_ACK") ||
        line_does(line, "snd_probe"))
        assert_true(sent->ack);
    if (line_does(line, "snd_FIN") && line->state != TCP_SYN_RECEIVED)
        assert_true(sent->fin);
    if (line_does(line, "retransmit"))
        assert_true(sent->any);
    if (strcmp(line->actions, "drop") == 0)
        assert_false(sent->any);
}

static void check_program(const struct place *place)
{
    const struct line *line = place->line;
    const struct talk *talk = place->talk;
    static const struct {
        const char *action;
        enum leat_err why;
    } ends[] = {
        {"tell_closed", LEAT_OK},           {"tell_aborted", LEAT_ERR_ABORTED},
        {"tell_refused", LEAT_ERR_REFUSED}, {"tell_reset", LEAT_ERR_RESET},
        {"tell_timeout", LEAT_ERR_TIMEOUT}, {"tell_unreachable", LEAT_ERR_REFUSED},
    };

    if (line_does(line, "tell_open"))
        assert_true(talk->opened || talk->conn);
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (!line_does(line, ends[i].action) || place->half || talk->read_nothing)
            continue;
        assert_int_equal(talk->closed, 1);
        assert_int_equal(talk->why, ends[i].why);
    }
    if (line_does(line, "err_no_connection"))
        assert_int_equal(talk->err, line->event == TCP_ABORT ? LEAT_OK : LEAT_ERR_CLOSED);
    if (line_does(line, "err_exists"))
        assert_int_equal(talk->err, LEAT_ERR_IN_USE);
    if (line_does(line, "err_closing"))
        assert_int_equal(talk->err, LEAT_ERR_CLOSING);
}

static void test_line(void **state)
{
    struct talk *talk = *state;
    const struct line *line = current;
    struct place place = {.talk = talk, .line = line};
    struct sent sent;

    if (line_is(line, "rcv_other_SYN"))
        NEEDS(ACCECN);
    if (line_is(line, "rcv_SYN_data") && line->state == TCP_SYN_RECEIVED)
        NEEDS(FAST_OPEN);
    go_to_state(&place);
    if (line->event != TCP_timeout_rexmt)
        world_mark(talk->world);
    talk_taken[line->state][line->event] = 0;
    do_event(&place);
    if (talk_taken[line->state][line->event] == 0)
        fail_msg("%s was not taken; the last event was %u in %u", line->name, talk_last_event,
                 talk_last_state);
    assert_int_equal(talk_taken[line->state][line->event], line->next + 1);
    sent = look_at_wire(talk);
    check_wire(line, &sent);
    check_program(&place);
    assert_true(leat_stats_balance(leat_stats(talk->world->stack)));
    /* whatever it was, the connection ends and frees everything: talk_teardown checks that */
}

static int setup_line(void **state)
{
    current = *state;
    talk_setup_later(state);
    ((struct talk *)*state)->world->tcp_config.fast_open = line_is(current, "rcv_SYN_data");
    if (line_is(current, "rcv_other_SYN"))
        ((struct talk *)*state)->world->tcp_config.ecn = LEAT_TCP_ECN_ASK_ACCURATE;
    talk_begin(*state);
    return 0;
}

static int teardown_line(void **state)
{
    struct talk *talk = *state;

    talk->in_closed = 0;
    return talk_teardown(state);
}

int main(void)
{
    static struct CMUnitTest tests[LINES];

    for (unsigned i = 0; i < LINES; i++)
        tests[i] =
            (struct CMUnitTest){lines[i].name, test_line, setup_line, teardown_line, &lines[i]};
    return _cmocka_run_group_tests("every line of tcp.rl", tests, LINES, 0, 0);
}
