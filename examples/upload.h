/* upload.h -- a form that is received, and the archive that is sent. */
#ifndef UPLOAD_H
#define UPLOAD_H

#include <leat/http_exchange.h>
#include <leat/multipart.h>
#include <leat/timer.h>
#include <leat/zip.h>

#include "example.h"

enum {
    UPLOAD_ID_BYTES = 32,
    DIRECTORY_BYTES = 1024 /* of the archive's list, before buffers of the pool are taken for it */
};

struct leat_deflate;

/* Why an archive can't go on. */
enum upload_trouble {
    UPLOAD_BROKEN,     /* the form is malformed, or has no files */
    UPLOAD_MANY_FILES, /* the directory has no room for another name */
    UPLOAD_SAME_NAMES, /* leat_zip_distinct_name() finds no free name */
    UPLOAD_NO_BUFFER,  /* the pool is empty */
    UPLOAD_TROUBLES
};

struct upload {
    struct leat_http_exchange *from; /* the form's; both NULL: free */
    struct leat_http_exchange *to;   /* the archive's: the same, or a download of its own */
    char id[UPLOAD_ID_BYTES];        /* equal in the two exchanges of an upload */
    size_t id_len;                   /* 0: it is one exchange */
    uint64_t since_ns;               /* when a half began to wait for its other one */
    struct leat_multipart form;
    struct leat_zip zip;
    struct leat_buf *in;                 /* received, not read yet */
    struct leat_buf *held;               /* input of the compressor */
    struct leat_deflate **deflate;       /* of the file, if it is compressed */
    bool begun;                          /* the reply has begun */
    bool in_file;                        /* the form's current part is a file */
    bool over;                           /* the form is over */
    struct leat_buf *block;              /* stored data that is collected for one header */
    uint32_t block_len;                  /* length of the block */
    bool block_is_due;                   /* nothing more is added to it */
    bool block_is_headed;                /* its header is sent, or is the piece */
    bool packing;                        /* the compressor has more output */
    bool file_over;                      /* after the compressor's output the file is over */
    size_t piece_len, piece_at;          /* length of `piece`, and how much of it is sent */
    uint8_t piece[LEAT_ZIP_PIECE_BYTES]; /* bytes of the archive between two files */
    struct leat_buf *more_directory;     /* buffers of the pool, used when `directory` is full */
    uint32_t more_count;                 /* number of these buffers */
    uint8_t trouble;                     /* enum upload_trouble, for upload_refuse() */
    _Alignas(8) uint8_t directory[DIRECTORY_BYTES];
};

/* Begins with @count places. */
void upload_pairs(struct leat *stack, struct upload *uploads, unsigned count);

/* The place for an exchange with this query: the one whose other half waits for it, or else a free
 * one, or NULL.  @is_form: it is the form's half. */
struct upload *upload_place(struct leat_http_exchange *exchange, bool is_form);

/* An exchange has failed: ends its other half, too. */
void upload_failed(struct upload *upload, const struct leat_http_exchange *exchange);

/* Ends each half after the end of the form. */
void upload_finish(struct upload *upload);

/* Ends each half with an error, by upload->trouble. */
void upload_refuse(struct upload *upload);

/* A short reply. */
void upload_answer(struct leat_http_exchange *exchange, uint16_t status, const char *text);

/* Buffers in the directories of all uploads whose forms come from the same address as @upload's, or
 * from the same /64. */
uint32_t upload_directories(const struct upload *upload);

/* Says why an archive is refused, or ends too early: for each kind of trouble the first time, the
 * second, the fourth, and so on. */
void upload_tell(const struct upload *upload);

/* Begins to serve; takes buffers from the stack's pool. */
void upload_begin(struct leat_platform *platform);

/* Begins an archive. */
void upload_begin_archive(struct upload *upload);

/* Frees the data and the memory of an archive. */
void upload_drop_archive(struct upload *upload);

/* Sends what is left of the piece between two files; false: it must wait. */
bool upload_send_piece(struct upload *upload);

/* Sends the collected data; false: it must wait. */
bool upload_send_block(struct upload *upload);

/* Work to do before more is read, when a file is compressed or over; false: it can't be done now.
 */
bool upload_go_on(struct upload *upload, uint32_t room);

/* Reads at most @room bytes of the received data; false: the form is broken. */
bool upload_read(struct upload *upload, uint32_t room);

/* Computes CRCs: upload_crc32.c, or upload_crc32_none.c without libdeflate. */
extern leat_zip_crc32 *const upload_crc32;

/* ---- upload_pack.c, or upload_pack_none.c without zlib ------------------------------------ */

/* Enables compression; NULL, or the reason of the failure. */
const char *upload_pack_start(struct leat_pool *pool);

/* Takes a compressor for the file that begins; if none is free, the file is stored. */
void upload_pack_begin(struct upload *upload);

/* The next @len bytes of the file at @bytes; false: the pool is empty. */
bool upload_pack_data(struct upload *upload, const uint8_t *bytes, size_t len);

/* The file is over. */
void upload_pack_end(struct upload *upload);

/* Sends at most @room bytes of the compressor's output; false: it can't. */
bool upload_pack_send(struct upload *upload, uint32_t room);

/* The compressor is free. */
void upload_pack_release(struct upload *upload);

#endif
