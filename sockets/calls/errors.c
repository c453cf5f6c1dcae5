/* errors.c -- error numbers. */
#include "sockets/calls/inside.h"

int error_number(enum leat_err err)
{
    static const uint8_t numbers[LEAT_ERR_COUNT] = {
        [LEAT_ERR_ARGUMENT] = LEAT_EINVAL,         [LEAT_ERR_MEMORY] = LEAT_ENOBUFS,
        [LEAT_ERR_ENTROPY] = LEAT_EAGAIN,          [LEAT_ERR_FULL] = LEAT_EAGAIN,
        [LEAT_ERR_IN_USE] = LEAT_EADDRINUSE,       [LEAT_ERR_NO_ROUTE] = LEAT_ENETUNREACH,
        [LEAT_ERR_TOO_BIG] = LEAT_EMSGSIZE,        [LEAT_ERR_CLOSED] = LEAT_EPIPE,
        [LEAT_ERR_CLOSING] = LEAT_EPIPE,           [LEAT_ERR_REFUSED] = LEAT_ECONNREFUSED,
        [LEAT_ERR_RESET] = LEAT_ECONNRESET,        [LEAT_ERR_ABORTED] = LEAT_ECONNABORTED,
        [LEAT_ERR_TIMEOUT] = LEAT_ETIMEDOUT,       [LEAT_ERR_UNREACHABLE] = LEAT_EHOSTUNREACH,
        [LEAT_ERR_CONFLICT] = LEAT_EADDRNOTAVAIL,  [LEAT_ERR_FORMAT] = LEAT_EINVAL,
        [LEAT_ERR_NOT_FOUND] = LEAT_EADDRNOTAVAIL, [LEAT_ERR_PROTOCOL] = LEAT_EPROTONOSUPPORT,
        [LEAT_ERR_FAMILY] = LEAT_EAFNOSUPPORT,     [LEAT_ERR_CANCELLED] = LEAT_ECANCELED,
        [LEAT_ERR_NO_TASK] = LEAT_EAGAIN,
    };

    if (!err)
        return 0;
    /* those of files and TLS don't come from the calls that are used here */
    return numbers[err] ? -(int)numbers[err] : -LEAT_EINVAL;
}

int socket_take_error(struct socket *socket)
{
    const int error = socket->error;

    socket->error = 0;
    return -error;
}
