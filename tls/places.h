/* places.h -- servers' sessions and handshakes, and their shares per address. */
#ifndef TLS_PLACES_H
#define TLS_PLACES_H

#include "tls/tls.h"

/* Takes a session for the peer of @below. NULL: there is no room. */
struct tls_session *tls_session_take(struct leat_tls *tls, const struct leat_stream *below,
                                     bool for_client);
/* Wipes the session and frees it and its place. */
void tls_session_give(struct tls_session *session);
/* Notes a record of the peer: extends the handshake's deadline and makes the places the
 * youngest. */
void tls_session_renew(struct tls_session *session);
/* True if the session has the memory that its complete record needs. Else it is served again
 * later. */
bool tls_handshake_is_ready(struct tls_session *session);

/* Gives the first free handshake of @list to the session (handshake.c). */
void tls_handshake_take(struct tls_session *session, struct tls_handshake **list);

/* The server's handshake at @place. */
static inline struct tls_handshake *tls_handshake_at(const struct leat_tls *tls, uint32_t place)
{
    return (struct tls_handshake *)(void *)(tls->server_handshakes + place * tls->handshake_bytes);
}

#endif
