/* image/linux_unwrap.c - from the file that a distribution ships to what kexec takes. */
#include "core/fmt.h"
#include "core/limits.h"
#include "core/log.h"
#include "image/linux.h"

#define MAX_WRAPPERS 4u
#define SCAN ((size_t)256 << 10)

/* kexec_file_load(2), by architecture: arch/x86/kernel/kexec-bzimage64.c and its siblings look for these. */
static int check_kexec(struct cb_env *env, const struct cb_linux_info *i)
{
	bool ok = false;

	switch (i->arch) {
	case CB_ARCH_X86_64:
		if (i->format == CB_LINUX_BZIMAGE && (!i->relocatable || !i->entry64))
			return cb_fail(env, CB_EUNSUP, "a bzImage that %s",
				       i->relocatable ? "can't be loaded above 4 GiB" : "isn't relocatable");
		ok = i->format == CB_LINUX_BZIMAGE;
		break;
	case CB_ARCH_AARCH64:
		ok = i->format == CB_LINUX_IMAGE;
		break;
	case CB_ARCH_RISCV64:
		ok = i->format == CB_LINUX_IMAGE || i->format == CB_LINUX_ELF;
		break;
	case CB_ARCH_LOONGARCH64:
		ok = i->format == CB_LINUX_EFI || i->format == CB_LINUX_ELF;
		break;
	case CB_ARCH_NONE:
		return cb_fail(env, CB_EUNSUP, "a kernel for a machine that is not supported");
	}
	if (!ok) {
		char name[48];

		cb_linux_name(i, name, sizeof(name));
		return cb_fail(env, CB_EUNSUP, "%s: kexec on %s doesn't take this format", name,
			       cb_arch_name(i->arch));
	}
	return 0;
}

static int check_arch(struct cb_env *env, const struct cb_linux_info *info, enum cb_arch want)
{
	if (info->arch == CB_ARCH_NONE || want == CB_ARCH_NONE || info->arch == want)
		return 0;
	return cb_fail(env, CB_EUNSUP, "the kernel is for %s, this machine is %s",
		       cb_arch_name(info->arch), cb_arch_name(want));
}

/* "what it is now" in "what it was in before" */
static void add_name(struct cb_linux_kernel *k, const struct cb_linux_info *info)
{
	char outer[sizeof(k->name)], name[48];

	cb_linux_name(info, name, sizeof(name));
	memcpy(outer, k->name, sizeof(outer));
	(void)cb_fmt(k->name, sizeof(k->name), outer[0] != 0 ? "%s in %s" : "%s", name, outer);
}

/* One wrapper off. k->own is replaced only when its content is no longer needed. */
static int peel(struct cb_env *env, struct cb_linux_kernel *k, const struct cb_linux_info *info, size_t max)
{
	struct cb_bytes in = { k->image.p + (size_t)info->payload_off, (size_t)info->payload_size };
	struct cb_buf out;
	size_t used;
	int r;

	if (!cb_in_range(info->payload_off, info->payload_size, k->image.n))
		return cb_fail(env, CB_ECORRUPT, "kernel at %llu+%llu of %zu bytes",
			       (unsigned long long)info->payload_off,
			       (unsigned long long)info->payload_size, k->image.n);
	if (info->format == CB_LINUX_UKI) {
		k->image = in;
		return 0;
	}
	cb_buf_init(&out, env, max);
	/* zboot puts the unpacked size after the stream; other files may be padded or signed. */
	r = cb_decomp_all(env, info->compression, in, max, &out, &used);
	if (r < 0) {
		cb_buf_fini(&out);
		return r;
	}
	cb_buf_fini(&k->own);
	k->own = out;
	k->image = cb_buf_bytes(&k->own);
	return 0;
}

static int unwrap(struct cb_env *env, struct cb_linux_kernel *k, enum cb_arch arch, size_t max)
{
	for (unsigned depth = 0; depth <= MAX_WRAPPERS; depth++) {
		struct cb_linux_info info = { 0 };
		int r = cb_linux_identify(env, k->image, k->image.n, &info);

		if (r == 0)
			r = check_arch(env, &info, arch);
		if (r < 0)
			return k->name[0] != 0 ? cb_wrap(env, r, "in %s", k->name) : r;
		add_name(k, &info);
		k->info = info;
		if (info.format != CB_LINUX_COMPRESSED && info.format != CB_LINUX_ZBOOT &&
		    info.format != CB_LINUX_UKI)
			return check_kexec(env, &info);
		if (depth < MAX_WRAPPERS)
			r = peel(env, k, &info, max);
		if (r < 0)
			return cb_wrap(env, r, "%s", k->name);
	}
	return cb_fail(env, CB_ELIMIT, "%s: more than %u wrappers", k->name, MAX_WRAPPERS);
}

int cb_linux_unwrap(struct cb_env *env, struct cb_bytes file, enum cb_arch arch, size_t max,
		    struct cb_linux_kernel *ret)
{
	struct cb_linux_kernel k = { .image = file };
	int r;

	cb_buf_init(&k.own, env, max);
	r = unwrap(env, &k, arch, max);
	if (r < 0) {
		cb_linux_kernel_fini(&k);
		return r;
	}
	*ret = k;
	return 0;
}

void cb_linux_kernel_fini(struct cb_linux_kernel *k)
{
	cb_buf_fini(&k->own);
	*k = (struct cb_linux_kernel){ 0 };
}

/* The release after "Linux version " somewhere in s, which must look like one; more is what a version
 * can need after its start. */
static bool scan(struct cb_str s, bool more, char ret[CB_LINUX_VERSION])
{
	static const struct cb_str text = { "Linux version ", 14 };
	size_t at;

	while ((at = cb_str_find(s, text)) != SIZE_MAX) {
		size_t n = 0;

		s = cb_str_sub(s, at + text.n, s.n);
		if (more && s.n < CB_LINUX_VERSION)
			return false;  /* the next chunk has all of it */
		while (n < s.n && n < CB_LINUX_VERSION - 1 && s.p[n] > ' ' && s.p[n] < 0x7f)
			n++;
		if (n == 0 || !cb_is_digit(s.p[0]))
			continue;      /* the format string has "%s" here */
		memcpy(ret, s.p, n);
		ret[n] = 0;
		return true;
	}
	return false;
}

int cb_linux_version(struct cb_env *env, const struct cb_input *in, char ret[CB_LINUX_VERSION])
{
	size_t n = (size_t)cb_min(in->size, CB_LINUX_HEAD);
	struct cb_linux_info info = { 0 };
	uint8_t *buf = cb_alloc_aligned(env, SCAN, 4096);
	int r;

	if (buf == NULL)
		return CB_ENOMEM;
	r = cb_input_read(env, in, 0, buf, n);
	if (r == 0)
		r = cb_linux_identify(env, (struct cb_bytes){ buf, n }, in->size, &info);
	if (r == 0)
		memcpy(ret, info.version, CB_LINUX_VERSION);
	if (r == 0 && info.format != CB_LINUX_BZIMAGE) {
		/* Chunks overlap by what a version and the text before it can take. */
		for (uint64_t off = 0; off < in->size && r == 0; off += SCAN - 2 * CB_LINUX_VERSION) {
			n = (size_t)cb_min(in->size - off, SCAN);
			r = cb_input_read(env, in, off, buf, n);
			if (r == 0 && cb_poll(env))
				r = cb_fail(env, CB_ECANCELED, "looking for the kernel's version");
			if (r == 0 && scan((struct cb_str){ (const char *)buf, n }, n == SCAN, ret))
				break;
		}
	}
	cb_free(env, buf, SCAN);
	return r;
}
