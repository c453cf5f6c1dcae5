/* rings.h -- the two rings of a network interface as both domains see them (Xen,
 * public/io/ring.h and public/io/netif.h). */
#ifndef XEN_RINGS_H
#define XEN_RINGS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    XEN_RING_SLOTS = 256,   /* as many as fit into a page, rounded down to a power of two */
    XEN_FRAME_SLOTS = 18,   /* XEN_NETIF_NR_SLOTS_MIN: a frame may always have so many */
    XEN_FRAME_BYTES = 65535 /* XEN_NETIF_MAX_TX_SIZE: with all headers */
};

enum xen_tx_flags { /* of struct xen_tx_request */
    XEN_TX_CSUM_BLANK = 1,
    XEN_TX_DATA_VALIDATED = 2,
    XEN_TX_MORE_DATA = 4,
    XEN_TX_EXTRA_INFO = 8
};

enum xen_rx_flags { /* of struct xen_rx_response */
    XEN_RX_DATA_VALIDATED = 1,
    XEN_RX_CSUM_BLANK = 2,
    XEN_RX_MORE_DATA = 4,
    XEN_RX_EXTRA_INFO = 8
};

enum xen_status {
    XEN_STATUS_NULL = 1, /* of the slot that held extra information */
    XEN_STATUS_OKAY = 0
};

enum xen_extra_type {
    XEN_EXTRA_GSO = 1,
    XEN_EXTRA_GROUP_ADD = 2,
    XEN_EXTRA_GROUP_DEL = 3,
    XEN_EXTRA_TYPES = 6, /* one more than the last */
    XEN_EXTRA_MORE = 1   /* of its flags: another one follows */
};

enum xen_gso_type {
    XEN_GSO_TCPV4 = 1,
    XEN_GSO_TCPV6 = 2
};

struct xen_tx_request {
    uint32_t ref;
    uint16_t offset;
    uint16_t flags;
    uint16_t id;
    uint16_t size; /* in a frame's first request: of the whole frame */
};

struct xen_tx_response {
    uint16_t id;
    int16_t status;
};

struct xen_rx_request {
    uint16_t id;
    uint16_t pad;
    uint32_t ref;
};

struct xen_rx_response {
    uint16_t id;
    uint16_t offset;
    uint16_t flags;
    int16_t status; /* bytes, or an error */
};

/* Behind a frame's first slot, in a slot of its own. */
struct xen_extra {
    uint8_t type;
    uint8_t flags;
    union {
        struct {
            uint16_t gso_bytes; /* data of each segment */
            uint8_t gso_type;
            uint8_t pad;
            uint16_t features;
        };
        uint8_t group[6]; /* an address of Ethernet */
    };
};

union xen_tx_slot {
    struct xen_tx_request request;
    struct xen_tx_response response;
    struct xen_extra extra;
};

union xen_rx_slot {
    struct xen_rx_request request;
    struct xen_rx_response response;
    struct xen_extra extra;
};

struct xen_ring_head {
    uint32_t request_produced, request_event;
    uint32_t response_produced, response_event;
    uint8_t pad[48];
};

struct xen_tx_ring {
    struct xen_ring_head head;
    union xen_tx_slot slots[XEN_RING_SLOTS];
};

struct xen_rx_ring {
    struct xen_ring_head head;
    union xen_rx_slot slots[XEN_RING_SLOTS];
};

_Static_assert(sizeof(union xen_tx_slot) == 12, "the size of a slot is the protocol's");
_Static_assert(sizeof(union xen_rx_slot) == 8, "the size of a slot is the protocol's");
_Static_assert(sizeof(struct xen_ring_head) == 64, "the slots begin behind 64 bytes");

/* The private ends of one ring: our two indices, which are never read back. */
struct xen_ring {
    struct xen_ring_head *head;
    uint32_t requests;  /* filled in */
    uint32_t published; /* as far as the other domain was told */
    uint32_t responses; /* taken */
};

/* Slots that hold neither a request nor a response. */
static inline uint32_t xen_ring_room(const struct xen_ring *ring)
{
    return XEN_RING_SLOTS - (ring->requests - ring->responses);
}

/* An empty ring in the page of @head, which becomes zeros. */
void xen_ring_init(struct xen_ring *ring, struct xen_ring_head *head);

/* Shows the other domain what has been filled in; true: it wants an event. */
bool xen_ring_publish(struct xen_ring *ring);

/* Responses that can be taken; UINT32_MAX: more than there were requests. */
uint32_t xen_ring_ready(const struct xen_ring *ring);

/* Asks for an event once @count more responses are there than were taken; true: they are there
 * already. */
bool xen_ring_arm(struct xen_ring *ring, uint32_t count);

#endif
