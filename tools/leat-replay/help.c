/* help.c -- what --help prints: of all commands, or of one with its options alone. */
#include <string.h>

#include "options.h"

enum command_set {
    FEED = 1,
    STREAMS = 2,
    FLOW = 4,
    RECORDED = 8,
    UNHEX = 16,
    READS = FEED | STREAMS | FLOW, /* captures of anybody */
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
    {FEED, "feed", "every frame goes into a stack that has the address --ip, at its time",
     "Prints the counters, which say what became of each frame; with -v, frame by frame, and what\n"
     "the stack sends.  Nobody listens but on the ports of --listen."},
    {STREAMS, "streams", "writes what the stack's receiver gets of each TCP flow",
     "A file a direction: N-FROM-TO.bin.  A flow without both SYNs is not followed."},
    {FLOW, "flow", "the stack plays one side of recorded TCP flows; says where it differs",
     "What RFCs leave to the implementation is \"allowed\"; what is not is a \"finding\" (status "
     "1)."},
    {RECORDED, "recorded", "repeats a run that leat recorded, and compares what is sent",
     "CAPTURE is what a program of leat wrote with --record: its seed and options are in it.  The\n"
     "first difference is shown (status 1)."},
    {UNHEX, "unhex", "makes a pcapng (--record) of the text that a flight recorder dumped",
     "CAPTURE is a console's text; only its lines with \"flight:\" count."}};

static const struct line options[] = {
    {FEED, "--ip ADDRESS", "our address, of either family (the capture's busiest destination)"},
    {FEED, "--listen PORT", "a program takes what comes to this port, TCP and UDP; up to 16 times"},
    {FEED, "--record FILE", "write frames in and out to a pcapng (*.pcap: a pcap)"},
    {STREAMS | FLOW, "--flow N", "this flow only; the first is 0"},
    {STREAMS | FLOW, "--all", "every flow (the default)"},
    {FLOW, "--side SIDE", "the stack is the server or the client (both, in turn)"},
    {STREAMS, "--out FOLDER", "an existing folder, where the files go (here)"},
    {FLOW, "--out FOLDER", "where the bytes go that the program got (nowhere)"},
    {FLOW, "--plot FILE.svg", "draw the flow over time; of several plays, FILE-N-SIDE.svg each"},
    {STREAMS | FLOW, "--repair-checksums", "for captures of hosts whose devices fill them in"},
    {RECORDED, "--program PROGRAM", "what was recorded (the example of that name)"},
    {UNHEX, "--record FILE", "the pcapng to write"},
    {READS | RECORDED, "--json", "print for machines"},
    {FEED, "-v, --verbose", "a line a frame, and a line for what the stack sends"},
    {FLOW, "-v, --verbose", "a line a segment, recorded and played"},
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
           "Gives captures to a stack and says what it does.\n"
           "A capture is a pcap, pcapng or snoop, also compressed by gzip or zstd (\"-\": standard "
           "input),\n"
           "of Ethernet, Linux cooked, raw IP, BSD loopback, PPP, PPPoE, 802.11 and other links.\n"
           "\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].summary);
    printf("\nleat-replay COMMAND --help tells the options of each.\n");
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
