/* upload_crc32_none.c -- leat's own CRC-32, for images and builds without libdeflate. */
#include "upload.h"

leat_zip_crc32 *const upload_crc32 = leat_crc32;
