/* upload_form.c -- from the parts of a form to the entries of an archive; the data of stored files
 * is not copied. */
#include "upload.h"

static struct leat_pool *pool; /* of the one stack of this program */

void upload_begin(struct leat_pool *of)
{
    pool = of;
}

bool upload_send_piece(struct upload *upload)
{
    upload->piece_at += leat_http_write(upload->to, upload->piece + upload->piece_at,
                                        upload->piece_len - upload->piece_at);
    if (upload->piece_at < upload->piece_len)
        return false;
    upload->piece_at = upload->piece_len = 0;
    return true;
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
    if (!upload->begun)
        leat_http_reply(upload->to, &head);
    upload->begun = true;
    len = leat_zip_clean_name(upload->form.file, upload->form.file_len, name);
    upload_pack_begin(upload);
    upload->piece_len = upload->deflate
                            ? leat_zip_entry_deflated(&upload->zip, name, len, upload->piece)
                            : leat_zip_entry(&upload->zip, name, len, upload->piece);
    return upload->piece_len > 0;
}

/* Sends data of a file: from the buffer where it lies, or bytes that looked like a boundary. */
static bool send_data(struct upload *upload)
{
    const struct leat_multipart *form = &upload->form;
    const uint32_t len = (uint32_t)form->data_len;
    struct leat_buf *payload;

    if (!upload->in_file)
        return true;
    leat_zip_data(&upload->zip, form->data, len);
    if (upload->deflate)
        return upload_pack_data(upload, form->data, len);
    payload = form->data_is_given
                  ? leat_buf_slice(upload->in, (uint32_t)(form->data - upload->in->data), len)
                  : leat_buf_copy(pool, form->data, len);
    return payload && !leat_http_send(upload->to, payload);
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
    const size_t len = upload->in->len < room ? upload->in->len : room;
    size_t taken;
    const enum leat_multipart_event event =
        leat_multipart_read(&upload->form, upload->in->data, len, &taken);
    bool good = event != LEAT_MULTIPART_BAD;

    if (event == LEAT_MULTIPART_PART)
        good = begin_file(upload);
    else if (event == LEAT_MULTIPART_DATA)
        good = send_data(upload);
    else if (event == LEAT_MULTIPART_END && upload->in_file)
        end_file(upload);
    else if (event == LEAT_MULTIPART_OVER)
        good = upload->over = upload->begun;
    upload->in = leat_buf_consume(upload->in, (uint32_t)taken);
    leat_http_consumed(upload->from, (uint32_t)taken);
    return good;
}
