/* upload_crc32.c -- libdeflate's CRC-32, which uses carry-less multiplication if possible. */
#include <libdeflate.h>

#include "upload.h"

leat_zip_crc32 *const upload_crc32 = libdeflate_crc32;
