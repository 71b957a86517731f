/* uki/build.c - finds what goes into boot.efi: kernel, modules, stub, init, command line. */
#include "uki/build.h"

#include <string.h>
#include <unistd.h>

#include "boot/cmdline.h"
#include "codec/hash.h"
#include "codec/hex.h"
#include "codec/pem.h"
#include "core/limits.h"
#include "settings/settings.h"
#include "uki/debian.h"
#include "uki/kernel.h"
#include "uki/parts.h"

/* The consoles of a command line that names none: a screen and the first serial port of the machines
 * that we boot on. Of several the last one becomes /dev/console; absent ones do no harm. */
static const char *const consoles[CB_ARCH_N] = {
	[CB_ARCH_X86_64] = "tty0 ttyS0,115200",
	[CB_ARCH_AARCH64] = "tty0 hvc0 ttyAMA0",
	[CB_ARCH_RISCV64] = "tty0 ttyS0",
	[CB_ARCH_LOONGARCH64] = "tty0 ttyS0",
};

static const char *const kernel_packages[CB_ARCH_N] = {
	[CB_ARCH_X86_64] = "linux-image-cloud-amd64",
	[CB_ARCH_AARCH64] = "linux-image-cloud-arm64",
	[CB_ARCH_RISCV64] = "linux-image-riscv64",
	[CB_ARCH_LOONGARCH64] = "linux-image-loong64",
};

#define IMAGE_PREFIX "linux-image-"

/* Where distributions keep the bundle of authorities: Debian's place, which others have, too. */
#define HOST_CA "/etc/ssl/certs/ca-certificates.crt"

static const char *stub_path(struct cb_host *h, const char *root, enum cb_arch arch)
{
	return cb_host_text(h, "%s/usr/lib/systemd/boot/efi/linux%s.efi.stub", root,
			    cb_parts_efi_name(h, arch));
}

const char *cb_build_installed_stub(struct cb_host *h, enum cb_arch arch)
{
	const char *path = stub_path(h, "", arch);

	return path != NULL && access(path, R_OK) == 0 ? path : NULL;
}

static struct cb_debian debian(const struct cb_build *b)
{
	return (struct cb_debian){ b->plan->arch, b->plan->suite, b->plan->refresh };
}

static int open_stub(struct cb_build *b)
{
	const char *path = b->plan->stub;
	struct cb_debian from = debian(b);
	struct cb_package p;

	if (path == NULL)
		path = cb_build_installed_stub(b->h, b->plan->arch);
	if (path == NULL) {
		int r = cb_debian_get(b->h, &from, "systemd-boot-efi", NULL, &p);

		if (r < 0)
			return cb_wrap(&b->h->env, r, "the UEFI stub for %s",
				       cb_arch_name(b->plan->arch));
		path = stub_path(b->h, p.dir, b->plan->arch);
	}
	return path != NULL ? cb_hostfile_open(b->h, path, &b->stub.file) : CB_ENOMEM;
}

/* The cloud kernel of Debian, and its modules. */
static int default_kernel(struct cb_build *b, const char **ret_kernel, const char **ret_modules)
{
	struct cb_debian from = debian(b);
	struct cb_host *h = b->h;
	struct cb_package p;
	int r = cb_debian_get(h, &from, kernel_packages[b->plan->arch], IMAGE_PREFIX, &p);

	if (r < 0)
		return cb_wrap(&h->env, r, "the kernel for %s", cb_arch_name(b->plan->arch));

	const char *release = p.name + (sizeof(IMAGE_PREFIX) - 1);
	const char *dir = cb_host_text(h, "%s/usr/lib/modules/%s", p.dir, release);

	if (dir != NULL && access(dir, R_OK) < 0)
		dir = cb_host_text(h, "%s/lib/modules/%s", p.dir, release);
	*ret_kernel = cb_host_text(h, "%s/boot/vmlinuz-%s", p.dir, release);
	*ret_modules = dir;
	b->from = cb_host_text(h, "Debian package %s %s", p.name, p.version);
	return *ret_kernel != NULL && dir != NULL && b->from != NULL ? 0 : CB_ENOMEM;
}

static int open_kernel(struct cb_build *b)
{
	const char *kernel = b->plan->kernel, *modules = b->plan->modules;
	struct cb_host *h = b->h;
	int r = 0;

	if (kernel == NULL && modules != NULL)
		return cb_host_usage(h, "--modules goes with --kernel");
	if (kernel == NULL)
		r = default_kernel(b, &kernel, &modules);
	else
		b->from = kernel;
	if (r == 0)
		r = cb_hostfile_open(h, kernel, &b->kernel.file);
	if (r == 0) {
		r = cb_kernel_look(h, &b->kernel.file.in, b->plan->arch, &b->release);
		if (r < 0)
			return cb_host_advise(h, cb_wrap(&h->env, r, "%s", kernel), CB_REPORT_INPUT,
					      "give --kernel the vmlinuz or Image of a kernel with "
					      "its EFI stub");
	}
	if (r == 0 && modules != NULL)
		r = cb_modules_pick(h, modules, &b->modules);
	if (r < 0 || b->modules.release == NULL)
		return r;
	if (b->release == NULL)
		b->release = b->modules.release;
	if (strcmp(b->modules.release, b->release) == 0)
		return 0;
	(void)cb_fail(&h->env, CB_EINVAL, "%s: modules of Linux %s, the kernel is %s", modules,
		      b->modules.release, b->release);
	return cb_host_advise(h, CB_EINVAL, CB_REPORT_INPUT,
			      "give --modules the folder of this kernel");
}

