/* index.h -- the names of an archive, sorted. */
#ifndef FILES_INDEX_H
#define FILES_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/archive.h"

/* A name. */
struct name {
    struct words path; /* in the normal form */
    struct words link; /* of a link: the path of its target, normal too */
    uint64_t at;       /* of its contents, in the archive */
    uint64_t len;
    uint64_t inode; /* struct entry's */
    int64_t modified_s;
    uint32_t number; /* its place in the archive */
    enum entry_kind kind;
};

struct index {
    struct name *names;
    uint32_t count;
};

/* Gives the contents of cpio's hard links to all of their names. The order is lost. */
void index_join_inodes(struct index *index);

/* Sorts by path; of equal paths only the last in the archive is kept. */
void index_sort(struct index *index);

/* The name at @path; NULL: none. */
struct name *index_find(const struct index *index, struct words path);

/* The number of names that come before @path: where it is, or would be. */
uint32_t index_place(const struct index *index, struct words path);

#endif
