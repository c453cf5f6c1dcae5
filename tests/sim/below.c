/* below.c -- the TCP side of an encrypted session. */
#include "below.h"

#include <stdlib.h>
#include <string.h>

#include "early.h"
#include "sim.h"
#include "tls.h"

enum {
    HEADER_BYTES = 5,
    CHANGE_CIPHER_SPEC = 20,
    ALERT = 21,
    HANDSHAKE = 22,
    APPLICATION_DATA = 23,
    RECORD_BYTES_MAX = 16384 + 256,
    ALWAYS_ROOM = 1 << 20
};

/* ---- sent bytes --------------------------------------------------------------------------- */

/* Checks record headers by RFC 8446 5.1 and 5.2: after the first record that hides its type, all
 * do. */
static void look_at_record(struct sim_below *below)
{
    const uint8_t *header = below->sent + below->record_end;
    const uint32_t len = (uint32_t)(header[3] << 8 | header[4]);
    const uint8_t type = header[0];

    if (type < CHANGE_CIPHER_SPEC || type > APPLICATION_DATA || header[1] != 3 || header[2] > 3 ||
        len == 0 || len > RECORD_BYTES_MAX)
        sim_fail(below->side->sim, "c%u end %u: sends what is no record", below->side->pair,
                 below->side->end);
    /* a provider that has failed may leave an alert without a key */
    if (below->sealed && type != APPLICATION_DATA &&
        !(type == ALERT && sim_tls_has_trouble(below->side)) &&
        !(type == HANDSHAKE && below->side->early_offered && !below->again))
        sim_fail(below->side->sim, "c%u end %u: sends a record of type %u behind encrypted ones",
                 below->side->pair, below->side->end, type);
    below->again = below->again || (below->sealed && type == HANDSHAKE);
    below->sealed = type == APPLICATION_DATA || (below->sealed && type != HANDSHAKE);
    below->record_at = below->record_end;
    below->record_end += HEADER_BYTES + len;
}

static void grow(struct sim_below *below, uint64_t len)
{
    if (len > below->size) {
        below->sent = realloc(below->sent, 2 * len);
        below->known = realloc(below->known, 2 * len * sizeof *below->known);
        if (!below->sent || !below->known)
            abort();
        memset(below->known + below->size, 0, (2 * len - below->size) * sizeof *below->known);
        below->size = 2 * len;
    }
    below->len = len > below->len ? len : below->len;
}

static bool is_known(const struct sim_below *below, uint64_t at, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        if (at + i >= below->len || !below->known[at + i])
            return false;
    }
    return true;
}

static void look_at_records(struct sim_below *below)
{
    while (is_known(below, below->record_end, HEADER_BYTES))
        look_at_record(below);
}

static void keep(struct sim_below *below, const struct leat_buf *data)
{
    const uint64_t at = below->len;
    const uint32_t total = leat_buf_total(data);

    grow(below, at + total);
    leat_buf_read(data, 0, below->sent + at, total);
    memset(below->known + at, true, total * sizeof *below->known);
    look_at_records(below);
}

bool sim_below_see(struct sim_below *below, uint64_t offset, const uint8_t *bytes, uint32_t len)
{
    if (offset + len > below->len && sim_below_is_between(below->side))
        return false;
    grow(below, offset + len);
    for (uint32_t i = 0; i < len; i++) {
        if (below->known[offset + i] && below->sent[offset + i] != bytes[i])
            return false;
        below->sent[offset + i] = bytes[i];
        below->known[offset + i] = true;
    }
    look_at_records(below);
    return true;
}

/* Changes byte @at of the stream, if it is in @payload and matters: the version of an unencrypted
 * record doesn't (RFC 8446 5.1). */
static void flip(struct sim_below *below, const struct leat_buf *payload, uint64_t at)
{
    const uint32_t total = leat_buf_total(payload);
    const uint64_t from = below->len - total;
    const bool early =
        below->sent[below->record_at] == APPLICATION_DATA && sim_early_is_sent(below->side);

    if (at < from || at >= below->len || below->flipped)
        return;
    if (below->sent[below->record_at] != APPLICATION_DATA && at >= below->record_at + 1 &&
        at <= below->record_at + 2)
        at = below->record_at;
    if (at < from)
        return;
    below->sent[at] ^= 1;
    for (uint64_t skip = at - from; payload; skip -= payload->len, payload = payload->next) {
        if (skip < payload->len) {
            payload->data[skip] ^= 1;
            break;
        }
    }
    below->flipped = true;
    below->flipped_early = early;
    sim_say(below->side->sim, "c%u end %u: byte %llu is changed on its way", below->side->pair,
            below->side->end, (unsigned long long)at);
}

/* Keeps the bytes before byte @at, and drops all after it from now on. */
static struct leat_buf *cut(struct sim_below *below, struct leat_buf *data, uint64_t at)
{
    const uint32_t total = leat_buf_total(data);
    const uint32_t left = at > below->len ? (uint32_t)(at - below->len) : 0;
    struct leat_buf *first = left > 0 ? leat_buf_slice(data, 0, left) : NULL;

