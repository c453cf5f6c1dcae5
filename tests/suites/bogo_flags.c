/* bogo_flags.c -- reads the flags of BoringSSL's test runner. */
#include "bogo_flags.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    SWITCH,
    NUMBER,
    NUMBERS, /* may be repeated */
    TEXT,
    MOOT,     /* changes nothing here */
    MOOT_TEXT /* the same, with a value */
};

struct flag {
    const char *name;
    enum kind kind;
    size_t at; /* offset in struct bogo_config */
};

#define AT(member) offsetof(struct bogo_config, member)

static const struct flag flags[] = {
    {"-provider-bearssl", SWITCH, AT(bearssl)},
    {"-ipv6", SWITCH, AT(ipv6)},
    {"-port", NUMBER, AT(port)},
    {"-shim-id", NUMBER, AT(shim_id)},
    {"-server", SWITCH, AT(server)},
    {"-resume-count", NUMBER, AT(resume_count)},
    {"-key-file", TEXT, AT(key_file)},
    {"-cert-file", TEXT, AT(cert_file)},
    {"-trust-cert", TEXT, AT(trust_cert)},
    {"-host-name", TEXT, AT(host_name)},
    {"-expect-server-name", TEXT, AT(server_name)},
    {"-advertise-alpn", TEXT, AT(advertise_alpn)},
    {"-select-alpn", TEXT, AT(select_alpn)},
    {"-expect-alpn", TEXT, AT(expect_alpn)},
    {"-decline-alpn", SWITCH, AT(decline_alpn)},
    {"-reject-alpn", SWITCH, AT(reject_alpn)},
    {"-no-ticket", SWITCH, AT(no_ticket)},
    {"-enable-early-data", SWITCH, AT(early_data)},
    {"-shim-writes-first", SWITCH, AT(writes_first)},
    {"-read-with-unfinished-write", SWITCH, AT(writes_first)}, /* every write may be unfinished */
    {"-shim-shuts-down", SWITCH, AT(shuts_down)},
    {"-check-close-notify", SWITCH, AT(check_close_notify)},
    {"-write-different-record-sizes", SWITCH, AT(varied_sizes)},
    {"-key-update", SWITCH, AT(key_update)},
    {"-verify-peer", SWITCH, AT(verify_peer)},
    {"-verify-fail", SWITCH, AT(verify_fail)},
    {"-expect-session-miss", SWITCH, AT(expect_session_miss)},
    {"-expect-no-session", SWITCH, AT(expect_no_session)},
    {"-expect-ticket-supports-early-data", SWITCH, AT(expect_ticket_early)},
    {"-expect-accept-early-data", SWITCH, AT(expect_early_accepted)},
    {"-expect-reject-early-data", SWITCH, AT(expect_early_refused)},
    {"-expect-no-offer-early-data", SWITCH, AT(expect_early_not_offered)},
    {"-expect-hrr", SWITCH, AT(expect_hrr)},
    {"-expect-no-hrr", SWITCH, AT(expect_no_hrr)},
    {"-expect-curve-id", NUMBER, AT(expect_curve)},
    {"-expect-cipher", NUMBER, AT(expect_cipher)},
    {"-expect-peer-signature-algorithm", NUMBER, AT(expect_scheme)},
    {"-expect-version", NUMBER, AT(expect_version)},
    {"-min-version", NUMBER, AT(min_version)},
    {"-max-version", NUMBER, AT(max_version)},
    {"-read-size", NUMBER, AT(read_size)},
    {"-resumption-delay", NUMBER, AT(resumption_delay_s)},
    {"-curves", NUMBERS, AT(limits.groups)},
    {"-signing-prefs", NUMBERS, AT(limits.signing)},
    {"-verify-prefs", NUMBERS, AT(limits.verifying)},
    /* callbacks, and ways to call BoringSSL */
    {"-async", MOOT, 0},
    {"-implicit-handshake", MOOT, 0},
    {"-no-op-extra-handshake", MOOT, 0},
    {"-handshake-twice", MOOT, 0},
    {"-handshake-never-done", MOOT, 0},
    {"-peek-then-read", MOOT, 0},
    {"-partial-write", MOOT, 0},
    {"-use-early-callback", MOOT, 0},
    {"-install-ddos-callback", MOOT, 0},
    {"-use-custom-verify-callback", MOOT, 0},
    {"-use-ocsp-callback", MOOT, 0},
    {"-expect-verify-result", MOOT, 0},
    {"-server-preference", MOOT, 0},
    {"-ignore-rsa-key-usage", MOOT, 0},
    /* older versions, which leat doesn't have, are switched off, or have their own parameters */
    {"-no-tls1", MOOT, 0},
    {"-no-tls11", MOOT, 0},
    {"-no-tls12", MOOT, 0},
    {"-cipher", MOOT_TEXT, 0},
    {"-expect-no-session-id", MOOT, 0},
    {"-forbid-renegotiation-after-handshake", MOOT, 0},
    /* seen by the runner, too */
    {"-expect-advertised-alpn", MOOT_TEXT, 0},
    /* BoringSSL's own word for the outcome, which is checked by the flags above */
    {"-expect-early-data-reason", MOOT_TEXT, 0},
};

