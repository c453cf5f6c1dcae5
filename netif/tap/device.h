/* device.h -- opening a TAP device, or one queue of it, and saying why it can't be opened. */
#ifndef TAP_DEVICE_H
#define TAP_DEVICE_H

#include <stdint.h>

#include <leat/posix.h>
#include <leat/tap.h>

/* Opens what @config names without waiting and brings it up; @fd and @mtu are set on LEAT_OK, else
 * @why.  Of @config neither MAC nor MTU nor host matter here. */
enum leat_err leat_tap_device_open(const struct leat_tap_config *config, int *fd, uint16_t *mtu,
                                   char why[LEAT_WHY_BYTES]);

/* The name that @config means. */
const char *leat_tap_device_name(const struct leat_tap_config *config);

#endif
