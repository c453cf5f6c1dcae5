/*
 * glance.h -- a page that another domain changes as soon as it has been looked at.
 *
 * Between glance_begin() and glance_end() each instruction that reads or writes the page works as
 * usual, and directly after it a function of the test is called.  So a driver that looks twice sees
 * two different things.  Only on Linux on x86-64, where a processor can be stopped after one
 * instruction.
 */
#ifndef GLANCE_H
#define GLANCE_H

/* @page: aligned, 4,096 bytes. @change is called with the address that was touched, and may write
 * to the page. */
void glance_begin(void *page, void (*change)(const void *at));

/* Returns how many instructions have touched the page. */
unsigned glance_end(void);

#endif