/* Features of BoringSSL that leat doesn't have. docs/lab/tls-suites.md has the reasons. */
static const char *const absent[] = {
    "-dtls",
    "-quic",
    "-mtu",
    "-initial-timeout-duration-ms",
    "-no-tls13",
    "-fallback-scsv",
    "-false-start",
    "-expect-extended-master-secret",
    "-tls-unique",
    "-psk",
    "-psk-identity",
    "-expect-secure-renegotiation",
    "-expect-no-secure-renegotiation",
    "-expect-total-renegotiations",
    "-renegotiate-once",
    "-renegotiate-freely",
    "-renegotiate-ignore",
    "-renegotiate-explicit",
    "-cbc-record-splitting",
    "-expect-session-id",
    "-enable-channel-id",
    "-send-channel-id",
    "-expect-channel-id",
    "-advertise-npn",
    "-expect-next-proto",
    "-select-next-proto",
    "-expect-late-alpn",
    "-srtp-profiles",
    "-enable-ech-grease",
    "-ech-server-config",
    "-ech-server-key",
    "-ech-is-retry-config",
    "-expect-ech-accept",
    "-expect-ech-name-override",
    "-expect-no-ech-name-override",
    "-expect-ech-retry-configs",
    "-expect-no-ech-retry-configs",
    "-ech-config-list",
    "-application-settings",
    "-expect-peer-application-settings",
    "-alps-use-new-codepoint",
    "-defer-alps",
    "-quic-transport-params",
    "-expect-quic-transport-params",
    "-quic-use-legacy-codepoint",
    "-quic-early-data-context",
    "-require-any-client-certificate",
    "-verify-peer-if-no-obc",
    "-expect-certificate-types",
    "-use-old-client-cert-callback",
    "-use-client-ca-list",
    "-expect-client-ca-list",
    "-retain-only-sha256-client-cert",
    "-expect-sha256-client-cert",
    "-expect-peer-cert-file",
    "-expect-peer-verify-pref",
    "-enable-ocsp-stapling",
    "-ocsp-response",
    "-expect-ocsp-response",
    "-set-ocsp-in-callback",
    "-decline-ocsp-callback",
    "-fail-ocsp-callback",
    "-enable-signed-cert-timestamps",
    "-signed-cert-timestamps",
    "-expect-signed-cert-timestamps",
    "-install-cert-compression-algs",
    "-install-one-cert-compression-alg",
    "-delegated-credential",
    "-expect-delegated-credential-used",
    "-fail-early-callback",
    "-fail-ddos-callback",
    "-fail-cert-callback",
    "-select-empty-alpn",
    "-allow-unknown-alpn-protos",
    "-export-keying-material",
    "-export-label",
    "-export-context",
    "-use-export-context",
    "-export-traffic-secrets",
    "-use-exporter-between-reads",
    "-expect-ticket-renewal",
    "-use-ticket-callback",
    "-renew-ticket",
    "-ticket-key",
    "-expect-ticket-age-skew",
    "-send-alert",
    "-enable-grease",
    "-permute-extensions",
    "-max-cert-list",
    "-max-send-fragment",
    "-expect-cipher-aes",
    "-expect-cipher-no-aes",
    "-expect-msg-callback",
    "-handoff",
    "-handshake-hints",
    "-allow-hint-mismatch",
    "-reverify-on-resume",
    "-expect-key-usage-invalid",
    "-jdk11-workaround",
    "-early-write-after-message",
    "-fips-202205",
    "-wpa-202304",
};

/* Removes @prefix from *@name. False: it has another one. */
static bool strip(const char **name, const char *prefix)
{
    const size_t len = strlen(prefix);

    if (strncmp(*name, prefix, len) != 0 || (*name)[len] != '-')
        return false;
    *name += len;
    return true;
}

static _Noreturn void leave(int status, const char *what, const char *name)
{
    fprintf(stderr, "%s: %s\n", what, name);
    exit(status);
}

static const struct flag *find(const char *name)
{
    for (unsigned i = 0; i < sizeof absent / sizeof *absent; i++)
        if (strcmp(absent[i], name) == 0)
            leave(BOGO_UNIMPLEMENTED, "not implemented", name);
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(flags[i].name, name) == 0)
            return &flags[i];
    leave(1, "unknown flag", name);
}

static void set(struct bogo_config *config, const struct flag *flag, const char *value)
{
    char *place = (char *)config + flag->at;
    struct suite_numbers *numbers = (struct suite_numbers *)(void *)place;

    switch (flag->kind) {
    case SWITCH:
        *(bool *)place = true;
        break;
    case NUMBER:
        *(uint64_t *)(void *)place = strtoull(value, NULL, 10);
        break;
    case NUMBERS:
        suite_demand(numbers->count < SUITE_NUMBERS, "a long list");
        numbers->list[numbers->count++] = (uint16_t)strtoul(value, NULL, 10);
        break;
    case TEXT:
        *(const char **)(void *)place = value;
        break;
    case MOOT:
    case MOOT_TEXT:
        break;
    }
}

static bool has_value(const struct flag *flag)
{
    return flag->kind != SWITCH && flag->kind != MOOT;
}

void bogo_flags_read(struct bogo_config config[BOGO_PHASES], int count, char **words)
{
    static const char *const prefixes[BOGO_PHASES] = {"-on-initial", "-on-resume", "-on-retry"};

    for (int i = 1; i < count; i++) {
        const char *name = words[i], *value = NULL;
        const struct flag *flag;
        unsigned only = BOGO_PHASES;

        if (strcmp(name, "-is-handshaker-supported") == 0) {
            puts("No"); /* a second process that takes over a session */
            exit(0);
        }
        if (strip(&name, "-on-handshaker"))
            leave(BOGO_UNIMPLEMENTED, "not implemented", name);
        strip(&name, "-on-shim");
        for (unsigned phase = 0; phase < BOGO_PHASES && only == BOGO_PHASES; phase++)
            if (strip(&name, prefixes[phase]))
                only = phase;
        flag = find(name);
        if (has_value(flag)) {
            if (++i == count)
                leave(1, "no value", name);
            value = words[i];
        }
        for (unsigned phase = 0; phase < BOGO_PHASES; phase++)
            if (only == BOGO_PHASES || only == phase)
                set(&config[phase], flag, value);
    }
}
