/* posix_output.h -- where a program on POSIX writes its data. */
#ifndef POSIX_OUTPUT_H
#define POSIX_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>

/* A file, or the standard output. All zero: that. */
struct posix_output {
    int fd; /* 0: the standard output */
};

/* As leat_platform.open_output(). */
enum leat_err posix_output_open(struct posix_output *output, const char *path, bool append,
                                uint64_t *have);

/* As leat_platform.write(). */
enum leat_err posix_output_write(const struct posix_output *output, const void *bytes, size_t len);

/* Closes the file. LEAT_ERR_DEVICE: the written bytes may be lost. */
enum leat_err posix_output_close(struct posix_output *output);

/* Writes a line to the standard error. */
void posix_output_say(const char *line);

#endif
