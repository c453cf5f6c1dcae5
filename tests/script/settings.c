/* settings.c -- the configuration of the stack under test. */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cover.h"
#include "translate.h"

/* ---- fields by name ----------------------------------------------------------------------- */

struct field {
    const char *name;
    size_t at; /* offset in struct settings */
    size_t bytes;
    bool is_bool;            /* true for any number but 0 */
    const char *enumeration; /* its tag, or NULL */
};

#define AT_leat_config     offsetof(struct settings, stack)
#define AT_leat_tcp_config offsetof(struct settings, tcp)

static const struct field fields[] = {
#define ROW(type, field, tag)                                                                      \
    {#field, AT_##type + offsetof(struct type, field), sizeof(((struct type *)0)->field),          \
     _Generic(((struct type *)0)->field, bool                                                      \
              : true, default                                                                      \
              : false),                                                                            \
     tag},
#define FIELD(type, field)           ROW(type, field, 0)
#define ENUM_FIELD(type, field, tag) ROW(type, field, #tag)
#define CONSTANT(tag, name)
#include "config_fields.inc"
#include "stack_fields.inc"
#undef ROW
#undef FIELD
#undef ENUM_FIELD
#undef CONSTANT
};

static const struct {
    const char *enumeration, *name;
    uint64_t value;
} enum_constants[] = {
#define FIELD(type, field)
#define ENUM_FIELD(type, field, tag)
#define CONSTANT(tag, name) {#tag, #name, (uint64_t)name},
#include "config_fields.inc"
#undef FIELD
#undef ENUM_FIELD
#undef CONSTANT
};

static const struct field *find_field(const char *name)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    }
    return 0;
}

static void store(struct settings *settings, const struct field *field, uint64_t value)
{
    unsigned char *at = (unsigned char *)settings + field->at;
    const uint8_t value8 = field->is_bool ? value != 0 : (uint8_t)value;
    const uint16_t value16 = (uint16_t)value;
    const uint32_t value32 = (uint32_t)value;

    if (field->bytes == 1)
        memcpy(at, &value8, 1);
    else if (field->bytes == 2)
        memcpy(at, &value16, 2);
    else if (field->bytes == 4)
        memcpy(at, &value32, 4);
    else
        memcpy(at, &value, 8);
}

bool settings_field(struct settings *settings, const char *name, uint64_t value)
{
    const struct field *field = find_field(name);

    if (field)
        store(settings, field, value);
    return field != 0;
}

bool settings_are(const struct settings *settings, const char *name, uint64_t value)
{
    const struct field *field = find_field(name);
    struct settings copy = *settings;

    if (!field)
        return false;
    store(&copy, field, value);
    return memcmp((const char *)&copy + field->at, (const char *)settings + field->at,
                  field->bytes) == 0;
}

/* "accept" is LEAT_..._ACCEPT. */
static bool enum_value(const struct field *field, const char *text, uint64_t *value)
{
    for (size_t i = 0; i < sizeof enum_constants / sizeof *enum_constants; i++) {
        const char *name = enum_constants[i].name;
        const char *last = strrchr(name, '_');

        if (field->enumeration && strcmp(enum_constants[i].enumeration, field->enumeration) == 0 &&
            (strcasecmp(last + 1, text) == 0 || strcmp(name, text) == 0)) {
            *value = enum_constants[i].value;
            return true;
        }
    }
    return false;
}

static bool read_number(const char *text, uint64_t max, uint64_t *value)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    *value = strtoull(text, &end, 0);
    return *end == 0 && *value <= max;
}

/* ---- options ------------------------------------------------------------------------------ */

void settings_init(struct settings *settings)
{
    /* packetdrill's addresses, ports and tolerance */
    *settings = (struct settings){
        .local_ip = leat_ip_v4_number(LEAT_IP4(192, 168, 0, 1)),
        .remote_ip = leat_ip_v4_number(LEAT_IP4(192, 0, 2, 1)),
        .gateway_ip = leat_ip_v4_number(LEAT_IP4(192, 168, 0, 2)),
        .prefix_bits = 16,
        .mtu = 1500,
        .bind_port = 8080,
        .connect_port = 8080,
        .tolerance_ns = 4000000,
        .tcp = {.connections = 32,
                .half_open = 64,
                .time_wait = 32,
                .reorder_runs = 256,
                .on_transition = cover_transition},
        .stack = {.arp_entries = 16, .tx_queue_frames = 256},
    };
    for (unsigned i = 0; i < LEAT_SEED_BYTES; i++)
        settings->stack.seed[i] = (uint8_t)(i * 37 + 1);
}

