/*
 * refusal.h -- why an answer was not taken, or a packet didn't arrive, so that a client that waits
 * can say more than "no answer".
 */
#ifndef LEAT_REFUSAL_H
#define LEAT_REFUSAL_H

#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/stack.h>

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

/** The kinds of reports that a packet didn't arrive. */
enum leat_unreachable_how {
    LEAT_UNREACHABLE_ARP,  /**< the next hop answers no ARP request */
    LEAT_UNREACHABLE_NDP,  /**< the next hop answers no neighbour solicitation (RFC 4861 7.2.2) */
    LEAT_UNREACHABLE_ICMP, /**< an ICMP error about a packet of ours: RFC 792 */
    LEAT_UNREACHABLE_ICMP6 /**< the same of ICMPv6: RFC 4443 3 */
};

/** The last report that packets to a destination don't arrive. */
struct leat_unreachable {
    struct leat_ip to;             /**< the destination */
    struct leat_ip from;           /**< the next hop that is silent, or the sender of the error */
    enum leat_unreachable_how how; /**< its kind */
    uint8_t type;                  /**< of the ICMP error, as the next */
    uint8_t code;                  /**< of the ICMP error */
    uint64_t at_ns;                /**< when it came, by the clock of leat_poll() */
};

/** The last report about @p to; NULL: none.  The stack keeps those of the last four destinations.
 * Valid until leat_poll(). */
const struct leat_unreachable *leat_unreachable_to(const struct leat *stack, struct leat_ip to);

/** Writes "no answer from 10.0.0.1 to ARP" or "10.0.0.254 says: host unreachable (ICMP type 3, code
 * 1)"; returns the length. */
size_t leat_unreachable_format(const struct leat_unreachable *report,
                               char text[LEAT_REFUSAL_TEXT_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
