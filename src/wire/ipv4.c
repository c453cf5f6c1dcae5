/* ipv4.c -- the internet header. */
#include "wire/ipv4.h"

enum ipv4_option {
    IPV4_OPTION_END = 0,
    IPV4_OPTION_NOP = 1,
    IPV4_OPTION_LSRR = 131,
    IPV4_OPTION_SSRR = 137
};

enum ipv4_options_verdict wire_ipv4_options(const uint8_t *bytes, uint32_t header_bytes,
                                            uint8_t *where)
{
    uint32_t at = IPV4_HEADER_BYTES;

    while (at < header_bytes && bytes[at] != IPV4_OPTION_END) {
        if (bytes[at] == IPV4_OPTION_NOP) {
            at++;
            continue;
        }
        *where = (uint8_t)at;
        if (at + 1 >= header_bytes)
            return IPV4_OPTIONS_MALFORMED;
        *where = (uint8_t)(at + 1);
        if (bytes[at + 1] < 2 || bytes[at + 1] > header_bytes - at)
            return IPV4_OPTIONS_MALFORMED;
        if (bytes[at] == IPV4_OPTION_LSRR || bytes[at] == IPV4_OPTION_SSRR)
            return IPV4_OPTIONS_ROUTED;
        at += bytes[at + 1];
    }
    return IPV4_OPTIONS_FINE;
}
