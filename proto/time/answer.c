/*
 * answer.c -- one time server: its request, and the checks of its answers.
 *
 * Each request has a socket of its own, connected to the server, and so a port of its own. An
 * attacker off the path must guess that port and the 64 bits of the origin timestamp.
 */
#include "proto/time/sntp.h"

#include "core/refusal.h"

enum {
    KISS_DENY = 0x44454e59, /* RFC 5905 7.4: "DENY" */
    KISS_RSTR = 0x52535452, /* "RSTR" */
    KISS_RATE = 0x52415445  /* "RATE" */
};

static const uint64_t error_max_ns = 1500000000; /* RFC 5905 A.1.1 has 1 s (MAXDIST), ntpd 1.5 */
static const uint64_t held_slack_ns = 1000000;   /* the clock is read once a poll */
static const uint64_t rest_max_ns = 131072 * UINT64_C(1000000000); /* RFC 5905 7.2: MAXPOLL */

void sntp_forget(struct sntp_server *server)
{
    if (server->udp)
        leat_udp_close(server->udp);
    server->udp = NULL;
}

/* Counts a refused answer, and notes the reason. */
static void refuse(struct sntp_server *server, uint64_t *count, const char *why)
{
    (*count)++;
    refusal_note(&server->sntp->refusal, server->end.ip, why);
}

/* RFC 5905 7.4: obeys DENY, RSTR and RATE; the other codes ask nothing of a client. */
static void obey(struct sntp_server *server, uint32_t code)
{
    struct leat_sntp *sntp = server->sntp;

    if (code == KISS_DENY || code == KISS_RSTR) {
        refuse(server, &sntp->counts.kisses, "it forbids us to ask it (DENY or RSTR)");
        server->forbids = true;
        return;
    }
    refuse(server, &sntp->counts.kisses, "without the time, as a kiss-o'-death (RFC 5905 7.4)");
    if (code == KISS_RATE) {
        server->rest_until_ns = leat_now_ns(sntp->stack) + server->rest_ns;
        if (server->rest_ns < rest_max_ns)
            server->rest_ns *= 2;
    }
}

/* RFC 5905 7.3, 9.2: true if a client may use this server's time. */
static bool is_synchronized(const struct wire_ntp *ntp)
{
    return ntp->leap != NTP_LEAP_UNKNOWN && ntp->stratum > 0 && ntp->stratum <= NTP_STRATUM_MAX &&
           wire_ntp_short_ns(ntp->root_delay) / 2 + wire_ntp_short_ns(ntp->root_dispersion) <
               error_max_ns;
}

static const char *unsynchronized_why(const struct wire_ntp *ntp)
{
    return ntp->leap == NTP_LEAP_UNKNOWN ? "it says that its clock is not synchronized"
           : ntp->stratum == 0 || ntp->stratum > NTP_STRATUM_MAX
               ? "with a stratum that means that it is not synchronized"
               : "with a clock that may be wrong by more than 1.5 s";
}

/* Takes the times of an answer; false: they are impossible. */
static bool take_times(struct sntp_server *server, const struct wire_ntp *ntp)
{
    const uint64_t now_ns = leat_now_ns(server->sntp->stack);
    const uint64_t took_ns = now_ns - server->asked_ns;
    const uint64_t received_ns = wire_ntp_civil_ns(ntp->receive);
    const uint64_t held_ns = wire_ntp_civil_ns(ntp->transmit) - received_ns;
    uint64_t delay_ns;

    /* The server can't have held the request for longer than the answer took. */
    if (ntp->receive == 0 || ntp->transmit == 0 || held_ns > took_ns + held_slack_ns)
        return false;
    delay_ns = took_ns > held_ns ? took_ns - held_ns : 0;
    /* RFC 5905 8: assumes that both directions take equally long. Then the middle of the server's
     * two times belongs to the middle of ours. Only the difference is kept: civil time when
     * leat_now_ns() was 0. */
    server->civil_at_zero_ns = received_ns + held_ns / 2 - (server->asked_ns + took_ns / 2);
    server->error_ns = delay_ns / 2 + wire_ntp_short_ns(ntp->root_delay) / 2 +
                       wire_ntp_short_ns(ntp->root_dispersion);
    server->stratum = ntp->stratum;
    return true;
}

/* Takes the answer of our server. Closes the socket, so each request has one answer. */
static void take(struct sntp_server *server, const struct wire_ntp *ntp)
{
    struct leat_sntp_counts *counts = &server->sntp->counts;

    sntp_forget(server);
    if (ntp->stratum == NTP_STRATUM_KISS && ntp->reference_id != 0) {
        obey(server, ntp->reference_id);
    } else if (!is_synchronized(ntp)) {
        refuse(server, &counts->drop_unsynchronized, unsynchronized_why(ntp));
    } else if (!take_times(server, ntp)) {
        refuse(server, &counts->drop_time, "with times that can't be");
    } else {
        counts->answers++;
        refusal_forget(&server->sntp->refusal);
        server->has_answered = true;
    }
    server->sntp->on_answer(server->sntp);
}

/* Why a message is no answer to our request; NULL: it is one. Servers may answer in any
 * version: the header is the same since version 1. Extension fields and the MAC are ignored. An
 * interleaved answer has another origin timestamp; we never request that mode. */
static const char *envelope_flaw(const struct sntp_server *server, struct wire_ntp *ntp,
                                 const uint8_t *bytes, uint32_t len)
{
    if (!wire_ntp_parse(ntp, bytes, len))
        return "with a message that is cut short";
    if (ntp->mode != NTP_MODE_SERVER)
        return "in another mode than a server's";
    if (ntp->version < NTP_VERSION_MIN || ntp->version > NTP_VERSION)
        return "in another version than 1 to 4";
    return ntp->origin != server->origin ? "with the number of another question" : NULL;
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct sntp_server *server = arg;
    uint8_t bytes[NTP_BYTES];
    struct wire_ntp ntp;
    const uint32_t len = leat_buf_read(payload, 0, bytes, sizeof bytes);
    const bool fragmented = leat_udp_was_fragmented(udp);
    const char *why;

    (void)peer; /* the socket is connected, so the sender is our server */
    (void)local;
    leat_buf_free(payload);
    why = fragmented ? "in fragments" : envelope_flaw(server, &ntp, bytes, len);
    if (why)
        refuse(server, &server->sntp->counts.drop_foreign, why);
    else
        take(server, &ntp);
}

void sntp_ask(struct sntp_server *server)
{
    static const struct leat_udp_events events = {.on_datagram = on_datagram};
    struct leat *stack = server->sntp->stack;
    uint8_t request[NTP_BYTES];

    server->has_answered = false;
    if (leat_udp_open(stack, &server->udp, &events, server)) {
        server->udp = NULL;
        return;
    }
    server->origin = leat_random(stack) | 1; /* 0 means no timestamp */
    server->asked_ns = leat_now_ns(stack);
    wire_ntp_emit_request(request, server->origin);
    if (leat_udp_connect_to(server->udp, &server->end) ||
        leat_udp_send(server->udp, leat_buf_copy(leat_pool(stack), request, sizeof request)))
        sntp_forget(server);
    else
        server->sntp->counts.requests++;
}
