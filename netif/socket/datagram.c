/* datagram.c -- frames to and from a datagram socket: many of them per system call. */
#include <errno.h>
#include <string.h>

#include "inside.h"

/* ---- in ----------------------------------------------------------------------------------- */

/* Buffers for the longest frame and one byte more, which shows that a frame exceeds the MTU. */
static uint32_t buffers_for_one(const struct leat_socket *socket, const struct leat_pool *pool)
{
    const uint32_t room = leat_pool_buf_bytes(pool) - RX_HEADROOM;

    return (socket->frame_max + room) / room;
}

/* Makes a frame of the @len bytes in @count spare buffers from @first on; NULL: it can't be one.
 * Unneeded buffers are freed. */
static struct leat_buf *take_datagram(struct leat_socket *socket, uint32_t first, uint32_t count,
                                      uint32_t len)
{
    struct leat_buf *frame = NULL, **end = &frame;
    const bool is_short = len<FRAME_MIN, is_long = len> socket->frame_max;
    uint32_t left = is_short || is_long ? 0 : len;

    socket->counters.rx_short += is_short;
    socket->counters.rx_long += is_long;
    for (uint32_t i = first; i < first + count; i++) {
        struct leat_buf *buf = socket->spare[i];
        const uint32_t here = leat_buf_tailroom(buf) < left ? leat_buf_tailroom(buf) : left;

        if (here == 0) {
            leat_buf_free(buf);
            continue;
        }
        leat_buf_put(buf, here);
        left -= here;
        *end = buf;
        end = &buf->next;
    }
    return frame;
}

/* Reads up to @wanted datagrams, each into @each buffers; returns how many came. */
static int read_datagrams(struct leat_socket *socket, uint32_t wanted, uint32_t each)
{
    struct mmsghdr *messages = socket->messages;
    struct iovec *pieces = socket->pieces;
    int got;

    for (uint32_t i = 0; i < wanted; i++) {
        for (uint32_t k = i * each; k < (i + 1) * each; k++)
            pieces[k] = (struct iovec){socket->spare[k]->data, leat_buf_tailroom(socket->spare[k])};
        messages[i] =
            (struct mmsghdr){.msg_hdr = {.msg_iov = &pieces[i * each], .msg_iovlen = each}};
    }
    do
        /* MSG_TRUNC makes msg_len the length of the whole datagram, even if it was cut to the
         * buffers. */
        got = recvmmsg(socket->fd, messages, wanted, MSG_DONTWAIT | MSG_TRUNC, NULL);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno != EAGAIN && errno != ECONNREFUSED) /* refused: the peer isn't there yet */
        leat_socket_lose(socket, "%s: %s", socket->name, strerror(errno));
    return got < 0 ? 0 : got;
}

uint32_t leat_socket_datagram_receive(struct leat_socket *socket, struct leat_pool *pool,
                                      struct leat_buf **frames, uint32_t frames_max)
{
    const uint32_t each = buffers_for_one(socket, pool);
    const uint32_t fit = PIECES_MAX / each; /* buffers have 256 bytes at least: never 0 */
    uint32_t wanted = frames_max < MESSAGES_MAX ? frames_max : MESSAGES_MAX, spares, count = 0;
    int got;

    wanted = wanted < fit ? wanted : fit;
    spares = leat_socket_take_spare(socket, pool, wanted * each);
    wanted = each <= spares ? spares / each : 0;
    got = wanted > 0 ? read_datagrams(socket, wanted, each) : 0;
    for (int i = 0; i < got; i++) {
        frames[count] =
            take_datagram(socket, (uint32_t)i * each, each, socket->messages[i].msg_len);
        count += frames[count] != NULL;
    }
    leat_socket_free_spare(socket, (uint32_t)got * each, spares);
    socket->counters.rx_calls += got > 0;
    socket->starved = wanted == 0;
    socket->counters.rx_starved += socket->starved;
    socket->more = got > 0 && (uint32_t)got == wanted;
    return count;
}

/* ---- out ---------------------------------------------------------------------------------- */

/* Lists waiting frames for a system call; returns how many it takes. */
static uint32_t gather(struct leat_socket *socket)
{
    uint32_t used = 0, count = 0;

    for (; count < socket->waiting_count && count < MESSAGES_MAX; count++) {
        const uint32_t first = used;

        for (const struct leat_buf *piece = socket->waiting[count]; piece; piece = piece->next) {
            if (used == PIECES_MAX)
                return count;
            socket->pieces[used++] = (struct iovec){piece->data, piece->len};
        }
        socket->messages[count] = (struct mmsghdr){
            .msg_hdr = {.msg_iov = &socket->pieces[first], .msg_iovlen = used - first}};
    }
    return count;
}

/* One system call; false: the peer accepts no more for now. */
static bool write_datagrams(struct leat_socket *socket)
{
    const uint32_t count = gather(socket);
    int put;

    if (count == 0) { /* more pieces than a system call takes */
        socket->counters.tx_refused++;
        leat_socket_written(socket, 1);
        return true;
    }
    put = sendmmsg(socket->fd, socket->messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == ENOBUFS))
        return false;
    if (put < 0 && errno == EINTR)
        return true;
    if (put < 0) { /* no peer, or too long for it: lost, as on a wire */
        socket->counters.tx_refused++;
        put = 1;
    } else {
        socket->counters.tx_calls++;
    }
    leat_socket_written(socket, (uint32_t)put);
    return true;
}

void leat_socket_datagram_flush(struct leat_socket *socket)
{
    while (socket->waiting_count > 0 && write_datagrams(socket)) {
    }
    leat_socket_set_blocked(socket, socket->waiting_count > 0);
}
