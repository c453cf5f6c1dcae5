/*
 * test_states_by_hand.c -- the answer of each state to each event, by RFC 9293 3.10 alone.
 *
 * test_transitions.c takes its expectations from tcp.rl, so it can't detect a wrong line there.
 * This table was written from the RFC, state by state. Where leat deviates on purpose, the row says
 * so. A cell is
 *
 *      answer [> next state] [! result for the program]
 *
 *      -          nothing is sent
 *      ACK        <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>
 *      RST        the answer to a segment: <SEQ=SEG.ACK><CTL=RST>, or, if that has no ACK,
 *                 <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
 *      ABORT      <SEQ=SND.NXT><CTL=RST>
 *      SYN, SYN,ACK, FIN, DATA
 *
 * Without "> state" the state stays. An empty cell isn't tested: there is no such call.
 */
#include "place.h"

#include "base.h"
#include "tcp/conn/table.h"
#include "tcp/tcp.h"

#include <stdio.h>
#include <string.h>

/* The states of RFC 9293 3.3.2.  A connection in SYN-RECEIVED was in SYN-SENT, or in LISTEN. */
enum column {
    CLOSED,
    LISTEN,
    SYN_SENT,
    SYN_RCVD,
    SYN_RCVD_PASSIVE,
    ESTAB,
    FIN_WAIT_1,
    FIN_WAIT_2,
    CLOSE_WAIT,
    CLOSING,
    LAST_ACK,
    TIME_WAIT,
    COLUMNS
};

static const struct {
    enum tcp_state state;
    const char *name;
} columns[COLUMNS] = {
    [CLOSED] = {TCP_CLOSED, "CLOSED"},
    [LISTEN] = {TCP_LISTEN, "LISTEN"},
    [SYN_SENT] = {TCP_SYN_SENT, "SYN-SENT"},
    [SYN_RCVD] = {TCP_SYN_RECEIVED, "SYN-RECEIVED"},
    [SYN_RCVD_PASSIVE] = {TCP_SYN_RECEIVED, "SYN-RECEIVED"},
    [ESTAB] = {TCP_ESTABLISHED, "ESTABLISHED"},
    [FIN_WAIT_1] = {TCP_FIN_WAIT_1, "FIN-WAIT-1"},
    [FIN_WAIT_2] = {TCP_FIN_WAIT_2, "FIN-WAIT-2"},
    [CLOSE_WAIT] = {TCP_CLOSE_WAIT, "CLOSE-WAIT"},
    [CLOSING] = {TCP_CLOSING, "CLOSING"},
    [LAST_ACK] = {TCP_LAST_ACK, "LAST-ACK"},
    [TIME_WAIT] = {TCP_TIME_WAIT, "TIME-WAIT"},
};

/* ---- events ------------------------------------------------------------------------------- */

enum event {
    OPEN,
    SEND,
    CLOSE,
    ABORT,
    SEGMENT,
    TIMEOUT,
    TIMEOUT_2MSL
};

/* SEG.SEQ. */
enum where {
    AT_RCV_NXT,
    IN_WINDOW, /* but not at its edge */
    BEYOND,    /* the window */
    OLD,       /* data that was received before, all of it left of RCV.NXT */
    LAST_FIN   /* the peer's FIN again */
};

/* SEG.ACK. */
enum acked {
    NO_ACK,
    ALL,     /* SEG.ACK = SND.NXT */
    NOT_FIN, /* all but our FIN, if that is in flight */
    UNSENT   /* data that we never sent */
};

struct row {
    const char *name; /* with its section of RFC 9293 */
    enum event event;
    uint8_t flags; /* of a segment, without ACK */
    enum where where;
    enum acked acked;
    uint32_t data_bytes;
    const char *cells[COLUMNS];
};

#define CELLS(closed, listen, syn_sent, syn_rcvd, syn_rcvd_passive, estab, fin_wait_1, fin_wait_2, \
              close_wait, closing, last_ack, time_wait)                                            \
    {                                                                                              \
        closed, listen, syn_sent, syn_rcvd, syn_rcvd_passive, estab, fin_wait_1, fin_wait_2,       \
            close_wait, closing, last_ack, time_wait                                               \
    }

