/* accecn.c -- the tables of RFC 9768, section 3. */
#include "tcp/congestion/accecn.h"

unsigned ace_of_handshake(uint8_t tos)
{
    static const uint8_t aces[] = {ACE_NOT_ECT, 3, 4, ACE_CE}; /* not-ECT, ECT(1), ECT(0), CE */

    return aces[tos & 3];
}

enum ecn_mode ecn_mode_of_SYN(unsigned ace)
{
    if (ace == 0)
        return ECN_NONE;
    return ace == ACE_CLASSIC_ASKS ? ECN_CLASSIC : ECN_ACCURATE; /* 3.1.3: all other values too */
}

enum ecn_mode ecn_mode_of_SYN_ACK(unsigned ace)
{
    if (ace == 0 || ace == ACE_ASKS) /* broken: the peer reflects our flags */
        return ECN_NONE;
    return ace == ACE_CLASSIC ? ECN_CLASSIC : ECN_ACCURATE;
}

bool ace_says_mangled(unsigned ace)
{
    return ace == 0 || ace == 3 || ace == 4 || ace == ACE_CE; /* other values don't tell */
}
