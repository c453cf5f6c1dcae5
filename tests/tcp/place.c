/* place.c -- a connection in each state. */
#include "place.h"

#include "tcp/tcp.h"

static void open_actively(struct place *place)
{
    struct talk *talk = place->talk;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    place->us = 1;
    if (place->state == TCP_SYN_SENT)
        return;
    place->peer = 1;
    if (place->state == TCP_SYN_RECEIVED) {
        rx(talk, SYN, 0, 0, 0);
        tx(talk, SYN | ACK, 0, 1, 0);
        return;
    }
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
}

static void we_close(struct place *place)
{
    assert_int_equal(leat_tcp_shutdown(place->talk->conn), LEAT_OK);
    world_poll(place->talk->world);
    tx(place->talk, FIN | ACK, place->us, place->peer, 0);
    place->us++;
}

static void peer_closes(struct place *place, uint32_t ack)
{
    rx(place->talk, FIN | ACK, place->peer, ack, 3);
    place->peer += 4;
    tx(place->talk, ACK, place->us, place->peer, 0);
}

static void go_on(struct place *place)
{
    const unsigned state = 1u << place->state;

    if (state & (STATE_BIT(CLOSE_WAIT) | STATE_BIT(LAST_ACK)))
        peer_closes(place, 1);
    if (state & (STATE_BIT(FIN_WAIT_1) | STATE_BIT(FIN_WAIT_2) | STATE_BIT(CLOSING) |
                 STATE_BIT(LAST_ACK) | STATE_BIT(TIME_WAIT)))
        we_close(place);
    if (state & STATE_BIT(FIN_WAIT_2))
        rx(place->talk, ACK, place->peer, place->us, 0);
    if (state & STATE_BIT(CLOSING))
        peer_closes(place, 1);
    if (state & STATE_BIT(TIME_WAIT))
        peer_closes(place, 2);
}

struct place place_reach(struct talk *talk, enum tcp_state state)
{
    struct place place = {.talk = talk, .state = state};

    talk->read_nothing = true;
    if (state == TCP_LISTEN) {
        talk_listen(talk);
    } else if (state != TCP_CLOSED) {
        open_actively(&place);
        go_on(&place);
        assert_int_equal(talk->conn->tcb.state, state);
    }
    world_mark(talk->world);
    return place;
}

uint32_t place_in_flight(const struct place *place)
{
    const unsigned ours = STATE_BIT(SYN_SENT) | STATE_BIT(SYN_RECEIVED) | STATE_BIT(FIN_WAIT_1) |
                          STATE_BIT(CLOSING) | STATE_BIT(LAST_ACK);

    return (ours & 1u << place->state) != 0;
}

void in_states(unsigned states, void (*function)(struct place *place))
{
    for (unsigned state = 0; state < TCP_NSTATES; state++) {
        struct place place;
        void *talk;

        if (!(states & 1u << state))
            continue;
        talk_setup(&talk);
        place = place_reach(talk, (enum tcp_state)state);
        function(&place);
        assert_true(leat_stats_balance(leat_stats(place.talk->world->stack)));
        talk_teardown(&talk);
    }
}
