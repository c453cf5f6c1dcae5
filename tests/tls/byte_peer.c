/* byte_peer.c -- a TLS peer that sends given bytes. */
#include "byte_peer.h"

enum {
    MESSAGE_BYTES = 600
};

void peer_say(struct tls_end *end, uint8_t type, const uint8_t *data, uint32_t len)
{
    static uint8_t record[WIRE_TLS_RECORD_HEADER + WIRE_TLS_CIPHERTEXT_MAX];
    const struct tls_session *session = end->stream.end;
    const bool sealed = session->read.on && type != WIRE_TLS_CHANGE_CIPHER_SPEC;

    assert_true(WIRE_TLS_RECORD_HEADER + len + 1 + LEAT_CRYPTO_TAG_BYTES <= sizeof record);
    memcpy(record + WIRE_TLS_RECORD_HEADER, data, len);
    tls_end_feed_record(end, record, len, type, sealed, 1500);
    for (unsigned i = 0; i < 4; i++)
        tls_world_poll();
}

void peer_message(struct tls_end *end, uint8_t type, const uint8_t *body, uint32_t len)
{
    uint8_t message[MESSAGE_BYTES] = {type, 0, (uint8_t)(len >> 8), (uint8_t)len};

    assert_true(len <= MESSAGE_BYTES - WIRE_TLS_MESSAGE_HEADER);
    memcpy(message + WIRE_TLS_MESSAGE_HEADER, body, len);
    peer_say(end, WIRE_TLS_HANDSHAKE, message, WIRE_TLS_MESSAGE_HEADER + len);
}

void peer_Finished(struct tls_end *end, bool good)
{
    uint8_t mac[32];

    memset(mac, good ? AGREEABLE_DIGEST : 0, sizeof mac);
    peer_message(end, WIRE_TLS_FINISHED, mac, sizeof mac);
}
