/* ipv4.c -- checks the options of an IPv4 header. */
#include "wire/ipv4.h"

enum ipv4_option {
    IPV4_OPTION_END = 0,
    IPV4_OPTION_NOP = 1,
    IPV4_OPTION_LSRR = 131,
    IPV4_OPTION_SSRR = 137
};

bool wire_ipv4_options_ok(const uint8_t *bytes, uint32_t header_bytes)
{
    uint32_t at = IPV4_HEADER_BYTES;

    while (at < header_bytes && bytes[at] != IPV4_OPTION_END) {
        if (bytes[at] == IPV4_OPTION_NOP) {
            at++;
            continue;
        }
        /* an option of length 0 would stop this walk for ever; one of length 1 would end inside of
         * itself */
        if (at + 1 >= header_bytes || bytes[at + 1] < 2 || bytes[at + 1] > header_bytes - at)
            return false;
        /* a source route lets a stranger send through us, and have the answers sent to it (RFC 7126
         * 4.3, 4.4) */
        if (bytes[at] == IPV4_OPTION_LSRR || bytes[at] == IPV4_OPTION_SSRR)
            return false;
        at += bytes[at + 1];
    }
    return true;
}
