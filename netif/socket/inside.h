/*
 * inside.h -- declarations that the parts of the socket backend share.
 *
 * Each calls only those below it:  passt.c  socket.c  stream.c datagram.c connect.c  peer.c
 * framing.c unix.c
 */
#ifndef SOCKET_INSIDE_H
#define SOCKET_INSIDE_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <leat/socket.h>

#include "framing.h"

enum {
    RX_PIECES_MAX = 128, /* buffers of the pool that one system call fills */
    TX_FRAMES_MAX = 256, /* frames that wait while the peer doesn't read */
    PIECES_MAX = 1024,   /* in one system call: IOV_MAX */
    /* Linux hands over a write of up to a page's head and 32 KiB in one piece
     * (unix_stream_sendmsg()): the reader gets all of it or nothing.  Debian 12's passt loses the
     * framing when it gets a part of a frame. */
    WHOLE_WRITE_BYTES = 36544,
    MESSAGES_MAX = 32,  /* datagrams in one system call */
    RETRY_NS = 1000000, /* looks again for free buffers, or for room: 1 ms */
    /* Leaves room for longer headers of a reply in the same buffer, and puts the IP header, behind
     * a length of 4 bytes and 14 of Ethernet, on a multiple of 4. */
    RX_HEADROOM = LEAT_BUF_HEADROOM - 2
};

struct leat_socket {
    struct leat_netif netif; /* must be first: its address is also that of the struct */
    struct leat_posix *posix;
    int fd;        /* to the peer; -1: there is none */
    int listen_fd; /* -1: we don't listen */
    enum leat_socket_framing framing;
    bool starved; /* the last receive() found no buffers */
    bool more;    /* the last receive() stopped at frames_max */
    bool blocked; /* the peer doesn't read: frames wait */
    uint32_t frame_max;
    uint32_t starved_looks; /* one after another */
    /* in */
    uint32_t reach; /* buffers for the next read: as many as the last ones needed */
    struct framing stream;
    struct leat_buf *spare[PIECES_MAX]; /* within receive() */
    /* out */
    struct leat_buf *waiting[TX_FRAMES_MAX];
    uint8_t lengths[TX_FRAMES_MAX][FRAME_LENGTH_BYTES]; /* length field in front of each frame */
    bool has_length[TX_FRAMES_MAX]; /* the length field stands in the frame itself */
    uint32_t waiting_count;
    uint32_t written_bytes;          /* of the first waiting frame, with its length field */
    struct iovec pieces[PIECES_MAX]; /* for one system call, in either direction */
    struct mmsghdr messages[MESSAGES_MAX];
    struct leat_socket_counters counters;
    pid_t child; /* passt; 0: none */
    bool is_lost;
    char lost[LEAT_WHY_BYTES];
    char *unlink_path; /* path of our socket, removed at the end */
    char name[32];
};

/* peer.c: fills socket->spare with up to @count empty buffers; returns how many there are. */
uint32_t leat_socket_take_spare(struct leat_socket *socket, struct leat_pool *pool, uint32_t count);

/* Releases the spare buffers from index @used on, out of @count. */
void leat_socket_free_spare(struct leat_socket *socket, uint32_t used, uint32_t count);

/* The first @count waiting frames have been written, or are lost. */
void leat_socket_written(struct leat_socket *socket, uint32_t count);

/* All waiting frames are lost. */
void leat_socket_refuse_waiting(struct leat_socket *socket);

/* Ends the connection to the peer; a listening backend waits for the next. */
void leat_socket_hang_up(struct leat_socket *socket);

/* Hangs up because the peer has gone, or broke the framing; @format is the reason. */
void leat_socket_lose(struct leat_socket *socket, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Waits until the peer reads again, or ends waiting. */
void leat_socket_set_blocked(struct leat_socket *socket, bool blocked);

/* Ends passt; 0: there is none. */
void leat_socket_end_child(pid_t child);

/* stream.c, datagram.c: receive() of the two framings. */
uint32_t leat_socket_stream_receive(struct leat_socket *socket, struct leat_pool *pool,
                                    struct leat_buf **frames, uint32_t frames_max);
uint32_t leat_socket_datagram_receive(struct leat_socket *socket, struct leat_pool *pool,
                                      struct leat_buf **frames, uint32_t frames_max);

/* Writes down the length of the frame that waits at @index. */
void leat_socket_stream_put_length(struct leat_socket *socket, uint32_t index);

/* Writes waiting frames, as far as the peer reads. */
void leat_socket_stream_flush(struct leat_socket *socket);
void leat_socket_datagram_flush(struct leat_socket *socket);

/* connect.c: sets fd or listen_fd as @config says. */
enum leat_err leat_socket_connect(struct leat_socket *socket,
                                  const struct leat_socket_config *config,
                                  char why[LEAT_WHY_BYTES]);

/* Accepts a peer that connects.  False: there is none. */
bool leat_socket_accept(struct leat_socket *socket);

#endif
