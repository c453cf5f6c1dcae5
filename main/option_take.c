/* option_take.c -- takes the value of one option, from the command line or from a configuration
 * file. */
#include "option_take.h"

#include <string.h>

/* A whole number from @low to @high and nothing else. */
static bool parse_number(const char *text, unsigned long low, unsigned long high,
                         unsigned long *number)
{
    unsigned long value = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        const unsigned long digit = (unsigned long)(unsigned char)*text - '0';

        if (*text < '0' || *text > '9' || digit > high || value > (high - digit) / 10)
            return false;
        value = 10 * value + digit;
    }
    if (value < low)
        return false;
    *number = value;
    return true;
}

static bool take_number(struct options *options, unsigned key, const char *text)
{
    unsigned long number = 0;
    const bool good = parse_number(text, option_ranges[key].low, option_ranges[key].high, &number);

    switch (key) {
    case KEY_PORT:
        options->port = (uint16_t)number;
        break;
    case KEY_IDLE:
        options->idle_ns = number * UINT64_C(1000000000);
        break;
    case KEY_DRAIN:
        options->drain_ns = number > 0 ? number * UINT64_C(1000000000) : 1; /* 0: the default */
        break;
    case KEY_CLOCK:
        options->clock_ns = number;
        break;
    case KEY_MTU:
        options->mtu = (uint16_t)number;
        break;
    case KEY_QUEUE:
        options->queue = (uint32_t)number;
        break;
    case KEY_BUSY_POLL:
        options->busy_poll_us = (uint16_t)number;
        break;
    case KEY_FLIGHT:
        options->flight_kib = (uint32_t)number;
        break;
    case KEY_FLIGHT_SNAP:
        options->flight_snap = (uint32_t)number;
        break;
    case KEY_FLIGHT_PORT:
        options->flight_port = (uint16_t)number;
        break;
    case KEY_DASHBOARD:
        options->dashboard_port = (uint16_t)number;
        break;
    case KEY_BUFFERS:
        options->buffers = (uint32_t)number;
        break;
    default:
        options->connections = (uint32_t)number;
        break;
    }
    return good;
}

/* "tcp:7007:7" or "udp:53": passt reads what follows the protocol. */
static bool take_forward(struct options *options, const char *text)
{
    const bool is_udp = strncmp(text, "udp:", 4) == 0;
    const char **ports = is_udp ? options->forward_udp : options->forward_tcp;
    unsigned count = 0;

    if ((!is_udp && strncmp(text, "tcp:", 4) != 0) ||
        !((text[4] >= '0' && text[4] <= '9') || strchr(text, '/')))
        return false;
    while (ports[count])
        count++;
    if (count == FORWARD_MAX)
        return false;
    ports[count] = text + 4;
    return true;
}

static bool take_congestion(struct options *options, const char *text)
{
    static const struct {
        const char *name;
        const struct leat_tcp_congestion *congestion;
    } known[] = {
        {"cubic", &leat_tcp_cubic}, {"newreno", &leat_tcp_newreno}, {"bbr", &leat_tcp_bbr}};

    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, text) == 0) {
            options->congestion = known[i].congestion;
            return true;
        }
    }
    return false;
}

const char *const access_clients_names[ACCESS_CLIENTS_KINDS] = {[ACCESS_CLIENTS_WHOLE] = "whole",
                                                                [ACCESS_CLIENTS_NETWORK] =
                                                                    "network",
                                                                [ACCESS_CLIENTS_NONE] = "none"};

static bool take_access_clients(struct options *options, const char *text)
{
    for (unsigned i = 0; i < ACCESS_CLIENTS_KINDS; i++) {
        if (strcmp(access_clients_names[i], text) == 0) {
            options->access_clients = (enum access_clients)i;
            return true;
        }
    }
    return false;
}

/* Goes behind the word at @text if it is @word, up to @stop or the end; else NULL. */
static const char *behind(const char *text, const char *word, char stop)
{
    const size_t len = strlen(word);

    if (strncmp(text, word, len) != 0 || (text[len] && text[len] != stop))
        return NULL;
    return text[len] ? text + len + 1 : text + len;
}

