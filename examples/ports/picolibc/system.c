/*
 * system.c -- the calls of the system that picolibc and a ported program make.
 *
 * Files are read-only, and lie in the image. There is one process with one user. The only signal is
 * SIGTERM, when the machine is told to end while the program waits in poll(). Sockets have the
 * numbers of leat_plain_...(); files those from FIRST_FILE on.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <syslog.h>
#include <termios.h>
#include <unistd.h>

#include "../port.h"

enum {
    HEAP_BYTES = 16 << 20,
    THREAD_BYTES = 4096, /* of variables of a thread; picolibc has 308 */
    FIRST_FILE = 3,
    FILES = 8,
    LINE_BYTES = 512,
    OPEN_MAX_HERE = 768, /* program.c of sockets/plain numbers its sockets from 512 to 767 */
    USER = 1             /* not root, so a server has no privileges to give up */
};

int leat_plain_close(int fd);
int leat_plain_fcntl(int fd, int command, ...);
ssize_t leat_plain_read(int fd, void *bytes, size_t len);
ssize_t leat_plain_write(int fd, const void *bytes, size_t len);
int port_main(int argc, char **argv);
int __real_leat_plain_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_leat_plain_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int leat_program_main(int argc, char **argv);

/* Fails with that errno. */
static int fail(int error)
{
    errno = error;
    return -1;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* picolibc's sbrk() shares it out. */
_Alignas(16) char __heap_start[HEAP_BYTES];
__asm__(".globl __heap_end\n.set __heap_end, __heap_start + 16777216");
_Static_assert(HEAP_BYTES == 16777216, "as the assembler has it");

/* Tasks share one thread pointer. Two words in front belong to the C library (AArch64's ELF, TLS
 * variant 1); picolibc's initial values are 0 but for the seed of rand(). */
static _Alignas(16) unsigned char thread_block[THREAD_BYTES];

static void set_thread_pointer(void)
{
    __asm__ volatile("msr tpidr_el0, %0" ::"r"(thread_block) : "memory");
}

/* ---- files ----------------------------------------------------------------------------------- */

static struct file {
    const char *bytes; /* NULL: unused */
    size_t len, at;
} files[FILES];

static struct file *file_of(int fd)
{
    const bool is_file = fd >= FIRST_FILE && fd < FIRST_FILE + FILES;

    return is_file && files[fd - FIRST_FILE].bytes ? &files[fd - FIRST_FILE] : NULL;
}

int open(const char *path, int flags, ...)
{
    int error;

    if ((flags & O_ACCMODE) != O_RDONLY)
        return fail(EROFS);
    for (int i = 0; i < FILES; i++) {
        if (files[i].bytes)
            continue;
        files[i] = (struct file){.bytes = NULL};
        error = port_file(path, &files[i].bytes, &files[i].len);
        if (!error && !files[i].bytes)
            files[i].bytes = ""; /* an empty file */
        if (!error)
            return FIRST_FILE + i;
        files[i].bytes = NULL;
        return fail(error);
    }
    return fail(EMFILE);
}

int close(int fd)
{
    struct file *file = file_of(fd);

    if (!file)
        return leat_plain_close(fd);
    file->bytes = NULL;
    return 0;
}

ssize_t read(int fd, void *bytes, size_t len)
{
    struct file *file = file_of(fd);
    size_t part;

    if (!file)
        return leat_plain_read(fd, bytes, len);
    part = file->len - file->at < len ? file->len - file->at : len;
    memcpy(bytes, file->bytes + file->at, part);
    file->at += part;
    return (ssize_t)part;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    return file_of(fd) ? fail(EBADF) : leat_plain_write(fd, bytes, len);
}

off_t lseek(int fd, off_t offset, int whence)
{
    struct file *file = file_of(fd);
    off_t from;

    if (!file)
        return fail(ESPIPE);
    from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (off_t)file->at : (off_t)file->len;
    if (from + offset < 0 || from + offset > (off_t)file->len)
        return fail(EINVAL);
    file->at = (size_t)(from + offset);
    return (off_t)file->at;
}

int fcntl(int fd, int command, ...)
{
    va_list list;
    void *argument;

    va_start(list, command);
    argument = va_arg(list, void *);
    va_end(list);
    return file_of(fd) ? 0 : leat_plain_fcntl(fd, command, argument);
}

int unlink(const char *path)
{
    (void)path;
    return fail(EROFS);
}

mode_t umask(mode_t mask)
{
    (void)mask;
    return 022;
}

DIR *opendir(const char *path)
{
    (void)path;
    errno = ENOENT;
    return NULL;
}

struct dirent *readdir(DIR *folder)
{
    (void)folder;
    return NULL;
}

int closedir(DIR *folder)
{
    (void)folder;
    return fail(EBADF);
}

/* ---- the console ------------------------------------------------------------------------------
 */

static struct {
    char bytes[LINE_BYTES];
    size_t len;
} line;

static int flush(FILE *stream)
{
    const size_t len = line.len;

    (void)stream;
    line.len = 0;
    return len == 0 || leat_plain_write(STDOUT_FILENO, line.bytes, len) == (ssize_t)len ? 0 : EOF;
}

static int put(char byte, FILE *stream)
{
    line.bytes[line.len++] = byte;
    return byte == '\n' || line.len == sizeof line.bytes ? flush(stream) : 0;
}

static int get(FILE *stream)
{
    (void)stream;
    return _FDEV_EOF; /* nothing is typed */
}

static FILE console = FDEV_SETUP_STREAM(put, get, flush, _FDEV_SETUP_RW);
FILE *const stdin = &console;
FILE *const stdout = &console;
FILE *const stderr = &console;

void openlog(const char *name, int options, int facility)
{
    (void)name, (void)options, (void)facility;
}

void syslog(int priority, const char *format, ...)
{
    va_list list;

    (void)priority;
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
}

void closelog(void)
{
}

int tcgetattr(int fd, struct termios *settings)
{
    (void)fd, (void)settings;
    return fail(ENOTTY);
}

int tcsetattr(int fd, int when, const struct termios *settings)
{
    (void)fd, (void)when, (void)settings;
    return fail(ENOTTY);
}

/* ---- time ------------------------------------------------------------------------------------ */

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    const int64_t us = port_time_us();

    (void)zone;
    *now = (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    return 0;
}

/* ---- the process ------------------------------------------------------------------------------
 */

void _exit(int status)
{
    fflush(stdout);
    port_exit(status);
}

pid_t getpid(void)
{
    return 1;
}

pid_t fork(void)
{
    return fail(ENOSYS);
}

pid_t setsid(void)
{
    return fail(EPERM);
}

int kill(pid_t pid, int number)
{
    (void)number;
    return pid == 1 ? raise(number) : fail(ESRCH);
}

int sigprocmask(int how, const sigset_t *set, sigset_t *before)
{
    (void)how, (void)set;
    if (before)
        *before = 0;
    return 0;
}

uid_t geteuid(void)
{
    return USER;
}

gid_t getegid(void)
{
    return USER;
}

int setuid(uid_t user)
{
    return user == USER ? 0 : fail(EPERM);
}

int setgid(gid_t group)
{
    return group == USER ? 0 : fail(EPERM);
}

int initgroups(const char *name, gid_t group)
{
    (void)name, (void)group;
    return fail(EPERM);
}

struct passwd *getpwnam(const char *name)
{
    (void)name;
    return NULL;
}

long sysconf(int what)
{
    if (what == _SC_OPEN_MAX)
        return OPEN_MAX_HERE;
    return what == _SC_PAGESIZE ? 4096 : fail(EINVAL);
}

/* The program's poll() (ld --wrap). When the machine ends, each wait is cancelled; a program of
 * Linux expects a signal instead. */
int __wrap_leat_plain_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    const int ready = __real_leat_plain_poll(fds, count, timeout_ms);

    if (ready >= 0 || errno != ECANCELED)
        return ready;
    raise(SIGTERM);
    return fail(EINTR);
}

/* ---- what an image hasn't ----------------------------------------------------------------------
 */

int getifaddrs(struct ifaddrs **list)
{
    (void)list;
    return fail(ENOSYS);
}

void freeifaddrs(struct ifaddrs *list)
{
    (void)list;
}

void *dlopen(const char *path, int flags)
{
    (void)path, (void)flags;
    return NULL;
}

void *dlsym(void *library, const char *name)
{
    (void)library, (void)name;
    return NULL;
}

int dlclose(void *library)
{
    (void)library;
    return -1;
}

char *dlerror(void)
{
    static char text[] = "an image can't load libraries";

    return text;
}

/* ---- begin ------------------------------------------------------------------------------------
 */

int leat_program_main(int argc, char **argv)
{
    static char *words[] = {PORT_WORDS, NULL};

    int status;

    (void)argc, (void)argv;
    set_thread_pointer();
    status = port_main((int)(sizeof words / sizeof *words) - 1, words);
    fflush(stdout);
    return status;
}
