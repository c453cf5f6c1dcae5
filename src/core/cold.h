/*
 * cold.h -- what is off the fast path.
 *
 * A COLD function runs once in the life of a stack, a socket or a listener, or when something is
 * amiss: loss, an error, an attack, a limit.  Compilers make it small in any build, keep it out of
 * who calls it, and take the branch that leads to it for the unlikely one.  Who is called by such
 * functions alone need not say so.
 */
#ifndef CORE_COLD_H
#define CORE_COLD_H

#define COLD __attribute__((cold))

#endif