enum ip_version settings_version(const char *text)
{
    static const char *const names[] = {"", "ipv4", "ipv4-mapped-ipv6", "ipv6"};

    for (unsigned i = IP_VERSION_4; i <= IP_VERSION_6; i++) {
        if (strcmp(text, names[i]) == 0)
            return (enum ip_version)i;
    }
    return IP_VERSION_ANY;
}

struct leat_ip settings_ip(const struct settings *settings, uint32_t ip)
{
    struct leat_ip address = leat_ip_v4(ip);
    char text[40];

    if (settings->version == IP_VERSION_6) {
        translate_address(ip, address.bytes);
    } else if (settings->version == IP_VERSION_MAPPED && ip != 0) {
        snprintf(text, sizeof text, "::ffff:%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255,
                 ip & 255);
        if (!leat_ip_parse(text, &address))
            abort();
    }
    return address;
}

/* Linux's "reno" is our NewReno. */
static bool set_congestion(const char *text, const struct leat_tcp_congestion **congestion)
{
    static const struct {
        const char *name;
        const struct leat_tcp_congestion *congestion;
    } known[] = {{"cubic", &leat_tcp_cubic},
                 {"newreno", &leat_tcp_newreno},
                 {"reno", &leat_tcp_newreno},
                 {"bbr", &leat_tcp_bbr}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcasecmp(known[i].name, text) == 0) {
            *congestion = known[i].congestion;
            return true;
        }
    }
    return false;
}

static bool read_ip(const char *text, uint32_t *number)
{
    struct leat_ip ip;

    if (!leat_ip_parse(text, &ip) || !leat_ip_is_v4(ip))
        return false;
    *number = leat_ip_v4_number(ip);
    return true;
}

/* 255.255.0.0 */
static bool set_netmask(const char *text, uint8_t *prefix_bits)
{
    uint32_t mask;

    if (!read_ip(text, &mask))
        return false;
    for (uint8_t bits = 0; bits <= 32; bits++) {
        if ((bits > 0 ? UINT32_MAX << (32 - bits) : 0) == mask) {
            *prefix_bits = bits;
            return true;
        }
    }
    return false;
}

static enum setting_result own_option(struct settings *settings, const char *name,
                                      const char *value)
{
    const bool is_ip = strlen(name) > 3 && strcmp(name + strlen(name) - 3, "_ip") == 0;
    uint64_t number = 0;
    bool good;

    if (strcmp(name, "ip_version") == 0) {
        settings->version_named = settings_version(value);
        good = settings->version_named != IP_VERSION_ANY;
    } else if (strcmp(name, "netmask_ip") == 0) {
        good = set_netmask(value, &settings->prefix_bits);
    } else if (is_ip) {
        uint32_t *ip = strcmp(name, "local_ip") == 0     ? &settings->local_ip
                       : strcmp(name, "remote_ip") == 0  ? &settings->remote_ip
                       : strcmp(name, "gateway_ip") == 0 ? &settings->gateway_ip
                                                         : 0;

        if (!ip)
            return SETTING_UNKNOWN;
        good = read_ip(value, ip);
    } else if (strcmp(name, "congestion") == 0) {
        good = set_congestion(value, &settings->tcp.congestion);
    } else if (strcmp(name, "mtu") == 0) {
        good = read_number(value, UINT16_MAX, &number) && number >= 68;
        settings->mtu = (uint16_t)number;
    } else if (strcmp(name, "bind_port") == 0) {
        good = read_number(value, UINT16_MAX, &number) && number > 0;
        settings->bind_port = (uint16_t)number;
    } else if (strcmp(name, "connect_port") == 0) {
        good = read_number(value, UINT16_MAX, &number) && number > 0;
        settings->connect_port = (uint16_t)number;
    } else if (strcmp(name, "tolerance_usecs") == 0) {
        good = read_number(value, UINT32_MAX, &number);
        settings->tolerance_ns = number * 1000;
    } else if (strcmp(name, "tcp_ts_tick_usecs") == 0) {
        good = read_number(value, UINT32_MAX, &number);
        settings->ts_tick_ns = number * 1000;
    } else if (strcmp(name, "define") == 0) {
        good = value[0] != '=' && strchr(value, '='); /* the parser's */
    } else if (strcmp(name, "strict_segments") == 0) {
        good = value[0] == '\0'; /* a packet of the script is always one segment here */
    } else {
        return SETTING_UNKNOWN;
    }
    return good ? SETTING_DONE : SETTING_BAD_VALUE;
}

