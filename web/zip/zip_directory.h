/* zip_directory.h -- the entries of an archive, kept until its end in memory of the program. */
#ifndef WEB_ZIP_DIRECTORY_H
#define WEB_ZIP_DIRECTORY_H

#include <leat/zip.h>

struct leat_zip_entry {
    uint64_t at;
    uint64_t len;
    uint64_t packed;
    struct leat_zip_entry *child[2]; /* in the tree of names */
    uint32_t crc;
    uint32_t copies; /* the last number that leat_zip_distinct_name() has given for this name */
    uint16_t name_len;
    char name[];
};

/* A new entry of this name behind the last one; NULL: there is no memory for it. */
struct leat_zip_entry *zip_directory_add(struct leat_zip *zip, const char *name, size_t len);

/* The next entry to be written to the archive's directory; NULL: all are. */
const struct leat_zip_entry *zip_directory_next(struct leat_zip *zip);

#endif
