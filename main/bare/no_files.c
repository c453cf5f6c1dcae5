/* no_files.c -- for an image without files. */
#include <leat/main.h>

const struct leat_http_file leat_image_files[] = {{.path = NULL}};
const uint32_t leat_image_file_count = 0;
