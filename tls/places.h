/* places.h -- sessions and handshakes of servers, and who has them. */
#ifndef TLS_PLACES_H
#define TLS_PLACES_H

#include "tls/tls.h"

/* A session of the peer of @below; NULL: there is no place. */
struct tls_session *tls_session_take(struct leat_tls *tls, const struct leat_stream *below,
                                     bool for_client);
/* Wipes it; its place is another's. */
void tls_session_give(struct tls_session *session);
/* The peer has sent a record: a handshake may go on, and the places are the youngest. */
void tls_session_renew(struct tls_session *session);
/* A record is whole: true if the session has the memory that reading it takes; else we look again.
 */
bool tls_handshake_is_ready(struct tls_session *session);

/* The first handshake of a list that has one is the session's (handshake.c). */
void tls_handshake_take(struct tls_session *session, struct tls_handshake **list);

/* The server's handshake of a place. */
static inline struct tls_handshake *tls_handshake_at(const struct leat_tls *tls, uint32_t place)
{
    return (struct tls_handshake *)(void *)(tls->server_handshakes + place * tls->handshake_bytes);
}

#endif
