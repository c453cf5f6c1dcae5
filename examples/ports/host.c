/* host.c -- leat's half of a ported program: files, time and the end. */
#include "port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <leat/main.h>

#include "beside.h"

int port_file(const char *path, const char **bytes, size_t *len)
{
    struct leat_platform *platform = beside_platform();
    const enum leat_err err = platform->read_file(platform, path, bytes, len);

    if (err == LEAT_ERR_NOT_FOUND)
        return ENOENT;
    return err ? EIO : 0;
}

int64_t port_time_us(void)
{
    struct leat_host *host = beside_platform()->host;

    return (int64_t)(host->civil_ns(host) / 1000);
}

char *port_strerror(int error)
{
    return strerror(error);
}

void port_exit(int status)
{
    exit(status);
}
