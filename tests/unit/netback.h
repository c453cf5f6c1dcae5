/*
 * netback.h -- a model of the domain that serves a network interface of Xen, and of its hypervisor:
 * grants, an event channel, xenstored, a clock, and both rings.
 *
 * The model obeys the rules unless a test breaks them.  It reaches the driver's memory by grants
 * only, so a page that was not granted, or that was taken back, is one that the model can't read.
 */
#ifndef NETBACK_H
#define NETBACK_H

#include "unit.h"

#include "core/pool.h"
#include "net.h"

enum {
    NETBACK_REFS_FIRST = 8,
    NETBACK_WINDOW_PAGES = 64,
    NETBACK_WINDOW_REF = NETBACK_REFS_FIRST + XEN_NET_QUEUES * XEN_NET_PAGES,
    NETBACK_REFS = NETBACK_WINDOW_REF + NETBACK_WINDOW_PAGES,
    NETBACK_PORT = 7, /* the first event channel */
    NETBACK_PORTS = 16,
    NETBACK_KEYS = 64,
    NETBACK_WATCHES = 4,
    NETBACK_DOMAIN = 3,
    NETBACK_GROUPS = 64,
    NETBACK_SMALL =
        600, /* small buffers of the pool: as many pages can be lent, but for a reserve */
    NETBACK_FRAME_BYTES = 65535 + 20
};

struct netback_grant {
    const uint8_t *page; /* NULL: not granted */
    uint16_t domain;
    bool read_only;
    bool mapped; /* the other domain has it mapped: it can't be taken back */
};

struct netback_key {
    char path[XEN_STORE_PATH_MAX];
    char value[2 * XEN_STORE_VALUE_MAX];
};

/* How the store answers. */
enum netback_store {
    NETBACK_STORE_GOOD,
    NETBACK_STORE_SILENT,
    NETBACK_STORE_STILL /* doesn't even take requests out of the ring */
};

/* A frame that the driver has sent. */
struct netback_frame {
    uint32_t len;
    uint16_t flags; /* of the first request */
    unsigned slots;
    struct xen_extra extra; /* type 0: none */
    uint8_t bytes[NETBACK_FRAME_BYTES];
};

/* A pair of rings. */
struct netback_queue {
    struct xen_ring_head *tx_head, *rx_head; /* NULL: not connected */
    uint32_t tx_taken, rx_taken;
    uint32_t port;
};

struct netback {
    struct xen_machine machine; /* first: its address is also that of the struct */
    uint64_t now_ns;
    struct netback_grant grants[NETBACK_REFS];
    unsigned notified, ports_open;
    uint32_t notified_port;    /* the last one */
    unsigned ports_max;        /* then there is no event channel left */
    unsigned memory_of_queues; /* then there is no memory left */
    /* xenstored */
    struct xen_store_ring *store;
    struct netback_key keys[NETBACK_KEYS];
    unsigned key_count;
    enum netback_store store_how;
    uint8_t request[sizeof(struct xen_store_head) + XEN_STORE_PAYLOAD_MAX];
    uint32_t request_len;
    char watches[NETBACK_WATCHES][XEN_STORE_PATH_MAX];
    unsigned watch_count;
    bool no_watches;        /* the quota of watches is used up */
    const char *next_state; /* the other domain's, as soon as the present one was read; or NULL */
    unsigned stranger;      /* answers to other requests that come before each answer */
    /* the other domain */
    bool follows;        /* it reacts to the driver's state, as Linux' netback does */
    const char *backend; /* the other domain's folder, with a slash */
    void (*connect)(void), (*disconnect)(void);
    struct netback_queue queues[XEN_NET_QUEUES];
    unsigned queue_count;        /* connected */
    struct netback_queue *queue; /* that the functions below use */
    struct netback_frame frame;
    /* if it was asked to filter, it hands over the frames of these alone */
    struct leat_mac groups[NETBACK_GROUPS];
    unsigned group_count;
    unsigned groups_max; /* then it refuses more */
};

extern struct netback netback;

/* An interface that is ready, with all features. */
void netback_init(void);

/* The value of a key; NULL: there is none. "~/" in front stands for the other domain's folder. */
const char *netback_key(const char *path);
void netback_set(const char *path, const char *value); /* NULL: removes it */
uint32_t netback_number(const char *path);

/* Answers all requests that are in the store's ring. */
void netback_serve_store(void);

/* Writes @len bytes into the store's ring as they are. */
void netback_store_bytes(const void *bytes, uint32_t len);

/* The page of a reference that the other domain may read, or write; NULL: it may not. */
uint8_t *netback_page(uint32_t ref, bool writes);

/* Puts @len bytes into the next page that the driver has given.  False: there is none. */
bool netback_put(const void *bytes, uint32_t len, uint16_t flags);
/* The same with an offset and a status of its own. */
bool netback_put_raw(const void *bytes, uint32_t len, uint16_t offset, uint16_t flags,
                     int16_t status);
bool netback_put_extra(struct xen_extra extra);

/* Reads the next frame that the driver has sent into `frame`, and answers it.  False: there is
 * none.  Changes of groups are made on the way. */
bool netback_take(int16_t status);

/* True if it would hand over frames to this group of Ethernet. */
bool netback_hears(const char *mac);

/* The driver under test. */
struct xen_world {
    struct leat_xen xen;
    struct xen_store store;
    struct leat_pool pool;
    struct xen_queue queues[XEN_NET_QUEUES];
    uint8_t pages[XEN_NET_QUEUES][(size_t)XEN_NET_PAGES * XEN_PAGE_BYTES]
        __attribute__((aligned(4096)));
    /* the pool lies in the window */
    uint8_t memory[(size_t)NETBACK_WINDOW_PAGES * XEN_PAGE_BYTES] __attribute__((aligned(4096)));
};

extern struct xen_world xen_world;

enum leat_err xen_world_start(const char **why);
/* With a configuration: @how is or-ed of these. */
enum {
    XEN_WORLD_NO_OFFLOAD = 1,
    XEN_WORLD_UNTRUSTED = 2
};
void xen_world_prepare(unsigned how);

/* One look of the driver, @ms later; and one each 50 ms. */
void xen_world_look(unsigned ms);
void xen_world_look_for(unsigned seconds);

#endif
