/*
 * data.c -- the program's data as records, as far as there is room.
 *
 * Data goes into records that fit the room below, and the rest is left. A short record at the end
 * of the room would cost a header and a tag for little, so the sender waits for acknowledgements
 * instead.
 */
#include "tls/tls.h"

enum {
    SHORT_DATA = 512 /* when there is more data, a shorter record isn't worth its overhead */
};

/* Payload of the next record, of @left bytes of data. 0: there is no room for a record. */
static uint32_t next_record(struct tls_session *session, uint32_t left)
{
    const uint32_t room = leat_stream_send_room(&session->below);
    const uint32_t fits = room > TLS_OVERHEAD ? room - TLS_OVERHEAD : 0;
    const uint32_t data_max = tls_data_max(session);
    const uint32_t record = left < data_max ? left : data_max;

    if (fits >= record)
        return record;
    return fits >= SHORT_DATA ? fits : 0;
}

uint32_t tls_data_send(struct tls_session *session, const struct leat_buf *payload, uint32_t len)
{
    struct leat_crypto_piece *in = session->tls->in;
    uint32_t skip = 0, sent = 0;

    while (sent < len) {
        const uint32_t record = next_record(session, len - sent);
        unsigned count = 0;

        for (uint32_t left = record; left > 0;) {
            /* @payload has @len bytes: NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
            const uint32_t rest = payload->len - skip, part = rest < left ? rest : left;

            in[count++] = (struct leat_crypto_piece){payload->data + skip, part};
            left -= part;
            skip += part;
            if (skip == payload->len) {
                payload = payload->next;
                skip = 0;
            }
        }
        if (record == 0 || !tls_protect(session, WIRE_TLS_APPLICATION_DATA, count, record))
            break;
        sent += record;
    }
    return sent;
}

bool tls_data_flush(struct tls_session *session)
{
    const uint32_t len = leat_buf_total(session->unsent);
    const uint32_t sent = len > 0 ? tls_data_send(session, session->unsent, len) : 0;

    if (sent > 0)
        session->unsent = leat_buf_consume(session->unsent, sent);
    if (session->unsent)
        tls_session_await(session, TLS_SEGMENT_DATA + TLS_OVERHEAD);
    return !session->unsent;
}
