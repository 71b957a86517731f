/* uki/cmd_doctor.c - `cloud-boot doctor`: what this host lacks, and the package that has it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uki/build.h"
#include "codec/json_write.h"
#include "uki/kvm.h"
#include "uki/parts.h"
#include "uki/proc.h"
#include "uki/qemu.h"

struct args {
	bool json;
};

static const struct cb_opt opts[] = {
	{ "json", 0, CB_OPT_FLAG, NULL, offsetof(struct args, json), "print JSON" },
};

enum state { FOUND, ABSENT, MISSING };   /* ABSENT: not needed on every host */

/* The findings, as they are made. */
struct visit {
	struct cb_host *h;
	struct cb_buf text, doc;
	struct cb_json j;
	bool json;
	unsigned missing;
	struct cb_buf packages;   /* blanks between */
};

static void tell(struct visit *v, const char *what, enum state state, const char *detail,
		 const char *package, const char *purpose)
{
	static const char *const words[] = { "ok", "no", "MISSING" };

	if (v->json) {
		cb_json_open(&v->j, NULL, '{');
		cb_json_str(&v->j, "what", cb_str_c(what));
		cb_json_str(&v->j, "for", cb_str_c(purpose));
		cb_json_bool(&v->j, "found", state == FOUND);
		cb_json_bool(&v->j, "needed", state == MISSING);
		cb_json_str(&v->j, "detail", cb_str_c(detail));
		cb_json_str(&v->j, "package", cb_str_c(state != FOUND ? package : NULL));
		cb_json_close(&v->j, '}');
	} else {
		cb_buf_fmt(&v->text, "%-8s %-26s ", words[state], what);
		cb_str_escape(&v->text, cb_str_c(detail != NULL ? detail : ""));
		if (state != FOUND)
			cb_buf_fmt(&v->text, "%sfor %s%s%s", detail != NULL ? "; " : "", purpose,
				   package != NULL ? ": apt-get install " : "",
				   package != NULL ? package : "");
		cb_buf_fmt(&v->text, "\n");
	}
	if (state != MISSING)
		return;
	v->missing++;
	if (package != NULL)
		cb_buf_fmt(&v->packages, " %s", package);
}

static enum state judge(bool found, bool needed)
{
	return found ? FOUND : needed ? MISSING : ABSENT;
}

static void program(struct visit *v, const char *name, bool needed, const char *purpose)
{
	const char *path = cb_proc_find(v->h, name);

	tell(v, name, judge(path != NULL, needed), path, cb_proc_package(name), purpose);
}

/* Programs that make and run boot.efi. */
static void look_at_programs(struct visit *v)
{
	enum cb_arch own = cb_kvm_host_arch();

	program(v, "apt-get", true, "fetching kernels and stubs");
	program(v, "dpkg-deb", true, "unpacking kernels and stubs");
	program(v, "xorriso", true, "build --iso");
	program(v, "sbsign", false, "build --sign-key");
	program(v, "qemu-system-x86_64", own == CB_ARCH_X86_64, "run --arch x86_64");
	program(v, "qemu-system-aarch64", own == CB_ARCH_AARCH64, "run --arch aarch64");
}

/* What depends on the architecture that is booted. */
static void look_at_arch(struct visit *v, enum cb_arch arch)
{
	const char *path = NULL, *name = cb_arch_name(arch);
	bool own = arch == cb_kvm_host_arch();
	struct cb_firmware fw = { NULL, NULL };
	int r = cb_qemu_firmware(v->h, arch, false, &fw);

	cb_host_forget(v->h);
	tell(v, cb_host_text(v->h, "firmware for %s", name),
	     judge(r == 0, own), fw.code, arch == CB_ARCH_X86_64 ? "ovmf" : "qemu-efi-aarch64",
	     cb_host_text(v->h, "run --arch %s", name));
	r = cb_parts_init(v->h, arch, &path);
	cb_host_forget(v->h);
	tell(v, cb_host_text(v->h, "cloud-boot-init for %s", name),
	     judge(r == 0, own),
	     path, NULL, cb_host_text(v->h, "build --arch %s (it comes with cloud-boot)", name));
	path = cb_build_installed_stub(v->h, arch);
	tell(v, cb_host_text(v->h, "UEFI stub for %s", name), path != NULL ? FOUND : ABSENT,
	     path != NULL ? path : "not installed, will be fetched", NULL, "building offline");
}

static void look_at_host(struct visit *v)
{
	const char *path = NULL, *problem = cb_kvm_problem(cb_kvm_host_arch());
	int r = cb_parts_apt(v->h, &path);

	cb_host_forget(v->h);
	tell(v, "debian-apt.sh", r == 0 ? FOUND : MISSING, path, NULL,
	     "fetching kernels and stubs (it comes with cloud-boot)");
	path = NULL;
	r = cb_parts_cache(v->h, "packages", &path);
	tell(v, "cache", r == 0 && access(path, W_OK) == 0 ? FOUND : MISSING,
	     r == 0 ? path : cb_host_text(v->h, "%s", v->h->diag.text), NULL, "kernels and stubs");
	cb_host_forget(v->h);
	tell(v, "KVM", problem == NULL ? FOUND : ABSENT, problem != NULL ? problem : "/dev/kvm", NULL,
	     "running at full speed");
}

static int verdict(struct visit *v)
{
	struct cb_host *h = v->h;
	int r = 0;

	if (v->missing > 0)
		r = cb_fail(&h->env, CB_ENOENT, "%u things are missing that 'build' and 'run' need",
			    v->missing);
	if (v->packages.n > 0)
		return cb_host_advise(h, r, CB_REPORT_TOOL, "apt-get install%.*s", (int)v->packages.n,
				      (const char *)v->packages.p);
	return r < 0 ? cb_host_advise(h, r, CB_REPORT_PARTS, "see the lines that say MISSING") : 0;
}

static int run(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	struct visit v = { .h = h, .json = ((const struct args *)args)->json };
	struct cb_buf *out = v.json ? &v.doc : &v.text;
	int r;

	(void)operands;
	cb_buf_init(&v.text, &h->env, 64u << 10);
	cb_buf_init(&v.doc, &h->env, 64u << 10);
	cb_buf_init(&v.packages, &h->env, 4096);
	v.j = (struct cb_json){ &v.doc, false };
	cb_json_open(&v.j, NULL, '[');
	look_at_programs(&v);
	look_at_arch(&v, CB_ARCH_X86_64);
	look_at_arch(&v, CB_ARCH_AARCH64);
	look_at_host(&v);
	cb_json_close(&v.j, ']');
	cb_buf_fmt(&v.doc, "\n");
	r = cb_buf_status(out);
	cb_host_print(out);
	if (r == 0)
		r = verdict(&v);
	cb_buf_fini(&v.packages);
	cb_buf_fini(&v.doc);
	cb_buf_fini(&v.text);
	return r;
}

const struct cb_cmd cb_cmd_doctor = {
	.name = "doctor", .summary = "say what this host lacks, and the Debian package that has it",
	.about = "Looks for the programs, firmware and files that build and run use. The exit status is 1 "
		"when something is missing that this host needs; what only some uses need is told, and "
		"not held against it.",
	.examples = "cloud-boot doctor\ncloud-boot doctor --json | jq '.[] | select(.found | not)'",
	CB_OPTS(opts), .args_size = sizeof(struct args), .run = run,
};
