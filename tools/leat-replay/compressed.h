/* compressed.h -- captures in files that gzip or zstd compressed. */
#ifndef REPLAY_COMPRESSED_H
#define REPLAY_COMPRESSED_H

#include <leat/capture.h>

/* As leat_capture_open(), whether the file is compressed or not.  Memory is bounded: zstd's window
 * may have 128 MiB.  What expands too much (a "zip bomb") is refused where it does. */
enum leat_err compressed_open(struct leat_capture **capture, const char *path,
                              char why[LEAT_WHY_BYTES]);

#endif
