/* help.c -- the output of --help: of all commands, or of one with its options. */
#include <string.h>

#include "options.h"

enum command_set {
    FEED = 1,
    STREAMS = 2,
    FLOW = 4,
    RECORDED = 8,
    UNHEX = 16,
    READS = FEED | STREAMS | FLOW, /* other captures than recordings */
    ALL = READS | RECORDED | UNHEX
};

struct line {
    unsigned commands; /* set of enum command_set */
    const char *words;
    const char *text;
};

struct command_help {
    enum command_set command;
    const char *name;
    const char *summary;
    const char *more;
};

static const struct command_help commands[] = {
    {FEED, "feed", "feeds every frame, at its time, to a stack with the address --ip",
     "Prints the counters, which tell how each frame ended; with -v for every frame, together "
     "with\n"
     "the stack's own frames.  Only the ports of --listen are open."},
    {STREAMS, "streams", "writes the data that the stack's receiver gets from each TCP flow",
     "A file for each direction: N-FROM-TO.bin.  A flow without both SYNs is left out."},
    {FLOW, "flow", "the stack plays one side of recorded TCP flows; prints differences",
     "Differences that RFCs leave to the implementation are \"allowed\"; others are \"findings\"\n"
     "(status 1)."},
    {RECORDED, "recorded", "repeats a run that leat recorded, and compares the frames",
     "CAPTURE is a file that a program of leat wrote with --record; it has the seed and options.\n"
     "The first difference is printed (status 1)."},
    {UNHEX, "unhex", "makes a pcapng (--record) of a flight recorder's dump",
     "CAPTURE is the text of a console; only lines with \"flight:\" are used."}};

static const struct line options[] = {
    {FEED, "--ip ADDRESS", "our address, of either family (the capture's busiest destination)"},
    {FEED, "--listen PORT", "open this port for TCP and UDP; up to 16 times"},
    {FEED, "--record FILE", "write received and sent frames to a pcapng (*.pcap: a pcap)"},
    {STREAMS | FLOW, "--flow N", "this flow only; the first is 0"},
    {STREAMS | FLOW, "--all", "every flow (the default)"},
    {FLOW, "--side SIDE", "the stack is the server or the client (both, in turn)"},
    {STREAMS, "--out FOLDER", "an existing folder for the files (the current one)"},
    {FLOW, "--out FOLDER", "a folder for the data that the program received (none)"},
    {FLOW, "--plot FILE.svg", "draw the flow over time; several plays to FILE-N-SIDE.svg"},
    {STREAMS | FLOW, "--repair-checksums", "for captures on hosts with checksum offload"},
    {RECORDED, "--program PROGRAM", "the recorded program (the example of that name)"},
    {UNHEX, "--record FILE", "the pcapng to write"},
    {READS | RECORDED, "--json", "print JSON"},
    {FEED, "-v, --verbose", "print a line for each frame, received or sent"},
    {FLOW, "-v, --verbose", "print a line for each segment, recorded and played"},
    {READS, "-q, --quiet", "no progress bar"},
    {ALL, "-h, --help", "print this"},
    {ALL, "--version", "print the version"}};

static void print_options(unsigned wanted)
{
    printf("\n");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (options[i].commands & wanted)
            printf("  %-19s %s\n", options[i].words, options[i].text);
    }
    printf("\nStatus: 0 fine, 1 a finding, 2 a broken file or command line.\n");
}

static void print_all(void)
{
    printf("usage: leat-replay COMMAND [options] CAPTURE\n"
           "Feeds captures to a stack and prints the results.\n"
           "A capture is a pcap, pcapng or snoop, also compressed by gzip or zstd (\"-\": standard "
           "input),\n"
           "of Ethernet, Linux cooked, raw IP, BSD loopback, PPP, PPPoE, 802.11 and other links.\n"
           "\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].summary);
    printf("\nleat-replay COMMAND --help prints the options of each.\n");
}

void help_print(const char *command)
{
    for (size_t i = 0; command && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, command) != 0)
            continue;
        printf("usage: leat-replay %s [options] CAPTURE\n%s: %s.\n%s\n", command, command,
               commands[i].summary, commands[i].more);
        print_options(commands[i].command);
        return;
    }
    print_all();
}

bool help_knows(const char *command)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, command) == 0)
            return true;
    }
    return false;
}

bool help_has(const char *command, const char *option)
{
    unsigned wanted = 0;

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, command) == 0)
            wanted = commands[i].command;
    }
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const char *at = strstr(options[i].words, option);
        const size_t len = strlen(option);

        if ((options[i].commands & wanted) && at && (at == options[i].words || at[-1] == ' ') &&
            (at[len] == '\0' || at[len] == ' ' || at[len] == ','))
            return true;
    }
    return false;
}
