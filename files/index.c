/*
 * index.c -- see index.h.
 *
 * archive.c fills the index in the order of the archive, and then calls index_join_inodes(), which
 * sorts by inode, before index_sort(), which sorts by path. From then on the searches work, and the
 * order stays.
 */
#include "files/index.h"

typedef int compare(const struct name *a, const struct name *b);

static int by_number(const struct name *a, const struct name *b)
{
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Equal paths are ordered by their places in the archive, because the last one counts. Heapsort
 * alone would mix them. */
static int by_path(const struct name *a, const struct name *b)
{
    const int order = path_compare(a->path, b->path);

    return order ? order : by_number(a, b);
}

/* Names of one file lie together, the one that has its bytes first: in the format newc only one
 * name of a file has its contents, and the others have length 0. */
static int by_inode(const struct name *a, const struct name *b)
{
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    if (a->len != b->len)
        return a->len > b->len ? -1 : 1;
    return by_number(a, b);
}

static void swap(struct name *a, struct name *b)
{
    const struct name kept = *a;

    *a = *b;
    *b = kept;
}

/* Lets the name at @at sink to its place in the heap, whose largest name is the first. */
static void sink(struct name *names, uint32_t at, uint32_t count, compare *order)
{
    for (;;) {
        const uint32_t left = 2 * at + 1;
        uint32_t largest = at;

        if (left < count && order(&names[left], &names[largest]) > 0)
            largest = left;
        if (left + 1 < count && order(&names[left + 1], &names[largest]) > 0)
            largest = left + 1;
        if (largest == at)
            return;
        swap(&names[at], &names[largest]);
        at = largest;
    }
}

/* Heapsort, because the memory for the index has no room for a copy, an archive's author chooses
 * the order, and quicksort's worst case is quadratic and needs a stack. */
static void sort(struct name *names, uint32_t count, compare *order)
{
    for (uint32_t at = count / 2; at > 0; at--)
        sink(names, at - 1, count, order);
    for (uint32_t rest = count; rest > 1; rest--) {
        swap(&names[0], &names[rest - 1]);
        sink(names, 0, rest - 1, order);
    }
}

void index_join_inodes(struct index *index)
{
    sort(index->names, index->count, by_inode);
    for (uint32_t i = 1; i < index->count; i++) {
        /* @before has the contents already: either it came with them, or this loop gave them to it.
         */
        const struct name *before = &index->names[i - 1];
        struct name *name = &index->names[i];

        if (name->inode != 0 && name->inode == before->inode && name->len == 0) {
            name->at = before->at;
            name->len = before->len;
        }
    }
}

void index_sort(struct index *index)
{
    uint32_t kept = 0;

    sort(index->names, index->count, by_path);
    for (uint32_t i = 0; i < index->count; i++) {
        /* A name with an equal one behind it was replaced later in the archive. */
        if (i + 1 < index->count &&
            path_compare(index->names[i].path, index->names[i + 1].path) == 0)
            continue;
        index->names[kept++] = index->names[i];
    }
    index->count = kept;
}

uint32_t index_place(const struct index *index, struct words path)
{
    uint32_t from = 0, to = index->count;

    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;

        if (path_compare(index->names[middle].path, path) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

struct name *index_find(const struct index *index, struct words path)
{
    const uint32_t place = index_place(index, path);

    if (place == index->count || path_compare(index->names[place].path, path) != 0)
        return NULL;
    return &index->names[place];
}
