/*
 * fast_stream.c -- fast mode: between the rings of a connection and TCP.
 *
 * The same as stream.c does with the kernel's socket, of which only bells, fillers and the end of
 * the program's side are left.
 */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FILLERS_MAX = 65536 /* of a turn: a program has a few hundred on the way */
};

/* ---- up -------------------------------------------------------------------------------------- */

/* Hands one part of the ring to TCP. False: the ring is empty, or TCP or the pool is full. */
static bool move_part(struct sock *sock)
{
    struct iovec pieces[STREAM_PIECES_MAX];
    const struct fast_ring ring = fast_ring(sock->slot, FAST_UP);
    const uint32_t room = leat_tcp_send_room(sock->conn), used = fast_used(ring);
    uint32_t moved = 0;
    struct leat_buf *data;
    int count;

    if (room == 0 || used == 0)
        return false;
    data = stream_buffers(room < used ? room : used, pieces, &count);
    if (!data) {
        leat_tcp_want_room(sock->conn, 1);
        return false;
    }
    for (int i = 0; i < count; i++) {
        fast_get(fast_rings_of(sock->slot)->up, fast_head_at(ring, moved), pieces[i].iov_base,
                 (uint32_t)pieces[i].iov_len);
        moved += (uint32_t)pieces[i].iov_len;
    }
    atomic_store(&ring.taker->head, atomic_load(&ring.taker->head) + moved);
    return leat_tcp_send(sock->conn, data) == LEAT_OK;
}

static void move_up(struct sock *sock)
{
    while (sock->conn && !sock->up_ended && move_part(sock))
        ;
}

/* A program that writes without the library would lose its data. */
static bool is_data(const char *bytes, ssize_t count)
{
    while (count > 0)
        if (bytes[--count] != 0)
            return true;
    return false;
}

static void refuse_data(struct sock *sock)
{
    static bool said;

    if (!said)
        fprintf(stderr, "leat-run: data that was written past the C library is lost; run the "
                        "program without --fast\n");
    said = true;
    sock->up_over = sock->gone = true;
    if (sock->conn)
        leat_tcp_abort(sock->conn);
}

static bool is_closed(const struct sock *sock)
{
    struct pollfd look = {.fd = sock->fd};

    return poll(&look, 1, 0) == 1 && (look.revents & POLLHUP) && !sock->down_ended;
}

/* Takes fillers, and notices the end of the program's side. */
static void read_fillers(struct sock *sock)
{
    static char bytes[FILLERS_MAX];
    size_t count = 0;

    while (sock->can_read && !sock->up_over) {
        const ssize_t got = recv(sock->fd, bytes, sizeof bytes, MSG_DONTWAIT);

        count += got > 0 ? (size_t)got : 0;
        if (got > 0 && (is_data(bytes, got) || count >= FILLERS_MAX)) {
            refuse_data(sock);
        } else if (got < 0 && errno == EAGAIN) {
            sock->can_read = false;
        } else if (got <= 0) { /* ECONNRESET: closed, and a bell was unread */
            sock->up_over = true;
            sock->gone = got < 0 || is_closed(sock);
        }
    }
}

void fast_up(struct sock *sock)
{
    const struct fast_ring ring = fast_ring(sock->slot, FAST_UP);

    if (sock->state != SOCK_OPEN || sock->fd < 0)
        return;
    if (atomic_load(&sock->slot->shut) & FAST_SHUT_READ)
        sock->gone = true;
    move_up(sock);
    if (atomic_load(&ring.giver->wants)) {
        if (fast_used(ring) > FAST_RING_BYTES / 2)
            return; /* the fillers stay: the program can't write yet */
        atomic_store(&ring.giver->wants, 0);
    }
    read_fillers(sock);
    if (!sock->up_over)
        return;
    move_up(sock); /* what was written before the end */
    if (sock->conn && !sock->up_ended && fast_used(ring) == 0)
        stream_close_up(sock);
}

/* ---- down ------------------------------------------------------------------------------------ */

void fast_bell(struct sock *sock)
{
    if (atomic_exchange(&sock->slot->bell, 1) || sock->down_ended)
        return;
    if (send(sock->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
        (errno == EPIPE || errno == ECONNRESET))
        sock->gone = true;
}

bool fast_down(struct sock *sock)
{
    const struct fast_ring ring = fast_ring(sock->slot, FAST_DOWN);
    uint32_t room = fast_room(ring), put = 0, at;

    if (room == 0) {
        atomic_store(&ring.giver->wants, 1);
        room = fast_room(ring);
    }
    at = fast_tail_at(ring);
    for (const struct leat_buf *buf = sock->pending; buf && put < room; buf = buf->next) {
        const uint32_t part = buf->len < room - put ? buf->len : room - put;

        fast_put(fast_rings_of(sock->slot)->down, (at + put) % FAST_RING_BYTES, buf->data, part);
        put += part;
    }
    if (put == 0)
        return false;
    atomic_store(&ring.giver->tail, atomic_load(&ring.giver->tail) + put);
    if (sock->conn)
        leat_tcp_consumed(sock->conn, put);
    sock->pending = leat_buf_consume(sock->pending, put);
    fast_post(sock);
    return true;
}

bool fast_is_unread(struct sock *sock)
{
    const struct fast_ring ring = fast_ring(sock->slot, FAST_DOWN);

    if (!sock->conn)
        atomic_store(&sock->slot->ended, 1);
    if (sock->gone || fast_used(ring) == 0)
        return false;
    fast_bell(sock); /* if the program closes now, it is unread, which tells us */
    if (sock->gone)
        return false;
    atomic_store(&ring.giver->wants, 1);
    return fast_used(ring) > 0;
}
