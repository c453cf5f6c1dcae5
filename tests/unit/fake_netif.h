/* fake_netif.h -- a backend made of two arrays: scripted frames to receive, and the sent frames. */
#ifndef FAKE_NETIF_H
#define FAKE_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/netif.h>

enum {
    FAKE_FRAME_BYTES = 2048,
    FAKE_RX_MAX = 64,
    FAKE_TX_MAX = 1024
};

/* Kinds of frames that the stack counts when it sends them; FAKE_OTHER: not counted. */
enum fake_kind {
    FAKE_OTHER,
    FAKE_ARP_REQUEST,
    FAKE_ARP_REPLY,
    FAKE_ROUTER_SOLICITATION,
    FAKE_SOLICITATION,
    FAKE_ADVERTISEMENT,
    FAKE_REPORT,
    FAKE_KINDS
};

struct fake_frame {
    uint8_t bytes[FAKE_FRAME_BYTES];
    uint32_t len;
    uint32_t pieces;        /* number of pieces it was sent in */
    uint32_t whole_len;     /* of a super-frame, of which `bytes` has only the start */
    uint32_t segment_bytes; /* of a super-frame; else 0 */
};

struct fake_netif {
    struct leat_netif netif; /* first, because the functions of the backend cast it */
    struct fake_frame rx[FAKE_RX_MAX];
    uint32_t rx_count;
    struct fake_frame tx[FAKE_TX_MAX];
    uint32_t tx_first;         /* the oldest that fake_netif_sent() hasn't returned */
    uint32_t tx_count;         /* index after the newest */
    uint32_t lost;             /* sent while the array was full */
    uint32_t sent[FAKE_KINDS]; /* of all frames */
    uint32_t room;             /* returned by transmit_room(); starts at UINT32_MAX */
    uint64_t room_ns;          /* next poll while `room` is 0; starts at LEAT_NEVER_NS */
    uint16_t segment_bytes;    /* received frames are marked as super-frames with this size */
    bool verified;             /* received frames are marked as verified by the device */
    bool closed;
    bool keeps_reports; /* keeps reports of MLD and IGMP, which tests don't expect by default */
    bool answers_arp;   /* answers requests for IP_PEER, and doesn't keep them */
    /* For tests in IPv4 of a stack that uses IPv6 (tests/family): translates each frame in place,
     * with space for FAKE_FRAME_BYTES; returns the new length, 0: drops it.  NULL: no
     * translation. */
    uint32_t (*to_stack)(uint8_t *frame, uint32_t len);
    uint32_t (*from_stack)(uint8_t *frame, uint32_t len);
};

/* MTU 1500, MAC 02:00:00:00:00:01, gathers. */
void fake_netif_init(struct fake_netif *fake);

/* Queues a frame for the next leat_poll(); a frame longer than FAKE_FRAME_BYTES is truncated. */
void fake_netif_feed(struct fake_netif *fake, const void *bytes, uint32_t len);

/* The oldest sent frame that was not returned yet, or NULL.  Valid until the next poll. */
const struct fake_frame *fake_netif_sent(struct fake_netif *fake);

/* The number of such frames. */
uint32_t fake_netif_sent_count(const struct fake_netif *fake);

/* Discards all of them. */
void fake_netif_forget(struct fake_netif *fake);

#endif
