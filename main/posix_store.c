/* posix_store.c -- see posix_store.h. */
#include "posix_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <leat/posix_block.h>

#include "posix_probe.h"

/* Adds zeros to the file of @size bytes, on the host's disk, so that a full one is noticed now.
 * Returns an errno, after which the file is as it was. */
static int lengthen(int fd, off_t size, off_t more)
{
    int wrong = posix_fallocate(fd, size, more);

    if (!wrong && fsync(fd) != 0)
        wrong = errno;
    if (wrong && ftruncate(fd, size) != 0)
        wrong = errno;
    return wrong;
}

/* Fills an empty file, or a new one, and adds @area_bytes to that or to one that has the size of a
 * store.  Others stay as they are: opening them for good tells what is wrong.  Returns an errno. */
static int make(const char *path, uint64_t area_bytes)
{
    const int fd =
        open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, S_IRUSR | S_IWUSR);
    struct stat is;
    int wrong = 0;

    if (fd < 0)
        return errno == ENXIO || errno == EISDIR ? 0 : errno; /* a pipe, or a folder */
    if (fstat(fd, &is) == 0 && S_ISREG(is.st_mode)) {
        if (is.st_size == 0)
            wrong = lengthen(fd, 0, (off_t)(KEEP_STORE_BYTES + area_bytes));
        else if (is.st_size == KEEP_STORE_BYTES && area_bytes > 0)
            wrong = lengthen(fd, KEEP_STORE_BYTES, (off_t)area_bytes);
    }
    close(fd);
    return wrong;
}

/* The options whose device has a MAC address that we choose, and that isn't given. */
static bool chooses_mac(const struct options *options)
{
    return !options->mac_given && !options->tun && !(options->xdp && options->ip_count > 0);
}

static bool complain(const struct program *program, const char *why)
{
    fprintf(stderr, "%s: %s\n", program->app->name, why);
    return false;
}

static const char *fail(struct program *program, const char *why)
{
    snprintf(program->line, sizeof program->line, "--store %.200s: %s", program->options.store,
             why);
    return program->line;
}

/* Opens the file or disk, which is there, and mounts the store; returns NULL, or why not. */
static const char *mount(struct program *program)
{
    static struct keep keep; /* a process has one */
    const char *path = program->options.store;
    char why[LEAT_WHY_BYTES];
    const enum leat_err err = leat_posix_block_open(&program->disk, path, false, why);

    if (err == LEAT_ERR_IN_USE && program->options.check_config)
        return NULL; /* by the program that is to be started again */
    if (err) {
        snprintf(program->line, sizeof program->line, "--store %.230s%s", why,
                 err == LEAT_ERR_ARGUMENT ? ": it is too small: give it 25088 bytes or more" : "");
        return program->line;
    }
    keep.platform = &program->platform;
    keep.program = program->app->name;
    keep.path = path;
    keep.device = program->disk;
    keep.device_why = leat_posix_block_why;
    keep.has_area = program->app->area_bytes > 0;
    program->keep = &keep;
    return keep_open(&keep, &program->options);
}

bool posix_store_open(struct program *program)
{
    struct options *options = &program->options;
    const char *wrong;
    int number;

    if (!options->store)
        return true;
    number = make(options->store, program->app->area_bytes);
    wrong = number ? fail(program, strerror(number)) : mount(program);
    if (wrong)
        return complain(program, wrong);
    if (!options->seed_given)
        keep_mix(program->keep, program->seed);
    /* Linux' clock is used as it is: other programs keep it right */
    keep_runs_open(program->keep, false);
    if (chooses_mac(options)) {
        options->mac = keep_mac(program->keep);
        options->mac_given = true;
    }
    return true;
}

const char *posix_store_check(struct program *program)
{
    struct options *options = &program->options;
    const bool format = options->store_format;
    const char *wrong;
    struct stat is;
    bool mounts;

    if (!options->store)
        return NULL;
    if (stat(options->store, &is) != 0 || (S_ISREG(is.st_mode) && is.st_size == 0)) {
        wrong = posix_probe_write(options->store);
        return wrong ? fail(program, wrong) : NULL;
    }
    options->store_format = false; /* which would write */
    wrong = mount(program);
    options->store_format = format;
    mounts = program->keep && program->keep->is_mounted;
    program->platform.store = NULL; /* so that no value is written at the end */
    posix_store_close(program);
    return format && mounts ? NULL : wrong; /* what it has would be erased */
}

void posix_store_close(struct program *program)
{
    if (program->keep)
        keep_close(program->keep);
    leat_posix_block_free(program->disk);
    program->keep = NULL;
    program->disk = NULL;
}
