/*
 * honest.c -- a well-behaved client: once a second it connects, requests one complete item, and
 * closes.
 *
 *      honest httpd 10.0.0.2 --count 100
 *
 * Prints a dot for a client served in time, R for a refused one, and x for one that waited too
 * long. The next client begins a second later in any case, so no client may wait longer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    REPLY_BYTES_MAX = 1 << 20,
    ECHO_BYTES = 1000,
    LINES_BYTES = 7400, /* bytes from chargen: 100 lines */
    LINE_BYTES = 74
};

enum outcome {
    SERVED = '.',
    REFUSED = 'R', /* reset, closed early, or a wrong answer */
    LATE = 'x'
};

struct client {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } server;
    socklen_t server_bytes;
    const char *path; /* of HTTP */
    double limit_s;
    double end_s; /* deadline of the current client */
    char reply[REPLY_BYTES_MAX];
    size_t len;
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Waits for @events; false: timeout. */
static bool wait_for(const struct client *client, int fd, short events)
{
    struct pollfd ready = {.fd = fd, .events = events};
    const double left_s = client->end_s - now_s();

    return left_s > 0 && poll(&ready, 1, (int)(left_s * 1000) + 1) > 0;
}

/* 1: the reply is complete, 0: not yet, -1: it is wrong. */
typedef int is_whole_fn(const struct client *client);

