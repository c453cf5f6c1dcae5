/* bogo_flags.h -- the flags by which BoringSSL's test runner configures its shim. */
#ifndef BOGO_FLAGS_H
#define BOGO_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "suite_host.h"

enum {
    BOGO_UNIMPLEMENTED = 89, /* exit status: the runner skips the case */
    BOGO_PHASES = 3
};

/* The phases of a case: flags may be given for one of them only. */
enum bogo_phase {
    BOGO_INITIAL,
    BOGO_RESUME,
    BOGO_RETRY /* after a refusal of early data */
};

struct bogo_config {
    bool bearssl, ipv6, server;
    uint64_t port, shim_id, resume_count;
    const char *key_file, *cert_file, *trust_cert;
    const char *host_name, *server_name;
    const char *advertise_alpn, *select_alpn, *expect_alpn;
    bool decline_alpn, reject_alpn;
    bool no_ticket, early_data;
    bool writes_first, shuts_down, check_close_notify, varied_sizes, key_update;
    bool verify_peer, verify_fail;
    bool expect_session_miss, expect_no_session, expect_ticket_early;
    bool expect_early_accepted, expect_early_refused, expect_early_not_offered;
    bool expect_hrr, expect_no_hrr;
    uint64_t expect_curve, expect_cipher, expect_scheme, expect_version;
    uint64_t min_version, max_version, read_size, resumption_delay_s;
    struct suite_limits limits;
};

/* Reads the flags for all phases. Ends the program with BOGO_UNIMPLEMENTED if leat has no such
 * feature, and with 1 for an unknown flag. */
void bogo_flags_read(struct bogo_config config[BOGO_PHASES], int count, char **words);

#endif
