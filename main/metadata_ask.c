/*
 * metadata_ask.c -- asks a cloud's metadata server: EC2's by a token of its second version, or
 * without one, and Google's.
 *
 * Both are at the same link-local address and speak plain HTTP. A request has a connection of its
 * own, by HTTP/1.0, so that the end of the connection ends the reply. The stack is polled here,
 * because the program starts only after it.
 */
#include <stdio.h>
#include <string.h>

#include "bring_up_say.h"
#include "facts.h"
#include "metadata.h"
#include "metadata_reply.h"

enum {
    SECOND_NS = 1000000000,
    REQUEST_BYTES = 1024,
    TOKEN_BYTES = 256,
    PATH_BYTES = 160,
    HEAD_BYTES = 2048, /* of a reply */
    REPLY_BYTES = METADATA_USER_BYTES + HEAD_BYTES,
    SERVER_PORT = 80,
    TRIES = 3
};

static const uint64_t patience_ns = 60 * UINT64_C(1000000000); /* for an address */
static const uint64_t reply_ns = 3 * UINT64_C(1000000000);     /* for a reply */

static struct leat_ip server_ip(void)
{
    return LEAT_IP4(169, 254, 169, 254);
}

static struct {
    struct bring_up *up;
    struct leat_tcp *conn; /* NULL: none, or it is over */
    bool is_over;          /* the exchange */
    bool has_ended;        /* the program shall end */
    enum leat_err err;
    size_t sent, asked; /* bytes of the request */
    size_t len;         /* bytes of the reply */
    char request[REQUEST_BYTES];
    char reply[REPLY_BYTES];
    struct metadata_reply read;
    char fields[TOKEN_BYTES + 64]; /* of each request */
    char why[OPTIONS_LINE_BYTES];
} ask;

static const char *complain(const char *why)
{
    return metadata_complain(&ask.up->options->metadata, why);
}

/* ---- one exchange */

static void end(struct leat_tcp *conn, enum leat_err err)
{
    if (conn != ask.conn)
        return; /* one that was given up */
    ask.conn = NULL;
    ask.err = err;
    ask.is_over = true;
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    size_t taken = 0;

    (void)arg;
    if (conn != ask.conn || ask.sent == ask.asked)
        return;
    (void)leat_tcp_write(conn, ask.request + ask.sent, ask.asked - ask.sent, &taken);
    ask.sent += taken;
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    size_t got;

    (void)arg;
    if (conn != ask.conn)
        return;
    while ((got = leat_tcp_read(conn, ask.reply + ask.len, sizeof ask.reply - ask.len)) > 0)
        ask.len += got;
    if (ask.len < sizeof ask.reply && !leat_tcp_at_end(conn))
        return;
    end(conn, ask.len < sizeof ask.reply ? LEAT_OK : LEAT_ERR_TOO_BIG);
    if (leat_tcp_at_end(conn))
        (void)leat_tcp_close(conn);
    else
        leat_tcp_abort(conn);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)arg;
    end(conn, why ? why : LEAT_ERR_END);
}

static const struct leat_tcp_events events = {.on_open = on_writable,
                                              .on_readable = on_readable,
                                              .on_writable = on_writable,
                                              .on_closed = on_closed};

/* Polls once, and waits until @until_ns at most. False: the program shall end. */
static bool turn(uint64_t until_ns)
{
    struct leat *stack = ask.up->platform->stack;
    struct leat_host *host = ask.up->host;
    const uint64_t next_ns = leat_poll(stack, host->now_ns(host));

    ask.has_ended = leat_stopped(stack, NULL);
    if (!ask.has_ended && !host->wait(host, next_ns < until_ns ? next_ns : until_ns)) {
        ask.has_ended = true;
        leat_poll(stack, host->now_ns(host)); /* the drain's time begins now */
        leat_end(stack);
    }
    return !ask.has_ended;
}

static uint64_t now_ns(void)
{
    return ask.up->host->now_ns(ask.up->host);
}

/* Sends ask.request, and reads the whole reply. */
static enum leat_err exchange(void)
{
    const struct leat_endpoint remote = {.ip = server_ip(), .port = SERVER_PORT};
    const uint64_t until_ns = now_ns() + reply_ns;
    struct leat_tcp *conn;
    enum leat_err err =
        leat_tcp_connect(ask.up->platform->stack, &conn, &remote, NULL, &events, NULL);

    if (err)
        return err;
    ask.conn = conn;
    ask.is_over = false;
    ask.sent = ask.len = 0;
    while (!ask.is_over && now_ns() < until_ns && turn(until_ns))
        ;
    if (ask.is_over)
        return ask.err;
    ask.conn = NULL;
    leat_tcp_abort(conn);
    return LEAT_ERR_TIMEOUT;
}

