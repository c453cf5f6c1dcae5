/*
 * places.c -- the two scarce resources of servers: sessions and memory of handshakes.
 *
 * Both are accounted by the peer's address (core/shares.h). If none is left, the oldest one of the
 * address with the most is evicted. A session that loses its place ends with LEAT_ERR_MEMORY and is
 * counted as displaced. If the newcomer's own address has the most, only an entry without activity
 * for a second is evicted. Otherwise a new handshake waits and a new session is refused.
 *
 * A server's session takes the memory of a handshake with the first complete handshake record,
 * which holds the whole hello of nearly every client. Until then it needs only a session: received
 * bytes stay in TCP, accounted to the peer's address. A hello in several records takes the memory
 * with the first of them. An attacker gains nothing by that, as a complete hello would take it,
 * too.
 *
 * Sessions of clients need no shares: the program limits how many it starts, and one too many is
 * refused. They never evict others.
 */
#include "tls/places.h"

#include "core/assert.h"
#include "core/second.h"
#include "service.h"

static const uint64_t renew_ns = 100000000; /* a session's place is renewed at most that often */
static const uint64_t still_ns =
    second_ns; /* an address evicts its own entry only after that long without activity */

static uint64_t now_of(const struct leat_tls *tls)
{
    return leat_now_ns(tls->stack);
}

static uint64_t holder_of(const struct leat_stream *below)
{
    const struct leat_ip peer = leat_stream_peer(below);

    return shares_holder(&peer);
}

/* ---- Sessions -------------------------------------------------------------------------------- */

static void give_place(struct tls_session *session)
{
    if (session->place != SHARES_NONE)
        shares_give(&session->tls->session_shares, session->place);
    session->place = SHARES_NONE;
}

/* Takes the session's place away. The program gets on_closed in the step of callbacks. */
static void displace(struct tls_session *session)
{
    session->tls->counts.displaced++;
    give_place(session);
    if (session->is_open || session->state == TLS_FAILED)
        leat_stream_abort(&session->below);
    else
        tls_event(session, TLS_shutdown);
    session->err = LEAT_ERR_MEMORY;
    session->why = "evicted to make room for others";
}

/* True if @oldest may be evicted; @is_own tells that it is of the newcomer's address. */
static bool may_go(const struct tls_session *oldest, bool is_own)
{
    return !is_own || now_of(oldest->tls) - oldest->renewed_ns >= still_ns;
}

/* Makes room for a session of @holder. False: there is no room. */
static bool make_room(struct leat_tls *tls, uint64_t holder)
{
    const uint32_t room = shares_room(&tls->session_shares, holder);
    struct tls_session *oldest;

    if (room == SHARES_NONE)
        return shares_free_place(&tls->session_shares) != SHARES_NONE;
    oldest = tls->of_place[room];
    if (!may_go(oldest, shares_is_of(&tls->session_shares, room, holder)))
        return false;
    displace(oldest);
    return true;
}

struct tls_session *tls_session_take(struct leat_tls *tls, const struct leat_stream *below,
                                     bool for_client)
{
    const uint64_t holder =
        for_client ? UINT64_MAX : holder_of(below); /* holds no place in shares */
    struct tls_session *session = tls->free_session;

    if (!session || !make_room(tls, holder)) {
        tls->counts.refused++;
        return NULL;
    }
    tls->free_session = session->next_free;
    session->place = shares_free_place(&tls->session_shares);
    session->renewed_ns = now_of(tls);
    tls->of_place[session->place] = session;
    if (for_client)
        shares_take_own(&tls->session_shares, session->place);
    else
        shares_take(&tls->session_shares, session->place, holder);
    return session;
}

void tls_session_give(struct tls_session *session)
{
    struct leat_tls *tls = session->tls;

    give_place(session);
    leat_crypto_wipe(session, sizeof *session);
    session->tls = tls;
    session->place = SHARES_NONE;
    session->next_free = tls->free_session;
    tls->free_session = session;
}

void tls_session_renew(struct tls_session *session)
{
    struct leat_tls *tls = session->tls;
    const uint64_t now_ns = now_of(tls), still_until_ns = now_ns + tls->config.stall_ns;

    if (session->handshake && session->server)
        shares_renew(&tls->handshake_shares, session->handshake->place);
    if (!session->is_open && session->timed)
        session->due_ns = still_until_ns < session->end_ns ? still_until_ns : session->end_ns;
    if (now_ns - session->renewed_ns < renew_ns || session->place == SHARES_NONE)
        return;
    session->renewed_ns = now_ns;
    shares_renew(&tls->session_shares, session->place);
}

/* ---- Handshakes ------------------------------------------------------------------------------ */

/* Makes room for a handshake of @holder. False: the handshake has to wait. */
static bool make_handshake_room(struct leat_tls *tls, uint64_t holder)
{
    const uint32_t room = shares_room(&tls->handshake_shares, holder);
    struct tls_session *oldest;

    if (room == SHARES_NONE)
        return true;
    oldest = tls_handshake_at(tls, room)->session;
    if (!may_go(oldest, shares_is_of(&tls->handshake_shares, room, holder)))
        return false;
    displace(oldest);
    return true;
}

bool tls_handshake_is_ready(struct tls_session *session)
{
    struct leat_tls *tls = session->tls;
    uint64_t holder;

    if (session->handshake || session->record_type != WIRE_TLS_HANDSHAKE ||
        (session->state != TLS_WAIT_CH && session->state != TLS_WAIT_CH_2))
        return true;
    holder = holder_of(&session->below);
    if (!make_handshake_room(tls, holder)) {
        tls->counts.waited++;
        tls_session_retry(session);
        return false;
    }
    leat_assert(tls->free_server);
    tls_handshake_take(session, &tls->free_server);
    shares_take(&tls->handshake_shares, session->handshake->place, holder);
    session->handshake->retried = session->state == TLS_WAIT_CH_2;
    return true;
}
