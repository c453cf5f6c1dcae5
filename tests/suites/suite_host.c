/* suite_host.c -- a stack without a device, and streams over sockets of the kernel. */
#include "suite_host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <leat/crypto_bearssl.h>
#include <leat/crypto_openssl.h>
#include <leat/leat.h>

enum {
    PIPE_BYTES = 1 << 18,
    READ_BYTES = 16384,
    WIRES_MAX = 64
};

static const struct suite_limits *limits; /* of the only host */
static struct leat_crypto_ops ops;        /* the provider's, with the limits */
static const struct leat_crypto_ops *unlimited;

void suite_demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "the host of the suite failed: %s\n", what);
    exit(2);
}

/* ---- The provider ---------------------------------------------------------------------------- */

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    (void)arg;
    return getrandom(bytes, len, 0) == (ssize_t)len ? LEAT_OK : LEAT_ERR_ENTROPY;
}

static bool has(const struct suite_numbers *numbers, unsigned number)
{
    for (unsigned i = 0; i < numbers->count; i++)
        if (numbers->list[i] == number)
            return true;
    return numbers->count == 0;
}

static bool supports_group(void *self, enum leat_crypto_group group)
{
    return has(&limits->groups, group) && unlimited->supports_group(self, group);
}

static bool supports_scheme(void *self, enum leat_crypto_scheme scheme)
{
    return has(&limits->verifying, scheme) && unlimited->supports_scheme(self, scheme);
}

static bool private_can(void *self, const struct leat_crypto_private *key,
                        enum leat_crypto_scheme scheme)
{
    return has(&limits->signing, scheme) && unlimited->private_can(self, key, scheme);
}

static void open_provider(struct suite_host *host, bool with_bearssl)
{
    enum leat_err err;

    host->is_bearssl = with_bearssl;
    if (with_bearssl) {
        host->provider = malloc(LEAT_CRYPTO_BEARSSL_BYTES);
        suite_demand(host->provider != NULL, "no memory");
        err = leat_crypto_bearssl_open(&host->crypto, host->provider, LEAT_CRYPTO_BEARSSL_BYTES,
                                       entropy, NULL);
    } else {
        err = leat_crypto_openssl_open(&host->crypto, entropy, NULL);
    }
    suite_demand(err == LEAT_OK, "the provider doesn't open");
    unlimited = host->crypto.ops;
    ops = *unlimited;
    ops.supports_group = supports_group;
    ops.supports_scheme = supports_scheme;
    ops.private_can = private_can;
    host->crypto.ops = &ops;
    limits = &host->limits;
}

/* ---- The stack ------------------------------------------------------------------------------- */

static uint64_t now_ns(const struct suite_host *host)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return ((uint64_t)now.tv_sec + host->ahead_s) * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t suite_civil_s(void *host)
{
    const struct suite_host *of = host;

    return of->began_s + of->ahead_s; /* it stands still: ages of tickets have whole seconds */
}

void suite_open(struct suite_host *host, bool with_bearssl)
{
    struct leat_config config = {.buf_count = 2048};
    size_t bytes;

    suite_demand(!limits, "a second host");
    host->began_s = (uint64_t)time(NULL);
    suite_demand(entropy(NULL, config.seed, sizeof config.seed) == LEAT_OK, "no entropy");
    config.now_ns = now_ns(host);
    bytes = leat_memory_bytes(&config);
    host->memory = malloc(bytes);
    suite_demand(host->memory != NULL, "no memory");
    suite_demand(leat_init(&host->stack, host->memory, bytes, &config) == LEAT_OK, "no stack");
    open_provider(host, with_bearssl);
}

void suite_close(struct suite_host *host)
{
    host->crypto.ops = unlimited;
    if (host->is_bearssl)
        leat_crypto_bearssl_close(&host->crypto);
    else
        leat_crypto_openssl_close(&host->crypto);
    limits = NULL;
    free(host->provider);
    free(host->memory);
}

/* ---- Sockets --------------------------------------------------------------------------------- */

void suite_wire_open(struct suite_wire *wire, struct suite_host *host, int socket)
{
    memset(wire, 0, sizeof *wire);
    wire->socket = socket;
    fcntl(socket, F_SETFL, O_NONBLOCK);
    pipe_open(wire->ends, host->stack, PIPE_BYTES);
}

void suite_wire_close(struct suite_wire *wire)
{
    close(wire->socket);
    wire->socket = -1;
}

bool suite_wire_is_over(const struct suite_wire *wire)
{
    return wire->socket < 0 || (wire->reads_no_more && wire->writes_no_more);
}

/* Room for bytes of the socket in the pipe. */
static uint32_t room_of(struct suite_wire *wire)
{
    const struct leat_stream far = pipe_stream(&wire->ends[1]);
    const uint32_t room = leat_stream_send_room(&far);

    return room < READ_BYTES ? room : READ_BYTES;
}

