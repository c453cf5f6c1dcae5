/*
 * notes.c -- the notes about its run in a recording.
 *
 * The seed is secret while the program runs: share a recording only with people who may know it.
 */
#include "notes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct notes {
    char *text;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct notes *notes, const char *format, ...)
{
    const size_t room = NOTES_BYTES - notes->len;
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(notes->text + notes->len, room, format, arguments);
    va_end(arguments);
    if (len > 0)
        notes->len += (size_t)len < room ? (size_t)len : room - 1;
}

static void add_address(struct notes *notes, const char *name, struct leat_ip ip)
{
    char text[LEAT_IP_TEXT_BYTES];

    if (leat_ip_is_any(ip))
        return;
    leat_ip_format(ip, text);
    add(notes, "%s %s\n", name, text);
}

static void add_syslog(struct notes *notes, const struct options *options)
{
    char text[LEAT_ENDPOINT_TEXT_BYTES];

    if (leat_ip_is_any(options->syslog.ip))
        return;
    leat_endpoint_format(&options->syslog, text);
    add(notes, "syslog %s%s\n", options->syslog_tcp ? "tcp:" : "", text);
}

/* Frames depend on it only if the lines are sent. */
static void add_access_log(struct notes *notes, const struct options *options)
{
    const struct sink_target *log = &options->access_log;
    char text[LEAT_ENDPOINT_TEXT_BYTES];

    if (log->kind != SINK_SYSLOG)
        return;
    leat_endpoint_format(&log->server, text);
    add(notes, "access-log syslog:%s%s\naccess-log-format %s\naccess-log-clients %s\n",
        log->tcp ? "tcp:" : "", text, options->access_json ? "json" : "common",
        access_clients_names[options->access_clients]);
}

/* Addresses of ours, a line each. */
static void add_own(struct notes *notes, const char *name, const struct options_address *addresses,
                    unsigned count)
{
    char ip[LEAT_IP_TEXT_BYTES];

    for (unsigned i = 0; i < count; i++) {
        leat_ip_format(addresses[i].ip, ip);
        add(notes, "%s %s/%u\n", name, ip, (unsigned)addresses[i].prefix_bits);
    }
}

void notes_write(char text[NOTES_BYTES], const char *program, const struct options *options,
                 const struct leat_netif *netif, const uint8_t seed[LEAT_SEED_BYTES])
{
    struct notes notes = {.text = text};
    const uint8_t *mac = netif->mac.octet;

    add(&notes, "leat %s\nprogram %s\nseed ", LEAT_VERSION, program);
    for (unsigned i = 0; i < LEAT_SEED_BYTES; i++)
        add(&notes, "%02x", seed[i]);
    add(&notes, "\n");
    if (options->clock_ns)
        add(&notes, "clock %" PRIu64 "\n", options->clock_ns);
    /* none: the recording holds what a server or router said */
    add_own(&notes, "ip", options->ips, options->ip_count);
    add_own(&notes, "ip6", options->ip6s, options->ip6_count);
    add_address(&notes, "gateway", options->gateway);
    add_address(&notes, "ip6-gateway", options->gateway6);
    add_address(&notes, "server", options->server);
    add(&notes, "mac %02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1], mac[2], mac[3], mac[4],
        mac[5]);
    add_syslog(&notes, options);
    add_access_log(&notes, options);
    if (options->dashboard_port)
        add(&notes, "dashboard %u\n", (unsigned)options->dashboard_port);
    add(&notes, "idle %" PRIu64 "\n", options->idle_ns / UINT64_C(1000000000));
    add(&notes, "mtu %u\nbuffers %u\n", (unsigned)netif->mtu, options->buffers);
    if (options->port) /* some programs have none */
        add(&notes, "port %u\n", (unsigned)options->port);
    if (options->connections)
        add(&notes, "connections %u\n", options->connections);
    if (options->flight_port) /* its output depends on the kept frames */
        add(&notes, "flight-port %u\nflight %u\nflight-snap %u\n", (unsigned)options->flight_port,
            options->flight_kib, options->flight_snap);
    for (int i = 0; i < options->argument_count; i++)
        add(&notes, "argument %s\n", options->arguments[i]);
}
