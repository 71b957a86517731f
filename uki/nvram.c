/* uki/nvram.c - opens and saves what `cloud-boot nvram` works on. */
#include "uki/nvram.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "codec/hex.h"
#include "core/limits.h"
#include "core/utf.h"
#include "uki/files.h"

static const struct {
	const char *name;
	uint32_t bit;
} attribute_names[] = {
	{ "nv", CB_VAR_NON_VOLATILE }, { "bs", CB_VAR_BOOT_SERVICE }, { "rt", CB_VAR_RUNTIME },
	{ "hr", 8 }, { "aw", 0x10 }, { "at", 0x20 }, { "ap", 0x40 }, { "ea", 0x80 },
};

#define ATTRIBUTES_N (sizeof(attribute_names) / sizeof(attribute_names[0]))

/* QEMU locks bytes of an image that it has open; others take the whole file. */
static int lock_store(struct cb_nvram *n)
{
	struct flock any = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	n->lock = open(n->name, O_RDWR | O_CLOEXEC);
	if (n->lock < 0)
		return cb_host_advise(n->h, cb_host_errno(n->h, "%s", n->name), CB_REPORT_NVRAM,
				      "give a store that may be written");
	if (fcntl(n->lock, F_OFD_GETLK, &any) < 0)
		any.l_type = F_UNLCK; /* a file system without locks */
	if (any.l_type == F_UNLCK && (flock(n->lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK))
		return 0;
	return cb_host_advise(n->h, cb_fail(&n->h->env, CB_EINVAL, "%s: a running machine has it open",
					    n->name), CB_REPORT_IN_USE,
			      "shut the machine down first; it would not see the change, and may undo it");
}

static int open_bytes(struct cb_nvram *n)
{
	int r = cb_hostfile_slurp(n->h, n->name, &n->file);

	if (r < 0)
		return r;
	if (n->file.n >= 4 && memcmp(n->file.p, "QFI\xfb", 4) == 0)
		return cb_host_advise(n->h, cb_fail(&n->h->env, CB_EUNSUP, "%s: a qcow2 image", n->name),
				      CB_REPORT_NVRAM, "make it a raw file: qemu-img convert -O raw %s FILE",
				      n->name);
	r = cb_varstore_open(&n->h->env, n->file.p, n->file.n, &n->store);
	if (r == CB_ENOENT)
		return cb_host_advise(n->h, cb_wrap(&n->h->env, r, "%s", n->name), CB_REPORT_NVRAM,
				      "start its machine once, and shut it down");
	if (r < 0)
		return cb_host_advise(n->h, cb_wrap(&n->h->env, r, "%s", n->name), CB_REPORT_NVRAM,
				      "give a raw EDK2 variable store, such as a copy of "
				      "/usr/share/OVMF/OVMF_VARS_4M.fd");
	cb_buf_add(&n->before, n->file.p, n->store.end);
	cb_storevars_init(&n->store_vars, &n->store);
	n->vars = &n->store_vars.vars;
	return cb_buf_status(&n->before);
}

/* A link stays one: what it leads to is what is replaced. */
static int open_store(struct cb_nvram *n, const char *path, bool write)
{
	char *real = realpath(path, NULL);
	int r = 0;

	n->name = real != NULL ? cb_host_text(n->h, "%s", real) : path;
	free(real);
	if (n->name == NULL)
		return CB_ENOMEM;
	if (write)
		r = lock_store(n);
	return r == 0 ? open_bytes(n) : r;
}

int cb_nvram_open(struct cb_host *h, const struct cb_nvram_where *where, bool write, struct cb_nvram *ret)
{
	*ret = (struct cb_nvram){ .h = h, .lock = -1 };
	cb_buf_init(&ret->file, &h->env, CB_HOSTFILE_MAX);
	cb_buf_init(&ret->before, &h->env, CB_HOSTFILE_MAX);
	if (where->store != NULL && where->efivars != NULL)
		return cb_host_usage(h, "--store and --efivars exclude each other");
	if (where->store != NULL)
		return open_store(ret, where->store, write);
	ret->name = where->efivars != NULL ? where->efivars : CB_EFIVARS;

	int r = cb_efivarfs_open(&h->env, ret->name, &ret->fs);

	ret->vars = &ret->fs.vars;
	return cb_host_advise(h, r, CB_REPORT_NVRAM,
			      "name a virtual machine's variables with --store FILE, or a folder with "
			      "--efivars DIR");
}

int cb_nvram_save(struct cb_nvram *n)
{
	if (n->file.n == 0 || memcmp(n->before.p, n->file.p, n->before.n) == 0)
		return 0;
	return cb_hostfile_put(n->h, n->name, cb_buf_bytes(&n->file));
}

void cb_nvram_close(struct cb_nvram *n)
{
	cb_buf_fini(&n->file);
	cb_buf_fini(&n->before);
	if (n->lock >= 0)
		(void)close(n->lock); /* nothing was written through it */
	n->lock = -1;
}

int cb_nvram_advise(struct cb_nvram *n, int r)
{
	switch (r) {
	case CB_ELIMIT:
		return cb_host_advise(n->h, r, CB_REPORT_VARIABLE,
				      "delete what nobody needs: 'cloud-boot nvram show' lists it");
	case CB_EAUTH:
		return cb_host_advise(n->h, r, CB_REPORT_VARIABLE,
				      "be root, on a system that isn't locked down; what its owner "
				      "signed stays");
	case CB_ENOENT:
		return cb_host_advise(n->h, r, CB_REPORT_VARIABLE,
				      "'cloud-boot nvram show' lists the variables that there are");
	default:
		return cb_host_advise(n->h, r, CB_REPORT_VARIABLE, "docs/nvram.md says what may go wrong");
	}
}

void cb_nvram_name(struct cb_str text, struct cb_str *ret_name, struct cb_uuid *ret_vendor)
{
	size_t dash = text.n > CB_UUID_TEXT ? text.n - CB_UUID_TEXT : 0;

	*ret_name = text;
	*ret_vendor = cb_str_starts(text, CB_STR("CloudBoot")) ? cb_efi_ours : cb_efi_global;
	if (dash > 0 && text.p[dash] == '-' &&
	    cb_uuid_parse(cb_str_sub(text, dash + 1, SIZE_MAX), ret_vendor))
		*ret_name = cb_str_sub(text, 0, dash);
}

void cb_nvram_attributes(struct cb_buf *b, uint32_t attributes)
{
	const char *comma = "";

	for (size_t i = 0; i < ATTRIBUTES_N; i++) {
		if ((attributes & attribute_names[i].bit) == 0)
			continue;
		cb_buf_fmt(b, "%s%s", comma, attribute_names[i].name);
		attributes &= ~attribute_names[i].bit;
		comma = ",";
	}
	if (attributes != 0)
		cb_buf_fmt(b, "%s0x%x", comma, attributes);
}

bool cb_nvram_parse_attributes(struct cb_str text, uint32_t *ret)
{
	uint32_t all = 0;
	struct cb_str word;
	uint64_t v;

	while (cb_str_next(&text, ',', &word)) {
		uint32_t bit = 0;

		for (size_t i = 0; i < ATTRIBUTES_N; i++)
			if (cb_str_ieq(word, cb_str_c(attribute_names[i].name)))
				bit = attribute_names[i].bit;
		if (cb_str_starts(word, CB_STR("0x")) && cb_str_u64(cb_str_sub(word, 2, SIZE_MAX), 16, &v) &&
		    v <= UINT32_MAX)
			bit = (uint32_t)v;
		if (bit == 0)
			return false;
		all |= bit;
	}
	*ret = all;
	return all != 0;
}

/* Characters that nobody writes by chance: Latin ones, and one NUL at the end. */
static bool is_text(struct cb_bytes value, size_t unit)
{
	size_t n = value.n / unit;

	if (value.n % unit != 0)
		return false;
	if (n > 1 && value.p[value.n - unit] == 0 && value.p[value.n - 1] == 0)
		n--;
	for (size_t i = 0; i < n; i++) {
		unsigned c = value.p[i * unit] | (unit == 2 ? (unsigned)value.p[2 * i + 1] << 8 : 0);

		if (c < 0x20 || c == 0x7f || c >= (unit == 2 ? 0x250u : 0x80u))
			return false;
	}
	return n > 0;
}

bool cb_nvram_text(struct cb_buf *b, struct cb_bytes value)
{
	if (is_text(value, 2))
		cb_utf16_to_utf8(b, value);
	else if (is_text(value, 1))
		cb_buf_add(b, value.p, value.p[value.n - 1] == 0 ? value.n - 1 : value.n);
	else
		return value.n == 0;
	return true;
}

void cb_nvram_value(struct cb_buf *b, struct cb_bytes value, size_t max)
{
	struct cb_bytes part = { value.p, value.n < max ? value.n : max & ~(size_t)1 };
	struct cb_buf s;

	cb_buf_init(&s, b->env, 2 * CB_MAX_EFIVAR);
	if (value.n > 0 && cb_nvram_text(&s, part)) {
		cb_buf_fmt(b, "\"");
		cb_str_escape(b, (struct cb_str){ (const char *)s.p, s.n });
		cb_buf_fmt(b, "\"");
	} else {
		cb_hex_add(b, part);
	}
	if (cb_buf_status(&s) < 0)
		b->status = cb_buf_status(&s);
	cb_buf_fini(&s);
	if (part.n < value.n)
		cb_buf_fmt(b, "...");
}
