/* error_text.c -- strerror, without a libc. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

char *strerror(int error)
{
    static const struct {
        int error;
        const char *text;
    } texts[] = {
#define ERROR(name, text) {name, text},
#include "errors.inc"
#undef ERROR
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].error == error)
            return (char *)(uintptr_t)texts[i].text;
    }
    return (char *)(uintptr_t) "Unknown error";
}
