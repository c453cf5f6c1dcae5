/*
 * stream.c -- frames to and from a stream socket.
 *
 * One read fills as many buffers as the last ones needed, and twice as many when it filled them
 * all. One write takes as many frames as the kernel hands over in one piece.  The peer may cut both
 * anywhere.
 */
#include <errno.h>
#include <string.h>

#include "inside.h"

enum {
    REACH_MIN = 2,
    STARVED_LOOKS_MAX = 64 /* then the incomplete frame gives its buffers back */
};

/* ---- in ----------------------------------------------------------------------------------- */

/* Passes the bytes that the kernel has read into the spare buffers to the parser. */
static void put_read(struct leat_socket *socket, uint32_t len, uint32_t count)
{
    uint32_t used = 0;

    for (; len > 0; used++) {
        struct leat_buf *buf = socket->spare[used];
        const uint32_t room = leat_buf_tailroom(buf);
        const uint32_t here = len < room ? len : room;

        leat_buf_put(buf, here);
        leat_framing_put(&socket->stream, buf);
        len -= here;
    }
    leat_socket_free_spare(socket, used, count);
    if (used == socket->reach)
        socket->reach = 2 * used < RX_PIECES_MAX ? 2 * used : RX_PIECES_MAX;
    else if (used < socket->reach / 4)
        socket->reach = socket->reach / 2 > REACH_MIN ? socket->reach / 2 : REACH_MIN;
}

/* Reads once.  False: there is no more data for now.  True: *@drained tells if this was all. */
static bool read_stream(struct leat_socket *socket, struct leat_pool *pool, bool *drained)
{
    const uint32_t count = leat_socket_take_spare(socket, pool, socket->reach);
    size_t room = 0;
    ssize_t got;

    socket->starved = count == 0;
    if (socket->starved)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        socket->pieces[i] =
            (struct iovec){socket->spare[i]->data, leat_buf_tailroom(socket->spare[i])};
        room += socket->pieces[i].iov_len;
    }
    do
        got = readv(socket->fd, socket->pieces, (int)count);
    while (got < 0 && errno == EINTR);
    if (got <= 0) {
        const int error = errno;

        leat_socket_free_spare(socket, 0, count);
        if (got == 0 || error == ECONNRESET) /* reset: it left without having read everything */
            leat_socket_lose(socket, "%s: the peer has closed the connection", socket->name);
        else if (error != EAGAIN)
            leat_socket_lose(socket, "%s: %s", socket->name, strerror(error));
        return false;
    }
    socket->counters.rx_calls++;
    put_read(socket, (uint32_t)got, count);
    *drained = (size_t)got < room;
    return true;
}

/* The pool is empty: input waits in the kernel.  An incomplete frame must not hold half of the pool
 * meanwhile. */
static void be_starved(struct leat_socket *socket)
{
    socket->counters.rx_starved++;
    if (++socket->starved_looks < STARVED_LOOKS_MAX)
        return;
    socket->starved_looks = 0;
    leat_framing_give_up(&socket->stream);
}

/* The stream has an impossible length: reports what it may be instead. */
static void lose_framing(struct leat_socket *socket)
{
    const uint32_t word = socket->stream.broken_word;
    const uint32_t len = word & ~(FRAME_MARKED | FRAME_NEVER_ON_A_WIRE);
    const bool is_marked = word & FRAME_MARKED;

    if (len <= FRAME_LIMIT && is_marked != socket->stream.marked)
        leat_socket_lose(socket, "%s: the peer %s checksums: both ends must have marks, or neither",
                         socket->name, is_marked ? "leaves out" : "doesn't leave out");
    else
        leat_socket_lose(socket, "%s: the peer announced a frame of %u bytes: no such framing",
                         socket->name, (unsigned)word);
}

uint32_t leat_socket_stream_receive(struct leat_socket *socket, struct leat_pool *pool,
                                    struct leat_buf **frames, uint32_t frames_max)
{
    uint32_t count = 0, reads = 0;
    bool drained = false;

    socket->starved = false;
    while (count < frames_max && !socket->starved && socket->fd >= 0) {
        const enum framing_result result = leat_framing_take(&socket->stream, pool, &frames[count]);

        if (result == FRAMING_FRAME) {
            count++;
        } else if (result == FRAMING_NO_MEMORY) {
            socket->starved = true;
        } else if (result == FRAMING_BROKEN) {
            lose_framing(socket);
        } else if (drained || reads++ == frames_max || !read_stream(socket, pool, &drained)) {
            break;
        }
    }
    if (socket->starved)
        be_starved(socket);
    else
        socket->starved_looks = 0;
    socket->more = count == frames_max || reads > frames_max;
    return count;
}

