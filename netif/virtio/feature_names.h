/* feature_names.h -- all features that a virtio-net device may have, by the names of the standard.
 */
#ifndef VIRTIO_FEATURE_NAMES_H
#define VIRTIO_FEATURE_NAMES_H

#include <stdint.h>

/* X(bit, name): those of virtio-net (virtio 1.2, 5.1.3), then those of every device (6); 41, 50 and
 * 52 are of virtio 1.3. */
#define VIRTIO_FEATURES(X)                                                                         \
    X(0, CSUM)                                                                                     \
    X(1, GUEST_CSUM)                                                                               \
    X(2, CTRL_GUEST_OFFLOADS)                                                                      \
    X(3, MTU)                                                                                      \
    X(5, MAC)                                                                                      \
    X(7, GUEST_TSO4)                                                                               \
    X(8, GUEST_TSO6)                                                                               \
    X(9, GUEST_ECN)                                                                                \
    X(10, GUEST_UFO)                                                                               \
    X(11, HOST_TSO4)                                                                               \
    X(12, HOST_TSO6)                                                                               \
    X(13, HOST_ECN)                                                                                \
    X(14, HOST_UFO)                                                                                \
    X(15, MRG_RXBUF)                                                                               \
    X(16, STATUS)                                                                                  \
    X(17, CTRL_VQ)                                                                                 \
    X(18, CTRL_RX)                                                                                 \
    X(19, CTRL_VLAN)                                                                               \
    X(20, CTRL_RX_EXTRA)                                                                           \
    X(21, GUEST_ANNOUNCE)                                                                          \
    X(22, MQ)                                                                                      \
    X(23, CTRL_MAC_ADDR)                                                                           \
    X(50, DEVICE_STATS)                                                                            \
    X(52, VQ_NOTF_COAL)                                                                            \
    X(53, NOTF_COAL)                                                                               \
    X(54, GUEST_USO4)                                                                              \
    X(55, GUEST_USO6)                                                                              \
    X(56, HOST_USO)                                                                                \
    X(57, HASH_REPORT)                                                                             \
    X(59, GUEST_HDRLEN)                                                                            \
    X(60, RSS)                                                                                     \
    X(61, RSC_EXT)                                                                                 \
    X(62, STANDBY)                                                                                 \
    X(63, SPEED_DUPLEX)                                                                            \
    X(24, NOTIFY_ON_EMPTY)                                                                         \
    X(27, ANY_LAYOUT)                                                                              \
    X(28, INDIRECT_DESC)                                                                           \
    X(29, EVENT_IDX)                                                                               \
    X(32, VERSION_1)                                                                               \
    X(33, ACCESS_PLATFORM)                                                                         \
    X(34, RING_PACKED)                                                                             \
    X(35, IN_ORDER)                                                                                \
    X(36, ORDER_PLATFORM)                                                                          \
    X(37, SR_IOV)                                                                                  \
    X(38, NOTIFICATION_DATA)                                                                       \
    X(39, NOTIF_CONFIG_DATA)                                                                       \
    X(40, RING_RESET)                                                                              \
    X(41, ADMIN_VQ)

/* One line about a device that doesn't go without feature @bit, which this driver doesn't have. */
const char *virtio_feature_needed(unsigned bit);

#endif