/* Asks for @path until a reply comes, @tries times at most. The status; 0: there is none, and
 * ask.why says why. */
static unsigned request(const char *method, const char *path, unsigned tries)
{
    enum leat_err err = LEAT_ERR_TIMEOUT;

    ask.asked = (size_t)snprintf(
        ask.request, sizeof ask.request, "%s %s HTTP/1.0\r\nHost: 169.254.169.254\r\n%s%s\r\n",
        method, path, strcmp(method, "PUT") == 0 ? "Content-Length: 0\r\n" : "", ask.fields);
    for (unsigned i = 0; i < tries && err == LEAT_ERR_TIMEOUT && !ask.has_ended; i++)
        err = exchange();
    if (!err && !metadata_reply_read(&ask.read, ask.reply, ask.len))
        err = LEAT_ERR_FORMAT;
    if (!err)
        return ask.read.status;
    snprintf(ask.why, sizeof ask.why,
             "169.254.169.254, asked for %.100s: %s; is this that cloud, with its metadata server "
             "on?",
             path, leat_err_text(err));
    return 0;
}

/* ---- what both clouds have */

/* Takes the spaces and new lines off the end of the body. */
static void trim_body(void)
{
    while (ask.read.len > 0 && (unsigned char)ask.read.body[ask.read.len - 1] <= ' ')
        ask.read.len--;
}

/* Asks for a value. NULL, or what is wrong; without the value ask.read.len is 0. */
static const char *get(const char *path)
{
    const unsigned status = request("GET", path, TRIES);

    if (ask.has_ended)
        return NULL;
    if (status == 404)
        ask.read.len = 0;
    if (status == 200 || status == 404)
        return NULL;
    if (status > 0)
        snprintf(ask.why, sizeof ask.why,
                 "169.254.169.254, asked for %.100s, answers with status %u: may this machine read "
                 "its metadata?",
                 path, status);
    return ask.why;
}

/* A host name, or the first part of one that is too long for syslog. */
static const char *take_name(void)
{
    const char *body = ask.read.body;
    size_t len;

    trim_body();
    len = ask.read.len;
    for (size_t i = 0; i < len; i++) {
        if (body[i] == ' ' || (body[i] == '.' && len > OPTIONS_NAME_MAX))
            len = i;
    }
    if (len == 0)
        return NULL;
    return facts_add(metadata_facts(), "host-name", body, len) ? NULL : metadata_facts()->why;
}

/* The router and the name server that the network has told go with static addresses. */
static const char *take_network(void)
{
    const struct leat_platform *platform = ask.up->platform;
    char text[LEAT_IP_TEXT_BYTES];

    if (leat_ip_is_v4(platform->gateway) && !leat_ip_is_any(platform->gateway)) {
        leat_ip_format(platform->gateway, text);
        if (!facts_add(metadata_facts(), "gateway", text, strlen(text)))
            return metadata_facts()->why;
    }
    if (leat_ip_is_v4(platform->server) && !leat_ip_is_any(platform->server)) {
        leat_ip_format(platform->server, text);
        if (!facts_add(metadata_facts(), "server", text, strlen(text)))
            return metadata_facts()->why;
    }
    return NULL;
}

/* Adds each address of the body, a line each, with a prefix of @bits. */
static const char *take_addresses(const char *bits)
{
    const char *at = ask.read.body, *end;

    trim_body();
    end = at + ask.read.len;
    while (at < end) {
        const char *new_line = memchr(at, '\n', (size_t)(end - at));
        const char *stop = new_line ? new_line : end;
        char text[64];

        snprintf(text, sizeof text, "%.*s", (int)(stop - at < 40 ? stop - at : 40), at);
        if (!facts_add_address(metadata_facts(), text, bits))
            return metadata_facts()->why;
        at = stop + 1;
    }
    return ask.read.len > 0 ? take_network() : NULL;
}

/* ---- EC2 */

/* The second version wants a token; servers without it answer with an error, or not at all if the
 * token's reply may not go so far. */
static void get_token(void)
{
    snprintf(ask.fields, sizeof ask.fields, "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n");
    if (request("PUT", "/latest/api/token", 1) != 200)
        ask.read.len = 0;
    trim_body();
    ask.fields[0] = '\0';
    for (size_t i = 0; i < ask.read.len; i++) {
        if (ask.read.body[i] <= ' ' || ask.read.body[i] > '~')
            return;
    }
    if (ask.read.len > 0 && ask.read.len <= TOKEN_BYTES)
        snprintf(ask.fields, sizeof ask.fields, "X-aws-ec2-metadata-token: %.*s\r\n",
                 (int)ask.read.len, ask.read.body);
}

