/* posix_store.c -- see posix_store.h. */
#include "posix_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <leat/posix_block.h>

enum {
    FILE_BYTES = 256 * 1024 /* of a file that is made */
};

/* Fills an empty file, or a new one, with zeros on the host's disk, so that a full one is noticed
 * now.  Others stay as they are: opening them for good tells what is wrong.  Returns an errno. */
static int make(const char *path)
{
    const int fd =
        open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, S_IRUSR | S_IWUSR);
    struct stat is;
    int wrong = 0;

    if (fd < 0)
        return errno == ENXIO || errno == EISDIR ? 0 : errno; /* a pipe, or a folder */
    if (fstat(fd, &is) == 0 && S_ISREG(is.st_mode) && is.st_size == 0) {
        wrong = posix_fallocate(fd, 0, FILE_BYTES);
        if (!wrong && fsync(fd) != 0)
            wrong = errno;
        if (wrong && ftruncate(fd, 0) != 0)
            wrong = errno;
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

bool posix_store_open(struct program *program)
{
    static struct keep keep; /* a process has one */
    struct options *options = &program->options;
    const char *path = options->store, *wrong;
    char why[LEAT_WHY_BYTES];
    enum leat_err err;
    int number;

    if (!path)
        return true;
    number = make(path);
    if (number) {
        snprintf(program->line, sizeof program->line, "--store %.200s: %s", path, strerror(number));
        return complain(program, program->line);
    }
    err = leat_posix_block_open(&program->disk, path, false, why);
    if (err) {
        snprintf(program->line, sizeof program->line, "--store %.230s%s", why,
                 err == LEAT_ERR_ARGUMENT ? ": it is too small: give it 25088 bytes or more" : "");
        return complain(program, program->line);
    }
    keep.platform = &program->platform;
    keep.program = program->app->name;
    keep.path = path;
    keep.device = program->disk;
    keep.device_why = leat_posix_block_why;
    program->keep = &keep;
    wrong = keep_open(&keep, options);
    if (wrong)
        return complain(program, wrong);
    if (!options->seed_given)
        keep_mix(&keep, program->seed);
    keep_runs_open(&keep, false); /* Linux' clock is used as it is: other programs keep it right */
    if (chooses_mac(options)) {
        options->mac = keep_mac(&keep);
        options->mac_given = true;
    }
    return true;
}

void posix_store_close(struct program *program)
{
    if (program->keep)
        keep_close(program->keep);
    leat_posix_block_free(program->disk);
    program->keep = NULL;
    program->disk = NULL;
}
