/* transfer.c -- read, recv, recvfrom, recvmsg, write, send, sendto, sendmsg: data in and out. */
#include "sockets.h"

#include "flow.h"
#include "loan.h"
#include "names.h"

#include <string.h>

enum {
    PIECE_BYTES = 4096
};

/* ---- receive ------------------------------------------------------------------------------ */

/* Complains unless the first @len bytes of @data are the peer's data from @at on. */
static bool is_sent_data(struct calling *calling, const struct leat_buf *data, uint32_t len,
                         uint32_t at)
{
    uint8_t bytes[PIECE_BYTES];

    for (uint32_t done = 0; done < len;) {
        const uint32_t want = len - done < PIECE_BYTES ? len - done : PIECE_BYTES;
        const uint32_t got = leat_buf_read(data, done, bytes, want);

        for (uint32_t i = 0; i < got; i++) {
            if (bytes[i] != flow_byte(at + done + i)) {
                call_complain(calling, "byte %u of the data is not what the peer sent",
                              at + done + i);
                return false;
            }
        }
        done += got;
    }
    return true;
}

/* Takes data from the stack until @bytes_max were seen. It is not consumed, so the window
 * stays as it is. False: it is wrong. */
static bool see_data(struct calling *calling, uint32_t bytes_max)
{
    struct sock *sock = calling->sock;
    struct leat_buf *data;
    bool right;

    if (!sock->conn || sock->shut_read || bytes_max <= sock->peeked_bytes)
        return true;
    data = leat_tcp_receive(sock->conn, bytes_max - sock->peeked_bytes);
    right = is_sent_data(calling, data, leat_buf_total(data), sock->read_at + sock->peeked_bytes);
    sock->peeked_bytes += leat_buf_total(data);
    leat_buf_free(data);
    return right;
}

/* Consumes data that was seen. */
static void consume(struct sock *sock, uint32_t len)
{
    if (sock->conn)
        leat_tcp_consumed(sock->conn, len);
    sock->read_at += len;
    sock->peeked_bytes -= len;
}

static bool read_tcp(struct calling *calling, uint32_t bytes_max, bool nonblocking, bool peek)
{
    struct sock *sock = calling->sock;
    uint32_t len;

    if (bytes_max == 0 && sock->conn && leat_tcp_readable(sock->conn) > 0)
        return call_returns(calling, 0);
    if (!see_data(calling, bytes_max))
        return true;
    len = sock->peeked_bytes < bytes_max ? sock->peeked_bytes : bytes_max;
    if (len > 0) {
        if (!peek)
            consume(sock, len);
        call_returns(calling, len);
        call_check_header(calling, 0);
        return true;
    }
    if (sock->error)
        return call_fails_with_pending(calling, 0);
    if (sock->shut_read || sock->ended || (sock->conn && leat_tcp_at_end(sock->conn)))
        return call_returns(calling, 0);
    if (!sock->conn)
        return call_fails(calling, LINUX_ENOTCONN);
    return call_would_block(calling, nonblocking);
}

static bool read_udp(struct sockets *sockets, struct calling *calling, uint32_t bytes_max,
                     bool nonblocking, bool peek)
{
    struct sock *sock = calling->sock;
    struct datagram first;
    uint32_t len;

    if (sock->error)
        return call_fails_with_pending(calling, 0);
    if (sock->datagram_count == 0)
        return call_would_block(calling, nonblocking);
    first = sock->datagrams[0];
    len = leat_buf_total(first.payload) < bytes_max ? leat_buf_total(first.payload) : bytes_max;
    call_note_udp(sockets, sock, &first.peer);
    if (is_sent_data(calling, first.payload, len, 0)) {
        call_returns(calling, len);
        call_check_header(calling, len < leat_buf_total(first.payload) ? LINUX_MSG_TRUNC : 0);
    }
    if (!peek) {
        memmove(sock->datagrams, sock->datagrams + 1, --sock->datagram_count * sizeof first);
        leat_buf_free(first.payload);
    }
    return true;
}

