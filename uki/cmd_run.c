/* uki/cmd_run.c - `cloud-boot run`: makes what is missing and starts QEMU or vfkit with the command line
 * of the hypervisor page. */
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "boot/boot.h"
#include "uki/build.h"
#include "uki/cache_disk.h"
#include "uki/images.h"
#include "uki/kvm.h"
#include "uki/parts.h"
#include "uki/proc.h"
#include "uki/qemu.h"
#include "uki/state.h"
#include "uki/vfkit.h"

struct args {
	const char *hypervisor, *arch, *exit, *media, *boot;
	struct cb_build_plan plan;
	struct cb_qemu_plan qemu;
	struct cb_list vfkit;
	bool gui, print, probe;
};

/* The loader looks at its firmware and ends. */
#define PROBE_SETTINGS "cloudboot.target=cloud-boot-probe cloudboot.onfail=poweroff"

#define PLAN(field) offsetof(struct args, plan.field)
#define QEMU(field) offsetof(struct args, qemu.field)

static const struct cb_opt opts[] = {
	{ "hypervisor", 0, CB_OPT_TEXT, "qemu|vfkit", offsetof(struct args, hypervisor),
	  "what runs the machine; default: qemu. vfkit is for macOS" },
	{ "arch", 0, CB_OPT_TEXT, "ARCH", offsetof(struct args, arch),
	  "of the machine: x86_64 or aarch64; default: that of the kernel on the disks" },
	{ "exit", 0, CB_OPT_TEXT, "auto|kexec|reboot", offsetof(struct args, exit),
	  "sets cloudboot.exit: how the boot ends. auto and reboot get a cache disk and a variable store "
	  "that lasts" },
	{ "cmdline", 0, CB_OPT_TEXT, "TEXT|@FILE", PLAN(cmdline),
	  "settings for cloud-boot, as for build" },
	{ "media", 0, CB_OPT_TEXT, "efi|iso|cdrom", offsetof(struct args, media),
	  "what the machine boots from: boot.efi as a drive, boot.iso as a drive, or as a CD-ROM; "
	  "default: efi, and iso when there is a cache disk" },
	{ "boot", 0, CB_OPT_TEXT, "FILE", offsetof(struct args, boot),
	  "this boot.efi or boot.iso, instead of building one" },
	{ "cache", 0, CB_OPT_TEXT, "FILE", QEMU(cache),
	  "the cache disk, made when it is missing; default: one of these disks' own, if --exit needs it" },
	{ "vars", 0, CB_OPT_TEXT, "FILE", QEMU(vars),
	  "the UEFI variable store, made when it is missing; default: one of these disks' own" },
	{ "kernel", 0, CB_OPT_TEXT, "FILE", PLAN(kernel), "the bootstrap kernel, as for build" },
	{ "modules", 0, CB_OPT_TEXT, "DIR", PLAN(modules), "its modules, as for build" },
	{ "mem", 'm', CB_OPT_TEXT, "SIZE", QEMU(mem),
	  "memory of the machine, as QEMU takes it; default: 2G, vfkit's own for vfkit" },
	{ "smp", 0, CB_OPT_TEXT, "N", QEMU(smp), "processors of the machine; default: 1" },
	{ "snapshot", 0, CB_OPT_FLAG, NULL, QEMU(snapshot),
	  "the disks keep nothing of what the guest writes; the cache disk does" },
	{ "accel", 0, CB_OPT_TEXT, "kvm|tcg", QEMU(accel),
	  "virtualise or emulate; default: kvm where a guest of that architecture runs in it" },
	{ "firmware", 0, CB_OPT_TEXT, "FILE", QEMU(firmware),
	  "UEFI firmware: for -bios, or with --vars for pflash; default: the host's OVMF or AAVMF" },
	{ "qemu", 0, CB_OPT_LIST, "WORD", QEMU(extra), "a word more for QEMU; may be given again" },
	{ "vfkit", 0, CB_OPT_LIST, "WORD", offsetof(struct args, vfkit),
	  "a word more for vfkit; may be given again" },
	{ "gui", 0, CB_OPT_FLAG, NULL, offsetof(struct args, gui),
	  "vfkit: a window, with a keyboard and a pointer" },
	{ "probe", 0, CB_OPT_FLAG, NULL, offsetof(struct args, probe),
	  "boot nothing: show which UEFI protocols the machine's firmware has, and end. Needs no disk" },
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

/* QEMU would take a folder for a FAT disk of its files. path NULL is fine. */
static int check_file(struct cb_host *h, const char *path, const char *what)
{
	struct stat st;
	int r = 0;

	if (path == NULL)
		return 0;
	if (access(path, R_OK) < 0 || stat(path, &st) < 0)
		r = cb_host_errno(h, "%s", path);
	else if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		r = cb_fail(&h->env, CB_EINVAL, "%s is %s, not a file or block device", path,
			    S_ISDIR(st.st_mode) ? "a directory" : "something else");
	return cb_host_advise(h, r, CB_REPORT_INPUT, "give %s that exists and can be read", what);
}

static int check_disks(struct cb_host *h, const struct cb_list *disks)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < disks->n; i++)
		r = check_file(h, disks->v[i], "a disk image");
	return r;
}

