/* uki/cmd_build.c - `cloud-boot build`. */
#include <string.h>

#include "uki/build.h"
#include "codec/json_write.h"
#include "uki/kvm.h"

struct args {
	const char *arch, *out, *iso;
	struct cb_build_plan plan;
	bool json, loader, path_b;
};

#define PLAN(field) offsetof(struct args, plan.field)

static const struct cb_opt opts[] = {
	{ "arch", 0, CB_OPT_TEXT, "ARCH", offsetof(struct args, arch),
	  "of the machines that will boot it: x86_64 (or amd64), aarch64 (or arm64), riscv64, "
	  "loongarch64; default: this machine's" },
	{ "out", 'o', CB_OPT_TEXT, "FILE", offsetof(struct args, out),
	  "write the UKI that is also a bootable disk; default: boot.efi, unless --iso is given" },
	{ "iso", 0, CB_OPT_TEXT, "FILE", offsetof(struct args, iso),
	  "write a hybrid ISO image: boots as CD-ROM and as disk" },
	{ "cmdline", 0, CB_OPT_TEXT, "TEXT|@FILE", PLAN(cmdline),
	  "the command line: settings of cloud-boot and of its kernel; @FILE has one setting a line. "
	  "Consoles are added when it has no console=" },
	{ "kernel", 0, CB_OPT_TEXT, "FILE", PLAN(kernel),
	  "the bootstrap kernel; default: Debian's cloud kernel, fetched once" },
	{ "modules", 0, CB_OPT_TEXT, "DIR", PLAN(modules),
	  "with --kernel: its modules, /lib/modules/RELEASE; those that are needed are picked" },
	{ "initrd-add", 0, CB_OPT_LIST, "FILE", PLAN(initrd_add),
	  "another initramfs archive, put behind ours; may be given again" },
	{ "osrel", 0, CB_OPT_TEXT, "FILE", PLAN(osrel), "the os-release file to put into the UKI" },
	{ "stub", 0, CB_OPT_TEXT, "FILE", PLAN(stub),
	  "the UEFI stub; default: systemd's, of this host or fetched once" },
	{ "loader", 0, CB_OPT_FLAG, NULL, offsetof(struct args, loader),
	  "loader.efi starts first and boots the disks without a Linux in between (path B); the UKI "
	  "becomes \\EFI\\cloud-boot\\menu.efi beside it, for what the loader can't boot" },
	{ "path-b", 0, CB_OPT_FLAG, NULL, offsetof(struct args, path_b),
	  "the loader alone, without a UKI; --cmdline then has its settings and the command line of the "
	  "kernel that it starts" },
	{ "ca", 0, CB_OPT_TEXT, "FILE", PLAN(ca),
	  "with --loader or --path-b: the certificate authorities whose servers the loader trusts over "
	  "https, PEM or DER; default: this machine's /etc/ssl/certs/ca-certificates.crt" },
	{ "sign-key", 0, CB_OPT_TEXT, "FILE", PLAN(sign_key),
	  "sign for Secure Boot with this key (PEM)" },
	{ "sign-cert", 0, CB_OPT_TEXT, "FILE", PLAN(sign_cert), "the certificate of that key (PEM)" },
	{ "suite", 0, CB_OPT_TEXT, "NAME", PLAN(suite),
	  "the Debian suite that kernel and stub are fetched from; default: this machine's" },
	{ "refresh", 0, CB_OPT_FLAG, NULL, PLAN(refresh),
	  "ask the archive for newer packages than those in the cache" },
	{ "json", 0, CB_OPT_FLAG, NULL, offsetof(struct args, json), "print JSON" },
};

static void size_text(struct cb_buf *b, uint64_t n)
{
	cb_buf_fmt(b, "%llu.%llu MiB", (unsigned long long)(n >> 20),
		   (unsigned long long)((n & 0xfffff) * 10 >> 20));
}

