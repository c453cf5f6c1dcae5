/*
 * posix_folder.h -- a folder of a POSIX machine as a source of files (files.h; library leat-posix).
 *
 * The source stores nothing about the folder: each leat_files_find() asks the kernel, so that
 * changes are seen at once.  A file that was found has an open descriptor until
 * leat_files_release(), so its contents stay the same even if another file gets its name.
 *
 * No path and no symbolic link leads out of the folder (openat2(), RESOLVE_BENEATH; with kernels
 * before 5.6, no symbolic link is followed at all).  Only regular files and folders are found.
 */
#ifndef LEAT_POSIX_FOLDER_H
#define LEAT_POSIX_FOLDER_H

#include <stddef.h>

#include <leat/err.h>
#include <leat/files.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Opens the folder at @p path.
 * Errors: LEAT_ERR_NOT_FOUND (it is no folder, or can't be opened), LEAT_ERR_MEMORY; @p why has the
 * reason in words.
 */
enum leat_err leat_posix_folder_open(struct leat_files **files, const char *path,
                                     char why[LEAT_WHY_BYTES]);

/** Closes it; its files must have been released.  NULL is allowed. */
void leat_posix_folder_close(struct leat_files *files);

#ifdef __cplusplus
}
#endif
#endif
