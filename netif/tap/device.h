/* device.h -- opens a TAP device, or one queue of it, and explains failures. */
#ifndef TAP_DEVICE_H
#define TAP_DEVICE_H

#include <stdint.h>

#include <leat/posix.h>
#include <leat/tap.h>

/* Opens the device of @config without waiting and brings it up.  On LEAT_OK it sets @fd and @mtu,
 * else @why.  The MAC, MTU and host of @config are not used here. */
enum leat_err leat_tap_device_open(const struct leat_tap_config *config, int *fd, uint16_t *mtu,
                                   char why[LEAT_WHY_BYTES]);

/* The name of the device. */
const char *leat_tap_device_name(const struct leat_tap_config *config);

#endif
