/* runtime.h -- functions that a compiler of C++ calls by these names (Itanium C++ ABI). */
#ifndef BARE_RUNTIME_H
#define BARE_RUNTIME_H

#include <stdint.h>

/* 3.3.6.3: registers the destructor of a static object. Not 0: there is no room, so it won't run.
 */
int __cxa_atexit(void (*function)(void *arg), void *arg, const void *library);
extern void *const __dso_handle;

/* 3.2.6 */
_Noreturn void __cxa_pure_virtual(void);
_Noreturn void __cxa_deleted_virtual(void);

/* 3.3.3: static objects within functions, without -fno-threadsafe-statics. Not 0: the caller makes
 * the object. */
int __cxa_guard_acquire(uint64_t *guard);
void __cxa_guard_release(uint64_t *guard);

#endif