static int check_arch(struct cb_host *h, struct args *a, const struct cb_list *disks)
{
	if (a->arch == NULL)
		a->plan.arch = guess_arch(h, disks);
	else if (!cb_arch_parse(cb_str_c(a->arch), &a->plan.arch))
		return cb_host_usage(h, "--arch %s: it is x86_64 or aarch64", a->arch);
	if (cb_qemu_program(a->plan.arch) == NULL)
		return cb_host_usage(h, "it starts machines of x86_64 and aarch64, not of %s",
				     cb_arch_name(a->plan.arch));
	return 0;
}

/* Path B's loader alone. What belongs to another boot is refused rather than ignored. */
static int set_probe(struct cb_host *h, struct args *a, const struct cb_list *disks)
{
	const char *foreign = a->exit != NULL ? "--exit" : a->plan.cmdline != NULL ? "--cmdline" :
		a->boot != NULL ? "--boot" : a->qemu.cache != NULL ? "--cache" :
		a->plan.kernel != NULL ? "--kernel" : a->plan.modules != NULL ? "--modules" : NULL;

	if (!a->probe)
		return disks->n > 0 ? 0 :
			cb_host_usage(h, "operands missing: cloud-boot run DISK..., or --probe");
	if (foreign != NULL)
		return cb_host_usage(h, "--probe boots nothing, and takes no %s", foreign);
	a->plan.front = CB_FRONT_LOADER_ONLY;
	a->plan.cmdline = PROBE_SETTINGS;
	a->qemu.keep_boot = true; /* the probe writes a file beside itself */
	return 0;
}

static int set_exit(struct cb_host *h, struct args *a)
{
	if (a->exit == NULL)
		return 0;
	a->plan.cmdline = cb_host_text(h, "%s%scloudboot.exit=%s",
				       a->plan.cmdline != NULL ? a->plan.cmdline : "",
				       a->plan.cmdline != NULL ? " " : "", a->exit);
	return a->plan.cmdline != NULL ? 0 : CB_ENOMEM;
}

static int make_cache(struct cb_host *h, const char *path)
{
	const struct cb_cache_plan plan = { .path = path };
	struct cb_cache_disk disk;
	int r = cb_cache_disk_make(h, &plan, &disk);

	if (r == 0 && disk.made)
		cb_host_say(h, "made %s", path);
	return r;
}

/* Path C's disk and variable store, where they were not named: the machine's own. The store goes with the
 * cache disk, as its entries name what is there, and with the architecture, whose firmware it is of. On
 * x86_64 OVMF always has one: its code needs it. */
static int find_state(struct cb_host *h, struct args *a, const struct cb_list *disks)
{
	struct cb_qemu_plan *q = &a->qemu;
	const struct cb_list of_cache = { &q->cache, 1 };
	const struct cb_list of_disk = { disks->v, disks->n > 0 ? 1 : 0 }; /* a probe may have none */
	const char *vars = cb_host_text(h, "vars-%s", cb_arch_name(a->plan.arch));
	bool two_disks = q->cache != NULL || (a->exit != NULL && strcmp(a->exit, "kexec") != 0);
	int r = vars != NULL ? 0 : CB_ENOMEM;

	if (two_disks && q->firmware != NULL && q->vars == NULL)
		return cb_host_usage(h, "--firmware with a cache disk needs --vars: a store that lasts");
	if (r == 0 && two_disks && q->cache == NULL)
		r = cb_state_path(h, disks, "menu-cache", "raw", &q->cache);
	if (r == 0 && two_disks)
		r = make_cache(h, q->cache);
	if (r < 0 || q->vars != NULL)
		return r;
	if (two_disks)
		return cb_state_path(h, &of_cache, vars, "fd", &q->vars);
	if (a->plan.arch == CB_ARCH_X86_64 && q->firmware == NULL)
		return cb_state_path(h, &of_disk, vars, "fd", &q->vars);
	return 0;
}

