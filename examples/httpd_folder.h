/* httpd_folder.h -- the folder that httpd serves: --files, --redirects, --passwords. */
#ifndef HTTPD_FOLDER_H
#define HTTPD_FOLDER_H

#include <leat/http_folder.h>

#include "example.h"

/* Opens the folder of --files, and reads both files.  Returns NULL, or one line with the reason of
 * a failure. */
const char *folder_open(struct leat_platform *platform);

/* Reads both files again, as example.reload() does. */
const char *folder_reload(struct leat_platform *platform);

/* The folder of folder_open(). */
struct leat_http_folder *folder_served(void);

#endif
