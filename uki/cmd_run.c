/* uki/cmd_run.c - `cloud-boot run`: builds what is missing and starts QEMU with the command line of the
 * hypervisor page. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "boot/boot.h"
#include "uki/build.h"
#include "uki/images.h"
#include "uki/kvm.h"
#include "uki/parts.h"
#include "uki/proc.h"
#include "uki/qemu.h"

struct args {
	const char *arch, *exit, *cmdline, *media, *boot;
	struct cb_build_plan plan;
	struct cb_qemu_plan qemu;
	bool print;
};

#define PLAN(field) offsetof(struct args, plan.field)
#define QEMU(field) offsetof(struct args, qemu.field)

static const struct cb_opt opts[] = {
	{ "arch", 0, CB_OPT_TEXT, "ARCH", offsetof(struct args, arch),
	  "of the machine: x86_64 or aarch64; default: that of the kernel on the disks" },
	{ "exit", 0, CB_OPT_TEXT, "auto|kexec|reboot", offsetof(struct args, exit),
	  "sets cloudboot.exit: how the boot ends" },
	{ "cmdline", 0, CB_OPT_TEXT, "TEXT|@FILE", PLAN(cmdline),
	  "settings for cloud-boot, as for build" },
	{ "media", 0, CB_OPT_TEXT, "efi|iso|cdrom", offsetof(struct args, media),
	  "what the machine boots from: boot.efi as a drive (the default), boot.iso as a drive, or as a "
	  "CD-ROM" },
	{ "boot", 0, CB_OPT_TEXT, "FILE", offsetof(struct args, boot),
	  "this boot.efi or boot.iso, instead of building one" },
	{ "kernel", 0, CB_OPT_TEXT, "FILE", PLAN(kernel), "the bootstrap kernel, as for build" },
	{ "modules", 0, CB_OPT_TEXT, "DIR", PLAN(modules), "its modules, as for build" },
	{ "mem", 'm', CB_OPT_TEXT, "SIZE", QEMU(mem),
	  "memory of the machine, as QEMU takes it; default: 2G" },
	{ "smp", 0, CB_OPT_TEXT, "N", QEMU(smp), "processors of the machine; default: 1" },
	{ "snapshot", 0, CB_OPT_FLAG, NULL, QEMU(snapshot),
	  "the disks keep nothing of what the guest writes" },
	{ "accel", 0, CB_OPT_TEXT, "kvm|tcg", QEMU(accel),
	  "virtualise or emulate; default: kvm where a guest of that architecture runs in it" },
	{ "firmware", 0, CB_OPT_TEXT, "FILE", QEMU(firmware),
	  "UEFI firmware for -bios; default: the host's OVMF or AAVMF" },
	{ "qemu", 0, CB_OPT_LIST, "WORD", QEMU(extra), "a word more for QEMU; may be given again" },
	{ "print", 0, CB_OPT_FLAG, NULL, offsetof(struct args, print),
	  "print the command, quoted for a shell, instead of running it" },
};

/* What the disks want to run on: the architecture of the first kernel that could boot. */
static enum cb_arch guess_arch(struct cb_host *h, const struct cb_list *disks)
{
	const struct cb_boot_request req = { 0 };
	enum cb_arch arch = cb_kvm_host_arch();
	struct cb_candidate *best;
	struct cb_boot_plan *plan;
	struct cb_volumes vs;

	if (cb_images_open(h, disks, &vs) < 0)
		goto out;
	if (cb_boot_plan_make(&vs, &req, &plan) == 0) {
		if (cb_boot_next(plan, NULL, &best) == 0 && best->arch != CB_ARCH_NONE)
			arch = best->arch;
		cb_boot_plan_free(plan);
	}
	cb_volumes_fini(&vs);
out:
	cb_host_forget(h); /* a guess: QEMU, or cloud-boot in the guest, will say more */
	return arch;
}

