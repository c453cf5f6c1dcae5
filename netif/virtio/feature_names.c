/*
 * feature_names.c -- names the feature that a device doesn't go without.
 *
 * A device may refuse to work without a feature, and doesn't say which one. device.c finds the bit
 * by trial; this file has the words for it.
 */
#include "feature_names.h"

const char *virtio_feature_needed(unsigned bit)
{
    switch (bit) {
#define NEEDED(at, name)                                                                           \
    case at:                                                                                       \
        return "it does not work without the feature " #name ", which leat does not have";
        VIRTIO_FEATURES(NEEDED)
#undef NEEDED
    default:
        return "it does not work without a feature that is newer than virtio 1.3";
    }
}