/* clang-format off */
static const struct row rows[] = {
/* CLOSED, LISTEN, SYN-SENT, SYN-RECEIVED (active), SYN-RECEIVED (passive), ESTABLISHED,
 * FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT */

/* A listener stays in LISTEN, and the connection is another TCB. */
{"3.10.1 active OPEN", .event = OPEN, .cells = CELLS(
    "SYN > SYN-SENT", "SYN > SYN-SENT", "- ! exists", "- ! exists", "", "- ! exists",
    "- ! exists", "- ! exists", "- ! exists", "- ! exists", "- ! exists", "- ! exists")},
{"3.10.2 SEND", .event = SEND, .cells = CELLS(
    "", "", "-", "-", "", "TEXT",
    "- ! closing", "- ! closing", "TEXT", "- ! closing", "- ! closing", "- ! closing")},
/* In SYN-RECEIVED the FIN waits for the handshake, as if there were data to be sent before it. */
{"3.10.4 CLOSE", .event = CLOSE, .cells = CELLS(
    "", "", "- > CLOSED ! aborted", "- > FIN-WAIT-1", "", "FIN > FIN-WAIT-1",
    "- ! closing", "- ! closing", "FIN > LAST-ACK", "- ! closing", "- ! closing", "- ! closing")},
/* In TIME-WAIT it ends the handle. The entry that answers the peer's last FIN doesn't belong to the
 * program, and stays: 3.10.5 would delete it, and an old duplicate could meet a new connection. */
{"3.10.5 ABORT", .event = ABORT, .cells = CELLS(
    "", "", "- > CLOSED ! aborted", "ABORT > CLOSED ! aborted", "", "ABORT > CLOSED ! aborted",
    "ABORT > CLOSED ! aborted", "ABORT > CLOSED ! aborted", "ABORT > CLOSED ! aborted",
    "- > CLOSED ! aborted", "- > CLOSED ! aborted", "-")},

/* TIME-WAIT stays, against 3.10.7.4 second: RFC 1337 3, fix (F1). */
{"3.10.7 RST, SEG.SEQ = RCV.NXT", SEGMENT, RST, AT_RCV_NXT, ALL, 0, CELLS(
    "-", "-", "- > CLOSED ! refused", "- > CLOSED ! refused", "- > LISTEN", "- > CLOSED ! reset",
    "- > CLOSED ! reset", "- > CLOSED ! reset", "- > CLOSED ! reset",
    "- > CLOSED ! reset", "- > CLOSED ! reset", "-")},
{"3.10.7.4 first, RFC 5961 3.2: RST in the window", SEGMENT, RST, IN_WINDOW, NO_ACK, 0, CELLS(
    "-", "-", "-", "ACK", "ACK", "ACK",
    "ACK", "ACK", "ACK", "ACK", "ACK", "ACK")},
{"3.10.7.4 first: RST outside of the window", SEGMENT, RST, BEYOND, NO_ACK, 0, CELLS(
    "-", "-", "-", "-", "-", "-",
    "-", "-", "-", "-", "-", "-")},
/* TIME-WAIT has no listener here that could reopen it (MAY-2). */
{"3.10.7.1-4 SYN, a new one", SEGMENT, SYN, IN_WINDOW, NO_ACK, 0, CELLS(
    "RST", "SYN,ACK > SYN-RECEIVED", "SYN,ACK > SYN-RECEIVED", "ACK", "ACK", "ACK",
    "ACK", "ACK", "ACK", "ACK", "ACK", "ACK")},
{"3.10.7.3 SYN,ACK of our SYN", SEGMENT, SYN, IN_WINDOW, ALL, 0, CELLS(
    "RST", "RST", "ACK > ESTABLISHED", "ACK", "ACK", "ACK",
    "ACK", "ACK", "ACK", "ACK", "ACK", "ACK")},
{"3.10.7.4 fifth: ACK of unsent data", SEGMENT, 0, AT_RCV_NXT, UNSENT, 0, CELLS(
    "RST", "RST", "RST", "RST", "RST", "ACK",
    "ACK", "ACK", "ACK", "ACK", "ACK", "ACK")},
{"3.10.7.3 SYN,ACK of unsent data", SEGMENT, SYN, IN_WINDOW, UNSENT, 0, CELLS(
    "RST", "RST", "RST", "ACK", "ACK", "ACK",
    "ACK", "ACK", "ACK", "ACK", "ACK", "ACK")},
{"3.10.7.4 fifth: no ACK", SEGMENT, PSH, AT_RCV_NXT, NO_ACK, 0, CELLS(
    "RST", "-", "-", "-", "-", "-",
    "-", "-", "-", "-", "-", "-")},
{"3.10.7.4 first: old data", SEGMENT, 0, OLD, ALL, 5, CELLS(
    "RST", "RST", "-", "ACK", "ACK", "ACK",
    "ACK", "ACK", "ACK", "ACK", "ACK", "ACK")},
{"3.10.7.4 first: data beyond the window", SEGMENT, 0, BEYOND, ALL, 5, CELLS(
    "RST", "RST", "-", "ACK", "ACK", "ACK",
    "ACK", "ACK", "ACK", "ACK", "ACK", "ACK")},
{"3.10.7.4 fifth: ACK of all", SEGMENT, 0, AT_RCV_NXT, ALL, 0, CELLS(
    "RST", "RST", "-", "- > ESTABLISHED", "- > ESTABLISHED", "-",
    "- > FIN-WAIT-2", "-", "-", "- > TIME-WAIT", "- > CLOSED", "-")},
{"3.10.7.4 seventh: data", SEGMENT, 0, AT_RCV_NXT, NOT_FIN, 5, CELLS(
    "RST", "RST", "-", "ACK > ESTABLISHED", "ACK > ESTABLISHED", "ACK",
    "ACK", "ACK", "-", "-", "-", "-")},
{"3.10.7.4 eighth: FIN", SEGMENT, FIN, AT_RCV_NXT, NOT_FIN, 0, CELLS(
    "RST", "RST", "-", "ACK > CLOSE-WAIT", "ACK > CLOSE-WAIT", "ACK > CLOSE-WAIT",
    "ACK > CLOSING", "ACK > TIME-WAIT", "ACK", "ACK", "ACK", "ACK")},
{"3.10.7.4 eighth: FIN with data", SEGMENT, FIN, AT_RCV_NXT, NOT_FIN, 5, CELLS(
    "RST", "RST", "-", "ACK > CLOSE-WAIT", "ACK > CLOSE-WAIT", "ACK > CLOSE-WAIT",
    "ACK > CLOSING", "ACK > TIME-WAIT", "ACK", "ACK", "ACK", "ACK")},
{"3.10.7.4 fifth, eighth: FIN with the ACK of ours", SEGMENT, FIN, AT_RCV_NXT, ALL, 0, CELLS(
    "RST", "RST", "-", "ACK > CLOSE-WAIT", "ACK > CLOSE-WAIT", "ACK > CLOSE-WAIT",
    "ACK > TIME-WAIT", "ACK > TIME-WAIT", "ACK", "- > TIME-WAIT", "- > CLOSED", "ACK")},
{"3.10.7.4 first: FIN that came before", SEGMENT, FIN, LAST_FIN, NOT_FIN, 0, CELLS(
    "", "", "", "", "", "",
    "", "", "ACK", "ACK", "ACK", "ACK")},

{"3.10.8 retransmission timeout", .event = TIMEOUT, .cells = CELLS(
    "", "", "SYN", "SYN,ACK", "SYN,ACK", "-",
    "FIN", "-", "-", "FIN", "FIN", "-")},
{"3.10.8 TIME-WAIT timeout", .event = TIMEOUT_2MSL, .cells = CELLS(
    "", "", "", "", "", "",
    "", "", "", "", "", "- > CLOSED")},
};
/* clang-format on */

