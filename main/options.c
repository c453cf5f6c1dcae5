/*
 * options.c -- the command line of leat_main(): the same on POSIX and on machines without a libc.
 *
 * "--name VALUE" or "--name=VALUE", in any order, also behind arguments; "--" ends the options.
 */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "option_list.h"

enum {
    FLIGHT_KIB = 64,
    FLIGHT_SNAP = 96,
    IDLE_S = 300,
    DRAIN_S = 5
};

static void print_help(const struct options_world *world, const struct leat_app *what)
{
    snprintf(world->line, OPTIONS_LINE_BYTES, "usage: %s [options] %s\n%s\n", what->name,
             what->arguments ? what->arguments : "", what->summary);
    world->print(world, world->line);
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        const struct option *option = &all_options[i];
        char head[40];

        if (option->posix_only && !world->posix)
            continue;
        snprintf(head, sizeof head, "--%s %s", option->name, option->value ? option->value : "");
        snprintf(world->line, OPTIONS_LINE_BYTES, "  %-18s %s", head, option->text);
        world->print(world, world->line);
    }
    if (what->own_options)
        world->print(world, what->own_options);
    if (what->default_port == 0)
        return;
    snprintf(world->line, OPTIONS_LINE_BYTES, "\nThe default port is %u.",
             (unsigned)what->default_port);
    world->print(world, world->line);
}

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
static bool *flag_of(struct options *options, unsigned key)
{
    bool *const places[KEY_COUNT] = {
        [KEY_CREATE] = &options->create,         [KEY_LISTEN] = &options->listen,
        [KEY_PASST] = &options->passt,           [KEY_FLIGHT_DUMP] = &options->flight_dump,
        [KEY_FAST_OPEN] = &options->fast_open,   [KEY_OFFLOAD] = &options->offload,
        [KEY_NO_OFFLOAD] = &options->no_offload, [KEY_STATS] = &options->stats,
        [KEY_VERBOSE] = &options->verbose,       [KEY_TEMPORARY] = &options->temporary,
        [KEY_EARLY_DATA] = &options->early_data, [KEY_EXPLAIN_DROPS] = &options->explain_drops,
    };

    return places[key];
}

/* Options whose value is stored as it is: where; NULL for others. */
static const char **text_of(struct options *options, unsigned key)
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
    };

    return places[key];
}

/* "10.0.0.2/24" or "2001:db8::2/64". */
static bool take_address(struct options_address *address, const char *text, bool is_v4)
{
    /* without a prefix only a gateway could be reached: the user must give one */
    return strchr(text, '/') && leat_ip_parse_cidr(text, &address->ip, &address->prefix_bits) &&
           leat_ip_is_v4(address->ip) == is_v4;
}

/* The message for an option that is given too often; NULL: it has room for one more. */
static const char *too_many(const struct options *options, unsigned key)
{
    _Static_assert(IPS_MAX == 4 && IP6S_MAX == 7, "as the texts say");
    if ((key == KEY_IP || key == KEY_IPV4) && options->ip_count == IPS_MAX)
        return ": one too many, there can be 4 IPv4 addresses";
    if (key == KEY_IP6 && options->ip6_count == IP6S_MAX)
        return ": one too many, there can be 7 IPv6 addresses";
    return NULL;
}

/* Takes one option; false if its value is wrong.  Not inlined, because its tables lie on the stack.
 */
static __attribute__((noinline)) bool take(struct options *options, unsigned key, const char *text)
{
    bool *flag = flag_of(options, key);
    const char **place = text_of(options, key);

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
    case KEY_SEED:
        options->seed_given = true;
        return option_seed(text, options->seed);
    default:
        return take_number(options, key, text);
    }
}

/* The option of @word ("--name" or "--name=value"), or KEY_COUNT. */
static unsigned find(const struct options_world *world, const char *word, const char **value)
{
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        const size_t len = strlen(all_options[i].name);

        if (strncmp(word + 2, all_options[i].name, len) != 0 ||
            (all_options[i].posix_only && !world->posix))
            continue;
        *value = word[2 + len] == '=' ? word + 2 + len + 1 : NULL;
        if (word[2 + len] == '\0' || (*value && all_options[i].value))
            return i;
    }
    return KEY_COUNT;
}

