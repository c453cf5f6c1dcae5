/* bare_files.h -- the files of an image: those of an archive from outside, over those that were
 * built in. */
#ifndef BARE_FILES_H
#define BARE_FILES_H

#include <leat/main.h>

#include "bare.h"

/* Opens the machine's archive, if it has one.  Returns NULL, or why it can't be used, in static
 * memory. */
const char *bare_files_open(struct bare_machine *machine);

/* These three are members of leat_platform. */

enum leat_err bare_files_read(struct leat_platform *platform, const char *path, const char **bytes,
                              size_t *len);

uint64_t bare_files_changed_ns(struct leat_platform *platform, const char *path);

const char *bare_files_folder(struct leat_platform *platform, struct leat_files **files,
                              const char **root);

#endif