static void made_text(struct cb_buf *b, const struct cb_build_made *m, const char *what)
{
	if (m->path == NULL)
		return;
	cb_buf_fmt(b, "%s: ", m->path);
	size_text(b, m->size);
	cb_buf_fmt(b, ", %s\n  sha256     %s\n", what, m->sha256);
}

static void uki_text(struct cb_buf *b, const struct cb_build *build, const struct cb_build_report *r)
{
	cb_buf_fmt(b, "  kernel     %s, ", build->release != NULL ? build->release : "of unknown release");
	size_text(b, build->kernel.file.in.size);
	cb_buf_fmt(b, ", from %s\n  initramfs  ", build->from);
	size_text(b, r->initramfs_size);
	cb_buf_fmt(b, ", %zu modules\n", build->modules.picked);
}

static void text(struct cb_buf *b, const struct cb_build *build, const struct cb_build_report *r)
{
	const char *arch = cb_arch_name(build->plan->arch);

	made_text(b, &r->efi, cb_host_text(build->h, "EFI image and disk for %s", arch));
	made_text(b, &r->iso, cb_host_text(build->h, "ISO image for %s", arch));
	if (r->loader_size > 0) {
		cb_buf_fmt(b, "  loader     ");
		size_text(b, r->loader_size);
		cb_buf_fmt(b, "\n  trusts     ");
		if (build->ca_from != NULL)
			cb_buf_fmt(b, "%zu authorities, from %s\n", build->ca_n, build->ca_from);
		else
			cb_buf_fmt(b, "nobody: no https\n");
	}
	if (r->uki_size > 0)
		uki_text(b, build, r);
	cb_buf_fmt(b, "  cmdline    ");
	cb_str_escape(b, build->cmdline);
	cb_buf_fmt(b, "\n");
}

static void made_json(struct cb_json *j, const char *key, const struct cb_build_made *m)
{
	if (m->path == NULL)
		return;
	cb_json_open(j, key, '{');
	cb_json_str(j, "path", cb_str_c(m->path));
	cb_json_int(j, "size", (int64_t)m->size);
	cb_json_str(j, "sha256", cb_str_c(m->sha256));
	cb_json_close(j, '}');
}

static void json(struct cb_buf *b, const struct cb_build *build, const struct cb_build_report *r)
{
	struct cb_json j = { b, false };

	cb_json_open(&j, NULL, '{');
	cb_json_str(&j, "arch", cb_str_c(cb_arch_name(build->plan->arch)));
	made_json(&j, "efi", &r->efi);
	made_json(&j, "iso", &r->iso);
	cb_json_u64(&j, "loader_size", r->loader_size);
	cb_json_u64(&j, "uki_size", r->uki_size);
	cb_json_u64(&j, "ca_certificates", build->ca_n);
	cb_json_str(&j, "ca_from", cb_str_c(build->ca_from));
	cb_json_str(&j, "release", cb_str_c(build->release));
	cb_json_int(&j, "kernel_size", (int64_t)build->kernel.file.in.size);
	cb_json_str(&j, "kernel_from", cb_str_c(build->from));
	cb_json_int(&j, "initramfs_size", (int64_t)r->initramfs_size);
	cb_json_open(&j, "modules", '[');
	for (size_t i = 0; i < build->modules.n; i++)
		if (build->modules.v[i].picked)
			cb_json_str(&j, NULL, cb_str_c(build->modules.v[i].name));
	cb_json_close(&j, ']');
	cb_json_str(&j, "cmdline", build->cmdline);
	cb_json_int(&j, "epoch", build->epoch);
	cb_json_close(&j, '}');
	cb_buf_fmt(b, "\n");
}

