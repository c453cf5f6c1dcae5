/*
 * protect.c -- opens records of TLS in place and seals them in one pass (RFC 8446 5.2, 5.3).
 *
 * A received record is a list of pieces, each opened in place. A piece whose storage has other
 * users is opened into a buffer of its own instead, because it may be the program's memory or wait
 * in our own queue for retransmission.
 */
#include "tls/secrets.h"
#include "tls/tls.h"

#include "core/assert.h"
#include "core/writable.h"
#include "wire/bytes.h"

enum {
    BLOCK_BYTES = 16 /* of ciphers: data that begins with one leaves none divided by two buffers */
};

/* 5.3: XORs the sequence number into the iv. */
static void make_nonce(const struct tls_key *key, uint8_t nonce[LEAT_CRYPTO_NONCE_BYTES])
{
    uint8_t sequence[8];

    put64(sequence, key->sequence);
    memcpy(nonce, key->iv, LEAT_CRYPTO_NONCE_BYTES);
    for (unsigned i = 0; i < sizeof sequence; i++)
        nonce[LEAT_CRYPTO_NONCE_BYTES - sizeof sequence + i] ^= sequence[i];
}

static void put_header(uint8_t *header, uint8_t type, uint32_t len)
{
    header[0] = type;
    put16(header + 1, WIRE_TLS_LEGACY_VERSION);
    put16(header + 3, (uint16_t)len);
}

/* Fills in up to @max pieces with @len bytes of @buf from @offset on; returns their count. */
static unsigned show(const struct leat_buf *buf, uint32_t offset, uint32_t len,
                     struct leat_crypto_piece *pieces, unsigned max)
{
    unsigned count = 0;

    for (; buf && len > 0; buf = buf->next) {
        const uint32_t skip = offset < buf->len ? offset : buf->len;
        const uint32_t part = buf->len - skip < len ? buf->len - skip : len;

        offset -= skip;
        if (part == 0)
            continue;
        leat_assert(count < max);
        pieces[count++] = (struct leat_crypto_piece){buf->data + skip, part};
        len -= part;
    }
    return count;
}

/* Copies @bytes over the list from @offset on. */
static void overwrite(struct leat_buf *buf, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    for (; len > 0; buf = buf->next) {
        const uint32_t skip = offset < buf->len ? offset : buf->len;
        const uint32_t part = buf->len - skip < len ? buf->len - skip : len;

        memcpy(buf->data + skip, bytes, part);
        offset -= skip;
        bytes += part;
        len -= part;
    }
}

/* Allocates buffers with @len bytes of room in all, the first one with @skip bytes less. NULL: no
 * memory. */
static struct leat_buf *take_room(struct leat_pool *pool, uint32_t len, uint32_t skip)
{
    const uint32_t size = leat_pool_buf_bytes(pool) - LEAT_BUF_HEADROOM;
    struct leat_buf *all = NULL, *last = NULL;

    for (; len > 0; skip = 0) {
        const uint32_t part = len < size - skip ? len : size - skip;
        struct leat_buf *buf = leat_buf_alloc(pool, LEAT_BUF_HEADROOM + skip);

        if (!buf) {
            leat_buf_free(all);
            return NULL;
        }
        leat_buf_put(buf, part);
        if (last)
            last->next = buf;
        else
            all = buf;
        last = buf;
        len -= part;
    }
    return all;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static unsigned piece_count(const struct leat_buf *buf)
{
    unsigned count = 0;

    for (; buf; buf = buf->next)
        count++;
    return count;
}

struct leat_buf *tls_gather(struct tls_session *session, struct leat_buf *record, uint32_t total)
{
    struct leat_buf *copy = take_room(leat_pool(session->tls->stack), total, 0);
    uint32_t at = 0;

    leat_debug_assert(leat_buf_total(record) == total);
    for (struct leat_buf *piece = copy; piece; piece = piece->next) {
        leat_buf_read(record, at, piece->data, piece->len);
        at += piece->len;
    }
    if (copy) {
        session->tls->counts.copied_bytes += total;
        leat_buf_free(record);
    }
    return copy;
}

/* Buffers that @record is opened to: slices of its own pieces, or new buffers where storage has
 * other users. NULL: no memory. @record stays. */
static struct leat_buf *make_target(struct leat_pool *pool, const struct leat_buf *record)
{
    struct leat_buf *all = NULL, *last = NULL;

