/* place.c -- a connection in each state. */
#include "place.h"

#include "base.h"
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
    place.free_entries = place_free_entries(&place);
    return place;
}

uint32_t place_in_flight(const struct place *place)
{
    const unsigned ours = STATE_BIT(SYN_SENT) | STATE_BIT(SYN_RECEIVED) | STATE_BIT(FIN_WAIT_1) |
                          STATE_BIT(CLOSING) | STATE_BIT(LAST_ACK);

    return (ours & 1u << place->state) != 0;
}

uint32_t place_free_entries(const struct place *place)
{
    struct tcp *tcp = place->talk->world->stack->tcp;
    const uint32_t lists[] = {tcp->free_conns, tcp->free_halves, tcp->free_time_waits,
                              tcp->free_listeners};
    uint32_t count = 0;

    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (uint32_t near = lists[i]; near != NEAR_NONE; count++)
            near = ((const struct tcb *)near_at(tcp, near))->hash_next;
    }
    return count;
}

struct leat_tcp_info place_info(const struct place *place)
{
    const struct leat_tcp_info none = {0};

    return place->talk->conn ? talk_info(place->talk) : none;
}

void place_assert_unchanged(const struct place *place, const struct leat_tcp_info *before)
{
    struct leat_tcp_info now;

    assert_int_equal(place_free_entries(place), place->free_entries);
    if (!place->talk->conn)
        return;
    now = talk_info(place->talk);
    assert_int_equal(now.state, before->state);
    assert_int_equal(now.snd_una, before->snd_una);
    assert_int_equal(now.rcv_nxt, before->rcv_nxt);
    assert_int_equal(now.cwnd_bytes, before->cwnd_bytes);
    assert_int_equal(now.readable_bytes, before->readable_bytes);
    assert_int_equal(now.snd_wnd_bytes, before->snd_wnd_bytes);
    assert_int_equal(now.mss_bytes, before->mss_bytes);
    assert_int_equal(place->talk->closed, 0);
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