static int read_cmdline(struct cb_build *b, struct cb_buf *ret)
{
	const char *given = b->plan->cmdline != NULL ? b->plan->cmdline : "";
	struct cb_buf file;
	int r;

	if (given[0] != '@') {
		cb_buf_str(ret, cb_str_trim(cb_str_c(given)));
		return cb_buf_status(ret);
	}
	cb_buf_init(&file, &b->h->env, CB_MAX_BLS_FILE);
	r = cb_hostfile_slurp(b->h, given + 1, &file);
	if (r == 0) {
		cb_settings_normalise((struct cb_str){ (const char *)file.p, file.n }, ret);
		r = cb_buf_status(ret);
	}
	cb_buf_fini(&file);
	return r < 0 ? cb_wrap(&b->h->env, r, "--cmdline %s", given) : 0;
}

/* What init would complain about is said now. */
static int warn_settings(struct cb_build *b, struct cb_str line)
{
	struct cb_settings s;

	cb_settings_init(&s, &b->h->env);

	int r = cb_settings_read(&s, line, CB_SOURCE_CMDLINE);

	for (const struct cb_note *n = s.notes; r == 0 && n != NULL; n = n->next)
		cb_host_say(b->h, "warning: --cmdline: %.*s", CB_STR_ARG(n->text));
	cb_settings_fini(&s);
	return r;
}

static int make_cmdline(struct cb_build *b)
{
	struct cb_str line;
	struct cb_buf text;

	cb_buf_init(&text, &b->h->env, 2 * CB_MAX_BLS_FILE);

	int r = read_cmdline(b, &text);

	line = (struct cb_str){ (const char *)text.p, text.n };
	if (r == 0)
		r = warn_settings(b, line);
	if (r == 0) {
		/* Without a kernel of ours the words are the system's, which has its own consoles. */
		r = cb_cmdline_finish(&b->h->arena, line, b->plan->front == CB_FRONT_LOADER_ONLY ?
				      CB_STR("") : cb_str_c(consoles[b->plan->arch]), &b->cmdline);
		if (r < 0)
			r = cb_host_advise(b->h, cb_wrap(&b->h->env, r, "--cmdline"), CB_REPORT_INPUT,
					   "one line of text, as the kernel takes it");
	}
	cb_buf_fini(&text);
	return r;
}

static int make_osrel(struct cb_build *b)
{
	const char *text;
	struct cb_buf file;
	int r;

	if (b->plan->osrel == NULL) {
		text = cb_host_text(b->h, "ID=cloud-boot\nNAME=\"cloud-boot\"\nVERSION_ID=%s\n"
				    "PRETTY_NAME=\"cloud-boot %s (Linux %s)\"\n", cb_version, cb_version,
				    b->release != NULL ? b->release : "unknown");
		b->osrel = cb_str_c(text);
		return text != NULL ? 0 : CB_ENOMEM;
	}
	cb_buf_init(&file, &b->h->env, CB_MAX_BLS_FILE);
	r = cb_hostfile_slurp(b->h, b->plan->osrel, &file);
	if (r == 0) {
		b->osrel = cb_arena_str(&b->h->arena, (struct cb_str){ (const char *)file.p, file.n });
		r = b->osrel.p != NULL ? 0 : CB_ENOMEM;
	}
	cb_buf_fini(&file);
	return r < 0 ? cb_wrap(&b->h->env, r, "--osrel") : 0;
}

static int open_additions(struct cb_build *b)
{
	struct cb_build_file **end = &b->add;

	for (size_t i = 0; i < b->plan->initrd_add.n; i++) {
		struct cb_build_file *f = cb_new(&b->h->arena, struct cb_build_file, 1);
		int r = f != NULL ? cb_hostfile_open(b->h, b->plan->initrd_add.v[i], &f->file) :
				    CB_ENOMEM;

		if (r < 0)
			return r;
		*end = f;
		end = &f->next;
	}
	return 0;
}

/* sbsign reads them at the end; what isn't there is said at once. */
static int check_keys(struct cb_host *h, const struct cb_build_plan *plan)
{
	const char *const paths[] = { plan->sign_key, plan->sign_cert };
	struct cb_hostfile f = { 0 };
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0 && paths[i] != NULL; i++) {
		r = cb_hostfile_open(h, paths[i], &f);
		if (r == 0)
			cb_hostfile_close(&f);
	}
	return r;
}

