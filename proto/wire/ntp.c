/* ntp.c -- NTP packets and timestamps. */
#include "proto/wire/ntp.h"

#include "core/second.h"
#include "wire/bytes.h"

static const uint32_t s_to_1970 = 2208988800u; /* from 1900 */

bool wire_ntp_parse(struct wire_ntp *ntp, const uint8_t *bytes, uint32_t len)
{
    if (len < NTP_BYTES)
        return false;
    /* Poll, precision and the reference timestamp aren't read: a client that asks from time to time
     * has no use for them. */
    *ntp = (struct wire_ntp){.leap = bytes[0] >> 6,
                             .version = bytes[0] >> 3 & 7,
                             .mode = bytes[0] & 7,
                             .stratum = bytes[1],
                             .root_delay = get32(bytes + 4),
                             .root_dispersion = get32(bytes + 8),
                             .reference_id = get32(bytes + 12),
                             .origin = get64(bytes + 24),
                             .receive = get64(bytes + 32),
                             .transmit = get64(bytes + 40)};
    return true;
}

void wire_ntp_emit_request(uint8_t *bytes, uint64_t transmit)
{
    memset(bytes, 0, NTP_BYTES);
    bytes[0] = NTP_VERSION << 3 | NTP_MODE_CLIENT;
    put64(bytes + 40, transmit);
}

uint64_t wire_ntp_civil_ns(uint64_t timestamp)
{
    /* Timestamps begin at 0 again in 2036. The difference modulo 2^32 puts the years from then on
     * behind those before. */
    const uint32_t seconds = (uint32_t)(timestamp >> 32) - s_to_1970; /* modulo 2^32 */

    return seconds * second_ns + ((timestamp & 0xffffffffu) * second_ns >> 32);
}

uint64_t wire_ntp_short_ns(uint32_t value)
{
    /* second_ns has 64 bits, so the product doesn't overflow */
    return value * second_ns >> 16;
}
