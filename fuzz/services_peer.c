/* services_peer.c -- the second stack: servers whose behaviour is chosen, and connections
 * with arbitrary data. */
#include "services.h"

#include <string.h>

#include <leat/tls.h>

enum {
    PEERS = 16,
    HAVE_BYTES = 600,
    MESSAGE_MAX = 600,
    SOCKETS = 4
};

/* The kinds of connections of the second stack. */
enum kind {
    CALLER, /* to the first stack */
    WILD,   /* connected to a web server */
    NAMES,  /* connected to a name server, by TCP or TLS */
    SINK    /* connected to a log server, or without a use */
};

struct peer {
    struct leat_stream stream; /* an end of NULL: unused */
    enum kind kind;
    uint32_t have; /* bytes of a message */
    uint8_t bytes[HAVE_BYTES];
};

static struct peer peers[PEERS];
static struct leat_tcp_listener *listeners[3];
static struct leat_udp *sockets[SOCKETS];

static struct peer *free_peer(void)
{
    for (unsigned i = 0; i < PEERS; i++) {
        if (!peers[i].stream.end)
            return &peers[i];
    }
    return NULL;
}

/* ---- sending ------------------------------------------------------------------------------- */

static const char *const requests[] = {
    "GET /file HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /r?a=b HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /r HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n",
    "POST /any/y HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    "28\r\nsome text of a chunk, of forty bytes in all\r\n",
    "0\r\n\r\n",
    "PUT /r HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "text of a body, as long as it happens to be",
    "GET /t HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /t HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=5-900\r\n\r\n",
    "HEAD /r HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "DELETE /r HTTP/1.1\r\nHost: x\r\n\r\n",
    "fffffffffffffffff\r\n",
    "GET /r HTTP/1.1\r\n"};

static const char *const replies[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\ntwelve bytes",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfives\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\ntext to the end",
    "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nnot all of it",
    "HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nend",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 301 Moved\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "HTTP/1.1 200",
    " OK\r\nContent-Length: 0\r\n\r\n",
    "7\r\nchunked\r\n",
    "0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n"};

/* Sends bytes; those without room are dropped. */
static void say(const struct peer *peer, const void *bytes, size_t len)
{
    size_t taken;

    (void)leat_stream_write(&peer->stream, bytes, len, &taken);
}

static void say_phrase(const struct peer *peer, const char *const *phrases, uint8_t which)
{
    uint8_t bytes[128];
    const char *phrase = phrases[which % 16];
    uint32_t len = (uint32_t)strlen(phrase);

    memcpy(bytes, phrase, len);
    len = services_spoil(bytes, len);
    say(peer, bytes, len);
}

static void answer_all(struct peer *peer)
{
    while (peer->have >= 2) {
        const uint32_t len = (uint32_t)peer->bytes[0] << 8 | peer->bytes[1];
        uint8_t reply[2 + MESSAGE_MAX];
        uint32_t answer;

        if (len + 2 > peer->have)
            return;
        answer = services_answer(peer->bytes + 2, len, reply + 2, MESSAGE_MAX);
        reply[0] = (uint8_t)(answer >> 8);
        reply[1] = (uint8_t)answer;
        if (answer > 0)
            say(peer, reply, 2 + answer);
        peer->have -= 2 + len;
        memmove(peer->bytes, peer->bytes + 2 + len, peer->have);
    }
}

/* ---- connections -------------------------------------------------------------------------- */

