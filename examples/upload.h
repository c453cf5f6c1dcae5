/* upload.h -- a form that comes, and the archive that goes. */
#ifndef UPLOAD_H
#define UPLOAD_H

#include <leat/http_exchange.h>
#include <leat/multipart.h>
#include <leat/zip.h>

enum {
    DIRECTORY_BYTES = 4096 /* of the archive's list: some 60 files with long names */
};

struct upload {
    struct leat_http_exchange *exchange; /* NULL: free */
    struct leat_multipart form;
    struct leat_zip zip;
    struct leat_buf *in; /* received, not read yet */
    bool begun, in_file, over;
    size_t piece_len, piece_at; /* of what is between the files */
    uint8_t piece[LEAT_ZIP_PIECE_BYTES];
    uint8_t directory[DIRECTORY_BYTES];
};

/* Takes buffers from @pool. */
void upload_begin(struct leat_pool *pool);

/* Sends what is left of the piece between two files; false: it must wait. */
bool upload_send_piece(struct upload *upload);

/* Reads on in what is received, at most @room bytes; false: it is broken. */
bool upload_read(struct upload *upload, uint32_t room);

#endif
