/* upload_crc32.c -- libdeflate's, which multiplies without carries where the processor can. */
#include <libdeflate.h>

#include "upload.h"

leat_zip_crc32 *const upload_crc32 = libdeflate_crc32;
