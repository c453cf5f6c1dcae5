/* upload_form.c -- from the parts of a form to the entries of an archive; the data of stored files
 * is not copied. */
#include <stdio.h>
#include <string.h>

#include <leat/stack.h>

#include "upload.h"

enum {
    /* A stored block with so much data is full. Below, it has room for a whole piece that looked
     * like a boundary at first. */
    BLOCK_BYTES = LEAT_ZIP_STORED_BYTES - (4 + LEAT_MULTIPART_BOUNDARY_BYTES)
};

/* The directories of all archives share half of the pool. Those of one address may have as many
 * buffers as they leave for others, together. So an address gets at most a quarter of the pool, and
 * the next one still something.
 */
static struct {
    struct leat_platform *platform;
    struct leat_pool *pool;
    uint32_t directory_max;          /* buffers that all directories may have */
    uint32_t directory_used;         /* buffers that they have */
    unsigned ended[UPLOAD_TROUBLES]; /* archives, by their trouble */
} all;

void upload_begin(struct leat_platform *platform)
{
    all.platform = platform;
    all.pool = leat_pool(platform->stack);
    all.directory_max = leat_pool_free_count(all.pool) / 2;
}

/* ---- The directory ------------------------------------------------------------------------ */

void upload_begin_archive(struct upload *upload)
{
    const uint64_t key[2] = {leat_random(all.platform->stack), leat_random(all.platform->stack)};

    leat_zip_start(&upload->zip, key);
    leat_zip_add_memory(&upload->zip, upload->directory, sizeof upload->directory);
    leat_zip_use_crc32(&upload->zip, upload_crc32);
    upload->begun = upload->in_file = upload->over = upload->file_over = false;
    upload->trouble = UPLOAD_BROKEN;
    upload->piece_at = upload->piece_len = 0;
}

void upload_drop_archive(struct upload *upload)
{
    leat_buf_free(upload->block);
    upload->block = NULL;
    upload->block_len = 0;
    upload->block_is_due = upload->block_is_headed = false;
    leat_buf_free(upload->more_directory);
    upload->more_directory = NULL;
    all.directory_used -= upload->more_count;
    upload->more_count = 0;
}

/* More memory for the directory; false: its address has its share, or the pool is empty. */
static bool add_directory(struct upload *upload)
{
    struct leat_buf *more;

    if (upload_directories(upload) >= all.directory_max - all.directory_used)
        return false;
    more = leat_buf_alloc(all.pool, 0);
    if (!more)
        return false;
    leat_zip_add_memory(&upload->zip, more->data, leat_buf_tailroom(more));
    if (upload->more_directory)
        leat_buf_append(more, upload->more_directory);
    upload->more_directory = more;
    upload->more_count++;
    all.directory_used++;
    return true;
}

void upload_tell(const struct upload *upload)
{
    static const char *const reasons[] = {[UPLOAD_BROKEN] = "its form is malformed, or was cut off",
                                          [UPLOAD_MANY_FILES] = "its directory has no more room",
                                          [UPLOAD_SAME_NAMES] = "it has too many files of one name",
                                          [UPLOAD_NO_BUFFER] = "there was no free buffer"};
    unsigned *count = &all.ended[upload->trouble];
    char line[320], ip[LEAT_IP_TEXT_BYTES];

    _Static_assert(sizeof reasons / sizeof *reasons == UPLOAD_TROUBLES, "a reason for each");
    ++*count;
    if (*count & (*count - 1))
        return;
    leat_ip_format(leat_http_request_peer(upload->from), ip);
    snprintf(line, sizeof line,
             "upload: an archive for %s was %s at its file %u: %s; its directory has %u buffers, "
             "those of this address have %u, all of them %u of %u; %u such archives so far",
             ip, upload->begun ? "ended" : "refused", (unsigned)upload->zip.entries + 1,
             reasons[upload->trouble], upload->more_count, upload_directories(upload),
             all.directory_used, all.directory_max, *count);
    all.platform->say(all.platform, line);
}

/* ---- Pieces and blocks -------------------------------------------------------------------- */

bool upload_send_piece(struct upload *upload)
{
    upload->piece_at += leat_http_write(upload->to, upload->piece + upload->piece_at,
                                        upload->piece_len - upload->piece_at);
    if (upload->piece_at < upload->piece_len)
        return false;
    upload->piece_at = upload->piece_len = 0;
    return true;
}

/* Puts the header of a stored block in front of its data. If there is no small buffer for it, it
 * becomes the next piece, which waits for a buffer. */
static void head_block(struct upload *upload)
{
    struct leat_buf *header = leat_buf_alloc_small(all.pool, 0);

    upload->block_is_headed = true;
    upload->piece_len = leat_zip_stored(&upload->zip, upload->block_len, upload->piece);
    if (!header)
        return;
    memcpy(leat_buf_put(header, (uint32_t)upload->piece_len), upload->piece, upload->piece_len);
    upload->block_len += (uint32_t)upload->piece_len;
    upload->piece_len = 0;
    leat_buf_append(header, upload->block);
    upload->block = header;
}

