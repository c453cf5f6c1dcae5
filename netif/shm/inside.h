/* inside.h -- declarations that the parts of the shared-memory backend share. */
#ifndef SHM_INSIDE_H
#define SHM_INSIDE_H

#include <leat/shm.h>

#include "ring.h"

enum {
    SHM_VERSION = 2,
    SHM_HEAD_BYTES = 4096, /* in front of the bytes of the two rings */
    SHM_RING_BYTES_MAX = 64 * 1024 * 1024,
    FRAME_OVERHEAD = 14 + 4 /* Ethernet, and a VLAN tag */
};

/* The head of the shared memory; the bytes of both rings follow. */
struct shm_memory {
    struct ring_shared rings[2]; /* the first: from the connecting end to the listening one */
    uint8_t unused[SHM_HEAD_BYTES - 2 * sizeof(struct ring_shared)];
    uint8_t bytes[];
};

/* The first message of the connecting end, with the memfd: in the machine's byte order. */
struct shm_hello {
    char magic[8];
    uint32_t version;
    uint32_t mtu;
    uint32_t ring_bytes; /* of each ring: a power of two */
    uint32_t zero;
};

/* A byte on the socket. */
enum shm_bell {
    SHM_WAKE, /* look at the rings */
    /* the others are the last message of an end that closes */
    SHM_OTHER_HELLO, /* no hello, or of another version */
    SHM_OTHER_MTU,
    SHM_BAD_MEMORY,
    SHM_BROKE_RULES
};

struct leat_shm {
    struct leat_netif netif; /* must be first: its address is also that of the struct */
    struct leat_posix *posix;
    int fd;            /* to the peer; -1: there is none */
    int listen_fd;     /* -1: we don't listen */
    bool takes_memory; /* the peer makes the memory */
    bool starved;      /* the last receive() found too few buffers */
    bool more;         /* receive() shall be called again at once */
    bool blocked;      /* a ring is full */
    uint32_t frame_max;
    uint32_t starved_looks; /* one after another */
    uint64_t busy_poll_ns;
    uint64_t busy_until_ns;
    struct shm_memory *memory; /* NULL: the peer hasn't handed it over yet */
    size_t memory_bytes;
    struct ring rx, tx;
    struct leat_shm_counters counters;
    bool is_lost;
    char lost[LEAT_WHY_BYTES];
    char *unlink_path; /* of a socket of ours, removed at the end */
    char name[32];
};

/* meet.c: makes the memory and hands it over. */
enum leat_err leat_shm_introduce(struct leat_shm *shm, char why[LEAT_WHY_BYTES]);

/* Takes the memory that the peer hands over.  SHM_WAKE: it is there, or none has come yet; any
 * other result: why it was refused. */
enum shm_bell leat_shm_meet(struct leat_shm *shm);

/* True for memory that can't disappear under us: the peer can't shrink it, and it isn't backed by a
 * file system of the peer's or by pages that may run out. */
bool leat_shm_is_safe(int memfd, uint32_t ring_bytes);

/* Unmaps the memory. */
void leat_shm_part(struct leat_shm *shm);

#endif