/* ---- out ---------------------------------------------------------------------------------- */

/* It goes in front of the frame, unless another view shows the bytes there. */
void leat_socket_stream_put_length(struct leat_socket *socket, uint32_t index)
{
    struct leat_buf *frame = socket->waiting[index];
    const struct leat_buf *owner = frame->owner;
    const bool writable = owner->refs == 1 && owner->start == (const uint8_t *)(owner + 1);
    uint32_t word = leat_buf_total(frame);
    uint8_t *bytes = socket->lengths[index];

    socket->has_length[index] = writable && leat_buf_headroom(frame) >= FRAME_LENGTH_BYTES;
    if (socket->has_length[index])
        bytes = leat_buf_push(frame, FRAME_LENGTH_BYTES);
    if (socket->stream.marked)
        word |=
            FRAME_MARKED | (frame->checksum == LEAT_CHECKSUM_PARTIAL ? FRAME_NEVER_ON_A_WIRE : 0);
    bytes[0] = (uint8_t)(word >> 24);
    bytes[1] = (uint8_t)(word >> 16);
    bytes[2] = (uint8_t)(word >> 8);
    bytes[3] = (uint8_t)word;
}

/* Adds a piece of @len bytes; *@done bytes are written already and skipped. */
static bool add_piece(struct leat_socket *socket, uint32_t *count, uint8_t *data, uint32_t len,
                      uint32_t *done)
{
    if (*done >= len) {
        *done -= len;
        return true;
    }
    if (*count == PIECES_MAX)
        return false;
    socket->pieces[(*count)++] = (struct iovec){data + *done, len - *done};
    *done = 0;
    return true;
}

/* With its length, whether that lies in the frame or not. */
static uint32_t bytes_of(const struct leat_socket *socket, uint32_t index)
{
    return leat_buf_total(socket->waiting[index]) +
           (socket->has_length[index] ? 0 : FRAME_LENGTH_BYTES);
}

static bool add_frame(struct leat_socket *socket, uint32_t *count, uint32_t index, uint32_t *done)
{
    if (!socket->has_length[index] &&
        !add_piece(socket, count, socket->lengths[index], FRAME_LENGTH_BYTES, done))
        return false;
    for (const struct leat_buf *piece = socket->waiting[index]; piece; piece = piece->next)
        if (!add_piece(socket, count, piece->data, piece->len, done))
            return false;
    return true;
}

/* How many of the waiting frames are complete once @bytes more are written. */
static uint32_t count_written(struct leat_socket *socket, size_t bytes)
{
    size_t left = socket->written_bytes + bytes;
    uint32_t count = 0;

    for (; count < socket->waiting_count; count++) {
        const size_t len = bytes_of(socket, count);

        if (left < len)
            break;
        left -= len;
    }
    socket->written_bytes = (uint32_t)left;
    return count;
}

/* One system call; false: the peer accepts no more, or has gone. */
static bool write_stream(struct leat_socket *socket)
{
    struct msghdr message = {.msg_iov = socket->pieces};
    uint32_t count = 0, done = socket->written_bytes, bytes = 0;
    ssize_t put;

    for (uint32_t i = 0; i < socket->waiting_count; i++) {
        bytes += bytes_of(socket, i);
        if ((i > 0 && bytes - socket->written_bytes > WHOLE_WRITE_BYTES) ||
            !add_frame(socket, &count, i, &done))
            break;
    }
    message.msg_iovlen = count;
    put = sendmsg(socket->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR)
        return true;
    if (put < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM))
        return false; /* without memory, too: a frame that it has a part of goes on */
    if (put < 0)      /* what it sent before is still to be read */
        leat_socket_written(socket, socket->waiting_count);
    if (put < 0)
        return false;
    socket->counters.tx_calls++;
    leat_socket_written(socket, count_written(socket, (size_t)put));
    return true;
}

void leat_socket_stream_flush(struct leat_socket *socket)
{
    while (socket->waiting_count > 0 && write_stream(socket)) {
    }
    leat_socket_set_blocked(socket, socket->waiting_count > 0);
}
