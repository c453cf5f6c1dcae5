/* sieve_upload.h -- PUT /lists?TOKEN: the lists that are sent replace those of the files. */
#ifndef SIEVE_UPLOAD_H
#define SIEVE_UPLOAD_H

#include <stdbool.h>

#include <leat/http_exchange.h>

#include "example.h"

/* @token: the secret of those who may send lists; NULL: there are none. */
void upload_start(struct leat_platform *platform, const char *token);

/* True while lists are being sent, or written to the disk. */
bool upload_is_busy(void);

/* The text replaces all lists, once it is complete, and is kept on the disk of --store. The former
 * ones stay if it looks like no list (422), or has more names than there is room for (413). */
extern const struct leat_http_route lists_route;

#endif
