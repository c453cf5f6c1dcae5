/* dirent.h -- folders, of which an image has none: opendir() is ENOENT. */
#ifndef PORT_DIRENT_H
#define PORT_DIRENT_H

typedef struct port_folder DIR;

struct dirent {
    char d_name[256];
};

DIR *opendir(const char *path);
struct dirent *readdir(DIR *folder);
int closedir(DIR *folder);

#endif