/* The socket is broken, or the program has reset the stream. */
static void break_off(struct suite_wire *wire)
{
    const struct leat_stream far = pipe_stream(&wire->ends[1]);

    if (!wire->ends[0].aborted)
        leat_stream_abort(&far);
    wire->reads_no_more = wire->writes_no_more = true;
}

static void read_socket(struct suite_wire *wire)
{
    const struct leat_stream far = pipe_stream(&wire->ends[1]);
    const uint32_t room = room_of(wire);
    uint8_t bytes[READ_BYTES];
    ssize_t len = -1;
    size_t taken;

    if (wire->reads_no_more || room == 0)
        return;
    len = recv(wire->socket, bytes, room, 0);
    if (len > 0) {
        suite_demand(leat_stream_write(&far, bytes, (size_t)len, &taken) == LEAT_OK &&
                         taken == (size_t)len,
                     "the pipe takes less than it had room for");
    } else if (len == 0) {
        wire->reads_no_more = true;
        leat_stream_shutdown(&far);
    } else if (errno != EAGAIN && errno != EINTR) {
        break_off(wire);
    }
}

/* Moves the program's next data to wire->bytes. */
static void fetch(struct suite_wire *wire)
{
    const struct leat_stream far = pipe_stream(&wire->ends[1]);
    struct leat_buf *data = leat_stream_receive(&far, sizeof wire->bytes);

    wire->sent = 0;
    wire->pending = 0;
    if (!data)
        return;
    wire->pending = leat_buf_read(data, 0, wire->bytes, sizeof wire->bytes);
    leat_stream_consumed(&far, leat_buf_total(data));
    leat_buf_free(data);
}

static void write_socket(struct suite_wire *wire)
{
    const struct leat_stream far = pipe_stream(&wire->ends[1]);
    ssize_t len;

    while (!wire->writes_no_more) {
        if (wire->sent == wire->pending)
            fetch(wire);
        if (wire->pending == 0)
            break;
        len =
            send(wire->socket, wire->bytes + wire->sent, wire->pending - wire->sent, MSG_NOSIGNAL);
        if (len < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (len < 0) { /* a suite may close without reading; its last bytes are still of interest */
            wire->writes_no_more = true;
            return;
        }
        wire->sent += (size_t)len;
    }
    if (!wire->writes_no_more && (leat_stream_at_end(&far) || wire->ends[0].aborted)) {
        wire->writes_no_more = true;
        shutdown(wire->socket, SHUT_WR);
    }
}

static void serve_wire(struct suite_wire *wire)
{
    if (wire->socket < 0)
        return;
    write_socket(wire);
    if (wire->ends[0].aborted)
        wire->reads_no_more = true; /* its last bytes were sent above */
    else
        read_socket(wire);
}

static int wait_ms(const struct suite_host *host, uint64_t next_ns, int deadline_ms)
{
    const uint64_t now = now_ns(host);
    const uint64_t wait_ns = next_ns > now ? next_ns - now : 0;

    return wait_ns / 1000000 < (uint64_t)deadline_ms ? (int)((wait_ns + 999999) / 1000000)
                                                     : deadline_ms;
}

static short interest_of(struct suite_wire *wire)
{
    const bool reads = !wire->reads_no_more && room_of(wire) > 0;
    const bool writes = !wire->writes_no_more && wire->sent < wire->pending;

    return (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
}

bool suite_serve(struct suite_host *host, struct suite_wire *wires, unsigned count, int listener,
                 int deadline_ms)
{
    struct pollfd set[WIRES_MAX + 1];
    uint64_t next_ns;

    suite_demand(count <= WIRES_MAX, "too many wires");
    for (unsigned i = 0; i < count; i++)
        serve_wire(&wires[i]);
    next_ns = leat_poll(host->stack, now_ns(host));
    for (unsigned i = 0; i < count; i++) /* sends what the poll has made */
        if (wires[i].socket >= 0)
            write_socket(&wires[i]);
    for (unsigned i = 0; i < count; i++) {
        const short interest = wires[i].socket >= 0 ? interest_of(&wires[i]) : 0;

        set[i] = (struct pollfd){.fd = interest ? wires[i].socket : -1, .events = interest};
    }
    set[count] = (struct pollfd){.fd = listener, .events = POLLIN};
    poll(set, count + 1, wait_ms(host, next_ns, deadline_ms));
    return listener >= 0 && (set[count].revents & POLLIN) != 0;
}

/* ---- Files ----------------------------------------------------------------------------------- */

char *suite_read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long size;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 &&
        fseek(file, 0, SEEK_SET) == 0) {
        text = calloc(1, (size_t)size + 1);
        *len = text ? fread(text, 1, (size_t)size, file) : 0;
    }
    fclose(file);
    return text;
}
