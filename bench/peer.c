/*
 * peer.c -- the Linux side of the benches over TAP, and a replacement for leat beside it.
 *
 *      peer blast IP PORT BYTES SECONDS    datagrams there and back: how many a second
 *      peer send IP PORT SECONDS           data to a server: Gbit/s
 *      peer receive IP PORT SECONDS        data from a server: Gbit/s
 *      peer sink PORT, peer source PORT    such servers, for one connection after another
 *      peer pipe BYTES SECONDS             to a child by a UNIX socket, BYTES a call: Gbit/s
 *      peer reflect TAP                    sends every IPv4 frame back, addresses and ports
 *                                          swapped: the cost of the device alone
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    WINDOW = 64, /* datagrams in flight */
    DATAGRAM_MAX = 1500,
    FRAME_MAX = 65536 + 64,
    DATA_BYTES = 256 * 1024
};

static unsigned char data[DATA_BYTES];

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

_Noreturn static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in address(const char *ip, const char *port)
{
    struct sockaddr_in made = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};

    if (inet_pton(AF_INET, ip, &made.sin_addr) != 1) {
        fprintf(stderr, "%s is no address\n", ip);
        exit(2);
    }
    return made;
}

static int connect_to(const char *ip, const char *port, int type)
{
    const struct sockaddr_in peer = address(ip, port);
    const int fd = socket(AF_INET, type, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&peer, sizeof peer) < 0)
        fail("connect");
    return fd;
}

/* ---- Datagrams ---------------------------------------------------------------------------- */

/* Keeps WINDOW datagrams in flight; lost ones are replaced after 20 ms. */
static int blast(const char *ip, const char *port, size_t bytes, double seconds)
{
    const int fd = connect_to(ip, port, SOCK_DGRAM);
    const struct timeval patience = {.tv_usec = 20000};
    static unsigned char in[WINDOW][DATAGRAM_MAX];
    struct iovec out_iov = {.iov_base = data, .iov_len = bytes};
    struct iovec in_iov[WINDOW];
    struct mmsghdr out[WINDOW], back[WINDOW];
    uint64_t replies = 0;
    double begun, ended;
    int due = WINDOW;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    memset(out, 0, sizeof out);
    memset(back, 0, sizeof back);
    for (int i = 0; i < WINDOW; i++) {
        in_iov[i] = (struct iovec){.iov_base = in[i], .iov_len = DATAGRAM_MAX};
        out[i].msg_hdr.msg_iov = &out_iov;
        out[i].msg_hdr.msg_iovlen = 1;
        back[i].msg_hdr.msg_iov = &in_iov[i];
        back[i].msg_hdr.msg_iovlen = 1;
    }
    begun = now_s();
    do {
        if (due > 0 && sendmmsg(fd, out, (unsigned)due, 0) < 0 && errno != ECONNREFUSED)
            fail("sendmmsg");
        due = recvmmsg(fd, back, WINDOW, MSG_WAITFORONE, NULL);
        if (due < 0)
            due = WINDOW; /* all of them were lost */
        else
            replies += (uint64_t)due;
        ended = now_s();
    } while (ended - begun < seconds);
    printf("%.0f\n", (double)replies / (ended - begun));
    return 0;
}

/* ---- Data --------------------------------------------------------------------------------- */

static int send_data(const char *ip, const char *port, double seconds)
{
    const int fd = connect_to(ip, port, SOCK_STREAM);
    const double begun = now_s();
    uint64_t sent = 0;
    char byte;

    do {
        const ssize_t len = send(fd, data, DATA_BYTES, 0);

        if (len < 0)
            fail("send");
        sent += (uint64_t)len;
    } while (now_s() - begun < seconds);
    shutdown(fd, SHUT_WR);
    if (recv(fd, &byte, 1, 0) < 0) /* the end of the peer's: it has everything */
        fail("recv");
    printf("%.4f\n", (double)sent * 8 / (now_s() - begun) / 1e9);
    return 0;
}