enum setting_result settings_option(struct settings *settings, const char *name, const char *value)
{
    const enum setting_result own = own_option(settings, name, value);
    const struct field *field = find_field(name);
    uint64_t number;

    if (own != SETTING_UNKNOWN || !field)
        return own;
    if (!enum_value(field, value, &number) &&
        !read_number(value, field->bytes < 8 ? (UINT64_C(1) << 8 * field->bytes) - 1 : UINT64_MAX,
                     &number))
        return SETTING_BAD_VALUE;
    store(settings, field, number);
    return SETTING_DONE;
}

/* ---- sysctls ------------------------------------------------------------------------------ */

enum sysctl_unit {
    PLAIN,
    INVERTED, /* inverts the stack's field */
    SECONDS,
    MILLISECONDS,
    MICROSECONDS,
    LAST_OF_THREE, /* min, default and max */
    ECN_CHOICE     /* 0 off, 1 request, 2 accept, 3 request AccECN */
};

/* A sysctl sets the first of these fields that the stack has. */
static const struct sysctl {
    const char *name;
    const char *fields[2];
    enum sysctl_unit unit;
} sysctls[] = {
    {"tcp_timestamps", {"no_timestamps"}, INVERTED},
    {"tcp_sack", {"no_sack"}, INVERTED},
    {"tcp_dsack", {"no_dsack"}, INVERTED},
    {"tcp_window_scaling", {"no_window_scaling", "no_wscale"}, INVERTED},
    {"tcp_ecn", {"ecn"}, ECN_CHOICE},
    {"tcp_recovery", {"no_rack"}, INVERTED},
    {"tcp_early_retrans", {"no_tlp"}, INVERTED},
    {"tcp_frto", {"no_frto"}, INVERTED},
    {"tcp_slow_start_after_idle", {"no_cwnd_validation", "no_idle_restart"}, INVERTED},
    {"tcp_syncookies", {"no_cookies"}, INVERTED},
    {"tcp_fastopen", {"fast_open", "fastopen"}, PLAIN},
    {"tcp_rmem", {"receive_window_bytes"}, LAST_OF_THREE},
    {"tcp_wmem", {"send_queue_bytes"}, LAST_OF_THREE},
    {"tcp_rto_min_us", {"rto_min_ns"}, MICROSECONDS},
    {"tcp_min_rto", {"rto_min_ns"}, MILLISECONDS},
    {"tcp_rto_max_ms", {"rto_max_ns"}, MILLISECONDS},
    {"tcp_delack_min", {"delayed_ack_ns"}, MILLISECONDS},
    {"tcp_fin_timeout", {"fin_wait_2_ns"}, SECONDS},
    {"tcp_keepalive_time", {"keepalive_idle_ns"}, SECONDS},
    {"tcp_keepalive_intvl", {"keepalive_interval_ns"}, SECONDS},
    {"tcp_keepalive_probes", {"keepalive_probes"}, PLAIN},
    /* FreeBSD's, with their full names */
    {"net.inet.tcp.rfc1323", {"no_timestamps"}, INVERTED},
    {"net.inet.tcp.sack.enable", {"no_sack"}, INVERTED},
    {"net.inet.tcp.ecn.enable", {"ecn"}, ECN_CHOICE},
    {"net.inet.tcp.recvspace", {"receive_window_bytes"}, PLAIN},
    {"net.inet.tcp.rexmit_slop", {"rto_min_ns"}, MILLISECONDS},
    {"net.inet.tcp.delacktime", {"delayed_ack_ns"}, MILLISECONDS},
    {"net.inet.tcp.finwait2_timeout", {"fin_wait_2_ns"}, MILLISECONDS},
    {"net.inet.tcp.msl", {"msl_ns"}, MILLISECONDS},
    {"net.inet.tcp.keepinit", {"connect_timeout_ns"}, MILLISECONDS},
    {"net.inet.tcp.keepidle", {"keepalive_idle_ns"}, MILLISECONDS},
    {"net.inet.tcp.keepintvl", {"keepalive_interval_ns"}, MILLISECONDS},
    {"net.inet.tcp.keepcnt", {"keepalive_probes"}, PLAIN},
};

