/*
 * parts.h -- the parts of the stack that a small build leaves out (-Dsmall=true, docs/embedded.md).
 *
 * A condition on HAS_<PART> is a constant, so the compiler drops the code behind it in any build,
 * and the linker drops the functions that nothing calls any more. A flag of a part that is left out
 * is 0, so that every test of the flag is a constant, too.
 */
#ifndef CORE_PARTS_H
#define CORE_PARTS_H

#include <stdbool.h>

#ifdef LEAT_SMALL
#define IS_SMALL true
#else
#define IS_SMALL false
#endif

#define HAS_ACCECN       (!IS_SMALL) /* RFC 9768; RFC 3168's ECN stays */
#define HAS_CUBIC        (!IS_SMALL) /* as the default; else it is NewReno (RFC 5681) */
#define HAS_FAST_OPEN    (!IS_SMALL) /* RFC 7413 */
#define HAS_HYSTART      (!IS_SMALL) /* RFC 9406 */
#define HAS_MTU_SEARCH   (!IS_SMALL) /* RFC 8899; the reports of ICMP are heeded all the same */
#define HAS_RACK         (!IS_SMALL) /* RFC 8985, with its tail loss probes; else RFC 6675 */
#define HAS_SUPER_FRAMES (!IS_SMALL) /* GRO and GSO */
#define HAS_WIDE_TABLES  (!IS_SMALL) /* for many hosts and timers; else 17 KB less of RAM */

/* The flag @flag of the part @part. */
#define PART_FLAG(part, flag) (HAS_##part ? (flag) : 0)

#endif
