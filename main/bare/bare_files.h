/* bare_files.h -- the files of an image: those of archives from outside, over those that were built
 * in. */
#ifndef BARE_FILES_H
#define BARE_FILES_H

#include <leat/main.h>

#include "bare.h"

/* Opens the archive that the loader has put into memory, and the one of --archive.  That option is
 * looked for among the @count @words of the command line, because a configuration file may be in
 * the archive.  Returns NULL, or a line with the reason why an archive can't be used, in static
 * memory.
 */
const char *bare_files_open(struct bare_machine *machine, int count, char **words);

/* These three are members of leat_platform. */

enum leat_err bare_files_read(struct leat_platform *platform, const char *path, const char **bytes,
                              size_t *len);

uint64_t bare_files_changed_ns(struct leat_platform *platform, const char *path);

const char *bare_files_folder(struct leat_platform *platform, struct leat_files **files,
                              const char **root);

#endif
