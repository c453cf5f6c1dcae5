/* mss.h -- the largest payload of a segment, from a SYN. */
#ifndef TCP_MSS_H
#define TCP_MSS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/tcp.h"

enum {
    MSS_DEFAULT = 536,   /* RFC 9293 3.7.1 */
    MSS_DEFAULT6 = 1220, /* default for IPv6 (RFC 9293 3.7.1) */
    MSS_MIN = 48         /* CVE-2019-11479: less would cost more in headers than in data */
};

/* The largest payload of a segment, from the MSS option of @syn, the peer's SYN, within limits. */
static inline uint16_t tcp_mss_of_syn(const struct wire_tcp *syn, bool is_v6)
{
    if (syn->mss == 0)
        return is_v6 ? MSS_DEFAULT6 : MSS_DEFAULT;
    return syn->mss < MSS_MIN ? MSS_MIN : syn->mss;
}

#endif
