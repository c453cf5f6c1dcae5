/* alert_text.c -- names of alerts (RFC 8446 6) and states, apart so that only programs that ask for
 * them link them. */
#include "tls/tls.h"

const char *leat_tls_alert_name(uint8_t alert)
{
    static const struct {
        uint8_t alert;
        const char *name;
    } names[] = {
        {0, "close_notify"},
        {10, "unexpected_message"},
        {20, "bad_record_mac"},
        {22, "record_overflow"},
        {40, "handshake_failure"},
        {42, "bad_certificate"},
        {43, "unsupported_certificate"},
        {44, "certificate_revoked"},
        {45, "certificate_expired"},
        {46, "certificate_unknown"},
        {47, "illegal_parameter"},
        {48, "unknown_ca"},
        {49, "access_denied"},
        {50, "decode_error"},
        {51, "decrypt_error"},
        {70, "protocol_version"},
        {71, "insufficient_security"},
        {80, "internal_error"},
        {86, "inappropriate_fallback"},
        {90, "user_canceled"},
        {109, "missing_extension"},
        {110, "unsupported_extension"},
        {112, "unrecognized_name"},
        {113, "bad_certificate_status_response"},
        {115, "unknown_psk_identity"},
        {116, "certificate_required"},
        {120, "no_application_protocol"},
    };

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].alert == alert)
            return names[i].name;
    return "unknown alert";
}

const char *tls_state_name(const struct tls_session *session)
{
    static const char *const names[] = {TLS_STATE_NAMES};

    return names[session->state];
}
