/*
 * xen_peer.c -- a program of Xen's first domain that talks to xen_guest.c.
 *
 *      xen_peer ADDRESS clock [EARLY LATE]
 *      xen_peer ADDRESS crash
 *
 * "clock" prints one line: "clock", the guest's clock between two readings of this domain's, and
 * the guest's civil time between two readings of this domain's; nanoseconds. It is the answer that
 * came soonest of many. EARLY and LATE are the readings around an earlier answer: then it goes on
 * until both answers together say the guest's rate to 0.05 %, for at most five minutes. Exit
 * status 0: so it is, or the guest was told to crash.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "xen_words.h"

enum {
    ASKS_MIN = 50,
    PAUSE_US = 20000,
    PRECISION = 2000 /* the part of a span that readings may be apart */
};

static const uint64_t patience_ns = 300000000000;

struct reading {
    uint64_t early_ns, there_ns, late_ns;
    uint64_t civil_early_ns, civil_there_ns, civil_late_ns;
};

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int connect_to(const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(XEN_PORT)};
    const struct timeval second = {.tv_sec = 1};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second) != 0 ||
        connect(fd, (const struct sockaddr *)(const void *)&to, sizeof to) != 0) {
        perror(address);
        exit(2);
    }
    return fd;
}

/* False: no answer came within a second. */
static bool ask(int fd, uint64_t number, struct reading *reading)
{
    struct xen_answer answer = {0};
    ssize_t len;

    /* raw: of the rate that Xen says */
    reading->civil_early_ns = read_clock(CLOCK_REALTIME);
    reading->early_ns = read_clock(CLOCK_MONOTONIC_RAW);
    send(fd, &number, sizeof number, 0);
    do
        len = recv(fd, &answer, sizeof answer, 0);
    while (len == (ssize_t)sizeof answer && answer.number != number); /* of an earlier question */
    reading->late_ns = read_clock(CLOCK_MONOTONIC_RAW);
    reading->civil_late_ns = read_clock(CLOCK_REALTIME);
    reading->there_ns = answer.up_ns;
    reading->civil_there_ns = answer.civil_ns;
    return len == (ssize_t)sizeof answer;
}

static uint64_t width(const struct reading *reading)
{
    return reading->late_ns - reading->early_ns;
}

/* True if the readings are close to each other, compared with the time between the answers. */
static bool is_precise(const struct reading *reading, uint64_t early_ns, uint64_t late_ns)
{
    return (width(reading) + (late_ns - early_ns)) * PRECISION <= reading->early_ns - late_ns;
}

static int tell_clock(int fd, uint64_t early_ns, uint64_t late_ns)
{
    const uint64_t end_ns = read_clock(CLOCK_MONOTONIC_RAW) + patience_ns;
    struct reading best = {.late_ns = UINT64_MAX}, reading;
    bool is_done;
    unsigned asks = 0;

    do {
        if (ask(fd, ++asks, &reading) && width(&reading) < width(&best))
            best = reading;
        usleep(PAUSE_US);
        is_done =
            best.late_ns != UINT64_MAX && (late_ns == 0 || is_precise(&best, early_ns, late_ns));
    } while ((asks < ASKS_MIN || !is_done) && read_clock(CLOCK_MONOTONIC_RAW) < end_ns);
    if (!is_done)
        return 1;
    printf("clock %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
           best.early_ns, best.there_ns, best.late_ns, best.civil_early_ns, best.civil_there_ns,
           best.civil_late_ns);
    return 0;
}

int main(int argc, char **argv)
{
    static const char crash[XEN_CRASH_BYTES] = {'c', 'r', 'a', 's', 'h'};

    if (argc == 3 && strcmp(argv[2], "crash") == 0)
        return send(connect_to(argv[1]), crash, sizeof crash, 0) == (ssize_t)sizeof crash ? 0 : 1;
    if ((argc != 3 && argc != 5) || strcmp(argv[2], "clock") != 0)
        return 2;
    return tell_clock(connect_to(argv[1]), argc == 5 ? strtoull(argv[3], NULL, 10) : 0,
                      argc == 5 ? strtoull(argv[4], NULL, 10) : 0);
}
