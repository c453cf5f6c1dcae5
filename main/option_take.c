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

/* Options without a value: where each is stored; NULL for others. */
bool *option_flag(struct options *options, unsigned key)
{
    bool *const places[KEY_COUNT] = {
        [KEY_CREATE] = &options->create,
        [KEY_LISTEN] = &options->listen,
        [KEY_PASST] = &options->passt,
        [KEY_FLIGHT_DUMP] = &options->flight_dump,
        [KEY_FAST_OPEN] = &options->fast_open,
        [KEY_OFFLOAD] = &options->offload,
        [KEY_NO_OFFLOAD] = &options->no_offload,
        [KEY_STATS] = &options->stats,
        [KEY_VERBOSE] = &options->verbose,
        [KEY_TEMPORARY] = &options->temporary,
        [KEY_EARLY_DATA] = &options->early_data,
        [KEY_EXPLAIN_DROPS] = &options->explain_drops,
        [KEY_CHECK_CONFIG] = &options->check_config,
        [KEY_STORE_FORMAT] = &options->store_format,
    };

    return places[key];
}

/* Options whose value is stored as it is: where; NULL for others.  Not inlined, because its table
 * lies on the stack. */
__attribute__((noinline)) static const char **text_of(struct options *options, unsigned key)
{
    const char **const places[KEY_COUNT] = {
        [KEY_TAP] = &options->tap,
        [KEY_TUN] = &options->tun,
        [KEY_SOCKET] = &options->socket,
        [KEY_SHM] = &options->shm,
        [KEY_DATAGRAM] = &options->datagram,
        [KEY_XDP] = &options->xdp,
        [KEY_CERT] = &options->certificate,
        [KEY_KEY] = &options->key,
        [KEY_FILES] = &options->folder,
        [KEY_REDIRECTS] = &options->redirects,
        [KEY_PASSWORDS] = &options->passwords,
        [KEY_RECORD] = &options->record,
        [KEY_REPLAY] = &options->replay,
        [KEY_FLIGHT_FILE] = &options->flight_file,
        [KEY_DOT] = &options->dot,
        [KEY_EARLY] = &options->early,
        [KEY_TICKET_KEYS] = &options->ticket_keys,
        [KEY_STORE] = &options->store,
        [KEY_CONFIG] = &options->config,
    };

    return places[key];
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

/* Takes one option; false if its value is wrong.  Not inlined, because its tables lie on the
 * stack. */
__attribute__((noinline)) bool option_take(struct options *options, unsigned key, const char *text)
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
    case KEY_SEED:
        options->seed_given = true;
        return option_seed(text, options->seed);
    default:
        return take_number(options, key, text);
    }
}