static void end_it(struct peer *peer, uint8_t how)
{
    if (how % 4 == 0) {
        leat_stream_abort(&peer->stream);
    } else if (how % 4 == 1) {
        (void)leat_stream_shutdown(&peer->stream);
    } else {
        (void)leat_stream_close(&peer->stream);
    }
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct peer *peer = arg;
    struct leat_buf *data;

    (void)conn;
    while ((data = leat_stream_receive(&peer->stream, HAVE_BYTES - peer->have))) {
        const uint32_t len = leat_buf_read(data, 0, peer->bytes + peer->have, HAVE_BYTES);

        leat_buf_free(data);
        leat_stream_consumed(&peer->stream, len);
        peer->have = peer->kind == NAMES ? peer->have + len : 0;
        if (peer->kind == NAMES)
            answer_all(peer);
        if (peer->have == HAVE_BYTES)
            break;
    }
    if (peer->kind == WILD)
        say_phrase(peer, replies, services_mood.web);
    services_obey(SERVICES_ON_PEER, NULL);
    if (peer->stream.end && (leat_stream_at_end(&peer->stream) || peer->have == HAVE_BYTES))
        (void)leat_stream_close(&peer->stream);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct peer *peer = arg;

    (void)conn;
    (void)why;
    services_demand(peer->stream.end != NULL, "on_closed of no connection");
    peer->stream.end = NULL;
}

static const struct leat_tcp_events events = {.on_readable = on_readable, .on_closed = on_closed};

static bool adopt(const struct leat_stream *stream, enum kind kind)
{
    struct peer *peer = free_peer();

    if (!peer)
        return false;
    peer->stream = *stream;
    peer->kind = kind;
    peer->have = 0;
    leat_stream_set_events(stream, &events, peer);
    return true;
}

bool services_peer_has(const void *arg)
{
    for (unsigned i = 0; i < PEERS; i++) {
        if (arg == &peers[i])
            return true;
    }
    return false;
}

static bool serve_names(const struct leat_stream *session)
{
    return adopt(session, NAMES);
}

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events nothing;
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, &nothing, NULL)) != NULL) {
        const struct leat_stream stream = leat_stream_of_tcp(conn);

        if (!adopt(&stream, (enum kind)(uintptr_t)arg))
            leat_tcp_abort(conn);
    }
}

static void call(const struct services_act *act)
{
    static const uint16_t ports[] = {SERVICES_PORT_WEB,  SERVICES_PORT_WEB,    SERVICES_PORT_NAMES,
                                     SERVICES_PORT_ECHO, SERVICES_PORT_SECRET, 9};
    const struct leat_endpoint remote = services_at(0, ports[act->how % 6]);
    struct peer *peer = free_peer();
    struct leat_tcp *conn;

    if (!peer || leat_tcp_connect(services_ends[1].stack, &conn, &remote, NULL, &events, peer))
        return;
    peer->stream = leat_stream_of_tcp(conn);
    peer->kind = CALLER;
    peer->have = 0;
}

static void speak(const struct services_act *act)
{
    const struct peer *peer = &peers[act->how % PEERS];
    uint8_t bytes[2 + MESSAGE_MAX];
    uint32_t len;

    if (!peer->stream.end)
        return;
    if (act->how & 128) {
        len = services_question(act, bytes + 2);
        bytes[0] = (uint8_t)(len >> 8);
        bytes[1] = (uint8_t)len;
        say(peer, bytes, 2 + len);
    } else {
        say_phrase(peer, peer->kind == WILD ? replies : requests, act->more);
    }
}

/* ---- datagrams ---------------------------------------------------------------------------- */

enum {
    SOCKET_NAMES,
    SOCKET_CLIENT,
    SOCKET_LOG,
    SOCKET_LEASES
};

static struct leat_buf *buffer_of(const uint8_t *bytes, uint32_t len)
{
    struct leat_buf *buf = leat_buf_alloc(leat_pool(services_ends[1].stack), LEAT_BUF_HEADROOM);

    if (buf)
        memcpy(leat_buf_put(buf, len), bytes, len);
    return buf;
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    uint8_t query[MESSAGE_MAX], reply[MESSAGE_MAX];
    const uint32_t len = leat_buf_read(payload, 0, query, sizeof query);
    const uintptr_t which = (uintptr_t)arg;
    uint32_t answer = 0;

