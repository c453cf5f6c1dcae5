/* upload_pack.c -- compresses files while they arrive: from where they lie into the buffers that
 * are sent. */
#include <leat/deflate.h>

#include "upload.h"

enum {
    PACKERS = 16, /* files that are compressed at a time: others are stored */
    WINDOW_BITS = 14,
    MEMORY_LEVEL = 7
};

static struct packer {
    struct leat_deflate *deflate; /* first: it leads to its packer */
    bool taken;
    uint8_t memory[LEAT_DEFLATE_BYTES(WINDOW_BITS, MEMORY_LEVEL)];
} packers[PACKERS];

static struct leat_pool
    *pool; /* of the one stack of this program; NULL: compression isn't enabled */

const char *upload_pack_start(struct leat_pool *of)
{
    const struct leat_deflate_config config = {.window_bits = WINDOW_BITS,
                                               .memory_level = MEMORY_LEVEL};

    for (unsigned i = 0; i < PACKERS; i++) {
        if (leat_deflate_open(&packers[i].deflate, packers[i].memory, sizeof packers[i].memory,
                              &config))
            return "there is too little memory for zlib";
    }
    pool = of;
    return NULL;
}

void upload_pack_begin(struct upload *upload)
{
    for (unsigned i = 0; pool && i < PACKERS && !upload->deflate; i++) {
        if (packers[i].taken)
            continue;
        packers[i].taken = true;
        upload->deflate = &packers[i].deflate;
        leat_deflate_begin(packers[i].deflate);
    }
}

bool upload_pack_data(struct upload *upload, const uint8_t *bytes, size_t len)
{
    if (upload->form.data_is_given) { /* else it is the reader's, and valid until its next call */
        const uint32_t at = (uint32_t)(bytes - upload->in->data);

        upload->held = leat_buf_slice(upload->in, at, (uint32_t)len);
        if (!upload->held)
            return false;
    }
    leat_deflate_give(*upload->deflate, bytes, len);
    upload->packing = true;
    return true;
}

void upload_pack_end(struct upload *upload)
{
    leat_deflate_end(*upload->deflate);
    upload->packing = true;
}

/* All input has been consumed. */
static void packed(struct upload *upload)
{
    upload->packing = false;
    leat_buf_free(upload->held);
    upload->held = NULL;
}

bool upload_pack_send(struct upload *upload, uint32_t room)
{
    struct leat_buf *payload = leat_buf_alloc(pool, LEAT_BUF_HEADROOM);
    uint32_t may = sizeof upload->piece;
    uint32_t len;

    if (payload)
        may = leat_buf_tailroom(payload) < room ? leat_buf_tailroom(payload) : room;
    len =
        (uint32_t)leat_deflate_take(*upload->deflate, payload ? payload->data : upload->piece, may);
    leat_zip_packed(&upload->zip, len);
    if (len < may)
        packed(upload);
    if (!payload) {
        upload->piece_len = len; /* which waits for a buffer, as all pieces do */
        return true;
    }
    leat_buf_put(payload, len);
    return !leat_http_send(upload->to, payload); /* nothing, if that is what there was */
}

void upload_pack_release(struct upload *upload)
{
    struct packer *packer = (struct packer *)(void *)upload->deflate;

    packed(upload);
    if (packer)
        packer->taken = false;
    upload->deflate = NULL;
}
