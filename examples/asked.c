/* asked.c -- see asked.h. */
#include "asked.h"

int asked_status(enum leat_err err)
{
    static const struct {
        enum leat_err err;
        enum asked status;
    } statuses[] = {
        {LEAT_ERR_NOT_FOUND, ASKED_NO_NAME},
        {LEAT_ERR_SERVERS, ASKED_NO_NAME},
        {LEAT_ERR_TIMEOUT, ASKED_TIMEOUT},
        {LEAT_ERR_FORMAT, ASKED_WEIRD_REPLY},
        {LEAT_ERR_TLS, ASKED_TLS},
        {LEAT_ERR_RESET, ASKED_BROKEN_OFF},
        {LEAT_ERR_ABORTED, ASKED_BROKEN_OFF},
        {LEAT_ERR_CUT_SHORT, ASKED_BROKEN_OFF},
    };

    for (unsigned i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (statuses[i].err == err)
            return (int)statuses[i].status;
    }
    return ASKED_NO_CONNECTION;
}
