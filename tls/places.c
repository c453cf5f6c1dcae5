/*
 * places.c -- the two scarce things of servers: sessions, and the memory of handshakes.
 *
 * Both are counted by the peer's address (core/shares.h).  Where there is none left, the oldest one
 * of the address with most makes room; the session that loses its place ends with LEAT_ERR_MEMORY
 * and is counted as displaced.  An address that would have to pay itself pays only with what has
 * stood still for a second: else its newcomer waits (a handshake), or is refused (a session).
 *
 * A server's session takes the memory of a handshake with its first whole record of the handshake,
 * which has the whole hello of nearly every client.  Until then it is a session, and what it has
 * sent lies in TCP, on the account of its address.  A hello in several records takes the memory
 * with the first of them: a peer that wants to hold it could as well send a whole hello.
 *
 * Sessions of clients need no shares: the program knows how many it begins, and one more is
 * refused.  They never make room for others.
 */
#include "tls/places.h"

#include "core/assert.h"
#include "core/second.h"
#include "service.h"

static const uint64_t renew_ns = 100000000; /* a session's place is renewed no more often */
static const uint64_t still_ns = second_ns; /* an address pays itself with what stood so long */

static uint64_t now_of(const struct leat_tls *tls)
{
    return leat_now_ns(tls->stack);
}

static uint64_t holder_of(const struct leat_stream *below)
{
    const struct leat_ip peer = leat_stream_peer(below);

    return shares_holder(&peer);
}

/* ---- Sessions ----------------------------------------------------------------------------------
 */

static void give_place(struct tls_session *session)
{
    if (session->place != SHARES_NONE)
        shares_give(&session->tls->session_shares, session->place);
    session->place = SHARES_NONE;
}

/* Its place is another's; the program hears of its end in the step of callbacks. */
static void displace(struct tls_session *session)
{
    session->tls->counts.displaced++;
    give_place(session);
    if (session->is_open || session->state == TLS_FAILED)
        leat_stream_abort(&session->below);
    else
        tls_event(session, TLS_shutdown);
    session->err = LEAT_ERR_MEMORY;
    session->why = "others needed its place";
}

/* True if the session @oldest, of @holder's own when it has to pay itself, may go. */
static bool may_go(const struct tls_session *oldest, bool is_own)
{
    return !is_own || now_of(oldest->tls) - oldest->renewed_ns >= still_ns;
}

/* Makes room for a session of @holder; false: there is none. */
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
        for_client ? UINT64_MAX : holder_of(below); /* that has no place, ever */
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

/* ---- Handshakes --------------------------------------------------------------------------------
 */

/* Makes room for a handshake of @holder; false: it waits. */
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
