/* igmp.h -- message types of IGMP (RFC 3376 4, RFC 2236 2.1); wire/group.h parses them. */
#ifndef WIRE_IGMP_H
#define WIRE_IGMP_H

enum igmp_type {
    IGMP_QUERY = 0x11,
    IGMP_V1_REPORT = 0x12,
    IGMP_V2_REPORT = 0x16,
    IGMP_V2_LEAVE = 0x17,
    IGMP_V3_REPORT = 0x22
};

#endif
