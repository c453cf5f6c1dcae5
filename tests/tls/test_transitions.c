/*
 * test_transitions.c -- takes each line of tls.rl in a real session.
 *
 * The list is generated from tls.rl, so the test fails for a new line that it can't take. The peer
 * sends given bytes, and cryptography always agrees (fuzz/agreeable.h).
 */

#include "byte_peer.h"
#include "spec_line.h"

static struct line lines[] = {
#define TLS_TRANSITION(from, event, to, actions)                                                   \
    {#from " + " #event, TLS_##from, TLS_##event, TLS_##to, actions},
#include "tls_cover.inc"
#undef TLS_TRANSITION
};

enum {
    LINES = sizeof lines / sizeof *lines,
    MESSAGE_BYTES = 600,
    HRR_BODY = 2 + WIRE_TLS_RANDOM,
    AGREEABLE_BINDER = 32
};

static const uint64_t second_ns = 1000000000;

static struct tls_end end;
static const struct line *current;
static uint8_t taken[TLS_NSTATES][TLS_NEVENTS];
static struct leat_tls_counts before;
static uint32_t heard_before;

static struct tls_session *session(void)
{
    return end.stream.end;
}

static bool line_is(unsigned state, unsigned event)
{
    return current->state == state && current->event == event;
}

static void watch(void *arg, uint8_t state, uint8_t event, uint8_t next)
{
    (void)arg;
    taken[state][event] = next;
}

/* ---- Messages of the peer -------------------------------------------------------------------- */

/* Sends a hello to the client, which fits its hello in the handshake. */
static void say_hello_of_server(bool retry, bool flawed)
{
    const struct tls_handshake *handshake = session()->handshake;
    uint8_t message[MESSAGE_BYTES], share[32];
    struct wire_tls_out out = {message, message + sizeof message, false};
    const struct wire_tls_server_choice choice = {
        .random = retry ? NULL : handshake->random,
        .session_id = {handshake->session_id, handshake->session_id_len},
        .suite = WIRE_TLS_AES_128_GCM,
        .group = retry && !flawed ? LEAT_CRYPTO_SECP256R1 : LEAT_CRYPTO_X25519,
        .share = {retry ? NULL : share, retry ? 0 : sizeof share},
        .has_psk = current->event == TLS_uses_ticket};

    memset(share, LEAT_CRYPTO_X25519, sizeof share);
    if (!retry && handshake->retried)
        return;
    wire_tls_server_hello_write(&out, &choice);
    assert_false(out.full);
    peer_say(&end, WIRE_TLS_HANDSHAKE, message, (uint32_t)(out.at - message));
}

/* Sends a client's hello: with a share, or only with a group, so that the server must ask for the
 * share. */
static void say_hello_of_client(bool with_share, uint16_t suite)
{
    static const uint16_t groups[] = {LEAT_CRYPTO_X25519};
    static const uint16_t schemes[] = {LEAT_CRYPTO_ECDSA_SECP256R1_SHA256};
    const bool early = current->state == TLS_WAIT_EOED || current->event == TLS_hello_brings_early;
    uint8_t message[MESSAGE_BYTES], share[32], randoms[WIRE_TLS_RANDOM], *binders;
    uint8_t ticket[TLS_END_TICKET_BYTES];
    struct wire_tls_out out = {message, message + sizeof message, false};
    const struct wire_tls_client_offer offer = {.random = randoms,
                                                .session_id = {randoms, sizeof randoms},
                                                .suites = &suite,
                                                .suite_count = 1,
                                                .groups = groups,
                                                .group_count = 1,
                                                .schemes = schemes,
                                                .scheme_count = 1,
                                                .share_group = with_share ? LEAT_CRYPTO_X25519
                                                                          : LEAT_CRYPTO_SECP256R1,
                                                .share = {share, sizeof share},
                                                .identity = {early ? ticket : NULL, sizeof ticket},
                                                .binder_len = AGREEABLE_BINDER,
                                                .early_data = early,
                                                .record_size_limit = 16385};

    tls_end_ticket(ticket);
    memset(share, LEAT_CRYPTO_X25519, sizeof share);
    memset(randoms, 1, sizeof randoms);
    binders = wire_tls_client_hello_write(&out, &offer);
    assert_false(out.full);
    if (early)
        memset(binders + 2 + 1, AGREEABLE_DIGEST, AGREEABLE_BINDER);
    peer_say(&end, WIRE_TLS_HANDSHAKE, message, (uint32_t)(out.at - message));
}

/* ---- Reaching a state ------------------------------------------------------------------------ */

static bool is_clients(unsigned state)
{
    switch (state) {
    case TLS_WAIT_SH:
    case TLS_RECVD_HRR:
    case TLS_WAIT_SH_2:
    case TLS_WAIT_EE:
    case TLS_WAIT_CERT_CR:
    case TLS_WAIT_CERT:
    case TLS_WAIT_CV:
    case TLS_WAIT_FINISHED:
    case TLS_SND_FINISHED:
        return true;
    default:
        return false;
    }
}

static void open_end(void)
{
    const bool client = is_clients(current->state) || current->event == TLS_connect;

    end.watch = watch;
    tls_world_open(false);
    tls_end_open(&end,
                 (uint16_t)((client ? TLS_END_CLIENT : 0) | (client ? 0 : TLS_END_EARLY) |
                            (current->event == TLS_uses_ticket ? TLS_END_TICKET : 0)),
                 false);
    tls_world_poll();
    tls_world_poll();
}

/* Sends a server's messages up to the one that leads to @state. */
static void lead_client(unsigned state)
{
    static const uint8_t nothing[] = {0, 0};
    static const uint8_t certificate[] = {0, 0, 0, 9, 0, 0, 4, 0x30, 2, 5, 0, 0, 0};
    static const uint8_t request[] = {0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3};
    static const uint8_t verify[] = {4, 3, 0, 1, 1};

    if (state == TLS_WAIT_SH || state == TLS_RECVD_HRR)
        return;
    if (state == TLS_WAIT_SH_2) {
        say_hello_of_server(true, false);
        return;
    }
    say_hello_of_server(false, false);
    if (state == TLS_WAIT_EE)
        return;
    peer_message(&end, WIRE_TLS_ENCRYPTED_EXTENSIONS, nothing, sizeof nothing);
    if (state == TLS_WAIT_CERT_CR)
        return;
    if (state == TLS_WAIT_CERT)
        peer_message(&end, WIRE_TLS_CERTIFICATE_REQUEST, request, sizeof request);
    if (state == TLS_WAIT_CERT)
        return;
    peer_message(&end, WIRE_TLS_CERTIFICATE, certificate, sizeof certificate);
    if (state == TLS_WAIT_CV)
        return;
    peer_message(&end, WIRE_TLS_CERTIFICATE_VERIFY, verify, sizeof verify);
}

static void lead_server(unsigned state)
{
    static const uint8_t last[] = {1, WIRE_TLS_CLOSE_NOTIFY}, fatal[] = {2, 40};

    if (state == TLS_WAIT_CH || state == TLS_RECVD_CH)
        return;
    say_hello_of_client(state != TLS_WAIT_CH_2 && state != TLS_RECVD_CH_2, WIRE_TLS_AES_128_GCM);
    if (state == TLS_WAIT_CH_2 || state == TLS_RECVD_CH_2 || state == TLS_WAIT_EOED ||
        state == TLS_WAIT_FLIGHT2)
        return;
    peer_Finished(&end, true);
    if (state == TLS_SENT_CLOSE || state == TLS_CLOSED)
        leat_stream_shutdown(&end.stream);
    if (state == TLS_RECVD_CLOSE || state == TLS_CLOSED)
        peer_say(&end, WIRE_TLS_ALERT, last, sizeof last);
    if (state == TLS_FAILED)
        peer_say(&end, WIRE_TLS_ALERT, fatal, sizeof fatal);
}

static void go_to_state(void)
{
    open_end();
    if (current->state == TLS_SND_FINISHED) {
        lead_client(TLS_WAIT_FINISHED);
        if (current->event != TLS_flight_sent && current->event != TLS_flaw)
            end.pipe[1].capacity = leat_buf_total(end.pipe[1].data); /* no room for our flight */
        peer_Finished(&end, current->event != TLS_flaw);
    } else if (is_clients(current->state)) {
        lead_client(current->state);
    } else if (current->state != TLS_START) {
        lead_server(current->state);
    }
}

/* ---- Events ---------------------------------------------------------------------------------- */

/* Sends a message; the legal one, if the state has one. */
static bool do_message(void)
{
    static const uint8_t types[] = {[TLS_rcv_NewSessionTicket] = WIRE_TLS_NEW_SESSION_TICKET,
                                    [TLS_rcv_EncryptedExtensions] = WIRE_TLS_ENCRYPTED_EXTENSIONS,
                                    [TLS_rcv_Certificate] = WIRE_TLS_CERTIFICATE,
                                    [TLS_rcv_CertificateRequest] = WIRE_TLS_CERTIFICATE_REQUEST,
                                    [TLS_rcv_CertificateVerify] = WIRE_TLS_CERTIFICATE_VERIFY,
                                    [TLS_rcv_KeyUpdate] = WIRE_TLS_KEY_UPDATE,
                                    [TLS_rcv_unknown] = 99};
    uint8_t body[HRR_BODY] = {0};

    switch (current->event) {
    case TLS_rcv_ClientHello:
        say_hello_of_client(true, WIRE_TLS_AES_128_GCM);
        return true;
    case TLS_rcv_ServerHello:
        if (current->state == TLS_WAIT_SH)
            say_hello_of_server(false, false);
        else
            peer_message(&end, WIRE_TLS_SERVER_HELLO, body, sizeof body);
        return true;
    case TLS_rcv_HelloRetryRequest:
        memcpy(body + 2, wire_tls_retry_random, WIRE_TLS_RANDOM);
        peer_message(&end, WIRE_TLS_SERVER_HELLO, body, sizeof body);
        return true;
    case TLS_rcv_Finished:
        peer_Finished(&end, true);
        return true;
    case TLS_rcv_EndOfEarlyData:
        peer_message(&end, WIRE_TLS_END_OF_EARLY_DATA, body, 0);
        return true;
    default:
        if (current->event < TLS_rcv_NewSessionTicket || current->event > TLS_rcv_unknown)
            return false;
        peer_message(&end, types[current->event], body, 1);
        return true;
    }
}

static void do_flaw(void)
{
    static const uint8_t no_record[] = {24, 3, 3, 0, 1, 0};

    switch (current->state) {
    case TLS_RECVD_HRR:
        say_hello_of_server(true, true);
        break;
    case TLS_RECVD_CH:
        say_hello_of_client(true, 0x1399);
        break;
    case TLS_RECVD_CH_2:
        say_hello_of_client(false, WIRE_TLS_AES_128_GCM); /* still without a share */
        break;
    case TLS_SND_FINISHED: /* with the Finished that led there */
        break;
    default:
        tls_end_feed(&end, no_record, sizeof no_record, 1500);
        tls_world_poll();
        break;
    }
}

static void do_record(void)
{
    static const uint8_t data[] = {'t', 'e', 'x', 't'}, change[] = {1};
    static const uint8_t last[] = {1, WIRE_TLS_CLOSE_NOTIFY}, fatal[] = {2, 40};

    switch (current->event) {
    case TLS_rcv_application_data:
        peer_say(&end, WIRE_TLS_APPLICATION_DATA, data, sizeof data);
        break;
    case TLS_rcv_change_cipher_spec:
        peer_say(&end, WIRE_TLS_CHANGE_CIPHER_SPEC, change, sizeof change);
        break;
    case TLS_rcv_close_notify:
        peer_say(&end, WIRE_TLS_ALERT, last, sizeof last);
        break;
    default:
        peer_say(&end, WIRE_TLS_ALERT, fatal, sizeof fatal);
        break;
    }
}

static void do_other(void)
{
    const struct leat_stream wire = pipe_stream(&end.pipe[1]);

    switch (current->event) {
    case TLS_shutdown:
        leat_stream_shutdown(&end.stream);
        break;
    case TLS_hello_brings_early:
    case TLS_hello_accepted:
        if (current->state == TLS_RECVD_HRR)
            say_hello_of_server(true, false);
        else
            say_hello_of_client(true, WIRE_TLS_AES_128_GCM);
        break;
    case TLS_hello_lacks_share:
        say_hello_of_client(false, WIRE_TLS_AES_128_GCM);
        break;
    case TLS_uses_ticket:
    case TLS_flight_sent: /* happens on the way */
    case TLS_connect:
    case TLS_accept:
        break;
    case TLS_key_is_worn:
        for (unsigned i = 0; i < 10; i++) {
            tls_end_act(&end, 8);
            tls_world_poll();
        }
        break;
    case TLS_end:
        leat_stream_shutdown(&wire);
        break;
    case TLS_timeout:
        tls_world_wait(11 * second_ns);
        break;
    default:
        fail_msg("nothing here can cause %s", current->name);
    }
}

static void do_event(void)
{
    if (current->event == TLS_flaw)
        do_flaw();
    else if (current->event >= TLS_rcv_application_data && current->event <= TLS_rcv_alert)
        do_record();
    else if (!do_message())
        do_other();
    for (unsigned i = 0; i < 4; i++)
        tls_world_poll();
}

/* ---- Checks ---------------------------------------------------------------------------------- */

/* Checks the counters that an action increments. All others must stay. */
static void check_counts(void)
{
    const struct leat_tls_counts *counts = leat_tls_counts(end.tls);

    assert_int_equal(counts->failed - before.failed,
                     line_does(current, "refuse") || line_does(current, "snd_alert"));
    assert_int_equal(counts->alerts_received - before.alerts_received,
                     line_does(current, "note_alert"));
    assert_int_equal(counts->cut_short - before.cut_short,
                     line_does(current, "note_end") || line_does(current, "note_cut"));
    assert_int_equal(counts->timeouts - before.timeouts, line_does(current, "note_timeout"));
}

static void check(void)
{
    struct leat_tls_info info;

    assert_int_equal(end.heard - heard_before,
                     line_does(current, "hand_up") || line_does(current, "hold_early") ? 4 : 0);
    if (line_does(current, "snd_KeyUpdate"))
        assert_true(leat_tls_counts(end.tls)->key_updates > before.key_updates);
    if (line_does(current, "open_session"))
        assert_true(end.open);
    if (current->next != TLS_FAILED || end.closed)
        return;
    check_counts();
    leat_tls_get_info(&end.stream, &info);
    assert_true(info.why[0] != '\0');
    if (line_does(current, "refuse"))
        assert_int_equal(info.alert_sent, WIRE_TLS_UNEXPECTED_MESSAGE);
}

/* States that are left as soon as they are entered, and lines that are taken on the way. */
static bool is_passed(void)
{
    const unsigned state = current->state, event = current->event;

    return state == TLS_START || state == TLS_RECVD_HRR || state == TLS_RECVD_CH ||
           state == TLS_RECVD_CH_2 || event == TLS_flight_sent || event == TLS_uses_ticket ||
           line_is(TLS_SND_FINISHED, TLS_flaw);
}

/* It has lines only so that Ragel keeps the two states apart. */
static bool is_over(unsigned state)
{
    return state == TLS_CLOSED || state == TLS_FAILED;
}

/* A session that is over doesn't pass events to the table. */
static void check_over(void)
{
    do_event();
    assert_int_equal(session()->state, current->state);
    assert_int_equal(taken[current->state][current->event], 0);
}

static void test_line(void **state)
{
    (void)state;
    memset(taken, 0, sizeof taken);
    go_to_state();
    if (!is_passed() && session()->state != current->state)
        fail_msg("the way led to %s", tls_state_name(session()));
    if (is_over(current->state)) {
        check_over();
        return;
    }
    before = *leat_tls_counts(end.tls);
    heard_before = end.heard;
    if (line_is(TLS_SND_FINISHED, TLS_flaw) || is_passed())
        memset(&before, 0, sizeof before);
    do_event();
    if (taken[current->state][current->event] != current->next)
        fail_msg("%s was not taken", current->name);
    check();
}

static int setup_line(void **state)
{
    current = *state;
    return 0;
}

static int teardown_line(void **state)
{
    (void)state;
    end.pipe[1].capacity = 1 << 16;
    tls_end_close(&end, false);
    tls_world_close();
    return 0;
}

int main(void)
{
    static struct CMUnitTest tests[LINES];

    for (unsigned i = 0; i < LINES; i++)
        tests[i] =
            (struct CMUnitTest){lines[i].name, test_line, setup_line, teardown_line, &lines[i]};
    return _cmocka_run_group_tests("every line of tls.rl", tests, LINES, NULL, NULL);
}
