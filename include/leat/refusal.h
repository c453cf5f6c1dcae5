/*
 * refusal.h -- why an answer was not taken, so that a client that waits can say more than "no
 * answer".
 */
#ifndef LEAT_REFUSAL_H
#define LEAT_REFUSAL_H

#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The last answer that a client has refused since it began to ask, or since it took one. */
struct leat_refusal {
    struct leat_ip from; /**< the sender */
    const char *why;     /**< to follow "answered, but": "with a lease that is too short"; NULL: no
                              answer was refused */
    uint32_t count;      /**< answers that were refused, this one included */
};

enum {
    LEAT_REFUSAL_TEXT_BYTES = 192
};

/** Writes "10.0.0.1 answered, but with a lease that is too short", and how often if it was more
 * than once; returns the length.  "" and 0: no answer was refused. */
size_t leat_refusal_format(const struct leat_refusal *refusal, char text[LEAT_REFUSAL_TEXT_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
