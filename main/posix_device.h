/* posix_device.h -- the device of a program on POSIX: a TAP device, a socket, a capture. */
#ifndef POSIX_DEVICE_H
#define POSIX_DEVICE_H

#include <leat/pcap.h>
#include <leat/posix.h>
#include <leat/shm.h>
#include <leat/socket.h>
#include <leat/tap.h>
#include <leat/xdp.h>

#include "options.h"

/* One of tap, socket, shm, xdp and reader is not NULL. */
struct posix_device {
    struct leat_posix *posix;
    struct leat_tap *tap;
    struct leat_socket *socket;
    struct leat_shm *shm;
    struct leat_xdp *xdp;
    struct leat_pcap_reader *reader;
    struct leat_host *machine; /* clock and wait: of POSIX, or of the capture */
    struct leat_netif *netif;
};

/* Opens the device of @options, for a stack in the pages of @memory.  On failure returns false and
 * sets @why to a line with the reason. */
bool posix_device_open(struct posix_device *device, const struct options *options, void *memory,
                       size_t memory_bytes, char why[LEAT_WHY_BYTES]);

/* For --check-config: NULL, or why the device of @options can't be opened, in @why.  Changes
 * nothing. A device that another program has open is good, and so is a peer's socket. */
const char *posix_device_check(const struct options *options, char why[LEAT_WHY_BYTES]);

/* For --check-config: opens a recording, or in place of another device one that leads nowhere; else
 * as posix_device_open(). */
bool posix_device_open_nowhere(struct posix_device *device, const struct options *options,
                               char why[LEAT_WHY_BYTES]);

/* The configuration of a TAP or TUN device. */
struct leat_tap_config posix_device_tap(const struct posix_device *device,
                                        const struct options *options);

/* True if it is a network device of Linux, whose link goes up and down. */
static inline bool posix_device_is_of_linux(const struct posix_device *device)
{
    return device->tap || device->xdp;
}

/* True once it has disappeared; then @why is a line with the reason. */
bool posix_device_lost(const struct posix_device *device, char why[LEAT_WHY_BYTES]);

/* Gives @say each of its counters with its meaning. */
void posix_device_counters(const struct posix_device *device,
                           void (*say)(void *arg, const char *name, uint64_t value,
                                       const char *text),
                           void *arg);

void posix_device_close(struct posix_device *device);

#endif
