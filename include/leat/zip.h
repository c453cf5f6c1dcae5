/*
 * zip.h -- writes a Zip archive (APPNOTE 6.3.10) as a stream: nothing of it must be known
 * beforehand, nothing is gone back to.
 *
 * A file is stored: its text is not touched, the program sends it as it is, and only tells it to
 * the writer, which counts it and makes its CRC-32.  Or the program compresses it (deflate.h),
 * sends that, and tells the writer of both.  What stands between the texts is written into memory
 * of the program's, in pieces.
 */
#ifndef LEAT_ZIP_H
#define LEAT_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits. */
enum {
    LEAT_ZIP_NAME_BYTES = 255,  /**< of an entry's name */
    LEAT_ZIP_PIECE_BYTES = 384, /**< room that each of the functions below needs at most */
    LEAT_ZIP_ENTRY_BYTES = 32   /**< of memory for an entry, with its name beside it */
};

/** Gives the CRC-32 (ISO 3309, as Zip, gzip and PNG have it) of what @p crc is of and @p len bytes
 * more; of nothing it is 0. */
typedef uint32_t leat_zip_crc32(uint32_t crc, const void *bytes, size_t len);

/** A writer; its members are its own. */
struct leat_zip {
    uint8_t *memory;    /**< what the directory needs: an entry and its name, one after another */
    size_t bytes;       /**< of that */
    size_t used;        /**< of that */
    size_t told;        /**< of the entries that the directory has so far */
    uint64_t at;        /**< bytes of the archive so far */
    uint64_t len;       /**< of the entry that is open */
    uint64_t packed;    /**< the same, compressed */
    uint64_t entries;   /**< begun so far */
    uint64_t directory; /**< where that begins */
    leat_zip_crc32 *crc32; /**< who makes CRCs */
    uint32_t crc;          /**< of the entry that is open */
    bool open;             /**< an entry is */
    bool deflated;         /**< the entry that is open is compressed */
    bool ending;           /**< the directory is being written */
    bool ended;            /**< nothing is left to write */
};

/** Begins an archive.  @p memory of @p bytes holds what its end must list: LEAT_ZIP_ENTRY_BYTES and
 * the length of its name for each entry. */
void leat_zip_start(struct leat_zip *zip, void *memory, size_t bytes);

/** Has @p crc32 make the CRCs of this archive, in place of leat_crc32(): that of a library that
 * knows the processor's instructions for it, say.  No entry is open. */
void leat_zip_use_crc32(struct leat_zip *zip, leat_zip_crc32 *crc32);

/**
 * Makes of a name that somebody else chose one that may stand in an archive: what is behind the
 * last slash or backslash, without control characters; "file" where that is nothing, "." or "..".
 * @p name takes LEAT_ZIP_NAME_BYTES; returns the length.
 */
size_t leat_zip_clean_name(const char *given, size_t len, char *name);

/** Begins an entry; returns the bytes written to @p piece, or 0: there is no memory for it any
 * more.
 * @p len is 1..LEAT_ZIP_NAME_BYTES.  The entry before must have ended. */
size_t leat_zip_entry(struct leat_zip *zip, const char *name, size_t len, uint8_t *piece);

/** The same for an entry whose text is sent compressed by Deflate (RFC 1951). */
size_t leat_zip_entry_deflated(struct leat_zip *zip, const char *name, size_t len, uint8_t *piece);

/** The next @p len bytes of the entry's text, which have been sent; or, of a compressed one, are
 * given to the compressor. */
void leat_zip_text(struct leat_zip *zip, const void *bytes, size_t len);

/** @p len bytes of a compressed entry have been sent. */
void leat_zip_packed(struct leat_zip *zip, size_t len);

/** Ends the entry; returns the bytes written to @p piece. */
size_t leat_zip_entry_end(struct leat_zip *zip, uint8_t *piece);

/** Ends the archive: the next piece of its directory, and so on until it returns 0. */
size_t leat_zip_end(struct leat_zip *zip, uint8_t *piece);

/** CRC-32 of @p len bytes more, by tables: for every processor. */
uint32_t leat_crc32(uint32_t crc, const void *bytes, size_t len);

#ifdef __cplusplus
}
#endif
#endif
