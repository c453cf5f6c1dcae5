/*
 * settings.h -- the configuration of the stack under test: `--name=value` lines and sysctls.
 *
 * Every integer of leat_config and leat_tcp_config is an option with its own name. Linux's sysctls
 * are mapped to these as far as the stack has a counterpart.
 */
#ifndef SCRIPT_SETTINGS_H
#define SCRIPT_SETTINGS_H

#include <leat/leat.h>

/* The protocol on the wire, and the family of the sockets, as in packetdrill. */
enum ip_version {
    IP_VERSION_ANY, /* unspecified: IPv4 */
    IP_VERSION_4,
    IP_VERSION_MAPPED, /* IPv4 on the wire, ::ffff:192.0.2.1 in the program */
    IP_VERSION_6
};

struct settings {
    enum ip_version version;
    enum ip_version version_named; /* set by the script: it runs with that version only */
    /* addresses and MTU in the form of IPv4; device.c translates both to IPv6 */
    uint32_t local_ip, remote_ip, gateway_ip;
    uint8_t prefix_bits;
    uint16_t mtu;
    uint16_t bind_port;    /* of a bind() to ... */
    uint16_t connect_port; /* of a connect() to ... */
    uint64_t tolerance_ns;
    uint64_t ts_tick_ns; /* 0: values of timestamps are not compared */
    struct leat_config stack;
    struct leat_tcp_config tcp;
};

enum setting_result {
    SETTING_DONE,
    SETTING_UNKNOWN,
    SETTING_BAD_VALUE
};

void settings_init(struct settings *settings);

/* The value of --ip_version; IP_VERSION_ANY: unknown. */
enum ip_version settings_version(const char *text);

/* The stack's address that corresponds to @ip. */
struct leat_ip settings_ip(const struct settings *settings, uint32_t ip);

/* `--name=value` */
enum setting_result settings_option(struct settings *settings, const char *name, const char *value);

/* Applies a shell command; calls @note for each part of it without a meaning here. */
void settings_shell(struct settings *settings, const char *command, size_t len,
                    void (*note)(void *arg, const char *text), void *arg);

/* Sets a field of leat_tcp_config or leat_config by its name; false: unknown. */
bool settings_field(struct settings *settings, const char *name, uint64_t value);

/* True if that would change nothing. */
bool settings_are(const struct settings *settings, const char *name, uint64_t value);

#endif
