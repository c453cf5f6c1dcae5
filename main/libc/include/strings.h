/* strings.h -- POSIX's name for these functions of string.h, for machines without a libc. */
#include <string.h>
