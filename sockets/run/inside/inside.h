/*
 * inside.h -- the library that leat-run preloads into a program.
 *
 * It keeps no state but guesses about descriptors, which every use that matters checks: all other
 * facts are in the names of the kernel's sockets (protocol.h) and at the server.  So dup(), fork(),
 * exec(), threads and signal handlers need no care.
 */
#ifndef RUN_INSIDE_H
#define RUN_INSIDE_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "../protocol.h"

#define EXPORT __attribute__((visibility("default")))

void *next_of(const char *name);

/* Calls the next definition of a function, usually the C library's. */
#define NEXT(name)                                                                                 \
    ((__typeof__(&name))__extension__({                                                            \
        static void *_Atomic next;                                                                 \
        void *known = atomic_load_explicit(&next, memory_order_relaxed);                           \
                                                                                                   \
        if (!known) {                                                                              \
            known = next_of(#name);                                                                \
            atomic_store_explicit(&next, known, memory_order_relaxed);                             \
        }                                                                                          \
        known;                                                                                     \
    }))

/* The result of a call that ends with that errno; 0: success. */
static inline int fail(int error)
{
    if (!error)
        return 0;
    errno = error;
    return -1;
}

/* ---- descriptor.c: which descriptors are ours ------------------------------------------------ */

enum kind {
    KIND_UNKNOWN,
    KIND_FOREIGN,
    KIND_STREAM,
    KIND_DATAGRAM,
    KIND_DATAGRAM_TO /* only as a guess: it has a peer */
};

/* A socket of ours, as its names tell. */
struct ours {
    enum kind kind;
    char family; /* '4' or '6' */
    bool accepted;
    bool connected; /* to the server */
    struct run_id id;
    struct run_accepted ends; /* of an accepted one */
};

/* True if leat-run has started this process, or one that has started it. */
bool runs(void);

/* RUN; runs() must be true. */
const char *run_name(void);

/* The identity of the server, for those that connect to us. */
bool is_server(int fd);

/* The kind of a descriptor, without a system call if it was seen before. It may be outdated. */
enum kind kind_guess(int fd);

/* Sets or, with KIND_UNKNOWN, forgets the guess. */
void kind_note(int fd, enum kind kind);

/* Asks the kernel. False: it isn't ours; errno is what it was. */
bool ours_look(int fd, struct ours *ours);

/* The same; false for a descriptor that kind_guess() takes for foreign. */
bool ours_find(int fd, struct ours *ours);

/* ---- ask.c: calls of the server -------------------------------------------------------------- */

/* Sends the request, whose call, endpoint, level, name, value, len and data are set, about @ours
 * (NULL: about no socket). 0, or an errno. */
int ask(const struct ours *ours, struct run_request *request, struct run_reply *reply);

/* The reason why a connection ended, as an errno; 0: none, or it was asked before. */
int ask_why(const struct ours *ours);

/* The descriptor of the shared memory; -1: there is none. */
int ask_map(void);

/* Wakes the server. */
void ask_nothing(void);

/* ---- address.c ------------------------------------------------------------------------------- */

/* Reads an address for a socket of that family. 0, or an errno. */
int endpoint_read(char family, const struct sockaddr *address, socklen_t len,
                  struct run_endpoint *endpoint);

/* Writes it as getsockname() does: cut off at *@len, which becomes the full length. */
void endpoint_write(char family, const struct run_endpoint *endpoint, struct sockaddr *address,
                    socklen_t *len);

/* A socket that isn't bound to anything: its name. */
struct run_endpoint endpoint_any(char family);

/* ---- watches.c: epoll's watches of a descriptor -----------------------------------------------
 */

enum {
    WATCHES_MAX = 8 /* others are lost */
};

struct watches {
    struct watch {
        int epoll;
        struct epoll_event event;
    } of[WATCHES_MAX];
    unsigned count;
};

/* Finds those that this process knows. */
void watches_find(int fd, struct watches *found);

/* Makes them again. */
void watches_make(int fd, const struct watches *found);

/* ---- datagram.c ------------------------------------------------------------------------------ */

ssize_t datagram_receive(int fd, const struct ours *ours, struct msghdr *message, int flags);
ssize_t datagram_send(int fd, const struct ours *ours, const struct msghdr *message, int flags);

/* An error that waits in front of the datagrams, which is taken away; 0: none. */
int datagram_error(int fd);

/* ---- control.c ------------------------------------------------------------------------------- */

/* Writes the control data of a received datagram, after msg_controllen has told the room for it. */
void control_write(struct msghdr *message, char family, const struct run_datagram *header);

/* Reads that of one to send. 0, or an errno. */
int control_read(const struct msghdr *message, struct run_datagram *header);

/* ---- stream.c -------------------------------------------------------------------------------- */

ssize_t stream_receive(int fd, struct msghdr *message, int flags);
ssize_t stream_send(int fd, const struct msghdr *message, int flags);

#endif