static int check_qemu(struct cb_host *h, struct args *a, const struct cb_list *disks)
{
	const char *media;
	int r;

	if (a->gui || a->vfkit.n > 0)
		return cb_host_usage(h, "%s goes with --hypervisor vfkit", a->gui ? "--gui" : "--vfkit");
	r = check_disks(h, disks);
	if (r == 0)
		r = check_arch(h, a, disks);
	if (r == 0)
		r = set_exit(h, a);
	if (r == 0)
		r = find_state(h, a, disks);
	if (r < 0)
		return r;
	media = a->media != NULL ? a->media : a->qemu.cache != NULL ? "iso" : "efi";
	a->qemu.media = strcmp(media, "efi") == 0 ? CB_MEDIA_EFI :
		strcmp(media, "iso") == 0 ? CB_MEDIA_ISO : CB_MEDIA_CDROM;
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

static int run_qemu(struct cb_host *h, struct args *a, const struct cb_list *disks)
{
	const char *const *words = NULL;
	int r = check_qemu(h, a, disks);

	a->qemu.boot = a->boot;
	if (r == 0 && a->boot == NULL)
		r = build(h, a);
	if (r == 0)
		r = check_file(h, a->boot, "a boot.efi or boot.iso");
	if (r == 0)
		r = cb_qemu_words(h, &a->qemu, &words);
	if (r < 0)
		return r;
	return a->print ? print(h, words) : start(h, words);
}

static int check_vfkit(struct cb_host *h, const struct args *a)
{
	const struct cb_qemu_plan *q = &a->qemu;

	const char *foreign = q->snapshot ? "--snapshot" : q->accel != NULL ? "--accel" :
		q->firmware != NULL ? "--firmware" : q->extra.n > 0 ? "--qemu" : NULL;

	if (foreign != NULL)
		return cb_host_usage(h, "%s goes with --hypervisor qemu", foreign);
	if (a->media != NULL && strcmp(a->media, "iso") != 0)
		return cb_host_usage(h, "--media %s: vfkit starts boot.iso", a->media);
	if (a->exit != NULL && strcmp(a->exit, "kexec") == 0)
		return cb_host_usage(h, "--exit kexec: Apple's Virtualization.framework refuses kexec");
	return 0;
}

/* The names of the page, in this folder: the command is for a Mac, perhaps for another machine than this. */
static void name_vfkit_files(const struct args *a, const struct cb_list *disks, struct cb_vfkit_plan *ret)
{
	*ret = (struct cb_vfkit_plan){
		.boot = a->probe ? "probe.raw" : a->boot != NULL ? a->boot : "boot.iso",
		.boot_writable = a->probe, .serial = a->probe,
		.cache = a->probe ? NULL : a->qemu.cache != NULL ? a->qemu.cache : "menu-cache.raw",
		.vars = a->qemu.vars != NULL ? a->qemu.vars : "nvram.fd",
		.mac = "auto", .disks = *disks, .mem = a->qemu.mem, .smp = a->qemu.smp, .gui = a->gui,
		.extra = a->vfkit,
	};
}

/* What the printed command will not find. */
static void say_missing(struct cb_host *h, const struct args *a, const struct cb_vfkit_plan *plan)
{
	bool boot = access(plan->boot, R_OK) == 0;

	if (!boot && a->probe)
		cb_host_say(h, "note: %s is not there: cloud-boot build --arch aarch64 --path-b --out %s "
			    "--cmdline \"" PROBE_SETTINGS "\"", plan->boot, plan->boot);
	else if (!boot)
		cb_host_say(h, "note: %s is not there: cloud-boot build --arch aarch64 --iso %s --cmdline "
			    "cloudboot.exit=reboot", plan->boot, plan->boot);
	if (plan->cache != NULL && access(plan->cache, R_OK) < 0)
		cb_host_say(h, "note: %s is not there: cloud-boot cache-disk %s", plan->cache, plan->cache);
	if (access(plan->vars, R_OK) < 0)
		cb_host_say(h, "note: %s is not there: the first time, write variable-store=%s,create",
			    plan->vars, plan->vars);
	for (size_t i = 0; i < plan->disks.n; i++)
		if (access(plan->disks.v[i], R_OK) < 0)
			cb_host_say(h, "note: %s is not there", plan->disks.v[i]);
}

/* On a Mac: boot.iso and the cache disk are made when they are missing. vfkit makes the variable store,
 * and chooses the card's address when it is told none: it parses six numbers, not the page's "auto". */
static int prepare_vfkit(struct cb_host *h, struct args *a, struct cb_vfkit_plan *plan)
{
	struct cb_build_report report;
	struct cb_build b;
	int r = check_disks(h, &plan->disks);

	if (r == 0 && plan->cache != NULL)
		r = make_cache(h, plan->cache);
	plan->create_vars = access(plan->vars, R_OK) < 0;
	plan->mac = NULL;
	if (r < 0 || access(plan->boot, R_OK) == 0)
		return r;
	if (!a->probe && a->exit == NULL)
		a->exit = "reboot";
	a->arch = a->arch != NULL ? a->arch : "aarch64";
	r = check_arch(h, a, &plan->disks);
	if (r == 0)
		r = set_exit(h, a);
	if (r == 0)
		r = cb_build_open(h, &a->plan, &b);
	if (r < 0)
		return r;
	r = cb_build_write(&b, a->probe ? plan->boot : NULL, a->probe ? NULL : plan->boot, &report);
	cb_build_close(&b);
	return r;
}

static int run_vfkit(struct cb_host *h, struct args *a, const struct cb_list *disks)
{
	const char *const *words = NULL;
	struct cb_vfkit_plan plan;
	struct utsname system;
	int r = check_vfkit(h, a);

	if (r < 0)
		return r;
	name_vfkit_files(a, disks, &plan);
	if (a->print) {
		say_missing(h, a, &plan);
	} else if (uname(&system) < 0 || strcmp(system.sysname, "Darwin") != 0) {
		(void)cb_fail(&h->env, CB_EUNSUP, "vfkit runs on macOS only: it is Apple's "
			      "Virtualization.framework on the command line");
		return cb_host_advise(h, CB_EUNSUP, CB_REPORT_TOOL, "--print shows the command for the Mac; "
				      "here, leave --hypervisor out");
	} else {
		r = prepare_vfkit(h, a, &plan);
	}
	if (r == 0)
		r = cb_vfkit_words(h, &plan, &words);
	if (r < 0)
		return r;
	return a->print ? print(h, words) : start(h, words);
}

static int run(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	struct args a = *(const struct args *)args;
	int r = set_probe(h, &a, operands);

	if (r < 0)
		return r;
	if (a.hypervisor != NULL && strcmp(a.hypervisor, "vfkit") == 0)
		return run_vfkit(h, &a, operands);
	return run_qemu(h, &a, operands);
}

const struct cb_cmd cb_cmd_run = {
	.name = "run", .operands = "[DISK...]",
	.summary = "boot disk images in QEMU or vfkit, through cloud-boot",
	.about = "Builds boot.efi if there is none for these settings yet, and starts QEMU with it and "
		"the disks, on this terminal (Ctrl-A X ends it). The guest writes to its disks, unless "
		"--snapshot is given. An x86_64 machine keeps its UEFI variables in the cache from one run "
		"to the next, by its first disk.\n\n"
		"With --exit reboot or auto, or with --cache, the machine gets what staging needs: "
		"boot.iso read-only, then a writable cache disk, then the disks, all virtio, and a "
		"variable store that lasts. Cache disk and store are kept in the cache for this set of "
		"disks; remove them there to begin anew.\n\n"
		"--probe starts the machine with path B's loader alone, which prints the firmware's "
		"protocols, as a table and as JSON, and powers off.\n\n"
		"--hypervisor vfkit is the same for Apple's Virtualization.framework: boot.iso, "
		"menu-cache.raw and nvram.fd in this folder, unless they are named. --print shows the "
		"command on any machine; only macOS can run it (docs/vfkit.md).",
	.examples = "cloud-boot run debian.qcow2\n"
		"cloud-boot run --exit reboot debian.qcow2\n"
		"cloud-boot run --arch aarch64 --media cdrom --snapshot debian-arm64.qcow2\n"
		"cloud-boot run --print --hypervisor vfkit debian-trixie.raw\n"
		"cloud-boot run --print --cmdline cloudboot.debug=1 debian.qcow2 data.raw\n"
		"cloud-boot run --probe --arch aarch64",
	CB_OPTS(opts), .min_operands = 0, .max_operands = 64, .args_size = sizeof(struct args),
	.run = run,
};
