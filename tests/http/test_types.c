/* test_types.c -- media types by the ends of names, and whether such files become shorter by
 * compression. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/http/http_folder.h"

#define UNKNOWN "application/octet-stream"
#define PLAIN   "text/plain; charset=utf-8"

/* In memory of exactly that size, so that a sanitizer finds reads beyond its end. */
static const char *type_of(const char *name, size_t len, bool *is_dense)
{
    char *copy = malloc(len + 1);
    const char *type;

    memcpy(copy + 1, name, len);
    type = leat_http_type(copy + 1, len);
    *is_dense = http_type_is_dense(copy + 1, len);
    free(copy);
    return type;
}

static void check(const char *name, size_t len, const char *type, bool is_dense)
{
    bool dense;
    const char *found = type_of(name, len, &dense);

    if (strcmp(found, type) != 0 || dense != is_dense)
        fail_msg("%s: %s, %sdense", name, found, dense ? "" : "not ");
}

/* The first and the last end, and all that are the beginning of another one. */
static const struct {
    const char *end, *type;
    bool is_dense;
} ends[] = {
    {"3gp", "video/3gpp", true},
    {"7z", "application/x-7z-compressed", true},
    {"apk", "application/vnd.android.package-archive", true},
    {"asc", PLAIN, false},
    {"avi", "video/x-msvideo", true},
    {"avif", "image/avif", true},
    {"bmp", "image/bmp", false},
    {"br", UNKNOWN, true},
    {"c", PLAIN, false},
    {"cbor", "application/cbor", false},
    {"css", "text/css; charset=utf-8", false},
    {"csv", "text/csv; charset=utf-8", false},
    {"doc", "application/msword", false},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", true},
    {"gif", "image/gif", true},
    {"gz", "application/gzip", true},
    {"h", PLAIN, false},
    {"htm", "text/html; charset=utf-8", false},
    {"html", "text/html; charset=utf-8", false},
    {"ico", "image/x-icon", false},
    {"jpeg", "image/jpeg", true},
    {"jpg", "image/jpeg", true},
    {"js", "text/javascript; charset=utf-8", false},
    {"json", "application/json", false},
    {"jsonld", "application/ld+json", false},
    {"m4a", "audio/mp4", true},
    {"mjs", "text/javascript; charset=utf-8", false},
    {"mp3", "audio/mpeg", true},
    {"mp4", "video/mp4", true},
    {"ogg", "audio/ogg", true},
    {"otf", "font/otf", false},
    {"pdf", "application/pdf", true},
    {"png", "image/png", true},
    {"ppt", "application/vnd.ms-powerpoint", false},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", true},
    {"ps", "application/postscript", false},
    {"svg", "image/svg+xml", false},
    {"svgz", "image/svg+xml", true},
    {"tar", "application/x-tar", false},
    {"tgz", "application/gzip", true},
    {"tif", "image/tiff", false},
    {"tiff", "image/tiff", false},
    {"ts", "video/mp2t", true},
    {"ttf", "font/ttf", false},
    {"txt", PLAIN, false},
    {"wasm", "application/wasm", false},
    {"wav", "audio/wav", false},
    {"webm", "video/webm", true},
    {"webmanifest", "application/manifest+json", false},
    {"webp", "image/webp", true},
    {"woff", "font/woff", true},
    {"woff2", "font/woff2", true},
    {"xls", "application/vnd.ms-excel", false},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", true},
    {"xml", "text/xml", false},
    {"xz", "application/x-xz", true},
    {"yml", "application/yaml", false},
    {"zip", "application/zip", true},
    {"zst", "application/zstd", true},
};

static void test_types_by_the_ends_of_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
        const size_t len = strlen(ends[i].end);
        char name[40];

        snprintf(name, sizeof name, "d.ir/a.b.%s", ends[i].end);
        check(name, 9 + len, ends[i].type, ends[i].is_dense);
        for (size_t at = 9; at < 9 + len; at++)
            name[at] = (char)(name[at] >= 'a' && name[at] <= 'z' ? name[at] - 0x20 : name[at]);
        check(name, 9 + len, ends[i].type, ends[i].is_dense);
        name[9 + len] = '~'; /* behind all letters */
        check(name, 10 + len, UNKNOWN, false);
    }
}

/* Expects of each end in @list, which has a space behind each, whether such files are dense. */
static void check_each(const char *list, bool are_dense)
{
    for (const char *at = list; *at; at = strchr(at, ' ') + 1) {
        const size_t len = strcspn(at, " ");
        char name[40];

        snprintf(name, sizeof name, "a.%.*s", (int)len, at);
        if (http_type_is_dense(name, 2 + len) != are_dense)
            fail_msg("%s", name);
    }
}

static void test_each_end_is_dense_or_not(void **state)
{
    (void)state;
    check_each("3gp 7z aac apk apng avi avif br bz2 deb dmg docx epub flac flv gif gz heic ", true);
    check_each("jar jpeg jpg jxl lz m4a m4v mkv mov mp3 mp4 mpeg mpg odp ods odt oga ogg ", true);
    check_each("ogv opus pdf png pptx rar rpm svgz tgz torrent ts weba webm webp woff ", true);
    check_each("woff2 xlsx xpi xz zip zst ", true);
    check_each("asc atom bin bmp c cbor conf crl crt css csv der doc eot eps exe geojson ", false);
    check_each("glb gltf gpx h htm html ico ics img ini iso js json jsonld kml log m3u8 ", false);
    check_each("map md mid mjs mpd otf p7c pem ppt ps rss rtf sh sig svg tar tif tiff ", false);
    check_each("toml tsv ttf txt vcf vtt wasm wav webmanifest xhtml xls xml xsl yaml yml ", false);
}

static void test_names_without_a_known_end(void **state)
{
    static const char *const names[] = {"",        "html",      ".",    "a.",     "a.html/b",
                                        "a.html/", "a.html.",   "a.ht", "a.htmk", "a.@tml",
                                        "a.[tml",  "a.\xe8tml", "a.0",  "a.zz",   "a/html"};

    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        check(names[i], strlen(names[i]), UNKNOWN, false);
    check(".html", 5, "text/html; charset=utf-8", false);
}

/* A NUL is an octet as any other one, and no known end has it. */
static void test_a_NUL_is_a_part_of_the_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
        const size_t len = strlen(ends[i].end);
        char name[40] = "a.";

        memcpy(name + 2, ends[i].end, len);
        for (size_t more = 1; more < 4; more++) {
            name[2 + len + more] = 'x'; /* behind one NUL */
            check(name, 2 + len + more, UNKNOWN, false);
        }
    }
    check("a.\0html", 7, UNKNOWN, false);
    check("a.ht\0ml", 7, UNKNOWN, false);
    check("a\0b.html", 8, "text/html; charset=utf-8", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_by_the_ends_of_names),
        cmocka_unit_test(test_each_end_is_dense_or_not),
        cmocka_unit_test(test_names_without_a_known_end),
        cmocka_unit_test(test_a_NUL_is_a_part_of_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
