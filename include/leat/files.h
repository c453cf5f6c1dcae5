/*
 * files.h -- files that a program reads and never writes, whatever holds them (library leat-files).
 *
 * A source is a struct leat_files: an archive in memory, as a boot loader hands over an initrd, or
 * files that were built into the program.  Sources may lie over each other.  A program finds a file
 * by its path and reads its bytes in place.  A source whose files don't lie in memory copies parts
 * of them.
 *
 * A path leads from the root of the source, with or without a slash in front: "certs/web.pem".
 * Empty segments and "." are skipped, and no path leads out of the root: ".." is not found.  Letter
 * case matters.
 */
#ifndef LEAT_FILES_H
#define LEAT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits. */
enum {
    LEAT_FILE_PATH_BYTES = 255,   /**< of a path in its normal form */
    LEAT_FILE_LINKS_MAX = 8,      /**< symbolic links that one path may lead through */
    LEAT_FILES_LAYERS_MAX = 4,    /**< sources that one struct leat_files_layers has */
    LEAT_FILES_WHY_BYTES = 256,   /**< of a reason in words, with its NUL */
    LEAT_FILES_PART_BYTES = 18432 /**< of an archive that doesn't lie in memory, while it is opened;
                                       names and links there have 16 KiB at most */
};

struct leat_files;

/** A file or folder. */
struct leat_file {
    const char *path;   /**< from the root, without a slash at either end and without a NUL; valid
                             as long as the source, or until leat_files_release() if it has that.
                             leat_files_find() gives the path behind all links, leat_files_next()
                             that of the entry */
    size_t path_len;    /**< 0: the root */
    uint64_t len;       /**< bytes of its contents; 0: a folder, or an empty file */
    int64_t modified_s; /**< seconds since 1970-01-01 UTC; 0: unknown */
    bool is_folder;     /**< it has entries instead of contents */
    const void *bytes; /**< the contents, valid as long as the source; NULL: leat_files_read() gives
                            them, or there are none */
    struct leat_files *source; /**< has the file */
    uint64_t place;            /**< the source's own */
    uint64_t tag; /**< changes whenever the contents change, also from one run to the next, as an
                       entity tag of HTTP; 0: unknown */
};

/** A source.  Its functions are called by those below with paths in their normal form: segments
 * with one slash between them. */
struct leat_files {
    /** As leat_files_find(). */
    enum leat_err (*find)(struct leat_files *files, const char *path, size_t len,
                          struct leat_file *file);
    /** As leat_files_next(). */
    enum leat_err (*next)(struct leat_files *files, const char *folder, size_t len,
                          uint64_t *cursor, struct leat_file *file);
    /** As leat_files_read(), for a file without `bytes` and @p from before its end.  NULL: the
     * contents of all files lie in memory. */
    enum leat_err (*read)(const struct leat_file *file, uint64_t from, void *to, size_t room,
                          size_t *len);
    /** As leat_files_release().  NULL: there is nothing to release. */
    void (*release)(struct leat_files *files, const struct leat_file *file);
};

/**
 * Finds the file or folder at @p path, symbolic links followed.
 * Errors: LEAT_ERR_NOT_FOUND; LEAT_ERR_TOO_BIG (the path is too long, or leads through too many
 * links); LEAT_ERR_DEVICE (the host or the device failed).  @p file is unchanged then.
 */
enum leat_err leat_files_find(struct leat_files *files, const char *path, struct leat_file *file);

/**
 * The next entry of the folder at @p folder, each once, in the order of the source.  @p cursor
 * begins at 0 and belongs to the source in between.  Links that lead nowhere are skipped.
 * Errors: LEAT_ERR_END (there are no more), and those of leat_files_find().
 */
enum leat_err leat_files_next(struct leat_files *files, const char *folder, uint64_t *cursor,
                              struct leat_file *file);

/**
 * Copies at most @p room bytes of @p file, from byte @p from on, to @p to; @p len tells how many. 0
 * bytes: the file ends there.
 * Errors: LEAT_ERR_ARGUMENT (a folder), LEAT_ERR_DEVICE.
 */
enum leat_err leat_files_read(const struct leat_file *file, uint64_t from, void *to, size_t room,
                              size_t *len);

/** The program is done with a file that leat_files_find() or leat_files_next() gave: the source may
 * close it.  Sources in memory do nothing. */
