/*
 * zip.h -- writes a Zip archive (APPNOTE 6.3.10) as a stream: sizes need not be known in advance,
 * and no byte is changed after it was sent.
 *
 * A stored file: the program announces the length of each piece of data and sends it itself, behind
 * the header that the writer gives.  It shows the data to the writer, which computes the CRC-32.  A
 * compressed file: the program compresses the data (deflate.h), sends the result, and reports both
 * to the writer.  The writer writes everything between the data into memory of the program, in
 * pieces.
 *
 * Both have the method Deflate, so that programs that read the archive as a stream see where each
 * entry ends: stored data in blocks that aren't compressed (RFC 1951 3.2.4).
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
    LEAT_ZIP_NAME_BYTES = 255,     /**< of an entry's name */
    LEAT_ZIP_PIECE_BYTES = 384,    /**< room that each of the functions below needs at most */
    LEAT_ZIP_STORED_BYTES = 65535, /**< of stored data behind one header */
    LEAT_ZIP_ENTRY_BYTES = 64,     /**< memory for an entry at most, without its name */
    LEAT_ZIP_BLOCK_BYTES = 32      /**< of each memory, for the writer itself at most */
};

struct leat_zip_entry;
struct leat_zip_block;

/** Continues a CRC-32 (ISO 3309, as in Zip, gzip and PNG): returns that of the bytes of @p crc and
 * @p len more.  The CRC of no bytes is 0. */
typedef uint32_t leat_zip_crc32(uint32_t crc, const void *bytes, size_t len);

/** A writer; its members are private. */
struct leat_zip {
    struct leat_zip_block *first; /**< the oldest block of memory for the directory */
    struct leat_zip_block *last;  /**< the block for new entries */
    struct leat_zip_entry *root;  /**< root of the tree of names */
    struct leat_zip_entry *open;  /**< the entry that has begun; NULL: none */
    size_t told;                  /**< bytes of `first` whose entries the directory has already */
    uint64_t key[2];              /**< key of the hash of names */
    uint64_t at;                  /**< bytes of the archive so far */
    uint64_t entries;             /**< number of complete entries */
    uint64_t directory;           /**< where the directory begins */
    leat_zip_crc32 *crc32;        /**< computes CRCs */
    bool stored;                  /**< the open entry isn't compressed */
    bool ending;                  /**< the directory is being written */
    bool ended;                   /**< all is written */
};

/** Begins an archive.  @p key is for the tree in which names are found.  If others choose the names
 * it must be secret, as two results of leat_random(), because with a known key they could make the
 * tree slow. */
void leat_zip_start(struct leat_zip *zip, const uint64_t key[2]);

/** Gives @p memory of @p bytes (any alignment) for the next entries of the directory: each takes
 * LEAT_ZIP_ENTRY_BYTES and the length of its name.  It must stay until the archive is ended.  A
 * rest of the memory given before isn't used any more. */
void leat_zip_add_memory(struct leat_zip *zip, void *memory, size_t bytes);

/** Uses @p crc32 for this archive instead of leat_crc32(): for example the function of a library
 * that uses the processor's CRC instructions.  No entry may be open. */
void leat_zip_use_crc32(struct leat_zip *zip, leat_zip_crc32 *crc32);

/**
 * Makes a file name from an untrusted source safe for an archive: the part behind the last slash or
 * backslash, without control characters; "file" if that is empty, "." or "..".
 * @p name takes LEAT_ZIP_NAME_BYTES; returns the length.
 */
size_t leat_zip_clean_name(const char *given, size_t len, char *name);

/**
 * Makes @p name different from the names of all entries so far: if one has it, a number is put
 * before its type ("a.txt" becomes "a (1).txt").  The end of a long name is cut off.  @p name has
 * room for LEAT_ZIP_NAME_BYTES.  Returns the new length, or 0: 24 such names are taken as well,
 * which doesn't happen by chance.
 */
size_t leat_zip_distinct_name(struct leat_zip *zip, char *name, size_t len);

/** Begins an entry with stored data; returns the bytes written to @p piece, or 0: no memory is left
 * for it, and leat_zip_add_memory() helps.  @p len is 1..LEAT_ZIP_NAME_BYTES.  The entry before
 * must have ended. */
size_t leat_zip_entry(struct leat_zip *zip, const char *name, size_t len, uint8_t *piece);

/** leat_zip_entry() for an entry whose data is sent compressed by Deflate (RFC 1951). */
size_t leat_zip_entry_deflated(struct leat_zip *zip, const char *name, size_t len, uint8_t *piece);

/** The header of the next @p len (1..LEAT_ZIP_STORED_BYTES) bytes of stored data, which are sent
 * behind it; returns the bytes written to @p piece. */
size_t leat_zip_stored(struct leat_zip *zip, size_t len, uint8_t *piece);

/** Counts the next @p len bytes of the entry's data into its length and CRC, before they are stored
 * or when they are given to the compressor. */
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
