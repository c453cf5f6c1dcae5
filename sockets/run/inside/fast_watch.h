/* fast_watch.h -- fast mode: the epolls of this process, and the connections in them. */
#ifndef RUN_INSIDE_FAST_WATCH_H
#define RUN_INSIDE_FAST_WATCH_H

#include "fast.h"

enum {
    FAST_NUMBERS = 65536 /* descriptors beyond aren't watched */
};

/* The program's words to an epoll about a descriptor. */
struct fast_watch {
    uint16_t serial; /* of the time when it was added */
    uint32_t number; /* of the slot */
    uint32_t generation;
    uint32_t events;
    epoll_data_t data;
};

/* A slot of a group. */
struct fast_member {
    uint8_t epoll; /* index, from 1; 0: none */
    bool refused;  /* bells are needed, for the life of the connection */
    int fd;
    uint32_t generation;
};

struct fast_epoll {
    int fd;
    uint32_t group; /* from 1; 0: unused */
    uint32_t waiting;
    uint32_t last; /* the slot that was told of last: others come first */
    bool kernels_turn;
    uint64_t again[FAST_WORDS]; /* slots to look at in the next call */
};

/* By descriptor, and by slot. With the lock. */
extern struct fast_watch fast_watches[FAST_NUMBERS];
extern struct fast_member fast_members[FAST_SLOTS];

void fast_watch_lock(void);
void fast_watch_unlock(void);

/* NULL: the descriptor is no epoll of ours. */
struct fast_epoll *fast_epoll_find(int fd);

/* The same, and it becomes one if it can. With the lock. */
struct fast_epoll *fast_epoll_make(int fd);

struct fast_group *fast_group_of(const struct fast_epoll *epoll);

/* The slot is to be looked at in the next call. */
void fast_look_again(struct fast_epoll *epoll, uint32_t number);

/* True: the slot is in the epoll's group. With the lock. */
bool fast_is_in(const struct fast_epoll *epoll, uint32_t number);

/* Puts it in, or takes it out of that of any. With the lock. */
void fast_join(struct fast_epoll *epoll, const struct fast *fast);
void fast_leave(uint32_t number);

/* Bells from now on, of all its slots. With the lock. */
void fast_share(struct fast_epoll *epoll);

#endif
