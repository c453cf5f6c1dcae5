/*
 * device.c -- a small device: ping, echo by TCP and UDP, and a page by HTTP, in 64 KiB of RAM.
 *
 * leat gets one block of memory, all that the program leaves free. It has the sizes of the small
 * configurations, for CONNECTIONS connections at a time. Its address and its gateway are the words
 * of the command line: "10.0.2.15/24 10.0.2.2" by default, where QEMU's own network expects it.
 */
#include <string.h>

#include <leat/civil.h>
#include <leat/http_server.h>
#include <leat/lan9118.h>
#include <leat/leat.h>

#include "board.h"

enum {
    CONNECTIONS = 8,
    CLIENTS = 4, /* of HTTP */
    LISTENERS = 2,
    SOCKETS = 2,
    NUMBER_BYTES = 21
};

static const char page[] =
    "<!doctype html><title>leat</title><p>This page comes from 64 KiB of RAM.\n";

static const struct leat_http_file files[] = {
    {.path = "/index.html", .type = "text/html", .bytes = page, .len = sizeof page - 1, .tag = 1}};

static struct leat_lan9118 controller;
static struct leat *stack;

/* ---- text --------------------------------------------------------------------------------- */

static void say_number(uint64_t number)
{
    char text[NUMBER_BYTES] = {0};
    char *at = &text[sizeof text - 1];

    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    board_say(at);
}

static int refuse(const char *what, const char *why)
{
    board_say("device: ");
    board_say(what);
    board_say(": ");
    board_say(why);
    board_say("\n");
    return 2;
}

static int refuse_err(const char *what, enum leat_err err)
{
    return refuse(what, leat_err_text(err));
}

/* ---- echo --------------------------------------------------------------------------------- */

static void echo_data(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    for (;;) {
        const uint32_t room = leat_tcp_send_room(conn);
        struct leat_buf *data = room > 0 ? leat_tcp_receive(conn, room) : NULL;
        const uint32_t len = leat_buf_total(data);

        if (!data)
            break;
        if (leat_tcp_send(conn, data)) {
            leat_tcp_abort(conn); /* better no echo than one with a hole */
            return;
        }
        leat_tcp_consumed(conn, len);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_shutdown(conn);
}

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events events = {.on_readable = echo_data,
                                                  .on_writable = echo_data};
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, &events, arg)))
        leat_tcp_set_nodelay(conn, true);
}

static void echo_datagram(struct leat_udp *udp, struct leat_buf *payload,
                          const struct leat_endpoint *peer, const struct leat_endpoint *local,
                          void *arg)
{
    (void)arg;
    if (peer->port == local->port)
        leat_buf_free(payload); /* two echo servers would never stop */
    else
        leat_udp_send_from(udp, payload, peer, local->ip);
}

static enum leat_err open_echo(void)
{
    static const struct leat_udp_events events = {.on_datagram = echo_datagram};
    const struct leat_tcp_listen_config listen = {.port = 7, .on_acceptable = accept_all};
    struct leat_tcp_listener *listener;
    struct leat_udp *udp;
    enum leat_err err = leat_tcp_listen(stack, &listener, &listen);

    if (!err)
        err = leat_udp_open(stack, &udp, &events, NULL);
    return err ? err : leat_udp_bind(udp, LEAT_IP_ANY, 7);
}

/* ---- the stack ---------------------------------------------------------------------------- */

/* Takes @bytes of the block. NULL: there aren't so many. */
static void *take(uint8_t **block, size_t *left, size_t bytes)
{
    void *taken = *block;

    if (bytes > *left)
        return NULL;
    *block += bytes;
    *left -= bytes;
    return taken;
}

static enum leat_err open_stack(struct leat_host *host, uint8_t **block, size_t *left)
{
    struct leat_config config = leat_small_config();
    struct leat_tcp_config tcp = leat_tcp_small_config(CONNECTIONS);
    const struct leat_udp_config udp = {.sockets = SOCKETS};
    enum leat_err err = host->entropy(host, config.seed, sizeof config.seed);
    size_t bytes;
    void *memory;

