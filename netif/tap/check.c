/* check.c -- whether a TAP device could be opened, without opening it. */
#include <stdio.h>

#include "device.h"

enum {
    MTU_MIN = 68 /* RFC 791 3.2 */
};

bool leat_tap_suits(const struct leat_tap_config *config, uint16_t device_mtu,
                    char why[LEAT_WHY_BYTES])
{
    const uint16_t mtu = config->mtu ? config->mtu : device_mtu;

    if (mtu < MTU_MIN || mtu > device_mtu) {
        snprintf(why, LEAT_WHY_BYTES, "the MTU must be %d to %u, that of %.32s", MTU_MIN,
                 (unsigned)device_mtu, leat_tap_device_name(config));
        return false;
    }
    if (config->mac && (config->mac->octet[0] & 1)) {
        snprintf(why, LEAT_WHY_BYTES, "the MAC address must be one station's (first octet even)");
        return false;
    }
    return true;
}

enum leat_err leat_tap_check(const struct leat_tap_config *config, char why[LEAT_WHY_BYTES])
{
    uint16_t mtu = 0;
    enum leat_err err;

    snprintf(why, LEAT_WHY_BYTES, LEAT_RESERVED_WHY);
    if (LEAT_RESERVED_IS_USED(config))
        return LEAT_ERR_ARGUMENT;
    err = leat_tap_device_check(config, &mtu, why);
    return err || leat_tap_suits(config, mtu, why) ? err : LEAT_ERR_ARGUMENT;
}
