/*
 * flows.h -- which pair of queues a frame belongs to, when a device has one for each of several
 * stacks.
 *
 * All stacks have one MAC address and the same IP addresses, so that the network sees one server.
 * A flow is what has one 4-tuple of TCP or UDP.  Its owner is chosen by the hash that the device
 * computes for RSS (Toeplitz; virtio 1.2, 5.1.6.4.3), with a secret key and a table from hash to
 * pair.  The device steers frames by the same key and table, but isn't believed: the driver
 * computes the owner of each received frame again.  So a stack never sees a segment of another
 * stack's connection, which it would answer with a RST.
 *
 * Frames without ports belong to pair 0.  All stacks need those that tell of neighbours, routers
 * and paths: replies of ARP, neighbour and router advertisements, errors of ICMP.  A fragment of
 * TCP has no owner, because its ports may be in another one.
 */
#ifndef VIRTIO_FLOWS_H
#define VIRTIO_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

enum {
    FLOWS_KEY_BYTES = 40,
    FLOWS_TUPLE_BYTES_MAX = 36, /* two addresses of IPv6, and two ports */
    FLOWS_TABLE_ENTRIES = 128,  /* what every device with RSS has room for (5.1.4.1) */
    FLOWS_EVERYONE = 0xfe,      /* of virtio_flows_owner() */
    FLOWS_NOBODY = 0xff
};

/* Read-only once it has been made. */
struct virtio_flows {
    uint8_t key[FLOWS_KEY_BYTES];
    uint8_t table[FLOWS_TABLE_ENTRIES];          /* pairs, by the hash's lowest bits */
    uint32_t hashes[FLOWS_TUPLE_BYTES_MAX][256]; /* of each byte alone, by its place */
};

/* Spreads the hashes over @pair_count pairs. */
void virtio_flows_init(struct virtio_flows *flows, const uint8_t key[FLOWS_KEY_BYTES],
                       unsigned pair_count);

/* The hash of a tuple: source, destination, and their ports; @bytes is a multiple of 4. */
uint32_t virtio_flows_hash(const struct virtio_flows *flows, const uint8_t *tuple, unsigned bytes);

/* The pair of the received frame whose first piece is @frame, or one of the values above. */
unsigned virtio_flows_owner(const struct virtio_flows *flows, const uint8_t *frame, uint32_t len);

/* The pair to which the answer to a frame that opens a TCP connection comes.  FLOWS_EVERYONE: the
 * frame opens none. */
unsigned virtio_flows_answered(const struct virtio_flows *flows, const uint8_t *frame,
                               uint32_t len);

/* The pair to which frames from @remote to @local come. */
unsigned virtio_flows_pair(const struct virtio_flows *flows, const struct leat_endpoint *local,
                           const struct leat_endpoint *remote);

#endif
