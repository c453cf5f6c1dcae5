/* assert.c -- the end of a false assert(), without a libc. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <leat/host.h>

#include "../../netif/virtio/metal/services.h"

enum {
    NUMBER_BYTES = 16
};

static void write_text(const char *text)
{
    machine_write(text, strlen(text));
}

void leat_libc_assert_failed(const char *condition, const char *file, unsigned line,
                             const char *function)
{
    char number[NUMBER_BYTES];

    snprintf(number, sizeof number, ":%u: ", line);
    write_text(file);
    write_text(number);
    write_text(function);
    write_text("(): assertion failed: ");
    write_text(condition);
    write_text("\n");
    leat_assert_failed(file, line);
}
