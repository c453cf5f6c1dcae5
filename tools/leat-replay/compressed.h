/* compressed.h -- captures compressed by gzip or zstd. */
#ifndef REPLAY_COMPRESSED_H
#define REPLAY_COMPRESSED_H

#include <leat/capture.h>

/* Like leat_capture_open(), for compressed and other files. Memory is bounded: zstd's window
 * may have 128 MiB. A file that expands too much (a "zip bomb") is refused at that point. */
enum leat_err compressed_open(struct leat_capture **capture, const char *path,
                              char why[LEAT_WHY_BYTES]);

#endif