enum {
    ROWS = sizeof rows / sizeof *rows,
    WINDOW_MOST = 1 << 24, /* larger than any window of ours */
    IN_WINDOW_BYTES = 100,
    UNSENT_BYTES = 1000
};

struct test {
    const struct row *row;
    enum column column;
    char name[120];
};

/* ---- causing the event -------------------------------------------------------------------- */

static struct place reach(struct talk *talk, enum column column)
{
    struct place place;

    if (column != SYN_RCVD_PASSIVE)
        return place_reach(talk, columns[column].state);
    place = place_reach(talk, TCP_LISTEN);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    place.us = place.peer = 1;
    world_mark(talk->world);
    return place;
}

/* A segment, in relative numbers. */
struct segment {
    uint8_t flags;
    uint32_t seq;
    uint32_t ack;
    uint32_t len; /* SEG.LEN */
};

static struct segment segment_of(const struct row *row, enum column column,
                                 const struct place *place)
{
    const bool fin_in_flight = column == FIN_WAIT_1 || column == CLOSING || column == LAST_ACK;
    struct segment segment = {row->flags, place->peer, 0, 0};

    if (row->where == IN_WINDOW)
        segment.seq += column == SYN_SENT || column == LISTEN ? 0 : IN_WINDOW_BYTES;
    else if (row->where == BEYOND)
        segment.seq += WINDOW_MOST;
    else if (row->where == OLD)
        segment.seq -= row->data_bytes;
    else if (row->where == LAST_FIN)
        segment.seq -= 1;
    if (row->acked != NO_ACK)
        segment.flags |= ACK;
    segment.ack = place->us;
    if (row->acked == UNSENT)
        segment.ack += UNSENT_BYTES;
    else if (row->acked == NOT_FIN)
        segment.ack -= fin_in_flight;
    segment.len = row->data_bytes + ((row->flags & FIN) != 0) + ((row->flags & SYN) != 0);
    return segment;
}

