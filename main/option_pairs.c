/* option_pairs.c -- options that exclude or need each other. */
#include <stdio.h>

#include "options.h"

/* True also for an address that is not given. */
static bool can_be_ip4(struct leat_ip ip)
{
    return leat_ip_is_v4(ip) || leat_ip_is_any(ip);
}

/* The first option of TLS that was given, or NULL. */
static const char *tls_option(const struct options *options)
{
    return options->certificate   ? "--cert"
           : options->key         ? "--key"
           : options->dot         ? "--dot"
           : options->doh         ? "--doh"
           : options->early       ? "--early"
           : options->early_data  ? "--early-data"
           : options->ticket_keys ? "--ticket-keys"
           : options->acme        ? "--acme"
                                  : NULL;
}

/* The message about two network devices, if more than one was chosen; else NULL. */
static const char *two_devices(const struct options *options)
{
    static const char *const texts[] = {
        "--tap or another network, not both", "--tun or another network, not both",
        "--shm or another network, not both", "--xdp or a socket, not both",
        "--passt or --socket, not both",      "--replay or a device, not both"};
    const bool has[] = {options->tap,   options->tun,    options->shm,   options->xdp,
                        options->passt, options->replay, options->socket};
    const char *first = NULL;

    for (size_t i = 0; i < sizeof has / sizeof *has; i++) {
        if (has[i] && first)
            return first;
        if (has[i] && i < sizeof texts / sizeof *texts)
            first = texts[i];
    }
    return NULL;
}

/* Options of devices. */
static const char *wrong_device(const struct options *options)
{
    const bool has_path = options->socket || options->shm;
    const bool forwards = options->forward_tcp[0] || options->forward_udp[0];
    const bool has_other = has_path || options->passt || options->xdp || options->replay;
    const struct {
        bool is_so;
        const char *text;
    } all[] = {
        {options->replay && !(options->mac_given && options->seed_given),
         "--replay needs --mac and --seed"},
        {options->tun && options->mac_given, "--tun has no MAC address: leave out --mac"},
        {options->create && has_other, "--create makes a TAP or TUN device: leave it out"},
        {options->datagram && !options->socket, "--datagram needs --socket"},
        {options->listen && !has_path, "--listen needs --socket or --shm"},
        {options->listen && options->datagram, "--listen is for streams, --datagram isn't one"},
        {options->offload && (!options->socket || options->datagram),
         "--offload needs --socket, without --datagram"},
        {options->offload && options->no_offload, "--offload or --no-offload, not both"},
        {forwards && !options->passt, "--forward needs --passt"},
        {options->source[KEY_QUEUE] && !options->xdp, "--queue needs --xdp"},
        {options->xdp && options->ip_count > 1 && !options->mac_given,
         "--xdp with a second --ip needs --mac"},
        {options->busy_poll_us && !options->xdp && !options->shm,
         "--busy-poll needs --xdp or --shm"},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].is_so)
            return all[i].text;
    }
    return NULL;
}

/* True if @ip is one of our own. */
static bool is_ours(const struct options *options, struct leat_ip ip)
{
    for (unsigned i = 0; i < options->ip_count; i++) {
        if (leat_ip_equal(options->ips[i].ip, ip))
            return true;
    }
    for (unsigned i = 0; i < options->ip6_count; i++) {
        if (leat_ip_equal(options->ip6s[i].ip, ip))
            return true;
    }
    return false;
}

/* Addresses, and servers that are asked. */
static const char *wrong_address(const struct options *options)
{
    const bool has_gateway = !leat_ip_is_any(options->gateway);
    const bool has_ipv6 = options->ip6_count > 0 || options->ip_count == 0;
    const struct {
        bool is_so;
        const char *text;
    } all[] = {
        {has_gateway && options->ip_count == 0 && !options->passt, "--gateway needs --ip"},
        {!leat_ip_is_any(options->gateway6) && options->ip6_count == 0,
         "--ip6-gateway needs --ip6"},
        {is_ours(options, options->gateway), "--gateway is our own address: give the router's"},
        {is_ours(options, options->gateway6),
         "--ip6-gateway is our own address: give the router's"},
        {is_ours(options, options->server),
         "--server is our own address: give another name server's"},
        {is_ours(options, options->syslog.ip), "--syslog is our own address: give the server's"},
        {is_ours(options, options->access_log.server.ip),
         "--access-log is our own address: give the syslog server's"},
        {!has_ipv6 && !can_be_ip4(options->access_log.server.ip),
         "--access-log to IPv6, beside --ip, needs --ip6"},
        {!has_ipv6 && !can_be_ip4(options->server), "--server of IPv6, beside --ip, needs --ip6"},
        {!has_ipv6 && !can_be_ip4(options->syslog.ip),
         "--syslog of IPv6, beside --ip, needs --ip6"},
        {options->temporary && (options->ip_count > 0 || options->ip6_count > 0),
         "--temporary or an address, not both"},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].is_so)
            return all[i].text;
    }
    return NULL;
}