const char *const options_metadata_names[METADATA_PLACES] = {[METADATA_NONE] = "none",
                                                             [METADATA_EC2] = "ec2",
                                                             [METADATA_GCP] = "gcp",
                                                             [METADATA_NOCLOUD] = "nocloud"};

/* "ec2", "gcp:name,options" */
static bool take_metadata(struct options_metadata *metadata, const char *text)
{
    const char *rest = NULL;

    for (unsigned i = 0; i < METADATA_PLACES && !rest; i++) {
        metadata->where = (enum metadata_where)i;
        rest = behind(text, options_metadata_names[i], ':');
    }
    if (!rest)
        return false;
    metadata->options = metadata->name = !*rest;
    metadata->address = !*rest && metadata->where == METADATA_NOCLOUD;
    while (*rest) {
        const char *address = behind(rest, "address", ','), *name = behind(rest, "name", ',');
        const char *options = behind(rest, "options", ',');

        metadata->address |= address != NULL;
        metadata->name |= name != NULL;
        metadata->options |= options != NULL;
        rest = address ? address : name ? name : options;
        if (!rest)
            return false;
    }
    return true;
}

static bool is_host_name(const char *text)
{
    const size_t len = strlen(text);

    for (const char *c = text; *c; c++) {
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              *c == '-' || *c == '.'))
            return false;
    }
    return len > 0 && len <= OPTIONS_NAME_MAX && text[0] != '-' && text[0] != '.';
}

/* Options without a value: where each is stored; NULL for others. */
bool *option_flag(struct options *options, unsigned key)
{
    switch (key) {
    case KEY_CREATE:
        return &options->create;
    case KEY_LISTEN:
        return &options->listen;
    case KEY_PASST:
        return &options->passt;
    case KEY_FLIGHT_DUMP:
        return &options->flight_dump;
    case KEY_FAST_OPEN:
        return &options->fast_open;
    case KEY_OFFLOAD:
        return &options->offload;
    case KEY_NO_OFFLOAD:
        return &options->no_offload;
    case KEY_STATS:
        return &options->stats;
    case KEY_VERBOSE:
        return &options->verbose;
    case KEY_TEMPORARY:
        return &options->temporary;
    case KEY_EARLY_DATA:
        return &options->early_data;
    case KEY_EXPLAIN_DROPS:
        return &options->explain_drops;
    case KEY_CHECK_CONFIG:
        return &options->check_config;
    case KEY_STORE_FORMAT:
        return &options->store_format;
    case KEY_ACME_AGREE:
        return &options->acme_agree;
    default:
        return NULL;
    }
}

/* As text_of(), for ACME. */
static const char **acme_text_of(struct options *options, unsigned key)
{
    switch (key) {
    case KEY_ACME:
        return &options->acme;
    case KEY_ACME_DIRECTORY:
        return &options->acme_directory;
    case KEY_ACME_CONTACT:
        return &options->acme_contact;
    case KEY_ACME_BINDING:
        return &options->acme_binding;
    case KEY_ACME_TRUST:
        return &options->acme_trust;
    case KEY_ACME_FOLDER:
        return &options->acme_folder;
    default:
        return NULL;
    }
}

/* Options whose value is stored as it is: where; NULL for others. */
static const char **text_of(struct options *options, unsigned key)
{
    switch (key) {
    case KEY_TAP:
        return &options->tap;
    case KEY_TUN:
        return &options->tun;
    case KEY_SOCKET:
        return &options->socket;
    case KEY_SHM:
        return &options->shm;
    case KEY_DATAGRAM:
        return &options->datagram;
    case KEY_XDP:
        return &options->xdp;
    case KEY_CERT:
        return &options->certificate;
    case KEY_KEY:
        return &options->key;
    case KEY_FILES:
        return &options->folder;
    case KEY_REDIRECTS:
        return &options->redirects;
    case KEY_PASSWORDS:
        return &options->passwords;
    case KEY_RECORD:
        return &options->record;
    case KEY_REPLAY:
        return &options->replay;
    case KEY_FLIGHT_FILE:
        return &options->flight_file;
    case KEY_DOT:
        return &options->dot;
    case KEY_DOH:
        return &options->doh;
    case KEY_EARLY:
        return &options->early;
    case KEY_TICKET_KEYS:
        return &options->ticket_keys;
    case KEY_ARCHIVE:
        return &options->archive;
    case KEY_STORE:
        return &options->store;
    case KEY_CONFIG:
        return &options->config;
    default:
        return acme_text_of(options, key);
    }
}

