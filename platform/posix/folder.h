/* posix/folder.h - a folder of a mounted file system as cb_folder. */
#ifndef CB_POSIX_FOLDER_H
#define CB_POSIX_FOLDER_H

#include "boot/folder.h"

struct cb_posix_folder {
	struct cb_folder folder;
	int fd;                           /* of the folder; -1: closed */
	/* Called before the first change; NULL: nothing to do. */
	int (*unlock)(void *arg);
	void *arg;
};

CB_MUST int cb_posix_folder_open(struct cb_env *env, const char *path, struct cb_posix_folder *ret);
void cb_posix_folder_close(struct cb_posix_folder *f);

#endif
