/* names.c -- for a test: an image whose only file is a long list of names, made by names.py. */
#include <leat/main.h>

enum {
    LIST_BYTES = 7000000
};

__asm__(".section .rodata\n"
        ".balign 16\n"
        "names_list: .incbin \"" LIST "\"\n"
        ".previous\n");

extern const unsigned char names_list[LIST_BYTES];

const struct leat_http_file leat_image_files[] = {
    {.path = "/list", .type = "text/plain", .bytes = names_list, .len = LIST_BYTES}};
const uint32_t leat_image_file_count = 1;
