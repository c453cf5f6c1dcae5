/* steer.h -- which queue of a device the kernel gives a frame to. */
#ifndef TAP_STEER_H
#define TAP_STEER_H

#include <stdint.h>

#include <leat/addr.h>
#include <leat/err.h>
#include <leat/posix.h>

/* Implements leat_tap_steer() for the device of the queue @fd. */
enum leat_err leat_tap_steer_device(int fd, const char *device, struct leat_ip first,
                                    uint16_t count, char why[LEAT_WHY_BYTES]);

/* Makes the kernel choose by its hash again. */
void leat_tap_unsteer(int fd);

#endif
