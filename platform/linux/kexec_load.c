/* linux/kexec_load.c - kexec system calls, and what forbids them. */
#include "linux/kexec_load.h"

#include <errno.h>
#include <linux/kexec.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/str.h"
#include "linux/os.h"
#include "linux/smbios.h"

const char *cb_kexec_impossible(void)
{
	char text[16];

	if (cb_os_text("/proc/sys/kernel/kexec_load_disabled", text, sizeof(text)) > 0 && text[0] != '0')
		return "kernel.kexec_load_disabled is set";
	return cb_smbios_is_apple_vz() ? "Apple's Virtualization.framework traps kexec" : NULL;
}

int cb_kexec_file(struct cb_env *env, const char *name, struct cb_bytes data, int *ret_fd)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	size_t at = 0;

	if (fd < 0)
		return cb_os_fail(env, errno, "memory for %s", name);
	while (at < data.n) {
		ssize_t did = write(fd, data.p + at, data.n - at);

		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0) {
			int err = did < 0 ? errno : ENOSPC;

			(void)close(fd); /* gone for good */
			return cb_fail(env, err == ENOSPC ? CB_ENOMEM : cb_os_code(err),
				       "%s of %zu bytes: %s", name, data.n, strerror(err));
		}
		at += (size_t)did;
	}
	*ret_fd = fd;
	return 0;
}

/* What the kernel means by its errno here, where strerror() would mislead. */
static int refused(struct cb_env *env, const char *call, int err)
{
	const char *forbidden = cb_kexec_forbidden();

	switch (err) {
	case EPERM:
	case EACCES:
		return cb_fail(env, CB_EAUTH, "%s: the running kernel forbids it: %s", call,
			       forbidden != NULL ? forbidden : "not permitted");
	case ENOSYS:
		return cb_fail(env, CB_EUNSUP, "%s: the running kernel has no such call", call);
	case ENOEXEC:
		return cb_fail(env, CB_ECORRUPT, "%s: the running kernel doesn't know this image", call);
	case ENOKEY:
	case EKEYREJECTED:
		return cb_fail(env, CB_EAUTH, "%s: no key that this machine trusts has signed it", call);
	case ENODATA:
	case EBADMSG:
		return cb_fail(env, CB_EAUTH, "%s: the kernel is not signed, or its signature is bad", call);
	case EADDRNOTAVAIL:
	case ENOMEM:
		return cb_fail(env, CB_ENOMEM, "%s: no room in memory for kernel and initrd", call);
	case EBUSY:
		return cb_fail(env, CB_EIO, "%s: another kexec is in progress", call);
	default:
		return cb_os_fail(env, err, "%s", call);
	}
}

int cb_kexec_file_load(struct cb_env *env, int kernel, int initrd, struct cb_str cmdline)
{
	int flags = initrd < 0 ? KEXEC_FILE_NO_INITRAMFS : 0;

	if (cmdline.n >= CB_MAX_CMDLINE)
		return cb_fail(env, CB_ELIMIT, "a command line of %zu bytes, %u is the most", cmdline.n,
			       CB_MAX_CMDLINE - 1);

	char *line = cb_alloc(env, CB_MAX_CMDLINE);

	if (line == NULL)
		return CB_ENOMEM;
	if (cmdline.n > 0)
		memcpy(line, cmdline.p, cmdline.n);

	int err = syscall(SYS_kexec_file_load, kernel, initrd, cmdline.n + 1, line, flags) == 0 ? 0 : errno;

	cb_free(env, line, CB_MAX_CMDLINE);
	return err == 0 ? 0 : refused(env, "kexec_file_load", err);
}

int cb_kexec_load(struct cb_env *env, const struct cb_kexec_segment *seg, size_t n, uint64_t entry)
{
	struct kexec_segment raw[CB_KEXEC_SEGMENTS];

	if (n > CB_KEXEC_SEGMENTS)
		return cb_fail(env, CB_ELIMIT, "kexec_load: %zu segments", n);
	for (size_t i = 0; i < n; i++)
		raw[i] = (struct kexec_segment){
			.buf = (void *)(uintptr_t)seg[i].data.p, .bufsz = seg[i].data.n,
			.mem = (void *)(uintptr_t)seg[i].to, .memsz = (size_t)seg[i].size,
		};
	if (syscall(SYS_kexec_load, entry, n, raw, KEXEC_ARCH_DEFAULT) == 0)
		return 0;
	return refused(env, "kexec_load", errno);
}

const char *cb_kexec_forbidden(void)
{
	const char *why = cb_kexec_impossible();
	char text[64];

	if (why != NULL)
		return why;
	(void)cb_os_text("/sys/kernel/security/lockdown", text, sizeof(text)); /* empty without it */
	if (cb_str_find(cb_str_c(text), CB_STR("[confidentiality]")) != SIZE_MAX)
		return "the kernel is locked down (lockdown=confidentiality)";
	if (cb_str_find(cb_str_c(text), CB_STR("[integrity]")) != SIZE_MAX)
		return "the kernel is locked down (lockdown=integrity)";
	return NULL;
}