    for (; record; record = record->next) {
        struct leat_buf *piece = buf_is_writable(record) ? leat_buf_slice(record, 0, record->len)
                                                         : take_room(pool, record->len, 0);

        if (!piece) {
            leat_buf_free(all);
            return NULL;
        }
        if (last)
            last->next = piece;
        else
            all = piece;
        for (last = piece; last->next;)
            last = last->next;
    }
    return all;
}

static bool all_writable(const struct leat_buf *record)
{
    for (; record; record = record->next)
        if (!buf_is_writable(record))
            return false;
    return true;
}

/* Opens @record to @target, which may be the same. Both begin after the header. */
static bool open_to(struct tls_session *session, const struct leat_buf *record,
                    const struct leat_buf *target, uint32_t total)
{
    struct leat_tls *tls = session->tls;
    const uint32_t len = total - LEAT_CRYPTO_TAG_BYTES;
    uint8_t nonce[LEAT_CRYPTO_NONCE_BYTES], header[WIRE_TLS_RECORD_HEADER];
    uint8_t tag[LEAT_CRYPTO_TAG_BYTES];
    struct leat_crypto_job job = {.nonce = nonce, .aad = header, .aad_len = sizeof header};

    leat_assert(total > LEAT_CRYPTO_TAG_BYTES);
    make_nonce(&session->read, nonce);
    put_header(header, WIRE_TLS_APPLICATION_DATA, total);
    header[2] =
        session->record_minor; /* 5.2: authenticated as it was received, ignored otherwise */
    leat_buf_read(record, len, tag, sizeof tag);
    job.in = tls->in;
    job.in_count = show(record, 0, len, tls->in, TLS_OPEN_PIECES);
    job.out = tls->out;
    job.out_count = show(target, 0, len, tls->out, TLS_OPEN_PIECES);
    return tls->crypto.ops->open(tls->crypto.self, &session->read.key, &job, tag);
}

/* Removes type and padding from the end of @len opened bytes. False: there is no type. Searches
 * from the end, so that zeros in front cost nothing. */
static bool trim_inner(struct leat_tls *tls, struct leat_buf *data, uint32_t len, uint8_t *type)
{
    unsigned count = show(data, 0, len, tls->out, TLS_OPEN_PIECES);

    for (; count > 0; count--) {
        const struct leat_crypto_piece *piece = &tls->out[count - 1];

        for (size_t i = piece->len; i > 0; i--, len--)
            if (piece->bytes[i - 1] != 0) {
                *type = piece->bytes[i - 1];
                leat_buf_trim(data, len - 1);
                return true;
            }
    }
    return false;
}

struct leat_buf *tls_unprotect(struct tls_session *session, struct leat_buf *record, uint32_t total,
                               uint8_t *type, uint8_t *alert)
{
    struct leat_pool *pool = leat_pool(session->tls->stack);
    struct leat_buf *target = record;

    *alert = 0;
    /* so that the pieces that make_target() splits fit tls->out: TLS_RECORD_PIECES more at most */
    if (piece_count(record) > TLS_OPEN_PIECES / 2)
        target = record = tls_gather(session, record, total);
    else if (!all_writable(record))
        target = make_target(pool, record);
    if (!target)
        return NULL;
    *alert = total < LEAT_CRYPTO_TAG_BYTES + 1 || !open_to(session, record, target, total)
                 ? WIRE_TLS_BAD_RECORD_MAC
                 : 0;
    if (target != record)
        leat_buf_free(record);
    /* also for a record that fails: the session ends then, or refused early data sets it to 0
     * (record.c) */
    session->read.sequence++;
    if (!*alert && !trim_inner(session->tls, target, total - LEAT_CRYPTO_TAG_BYTES, type))
        *alert = WIRE_TLS_UNEXPECTED_MESSAGE; /* 5.4 */
    if (!*alert)
        return target;
    leat_buf_free(target);
    return NULL;
}

/* ---- Sealing --------------------------------------------------------------------------------- */

uint32_t tls_data_max(const struct tls_session *session)
{
    if (session->segment_records < TLS_SEGMENT_RECORDS && session->data_max > TLS_SEGMENT_DATA)
        return TLS_SEGMENT_DATA;
    return session->data_max;
}

/* Seals @len bytes of tls->in, followed by @type, to @record. */
static bool seal_to(struct tls_session *session, struct leat_buf *record, uint8_t type,
                    unsigned count, uint32_t len)
{
    struct leat_tls *tls = session->tls;
    uint8_t nonce[LEAT_CRYPTO_NONCE_BYTES], tag[LEAT_CRYPTO_TAG_BYTES];
    struct leat_crypto_job job = {
        .nonce = nonce, .aad = record->data, .aad_len = WIRE_TLS_RECORD_HEADER};

    leat_assert(count <= TLS_OPEN_PIECES);
    leat_debug_assert(session->write.on);
    make_nonce(&session->write, nonce);
    put_header(record->data, WIRE_TLS_APPLICATION_DATA, len + 1 + sizeof tag);
    tls->in[count] = (struct leat_crypto_piece){&type, 1};
    job.in = tls->in;
    job.in_count = count + 1;
    job.out = tls->out;
    job.out_count = show(record, WIRE_TLS_RECORD_HEADER, len + 1, tls->out, TLS_OPEN_PIECES);
    if (!tls->crypto.ops->seal(tls->crypto.self, &session->write.key, &job, tag))
        return false;
    overwrite(record, WIRE_TLS_RECORD_HEADER + len + 1, tag, sizeof tag);
    /* A nonce must never be used twice: with AES-GCM that would reveal the key of the tags. */
    session->write.sequence++;
    return true;
}

/* True for a client's first hello, whose record has the version of TLS 1.0, as that of other
 * clients: old servers and middleboxes expect it (5.1). */
static bool is_first_hello(const struct tls_session *session, uint8_t type)
{
    return type == WIRE_TLS_HANDSHAKE && !session->server && session->handshake &&
           !session->handshake->retried;
}

static void copy_to(const struct tls_session *session, struct leat_buf *record, uint8_t type,
                    unsigned count, uint32_t len)
{
    const struct leat_tls *tls = session->tls;
    uint32_t at = WIRE_TLS_RECORD_HEADER;

    put_header(record->data, type, len);
    if (is_first_hello(session, type))
        record->data[2] = 1;
    for (unsigned i = 0; i < count; i++) {
        overwrite(record, at, tls->in[i].bytes, (uint32_t)tls->in[i].len);
        at += (uint32_t)tls->in[i].len;
    }
}

bool tls_protect(struct tls_session *session, uint8_t type, unsigned count, uint32_t len)
{
    const bool sealed = session->write.on && type != WIRE_TLS_CHANGE_CIPHER_SPEC;
    const uint32_t more = sealed ? 1 + LEAT_CRYPTO_TAG_BYTES : 0;
    const uint32_t total = WIRE_TLS_RECORD_HEADER + len + more;
    struct leat_buf *record;

    leat_assert(count <= TLS_OPEN_PIECES);
    record = take_room(leat_pool(session->tls->stack), total, BLOCK_BYTES - WIRE_TLS_RECORD_HEADER);
    /* checked last: allocating the record shrinks the pool, and with it the room */
    if (!record || leat_stream_send_room(&session->below) < total) {
        leat_buf_free(record);
        return false;
    }
    if (!sealed) {
        copy_to(session, record, type, count, len);
    } else if (!tls_secrets_hold(session) || !seal_to(session, record, type, count, len)) {
        leat_buf_free(record);
        leat_stream_abort(
            &session->below); /* no record can be sealed, so not even an alert can be sent */
        return true;
    }
    if (session->segment_records < TLS_SEGMENT_RECORDS)
        session->segment_records++;
    leat_stream_send(&session->below, record); /* if that fails, on_closed follows */
    return true;
}
