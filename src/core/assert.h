/* assert.h -- leat_assert() and leat_debug_assert(); backends use them too (leat/assert.h). */
#ifndef CORE_ASSERT_H
#define CORE_ASSERT_H

#include <leat/assert.h>

#endif
