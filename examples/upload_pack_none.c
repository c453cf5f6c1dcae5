/* upload_pack_none.c -- a build without zlib stores all files. */
#include "upload.h"

const char *upload_pack_start(struct leat_pool *pool)
{
    (void)pool;
    return "this program was built without zlib";
}

void upload_pack_begin(struct upload *upload)
{
    (void)upload;
}

bool upload_pack_data(struct upload *upload, const uint8_t *bytes, size_t len)
{
    (void)upload;
    (void)bytes;
    (void)len;
    return false;
}

void upload_pack_end(struct upload *upload)
{
    (void)upload;
}

bool upload_pack_send(struct upload *upload, uint32_t room)
{
    (void)upload;
    (void)room;
    return false;
}

void upload_pack_release(struct upload *upload)
{
    (void)upload;
}
