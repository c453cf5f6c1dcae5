/*
 * ask.c -- calls of the server, each by a connection of its own.
 *
 * A connection that stayed would need a lock, would have to be made again after fork(), and could
 * be closed by programs that close all descriptors. This way costs three more system calls.
 */
#include <errno.h>
#include <unistd.h>

#include "inside.h"

static bool token_read(uint8_t token[RUN_TOKEN_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    const char *text = run_name() + RUN_NAME_BYTES + 1;

    for (unsigned i = 0; i < 2 * RUN_TOKEN_BYTES; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

        if (!digit)
            return false;
        token[i / 2] = (uint8_t)(token[i / 2] << 4 | (digit - digits));
    }
    return true;
}

/* As recv(); a descriptor that comes with the reply is put into *@passed. */
static ssize_t take_reply(int fd, struct run_reply *reply, int *passed)
{
    struct iovec piece = {reply, sizeof *reply};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    const ssize_t got = NEXT(recvmsg)(fd, &message, MSG_CMSG_CLOEXEC);

    if (got >= 0 && message.msg_controllen >= CMSG_LEN(sizeof(int)) &&
        control.header.cmsg_level == SOL_SOCKET && control.header.cmsg_type == SCM_RIGHTS)
        memcpy(passed, CMSG_DATA(&control.header), sizeof *passed);
    return got;
}

/* Sends and waits for the reply. 0, or an errno. */
static int exchange(int fd, const struct run_request *request, struct run_reply *reply, int *passed)
{
    ssize_t got;

    if (NEXT(send)(fd, request, offsetof(struct run_request, data) + request->len, MSG_NOSIGNAL) <
        0)
        return ENETDOWN;
    do
        got = passed ? take_reply(fd, reply, passed) : NEXT(recv)(fd, reply, sizeof *reply, 0);
    while (got < 0 && errno == EINTR);
    if (got < (ssize_t)offsetof(struct run_reply, data) ||
        reply->len != (size_t)got - offsetof(struct run_reply, data))
        return ENETDOWN; /* the server has ended */
    return reply->error;
}

static int ask_for(const struct ours *ours, struct run_request *request, struct run_reply *reply,
                   int *passed)
{
    const int kept = errno;
    struct sockaddr_un address;
    const socklen_t len = run_address(&address, run_name(), "", 0);
    int fd, error;

    if (ours) {
        request->id = ours->id;
        request->family = ours->family;
        request->type = ours->kind == KIND_STREAM ? 's' : 'd';
    }
    if (!token_read(request->token))
        return ENETDOWN;
    fd = NEXT(socket)(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    error = NEXT(connect)(fd, (struct sockaddr *)&address, len)
                ? ENETDOWN
                : exchange(fd, request, reply, passed);
    NEXT(close)(fd);
    errno = kept;
    return error;
}

int ask(const struct ours *ours, struct run_request *request, struct run_reply *reply)
{
    return ask_for(ours, request, reply, NULL);
}

int ask_map(void)
{
    struct run_request request = {.call = RUN_MAP};
    struct run_reply reply;
    int passed = -1;

    ask_for(NULL, &request, &reply, &passed);
    return passed;
}

void ask_nothing(void)
{
    struct run_request request = {.call = RUN_CHECK, .family = '4', .type = 's'};
    struct run_reply reply;

    ask(NULL, &request, &reply);
}

int ask_why(const struct ours *ours)
{
    struct run_request request = {.call = RUN_WHY};
    struct run_reply reply;

    return ask(ours, &request, &reply);
}
