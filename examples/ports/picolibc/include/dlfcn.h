/* dlfcn.h -- shared libraries, which an image can't load. */
#ifndef PORT_DLFCN_H
#define PORT_DLFCN_H

#define RTLD_NOW    2
#define RTLD_GLOBAL 0x100
#define RTLD_LOCAL  0

void *dlopen(const char *path, int flags);
void *dlsym(void *library, const char *name);
int dlclose(void *library);
char *dlerror(void);

#endif