/* "10.0.0.2/24" or "2001:db8::2/64". */
static bool take_address(struct options_address *address, const char *text, bool is_v4)
{
    /* without a prefix only a gateway could be reached: the user must give one */
    return strchr(text, '/') && leat_ip_parse_cidr(text, &address->ip, &address->prefix_bits) &&
           leat_ip_is_v4(address->ip) == is_v4 && !leat_ip_is_any(address->ip) &&
           !leat_ip_is_multicast(address->ip) && !leat_ip_is_loopback(address->ip);
}

/* The message for an option that is given too often; NULL: it has room for one more. */
const char *option_too_many(const struct options *options, unsigned key)
{
    _Static_assert(IPS_MAX == 4 && IP6S_MAX == 7, "as the texts say");
    if ((key == KEY_IP || key == KEY_IPV4) && options->ip_count == IPS_MAX)
        return ": one too many, there can be 4 IPv4 addresses";
    if (key == KEY_IP6 && options->ip6_count == IP6S_MAX)
        return ": one too many, there can be 7 IPv6 addresses";
    return NULL;
}

/* FNV-1a over the values of an option. */
static uint32_t digest(uint32_t hash, const char *text)
{
    for (const char *c = text ? text : "yes"; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return hash * 16777619u + 1;
}

/* Takes one option; false if its value is wrong. */
bool option_take(struct options *options, unsigned key, const char *text)
{
    bool *flag = option_flag(options, key);
    const char **place = text_of(options, key);

    options->digest[option_kind(key)] = digest(options->digest[option_kind(key)], text);
    if (flag)
        *flag = true;
    if (place)
        *place = text;
    if (flag || place)
        return true;
    switch (key) {
    case KEY_FORWARD:
        return take_forward(options, text);
    case KEY_IP:
    case KEY_IPV4:
        return take_address(&options->ips[options->ip_count++], text, true);
    case KEY_GATEWAY:
    case KEY_IPV4_GATEWAY:
        return leat_ip_parse(text, &options->gateway) && leat_ip_is_v4(options->gateway);
    case KEY_IP6:
        return take_address(&options->ip6s[options->ip6_count++], text, false);
    case KEY_IP6_GATEWAY:
        return leat_ip_parse(text, &options->gateway6) && !leat_ip_is_v4(options->gateway6);
    case KEY_SERVER:
        return leat_ip_parse(text, &options->server);
    case KEY_MAC:
        options->mac_given = true;
        return leat_mac_parse(text, &options->mac);
    case KEY_CONGESTION:
        return take_congestion(options, text);
    case KEY_SYSLOG:
        options->syslog_tcp = strncmp(text, "tcp:", 4) == 0;
        return leat_endpoint_parse(options->syslog_tcp ? text + 4 : text, &options->syslog) &&
               !leat_ip_is_any(options->syslog.ip) && options->syslog.port > 0;
    case KEY_ACCESS_LOG:
        return sink_parse(text, options->posix, &options->access_log);
    case KEY_ACCESS_FORMAT:
        options->access_json = strcmp(text, "json") == 0;
        return options->access_json || strcmp(text, "common") == 0;
    case KEY_ACCESS_CLIENTS:
        return take_access_clients(options, text);
    case KEY_METADATA_DISK:
        options->metadata_disk = text;
        return true;
    case KEY_METADATA:
        return take_metadata(&options->metadata, text);
    case KEY_HOST_NAME:
        options->host_name = text;
        return is_host_name(text);
    case KEY_SEED:
        options->seed_given = true;
        return option_seed(text, options->seed);
    default:
        return take_number(options, key, text);
    }
}
