/* mss.h -- the largest payload of a segment, by what a SYN says of it. */
#ifndef TCP_MSS_H
#define TCP_MSS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/tcp.h"

enum {
    MSS_DEFAULT = 536,   /* RFC 9293 3.7.1 */
    MSS_DEFAULT6 = 1220, /* of IPv6 */
    MSS_MIN = 48         /* CVE-2019-11479: less would cost more in headers than in data */
};

/* Largest payload of a segment, as far as we believe what @syn, the peer's SYN, says. */
static inline uint16_t tcp_mss_of_syn(const struct wire_tcp *syn, bool is_v6)
{
    if (syn->mss == 0)
        return is_v6 ? MSS_DEFAULT6 : MSS_DEFAULT;
    return syn->mss < MSS_MIN ? MSS_MIN : syn->mss;
}

#endif
