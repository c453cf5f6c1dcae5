/*
 * zip.h -- writes a Zip archive (APPNOTE 6.3.10) as a stream: sizes need not be known in advance,
 * and no byte is changed after it was sent.
 *
 * A stored file: the program sends the data itself and shows it to the writer, which counts it and
 * computes its CRC-32.  A compressed file: the program compresses the data (deflate.h), sends the
 * result, and reports both to the writer.  The writer writes everything between the data into
 * memory of the program, in pieces.
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
    LEAT_ZIP_ENTRY_BYTES = 32   /**< memory for an entry, without its name */
};

/** Continues a CRC-32 (ISO 3309, as in Zip, gzip and PNG): returns that of the bytes of @p crc and
 * @p len more.  The CRC of no bytes is 0. */
typedef uint32_t leat_zip_crc32(uint32_t crc, const void *bytes, size_t len);

/** A writer; its members are private. */
struct leat_zip {
    uint8_t *memory;       /**< for the directory: an entry and its name, one after another */
    size_t bytes;          /**< of memory */
    size_t used;           /**< of memory */
    size_t told;           /**< of memory, written to the directory so far */
    uint64_t at;           /**< bytes of the archive so far */
    uint64_t len;          /**< bytes of the open entry's data */
    uint64_t packed;       /**< the same, compressed */
    uint64_t entries;      /**< begun so far */
    uint64_t directory;    /**< where the directory begins */
    leat_zip_crc32 *crc32; /**< computes CRCs */
    uint32_t crc;          /**< of the open entry */
    bool open;             /**< an entry is open */
    bool deflated;         /**< the open entry is compressed */
    bool ending;           /**< the directory is being written */
    bool ended;            /**< all is written */
};

/** Begins an archive.  @p memory of @p bytes holds its directory: LEAT_ZIP_ENTRY_BYTES and the
 * length of its name for each entry. */
void leat_zip_start(struct leat_zip *zip, void *memory, size_t bytes);

/** Uses @p crc32 for this archive instead of leat_crc32(): for example the function of a library
 * that uses the processor's CRC instructions.  No entry may be open. */
void leat_zip_use_crc32(struct leat_zip *zip, leat_zip_crc32 *crc32);

/**
 * Makes a file name from an untrusted source safe for an archive: the part behind the last slash or
 * backslash, without control characters; "file" if that is empty, "." or "..".
 * @p name takes LEAT_ZIP_NAME_BYTES; returns the length.
 */
size_t leat_zip_clean_name(const char *given, size_t len, char *name);

/** Begins an entry; returns the bytes written to @p piece, or 0: no memory is left for it.  @p len
 * is 1..LEAT_ZIP_NAME_BYTES.  The entry before must have ended. */
size_t leat_zip_entry(struct leat_zip *zip, const char *name, size_t len, uint8_t *piece);

/** leat_zip_entry() for an entry whose data is sent compressed by Deflate (RFC 1951). */
size_t leat_zip_entry_deflated(struct leat_zip *zip, const char *name, size_t len, uint8_t *piece);

/** Counts the next @p len bytes of the entry's data, which have been sent or, for a compressed
 * entry, given to the compressor. */
void leat_zip_data(struct leat_zip *zip, const void *bytes, size_t len);

/** Counts @p len bytes of a compressed entry that have been sent. */
void leat_zip_packed(struct leat_zip *zip, size_t len);

/** Ends the entry; returns the bytes written to @p piece. */
size_t leat_zip_entry_end(struct leat_zip *zip, uint8_t *piece);

/** Ends the archive: writes the next piece of its directory.  Call it until it returns 0. */
size_t leat_zip_end(struct leat_zip *zip, uint8_t *piece);

/** Continues a CRC-32 by @p len bytes, by tables: for every processor. */
uint32_t leat_crc32(uint32_t crc, const void *bytes, size_t len);

#ifdef __cplusplus
}
#endif
#endif