static int check(struct cb_host *h, struct args *a, const struct cb_list *disks)
{
	const char *media = a->media != NULL ? a->media : "efi";

	a->qemu.media = strcmp(media, "efi") == 0 ? CB_MEDIA_EFI :
		strcmp(media, "iso") == 0 ? CB_MEDIA_ISO : CB_MEDIA_CDROM;
	for (size_t i = 0; i < disks->n; i++)
		if (access(disks->v[i], R_OK) < 0)
			return cb_host_advise(h, cb_host_errno(h, "%s", disks->v[i]), CB_REPORT_INPUT,
					      "give disk images that exist and can be read");
	if (a->arch == NULL)
		a->plan.arch = guess_arch(h, disks);
	else if (!cb_arch_parse(cb_str_c(a->arch), &a->plan.arch))
		return cb_host_usage(h, "--arch %s: it is x86_64 or aarch64", a->arch);
	if (cb_qemu_program(a->plan.arch) == NULL)
		return cb_host_usage(h, "it starts machines of x86_64 and aarch64, not of %s",
				     cb_arch_name(a->plan.arch));
	if (a->exit != NULL)
		a->plan.cmdline = cb_host_text(h, "%s%scloudboot.exit=%s",
					       a->plan.cmdline != NULL ? a->plan.cmdline : "",
					       a->plan.cmdline != NULL ? " " : "", a->exit);
	if (a->qemu.mem == NULL)
		a->qemu.mem = "2G";
	a->qemu.arch = a->plan.arch;
	a->qemu.disks = *disks;
	return 0;
}

/* boot.efi or boot.iso in the cache, named by what goes in; made when it isn't there. */
static int build(struct cb_host *h, struct args *a)
{
	bool iso = a->qemu.media != CB_MEDIA_EFI;
	struct cb_build_report report;
	struct cb_build b;
	const char *dir, *path;
	char key[17];
	int r = cb_build_open(h, &a->plan, &b);

	if (r < 0)
		return r;
	r = cb_build_key(&b, key);
	if (r == 0)
		r = cb_parts_cache(h, "run", &dir);
	if (r == 0) {
		path = cb_host_text(h, "%s/%s-%s.%s", dir, cb_arch_name(a->plan.arch), key,
				    iso ? "iso" : "efi");
		a->qemu.boot = path;
		r = path != NULL ? 0 : CB_ENOMEM;
	}
	if (r == 0 && access(path, R_OK) < 0) {
		r = cb_build_write(&b, iso ? NULL : path, iso ? path : NULL, &report);
		if (r == 0)
			cb_host_say(h, "built %s", path);
	}
	cb_build_close(&b);
	return r;
}

static int start(struct cb_host *h, const char *const *words)
{
	const char *package = cb_proc_package(words[0]);

	fflush(stdout);
	(void)execvp(words[0], (char *const *)words); /* returns only when it failed */
	return cb_host_advise(h, cb_host_errno(h, "starting %s", words[0]), CB_REPORT_TOOL,
			      "install it: apt-get install %s", package != NULL ? package : words[0]);
}

static int print(struct cb_host *h, const char *const *words)
{
	struct cb_buf b;

	cb_buf_init(&b, &h->env, 1u << 20);
	cb_proc_quote(&b, words);
	cb_buf_fmt(&b, "\n");

	int r = cb_buf_status(&b);

	cb_host_print(&b);
	cb_buf_fini(&b);
	return r;
}

static int run(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	struct args a = *(const struct args *)args;
	const char *const *words;
	int r = check(h, &a, operands);

	a.qemu.boot = a.boot;
	if (r == 0 && a.boot == NULL)
		r = build(h, &a);
	else if (r == 0 && access(a.boot, R_OK) < 0)
		r = cb_host_advise(h, cb_host_errno(h, "%s", a.boot), CB_REPORT_INPUT,
				   "give a boot.efi or boot.iso that exists");
	if (r == 0)
		r = cb_qemu_words(h, &a.qemu, &words);
	if (r < 0)
		return r;
	return a.print ? print(h, words) : start(h, words);
}

const struct cb_cmd cb_cmd_run = {
	.name = "run", .operands = "DISK...",
	.summary = "boot disk images in QEMU, through cloud-boot",
	.about = "Builds boot.efi if there is none for these settings yet, and starts QEMU with it and "
		"the disks, on this terminal (Ctrl-A X ends it). The guest writes to its disks, unless "
		"--snapshot is given. An x86_64 machine keeps its UEFI variables in the cache from one run "
		"to the next, by its first disk.",
	.examples = "cloud-boot run debian.qcow2\n"
		"cloud-boot run --arch aarch64 --media cdrom --snapshot debian-arm64.qcow2\n"
		"cloud-boot run --print --cmdline cloudboot.debug=1 debian.qcow2 data.raw",
	CB_OPTS(opts), .min_operands = 1, .max_operands = 64, .args_size = sizeof(struct args),
	.run = run,
};
