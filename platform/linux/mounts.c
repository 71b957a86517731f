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
