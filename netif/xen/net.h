/*
 * net.h -- the inside of the backend: an interface, its queues, their rings and pages, its
 * counters.
 *
 * Theory of operation.  A queue is a pair of rings, with pages and an event channel of its own.  An
 * interface has one queue, or several if the other domain offers them.  The other domain chooses
 * the queue of a received frame, and the frame's flow that of a sent one, so a flow stays in order.
 *
 * All that the other domain can touch are the rings and the pages that were granted.  Our own words
 * (indices, which page is in which slot, which frame waits for which answers) lie elsewhere and are
 * never read back.  A response is copied once before it is looked at.
 *
 * A received frame's pages are taken back from the other domain before anything reads them, so the
 * stack never parses bytes that still change.  Then they are lent to the stack; short frames are
 * copied.  Pages of sent frames are granted for reading when they are first used, and stay granted:
 * each page of the window has a reference of its own, found by arithmetic.  Such a page may hold
 * other data beside the frame.  So this is done only for a trusted domain; for any other one each
 * slot has a page of its own, into which the frame is copied.
 */
#ifndef XEN_NET_H
#define XEN_NET_H

#include <leat/err.h>
#include <leat/xen.h>

#include "bus.h"
#include "rings.h"

enum {
    XEN_NET_RX_PAGES = 512, /* up to 256 in the ring, and 384 lent to the stack */
    XEN_NET_TX_PAGES = XEN_RING_SLOTS,
    XEN_NET_PAGES = 2 + XEN_NET_RX_PAGES + XEN_NET_TX_PAGES, /* of a queue, with its rings */
    XEN_NET_QUEUES = XEN_BUS_RINGS_MAX,
    XEN_NET_WINDOW_PAGES = 32768,                /* 128 MiB: 64 pages of the grant table */
    XEN_NET_GATHER_PIECES = XEN_FRAME_SLOTS / 2, /* a piece of a buffer lies in two pages at most */
    XEN_NET_GROUPS = 64,                         /* as many as Linux' backend knows */
    XEN_NET_NONE = 0xffff
};

/* A page for received frames. */
struct xen_rx_page {
    struct xen_queue *queue;
    uint16_t next; /* of the free ones */
};

/* A slot of the transmit ring that the other domain has not answered. */
struct xen_tx_entry {
    struct leat_buf *frame; /* in the frame's first entry; NULL: it was copied */
    uint16_t next;          /* of the frame's entries, or of the free ones */
    uint16_t head;          /* the frame's first entry; XEN_NET_NONE: free, or answered */
    uint16_t left;          /* in the first entry: those without an answer */
    bool is_group;          /* no frame: the other domain was told of a group */
};

/* A group of the stack. Free: neither of both. */
struct xen_group {
    struct leat_ip ip;   /* of IPv4: its four bytes first */
    struct leat_mac mac; /* the address of Ethernet that stands for it, and for others */
    bool wanted;         /* the stack has joined it */
    bool told;           /* the other domain knows it */
};

/* A frame of which some slots have come. */
struct xen_rx_chain {
    struct leat_buf *frame;
    uint16_t slots;
    uint16_t flags;     /* of the first one */
    uint16_t gso_bytes; /* 0: no super-frame */
    uint8_t gso_type;
    uint8_t extras;
    bool open; /* more slots belong to it */
    bool extra_is_next;
    bool bad;     /* it will be dropped */
    bool starved; /* for lack of a buffer */
};

/* First what is used most, because code for members that lie further back is longer. */
struct xen_queue {
    struct leat_xen *xen;
    struct xen_ring rx, tx;
    uint8_t *pages; /* XEN_NET_PAGES, aligned */
    uint32_t ref;   /* of the first of them */
    uint32_t port;
    bool more;        /* the last receive() left responses in the ring */
    bool starved;     /* not a single page is in the ring */
    uint16_t rx_free; /* first free page, or XEN_NET_NONE */
    uint16_t rx_free_count;
    uint16_t tx_free; /* first free entry */
    uint16_t tx_free_count;
    struct xen_rx_chain chain;
    uint16_t rx_slots[XEN_RING_SLOTS]; /* page of each slot, or XEN_NET_NONE */
    struct xen_rx_page rx_pages[XEN_NET_RX_PAGES];
    struct xen_tx_entry tx_entries[XEN_NET_TX_PAGES];
};

struct leat_xen {
    struct leat_netif netif; /* must be first: its address is also that of the struct */
    struct xen_machine *machine;
    struct xen_store *store;
    uint32_t queue_count; /* in use; 0: there is no connection */
    uint32_t turn;        /* the queue from which the next receive() takes first */
    bool lost;
    bool direct;         /* sent frames lie where they are: the domain is trusted */
    bool filters;        /* the other domain hands over frames of groups that it knows only */
    bool all_groups;     /* it shall not: there are too many groups */
    bool groups_pending; /* it must be told of some */
    bool comes_back;     /* the connection ends in order to be made again */
    bool no_offload, untrusted;
    uint8_t slots_max; /* of a frame that is sent, without extra information */
    struct xen_queue *queues[XEN_NET_QUEUES]; /* NULL: there is no memory for it, or not yet */
    uint32_t queues_max;
    uint32_t features;     /* enum xen_bus_feature, of the first connection */
    uint32_t window_pages; /* behind `window` */
    uintptr_t window;      /* first address whose page has a reference of its own */
    struct leat_xen_counters counters;
    const char *why_lost; /* NULL: it isn't, or was closed */
    struct xen_bus bus;
    /* Takes memory for a queue; NULL, the pointer too: there is no more of it.  It may be called
     * while the interface is opened: later all memory is the program's. */
    struct xen_queue *(*take_queue)(struct leat_xen *xen);
    struct leat_metal *metal;                           /* for take_queue() */
    uint32_t window_granted[XEN_NET_WINDOW_PAGES / 32]; /* a bit for each page */
    struct xen_group groups[XEN_NET_GROUPS];
};

