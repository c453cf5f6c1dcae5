/* ntp.h -- packets of the Network Time Protocol, version 4, as a client sees them (RFC 5905 7.3).
 */
#ifndef WIRE_NTP_H
#define WIRE_NTP_H

#include <stdbool.h>
#include <stdint.h>

enum {
    NTP_PORT = 123,
    NTP_BYTES = 48, /* without extension fields and MAC */
    NTP_VERSION = 4,
    NTP_VERSION_MIN = 1, /* RFC 5905 B: older versions have the same header for a client */
    NTP_MODE_CLIENT = 3,
    NTP_MODE_SERVER = 4,
    NTP_LEAP_UNKNOWN = 3, /* the server's clock isn't synchronized */
    NTP_STRATUM_KISS = 0,
    NTP_STRATUM_MAX = 15
};

/* Timestamps have 32 bits of seconds since 1900 and 32 bits of fraction; 0: none. */
struct wire_ntp {
    uint8_t leap;
    uint8_t version;
    uint8_t mode;
    uint8_t stratum;
    uint32_t root_delay; /* in units of 2^-16 s, like the next */
    uint32_t root_dispersion;
    uint32_t reference_id; /* with stratum 0: the kiss code, four letters */
    uint64_t origin;
    uint64_t receive;
    uint64_t transmit;
};

/* Parses a packet without judging its content; false: cut short. */
bool wire_ntp_parse(struct wire_ntp *ntp, const uint8_t *bytes, uint32_t len);

/* Writes a request of NTP_BYTES that contains nothing but @transmit
 * (draft-ietf-ntp-data-minimization 4). */
void wire_ntp_emit_request(uint8_t *bytes, uint64_t transmit);

/* Nanoseconds since 1970. A timestamp wraps, and is taken to lie between 1970 and 2106 (RFC
 * 4330 3 has 1968 to 2104). */
uint64_t wire_ntp_civil_ns(uint64_t timestamp);

/* Converts units of 2^-16 s to nanoseconds. */
uint64_t wire_ntp_short_ns(uint32_t value);

#endif
