/* posix_files.h -- files of a program on POSIX, in memory. */
#ifndef POSIX_FILES_H
#define POSIX_FILES_H

#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>

struct posix_file;

/* Those that were read, the last one first. */
struct posix_files {
    struct posix_file *first;
};

/* Reads the whole file; a NUL follows the bytes, which stay until the next two calls free them.
 * Errors: LEAT_ERR_NOT_FOUND (it can't be opened), LEAT_ERR_DEVICE (it can't be read). */
enum leat_err posix_files_read(struct posix_files *files, const char *path, const char **bytes,
                               size_t *len);

/* When the file was changed, in nanoseconds since 1970; 0: unknown. */
uint64_t posix_files_changed_ns(const char *path);

/* Frees the bytes of one file, or of all. */
void posix_files_free(struct posix_files *files, const char *bytes);
void posix_files_close(struct posix_files *files);

/* Writes a file that only its owner may read.  After a crash or a loss of power it has its old
 * contents or the new ones: they are written to PATH.new, which then takes its name.  Only if the
 * folder takes no other file, or if it is no ordinary file, it is written in place.
 * LEAT_ERR_DEVICE: it has either, or if it was written in place any. */
enum leat_err posix_files_write(const char *path, const void *bytes, size_t len);

#endif