/* False: a flag that is not supported. */
static bool flags_are_known(struct calling *calling, int64_t flags)
{
    static const int64_t own[CALL_COUNT] = {
        [CALL_RECV] = LINUX_MSG_PEEK,
        [CALL_RECVFROM] = LINUX_MSG_PEEK,
        [CALL_RECVMSG] = LINUX_MSG_PEEK | LINUX_MSG_ERRQUEUE,
        [CALL_SEND] = LINUX_MSG_ZEROCOPY,
        [CALL_SENDTO] = LINUX_MSG_FASTOPEN | LINUX_MSG_ZEROCOPY,
        [CALL_SENDMSG] = LINUX_MSG_FASTOPEN | LINUX_MSG_ZEROCOPY,
    };

    if ((flags & ~(LINUX_MSG_DONTWAIT | LINUX_MSG_NOSIGNAL | own[calling->call->kind])) == 0)
        return true;
    call_complain(calling,
                  "not supported: flags but MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK, MSG_ZEROCOPY, "
                  "recvmsg's MSG_ERRQUEUE, and MSG_FASTOPEN of sendto and sendmsg");
    return false;
}

bool call_read(struct sockets *sockets, struct calling *calling)
{
    const struct message message = call_message(calling);
    const bool nonblocking = calling->sock->nonblocking || (message.flags & LINUX_MSG_DONTWAIT);
    const bool peek = message.flags & LINUX_MSG_PEEK;

    if (!flags_are_known(calling, message.flags))
        return true;
    if (message.flags & LINUX_MSG_ERRQUEUE)
        return call_take_notice(calling);
    if (calling->sock->kind == SOCK_UDP)
        return read_udp(sockets, calling, message.len, nonblocking, peek);
    return read_tcp(calling, message.len, nonblocking, peek);
}

/* ---- send --------------------------------------------------------------------------------- */

static uint32_t fill(uint8_t bytes[PIECE_BYTES], uint32_t at, uint32_t len)
{
    const uint32_t count = len < PIECE_BYTES ? len : PIECE_BYTES;

    for (uint32_t i = 0; i < count; i++)
        bytes[i] = flow_byte(at + i);
    return count;
}

/* Queues the rest of @len bytes, as far as there is room. */
static enum leat_err queue_data(struct calling *calling, uint32_t len)
{
    struct sock *sock = calling->sock;
    uint8_t bytes[PIECE_BYTES];

    while (calling->done_bytes < len) {
        const uint32_t left = len - calling->done_bytes;
        const uint32_t count = fill(bytes, sock->written_at, left);
        size_t taken;
        const enum leat_err err = leat_tcp_write(sock->conn, bytes, count, &taken);

        if (err != LEAT_OK && err != LEAT_ERR_FULL)
            return err;
        calling->done_bytes += (uint32_t)taken;
        sock->written_at += (uint32_t)taken;
        if (taken < count)
            break;
    }
    return LEAT_OK;
}

/* The same with memory that is lent to the stack until the peer has acknowledged it. */
static enum leat_err lend_data(struct sockets *sockets, struct calling *calling, uint32_t len)
{
    struct sock *sock = calling->sock;
    enum leat_err err = LEAT_OK;

    while (err == LEAT_OK && calling->done_bytes < len) {
        const uint32_t left = len - calling->done_bytes, room = leat_tcp_send_room(sock->conn);
        const uint32_t fits = left < room ? left : room;
        const uint32_t count = fits < PIECE_BYTES ? fits : PIECE_BYTES;
        struct leat_buf *data =
            count > 0 ? loan_make(sock, leat_pool(sockets->machine->stack), sock->written_at, count)
                      : 0;

        if (!data)
            break;
        err = leat_tcp_send(sock->conn, data);
        if (err == LEAT_OK) {
            calling->done_bytes += count;
            sock->written_at += count;
        }
    }
    if (calling->done_bytes < len)
        leat_tcp_want_room(sock->conn, 1);
    return err == LEAT_ERR_FULL ? LEAT_OK : err;
}

static enum leat_err put_data(struct sockets *sockets, struct calling *calling,
                              const struct message *message)
{
    if (calling->sock->zero_copy && (message->flags & LINUX_MSG_ZEROCOPY))
        return lend_data(sockets, calling, message->len);
    return queue_data(calling, message->len);
}

/* sendto() of a socket without a connection begins one, and its data waits for it: with
 * MSG_FASTOPEN, or after TCP_FASTOPEN, as on FreeBSD. */
static bool opens_with_data(const struct sock *sock, const struct message *message)
{
    return !sock->conn && !sock->ended && message->peer &&
           (sock->fast_open || (message->flags & LINUX_MSG_FASTOPEN));
}