static int receive_data(const char *ip, const char *port, double seconds)
{
    const int fd = connect_to(ip, port, SOCK_STREAM);
    const double begun = now_s();
    uint64_t received = 0;
    ssize_t len;

    if (send(fd, "\n", 1, MSG_NOSIGNAL) != 1) /* Debian 12's passt answers only after that */
        fail("send");
    do {
        len = recv(fd, data, DATA_BYTES, 0);
        if (len < 0)
            fail("recv");
        received += (uint64_t)len;
    } while (len > 0 && now_s() - begun < seconds);
    printf("%.4f\n", (double)received * 8 / (now_s() - begun) / 1e9);
    return 0;
}

/* Serves one connection after another until it is ended. */
_Noreturn static void serve(const char *port, bool sends)
{
    const struct sockaddr_in any = address("0.0.0.0", port);
    const int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&any, sizeof any) < 0 ||
        listen(listener, 16) < 0)
        fail("listen");
    puts("ready");
    fflush(stdout);
    for (;;) {
        const int fd = accept(listener, NULL, NULL);
        ssize_t len;

        if (fd < 0)
            fail("accept");
        do
            len = sends ? send(fd, data, DATA_BYTES, MSG_NOSIGNAL) : recv(fd, data, DATA_BYTES, 0);
        while (len > 0);
        close(fd);
    }
}

/* ---- The bare reflector ------------------------------------------------------------------- */

static void swap(unsigned char *a, unsigned char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const unsigned char byte = a[i];

        a[i] = b[i];
        b[i] = byte;
    }
}

_Noreturn static void reflect(const char *tap)
{
    static unsigned char frame[FRAME_MAX];
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    const int fd = open("/dev/net/tun", O_RDWR);

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", tap);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        fail(tap);
    puts("ready");
    fflush(stdout);
    for (;;) {
        const ssize_t len = read(fd, frame, sizeof frame);

        if (len < 0)
            fail("read");
        if (len < 42 || frame[12] != 8 || frame[13] != 0 || frame[14] != 0x45)
            continue;
        swap(frame, frame + 6, 6);
        swap(frame + 26, frame + 30, 4);
        swap(frame + 34, frame + 36, 2); /* no checksum changes by all that */
        if (write(fd, frame, (size_t)len) != len)
            fail("write");
    }
}

_Noreturn static void drain(int fd)
{
    while (read(fd, data, DATA_BYTES) > 0) {
    }
    _exit(0);
}

/* The cost for two programs that do nothing with the data, out of one buffer and into one. */
static int pipe_data(size_t bytes, double seconds)
{
    const double begun = now_s();
    uint64_t sent = 0;
    int ends[2];
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        fail("socketpair");
    child = fork();
    if (child == 0) {
        close(ends[0]);
        drain(ends[1]);
    }
    if (child < 0)
        fail("fork");
    close(ends[1]);
    do {
        if (write(ends[0], data, bytes) != (ssize_t)bytes)
            fail("write");
        sent += bytes;
    } while (now_s() - begun < seconds);
    close(ends[0]);
    waitpid(child, NULL, 0);
    printf("%.4f\n", (double)sent * 8 / (now_s() - begun) / 1e9);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "blast") == 0 && argc == 6 && atoi(argv[4]) <= DATAGRAM_MAX)
        return blast(argv[2], argv[3], (size_t)atoi(argv[4]), atof(argv[5]));
    if (strcmp(what, "send") == 0 && argc == 5)
        return send_data(argv[2], argv[3], atof(argv[4]));
    if (strcmp(what, "receive") == 0 && argc == 5)
        return receive_data(argv[2], argv[3], atof(argv[4]));
    if (strcmp(what, "sink") == 0 && argc == 3)
        serve(argv[2], false);
    if (strcmp(what, "source") == 0 && argc == 3)
        serve(argv[2], true);
    if (strcmp(what, "pipe") == 0 && argc == 4 && atoi(argv[2]) > 0 && atoi(argv[2]) <= DATA_BYTES)
        return pipe_data((size_t)atoi(argv[2]), atof(argv[3]));
    if (strcmp(what, "reflect") == 0 && argc == 3)
        reflect(argv[2]);
    fprintf(stderr, "peer blast | send | receive | sink | source | pipe | reflect: see peer.c\n");
    return 2;
}
