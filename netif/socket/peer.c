/*
 * peer.c -- shared by both framings: buffers to read into, waiting frames, and the peer's end.
 *
 * Frames that the peer doesn't take wait in socket->waiting, in their order. With a stream, the
 * first of them may be written in part: written_bytes counts that.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"

uint32_t leat_socket_take_spare(struct leat_socket *socket, struct leat_pool *pool, uint32_t count)
{
    uint32_t have = 0;

    while (have < count && (socket->spare[have] = leat_buf_alloc(pool, RX_HEADROOM)))
        have++;
    return have;
}

void leat_socket_free_spare(struct leat_socket *socket, uint32_t used, uint32_t count)
{
    while (used < count)
        leat_buf_free(socket->spare[--count]); /* the last first: the next is the first again */
}

void leat_socket_written(struct leat_socket *socket, uint32_t count)
{
    const uint32_t left = socket->waiting_count - count;

    for (uint32_t i = 0; i < count; i++)
        leat_buf_free(socket->waiting[i]);
    /* The three arrays have one entry for each waiting frame. */
    memmove(socket->waiting, socket->waiting + count, left * sizeof socket->waiting[0]);
    memmove(socket->lengths, socket->lengths + count, left * sizeof socket->lengths[0]);
    memmove(socket->has_length, socket->has_length + count, left * sizeof socket->has_length[0]);
    socket->waiting_count = left;
}

void leat_socket_refuse_waiting(struct leat_socket *socket)
{
    socket->counters.tx_refused += socket->waiting_count;
    leat_socket_written(socket, socket->waiting_count);
    socket->written_bytes = 0;
}

void leat_socket_hang_up(struct leat_socket *socket)
{
    if (socket->fd < 0)
        return;
    if (socket->posix)
        leat_posix_unwatch(socket->posix, socket->fd);
    /* The listening socket wasn't watched while there was a peer. The next one may come now. */
    if (socket->posix && socket->listen_fd >= 0)
        leat_posix_watch(socket->posix, socket->listen_fd, true);
    close(socket->fd);
    socket->fd = -1;
    socket->blocked = false;
    leat_framing_reset(&socket->stream);
    leat_socket_refuse_waiting(socket);
}

void leat_socket_lose(struct leat_socket *socket, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(socket->lost, sizeof socket->lost, format, arguments);
    va_end(arguments);
    /* A listener outlives its peers: it isn't lost, but waits for the next one. */
    socket->is_lost = socket->listen_fd < 0;
    leat_socket_hang_up(socket);
}

void leat_socket_set_blocked(struct leat_socket *socket, bool blocked)
{
    if (blocked != socket->blocked && socket->posix && socket->fd >= 0)
        leat_posix_watch_output(socket->posix, socket->fd, blocked);
    socket->blocked = blocked && socket->fd >= 0;
}

void leat_socket_end_child(pid_t child)
{
    if (child <= 0)
        return;
    /* Only a child that leat_passt_open() has started, and that was not waited for: its number is
     * its own. */
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
}
