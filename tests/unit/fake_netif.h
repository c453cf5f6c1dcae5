/* fake_netif.h -- a backend made of two arrays: what comes in is scripted, what goes out is kept.
 */
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

/* Frames that the stack counts as it sends them; FAKE_OTHER: it doesn't. */
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
    uint32_t pieces;        /* that it was sent in */
    uint32_t whole_len;     /* of a super-frame, of which `bytes` holds the begin */
    uint32_t segment_bytes; /* 0: it is none */
};

struct fake_netif {
    struct leat_netif netif; /* first: the table's functions get its address */
    struct fake_frame rx[FAKE_RX_MAX];
    uint32_t rx_count;
    struct fake_frame tx[FAKE_TX_MAX];
    uint32_t tx_first;         /* the oldest that fake_netif_sent() has not given */
    uint32_t tx_count;         /* behind the newest */
    uint32_t lost;             /* sent when the array was full */
    uint32_t sent[FAKE_KINDS]; /* of all frames */
    uint32_t room;             /* frames that transmit_room() promises; starts at UINT32_MAX */
    uint64_t room_ns;          /* without room: when to ask again; starts at LEAT_NEVER_NS */
    uint16_t segment_bytes;    /* frames come in marked as super-frames of segments of so many */
    bool verified;             /* frames come in with their checksums checked by the device */
    bool closed;
    bool keeps_reports; /* of MLD and IGMP: they come where a test doesn't look for them */
    bool answers_arp;   /* requests for IP_PEER are answered, and not kept */
    /* For tests in IPv4 of a stack that speaks IPv6 (tests/family): each frame passes through one
     * of these, in its place, with room for FAKE_FRAME_BYTES; the new length, 0: nothing comes.
     * NULL: it stays as it is. */
    uint32_t (*to_stack)(uint8_t *frame, uint32_t len);
    uint32_t (*from_stack)(uint8_t *frame, uint32_t len);
};

/* MTU 1500, MAC 02:00:00:00:00:01, gathers. */
void fake_netif_init(struct fake_netif *fake);

/* The next leat_poll() receives this; a longer frame than FAKE_FRAME_BYTES is cut. */
void fake_netif_feed(struct fake_netif *fake, const void *bytes, uint32_t len);

/* The oldest frame that was sent and not asked for yet, or NULL.  Valid until the next poll. */
const struct fake_frame *fake_netif_sent(struct fake_netif *fake);

/* How many there are. */
uint32_t fake_netif_sent_count(const struct fake_netif *fake);

/* Forgets them all. */
void fake_netif_forget(struct fake_netif *fake);

#endif
