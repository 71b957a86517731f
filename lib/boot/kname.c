/* boot/kname.c - names of kernels and initrds, as Debian, Ubuntu, Fedora, Alma, openSUSE,
 * Alpine, Arch and Gentoo give them. */
#include "boot/kname.h"

#include "boot/vercmp.h"
#include "core/str.h"

static const struct { const char *text; enum cb_kname_stem stem; } stems[] = {
	{ "vmlinuz", CB_KNAME_VMLINUZ },
	{ "bzImage", CB_KNAME_VMLINUZ },
	{ "Image", CB_KNAME_IMAGE },
	{ "vmlinux", CB_KNAME_VMLINUX },
	{ "kernel", CB_KNAME_KERNEL },
};

/* Not kernels, whatever the name begins with. */
static const char *const ignored_ends[] = {
	"~", ".rpmsave", ".rpmnew", ".rpmorig", ".apk-new", ".pacnew", ".pacsave", ".new", ".tmp",
	".part", ".hmac", ".sig", ".asc", ".sha256", ".sha512", ".config", ".map", ".img",
	".modules", ".xz", ".bz2", ".debug", ".conf", ".txt",
};

static const char *const formats[] = { ".efi", ".gz", ".zst", ".signed" };
static const char *const tails[] = { ".old", ".bak" };

/* '@' stands for the version, '%' for the tail. */
static const char *const versioned[] = {
	"initrd.img-@%", "initramfs-@%.img", "initrd-@%",
	"initramfs-@%",  "initrd-@%.img",    "initramfs-@.img%",
};
static const char *const unversioned[] = {
	"initrd.img%", "initrd%", "initramfs.img%", "initramfs%", "initrd%.img", "initrd.gz",
};
#define TEMPLATES (sizeof(versioned) / sizeof(versioned[0]))
_Static_assert(sizeof(unversioned) == sizeof(versioned), "one count for both lists");

static bool is_ignored(struct cb_str name)
{
	if (name.n == 0 || name.p[0] == '.' || cb_str_find(name, CB_STR(".dpkg-")) != SIZE_MAX ||
	    cb_str_find(name, CB_STR(".ucf-")) != SIZE_MAX)
		return true;
	for (size_t i = 0; i < sizeof(ignored_ends) / sizeof(ignored_ends[0]); i++)
		if (cb_str_ends(name, cb_str_c(ignored_ends[i])))
			return true;
	return false;
}

static bool cut_end(struct cb_str *s, const char *end)
{
	struct cb_str e = cb_str_c(end);

	if (!cb_str_ends(*s, e))
		return false;
	s->n -= e.n;
	return true;
}

/* ".efi.old" and ".old.efi": at most as many rounds as there are bytes. */
static void cut_ends(struct cb_str *s, struct cb_str *ret_tail)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
			more = cut_end(s, formats[i]) || more;
		for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
			if (cut_end(s, tails[i])) {
				*ret_tail = cb_str_c(tails[i]);
				more = true;
			}
	}
}

static bool holds(struct cb_str s, struct cb_str word)
{
	for (size_t i = 0; cb_in_range(i, word.n, s.n); i++)
		if (cb_str_ieq(cb_str_sub(s, i, word.n), word))
			return true;
	return false;
}

static enum cb_kname_class class_of(const struct cb_kname *k)
{
	if (holds(k->version, CB_STR("kdump")))
		return CB_KNAME_KDUMP;
	if (holds(k->version, CB_STR("rescue")))
		return CB_KNAME_RESCUE;
	return k->tail.n > 0 ? CB_KNAME_OLD : CB_KNAME_ORDINARY;
}

bool cb_kname_parse(struct cb_str name, struct cb_kname *ret)
{
	struct cb_kname k = { .tail = { "", 0 } };
	struct cb_str rest = { NULL, 0 };

	if (is_ignored(name))
		return false;
	for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]) && rest.p == NULL; i++) {
		struct cb_str stem = cb_str_c(stems[i].text);

		if (cb_str_starts(name, stem)) {
			rest = (struct cb_str){ name.p + stem.n, name.n - stem.n };
			k.stem = stems[i].stem;
		}
	}
	if (rest.p == NULL)
		return false;
	cut_ends(&rest, &k.tail);
	if (rest.n > 0 && (rest.p[0] != '-' || rest.n == 1))
		return false;
	k.version = cb_str_sub(rest, 1, SIZE_MAX);
	k.class = class_of(&k);
	*ret = k;
	return true;
}

int cb_kname_cmp(const struct cb_kname *a, const struct cb_kname *b)
{
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;

	int r = cb_vercmp(b->version, a->version);

	if (r != 0 || a->stem == b->stem)
		return r;
	return a->stem < b->stem ? -1 : 1;
}

const char *cb_kname_class_text(enum cb_kname_class c)
{
	static const char *const texts[] = {
		[CB_KNAME_ORDINARY] = "", [CB_KNAME_OLD] = "old kernel",
		[CB_KNAME_RESCUE] = "rescue kernel", [CB_KNAME_KDUMP] = "kdump kernel",
	};

	return texts[c];
}

bool cb_kname_initrd(struct cb_arena *a, const struct cb_kname *k, unsigned i, struct cb_str *ret)
{
	bool with_tail = i < TEMPLATES;
	const char *t;
	char name[512];
	size_t n = 0;

	if (i >= TEMPLATES * (k->tail.n > 0 ? 2 : 1))
		return false;
	t = (k->version.n > 0 ? versioned : unversioned)[i % TEMPLATES];
	for (; *t != '\0'; t++) {
		struct cb_str piece = { t, 1 };

		if (*t == '@')
			piece = k->version;
		else if (*t == '%')
			piece = with_tail ? k->tail : CB_STR("");

		if (piece.n > sizeof(name) - n)
			piece.n = sizeof(name) - n; /* longer than any file's name can be */
		if (piece.n > 0)
			memcpy(name + n, piece.p, piece.n);
		n += piece.n;
	}
	*ret = cb_arena_str(a, (struct cb_str){ name, n });
	return true;
}