/* MSG_FASTOPEN: the data waits for the SYN, which is sent in the next poll. Without data it
 * is a connect() that requests a cookie. */
static bool open_with_data(struct sockets *sockets, struct calling *calling,
                           const struct message *message)
{
    const struct leat_endpoint remote =
        call_endpoint(sockets->settings, message->peer, sockets->settings->remote_ip,
                      sockets->settings->connect_port);
    enum leat_err err;

    calling->sock->fast_open = true; /* overrides the stack's setting */
    err = call_begin_connect(sockets, calling->sock, &remote);
    if (err == LEAT_OK && message->len == 0)
        return call_fails(calling, LINUX_EINPROGRESS);
    if (err == LEAT_OK)
        err = put_data(sockets, calling, message);
    return err == LEAT_OK ? call_returns(calling, calling->done_bytes)
                          : call_fails(calling, sock_errno(err));
}

static bool write_tcp(struct sockets *sockets, struct calling *calling,
                      const struct message *message, bool nonblocking)
{
    struct sock *sock = calling->sock;
    enum leat_err err = LEAT_OK;

    if (sock->error)
        return call_fails_with_pending(calling, 0);
    if (sock->ended || sock->shut_write || (!sock->conn && !sock->connecting))
        return call_fails(calling, LINUX_EPIPE);
    if (!sock->connecting)
        err = put_data(sockets, calling, message);
    if (err != LEAT_OK)
        return call_fails(calling, sock_errno(err));
    if (calling->done_bytes == message->len || (nonblocking && calling->done_bytes > 0))
        return call_returns(calling, calling->done_bytes);
    return call_would_block(calling, nonblocking);
}

/* All of a datagram at once; the pool's buffers hold what it needs. */
static struct leat_buf *datagram_of(struct sockets *sockets, uint32_t len)
{
    struct leat_pool *pool = leat_pool(sockets->machine->stack);
    uint8_t bytes[PIECE_BYTES];
    struct leat_buf *payload = leat_buf_copy(pool, bytes, fill(bytes, 0, len));

    for (uint32_t done = PIECE_BYTES; payload && done < len; done += PIECE_BYTES) {
        struct leat_buf *more = leat_buf_copy(pool, bytes, fill(bytes, done, len - done));

        if (!more) {
            leat_buf_free(payload);
            return 0;
        }
        leat_buf_append(payload, more);
    }
    return payload;
}

static bool write_udp(struct sockets *sockets, struct calling *calling, uint32_t len,
                      const struct value *to)
{
    struct sock *sock = calling->sock;
    struct leat_buf *payload;
    enum leat_err err;

    if (sock->error)
        return call_fails_with_pending(calling, 0);
    if (!sock->connected && !to)
        return call_fails(calling, LINUX_EDESTADDRREQ);
    payload = datagram_of(sockets, len);
    if (!to || (to->kind == VALUE_ELLIPSIS && sock->connected)) {
        err = leat_udp_send(sock->udp, payload);
        call_note_udp(sockets, sock, 0);
    } else {
        const struct leat_endpoint peer = call_endpoint(
            sockets->settings, to, sockets->settings->remote_ip, sockets->settings->connect_port);

        err = leat_udp_send_to(sock->udp, payload, &peer);
        call_note_udp(sockets, sock, &peer);
    }
    return err == LEAT_OK ? call_returns(calling, len) : call_fails(calling, sock_errno(err));
}

/* One try of a sending call; true: it has returned. */
static bool send_message(struct sockets *sockets, struct calling *calling,
                         const struct message *message)
{
    struct sock *sock = calling->sock;
    const bool nonblocking = sock->nonblocking || (message->flags & LINUX_MSG_DONTWAIT);

    if (sock->kind == SOCK_UDP)
        return write_udp(sockets, calling, message->len, message->peer);
    if (opens_with_data(sock, message))
        return open_with_data(sockets, calling, message);
    return write_tcp(sockets, calling, message, nonblocking);
}

bool call_write(struct sockets *sockets, struct calling *calling)
{
    const struct message message = call_message(calling);
    bool done;

    if (!message.is_pattern)
        return call_complain(calling, "the data of a packet is the runner's: write ...");
    if (!flags_are_known(calling, message.flags))
        return true;
    done = send_message(sockets, calling, &message);
    if (done)
        loan_end_call(calling->sock, calling->done_bytes > 0);
    return done;
}