static void call(struct talk *talk, enum event event)
{
    talk->err = LEAT_OK;
    if (event == OPEN)
        talk_connect(talk);
    else if (event == SEND)
        talk->err =
            leat_tcp_send(talk->conn, leat_buf_copy(leat_pool(talk->world->stack), "abc", 3));
    else if (event == CLOSE)
        talk->err = leat_tcp_shutdown(talk->conn);
    else
        leat_tcp_abort(talk->conn);
    world_poll(talk->world);
}

static void happen(const struct row *row, struct talk *talk, const struct segment *segment)
{
    if (row->event < SEGMENT) {
        call(talk, row->event);
    } else if (row->event == SEGMENT) {
        rx(talk, segment->flags, segment->seq, segment->ack, row->data_bytes);
        if (row->data_bytes > 0) /* an ACK may wait */
            talk_wait(talk, 100 * ms);
    } else {
        talk_wait(talk, row->event == TIMEOUT ? 1900 * ms : 61 * second);
    }
}

/* ---- checking the result ------------------------------------------------------------------ */

static const char *state_now(struct talk *talk)
{
    struct tcp *tcp = talk->world->stack->tcp;
    const struct tcb *tcb = tcp_look_up(tcp, tcp_tuple(talk_host(talk, IP_US), talk->port_us,
                                                       talk_host(talk, IP_PEER), talk->port_peer));

    for (unsigned i = 0; tcb && i < COLUMNS; i++) {
        if (columns[i].state == tcb->state)
            return columns[i].name;
    }
    return tcp->listener_count > 0 ? "LISTEN" : "CLOSED";
}

/* The new RCV.NXT, if all data was taken that must be. */
static uint32_t rcv_nxt(const struct row *row, const struct place *place,
                        const struct segment *segment, const char *next)
{
    const bool at_edge = row->event == SEGMENT && segment->seq == place->peer;
    /* no data is taken behind the peer's FIN, and a FIN that is taken changes the state */
    const bool is_taken = row->flags & FIN ? next != 0 : row->data_bytes > 0 || next;

    if (place->peer == 0) /* the peer's SYN was the event */
        return 1;
    if (at_edge && row->acked != UNSENT && is_taken)
        return place->peer + segment->len;
    return place->peer;
}

