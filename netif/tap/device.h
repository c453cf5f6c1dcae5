/* device.h -- opening a TAP device, and saying why it can't be opened. */
#ifndef TAP_DEVICE_H
#define TAP_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/posix.h>

/* Opens @device without waiting and brings it up; @fd and @mtu are set on LEAT_OK, else @why.
 * @flags: IFF_VNET_HDR, IFF_MULTI_QUEUE. */
enum leat_err leat_tap_device_open(const char *device, bool create, short flags, int *fd,
                                   uint16_t *mtu, char why[LEAT_WHY_BYTES]);

#endif
