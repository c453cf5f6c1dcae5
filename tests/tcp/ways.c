#include "ways.h"

bool line_is(const struct line *line, const char *events)
{
    return is_among(events, strchr(line->name, '+') + 2);
}

/* Events of the program, or events that need a connection that the program opened. */
static bool wants_own_conn(const struct line *line)
{
    return line_is(line, "active_OPEN SEND RECEIVE CLOSE timeout_user ICMP_hard_error");
}

/* Our SYN, or the peer's SYN and our answer. Where Accurate ECN matters they agree on it, by the
 * reserved value 0 0 1, which asks for it as well (RFC 9768 3.1.3). */
static bool is_accurate(const struct place *place)
{
    return line_is(place->line, "rcv_other_SYN");
}

void to_syn_sent(struct place *place)
{
    talk_connect(place->talk);
    tx(place->talk, is_accurate(place) ? SYN | ECE | CWR : SYN, 0, 0, 0);
    place->us = 1;
}

static void take_syn(struct place *place)
{
    rx(place->talk, is_accurate(place) ? SYN | ECE : SYN, 0, 0, 0);
    tx(place->talk, is_accurate(place) ? SYN | ACK | CWR : SYN | ACK, 0, 1, 0);
    place->peer = 1;
}

static void to_syn_received(struct place *place)
{
    if (wants_own_conn(place->line)) { /* simultaneous open: RFC 9293 3.5, figure 8 */
        to_syn_sent(place);
    } else {
        talk_listen(place->talk);
        place->half = true;
    }
    take_syn(place);
    place->us = 1;
}

/* RFC 7413: the SYN that leads to the state also causes the event. */
static void to_fast_open(struct place *place)
{
    uint8_t cookie[8];

    talk_listen(place->talk);
    talk_get_cookie(place->talk, cookie);
}

static void to_established(struct place *place)
{
    talk_establish(place->talk);
    place->peer = place->us = 1;
}

/* With our FIN in flight, or behind our unacknowledged SYN. */
static void to_fin_wait_1(struct place *place)
{
    struct talk *talk = place->talk;

    if (line_is(place->line, "rcv_ACK_of_SYN rcv_dup_SYN rcv_other_SYN")) {
        to_syn_sent(place);
        take_syn(place);
        assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_OK);
        world_poll(talk->world);
        return;
    }
    to_established(place);
    if (line_is(place->line, "timeout_persist")) {
        talk->window_peer = 0;
        rx(talk, ACK, 1, 1, 0);
        talk_send(talk, 10);
    }
    if (line_is(place->line, "rcv_data_no_reader"))
        assert_int_equal(leat_tcp_close(talk->conn), LEAT_OK);
    else
        assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_OK);
    world_poll(talk->world);
    if (talk->window_peer == 0)
        return;
    tx(talk, FIN | ACK, 1, 1, 0);
    place->us = 2;
}

static void to_fin_wait_2(struct place *place)
{
    struct talk *talk = place->talk;

    if (line_is(place->line, "timeout_FIN_WAIT_2")) {
        to_established(place);
        assert_int_equal(leat_tcp_close(talk->conn), LEAT_OK);
        world_poll(talk->world);
        tx(talk, FIN | ACK, 1, 1, 0);
        place->us = 2;
    } else {
        to_fin_wait_1(place);
    }
    rx(talk, ACK, 1, 2, 0);
    quiet(talk);
}

/* The peer's FIN, with data in front that the program leaves unread, so that its handle lives
 * on. */
static void peer_closes(struct place *place)
{
    place->talk->read_nothing = true;
    rx(place->talk, FIN | ACK, place->peer, place->us, 3);
    place->peer += 4;
    tx(place->talk, ACK, place->us, place->peer, 0);
}

static void to_close_wait(struct place *place)
{
    to_established(place);
    if (line_is(place->line, "timeout_persist"))
        place->talk->window_peer = 0;
    peer_closes(place);
}

static void to_closing(struct place *place)
{
    struct fake_frame fin;

    to_fin_wait_1(place);
    fin = place->talk->last;
    place->talk->read_nothing = true;
    rx(place->talk, FIN | ACK, 1, 1, 3);
    place->peer = 5;
    tx(place->talk, ACK, place->us, 5, 0);
    place->talk->last = fin; /* the segment that an ICMP error quotes */
}

static void to_last_ack(struct place *place)
{
    struct talk *talk = place->talk;

    to_close_wait(place);
    if (talk->window_peer == 0)
        talk_send(talk, 10);
    assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_OK);
    world_poll(talk->world);
    if (talk->window_peer == 0)
        return;
    tx(talk, FIN | ACK, place->us, place->peer, 0);
    place->us++;
}

static void to_time_wait(struct place *place)
{
    to_fin_wait_2(place);
    peer_closes(place);
}

void go_to_state(struct place *place)
{
    switch ((enum tcp_state)place->line->state) {
    case TCP_CLOSED:
        break;
    case TCP_LISTEN:
        talk_listen(place->talk);
        break;
    case TCP_SYN_SENT:
        to_syn_sent(place);
        break;
    case TCP_SYN_RECEIVED:
        if (line_is(place->line, "rcv_SYN_data"))
            to_fast_open(place);
        else if (line_is(place->line, "rcv_data")) /* of the SYN that crosses ours */
            to_syn_sent(place);
        else
            to_syn_received(place);
        break;
    case TCP_ESTABLISHED:
        to_established(place);
        break;
    case TCP_FIN_WAIT_1:
        to_fin_wait_1(place);
        break;
    case TCP_FIN_WAIT_2:
        to_fin_wait_2(place);
        break;
    case TCP_CLOSE_WAIT:
        to_close_wait(place);
        break;
    case TCP_CLOSING:
        to_closing(place);
        break;
    case TCP_LAST_ACK:
        to_last_ack(place);
        break;
    case TCP_TIME_WAIT:
        to_time_wait(place);
        break;
    }
}
