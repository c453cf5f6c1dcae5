/* ndp.c -- parses and emits messages of neighbour discovery: solicitations, advertisements and
 * redirects (RFC 4861 4.3 to 4.5). ra.c has those of routers. */
#include "wire/ndp.h"

#include <string.h>

#include "wire/bytes.h"

enum {
    OPTION_SOURCE = 1, /* RFC 4861 4.6.1 */
    OPTION_TARGET = 2,
    OPTION_NONCE = 14, /* RFC 3971 5.3.2 */
    FLAG_ROUTER = 0x80,
    FLAG_SOLICITED = 0x40,
    FLAG_OVERRIDE = 0x20
};

/* Takes the options that this message may use, and ignores all others (RFC 4861 9). One of another
 * length is ignored, too: it carries the address of another kind of link, or a longer nonce. */
static void take_option(struct wire_ndp *ndp, const uint8_t *option, uint32_t bytes)
{
    const uint8_t mine = ndp->type == ICMPV6_NEIGHBOUR_SOLICITATION ? OPTION_SOURCE : OPTION_TARGET;

    if (option[0] == mine && bytes == NDP_LINK_BYTES) {
        memcpy(ndp->mac.octet, option + 2, sizeof ndp->mac.octet);
        ndp->has_mac = true;
    } else if (option[0] == OPTION_NONCE && bytes == NDP_NONCE_BYTES) {
        memcpy(ndp->nonce, option + 2, sizeof ndp->nonce);
        ndp->has_nonce = true;
    }
}

bool wire_ndp_parse(struct wire_ndp *ndp, const uint8_t *bytes, uint32_t len)
{
    uint32_t at = NDP_BYTES;

    if (len >= NDP_BYTES && bytes[0] == ICMPV6_REDIRECT)
        at = NDP_REDIRECT_BYTES;
    /* RFC 4861 7.1.1, 7.1.2, 8.1: the code must be 0 */
    if (len < at || bytes[1] != 0)
        return false;
    *ndp = (struct wire_ndp){.type = bytes[0],
                             .is_router = bytes[4] & FLAG_ROUTER,
                             .solicited = bytes[4] & FLAG_SOLICITED,
                             .override = bytes[4] & FLAG_OVERRIDE};
    memcpy(ndp->target.bytes, bytes + 8, sizeof ndp->target.bytes);
    if (ndp->type == ICMPV6_REDIRECT)
        memcpy(ndp->destination.bytes, bytes + NDP_BYTES, sizeof ndp->destination.bytes);
    /* RFC 4861 7.1.1, 7.1.2, 8.1: neither may be a group, whose traffic would all go to one
     * station */
    if (leat_ip_is_multicast(ndp->target) || leat_ip_is_multicast(ndp->destination))
        return false;
    for (unsigned i = 0; at < len; i++) {
        uint32_t option_bytes;

        /* RFC 4861 4.6: a length of 0 makes the whole message invalid; the walk would not
         * advance */
        if (i == NDP_OPTIONS_MAX || len - at < 8 || bytes[at + 1] == 0)
            return false;
        option_bytes = bytes[at + 1] * 8u;
        if (option_bytes > len - at)
            return false;
        take_option(ndp, bytes + at, option_bytes);
        at += option_bytes;
    }
    return true;
}

uint32_t wire_ndp_emit(const struct wire_ndp *ndp, uint8_t *bytes)
{
    uint32_t at = NDP_BYTES;

    memset(bytes, 0, 8);
    bytes[0] = ndp->type;
    bytes[4] =
        (uint8_t)((ndp->is_router ? FLAG_ROUTER : 0) | (ndp->solicited ? FLAG_SOLICITED : 0) |
                  (ndp->override ? FLAG_OVERRIDE : 0));
    memcpy(bytes + 8, ndp->target.bytes, sizeof ndp->target.bytes);
    if (ndp->has_mac) {
        bytes[at] = ndp->type == ICMPV6_NEIGHBOUR_SOLICITATION ? OPTION_SOURCE : OPTION_TARGET;
        bytes[at + 1] = 1;
        memcpy(bytes + at + 2, ndp->mac.octet, sizeof ndp->mac.octet);
        at += NDP_LINK_BYTES;
    }
    if (ndp->has_nonce) {
        bytes[at] = OPTION_NONCE;
        bytes[at + 1] = 1;
        memcpy(bytes + at + 2, ndp->nonce, sizeof ndp->nonce);
        at += NDP_NONCE_BYTES;
    }
    return at;
}
