/* posix_notify.c -- tells systemd how the program does. */
#include "posix_notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <leat/netif.h>

static void tell(const struct posix_notify *notify, const char *text)
{
    /* a full queue or a lost supervisor must not stop the program */
    (void)!send(notify->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The interval that the supervisor of this process asks for, halved as sd_watchdog_enabled(3) says;
 * 0: none. */
static uint64_t watchdog_ns(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid()))
        return 0;
    return (uint64_t)strtoull(usec, NULL, 10) * 1000 / 2;
}

void posix_notify_open(struct posix_notify *notify)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    const size_t len = path ? strlen(path) : 0;

    *notify = (struct posix_notify){.fd = -1};
    if (len < 2 || len >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@') /* Linux' abstract names */
        to.sun_path[0] = '\0';
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify->fd < 0)
        return;
    if (connect(notify->fd, (const struct sockaddr *)&to,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0) {
        posix_notify_close(notify);
        return;
    }
    notify->interval_ns = watchdog_ns();
}

uint64_t posix_notify_tell(struct posix_notify *notify, uint64_t now_ns, bool ready, bool ending)
{
    if (notify->fd < 0)
        return LEAT_NEVER_NS;
    if (ready && !notify->told_ready)
        tell(notify, "READY=1");
    if (ending && !notify->told_ending)
        tell(notify, "STOPPING=1");
    notify->told_ready |= ready;
    notify->told_ending |= ending;
    if (notify->interval_ns == 0)
        return LEAT_NEVER_NS;
    if (now_ns >= notify->next_ns) {
        tell(notify, "WATCHDOG=1");
        notify->next_ns = now_ns + notify->interval_ns;
    }
    return notify->next_ns;
}

void posix_notify_reload(struct posix_notify *notify, uint64_t now_ns, bool begins)
{
    char text[80];

    if (notify->fd < 0)
        return;
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_ns / 1000);
    tell(notify, begins ? text : "READY=1");
}

void posix_notify_close(struct posix_notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}