static inline struct leat_xen *xen_of(struct leat_netif *netif)
{
    return (void *)netif; /* its first member */
}

/* ---- pages and references ----------------------------------------------------------------- */

static inline struct xen_tx_ring *xen_tx_ring(const struct xen_queue *queue)
{
    return (void *)queue->pages;
}

static inline struct xen_rx_ring *xen_rx_ring(const struct xen_queue *queue)
{
    return (void *)(queue->pages + XEN_PAGE_BYTES);
}

static inline uint8_t *xen_rx_bytes(const struct xen_queue *queue, uint32_t page)
{
    return queue->pages + (size_t)(2 + page) * XEN_PAGE_BYTES;
}

static inline uint8_t *xen_tx_bytes(const struct xen_queue *queue, uint32_t entry)
{
    return queue->pages + (size_t)(2 + XEN_NET_RX_PAGES + entry) * XEN_PAGE_BYTES;
}

/* A queue's references are in the order of its pages; behind all queues come those of the window.
 */
static inline uint32_t xen_ref_of(const struct xen_queue *queue, const uint8_t *page)
{
    return queue->ref + (uint32_t)((size_t)(page - queue->pages) / XEN_PAGE_BYTES);
}

static inline uint32_t xen_window_ref(const struct leat_xen *xen, uintptr_t page)
{
    return xen->machine->ref_first + xen->queues_max * XEN_NET_PAGES + (uint32_t)page;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* Brings up xen->machine's interface @number: waits for the other domain, and fills in the facts.
 * The rest of @xen is zero; `store`, `take_queue`, `queues_max`, `window`, `window_pages` and the
 * configuration are set. */
enum leat_err xen_net_start(struct leat_xen *xen, unsigned number, const struct leat_mac *mac,
                            uint16_t mtu, const char **why);

/* ---- connect.c ---------------------------------------------------------------------------- */

/* Does what the handshake asks for: connects, takes down, gives up. */
void xen_net_serve(struct leat_xen *xen, uint64_t now_ns);

/* The same, if there is anything to do. */
void xen_net_look(struct leat_xen *xen, uint64_t now_ns);

/* Ends the use of a domain that broke the rules of its rings. */
void xen_net_fail(struct leat_xen *xen);

/* Takes back what the other domain has. */
void xen_net_disconnect(struct leat_xen *xen);

/* ---- pages.c ------------------------------------------------------------------------------ */

/* Makes a page free. */
void xen_rx_give(struct xen_queue *queue, uint32_t page);

/* The same for struct xen_rx_page: a release function for leat_buf_lend(). */
void xen_rx_returned(void *page);

/* Takes the page of @slot back from the other domain.  False: it doesn't let go, and the page is
 * lost. */
bool xen_rx_revoke(struct xen_queue *queue, uint32_t slot);

/* ---- entries.c ---------------------------------------------------------------------------- */

/* All slots of the frame whose first entry is @head have been answered. */
void xen_tx_end(struct xen_queue *queue, uint16_t head);

/* ---- groups.c ----------------------------------------------------------------------------- */

/* Begins with a connection: the other domain knows no group. */
void xen_groups_open(struct leat_xen *xen);

/* Looks whether @frame, which the stack sends, says that it has joined or left a group. */
void xen_groups_read(struct leat_xen *xen, const struct leat_buf *frame);

/* Tells the other domain of changes, as far as there is room. */
void xen_groups_tell(struct leat_xen *xen);

/* ---- flow.c ------------------------------------------------------------------------------- */

/* A number that all frames of the flow of @frame have in common. */
uint32_t xen_flow_of(const struct leat_buf *frame);

/* ---- a queue ------------------------------------------------------------------------------ */

/* All pages are free, and belong to queue @number of @xen: at the start. */
void xen_queue_init(struct xen_queue *queue, struct leat_xen *xen, uint32_t number);

/* Empty rings and full lists, for a new connection. */
void xen_queue_rx_open(struct xen_queue *queue);
void xen_queue_tx_open(struct xen_queue *queue);

/* Grants free pages and publishes them. */
void xen_queue_rx_fill(struct xen_queue *queue);

/* Take back every page and every frame; granted pages of the window stay. */
void xen_queue_rx_close(struct xen_queue *queue);
void xen_queue_tx_close(struct xen_queue *queue);

/* Takes up to @frames_max frames out of the ring. */
uint32_t xen_queue_receive(struct xen_queue *queue, struct leat_pool *pool,
                           struct leat_buf **frames, uint32_t frames_max);

/* Frames for which @queue has room. */
uint32_t xen_queue_room(const struct xen_queue *queue);

/* Frees the frames that the other domain has answered.  False: it broke the rules. */
bool xen_queue_collect(struct xen_queue *queue);

/* Puts a frame into the ring, and takes it; or loses it, if there is no room. */
void xen_queue_send(struct xen_queue *queue, struct leat_buf *frame);

/* Adds an address to the other domain's groups, or takes it away.  False: there is no room. */
bool xen_queue_send_group(struct xen_queue *queue, enum xen_extra_type what,
                          const struct leat_mac *mac);

/* ---- queues.c ----------------------------------------------------------------------------- */

uint32_t xen_net_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                         struct leat_buf **frames, uint32_t frames_max);
uint32_t xen_net_transmit_room(struct leat_netif *netif);
void xen_net_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                      uint32_t frame_count);

#endif
