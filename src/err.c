/* err.c -- the texts of error codes. */
#include <leat/err.h>

const char *leat_err_text(enum leat_err err)
{
    static const char *const texts[LEAT_ERR_COUNT] = {
        [LEAT_OK] = "success",
        [LEAT_ERR_ARGUMENT] = "invalid argument",
        [LEAT_ERR_MEMORY] = "out of memory",
        [LEAT_ERR_ENTROPY] = "no entropy",
        [LEAT_ERR_FULL] = "queue full",
        [LEAT_ERR_IN_USE] = "address or port in use",
        [LEAT_ERR_NO_ROUTE] = "no route to host",
        [LEAT_ERR_TOO_BIG] = "message too big",
        [LEAT_ERR_CLOSED] = "connection does not exist",
        [LEAT_ERR_CLOSING] = "connection closing",
        [LEAT_ERR_REFUSED] = "connection refused",
        [LEAT_ERR_RESET] = "connection reset",
        [LEAT_ERR_ABORTED] = "connection aborted",
        [LEAT_ERR_TIMEOUT] = "timed out",
        [LEAT_ERR_UNREACHABLE] = "host unreachable",
        [LEAT_ERR_CONFLICT] = "address conflict",
        [LEAT_ERR_FORMAT] = "malformed message",
        [LEAT_ERR_NOT_FOUND] = "not found",
        [LEAT_ERR_PROTOCOL] = "protocol not registered",
        [LEAT_ERR_FAMILY] = "no IPv6 here",
        [LEAT_ERR_DEVICE] = "device failed",
        [LEAT_ERR_END] = "end of stream",
        [LEAT_ERR_CANCELLED] = "cancelled",
        [LEAT_ERR_NO_TASK] = "not in a task",
        [LEAT_ERR_TLS] = "encrypted session failed",
        [LEAT_ERR_CUT_SHORT] = "stream cut short",
        [LEAT_ERR_SERVERS] = "name servers can't answer",
        [LEAT_ERR_UNSUPPORTED] = "not supported",
    };

    /* any number is allowed: a negative one becomes a large one */
    return (unsigned)err < LEAT_ERR_COUNT ? texts[err] : "unknown error";
}