static int check(struct cb_host *h, struct args *a)
{
	const struct cb_build_plan *p = &a->plan;

	a->plan.arch = cb_kvm_host_arch();
	if (a->arch != NULL && !cb_arch_parse(cb_str_c(a->arch), &a->plan.arch))
		return cb_host_usage(h, "--arch %s: it is one of x86_64, amd64, aarch64, arm64, "
				     "riscv64, loongarch64", a->arch);
	if (a->loader && a->path_b)
		return cb_host_usage(h, "--loader has a UKI beside the loader, --path-b has none: "
				     "give one");
	if (a->path_b &&
	    (p->kernel != NULL || p->modules != NULL || p->initrd_add.n > 0 || p->stub != NULL))
		return cb_host_usage(h, "--path-b has no kernel of its own: --kernel, --modules, "
				     "--initrd-add and --stub don't go with it");
	if (p->ca != NULL && !a->path_b && !a->loader)
		return cb_host_usage(h, "--ca is for the loader: give --loader or --path-b, too");
	a->plan.front = a->path_b ? CB_FRONT_LOADER_ONLY : a->loader ? CB_FRONT_LOADER : CB_FRONT_UKI;
	if ((p->sign_key != NULL) != (p->sign_cert != NULL))
		return cb_host_usage(h, "--sign-key and --sign-cert go together");
	if (a->out == NULL && a->iso == NULL)
		a->out = "boot.efi";
	if (a->iso != NULL && strcmp(a->iso, "-") == 0)
		return cb_host_usage(h, "--iso -: an ISO image needs a file");
	if (a->iso != NULL && a->out != NULL && strcmp(a->iso, a->out) == 0)
		return cb_host_usage(h, "--out and --iso name the same file, %s", a->out);
	if (a->out != NULL && strcmp(a->out, "-") == 0 &&
	    (p->sign_key != NULL || a->iso != NULL || a->json))
		return cb_host_usage(h, "--out - goes without --sign-key, --iso and --json");

	int r = a->out != NULL ? cb_hostfile_replaceable(h, a->out) : 0;

	return r == 0 && a->iso != NULL ? cb_hostfile_replaceable(h, a->iso) : r;
}

static int print(struct cb_host *h, const struct args *a, const struct cb_build *build,
		 const struct cb_build_report *report)
{
	struct cb_buf b;

	cb_buf_init(&b, &h->env, 1u << 20);
	(a->json ? json : text)(&b, build, report);

	int r = cb_buf_status(&b);

	if (a->out != NULL && strcmp(a->out, "-") == 0)
		fwrite(b.p, 1, b.n, stderr); /* the image went to standard output */
	else
		cb_host_print(&b);
	cb_buf_fini(&b);
	return r;
}

static int run(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	struct args a = *(const struct args *)args;
	struct cb_build_report report;
	struct cb_build build;
	int r = check(h, &a);

	(void)operands;
	if (r == 0)
		r = cb_build_open(h, &a.plan, &build);
	if (r < 0)
		return r;
	r = cb_build_write(&build, a.out, a.iso, &report);
	if (r == 0)
		r = print(h, &a, &build, &report);
	cb_build_close(&build);
	return r;
}

const struct cb_cmd cb_cmd_build = {
	.name = "build", .summary = "make boot.efi: a UKI that is also a bootable disk",
	.about = "boot.efi is a unified kernel image (systemd's stub, a kernel, our initramfs, a command "
		"line) and at once a raw disk with a GPT and an EFI system partition: give it to a "
		"virtual machine as a drive, copy it to an EFI system partition, or write it to a stick. "
		"The same inputs give the same bytes; SOURCE_DATE_EPOCH sets the time stamps.\n\n"
		"Kernel and stub come from Debian packages, fetched through this machine's apt into the "
		"cache (~/.cache/cloud-boot) the first time; after that nothing is fetched.",
	.examples = "cloud-boot build --arch x86_64\n"
		"cloud-boot build --arch arm64 --iso boot.iso --cmdline 'cloudboot.disk=LABEL=root'\n"
		"cloud-boot build --kernel bzImage --modules /lib/modules/6.12.1 --out boot.efi\n"
		"cloud-boot build --cmdline @settings --sign-key db.key --sign-cert db.pem",
	CB_OPTS(opts), .args_size = sizeof(struct args), .run = run,
};
