/* posix_seed.c -- see posix_seed.h. */
#include "posix_seed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "metadata.h"

struct disk {
    struct leat_files_medium medium; /* first */
    int fd;
};

static bool read_disk(struct leat_files_medium *medium, uint64_t from, void *to, size_t len)
{
    const struct disk *disk = (struct disk *)medium; /* its first member */

    return pread(disk->fd, to, len, (off_t)from) == (ssize_t)len;
}

/* NULL, or what is wrong. */
static const char *read_seed(struct program *program)
{
    const struct options *options = &program->options;
    struct disk disk = {.medium.read = read_disk,
                        .fd = open(options->metadata_disk, O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    const off_t end = disk.fd < 0 ? -1 : lseek(disk.fd, 0, SEEK_END);
    const char *wrong = program->why;

    if (end >= 0) {
        disk.medium.len = (uint64_t)end;
        wrong = metadata_read_seed(&options->metadata, &disk.medium, options->metadata_disk);
    } else {
        snprintf(program->why, sizeof program->why, "--metadata-disk %.100s: %.60s",
                 options->metadata_disk, strerror(errno));
    }
    if (disk.fd >= 0)
        close(disk.fd);
    return wrong;
}

enum options_outcome posix_seed_read(struct program *program)
{
    const char *wrong = read_seed(program);

    if (!wrong)
        return options_parse_again(&program->options, &program->world, program->app);
    fprintf(stderr, "%s: %s\n", program->app->name, wrong);
    return OPTIONS_WRONG;
}