    leat_buf_free(payload);
    if (which == SOCKET_NAMES)
        answer = services_answer(query, len, reply, sizeof reply);
    payload = answer > 0 ? buffer_of(reply, answer) : NULL;
    if (payload)
        (void)leat_udp_send_from(udp, payload, peer, local->ip);
    services_obey(SERVICES_ON_PEER, NULL);
}

void services_peer_lease(const uint8_t *query, uint32_t len)
{
    const struct leat_endpoint all = leat_endpoint_of(LEAT_IP4_BROADCAST, 68);
    uint8_t reply[MESSAGE_MAX];
    const uint32_t answer = services_lease(query, len, reply);
    struct leat_buf *payload = answer > 0 ? buffer_of(reply, answer) : NULL;

    if (payload)
        (void)leat_udp_send_to(sockets[SOCKET_LEASES], payload, &all);
}

static void ask(const struct services_act *act)
{
    const struct leat_endpoint to = services_at(0, SERVICES_PORT_NAMES);
    uint8_t query[MESSAGE_MAX];
    struct leat_buf *payload = buffer_of(query, 0);

    if (!payload)
        return;
    leat_buf_free(payload);
    payload = buffer_of(query, services_question(act, query));
    if (payload)
        (void)leat_udp_send_to(sockets[SOCKET_CLIENT], payload, &to);
}

static void open_socket(uintptr_t which, uint16_t port)
{
    static const struct leat_udp_events datagrams = {.on_datagram = on_datagram};
    struct leat_udp *udp;

    services_demand(!leat_udp_open(services_ends[1].stack, &udp, &datagrams, (void *)which),
                    "a socket");
    sockets[which] = udp;
    services_demand(!leat_udp_bind(udp, LEAT_IP_ANY, port), "a port");
    leat_udp_set_broadcast(udp, true);
}

/* ---- begin and end ------------------------------------------------------------------------ */

static void listen(unsigned which, uint16_t port, enum kind kind)
{
    const struct leat_tcp_listen_config config = {
        .port = port, .backlog = 8, .on_acceptable = on_acceptable, .arg = (void *)(uintptr_t)kind};

    services_demand(!leat_tcp_listen(services_ends[1].stack, &listeners[which], &config), "listen");
}

void services_peer_open(void)
{
    memset(peers, 0, sizeof peers);
    listen(0, SERVICES_PORT_WILD, WILD);
    listen(1, SERVICES_PORT_NAMES, NAMES);
    listen(2, SERVICES_PORT_LOG, SINK);
    services_secret_listen(1, SERVICES_PORT_SECRET_NAMES, serve_names);
    open_socket(SOCKET_NAMES, SERVICES_PORT_NAMES);
    open_socket(SOCKET_CLIENT, 4000);
    open_socket(SOCKET_LOG, SERVICES_PORT_LOG);
    open_socket(SOCKET_LEASES, 67);
}

void services_peer_act(const struct services_act *act)
{
    switch (act->which % 8) {
    case 0:
    case 1:
        call(act);
        break;
    case 2:
        ask(act);
        break;
    case 3:
        if (peers[act->how % PEERS].stream.end)
            end_it(&peers[act->how % PEERS], act->more);
        break;
    default:
        speak(act);
        break;
    }
}

void services_peer_calm(void)
{
    for (unsigned i = 0; i < PEERS; i++) {
        if (peers[i].stream.end && peers[i].kind == CALLER)
            leat_stream_abort(&peers[i].stream);
    }
}

void services_peer_close(void)
{
    for (unsigned i = 0; i < PEERS; i++) {
        if (peers[i].stream.end)
            leat_stream_abort(&peers[i].stream);
    }
    for (unsigned i = 0; i < 3; i++)
        leat_tcp_listener_close(listeners[i]);
    for (unsigned i = 0; i < SOCKETS; i++)
        leat_udp_close(sockets[i]);
}
