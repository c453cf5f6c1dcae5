/* zip_name.h -- names as octets, and as characters. */
#ifndef WEB_ZIP_NAME_H
#define WEB_ZIP_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* RFC 3629 3: true if characters have their shortest form, and none is a surrogate. */
bool zip_is_utf8(const char *bytes, size_t len);

/* Length of @name without the character at its end, which was cut off in its middle. */
size_t zip_whole_part(const char *name, size_t len);

#endif