void leat_files_release(const struct leat_file *file);

/* ---- files that were built in */

/** Files that were built into the program; its members are private. */
struct leat_files_built_in {
    struct leat_files files;      /**< the source */
    const struct leat_file *list; /**< the program's */
    size_t count;                 /**< of the list */
};

/** Makes a source of @p count files at @p list, which stays the program's.  Their paths are in the
 * normal form, each occurs once, and folders follow from them; `source` is filled in by the
 * calls. */
void leat_files_built_in_open(struct leat_files_built_in *built_in, const struct leat_file *list,
                              size_t count);

/* ---- sources over each other */

/** Several sources; a path is found in the first one that has it.  The members are private. */
struct leat_files_layers {
    struct leat_files files;                          /**< the source */
    struct leat_files *layers[LEAT_FILES_LAYERS_MAX]; /**< the first hides the others */
    unsigned count;                                   /**< of layers */
};

/** Makes a source without layers: it has no files. */
void leat_files_layers_open(struct leat_files_layers *layers);

/** Puts @p below under the layers that are there.  LEAT_ERR_FULL: there are LEAT_FILES_LAYERS_MAX
 * already.  LEAT_ERR_ARGUMENT: @p below has layers itself. */
enum leat_err leat_files_layers_add(struct leat_files_layers *layers, struct leat_files *below);

/* ---- archives */

/** The entries of an archive. */
struct leat_archive_counts {
    uint32_t files;    /**< hard links among them */
    uint32_t folders;  /**< with an entry of their own */
    uint32_t links;    /**< symbolic ones */
    uint32_t left_out; /**< devices, sparse files, paths with "..", paths that are too long, hard
                            links to nothing; entries that a later one replaces aren't counted */
};

/**
 * Checks an archive: POSIX tar (ustar and pax, with GNU's long names) or cpio ("newc", with or
 * without checksums; several may follow each other, as in an initrd).  Returns the memory that
 * leat_archive_open() needs for it, or 0: @p why, a line for a human, says which entry is damaged,
 * or what the bytes are instead (compressed, for example).
 */
size_t leat_archive_memory_bytes(const void *archive, size_t len, char why[LEAT_FILES_WHY_BYTES]);

/**
 * Makes a source of the archive.  @p archive of @p len bytes and @p memory (any alignment) of @p
 * bytes belong to the source as long as it is used; there is no close.  If several entries have
 * one path, the last one counts, as when the archive is unpacked.
 * Errors: LEAT_ERR_FORMAT (@p why has the reason), LEAT_ERR_MEMORY (the memory is smaller than
 * leat_archive_memory_bytes()).
 */
enum leat_err leat_archive_open(struct leat_files **files, void *memory, size_t bytes,
                                const void *archive, size_t len, char why[LEAT_FILES_WHY_BYTES]);

/** The bytes of an archive that doesn't lie in memory, such as a disk. */
struct leat_files_medium {
    uint64_t len; /**< bytes that it has; an archive may end before them */
    /** Copies the @p len bytes at @p from, which it has, to @p to.  False: they can't be read. */
    bool (*read)(struct leat_files_medium *medium, uint64_t from, void *to, size_t len);
};

/**
 * leat_archive_memory_bytes() for an archive on @p medium.  Its headers are read, and not the
 * contents of files.  @p part is used during the call.
 */
size_t leat_archive_medium_memory_bytes(struct leat_files_medium *medium,
                                        uint8_t part[LEAT_FILES_PART_BYTES],
                                        char why[LEAT_FILES_WHY_BYTES]);

/**
 * leat_archive_open() for an archive on @p medium, which stays as long as the source is used.  Its
 * files have no `bytes` and no `tag`; leat_files_read() reads them from the medium.  Bytes behind
 * the end of the archive are not looked at, so only one of cpio can be there.
 */
enum leat_err leat_archive_open_medium(struct leat_files **files, void *memory, size_t bytes,
                                       struct leat_files_medium *medium,
                                       uint8_t part[LEAT_FILES_PART_BYTES],
                                       char why[LEAT_FILES_WHY_BYTES]);

/** The counts of an archive that leat_archive_open() or leat_archive_open_medium() made. */
const struct leat_archive_counts *leat_archive_counts(const struct leat_files *files);

#ifdef __cplusplus
}
#endif
#endif
