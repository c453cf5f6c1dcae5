/* option_list.h -- every option of leat_main(), with its line of --help. */
#ifndef OPTION_LIST_H
#define OPTION_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/stack.h>

enum option_key {
    KEY_TAP,
    KEY_TUN,
    KEY_CREATE,
    KEY_SOCKET,
    KEY_SHM,
    KEY_LISTEN,
    KEY_DATAGRAM,
    KEY_PASST,
    KEY_FORWARD,
    KEY_XDP,
    KEY_QUEUE,
    KEY_BUSY_POLL,
    KEY_IP,
    KEY_GATEWAY,
    KEY_IPV4,
    KEY_IPV4_GATEWAY,
    KEY_IP6,
    KEY_IP6_GATEWAY,
    KEY_TEMPORARY,
    KEY_SERVER,
    KEY_MAC,
    KEY_MTU,
    KEY_PORT,
    KEY_IDLE,
    KEY_DRAIN,
    KEY_BUFFERS,
    KEY_CONNECTIONS,
    KEY_CONGESTION,
    KEY_CERT,
    KEY_KEY,
    KEY_DOT,
    KEY_DOH,
    KEY_EARLY,
    KEY_EARLY_DATA,
    KEY_FILES,
    KEY_REDIRECTS,
    KEY_PASSWORDS,
    KEY_TICKET_KEYS,
    KEY_STORE,
    KEY_STORE_FORMAT,
    KEY_ARCHIVE,
    KEY_METADATA,
    KEY_METADATA_DISK,
    KEY_HOST_NAME,
    KEY_ACME,
    KEY_ACME_DIRECTORY,
    KEY_ACME_AGREE,
    KEY_ACME_CONTACT,
    KEY_ACME_BINDING,
    KEY_ACME_TRUST,
    KEY_ACME_FOLDER,
    KEY_RECORD,
    KEY_REPLAY,
    KEY_SEED,
    KEY_CLOCK,
    KEY_FLIGHT,
    KEY_FLIGHT_SNAP,
    KEY_FLIGHT_PORT,
    KEY_FLIGHT_FILE,
    KEY_FLIGHT_DUMP,
    KEY_DASHBOARD,
    KEY_SYSLOG,
    KEY_ACCESS_LOG,
    KEY_ACCESS_FORMAT,
    KEY_ACCESS_CLIENTS,
    KEY_FAST_OPEN,
    KEY_OFFLOAD,
    KEY_NO_OFFLOAD,
    KEY_STATS,
    KEY_EXPLAIN_DROPS,
    KEY_VERBOSE,
    KEY_CONFIG,
    KEY_CHECK_CONFIG,
    KEY_HELP,
    KEY_VERSION,
    KEY_COUNT
};

struct option {
    const char *name;
    const char *value; /* its name in the help; NULL: the option has none */
    const char *text;
    bool posix_only; /* needs files or TAP devices */
};

/* In the order of --help. */
extern const struct option all_options[KEY_COUNT];

/* The range of a number; `high` is 0 for an option without a number. */
struct option_range {
    unsigned long low, high;
};

extern const struct option_range option_ranges[KEY_COUNT];

/* The option of which @key is another name, or @key. */
unsigned option_kind(unsigned key);

/* The option chooses the network device; it belongs to such a device; it may be given several
 * times. */
bool option_is_device(unsigned key);
bool option_is_of_device(unsigned key);
bool option_is_list(unsigned key);

/* The stack, its device or its memory is made with it, so it can't be set later. */
bool option_is_early(unsigned key);

/* Describes the legal values of an option whose value is wrong: in @text, which has room for
 * @bytes, or in static memory. */
const char *option_expectation(unsigned key, const char *value, char *text, size_t bytes);

/* Up to 64 hexadecimal digits from the left; the rest is zero, but all zero is refused. */
bool option_seed(const char *text, uint8_t seed[LEAT_SEED_BYTES]);

#endif