    tcp.listeners = LISTENERS;
    config.now_ns = host->now_ns(host);
    bytes = leat_memory_bytes(&config) + leat_tcp_memory_bytes(&tcp) + leat_udp_memory_bytes(&udp);
    memory = take(block, left, bytes);
    if (!memory)
        return LEAT_ERR_MEMORY;
    if (!err)
        err = leat_init(&stack, memory, bytes, &config);
    if (!err)
        err = leat_attach(stack, leat_lan9118_netif(&controller));
    if (!err)
        err = leat_tcp_register(stack, &tcp);
    return err ? err : leat_udp_register(stack, &udp);
}

static enum leat_err open_http(uint8_t **block, size_t *left)
{
    const struct leat_http_server_config config = {
        .files = files, .file_count = sizeof files / sizeof *files, .clients = CLIENTS};
    const size_t bytes = leat_http_server_memory_bytes(&config);
    void *memory = take(block, left, bytes);
    struct leat_http_server *server;

    if (!memory)
        return LEAT_ERR_MEMORY;
    return leat_http_server_open(&server, stack, memory, bytes, &config);
}

/* ---- addresses ---------------------------------------------------------------------------- */

/* The next word of @at, which moves behind it; "": there is none. */
static const char *next_word(char **at)
{
    char *word = *at;
    char *end;

    while (*word == ' ')
        word++;
    end = word;
    while (*end && *end != ' ')
        end++;
    *at = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

/* Reads "IMAGE ADDRESS/PREFIX GATEWAY"; NULL, or what is wrong. */
static const char *set_addresses(void)
{
    char *at = board_command_line();
    struct leat_ip ip = LEAT_IP4(10, 0, 2, 15), gateway = LEAT_IP4(10, 0, 2, 2);
    uint8_t prefix = 24;
    const char *word;

    if (!at)
        return "the command line is too long, with the path of the image: shorten one of them";
    (void)next_word(&at); /* the image */
    word = next_word(&at);
    if (*word && !leat_ip_parse_cidr(word, &ip, &prefix))
        return "it is no address with a prefix";
    word = next_word(&at);
    if (*word && !leat_ip_parse(word, &gateway))
        return "it is no address";
    if (leat_address_add(stack, leat_lan9118_netif(&controller), ip, prefix) ||
        leat_route_add(stack, LEAT_IP4_ANY, 0, gateway))
        return "the address or the gateway is impossible";
    return NULL;
}

static void say_start(size_t left)
{
    board_say("device: ready on lan9118, bytes of RAM left: ");
    say_number(left);
    board_say("\n");
}

static void say_end(void)
{
    const struct leat_lan9118_counters *counters = leat_lan9118_counters(&controller);

    board_say("device: stack of calls, bytes: ");
    say_number(board_stack_bytes());
    board_say("\ndevice: frames starved, overrun, bad, lost: ");
    say_number(counters->rx_starved);
    board_say(" ");
    say_number(counters->rx_overrun);
    board_say(" ");
    say_number(counters->rx_bad + counters->rx_length + counters->tx_bad);
    board_say(" ");
    say_number(counters->tx_lost);
    board_say("\n");
}

int main(void)
{
    const struct leat_lan9118_config config = {.read = board_read, .write = board_write};
    struct leat_host *host = board_start();
    const char *why;
    size_t left;
    uint8_t *block = board_memory(&left);
    enum leat_err err = leat_lan9118_open(&controller, &config, &why);
    int status;

    if (err)
        return refuse("lan9118", why);
    if ((err = open_stack(host, &block, &left)))
        return refuse_err("stack", err);
    if ((why = set_addresses()))
        return refuse("address", why);
    leat_civil_from_host(stack, host);
    if ((err = open_echo()))
        return refuse_err("echo", err);
    if ((err = open_http(&block, &left)))
        return refuse_err("http", err);
    say_start(left);
    status = leat_run(stack, host);
    leat_close(stack);
    say_end();
    return status;
}
