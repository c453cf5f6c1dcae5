/* upload_crc32_none.c -- an image, or a build without libdeflate, has leat's own. */
#include "upload.h"

leat_zip_crc32 *const upload_crc32 = leat_crc32;