/* Prints "NAME: MESSAGE; see --help". */
static enum options_outcome wrong(const struct options_world *world, const struct leat_app *what,
                                  const char *message, const char *word, const char *value)
{
    snprintf(world->line, OPTIONS_LINE_BYTES, "%s: %s%.80s%s%.80s%s; see --help", what->name,
             value ? "" : message, word, value && *word ? " " : "", value ? value : "",
             value ? message : "");
    world->complain(world, world->line);
    return OPTIONS_WRONG;
}

/* Handles options that end the program right away; OPTIONS_RUN: it is not one of these. */
static enum options_outcome answer(const struct options_world *world, const struct leat_app *what,
                                   unsigned key)
{
    if (key == KEY_HELP) {
        print_help(world, what);
        return OPTIONS_DONE;
    }
    if (key == KEY_VERSION) {
        snprintf(world->line, OPTIONS_LINE_BYTES, "%s (leat) %s", what->name, LEAT_VERSION);
        world->print(world, world->line);
        return OPTIONS_DONE;
    }
    return OPTIONS_RUN;
}

/* Takes the options out of @words, so that only the arguments are left. */
static enum options_outcome parse(struct options *options, const struct options_world *world,
                                  const struct leat_app *what, int count, char **words)
{
    int arguments = 0;

    for (int i = 0; i < count; i++) {
        const char *word = words[i], *value = NULL, *trouble;
        char text[64];
        unsigned key;
        bool is_apart;

        if (strcmp(word, "--") == 0) {
            while (++i < count)
                words[arguments++] = words[i];
            break;
        }
        key = word[0] == '-' && word[1] == '-' ? find(world, word, &value) : (unsigned)KEY_COUNT;
        if (word[0] != '-' || word[1] == '\0' || (key == KEY_COUNT && what->own_options)) {
            words[arguments++] = words[i];
            continue;
        }
        if (key == KEY_COUNT)
            return wrong(world, what, "wrong option: ", word, NULL);
        if (answer(world, what, key) == OPTIONS_DONE)
            return OPTIONS_DONE;
        is_apart = all_options[key].value && !value;
        if (is_apart && ++i == count)
            return wrong(world, what, "no value: ", word, NULL);
        if (is_apart)
            value = words[i];
        trouble = too_many(options, key);
        if (!trouble && !take(options, key, value))
            trouble = option_expectation(key, value, text, sizeof text);
        if (trouble)
            return wrong(world, what, trouble, is_apart ? word : "", is_apart ? value : word);
    }
    if (arguments > 0 && (!what->arguments || what->arguments[0] == '\0'))
        return wrong(world, what, "takes no arguments: ", words[0], NULL);
    options->argument_count = arguments;
    options->arguments = (const char *const *)words;
    return OPTIONS_RUN;
}

/* True also for an address that is not given. */
static bool can_be_ip4(struct leat_ip ip)
{
    return leat_ip_is_v4(ip) || leat_ip_is_any(ip);
}

/* A message about options that exclude each other, or NULL. */
static const char *contradiction(const struct options *options)
{
    const bool has_path = options->socket || options->shm;
    const bool forwards = options->forward_tcp[0] || options->forward_udp[0];
    const bool has_gateway = !leat_ip_is_any(options->gateway);
    const bool has_ipv6 = options->ip6_count > 0 || options->ip_count == 0;
    const struct {
        bool is_so;
        const char *text;
    } all[] = {
        {options->replay && !(options->mac_given && options->seed_given),
         "--replay needs --mac and --seed"},
        {options->tap &&
             (options->tun || options->socket || options->passt || options->shm || options->xdp),
         "--tap or another network, not both"},
        {options->key && !options->certificate,
         "--key needs --cert: without a certificate this would serve in the clear"},
        {options->redirects && !options->folder, "--redirects needs --files"},
        {options->passwords && !options->folder, "--passwords needs --files"},
        {options->shm && (options->socket || options->passt || options->xdp),
         "--shm or another network, not both"},
        {options->tun && (options->socket || options->passt || options->shm || options->xdp),
         "--tun or another network, not both"},
        {options->tun && options->mac_given, "--tun has no MAC address: leave out --mac"},
        {options->datagram && !options->socket, "--datagram needs --socket"},
        {options->listen && !has_path, "--listen needs --socket or --shm"},
        {options->listen && options->datagram, "--listen is for streams, --datagram isn't one"},
        {options->offload && (!options->socket || options->datagram),
         "--offload needs --socket, without --datagram"},
        {forwards && !options->passt, "--forward needs --passt"},
        {options->passt && options->socket, "--passt or --socket, not both"},
        {options->xdp && (options->passt || options->socket), "--xdp or a socket, not both"},
        {has_gateway && options->ip_count == 0 && !options->passt, "--gateway needs --ip"},
        {!leat_ip_is_any(options->gateway6) && options->ip6_count == 0,
         "--ip6-gateway needs --ip6"},
        {!has_ipv6 && !can_be_ip4(options->server), "--server of IPv6, beside --ip, needs --ip6"},
        {!has_ipv6 && !can_be_ip4(options->syslog.ip),
         "--syslog of IPv6, beside --ip, needs --ip6"},
        {options->temporary && (options->ip_count > 0 || options->ip6_count > 0),
         "--temporary or an address, not both"},
        {options->queue && !options->xdp, "--queue needs --xdp"},
        {options->xdp && options->ip_count > 1 && !options->mac_given,
         "--xdp with a second --ip needs --mac"},
        {options->busy_poll_us && !options->xdp && !options->shm,
         "--busy-poll needs --xdp or --shm"},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].is_so)
            return all[i].text;
    return NULL;
}

