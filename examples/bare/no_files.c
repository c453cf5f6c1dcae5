/* no_files.c -- an image that was given none. */
#include "bare.h"

const struct leat_http_file bare_files[] = {{.path = NULL}};
const uint32_t bare_file_count = 0;
