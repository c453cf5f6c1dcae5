/* upload.h -- a form that comes, and the archive that goes. */
#ifndef UPLOAD_H
#define UPLOAD_H

#include <leat/http_exchange.h>
#include <leat/multipart.h>
#include <leat/timer.h>
#include <leat/zip.h>

enum {
    UPLOAD_ID_BYTES = 32,
    DIRECTORY_BYTES = 4096 /* of the archive's list: some 60 files with long names */
};

struct leat_deflate;

struct upload {
    struct leat_http_exchange *from; /* the form's; both NULL: free */
    struct leat_http_exchange *to;   /* the archive's: the same, or a download of its own */
    char id[UPLOAD_ID_BYTES];        /* what two that belong together have in common */
    size_t id_len;                   /* 0: it is one exchange */
    uint64_t since_ns;               /* a half waits for its other one */
    struct leat_multipart form;
    struct leat_zip zip;
    struct leat_buf *in;           /* received, not read yet */
    struct leat_buf *held;         /* what the compressor reads */
    struct leat_deflate **deflate; /* of the file, if it is compressed */
    bool begun;                    /* the reply */
    bool in_file, over;            /* the form */
    bool packing;                  /* the compressor has more to say */
    bool file_over;                /* ... and then the file is over */
    size_t piece_len, piece_at;    /* of what is between the files */
    uint8_t piece[LEAT_ZIP_PIECE_BYTES];
    uint8_t directory[DIRECTORY_BYTES];
};

/* Begins with @count places. */
void upload_pairs(struct leat *stack, struct upload *uploads, unsigned count);

/* The place of one more exchange with this query: beside the other half that waits for it, where
 * there is one; else a free one, or NULL.  @is_form: it is the form's half. */
struct upload *upload_place(struct leat_http_exchange *exchange, bool is_form);

/* It has failed: so has its other half. */
void upload_failed(struct upload *upload, const struct leat_http_exchange *exchange);

/* What is behind the end of a form, in each half that there is. */
void upload_finish(struct upload *upload);

/* What has come is no form, or more than fits: the same. */
void upload_refuse(struct upload *upload);

/* A short reply. */
void upload_answer(struct leat_http_exchange *exchange, uint16_t status, const char *text);

/* Takes buffers from @pool. */
void upload_begin(struct leat_pool *pool);

/* Sends what is left of the piece between two files; false: it must wait. */
bool upload_send_piece(struct upload *upload);

/* What is to be done before more is read, where a file is compressed or over; false: it can't be.
 */
bool upload_go_on(struct upload *upload, uint32_t room);

/* Reads on in what is received, at most @room bytes; false: it is broken. */
bool upload_read(struct upload *upload, uint32_t room);

/* Who makes the CRCs: upload_crc32.c, or upload_crc32_none.c without libdeflate. */
extern leat_zip_crc32 *const upload_crc32;

/* ---- upload_pack.c, or upload_pack_none.c without zlib ------------------------------------ */

/* Files are to be compressed; NULL, or why that can't be. */
const char *upload_pack_start(struct leat_pool *pool);

/* A compressor for the file that begins, if one is free: else it is stored. */
void upload_pack_begin(struct upload *upload);

/* The next @len bytes of the file at @bytes; false: the pool is empty. */
bool upload_pack_text(struct upload *upload, const uint8_t *bytes, size_t len);

/* The file is over. */
void upload_pack_end(struct upload *upload);

/* Sends at most @room bytes of what the compressor has to say; false: it can't. */
bool upload_pack_send(struct upload *upload, uint32_t room);

/* The compressor is free. */
void upload_pack_release(struct upload *upload);

#endif
