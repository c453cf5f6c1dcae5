/*
 * seed.h -- the files of a seed disk: a volume "cidata" of vfat or ISO 9660, as cloud-init's
 * "NoCloud" wants it.
 *
 * Only the root folder is read, and only what a file's name leads to. Nothing that the disk says is
 * believed before it is compared with the disk's size.
 */
#ifndef SEED_H
#define SEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/files.h>

enum seed_kind {
    SEED_FAT,
    SEED_ISO
};

struct seed_fat {
    uint64_t table; /* where the first table begins, as all places in bytes */
    uint64_t table_bytes;
    uint64_t root; /* of FAT12 and FAT16 */
    uint64_t data; /* of cluster 2 */
    uint32_t root_entries;
    uint32_t root_cluster; /* of FAT32 */
    uint32_t cluster_bytes;
    uint32_t clusters;
    uint8_t bits; /* of an entry of the table: 12, 16 or 32 */
};

struct seed_iso {
    uint64_t root;
    uint32_t root_bytes;
    bool is_joliet; /* names have 16 bits a character */
};

struct seed {
    struct leat_files_medium *medium;
    enum seed_kind kind;
    struct seed_fat fat;
    struct seed_iso iso;
    uint8_t boot[512]; /* of FAT */
    bool failed;       /* the medium could not be read */
};

/* A file: where it begins, a place or a cluster, and its bytes. */
struct seed_file {
    uint64_t start;
    uint32_t len;
};

enum seed_outcome {
    SEED_GOOD,
    SEED_NOT_FOUND, /* no such volume, or no such file */
    SEED_BROKEN     /* what the disk says can't be */
};

/* The end of a line about a disk that fails. */
extern const char seed_failed[];

/* Looks for the volume; @medium stays. */
enum seed_outcome seed_open(struct seed *seed, struct leat_files_medium *medium);

/* Looks for the file @name, of at most 26 characters, in the root folder. */
enum seed_outcome seed_find(struct seed *seed, const char *name, struct seed_file *file);

/* Reads the whole file to @to, which has room for file->len bytes. */
enum seed_outcome seed_read(struct seed *seed, const struct seed_file *file, void *to);

/* ---- private: the parts of the two kinds, and what both use */

enum seed_outcome seed_fat_open(struct seed *seed);
enum seed_outcome seed_fat_find(struct seed *seed, const char *name, struct seed_file *file);
enum seed_outcome seed_fat_read(struct seed *seed, const struct seed_file *file, void *to);
enum seed_outcome seed_iso_open(struct seed *seed);
enum seed_outcome seed_iso_find(struct seed *seed, const char *name, struct seed_file *file);

/* Reads @len bytes; false: the disk ends before them, or fails. */
bool seed_bytes(struct seed *seed, uint64_t from, void *to, size_t len);

/* True if the @len bytes are @word, whatever the case of letters, and spaces follow. */
bool seed_is_word(const uint8_t *bytes, size_t len, const char *word);

#endif
