/* init/report.c - one report for a failed attempt: what was tried, outermost first, what to do, and the
 * number under which docs/errors.md says more. */
#include "core/fmt.h"
#include "core/str.h"
#include "init/init.h"

static const struct {
	enum report report;
	const char *text;
} advice[] = {
	{ REPORT_KERNEL_FS, "build boot.efi with a kernel that has proc, sysfs, devtmpfs and tmpfs" },
	{ REPORT_SIGNALS, "build boot.efi with a kernel that has signalfd" },
	{ REPORT_MEMORY, "give the machine more memory" },
	{ REPORT_NO_DISKS, "attach a disk that has an operating system, or build boot.efi with the "
			   "driver of its controller (--kernel, --modules)" },
	{ REPORT_NO_DEVICE, "correct cloudboot.disk, attach the disk, or raise cloudboot.disk.wait for slow "
			    "ones; without cloudboot.disk every disk is searched" },
	{ REPORT_BAD_DEVICE, "correct cloudboot.disk: /dev/NAME, LABEL=, UUID=, PARTLABEL=, PARTUUID=, "
			     "/dev/disk/by-*, ID=serial, or leave it out to search every disk" },
	{ REPORT_NOTHING, "look at the disks with 'cloud-boot explain IMAGE'; a kernel elsewhere can be "
			  "named with cloudboot.disk.kernel" },
	{ REPORT_ALL_BROKEN, "repair the newest kernel from a rescue system, or name another with "
			     "cloudboot.disk.kernel" },
	{ REPORT_FORBIDDEN, "switch off what forbids it, boot a kernel that this machine trusts, or attach "
			    "a cache disk and leave cloudboot.exit out: then firmware starts the kernel" },
	{ REPORT_NO_KEXEC, "build boot.efi with a kernel that has CONFIG_KEXEC_FILE, as Debian's have; on "
			   "arm64 CONFIG_KEXEC will do" },
	{ REPORT_NOT_STARTED, "look at the kernel's messages above; on arm64 try maxcpus=1" },
	{ REPORT_NO_CACHE, "make a cache disk with 'uki/scripts/make-cache-disk.sh menu-cache.raw 256' "
			   "or 'cloud-boot cache-disk menu-cache.raw 256' and attach it, writable; or "
			   "name a FAT partition with cloudboot.cache" },
	{ REPORT_NOT_STAGED, "attach the cache disk writable; check it with fsck.vfat, or make a new "
			     "one with 'cloud-boot cache-disk'" },
	{ REPORT_NO_ROOM, "make a bigger cache disk with 'cloud-boot cache-disk PATH MIB'; after power cuts "
			  "'fsck.vfat -a' may give room back" },
	{ REPORT_NO_VARS, "put the cache disk first in the firmware's boot order: it has a file that "
			  "firmware starts by itself; or give the machine a writable variable store" },
	{ REPORT_LOOP, "start QEMU with pflash and a copy of the variable store, not -bios; leave out "
		       "bootindex=, which rewrites the order; else use cloudboot.exit=kexec. To try again at "
		       "once: reset-cloud-boot.sh, or remove \\EFI\\cloud-boot\\staged from the cache disk" },
};

int fail_with(struct cb_init *in, int r, enum report report)
{
	if (in->report == REPORT_NONE)
		in->report = report;
	return r;
}

void print_report(struct cb_init *in)
{
	struct cb_str text = { in->diag.text, in->diag.len };
	struct cb_buf escaped;
	char number[16];

	cb_buf_init(&escaped, &in->env, 4 * sizeof(in->diag.text));
	cb_str_escape(&escaped, text);
	put_text(in, "\n", 1);
	if (cb_buf_status(&escaped) == 0)
		put_wrapped(in, "cloud-boot: ", (struct cb_str){ (const char *)escaped.p, escaped.n }, 2);
	else
		announce(in, "cloud-boot: %.*s", CB_STR_ARG(text)); /* it escapes without memory */
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
		if (advice[i].report == in->report)
			put_wrapped(in, "  what to do: ", cb_str_c(advice[i].text), 4);
	put_text(in, number, cb_fmt(number, sizeof(number), "  CB-%u\n", (unsigned)in->report));
	cb_buf_fini(&escaped);
}