static void expect_reset(struct talk *talk, const struct segment *segment)
{
    if (segment->flags & ACK)
        tx(talk, RST, segment->ack, 0, 0);
    else
        tx(talk, RST | ACK, 0, segment->seq + segment->len, 0);
}

static void expect_answer(const struct row *row, const char *answer, const char *next,
                          const struct place *place, const struct segment *segment)
{
    struct talk *talk = place->talk;
    const uint32_t ack = rcv_nxt(row, place, segment, next);

    if (strcmp(answer, "ACK") == 0)
        tx(talk, ACK, place->us, ack, 0);
    else if (strcmp(answer, "RST") == 0)
        expect_reset(talk, segment);
    else if (strcmp(answer, "ABORT") == 0)
        tx(talk, RST | ACK, place->us, place->peer, 0);
    else if (strcmp(answer, "SYN") == 0)
        tx(talk, SYN, 0, 0, 0);
    else if (strcmp(answer, "SYN,ACK") == 0)
        tx(talk, SYN | ACK, 0, 1, 0);
    else if (strcmp(answer, "FIN") == 0)
        tx(talk, FIN | ACK, row->event == CLOSE ? place->us : place->us - 1, place->peer, 0);
    else if (strcmp(answer, "TEXT") == 0)
        assert_int_equal(talk_info(talk).snd_nxt - talk_info(talk).snd_una, 3);
    else
        assert_string_equal(answer, "-");
    if (strcmp(answer, "TEXT") != 0 && row->event != TIMEOUT)
        quiet(talk);
}

static void expect_told(const struct talk *talk, const char *told)
{
    static const struct {
        const char *name;
        enum leat_err err;
        bool at_once; /* returned by the call; else reported by on_closed() */
    } words[] = {
        {"exists", LEAT_ERR_IN_USE, true},    {"closing", LEAT_ERR_CLOSING, true},
        {"aborted", LEAT_ERR_ABORTED, false}, {"refused", LEAT_ERR_REFUSED, false},
        {"reset", LEAT_ERR_RESET, false},
    };

    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].name, told) != 0)
            continue;
        assert_int_equal(words[i].at_once ? talk->err : talk->why, words[i].err);
        assert_int_equal(talk->closed, !words[i].at_once);
        return;
    }
    fail_msg("no such word: %s", told);
}

static void test_cell(void **state)
{
    const struct test *test = *state;
    const char *cell = test->row->cells[test->column];
    char answer[16], next[16] = "", told[16] = "";
    struct segment segment;
    struct place place;
    struct talk *talk;
    void *made;

    talk_setup(&made);
    talk = made;
    place = reach(talk, test->column);
    segment = segment_of(test->row, test->column, &place);
    assert_true(sscanf(cell, "%15s > %15s ! %15s", answer, next, told) == 3 ||
                sscanf(cell, "%15s ! %15s", answer, told) == 2 || told[0] == 0);
    happen(test->row, talk, &segment);
    expect_answer(test->row, answer, next[0] ? next : 0, &place, &segment);
    assert_string_equal(state_now(talk), next[0] ? next : columns[test->column].name);
    if (told[0])
        expect_told(talk, told);
    talk_teardown(&made);
}

int main(void)
{
    static struct test tests[ROWS * COLUMNS];
    static struct CMUnitTest units[ROWS * COLUMNS];
    size_t count = 0;

    for (unsigned i = 0; i < ROWS * COLUMNS; i++) {
        struct test *test = &tests[count];

        *test = (struct test){.row = &rows[i / COLUMNS], .column = (enum column)(i % COLUMNS)};
        if (test->row->cells[test->column][0] == 0)
            continue;
        snprintf(test->name, sizeof test->name, "%s%s: %s", columns[test->column].name,
                 test->column == SYN_RCVD_PASSIVE ? " (passive)" : "", test->row->name);
        units[count] = (struct CMUnitTest){test->name, test_cell, 0, 0, test};
        count++;
    }
    return _cmocka_run_group_tests("states by hand", units, count, 0, 0);
}