static const char *get_of_interface(const char *what)
{
    const uint8_t *mac = ask.up->netif->mac.octet;
    char path[PATH_BYTES];

    snprintf(path, sizeof path,
             "/latest/meta-data/network/interfaces/macs/%02x:%02x:%02x:%02x:%02x:%02x/%s", mac[0],
             mac[1], mac[2], mac[3], mac[4], mac[5], what);
    return get(path);
}

static const char *ask_ec2_address(void)
{
    const char *wrong = get_of_interface("subnet-ipv4-cidr-block"), *slash;
    char bits[8] = "32";

    trim_body();
    slash = ask.read.len > 0 ? memchr(ask.read.body, '/', ask.read.len) : NULL;
    if (!wrong && slash)
        snprintf(bits, sizeof bits, "%.*s", (int)(ask.read.body + ask.read.len - slash - 1),
                 slash + 1);
    if (!wrong && !ask.has_ended)
        wrong = get_of_interface("local-ipv4s");
    return wrong || ask.has_ended ? wrong : take_addresses(bits);
}

static const char *ask_ec2(const struct options_metadata *choice)
{
    const char *wrong = NULL;

    get_token();
    if (!ask.has_ended && choice->name) {
        wrong = get("/latest/meta-data/local-hostname");
        if (!wrong && !ask.has_ended)
            wrong = take_name();
    }
    if (!wrong && !ask.has_ended && choice->address)
        wrong = ask_ec2_address();
    if (!wrong && !ask.has_ended && choice->options)
        wrong = get("/latest/user-data");
    else
        ask.read.len = 0;
    return wrong || ask.has_ended ? wrong : metadata_take_user(ask.read.body, ask.read.len);
}

/* ---- Google's */

/* A reply without its mark is another server's. */
static const char *get_google(const char *path)
{
    const char *wrong = get(path);

    if (wrong || ask.has_ended || ask.read.is_google)
        return wrong;
    return "169.254.169.254 is not Google's metadata server: say --metadata ec2, or none";
}

static const char *ask_gcp(const struct options_metadata *choice)
{
    static const char *const paths[] = {"/computeMetadata/v1/instance/hostname",
                                        "/computeMetadata/v1/instance/network-interfaces/0/ip",
                                        "/computeMetadata/v1/instance/attributes/user-data"};
    const char *wrong = NULL;

    snprintf(ask.fields, sizeof ask.fields, "Metadata-Flavor: Google\r\n");
    if (choice->name) {
        wrong = get_google(paths[0]);
        if (!wrong && !ask.has_ended)
            wrong = take_name();
    }
    if (!wrong && !ask.has_ended && choice->address) {
        wrong = get_google(paths[1]);
        if (!wrong && !ask.has_ended)
            wrong = take_addresses("32"); /* as its DHCP server says, too */
    }
    if (!wrong && !ask.has_ended && choice->options)
        wrong = get_google(paths[2]);
    else
        ask.read.len = 0;
    return wrong || ask.has_ended ? wrong : metadata_take_user(ask.read.body, ask.read.len);
}

/* ---- the whole */

/* Waits for an address of IPv4. NULL, or what is wrong. */
static const char *await_address(void)
{
    const uint64_t until_ns = now_ns() + patience_ns;
    const struct leat_platform *platform = ask.up->platform;

    if (ask.up->options->ip_count > 0)
        return NULL;
    while (!platform->has_ipv4) {
        if (now_ns() >= until_ns)
            return "there is no IPv4 address after 60 s: is there a DHCP server? Otherwise give "
                   "--ip";
        if (!turn(until_ns))
            return NULL;
    }
    return NULL;
}

const char *metadata_ask(struct bring_up *up)
{
    const struct options_metadata *choice = &up->options->metadata;
    const char *wrong;

    ask.up = up;
    up->is_checking = true; /* the program doesn't start meanwhile */
    wrong = await_address();
    if (!wrong && !ask.has_ended && leat_ip_is_any(up->platform->gateway))
        (void)leat_route_add_on_link(up->platform->stack, up->netif, server_ip(), 32);
    if (!wrong && !ask.has_ended)
        wrong = choice->where == METADATA_EC2 ? ask_ec2(choice) : ask_gcp(choice);
    up->is_checking = false;
    metadata_end_facts();
    return wrong ? complain(wrong) : NULL;
}
