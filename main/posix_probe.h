/* posix_probe.h -- whether files could be written, without writing them. */
#ifndef POSIX_PROBE_H
#define POSIX_PROBE_H

/* NULL, or why the file can't be opened for writing, in static memory.  Creates nothing. */
const char *posix_probe_write(const char *path);

/* NULL, or why posix_files_write() would fail, in static memory.  Changes nothing. */
const char *posix_probe_replace(const char *path);

#endif