/* Sends @text, and reads until the reply is complete. */
static enum outcome exchange(struct client *client, int fd, const char *text, size_t len,
                             is_whole_fn *is_whole)
{
    size_t sent = 0;

    client->len = 0;
    for (;;) {
        ssize_t got;
        int whole;

        if (!wait_for(client, fd, (short)(sent < len ? POLLIN | POLLOUT : POLLIN)))
            return LATE;
        if (sent < len) {
            got = send(fd, text + sent, len - sent, MSG_NOSIGNAL);
            if (got < 0 && errno != EAGAIN)
                return REFUSED;
            sent += got > 0 ? (size_t)got : 0;
        }
        got = recv(fd, client->reply + client->len, sizeof client->reply - client->len, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return REFUSED;
        client->len += got > 0 ? (size_t)got : 0;
        whole = is_whole(client);
        if (whole != 0)
            return now_s() > client->end_s ? LATE : whole > 0 ? SERVED : REFUSED;
    }
}

/* Connects, requests, closes. */
static enum outcome ask(struct client *client, const char *text, size_t len, is_whole_fn *is_whole)
{
    int fd = socket(client->server.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    enum outcome outcome = LATE;
    int error = 0;
    socklen_t error_bytes = sizeof error;

    if (fd < 0)
        return REFUSED;
    if (connect(fd, &client->server.any, client->server_bytes) < 0 && errno != EINPROGRESS)
        outcome = REFUSED;
    else if (wait_for(client, fd, POLLOUT)) {
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes);
        outcome = error ? REFUSED : exchange(client, fd, text, len, is_whole);
    }
    close(fd);
    return outcome;
}

/* ---- The services --------------------------------------------------------------------------- */

static int is_whole_page(const struct client *client)
{
    static const char length[] = "\r\nContent-Length:", ok[] = "HTTP/1.1 200 ";
    const char *end = memmem(client->reply, client->len, "\r\n\r\n", 4);
    const char *field;

    if (!end)
        return client->len == sizeof client->reply ? -1 : 0;
    field = memmem(client->reply, (size_t)(end - client->reply), length, sizeof length - 1);
    if (memcmp(client->reply, ok, sizeof ok - 1) != 0 || !field)
        return -1;
    return client->len - (size_t)(end + 4 - client->reply) ==
           strtoul(field + sizeof length - 1, NULL, 10);
}

static enum outcome ask_httpd(struct client *client)
{
    char text[512];
    int len =
        snprintf(text, sizeof text,
                 "GET %.400s HTTP/1.1\r\nHost: leat\r\nConnection: close\r\n\r\n", client->path);

    return ask(client, text, (size_t)len, is_whole_page);
}

static char echo_data[ECHO_BYTES];

static int is_whole_echo(const struct client *client)
{
    if (client->len < ECHO_BYTES)
        return 0;
    return client->len == ECHO_BYTES && memcmp(client->reply, echo_data, ECHO_BYTES) == 0 ? 1 : -1;
}

static enum outcome ask_echo(struct client *client)
{
    for (size_t i = 0; i < ECHO_BYTES; i++)
        echo_data[i] = (char)('a' + i % 26);
    return ask(client, echo_data, ECHO_BYTES, is_whole_echo);
}

static int is_whole_lines(const struct client *client)
{
    const size_t len = client->len < LINES_BYTES ? client->len : LINES_BYTES;

    for (size_t i = 0; i < len; i++)
        if ((i % LINE_BYTES == LINE_BYTES - 1) != (client->reply[i] == '\n'))
            return -1;
    return len == LINES_BYTES;
}

static enum outcome ask_chargen(struct client *client)
{
    return ask(client, "", 0, is_whole_lines);
}

/* www.example.com, A; by TCP after its length (RFC 1035 4.2.2). */
static const char query[] = "\0\41\0\1\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\1\0\1";

static int is_whole_message(const struct client *client)
{
    const uint8_t *reply = (const uint8_t *)client->reply;

    if (client->len < 2 || client->len < 2u + ((size_t)reply[0] << 8 | reply[1]))
        return 0;
    /* the same id, a reply, no error, an answer */
    return client->len > 14 && reply[3] == 1 && (reply[4] & 0x80) && (reply[5] & 15) == 0 &&
                   reply[9] > 0
               ? 1
               : -1;
}

/* Asks by UDP and by TCP: served if both answer. */
static enum outcome ask_dns(struct client *client)
{
    int fd = socket(client->server.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    enum outcome outcome = LATE;

    if (fd < 0 || connect(fd, &client->server.any, client->server_bytes) < 0 ||
        send(fd, query + 2, sizeof query - 3, 0) < 0)
        outcome = REFUSED;
    else if (wait_for(client, fd, POLLIN))
        outcome = recv(fd, client->reply, sizeof client->reply, 0) > 12 ? SERVED : REFUSED;
    close(fd);
    return outcome == SERVED ? ask(client, query, sizeof query - 1, is_whole_message) : outcome;
}

/* ---- a forwarder ------------------------------------------------------------------------------
 */

/* "goodN.example", A, after room for a length; a name that was not asked for before. */
static size_t make_question(char *text)
{
    static unsigned number;
    static const char head[] = "\0\0\0\1\1\0\0\1\0\0\0\0\0\0";
    static const char tail[] = "\7example\0\0\1\0\1";
    char label[40];
    const int label_len = snprintf(label, sizeof label, "good%ux%lx%x", number++,
                                   (unsigned long)time(NULL), (unsigned)getpid());
    size_t len = sizeof head - 1;

    memcpy(text, head, len);
    text[len++] = (char)label_len;
    memcpy(text + len, label, (size_t)label_len);
    len += (size_t)label_len;
    memcpy(text + len, tail, sizeof tail - 1);
    len += sizeof tail - 1;
    text[1] = (char)(len - 2);
    return len;
}

/* Asks for a new name by UDP, and for another one by TCP: served if both answer. */
static enum outcome ask_forwarder(struct client *client)
{
    int fd = socket(client->server.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    enum outcome outcome = LATE;
    char text[100];
    size_t len = make_question(text);

    client->len = 0;
    if (fd < 0 || connect(fd, &client->server.any, client->server_bytes) < 0 ||
        send(fd, text + 2, len - 2, 0) < 0) {
        outcome = REFUSED;
    } else if (wait_for(client, fd, POLLIN)) {
        const ssize_t got = recv(fd, client->reply + 2, sizeof client->reply - 2, 0);

        client->len = got > 0 ? (size_t)got + 2 : 0;
        client->reply[0] = (char)((client->len - 2) >> 8);
        client->reply[1] = (char)(client->len - 2);
        outcome = is_whole_message(client) > 0 ? SERVED : REFUSED;
    }
    close(fd);
    client->len = 0;
    len = make_question(text);
    return outcome == SERVED ? ask(client, text, len, is_whole_message) : outcome;
}

/* ---- Replies in chunks, and a question
 * -------------------------------------------------------- */

static int is_whole_in_chunks(const struct client *client)
{
    static const char ok[] = "HTTP/1.1 200 ", end[] = "\r\n0\r\n\r\n";

    if (client->len < sizeof ok - 1)
        return 0;
    if (memcmp(client->reply, ok, sizeof ok - 1) != 0)
        return -1;
    return client->len > sizeof end - 1 &&
           memcmp(client->reply + client->len - (sizeof end - 1), end, sizeof end - 1) == 0;
}

static enum outcome ask_upload(struct client *client)
{
    static const char form[] =
        "POST /upload HTTP/1.1\r\nHost: leat\r\nConnection: close\r\n"
        "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 81\r\n\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nhello\r\n"
        "--B--\r\n";

    return ask(client, form, sizeof form - 1, is_whole_in_chunks);
}

static enum outcome ask_lookup(struct client *client)
{
    static const char names[] = "POST /lookup HTTP/1.1\r\nHost: leat\r\nConnection: close\r\n"
                                "Content-Length: 9\r\n\r\n192.0.2.1";

    return ask(client, names, sizeof names - 1, is_whole_in_chunks);
}

static int is_whole_question(const struct client *client)
{
    static const char question[] = "Who are you?\n";

    return client->len >= sizeof question - 1 &&
           memcmp(client->reply, question, sizeof question - 1) == 0;
}

static enum outcome ask_chat(struct client *client)
{
    return ask(client, "", 0, is_whole_question);
}

static const struct service {
    const char *name;
    uint16_t port;
    enum outcome (*ask)(struct client *client);
} services[] = {{"httpd", 80, ask_httpd},        {"echo", 7, ask_echo},
                {"echo_task", 7, ask_echo},      {"upload", 80, ask_upload},
                {"lookup", 80, ask_lookup},      {"chat", 2323, ask_chat},
                {"chargen", 19, ask_chargen},    {"dns", 53, ask_dns},
                {"resolver", 53, ask_forwarder}, {"sieve", 53, ask_forwarder}};

/* ---- The command line ----------------------------------------------------------------------- */

static void usage(void)
{
    printf(
        "usage: honest SERVICE IP [OPTION]...\n\n"
        "Requests one complete item a second from a server: a page from httpd, 1,000 bytes from\n"
        "echo and echo_task, 100 lines from chargen, an address from dns by UDP and then by TCP,\n"
        "addresses of new names from resolver and sieve, an archive from upload, an address from\n"
        "lookup, its question from chat.  Prints a dot for a client served in time, R for a\n"
        "refused one, x for one that waited too long; then \"served N of COUNT\" and the longest\n"
        "time of a served client.\n\n"
        "  --count N      number of clients (10)\n"
        "  --limit S      maximum wait of a client (1)\n"
        "  --interval S   time between clients, which run one after another (1)\n"
        "  --port N       port of the server (that of the service)\n"
        "  --path PATH    path requested from httpd (/)\n"
        "  --help         print this\n");
}

static bool parse_number(const char *text, double low, double high, double *number)
{
    char *end;

    *number = strtod(text, &end);
    return end != text && *end == '\0' && *number >= low && *number <= high;
}

struct settings {
    double count, limit_s, interval_s, port;
    const char *path;
};

/* Returns the exit status, or -1 to continue. */
static int parse(struct settings *settings, int argc, char **argv)
{
    static const struct option options[] = {{"count", required_argument, NULL, 'c'},
                                            {"limit", required_argument, NULL, 'l'},
                                            {"interval", required_argument, NULL, 'i'},
                                            {"port", required_argument, NULL, 'p'},
                                            {"path", required_argument, NULL, 'a'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    bool good = true;
    int key;

    while ((key = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (key == 'h') {
            usage();
            return 0;
        }
        if (key == 'c')
            good &= parse_number(optarg, 1, 100000, &settings->count);
        else if (key == 'l')
            good &= parse_number(optarg, 0.001, 1000, &settings->limit_s);
        else if (key == 'i')
            good &= parse_number(optarg, 0.001, 1000, &settings->interval_s);
        else if (key == 'p')
            good &= parse_number(optarg, 1, 65535, &settings->port);
        else if (key == 'a')
            settings->path = optarg;
        else
            return 2;
    }
    if (good && argc - optind == 2)
        return -1;
    fprintf(stderr, "honest: a number is wrong, or SERVICE and IP are missing; see --help\n");
    return 2;
}

/* Parses the server's address, of either family; false if @text is no address. */
static bool find_server(struct client *client, const char *text, uint16_t port)
{
    if (strchr(text, ':')) {
        client->server.v6.sin6_family = AF_INET6;
        client->server.v6.sin6_port = htons(port);
        client->server_bytes = sizeof client->server.v6;
        return inet_pton(AF_INET6, text, &client->server.v6.sin6_addr) == 1;
    }
    client->server.v4.sin_family = AF_INET;
    client->server.v4.sin_port = htons(port);
    client->server_bytes = sizeof client->server.v4;
    return inet_pton(AF_INET, text, &client->server.v4.sin_addr) == 1;
}

static void ask_all(struct client *client, const struct service *service,
                    const struct settings *settings)
{
    const double limit_s = settings->limit_s, interval_s = settings->interval_s;
    const double began_s = now_s();
    double slowest_s = 0;
    unsigned served = 0;

    for (unsigned i = 0; i < (unsigned)settings->count; i++) {
        const double start_s = began_s + i * interval_s;
        const double early_s = start_s - now_s();
        enum outcome outcome;

        if (early_s > 0)
            usleep((useconds_t)(early_s * 1e6));
        const double asked_s = now_s();
        client->end_s = asked_s + limit_s;
        outcome = service->ask(client);
        if (outcome == SERVED) {
            served++;
            slowest_s = now_s() - asked_s > slowest_s ? now_s() - asked_s : slowest_s;
        }
        putchar((int)outcome);
        fflush(stdout);
    }
    printf("\nserved %u of %u, the slowest in %.3f s\n", served, (unsigned)settings->count,
           slowest_s);
}

int main(int argc, char **argv)
{
    struct settings settings = {.count = 10, .limit_s = 1, .interval_s = 1, .path = "/"};
    static struct client client;
    int status = parse(&settings, argc, argv);

    if (status >= 0)
        return status;
    client.path = settings.path;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        if (strcmp(argv[optind], services[i].name) != 0)
            continue;
        if (!find_server(&client, argv[optind + 1],
                         settings.port > 0 ? (uint16_t)settings.port : services[i].port))
            break;
        ask_all(&client, &services[i], &settings);
        return 0;
    }
    fprintf(stderr, "honest: no such service, or no address; see --help\n");
    return 2;
}
