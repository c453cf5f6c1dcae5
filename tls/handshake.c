/*
 * handshake.c -- the two bounded pools of memory for handshakes: take, wipe, release.
 *
 * A client takes its handshake in leat_tls_connect(). A server takes one when a hello arrives, in
 * the place that places.c has found for the client's address.
 */
#include "tls/places.h"

void tls_handshake_take(struct tls_session *session, struct tls_handshake **list)
{
    struct tls_handshake *taken = *list;

    *list = taken->next_free;
    taken->session = session;
    session->handshake = taken;
    session->tls->server_busy += !taken->for_client;
}

void tls_handshake_release(struct tls_session *session)
{
    const struct leat_crypto *crypto = &session->tls->crypto;
    struct tls_handshake *handshake = session->handshake;
    const uint32_t message_max = handshake->message_max;
    const uint32_t place = handshake->place;
    const bool for_client = handshake->for_client;
    struct tls_handshake **list =
        for_client ? &session->tls->free_client : &session->tls->free_server;

    if (handshake->offered && session->segment_records > 0) /* a ticket is used only once (C.4) */
        leat_crypto_wipe(session->ticket, sizeof *session->ticket);
    if (handshake->hashing)
        crypto->ops->hash_close(crypto->self, &handshake->transcript);
    if (handshake->has_share)
        crypto->ops->share_close(crypto->self, &handshake->share);
    if (handshake->has_peer_key)
        crypto->ops->public_close(crypto->self, &handshake->peer_key);
    /* All secrets go, and so does the peer's last message. The values that describe the slot are
     * put back. */
    leat_crypto_wipe(handshake, sizeof *handshake + message_max);
    handshake->message_max = message_max;
    handshake->place = place;
    handshake->for_client = for_client;
    handshake->next_free = *list;
    *list = handshake;
    session->tls->server_busy -= !for_client;
    if (!for_client)
        shares_give(&session->tls->handshake_shares, place);
    session->handshake = NULL;
}