/* True if an option belongs to --acme. */
static bool needs_acme(const struct options *options)
{
    return options->acme_directory || options->acme_contact || options->acme_binding ||
           options->acme_trust || options->acme_folder || options->acme_agree;
}

/* Services beside the program. Not inlined, so that two tables are never in one frame. */
__attribute__((noinline)) static const char *wrong_service(const struct options *options)
{
    const uint16_t board = options->dashboard_port, flight = options->flight_port;
    const bool keeps = options->flight_kib > 0;
    const struct {
        bool is_so;
        const char *text;
    } all[] = {
        {options->key && !options->certificate,
         "--key needs --cert: without a certificate this would serve in the "
         "clear"},
        {options->ticket_keys && !options->certificate && !options->acme,
         "--ticket-keys needs --cert or --acme"},
        {options->store_format && !options->store, "--store-format needs --store"},
        {options->archive && options->posix,
         "--archive is for images: a program has the files of this machine"},
        {options->metadata.where && (options->record || options->replay),
         "--metadata or a recording, not both: it has no answers of metadata servers"},
        {options->metadata_disk && options->metadata.where != METADATA_NOCLOUD,
         "--metadata-disk needs --metadata nocloud"},
        {options->metadata.where == METADATA_NOCLOUD && options->posix && !options->metadata_disk,
         "--metadata nocloud needs --metadata-disk"},
        {options->store && options->replay,
         "--store or --replay, not both: a recording has no values of earlier runs"},
        {options->acme && options->certificate,
         "--cert or --acme, not both: one of them gives the certificate"},
        {options->acme && !options->acme_directory, "--acme needs --acme-directory"},
        {needs_acme(options) && !options->acme, "the options --acme-... need --acme"},
        {options->redirects && !options->folder, "--redirects needs --files"},
        {options->passwords && !options->folder, "--passwords needs --files"},
        {options->early_data && !options->certificate && !options->acme,
         "--early-data needs --cert and --key"},
        {options->source[KEY_ACCESS_FORMAT] && options->access_log.kind == SINK_NONE,
         "--access-log-format needs --access-log"},
        {options->source[KEY_ACCESS_CLIENTS] && options->access_log.kind == SINK_NONE,
         "--access-log-clients needs --access-log"},
        {board > 0 && board == flight, "--dashboard and --flight-port are the same: change one"},
        {flight > 0 && !keeps, "--flight-port needs memory for frames: leave out --flight 0"},
        {options->flight_file && !keeps,
         "--flight-file needs memory for frames: leave out --flight 0"},
        {options->flight_dump && !keeps,
         "--flight-dump needs memory for frames: leave out --flight 0"},
        {options->source[KEY_FLIGHT_SNAP] && !keeps,
         "--flight-snap needs memory for frames: leave out --flight 0"},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].is_so)
            return all[i].text;
    }
    return NULL;
}

/* Options that this program doesn't have. */
static const char *wrong_program(const struct options *options, const struct leat_app *app)
{
    static char text[64];

    if (app->default_port == 0 && options->port > 0)
        return "has no port: leave out --port";
    if (!app->has_http && !app->has_dns && options->access_log.kind != SINK_NONE)
        return "serves neither HTTP nor DNS: leave out --access-log";
    if (!app->has_folder && options->folder)
        return "serves no folder: leave out --files";
    if (!app->has_acme && options->acme && app->has_tls)
        return "needs no certificate of its own: leave out --acme";
    if (app->has_tls || !tls_option(options))
        return NULL;
    snprintf(text, sizeof text, "speaks no TLS: leave out %s", tls_option(options));
    return text; /* better not at all than in the clear */
}

const char *options_contradiction(const struct options *options, const struct leat_app *app)
{
    const char *wrong = two_devices(options);

    if (!wrong)
        wrong = wrong_device(options);
    if (!wrong)
        wrong = wrong_address(options);
    if (!wrong)
        wrong = wrong_service(options);
    return wrong ? wrong : wrong_program(options, app);
}