/* The first option of TLS that was given, or NULL. */
static const char *tls_option(const struct options *options)
{
    return options->certificate  ? "--cert"
           : options->key        ? "--key"
           : options->dot        ? "--dot"
           : options->early      ? "--early"
           : options->early_data ? "--early-data"
                                 : NULL;
}

/* The first address of the network, which becomes passt's own. */
static struct leat_ip first_of(const struct options_address *address)
{
    const uint32_t host = address->prefix_bits < 32 ? UINT32_MAX >> address->prefix_bits : 0;

    return leat_ip_v4((leat_ip_v4_number(address->ip) & ~host) + 1);
}

enum options_outcome options_parse(struct options *options, const struct options_world *world,
                                   const struct leat_app *what, int count, char **words)
{
    enum options_outcome outcome;
    const char *trouble;

    /* field by field: a whole one would lie on the stack first */
    memset(options, 0, sizeof *options);
    options->ips[0] = (struct options_address){LEAT_IP4(10, 0, 0, 2), 24};
    options->port = what->default_port;
    options->idle_ns = IDLE_S * UINT64_C(1000000000);
    options->drain_ns = DRAIN_S * UINT64_C(1000000000);
    options->flight_kib = FLIGHT_KIB;
    options->flight_snap = FLIGHT_SNAP;
    outcome = parse(options, world, what, count, words);
    if (outcome != OPTIONS_RUN)
        return outcome;
    trouble = contradiction(options);
    if (trouble)
        return wrong(world, what, trouble, "", NULL);
    if (what->default_port == 0 && options->port > 0)
        return wrong(world, what, "has no port: --port", "", NULL);
    if (!what->has_tls && tls_option(options)) /* better not at all than in the clear */
        return wrong(world, what, "speaks no TLS: ", tls_option(options), NULL);
    if (!what->has_folder && options->folder)
        return wrong(world, what, "serves no folder: ", "--files", NULL);
    if (!options->tap)
        options->tap = "leat0";
    if (options->passt && leat_ip_is_any(options->gateway))
        options->gateway = first_of(&options->ips[0]);
    return OPTIONS_RUN;
}

void options_platform(const struct options *options, struct leat_platform *platform)
{
    platform->gateway = options->gateway;
    platform->server = leat_ip_is_any(options->server) ? options->gateway : options->server;
    platform->port = options->port;
    platform->certificate = options->certificate;
    platform->key = options->key;
    platform->dot = options->dot;
    platform->early_data = options->early_data;
    platform->folder = options->folder;
    platform->redirects = options->redirects;
    platform->passwords = options->passwords;
    platform->idle_ns = options->idle_ns;
    platform->argument_count = options->argument_count;
    platform->arguments = options->arguments;
}

struct leat_tcp_config options_tcp(const struct options *options, const struct leat_app *app)
{
    struct leat_tcp_config tcp = {0};

    if (app->tcp)
        tcp = *app->tcp;
    if (options->connections > 0)
        tcp.connections = options->connections;
    tcp.fast_open |= options->fast_open;
    if (options->congestion)
        tcp.congestion = options->congestion;
    return tcp;
}
