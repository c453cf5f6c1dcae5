/*
 * multipart.h -- multipart/form-data (RFC 7578, RFC 2046 5.1), read as it comes: what a form of a
 * page sends, files among it.
 *
 * Feed it the pieces of a body; it says part by part what is in them.  Of the text it copies
 * nothing: it points into the piece, or, where bytes that could have begun a boundary turned out
 * not to, into the boundary itself.
 */
#ifndef LEAT_MULTIPART_H
#define LEAT_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits. */
enum {
    LEAT_MULTIPART_BOUNDARY_BYTES = 70, /**< RFC 2046 5.1.1 */
    LEAT_MULTIPART_NAME_BYTES = 127,    /**< of a field */
    LEAT_MULTIPART_FILE_BYTES = 255,    /**< of a file's name */
    LEAT_MULTIPART_TYPE_BYTES = 127,    /**< of a media type */
    LEAT_MULTIPART_HEAD_BYTES = 4096    /**< of all the fields of a part */
};

/** What leat_multipart_read() has found. */
enum leat_multipart_event {
    LEAT_MULTIPART_MORE, /**< all bytes are read */
    LEAT_MULTIPART_PART, /**< a part begins: name, file, type are its own until the next one */
    LEAT_MULTIPART_TEXT, /**< text and text_len: the next of its text */
    LEAT_MULTIPART_END,  /**< the part is over */
    LEAT_MULTIPART_OVER, /**< the last part was; what comes behind is not looked at */
    LEAT_MULTIPART_BAD   /**< it is none, or beyond a limit: so it stays */
};

/** A reader; its members may be looked at. */
struct leat_multipart {
    const uint8_t *text; /**< LEAT_MULTIPART_TEXT: in the bytes just read, or in the reader */
    size_t text_len;     /**< 1 at least */
    bool text_is_given;  /**< the text lies in the bytes just read */
    bool has_file;       /**< the part has a file name, which may be empty: it is a file */
    uint8_t name_len;    /**< of the name */
    uint8_t file_len;    /**< of the file's name */
    uint8_t type_len;    /**< of the type; 0: none was given */
    uint32_t parts;      /**< that have begun */
    char name[LEAT_MULTIPART_NAME_BYTES]; /**< of the form's field, as it came; no NUL behind it */
    char file[LEAT_MULTIPART_FILE_BYTES]; /**< as the client calls it: believe nothing of it */
    char type[LEAT_MULTIPART_TYPE_BYTES]; /**< of a file */
    /** @cond private */
    int state;           /* of the machine that reads a part's head */
    uint16_t head_bytes; /* of that so far */
    uint8_t phase;
    uint8_t matched;       /* bytes of the delimiter that were just seen */
    uint8_t delimiter_len; /* "\r\n--" and the boundary */
    bool named;            /* Content-Disposition has come */
    bool typed;            /* Content-Type has */
    bool has_name;         /* a name has */
    uint8_t delimiter[4 + LEAT_MULTIPART_BOUNDARY_BYTES];
    /** @endcond */
};

/** Begins, by the Content-Type of a request (@p len bytes); false: it is no multipart/form-data
 * with a boundary of 1..70 bytes. */
bool leat_multipart_start(struct leat_multipart *reader, const char *type, size_t len);

/**
 * Reads up to the next event.  @p taken of the @p len bytes are done with then; call again with the
 * rest, unless that is LEAT_MULTIPART_MORE, OVER or BAD.
 */
enum leat_multipart_event leat_multipart_read(struct leat_multipart *reader, const uint8_t *bytes,
                                              size_t len, size_t *taken);

#ifdef __cplusplus
}
#endif
#endif