    sim_say(below->side->sim, "c%u end %u: its stream is cut", below->side->pair, below->side->end);
    below->cut = below->ended = true;
    below->lost_bytes = total - leat_buf_total(first);
    leat_buf_free(data);
    return first;
}

static enum leat_err send_buf(void *end, struct leat_buf *data)
{
    struct sim_below *below = end;
    const struct sim_plan *plan = below->side->plan;
    const uint64_t cut_at = plan->cut_at[below->side->end];
    const uint64_t flip_at = plan->flip_at[below->side->end];
    struct leat_tcp_info info;

    leat_tcp_get_info(below->conn, &info);
    if (below->cut) {
        below->lost_bytes += leat_buf_total(data);
        leat_buf_free(data);
        return LEAT_OK;
    }
    /* in SYN-SENT it would be an abort (RFC 9293 3.10.4) */
    if (cut_at > 0 && below->len + leat_buf_total(data) >= cut_at && !below->ended &&
        info.state >= LEAT_TCP_ESTABLISHED)
        data = cut(below, data, cut_at - 1);
    if (data) {
        keep(below, data);
        if (flip_at > 0)
            flip(below, data, flip_at - 1);
        leat_tcp_send(below->conn, data);
    }
    if (below->cut)
        leat_tcp_shutdown(below->conn);
    return LEAT_OK;
}

static enum leat_err write_bytes(void *end, const void *bytes, size_t len, size_t *taken)
{
    struct sim_below *below = end;

    (void)bytes;
    (void)len;
    *taken = 0;
    sim_fail(below->side->sim, "c%u end %u: a session copies", below->side->pair, below->side->end);
    return LEAT_ERR_ARGUMENT;
}

static uint32_t send_room(void *end)
{
    const struct sim_below *below = end;

    return below->cut ? ALWAYS_ROOM : leat_tcp_send_room(below->conn);
}

static void want_room(void *end, uint32_t bytes)
{
    const struct sim_below *below = end;

    if (!below->cut)
        leat_tcp_want_room(below->conn, bytes);
}

/* ---- passed on to TCP unchanged ----------------------------------------------------------- */

static struct leat_buf *receive(void *end, uint32_t bytes_max)
{
    return leat_tcp_receive(((struct sim_below *)end)->conn, bytes_max);
}

static void consumed(void *end, uint32_t bytes)
{
    leat_tcp_consumed(((struct sim_below *)end)->conn, bytes);
}

static uint32_t readable(const void *end)
{
    return leat_tcp_readable(((const struct sim_below *)end)->conn);
}

static bool at_end(const void *end)
{
    return leat_tcp_at_end(((const struct sim_below *)end)->conn);
}

static enum leat_err shut_down(void *end)
{
    struct sim_below *below = end;

    below->ended = true;
    return below->cut ? LEAT_OK : leat_tcp_shutdown(below->conn);
}

static enum leat_err close_below(void *end)
{
    struct sim_below *below = end;

    below->ended = true;
    return leat_tcp_close(below->conn);
}

static void abort_below(void *end)
{
    leat_tcp_abort(((struct sim_below *)end)->conn);
}

static void set_events(void *end, const struct leat_tcp_events *events, void *arg)
{
    leat_tcp_set_events(((struct sim_below *)end)->conn, events, arg);
}

static struct leat_stream_progress progress(const void *end)
{
    const struct leat_stream stream = leat_stream_of_tcp(((const struct sim_below *)end)->conn);

    return leat_stream_progress(&stream);
}

static struct leat *stack_of(const void *end)
{
    return leat_tcp_stack(((const struct sim_below *)end)->conn);
}

static struct leat_ip peer_of(const void *end)
{
    const struct leat_stream stream = leat_stream_of_tcp(((const struct sim_below *)end)->conn);

    return leat_stream_peer(&stream);
}

static const struct leat_stream_ops ops = {.send_room = send_room,
                                           .want_room = want_room,
                                           .send = send_buf,
                                           .write = write_bytes,
                                           .receive = receive,
                                           .consumed = consumed,
                                           .readable = readable,
                                           .at_end = at_end,
                                           .shutdown = shut_down,
                                           .close = close_below,
                                           .abort = abort_below,
                                           .set_events = set_events,
                                           .progress = progress,
                                           .stack = stack_of,
                                           .peer = peer_of};

bool sim_below_is_between(const struct sim_side *side)
{
    return side->plan->cut_at[side->end] > 0 || side->plan->flip_at[side->end] > 0;
}

struct leat_stream sim_below_open(struct sim_below *below, struct sim_side *side,
                                  struct leat_tcp *conn)
{
    memset(below, 0, sizeof *below);
    below->side = side;
    below->conn = conn;
    return sim_below_is_between(side) ? (struct leat_stream){&ops, below}
                                      : leat_stream_of_tcp(conn);
}

void sim_below_close(struct sim_below *below)
{
    free(below->sent);
    free(below->known);
    below->sent = NULL;
    below->known = NULL;
}
