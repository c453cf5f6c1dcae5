/*
 * glue.h -- leat for languages whose code is not to be called from C: callbacks become events,
 * which the caller takes after each poll.
 *
 * One thread at a time uses a stack and its items.  Nothing here waits: the caller waits for
 * glue_descriptor(), or for the time that glue_poll() has returned.  An item (a stream, a listener,
 * a socket, an answer) belongs to the caller until glue_release(), and stays valid after it was
 * closed or its stack was; each function then returns an error.
 *
 * The Go package and the OCaml library are made with this.
 */
#ifndef LEAT_GLUE_H
#define LEAT_GLUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/connect.h>
#include <leat/leat.h>
#include <leat/posix.h>
#include <leat/resolver.h>
#include <leat/stream.h>

enum {
    GLUE_READABLE = 1,    /**< a stream has data, or its end; a socket has a datagram or an error */
    GLUE_WRITABLE = 2,    /**< a stream has room */
    GLUE_OPENED = 4,      /**< a session of TLS is open */
    GLUE_CLOSED = 8,      /**< it is closed: by the peer, an error or its stack */
    GLUE_ACCEPTABLE = 16, /**< connections wait */
    GLUE_DONE = 32        /**< an answer is there: glue_connected(), glue_found() */
};

/** Results of glue_read() and glue_write() beside a number of bytes. */
enum {
    GLUE_WAIT = -1,  /**< nothing now: an event follows */
    GLUE_FAILED = -2 /**< glue_error() has the reason */
};

/** Addresses of a lookup; further ones are left out. */
enum {
    GLUE_FOUND_MAX = 32
};

/** Events that one glue_turn() tells. */
enum {
    GLUE_EVENTS = 32
};

struct glue;
struct glue_item;

/** The results of the last calls, for a language whose calls of C are dear: it reads them here. */
struct glue_state {
    uint64_t now_ns;  /**< the time of the last glue_turn() */
    uint64_t next_ns; /**< when it wants the next one; LEAT_NEVER_NS: only for input */
    bool has_more;    /**< the last glue_read() has left data, the end or an error */
    unsigned count;   /**< of events; GLUE_EVENTS: glue_take_events() may have more */
    struct glue_told {
        uint64_t number;
        unsigned events;
    } events[GLUE_EVENTS];
    uint32_t leads;      /**< odd: a thread leads; it is atomic, and grows by each change */
    uint32_t is_watched; /**< glue_watch() sleeps until leads changes; atomic */
};

/** The device and the addresses.  All texts and lists are copied. */
struct glue_config {
    int fd;                   /**< a connected UNIX socket, which is taken, also on error; or -1 */
    const char *path;         /**< the path of a UNIX socket; or NULL */
    const char *tap;          /**< the name of a TAP device; or NULL */
    bool passt;               /**< passt, with the first address and gateway */
    bool listen;              /**< wait for a peer at path */
    bool datagrams;           /**< a frame is a datagram of the socket */
    const char *const *tcp;   /**< passt: forwarded ports, ends with NULL; or NULL */
    const char *const *udp;   /**< the same for UDP */
    const char *addresses;    /**< with prefixes, a space between them */
    const char *gateways;     /**< of other addresses, the same */
    const char *name_servers; /**< that recurse, the same */
    const char *hosts;        /**< the text of a hosts file; or NULL */
    const char *search;       /**< domains for names without a dot; or NULL */
    uint32_t connections;     /**< at a time; 0: 4,096 */
    const uint8_t *seed;      /**< LEAT_SEED_BYTES, only for runs that shall be repeated; or NULL */
};

/** Opens a stack.  On error @p why says more. */
enum leat_err glue_open(struct glue **glue, const struct glue_config *config,
                        char why[LEAT_WHY_BYTES]);

/** Closes everything at once.  Items get GLUE_CLOSED.  It does nothing to one that is closed. */
void glue_close(struct glue *glue);

/** Gives up a stack that is closed; its memory is freed with the last of its items. */
void glue_free(struct glue *glue);

/** Readable when glue_poll() has something to do; valid until glue_close(). */
int glue_descriptor(const struct glue *glue);

/** Polls the stack; returns in how many ns it wants to be polled again: 0 at once, LEAT_NEVER_NS
 * only for input. */
uint64_t glue_poll(struct glue *glue);

/** The next item with events, as the number that it got from its caller, and its events; false:
 * none. */
bool glue_event(struct glue *glue, uint64_t *number, unsigned *events);

/** The state of a stack; valid as long as one of its items, and until glue_free(). */
struct glue_state *glue_state(struct glue *glue);

/** Polls the stack once, and takes events; glue_state() has the results. */
void glue_turn(struct glue *glue);

/** Takes further events. */
void glue_take_events(struct glue *glue);

