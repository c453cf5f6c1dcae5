/*
 * multipart.h -- an incremental reader of multipart/form-data (RFC 7578, RFC 2046 5.1): the fields
 * and files of an HTML form.
 *
 * Feed it the pieces of a body; it reports one part after another.  It does not copy the data of
 * parts.  It points into the piece, or, where bytes looked like the begin of a boundary but were
 * none, into its own copy of the boundary.  Bytes before the first boundary are ignored (RFC 2046
 * 5.1.1).
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
    LEAT_MULTIPART_HEAD_BYTES = 4096    /**< of all header fields of a part */
};

/** The results of leat_multipart_read(). */
enum leat_multipart_event {
    LEAT_MULTIPART_MORE, /**< all bytes are read */
    LEAT_MULTIPART_PART, /**< a part begins; name, file and type describe it until the next one */
    LEAT_MULTIPART_DATA, /**< data of the part: data and data_len */
    LEAT_MULTIPART_END,  /**< the part is over */
    LEAT_MULTIPART_OVER, /**< the last part is over; bytes behind it are ignored */
    LEAT_MULTIPART_BAD   /**< malformed, or beyond a limit; all further calls return the same */
};

/** A reader.  The program may read its members. */
struct leat_multipart {
    const uint8_t *data; /**< LEAT_MULTIPART_DATA: in the bytes just read, or in the reader */
    size_t data_len;     /**< 1 at least */
    bool data_is_given;  /**< the data lies in the bytes just read */
    bool has_file;       /**< the part is a file: it has a file name, which may be empty; that of
                              "filename*" if there is one (RFC 6266 4.3), as UTF-8.  In a charset
                              other than UTF-8 and ISO-8859-1 it counts only without "filename",
                              and "_" stands for each octet that isn't ASCII */
    uint8_t name_len;    /**< of the name */
    uint8_t file_len;    /**< of the file's name */
    uint8_t type_len;    /**< of the type; 0: none was given */
    uint32_t parts;      /**< number of parts so far */
    char
        name[LEAT_MULTIPART_NAME_BYTES]; /**< of the form's field, as it came; not NUL-terminated */
    char file[LEAT_MULTIPART_FILE_BYTES]; /**< the client's name of the file; don't trust it */
    char type[LEAT_MULTIPART_TYPE_BYTES]; /**< media type of a file */
    /** @cond private */
    int state;           /* of the machine that reads a part's head */
    uint16_t head_bytes; /* of that head so far */
    uint8_t phase;
    uint8_t matched;       /* bytes of the delimiter that were just seen */
    uint8_t delimiter_len; /* "\r\n--" and the boundary */
    bool named;            /* Content-Disposition has been read */
    bool typed;            /* Content-Type has been read */
    bool has_name;         /* a name has been read */
    bool plain;            /* "filename" has been read */
    bool extended; /* "filename*" has been read, or is being read, in a charset that is known */
    bool foreign;  /* ... in another one */
    bool latin;    /* the charset of "filename*" is ISO-8859-1 */
    uint8_t high;  /* value of the first digit of a %-encoded octet in it */
    uint8_t delimiter[4 + LEAT_MULTIPART_BOUNDARY_BYTES];
    /** @endcond */
};

/** Begins with the Content-Type of a request (@p len bytes).  False: it isn't multipart/form-data
 * with a boundary of 1..70 bytes. */
bool leat_multipart_start(struct leat_multipart *reader, const char *type, size_t len);

/**
 * Reads up to the next event.  @p taken is the number of bytes consumed; call again with the rest,
 * unless the result is LEAT_MULTIPART_MORE, OVER or BAD.
 */
enum leat_multipart_event leat_multipart_read(struct leat_multipart *reader, const uint8_t *bytes,
                                              size_t len, size_t *taken);

#ifdef __cplusplus
}
#endif
#endif
