/* option_values.c -- the legal values of each option, and their descriptions for messages. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "option_list.h"
#include "sink.h"

const struct option_range option_ranges[KEY_COUNT] = {
    [KEY_PORT] = {1, UINT16_MAX},
    [KEY_IDLE] = {0, 1u << 20},
    [KEY_DRAIN] = {0, 3600},
    [KEY_CLOCK] = {1, UINT64_MAX},
    [KEY_MTU] = {68, UINT16_MAX}, /* RFC 791 3.2 */
    [KEY_QUEUE] = {0, 255},
    [KEY_BUSY_POLL] = {0, 1000},
    [KEY_FLIGHT] = {0, 1u << 20},
    [KEY_FLIGHT_SNAP] = {0, 1u << 16},
    [KEY_FLIGHT_PORT] = {1, UINT16_MAX},
    [KEY_DASHBOARD] = {1, UINT16_MAX},
    [KEY_BUFFERS] = {16, 1u << 24},
    [KEY_CONNECTIONS] = {1, 1u << 24},
};

const char *option_expectation(unsigned key, const char *value, char *text, size_t bytes)
{
    if (option_ranges[key].high > 0) {
        snprintf(text, bytes, ": must be a number from %lu to %lu", option_ranges[key].low,
                 option_ranges[key].high);
        return text;
    }
    switch (key) {
    case KEY_IP:
    case KEY_IPV4:
        return strchr(value, '/')
                   ? ": must be an IPv4 address of a host and 0 to 32, as 10.0.0.2/24"
                   : ": give the length of its prefix too, as 10.0.0.2/24";
    case KEY_IP6:
        return strchr(value, '/')
                   ? ": must be an IPv6 address of a host and 0 to 128, as 2001:db8::2/64"
                   : ": give the length of its prefix too, as 2001:db8::2/64";
    case KEY_GATEWAY:
    case KEY_IPV4_GATEWAY:
        return ": must be an IPv4 address of a host, as 10.0.0.1";
    case KEY_IP6_GATEWAY:
        return ": must be an IPv6 address of a host, as 2001:db8::1";
    case KEY_SERVER:
        return ": must be an address of a host";
    case KEY_MAC:
        return ": must be a MAC address, as 02:00:00:00:00:01";
    case KEY_CONGESTION:
        return ": must be cubic, newreno or bbr";
    case KEY_FORWARD:
        return ": must be tcp:PORT or udp:PORT, 16 of each at most";
    case KEY_SYSLOG:
        return ": must be an address and a port, as 10.0.0.1:514, or tcp:ADDRESS:PORT";
    case KEY_ACCESS_LOG:
        return SINK_EXPECTATION;
    case KEY_ACCESS_FORMAT:
        return ": must be common or json";
    case KEY_ACCESS_CLIENTS:
        return ": must be whole, network or none";
    case KEY_METADATA:
        return ": must be ec2, gcp, nocloud or none, and perhaps what is taken, as "
               "ec2:name,options";
    case KEY_HOST_NAME:
        return ": must be letters, digits, - and ., 48 characters at most";
    case KEY_SEED:
        return ": must be 1 to 64 hexadecimal digits, not all 0";
    default:
        return ": can't be";
    }
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

bool option_seed(const char *text, uint8_t seed[LEAT_SEED_BYTES])
{
    size_t count = strlen(text);
    uint8_t any = 0;

    if (count > 2 * (size_t)LEAT_SEED_BYTES)
        return false;
    memset(seed, 0, LEAT_SEED_BYTES);
    for (size_t i = 0; i < count; i++) {
        int digit = hex_digit(text[i]);

        if (digit < 0)
            return false;
        seed[i / 2] = (uint8_t)(seed[i / 2] | (i % 2 ? digit : digit << 4));
        any |= (uint8_t)digit;
    }
    return any != 0;
}