bool upload_send_block(struct upload *upload)
{
    struct leat_buf *payload = upload->block;
    uint32_t room;

    if (!upload->block_is_headed) {
        head_block(upload);
        return true; /* first the piece, if the header became one */
    }
    room = leat_http_send_room(upload->to);
    if (room == 0)
        return false;
    if (room < upload->block_len) {
        payload = leat_buf_slice(upload->block, 0, room);
        if (!payload || leat_http_send(upload->to, payload)) {
            leat_http_want_room(upload->to, upload->block_len);
            return false;
        }
        upload->block = leat_buf_consume(upload->block, room);
        upload->block_len -= room;
        return true;
    }
    upload->block = NULL;
    upload->block_len = 0;
    upload->block_is_due = upload->block_is_headed = false;
    leat_http_send(upload->to, payload);
    return true;
}

/* Adds data to the block. */
static void collect(struct upload *upload, struct leat_buf *payload, uint32_t len)
{
    if (upload->block)
        leat_buf_append(upload->block, payload);
    else
        upload->block = payload;
    upload->block_len += len;
    if (upload->block_len >= BLOCK_BYTES)
        upload->block_is_due = true;
}

/* ---- Parts -------------------------------------------------------------------------------- */

/* Notes why the archive can't go on; returns false. */
static bool fail(struct upload *upload, enum upload_trouble trouble)
{
    upload->trouble = (uint8_t)trouble;
    return false;
}

static size_t begin_entry(struct upload *upload, const char *name, size_t len)
{
    return upload->deflate ? leat_zip_entry_deflated(&upload->zip, name, len, upload->piece)
                           : leat_zip_entry(&upload->zip, name, len, upload->piece);
}

/* A part begins; false: there is no room for its name. */
static bool begin_file(struct upload *upload)
{
    static const struct leat_http_head head = {
        .status = 200,
        .type = "application/zip",
        .fields = "Content-Disposition: attachment; filename=\"files.zip\"\r\n",
        .len = LEAT_HTTP_ANY};
    char name[LEAT_ZIP_NAME_BYTES];
    size_t len;

    upload->in_file = upload->form.file_len > 0;
    if (!upload->in_file) /* another field, or no file was chosen */
        return true;
    len = leat_zip_clean_name(upload->form.file, upload->form.file_len, name);
    len = leat_zip_distinct_name(&upload->zip, name, len);
    if (len == 0)
        return fail(upload, UPLOAD_SAME_NAMES);
    upload_pack_begin(upload);
    upload->piece_len = begin_entry(upload, name, len);
    if (upload->piece_len == 0 && add_directory(upload))
        upload->piece_len = begin_entry(upload, name, len);
    if (upload->piece_len == 0)
        return fail(upload, UPLOAD_MANY_FILES);
    if (!upload->begun)
        leat_http_reply(upload->to, &head);
    upload->begun = true;
    return true;
}

/* Takes data of a file: the buffer where it lies, or bytes that looked like a boundary. */
static bool take_data(struct upload *upload)
{
    const struct leat_multipart *form = &upload->form;
    const uint32_t len = (uint32_t)form->data_len;
    struct leat_buf *payload;

    if (!upload->in_file)
        return true;
    leat_zip_data(&upload->zip, form->data, len);
    if (upload->deflate)
        return upload_pack_data(upload, form->data, len) || fail(upload, UPLOAD_NO_BUFFER);
    payload = form->data_is_given
                  ? leat_buf_slice(upload->in, (uint32_t)(form->data - upload->in->data), len)
                  : leat_buf_copy(all.pool, form->data, len);
    if (!payload)
        return fail(upload, UPLOAD_NO_BUFFER);
    collect(upload, payload, len);
    return true;
}

static void end_file(struct upload *upload)
{
    upload->file_over = true;
    if (upload->deflate)
        upload_pack_end(upload);
}

bool upload_go_on(struct upload *upload, uint32_t room)
{
    if (upload->packing)
        return upload_pack_send(upload, room);
    upload->file_over = false;
    upload_pack_release(upload);
    upload->piece_len = leat_zip_entry_end(&upload->zip, upload->piece);
    return true;
}

bool upload_read(struct upload *upload, uint32_t room)
{
    const uint32_t may =
        room < BLOCK_BYTES - upload->block_len ? room : BLOCK_BYTES - upload->block_len;
    const size_t len = upload->in->len < may ? upload->in->len : may;
    size_t taken;
    const enum leat_multipart_event event =
        leat_multipart_read(&upload->form, upload->in->data, len, &taken);
    bool good = event != LEAT_MULTIPART_BAD;

    if (event == LEAT_MULTIPART_PART)
        good = begin_file(upload);
    else if (event == LEAT_MULTIPART_DATA)
        good = take_data(upload);
    else if (event == LEAT_MULTIPART_END && upload->in_file)
        end_file(upload);
    else if (event == LEAT_MULTIPART_OVER)
        good = upload->over = upload->begun;
    upload->in = leat_buf_consume(upload->in, (uint32_t)taken);
    leat_http_consumed(upload->from, (uint32_t)taken);
    if (upload->block && (!upload->in || upload->file_over))
        upload->block_is_due = true;
    return good;
}
