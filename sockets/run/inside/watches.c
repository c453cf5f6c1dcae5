/*
 * watches.c -- epoll's watches of a socket that another one of the kernel is about to replace.
 *
 * The kernel ends a watch together with the socket that it was made for. To the program it is still
 * the same socket, so the watches are made again. /proc/self/fdinfo tells which there are, so the
 * library need not follow epoll_ctl().
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inside.h"

enum {
    PATH_BYTES = 64,
    LINE_BYTES = 256
};

static bool is_epoll(int fd)
{
    char path[PATH_BYTES], target[PATH_BYTES];
    ssize_t len;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    len = readlink(path, target, sizeof target - 1);
    if (len < 0)
        return false;
    target[len] = '\0';
    return strcmp(target, "anon_inode:[eventpoll]") == 0;
}

/* Notes the watches of one epoll. A number alone could be that of a file that is closed. */
static void find_in(int epoll, int fd, ino_t inode, struct watches *found)
{
    char path[PATH_BYTES], line[LINE_BYTES];
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll);
    file = fopen(path, "re");
    if (!file)
        return;
    while (found->count < WATCHES_MAX && fgets(line, sizeof line, file)) {
        unsigned long long data, other_inode;
        unsigned events;
        int watched;

        if (sscanf(line, "tfd: %d events: %x data: %llx pos:%*d ino:%llx", &watched, &events, &data,
                   &other_inode) == 4 &&
            watched == fd && other_inode == inode)
            found->of[found->count++] =
                (struct watch){.epoll = epoll, .event = {.events = events, .data = {.u64 = data}}};
    }
    fclose(file);
}

void watches_find(int fd, struct watches *found)
{
    const int before = errno;
    DIR *folder = opendir("/proc/self/fd");
    struct stat file;

    found->count = 0;
    if (folder && fstat(fd, &file) == 0) {
        const struct dirent *entry;

        while ((entry = readdir(folder))) {
            const int epoll = atoi(entry->d_name); /* "." and "..": 0 */

            if (epoll > 0 && is_epoll(epoll))
                find_in(epoll, fd, file.st_ino, found);
        }
    }
    if (folder)
        closedir(folder);
    errno = before;
}

void watches_make(int fd, const struct watches *found)
{
    const int before = errno;

    for (unsigned i = 0; i < found->count; i++) {
        struct epoll_event event = found->of[i].event;

        epoll_ctl(found->of[i].epoll, EPOLL_CTL_ADD, fd, &event);
    }
    errno = before;
}
