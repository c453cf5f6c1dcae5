/* device.h -- a backend whose other end is a script. Frames go in by device_feed(); the
 * stack's frames are parsed, timestamped, and queued for device_take(). ARP is answered by
 * itself. */
#ifndef SCRIPT_DEVICE_H
#define SCRIPT_DEVICE_H

#include <leat/netif.h>

#include "wire.h"

/* A frame from the stack. */
struct sent {
    struct sent *next;
    uint64_t at_ns;
    struct packet packet;
    const char *wrong; /* NULL, or an error in it */
    uint8_t bytes[];
};

struct received {
    struct received *next;
    uint32_t len;
    uint8_t bytes[];
};

struct device {
    struct leat_netif netif; /* first, because the functions of the table get its address */
    struct received *in, **in_end;
    struct sent *out, **out_end;
    bool is_ipv6;          /* each frame is translated (tests/family/translate.h) */
    uint16_t udp_checksum; /* of the last datagram sent */
};

/* @mtu: that of IPv4. */
void device_init(struct device *device, uint16_t mtu, bool is_ipv6);

/* The next poll receives @packet. */
void device_feed(struct device *device, const struct packet *packet);

/* Takes the oldest frame from the stack; the caller frees it. NULL: none. */
struct sent *device_take(struct device *device);

/* Frees the queued frames in both directions. */
void device_forget(struct device *device);

#endif