static bool sysctl_number(const char *text, enum sysctl_unit unit, uint64_t *value)
{
    const char *last = strrchr(text, ' ');

    if (unit == LAST_OF_THREE)
        return last && read_number(last + 1, UINT32_MAX, value);
    if (!read_number(text, UINT32_MAX, value))
        return false;
    if (unit == ECN_CHOICE)
        *value = *value == 0   ? LEAT_TCP_ECN_OFF
                 : *value == 1 ? LEAT_TCP_ECN_ASK
                 : *value == 3 ? LEAT_TCP_ECN_ASK_ACCURATE
                               : LEAT_TCP_ECN_ACCEPT;
    else if (unit == INVERTED)
        *value = *value == 0;
    else if (unit == SECONDS)
        *value *= 1000000000;
    else if (unit == MILLISECONDS)
        *value *= 1000000;
    else if (unit == MICROSECONDS)
        *value *= 1000;
    return true;
}

static bool set_sysctl(struct settings *settings, const char *name, const char *text)
{
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    const char *base = dot ? dot + 1 : slash ? slash + 1 : name;
    uint64_t value = 0;

    if (strcmp(base, "tcp_congestion_control") == 0)
        return set_congestion(text, &settings->tcp.congestion);
    for (size_t i = 0; i < sizeof sysctls / sizeof *sysctls; i++) {
        const struct sysctl *sysctl = &sysctls[i];

        if (strcmp(sysctl->name, base) != 0 && strcmp(sysctl->name, name) != 0)
            continue;
        for (unsigned f = 0; f < 2 && sysctl->fields[f]; f++) {
            const struct field *field = find_field(sysctl->fields[f]);

            if (!field ||
                (!enum_value(field, text, &value) && !sysctl_number(text, sysctl->unit, &value)))
                continue;
            store(settings, field, value);
            return true;
        }
    }
    return false;
}

/* ---- shell -------------------------------------------------------------------------------- */

enum {
    WORDS_MAX = 64,
    COMMAND_BYTES = 4096
};

struct shell {
    struct settings *settings;
    void (*note)(void *arg, const char *text);
    void *arg;
    char text[COMMAND_BYTES]; /* words, terminated */
    char *words[WORDS_MAX];
    unsigned count;
};

static void note(struct shell *shell, const char *what, const char *word)
{
    char text[200];

    snprintf(text, sizeof text, "%s: %.120s", what, word);
    shell->note(shell->arg, text);
}

static void run_assignments(struct shell *shell)
{
    for (unsigned i = 1; i < shell->count; i++) {
        char *word = shell->words[i];
        char *equal = strchr(word, '=');

        if (word[0] == '-')
            continue;
        if (equal)
            *equal = 0;
        if (!equal || !set_sysctl(shell->settings, word, equal + 1))
            note(shell, "setting ignored", word);
    }
}

static void run_words(struct shell *shell)
{
    const char *slash, *name;

    if (shell->count == 0)
        return;
    slash = strrchr(shell->words[0], '/');
    name = slash ? slash + 1 : shell->words[0];
    if (strcmp(name, "sysctl") == 0 || strcmp(name, "set_sysctls.py") == 0)
        run_assignments(shell);
    else if (strcmp(name, "defaults.sh") != 0) /* our defaults apply */
        note(shell, "command ignored", shell->words[0]);
    shell->count = 0;
}

/* Splits a command into words; quotes protect blanks. */
void settings_shell(struct settings *settings, const char *command, size_t len,
                    void (*note_fn)(void *arg, const char *text), void *arg)
{
    struct shell shell = {.settings = settings, .note = note_fn, .arg = arg};
    char *to = shell.text, quote = 0;
    bool inside = false;

    for (size_t i = 0; i < len && to < shell.text + COMMAND_BYTES - 2; i++) {
        const char c = command[i];

        if (quote && c == quote) {
            quote = 0;
        } else if (!quote && (c == '"' || c == '\'')) {
            quote = c;
        } else if (!quote && strchr(" \t\r\n;&|", c)) {
            *to++ = 0;
            inside = false;
            if (strchr("\n;&|", c))
                run_words(&shell);
        } else {
            if (!inside && shell.count < WORDS_MAX)
                shell.words[shell.count++] = to;
            inside = true;
            *to++ = c;
        }
    }
    *to = 0;
    run_words(&shell);
}
