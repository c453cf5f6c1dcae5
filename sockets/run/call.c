/* call.c -- calls of the preloaded library: each a connection with one request and one reply. */
#include "server.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct call calls[CALLS_MAX];
static struct call *free_calls;
static uint32_t used;

static void end(struct call *call)
{
    lookup_cancel(call);
    close(call->fd);
    call->fd = -1;
    call->free_next = free_calls;
    free_calls = call;
}

void call_answer(struct call *call, int error)
{
    call->reply.error = error;
    /* the kernel's buffer has room for one message */
    send(call->fd, &call->reply, offsetof(struct run_reply, data) + call->reply.len,
         MSG_DONTWAIT | MSG_NOSIGNAL);
    end(call);
}

/* Hands the shared memory to the program. */
static void answer_map(struct call *call)
{
    struct run_reply *reply = &call->reply;
    struct iovec piece = {reply, offsetof(struct run_reply, data)};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS,
                            .cmsg_len = CMSG_LEN(sizeof(int))}};
    const struct msghdr message = {.msg_iov = &piece,
                                   .msg_iovlen = 1,
                                   .msg_control = &control,
                                   .msg_controllen = sizeof control};
    const int fd = fast_descriptor();

    if (fd < 0) {
        call_answer(call, EOPNOTSUPP);
        return;
    }
    reply->error = 0;
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    sendmsg(call->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    end(call);
}

static struct call *call_new(int fd)
{
    struct call *call = free_calls;

    if (call)
        free_calls = call->free_next;
    else if (used < CALLS_MAX)
        call = &calls[used++];
    else
        return NULL;
    call->watch = WATCH_CALL;
    call->fd = fd;
    call->lookup = NULL;
    return call;
}

void calls_accept(int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct call *call = call_new(fd);

        if (!call)
            close(fd);
        else if (!server_watch(fd, EPOLLIN, call))
            end(call);
        else
            call_event(call); /* the request is often there already */
    }
}

/* False: it isn't whole, or of a stranger. */
static bool is_good(const struct run_request *request, size_t len)
{
    unsigned difference = 0;

    if (len < offsetof(struct run_request, data) ||
        request->len != len - offsetof(struct run_request, data))
        return false;
    for (unsigned i = 0; i < RUN_TOKEN_BYTES; i++)
        difference |= request->token[i] ^ server.token[i];
    return difference == 0 &&
           (request->family == '4' || request->family == '6' || request->call == RUN_LOOKUP ||
            request->call == RUN_REVERSE || request->call == RUN_MAP);
}

static int do_names(const struct sock *sock, struct run_reply *reply)
{
    const bool has_peer =
        sock->state == SOCK_OPEN ? sock->conn != NULL : sock->state == SOCK_DATAGRAM;

    reply->local = run_endpoint_of(&sock->local);
    reply->remote = run_endpoint_of(&sock->remote);
    reply->place = fast_place_of(sock);
    if (!has_peer)
        reply->remote.port = 0;
    return sock->state == SOCK_CONNECTING ? EINPROGRESS : 0;
}

/* Calls about a socket that the server knows, or makes. */
static int do_known(struct sock *sock, const struct run_request *request, struct run_reply *reply)
{
    const struct leat_endpoint endpoint = endpoint_of(&request->endpoint);
    const bool datagrams = sock->type == 'd';
    int error;

    if (request->call == RUN_CONNECT && !server_has_device())
        return ENETDOWN;
    switch (request->call) {
    case RUN_BIND:
        return datagrams ? datagram_bind(sock, &endpoint) : port_bind(sock, &endpoint);
    case RUN_LISTEN:
        return datagrams ? EOPNOTSUPP : port_listen(sock, request->value);
    case RUN_CONNECT:
        if (datagrams)
            return datagram_connect(sock, &endpoint);
        error = stream_connect(sock, &endpoint, request->value);
        reply->place = fast_place_of(sock);
        return error;
    case RUN_DISCONNECT:
        return datagrams ? datagram_connect(sock, NULL) : EOPNOTSUPP;
    case RUN_SET:
        return option_set(sock, request);
    case RUN_GET:
        return option_get(sock, request, reply);
    case RUN_NAMES:
        return do_names(sock, reply);
    default:
        return EINVAL;
    }
}

static int do_why(struct sock *sock, const struct run_id *id)
{
    int error;

    if (!sock)
        return ended_why(id);
    error = sock->error;
    sock->error = 0;
    return error;
}

static int do_check(struct sock *sock, bool is_shut)
{
    if (!sock || (sock->state != SOCK_FRESH && sock->state != SOCK_LISTENING))
        return 0;
    if ((is_shut && sock->state == SOCK_LISTENING) || !sock_is_alive(sock))
        sock_free(sock);
    return 0;
}

/* Names of a socket that has never been told of: no address. */
static int do_unknown(const struct run_request *request, struct run_reply *reply)
{
    const struct leat_endpoint any = {.ip = request->family == '4' ? LEAT_IP4_ANY : LEAT_IP_ANY};

    reply->local = reply->remote = run_endpoint_of(&any);
    return 0;
}

static int run(const struct run_request *request, struct run_reply *reply)
{
    struct sock *sock = sock_find(&request->id);
    bool fresh = false;
    int error;

    if (!sock && request->type == 'd') {
        server_take_datagrams();
        sock = sock_find(&request->id);
    }
    if (sock && sock->type == 'd')
        datagram_trust(sock);
    if (request->call == RUN_WHY)
        return do_why(sock, &request->id);
    if (request->call == RUN_CHECK)
        return do_check(sock, request->value == RUN_SHUT);
    if (!sock && (request->call == RUN_NAMES || request->call == RUN_GET || request->type == 'd'))
        return request->call == RUN_NAMES && request->type == 's' ? do_unknown(request, reply)
               : request->type == 'd'                             ? EBADF
                                      : option_get(NULL, request, reply);
    if (!sock) {
        sock = sock_new(&request->id, request->family, request->type);
        fresh = true;
    }
    if (!sock) {
        socks_sweep();
        sock = sock_new(&request->id, request->family, request->type);
    }
    if (!sock)
        return ENOBUFS;
    error = do_known(sock, request, reply);
    if (fresh && error && error != EINPROGRESS)
        sock_free(sock);
    return error;
}

void call_event(struct call *call)
{
    struct run_request *request = &call->request;
    const ssize_t got = recv(call->fd, request, sizeof *request, MSG_DONTWAIT);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || call->lookup || !is_good(request, (size_t)got)) {
        end(call); /* it has gone, or a stranger */
        return;
    }
    call->reply.len = 0;
    call->reply.local = call->reply.remote = (struct run_endpoint){.port = 0};
    call->reply.place = (struct fast_place){.number = 0};
    if (request->call == RUN_MAP)
        answer_map(call);
    else if (request->call == RUN_LOOKUP || request->call == RUN_REVERSE)
        lookup_begin(call);
    else
        call_answer(call, run(request, &call->reply));
}
