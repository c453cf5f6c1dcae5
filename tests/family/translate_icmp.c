/* translate_icmp.c -- translates ICMP errors between the families: RFC 7915 4.2, 5.2. */
#include <string.h>

#include "translate.h"

struct meaning {
    uint8_t type, code;
};

/* ---- tables -----------------------------------------------------------------------------------
 */

/* "Unreachable" codes to IPv6; type 0: no such code exists. */
static const struct meaning unreachable_6[16] = {
    [0] = {1, 0},  [1] = {1, 0},  [2] = {4, 1},  [3] = {1, 4},  [4] = {2, 0},
    [5] = {1, 0},  [6] = {1, 0},  [7] = {1, 0},  [8] = {1, 0},  [9] = {1, 1},
    [10] = {1, 1}, [11] = {1, 0}, [12] = {1, 0}, [13] = {1, 1}, [15] = {1, 1},
};

/* "Unreachable" codes to IPv4. */
static const struct meaning unreachable_4[7] = {
    [0] = {3, 1}, [1] = {3, 10}, [2] = {3, 1},  [3] = {3, 1},
    [4] = {3, 3}, [5] = {3, 10}, [6] = {3, 10},
};

/* The pointer of a parameter problem in the other header; 0xff: no such field. */
static const uint8_t pointer_6[20] = {0,    1,    4, 4, 0xff, 0xff, 0xff, 0xff, 7,  6,
                                      0xff, 0xff, 8, 8, 8,    8,    24,   24,   24, 24};

static struct meaning meaning_in_6(uint8_t type, uint8_t code, uint8_t pointer)
{
    static const struct meaning none;

    if (type == 3)
        return code < 16 ? unreachable_6[code] : none;
    if (type == 8 || type == 0)
        return (struct meaning){type == 8 ? 128 : 129, 0};
    if (type == 11)
        return (struct meaning){3, code};
    if (type == 12 && code != 1 && pointer < 20 && pointer_6[pointer] != 0xff)
        return (struct meaning){4, 0};
    return none;
}

static struct meaning meaning_in_4(uint8_t type, uint8_t code)
{
    static const struct meaning none;

    if (type == 1)
        return code < 7 ? unreachable_4[code] : none;
    if (type == 2)
        return (struct meaning){3, 4};
    if (type == 3)
        return (struct meaning){11, code};
    if (type == 4)
        return code == 1 ? (struct meaning){3, 2} : (struct meaning){12, 0};
    return type == 128 || type == 129 ? (struct meaning){type == 128 ? 8 : 0, 0} : none;
}

/* An MTU of 0 (routers before RFC 1191 5) becomes the next lower plateau of RFC 1191 7.1, but not
 * less than IPv6 allows. */
static uint32_t mtu_of(uint32_t said, uint32_t quoted_total)
{
    static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1260};
    unsigned i = 0;

    if (said > 0)
        return said;
    while (i < 6 && plateaus[i] >= quoted_total)
        i++;
    return plateaus[i];
}

/* ---- quotes -----------------------------------------------------------------------------------
 */

/* Translates the @len bytes of the quote at @quote to IPv6; returns the new length.  A malformed
 * quote stays unchanged. */
static uint32_t quote_to6(uint8_t *quote, uint32_t len)
{
    uint8_t ip4[TR_IP4], ip6[TR_IP6];

    if (len < TR_IP4 || quote[0] != 0x45)
        return len;
    memcpy(ip4, quote, TR_IP4);
    tr_header_to6(ip4, ip6);
    memmove(quote + TR_IP6, quote + TR_IP4, len - TR_IP4);
    memcpy(quote, ip6, TR_IP6);
    tr_mend(quote + TR_IP6, len - TR_IP4, ip4, ip6, true);
    return len + TR_IP6 - TR_IP4;
}

static uint32_t quote_to4(uint8_t *quote, uint32_t len)
{
    uint8_t ip4[TR_IP4], ip6[TR_IP6];

    if (len < TR_IP6 || quote[0] >> 4 != 6)
        return len;
    memcpy(ip6, quote, TR_IP6);
    if (!tr_header_to4(ip6, ip4))
        return len;
    memmove(quote + TR_IP4, quote + TR_IP6, len - TR_IP6);
    memcpy(quote, ip4, TR_IP4);
    tr_mend(quote + TR_IP4, len - TR_IP6, ip4, ip6, false);
    return len + TR_IP4 - TR_IP6;
}

/* ---- messages ---------------------------------------------------------------------------------
 */

uint32_t tr_icmp_to6(uint8_t *message, uint32_t len, const uint8_t *ip6)
{
    const bool right = tr_sum(message, len, 0) == 0;
    struct meaning meaning;
    uint32_t mtu;

    if (len < TR_ICMP)
        return len;
    meaning = meaning_in_6(message[0], message[1], message[4]);
    if (meaning.type == 0)
        return 0;
    if (meaning.type == 2) {
        mtu =
            mtu_of(tr_get16(message + 6), len >= TR_ICMP + 4 ? tr_get16(message + TR_ICMP + 2) : 0);
        tr_put32(message + 4, mtu + TRANSLATE_MTU_MORE);
    } else if (meaning.type == 4) {
        tr_put32(message + 4, meaning.code == 1 ? 6 : pointer_6[message[4]]);
    }
    if (meaning.type < 128)
        len = TR_ICMP + quote_to6(message + TR_ICMP, len - TR_ICMP);
    message[0] = meaning.type;
    message[1] = meaning.code;
    tr_put16(message + 2, 0);
    tr_put16(message + 2, tr_icmp6_sum(ip6, message, len) ^ (right ? 0u : 1u));
    return len;
}

uint32_t tr_icmp_to4(uint8_t *message, uint32_t len)
{
    const struct meaning meaning = meaning_in_4(message[0], message[1]);

    if (len < TR_ICMP || meaning.type == 0)
        return len;
    if (meaning.type == 3 && meaning.code == 4)
        tr_put32(message + 4, tr_get32(message + 4) - TRANSLATE_MTU_MORE);
    if (message[0] < 128)
        len = TR_ICMP + quote_to4(message + TR_ICMP, len - TR_ICMP);
    message[0] = meaning.type;
    message[1] = meaning.code;
    tr_put16(message + 2, 0);
    tr_put16(message + 2, tr_sum(message, len, 0));
    return len;
}
