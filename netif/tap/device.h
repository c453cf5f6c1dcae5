/* device.h -- opens a TAP device, or one queue of it, and explains failures. */
#ifndef TAP_DEVICE_H
#define TAP_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/posix.h>
#include <leat/tap.h>

/* Opens the device of @config without waiting and brings it up.  On LEAT_OK it sets @fd and @mtu,
 * else @why.  The MAC, MTU and host of @config are not used here. */
enum leat_err leat_tap_device_open(const struct leat_tap_config *config, int *fd, uint16_t *mtu,
                                   char why[LEAT_WHY_BYTES]);

/* Refuses what leat_tap_device_open() would refuse, but opens nothing: a device that another
 * program has open is good.  On LEAT_OK it sets @mtu, else @why. */
enum leat_err leat_tap_device_check(const struct leat_tap_config *config, uint16_t *mtu,
                                    char why[LEAT_WHY_BYTES]);

/* False: the MTU and the MAC of @config don't suit a device of that MTU; @why says how. */
bool leat_tap_suits(const struct leat_tap_config *config, uint16_t device_mtu,
                    char why[LEAT_WHY_BYTES]);

/* The name of the device. */
const char *leat_tap_device_name(const struct leat_tap_config *config);

#endif