/**
 * The calls of each request, with pointers as numbers: cgo checks each pointer, and allocates
 * memory for that. glue_at_write() polls once if bytes were queued.
 */
void glue_at_turn(uintptr_t glue);
void glue_at_wait(uintptr_t glue, uint64_t until_ns);
int64_t glue_at_read(uintptr_t item, uintptr_t bytes, size_t len);
int64_t glue_at_write(uintptr_t item, uintptr_t bytes, size_t len);

/** Lets glue_wait() and glue_watch() be used, which other threads may call at the same time as
 * anything but glue_close(). */
enum leat_err glue_wait_open(struct glue *glue);

/** Waits for input of the stack, a glue_kick(), or @p until_ns; it may return
 * early. */
void glue_wait(struct glue *glue, uint64_t until_ns);

/** Ends a glue_wait(); with several, at least one of them. */
void glue_kick(struct glue *glue);

/** Returns when no thread has led for a while, or after glue_watch_end(). */
void glue_watch(struct glue *glue);

/** To be called after a change of leads, if is_watched. */
void glue_watch_wake(struct glue *glue);

/** Ends glue_watch(), also later ones. */
void glue_watch_end(struct glue *glue);

/** Connects to a name or address.  GLUE_DONE follows; glue_cancel() ends it without. */
struct glue_item *glue_connect(struct glue *glue, uint64_t number, const char *host, uint16_t port,
                               enum leat_err *err);

/** The stream of a connect that is done, for the caller; NULL: glue_error() has the reason. */
struct glue_item *glue_connected(struct glue_item *item, uint64_t number);

/** Asks for the addresses of a name.  GLUE_DONE follows; glue_cancel() ends it without. */
struct glue_item *glue_lookup(struct glue *glue, uint64_t number, const char *name, uint16_t type,
                              enum leat_err *err);

/** The addresses of a lookup that is done; returns how many. */
unsigned glue_found(const struct glue_item *item, struct leat_ip found[GLUE_FOUND_MAX]);

/** Ends a connect or a lookup that is not done. */
void glue_cancel(struct glue_item *item);

/** Listens on an address and port; @p ip empty: on all addresses. */
struct glue_item *glue_listen(struct glue *glue, uint64_t number, const char *ip, uint16_t port,
                              uint16_t backlog, enum leat_err *err);

/** The next connection of a listener; NULL: none waits. */
struct glue_item *glue_accept(struct glue_item *item, uint64_t number);

/** Reads from a stream: a number of bytes, 0 at its end, GLUE_WAIT or GLUE_FAILED. */
int64_t glue_read(struct glue_item *item, void *bytes, size_t len);

/** Queues bytes: how many, GLUE_WAIT or GLUE_FAILED. */
int64_t glue_write(struct glue_item *item, const void *bytes, size_t len);

/** Ends our side of a stream. */
enum leat_err glue_end(struct glue_item *item);

/** Both ends of a stream, or ours of a listener or socket. */
void glue_ends(const struct glue_item *item, struct leat_endpoint *local,
               struct leat_endpoint *remote);

/** A socket of UDP; @p ip empty: on all addresses. */
struct glue_item *glue_udp(struct glue *glue, uint64_t number, const char *ip, uint16_t port,
                           enum leat_err *err);

/** Sends a datagram to @p peer. */
enum leat_err glue_send(struct glue_item *item, const void *bytes, size_t len,
                        const struct leat_endpoint *peer);

/** Takes a datagram, cut to @p len: its bytes, GLUE_WAIT, or GLUE_FAILED, also for an error of
 * ICMP. */
int64_t glue_receive(struct glue_item *item, void *bytes, size_t len, struct leat_endpoint *peer);

/** Makes a session of TLS of a stream, which is closed for the caller: as client of the server @p
 * name, with authorities in PEM. GLUE_OPENED or GLUE_CLOSED follows. */
struct glue_item *glue_tls_connect(struct glue_item *below, uint64_t number, const char *name,
                                   const void *authorities, size_t len, enum leat_err *err);

/** The same as server, with certificates and key in PEM. */
struct glue_item *glue_tls_accept(struct glue_item *below, uint64_t number,
                                  const void *certificates, size_t certificates_len,
                                  const void *key, size_t key_len, enum leat_err *err);

/** Closes an item; streams deliver what is queued, unless @p abort.  It does nothing to one that is
 * closed. */
void glue_end_item(struct glue_item *item, bool abort);

/** Ends it, and gives up the caller's reference. */
void glue_release(struct glue_item *item);

/** Why an item is closed, or failed; @p detail gets a text of up to LEAT_CONNECT_TEXT_BYTES, or an
 * empty one. */
enum leat_err glue_error(const struct glue_item *item, char *detail);

#endif