/* What init's ways need: not there on media that have path B alone. */
static int open_uki(struct cb_build *b)
{
	int r = cb_parts_init(b->h, b->plan->arch, &b->init);

	if (r == 0)
		r = open_additions(b);
	if (r == 0)
		r = open_kernel(b);
	if (r == 0)
		r = open_stub(b);
	return r;
}

static int open_loader(struct cb_build *b)
{
	const char *path;
	int r = cb_parts_loader(b->h, b->plan->arch, &path);

	return r == 0 ? cb_hostfile_open(b->h, path, &b->loader.file) : r;
}

/* Whom the loader trusts to vouch for servers. */
static int read_ca(struct cb_build *b)
{
	const char *path = b->plan->ca != NULL ? b->plan->ca : HOST_CA;
	struct cb_host *h = b->h;
	struct cb_buf file;
	int r;

	if (b->plan->ca == NULL && access(path, R_OK) < 0) {
		cb_host_say(h, "warning: no --ca, and no " HOST_CA " here: the loader will refuse https");
		return 0;
	}
	cb_buf_init(&file, &h->env, CB_MAX_CA);
	r = cb_hostfile_slurp(h, path, &file);
	if (r == 0) {
		r = cb_pem_certificates(&h->env, cb_buf_bytes(&file), &b->ca, &b->ca_n);
		if (r < 0)
			r = cb_host_advise(h, cb_wrap(&h->env, r, "%s", path), CB_REPORT_INPUT,
					   "give --ca the certificates of authorities, in PEM or DER");
	}
	if (r == 0)
		b->ca_from = path;
	cb_buf_fini(&file);
	return r;
}

int cb_build_open(struct cb_host *h, const struct cb_build_plan *plan, struct cb_build *ret)
{
	int r;

	*ret = (struct cb_build){ .h = h, .plan = plan };
	cb_buf_init(&ret->ca, &h->env, CB_MAX_CA);
	r = check_keys(h, plan);
	if (r == 0 && plan->front != CB_FRONT_LOADER_ONLY)
		r = open_uki(ret);
	if (r == 0 && plan->front != CB_FRONT_UKI)
		r = open_loader(ret);
	if (r == 0 && plan->front != CB_FRONT_UKI)
		r = read_ca(ret);
	if (r == 0)
		/* A package's files have the time of its build. */
		r = cb_host_epoch(h, ret->kernel.file.path != NULL ? ret->kernel.file.mtime :
				  ret->loader.file.mtime, &ret->epoch);
	if (r == 0)
		r = make_cmdline(ret);
	if (r == 0)
		r = make_osrel(ret);
	if (r < 0)
		cb_build_close(ret);
	return r;
}

void cb_build_close(struct cb_build *b)
{
	cb_hostfile_close(&b->kernel.file);
	cb_hostfile_close(&b->stub.file);
	cb_hostfile_close(&b->loader.file);
	cb_buf_fini(&b->ca);
	for (struct cb_build_file *f = b->add; f != NULL; f = f->next)
		cb_hostfile_close(&f->file);
	b->add = NULL;
}

/* A file by what stat(2) tells: its bytes are not read. */
static void key_file(struct cb_buf *b, const struct cb_hostfile *f)
{
	cb_buf_fmt(b, "%s %llu %lld\n", f->path != NULL ? f->path : "-",
		   (unsigned long long)f->in.size, (long long)f->mtime);
}

int cb_build_key(const struct cb_build *b, char ret[17])
{
	uint8_t digest[CB_HASH_MAX];
	size_t digest_n = cb_hash_bytes(CB_HASH_SHA256, cb_buf_bytes(&b->ca), digest);
	struct cb_hostfile init = { 0 };
	struct cb_buf text;
	int r = b->init != NULL ? cb_hostfile_open(b->h, b->init, &init) : 0;

	if (r < 0)
		return r;
	cb_buf_init(&text, &b->h->env, 1u << 20);
	cb_buf_fmt(&text, "%s %s %s %lld\n", cb_version, cb_arch_name(b->plan->arch),
		   b->release != NULL ? b->release : "", (long long)b->epoch);
	cb_buf_str(&text, b->cmdline);
	cb_buf_fmt(&text, "\n");
	cb_buf_str(&text, b->osrel);
	cb_hex_add(&text, (struct cb_bytes){ digest, digest_n });
	key_file(&text, &init);
	key_file(&text, &b->kernel.file);
	key_file(&text, &b->stub.file);
	key_file(&text, &b->loader.file);
	for (const struct cb_build_file *f = b->add; f != NULL; f = f->next)
		key_file(&text, &f->file);
	r = cb_buf_status(&text);
	(void)cb_hash_bytes(CB_HASH_SHA256, cb_buf_bytes(&text), digest); /* 32 bytes */
	cb_hex(ret, digest, 8);
	cb_buf_fini(&text);
	cb_hostfile_close(&init);
	return r;
}
