/* inmem_options.c -- the command line of inmem. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "inmem.h"

static const char usage[] =
    "usage: inmem MODE [OPTION]...\n"
    "Runs two stacks in one process; prints what was done and how long it took.\n"
    "\n"
    "  MODE              bulk, rr, rr_tasks, connect, idle or udp: one after the other;\n"
    "                    mix, request or udp_mix: as users do, at random\n"
    "  --units N         segments, requests, connections, idle seconds or datagrams\n"
    "  --connections N   open at a time (1)\n"
    "  --outstanding N   mix, request, udp_mix: begun and not answered at a time (1)\n"
    "  --peers N         remote addresses that the server sees, behind one gateway (one, which is\n"
    "                    a neighbour)\n"
    "  --sizes MIN-MAX   mix: bytes of requests and answers; udp_mix: of datagrams (64-64)\n"
    "  --imix            instead: 7 of 64 bytes, 4 of 576, 1 of 1460, at random\n"
    "  --interleave      frames to the server come from the connections in turn\n"
    "  --loss N          frames lost of a million, both ways, once all are connected (0)\n"
    "  --transfers N     connections with data on their way at a time (all; idle: 4096)\n"
    "  --window N        receive window, bytes (262144)\n"
    "  --step N          time that a turn takes, ns (10000)\n"
    "  --offload         checksums are the device's business\n"
    "  --ipv6            instead of IPv4\n"
    "  --no-timestamps   no TCP timestamps: 1,460 bytes in a segment instead of 1,448\n"
    "  --help            show this\n";

_Noreturn void options_usage(void)
{
    fputs(usage, stderr);
    exit(2);
}

static uint32_t number_or_exit(const char *text)
{
    char *end;
    const unsigned long number = strtoul(text, &end, 10);

    if (number == 0 || number > UINT32_MAX || *end)
        world_fail("not a sensible number");
    return (uint32_t)number;
}

static void read_sizes(const char *text, struct options *options)
{
    char rest;
    unsigned least, most;

    if (sscanf(text, "%u-%u%c", &least, &most, &rest) != 2 || least == 0 || most < least ||
        most > DATA_BYTES)
        world_fail("sizes are MIN-MAX");
    options->bytes_min = least;
    options->bytes_max = most;
}

static bool read_number(int letter, const char *text, struct options *options)
{
    const struct {
        int letter;
        uint32_t *number;
    } numbers[] = {{'u', &options->units},        {'c', &options->connections},
                   {'w', &options->window_bytes}, {'s', &options->step_ns},
                   {'x', &options->transfers},    {'k', &options->outstanding},
                   {'p', &options->peers},        {'l', &options->loss_per_m}};

    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (letter == numbers[i].letter) {
            *numbers[i].number = number_or_exit(text);
            return true;
        }
    }
    return false;
}

static bool read_flag(int letter, struct options *options)
{
    bool *const flag = letter == 'o'   ? &options->offload
                       : letter == 't' ? &options->no_timestamps
                       : letter == 'i' ? &options->interleave
                       : letter == 'm' ? &options->imix
                       : letter == '6' ? &options->ipv6
                                       : NULL;

    if (flag)
        *flag = true;
    return flag;
}

const char *options_read(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {{"units", required_argument, NULL, 'u'},
                                          {"connections", required_argument, NULL, 'c'},
                                          {"outstanding", required_argument, NULL, 'k'},
                                          {"peers", required_argument, NULL, 'p'},
                                          {"sizes", required_argument, NULL, 'b'},
                                          {"imix", no_argument, NULL, 'm'},
                                          {"interleave", no_argument, NULL, 'i'},
                                          {"loss", required_argument, NULL, 'l'},
                                          {"window", required_argument, NULL, 'w'},
                                          {"step", required_argument, NULL, 's'},
                                          {"transfers", required_argument, NULL, 'x'},
                                          {"offload", no_argument, NULL, 'o'},
                                          {"ipv6", no_argument, NULL, '6'},
                                          {"no-timestamps", no_argument, NULL, 't'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int letter;

    options->outstanding = 1;
    options->bytes_min = options->bytes_max = MESSAGE;
    while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (letter == 'h') {
            fputs(usage, stdout);
            exit(0);
        }
        if (letter == 'b')
            read_sizes(optarg, options);
        else if (!read_flag(letter, options) && !read_number(letter, optarg, options))
            options_usage();
    }
    if (optind + 1 != argc)
        options_usage();
    return argv[optind];
}
