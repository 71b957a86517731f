/* linux/mounts.c - early and late mounts. */
#include "linux/mounts.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "linux/os.h"

struct place {
	const char *type, *at, *options;
	mode_t mode;
	int flags;
};

static const struct place early[] = {
	{ "proc", "/proc", NULL, 0555, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "sysfs", "/sys", NULL, 0555, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "devtmpfs", "/dev", "mode=0755", 0755, MS_NOSUID | MS_NOEXEC },
	{ "tmpfs", "/run", "mode=0755,size=1m", 0755, MS_NOSUID | MS_NODEV | MS_NOEXEC },
};

static const struct place late[] = {
	{ "securityfs", "/sys/kernel/security", NULL, 0, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "efivarfs", "/sys/firmware/efi/efivars", NULL, 0, MS_NOSUID | MS_NODEV | MS_NOEXEC },
};

/* EBUSY: it is there, mounted by the kernel (CONFIG_DEVTMPFS_MOUNT) or by whoever ran us before. */
static int mount_one(const struct place *p)
{
	if (mount(p->type, p->at, p->type, (unsigned long)p->flags, p->options) == 0 || errno == EBUSY)
		return 0;
	return errno;
}

int cb_mounts_early(struct cb_env *env)
{
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
		(void)mkdir(early[i].at, early[i].mode); /* the mount tells */

		int err = mount_one(&early[i]);

		if (err != 0)
			return cb_os_fail(env, err, "mounting %s on %s", early[i].type, early[i].at);
	}
	return 0;
}

void cb_mounts_late(void)
{
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		(void)mount_one(&late[i]); /* absent on machines without EFI or the kernel option */
}

/* A power cut may have left two names for one file; removing the second must not make the volume
 * read-only, which is what vfat does with errors unless told otherwise. */
#define FAT_OPTIONS "errors=continue"
#define FAT_FLAGS   (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)

int cb_mount_fat(struct cb_env *env, const char *device, const char *at)
{
	(void)mkdir(at, 0700); /* the mount tells */
	if (mount(device, at, "vfat", FAT_FLAGS | MS_RDONLY, FAT_OPTIONS) != 0)
		return cb_os_fail(env, errno, "mounting %s as vfat", device);
	return 0;
}

int cb_mount_unlock(struct cb_env *env, const char *at)
{
	if (mount(NULL, at, NULL, FAT_FLAGS | MS_REMOUNT, FAT_OPTIONS) == 0)
		return 0;
	if (errno == EROFS || errno == EACCES)
		return cb_fail(env, CB_EAUTH, "the disk can't be written: it is attached read-only");
	return cb_os_fail(env, errno, "making it writable");
}

int cb_unmount(struct cb_env *env, const char *at)
{
	return umount2(at, UMOUNT_NOFOLLOW) == 0 ? 0 : cb_os_fail(env, errno, "unmounting %s", at);
}
