/* prr.h -- Proportional Rate Reduction: how cwnd shrinks during fast recovery (RFC 9937). */
#ifndef TCP_PRR_H
#define TCP_PRR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"

struct prr {
    uint32_t recover_fs; /* RecoverFS: bytes in flight when recovery began */
    uint32_t delivered;  /* prr_delivered */
    uint32_t out;        /* prr_out: bytes sent during recovery */
};

COLD void prr_init(struct prr *prr, uint32_t recover_fs);

/* Notes that @bytes were sent. */
COLD void prr_sent(struct prr *prr, uint32_t bytes);

/* Handles an ACK that delivered @bytes, with @in_flight after it. @safe: SND.UNA moved, and no
 * further loss was found. Returns the new cwnd. */
COLD uint32_t prr_acked(struct prr *prr, uint32_t bytes, uint32_t in_flight, uint32_t ssthresh,
                        uint32_t mss, bool safe);

#endif
