/* options.c -- the command line of the examples on POSIX. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_key { /* beyond the characters: there are no short options but -h */
    KEY_TAP = 256,
    KEY_CREATE,
    KEY_IP,
    KEY_GATEWAY,
    KEY_SERVER,
    KEY_MAC,
    KEY_MTU,
    KEY_PORT,
    KEY_RECORD,
    KEY_REPLAY,
    KEY_SEED,
    KEY_BUFFERS,
    KEY_CONNECTIONS,
    KEY_STATS,
    KEY_VERBOSE,
    KEY_HELP,
    KEY_VERSION
};

static const struct option long_options[] = {
    {"tap", required_argument, NULL, KEY_TAP},
    {"create", no_argument, NULL, KEY_CREATE},
    {"ip", required_argument, NULL, KEY_IP},
    {"gateway", required_argument, NULL, KEY_GATEWAY},
    {"server", required_argument, NULL, KEY_SERVER},
    {"mac", required_argument, NULL, KEY_MAC},
    {"mtu", required_argument, NULL, KEY_MTU},
    {"port", required_argument, NULL, KEY_PORT},
    {"record", required_argument, NULL, KEY_RECORD},
    {"replay", required_argument, NULL, KEY_REPLAY},
    {"seed", required_argument, NULL, KEY_SEED},
    {"buffers", required_argument, NULL, KEY_BUFFERS},
    {"connections", required_argument, NULL, KEY_CONNECTIONS},
    {"stats", no_argument, NULL, KEY_STATS},
    {"verbose", no_argument, NULL, KEY_VERBOSE},
    {"help", no_argument, NULL, KEY_HELP},
    {"version", no_argument, NULL, KEY_VERSION},
    {NULL, 0, NULL, 0},
};

static void print_help(const struct example *what)
{
    printf(
        "usage: %s [options] %s\n"
        "%s\n"
        "\n"
        "  --tap NAME         the TAP device (leat0)\n"
        "  --create           make the device if there is none\n"
        "  --ip ADDRESS/BITS  our address (10.0.0.2/24)\n"
        "  --gateway ADDRESS  where everything else is sent (nowhere)\n"
        "  --server ADDRESS   whom to ask, for who asks (the gateway)\n"
        "  --mac ADDRESS      our MAC address (random)\n"
        "  --mtu N            largest IP datagram in bytes (the device's)\n"
        "  --port N           the port to use (%u)\n"
        "  --buffers N        buffers of 2 KiB (4096)\n"
        "  --connections N    TCP connections at a time (1024)\n"
        "  --record FILE      write every frame to a pcap\n"
        "  --replay FILE      take frames from a recording, at its times, instead of a device;\n"
        "                     needs --mac, whose frames are left out, and --seed\n"
        "  --seed HEX         fix what else is random: up to 64 digits; for tests, never in use\n"
        "  --stats            print the counters at the end\n"
        "  --verbose          say more\n"
        "  --help, --version\n",
        what->name, what->arguments, what->summary, (unsigned)what->default_port);
}

/* A whole number from @low to @high and nothing else. */
static bool parse_number(const char *text, unsigned long low, unsigned long high,
                         unsigned long *number)
{
    char *end;
    unsigned long value;

    if (text[0] < '0' || text[0] > '9')
        return false;
    value = strtoul(text, &end, 10);
    if (*end || value < low || value > high)
        return false;
    *number = value;
    return true;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Up to 64 hexadecimal digits from the left; the rest is zero, but all of it may not be. */
static bool parse_seed(const char *text, uint8_t seed[LEAT_SEED_BYTES])
{
    size_t count = strlen(text);
    uint8_t any = 0;

    if (count > 2 * (size_t)LEAT_SEED_BYTES)
        return false;
    memset(seed, 0, LEAT_SEED_BYTES);
    for (size_t i = 0; i < count; i++) {
        int digit = hex_digit(text[i]);

        if (digit < 0)
            return false;
        seed[i / 2] = (uint8_t)(seed[i / 2] | (i % 2 ? digit : digit << 4));
        any |= (uint8_t)digit;
    }
    return any != 0;
}

/* The options that carry a number. */
static bool take_number(struct options *options, int key, const char *text)
{
    unsigned long number = 0;
    bool good;

    if (key == KEY_PORT) {
        good = parse_number(text, 1, UINT16_MAX, &number);
        options->port = (uint16_t)number;
    } else if (key == KEY_MTU) {
        good = parse_number(text, 68, UINT16_MAX, &number); /* RFC 791 3.2 */
        options->mtu = (uint16_t)number;
    } else if (key == KEY_BUFFERS) {
        good = parse_number(text, 16, 1u << 24, &number);
        options->buffers = (uint32_t)number;
    } else {
        good = parse_number(text, 1, 1u << 24, &number);
        options->connections = (uint32_t)number;
    }
    return good;
}

/* Takes one option; false if its value is wrong. */
static bool take(struct options *options, int key, const char *text)
{
    switch (key) {
    case KEY_TAP:
        options->tap = text;
        return true;
    case KEY_CREATE:
        options->create = true;
        return true;
    case KEY_IP:
        return leat_ip4_parse_cidr(text, &options->ip, &options->prefix_bits);
    case KEY_GATEWAY:
        return leat_ip4_parse(text, &options->gateway);
    case KEY_SERVER:
        return leat_ip4_parse(text, &options->server);
    case KEY_MAC:
        options->mac_given = true;
        return leat_mac_parse(text, &options->mac);
    case KEY_RECORD:
        options->record = text;
        return true;
    case KEY_REPLAY:
        options->replay = text;
        return true;
    case KEY_SEED:
        options->seed_given = true;
        return parse_seed(text, options->seed);
    case KEY_STATS:
        options->stats = true;
        return true;
    case KEY_VERBOSE:
        options->verbose = true;
        return true;
    default:
        return take_number(options, key, text);
    }
}

enum options_outcome options_parse(struct options *options, const struct example *what, int argc,
                                   char **argv)
{
    int key, index = 0;

    *options = (struct options){.tap = "leat0",
                                .ip = LEAT_IP4(10, 0, 0, 2),
                                .prefix_bits = 24,
                                .port = what->default_port,
                                .buffers = 4096};
    opterr = 0; /* we say it ourselves, in one line */
    while ((key = getopt_long(argc, argv, "", long_options, &index)) != -1) {
        if (key == KEY_HELP) {
            print_help(what);
            return OPTIONS_DONE;
        }
        if (key == KEY_VERSION) {
            printf("%s (leat) %s\n", what->name, LEAT_VERSION);
            return OPTIONS_DONE;
        }
        if (key == '?') {
            fprintf(stderr, "%s: wrong option or no value: %s; see --help\n", what->name,
                    argv[optind - 1]);
            return OPTIONS_WRONG;
        }
        if (!take(options, key, optarg)) {
            fprintf(stderr, "%s: --%s %s: that can't be; see --help\n", what->name,
                    long_options[index].name, optarg);
            return OPTIONS_WRONG;
        }
    }
    if (options->replay && !(options->mac_given && options->seed_given)) {
        fprintf(stderr, "%s: --replay needs --mac and --seed\n", what->name);
        return OPTIONS_WRONG;
    }
    options->argument_count = argc - optind;
    options->arguments = (const char *const *)(argv + optind);
    return OPTIONS_RUN;
}
