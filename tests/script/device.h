/* device.h -- a backend whose other end is a script: frames go in by device_feed(), and what the
 * stack sends waits, read and stamped, until somebody takes it.  ARP is answered by itself. */
#ifndef SCRIPT_DEVICE_H
#define SCRIPT_DEVICE_H

#include <leat/netif.h>

#include "wire.h"

/* A frame that the stack has sent. */
struct sent {
    struct sent *next;
    uint64_t at_ns;
    struct packet packet;
    const char *wrong; /* NULL, or what is wrong with it */
    uint8_t bytes[];
};

struct received {
    struct received *next;
    uint32_t len;
    uint8_t bytes[];
};

struct device {
    struct leat_netif netif; /* first: the table's functions get its address */
    struct received *in, **in_end;
    struct sent *out, **out_end;
    bool is_ipv6;          /* each frame is translated (tests/family/translate.h) */
    uint16_t udp_checksum; /* of the last datagram that was sent */
};

/* @mtu: as IPv4 has it. */
void device_init(struct device *device, uint16_t mtu, bool is_ipv6);

/* The next poll receives @packet. */
void device_feed(struct device *device, const struct packet *packet);

/* The oldest frame that was sent; the caller frees it.  NULL: none. */
struct sent *device_take(struct device *device);

/* Frees what waits in both directions. */
void device_forget(struct device *device);

#endif
