/* no_files.c -- for an image without files. */
#include "bare.h"

const struct leat_http_file bare_files[] = {{.path = NULL}};
const uint32_t bare_file_count = 0;
