/* The "newc" cpio format as the kernel reads it (Documentation/driver-api/early-userspace/
 * buffer-format.rst): a header of ASCII hexadecimal fields, the name with its NUL, the data; each
 * of the two ends at a multiple of four bytes of the archive. */
#include "codec/cpio.h"

#include "core/fmt.h"
#include "core/limits.h"
#include "core/str.h"

#define TRAILER   CB_STR("TRAILER!!!")
#define MAGIC     "070701"
#define BLOCK     512u

enum {
	TYPE_CHAR = 0020000, TYPE_DIR = 0040000, TYPE_BLOCK = 0060000,
	TYPE_FILE = 0100000, TYPE_LINK = 0120000, TYPE_MASK = 0170000, PERMISSIONS = 07777,
};

/* Field numbers, in the order of the header. */
enum {
	INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, MAJOR, MINOR, RMAJOR, RMINOR, NAMESIZE, CHECK,
	FIELDS
};

struct raw_header {
	uint8_t magic[6];
	uint8_t field[FIELDS][8];
};
_Static_assert(sizeof(struct raw_header) == 110, "newc header");

int cb_sink_buf(void *arg, const void *p, size_t n)
{
	struct cb_buf *b = arg;

	cb_buf_add(b, p, n);
	return cb_buf_status(b);
}

static int put(struct cb_cpio *c, const void *p, size_t n)
{
	int r = n > 0 ? c->put(c->arg, p, n) : 0;

	if (r == 0)
		c->size += n;
	return r;
}

static int pad(struct cb_cpio *c, unsigned align)
{
	static const uint8_t zeros[BLOCK];

	return put(c, zeros, (size_t)(-c->size & (align - 1)));
}

/* A name that the kernel would skip or misplace is refused here, where somebody can tell. */
static int check_name(struct cb_cpio *c, struct cb_str name)
{
	if (name.n == 0 || name.p[0] == '/' || cb_str_chr(name, 0) != SIZE_MAX)
		return cb_fail(c->env, CB_EINVAL, "cpio: '%.*s' is no relative name", CB_STR_ARG(name));
	if (name.n >= CB_MAX_PATH)
		return cb_fail(c->env, CB_ELIMIT, "cpio: a name of %zu bytes, at most %u fit", name.n,
			       CB_MAX_PATH - 1);
	return 0;
}

static int header(struct cb_cpio *c, struct cb_str name, const uint32_t f[FIELDS])
{
	char text[sizeof(struct raw_header) + 1];
	size_t n = cb_fmt(text, sizeof(text), "%s", MAGIC);

	for (unsigned i = 0; i < FIELDS; i++)
		n += cb_fmt(text + n, sizeof(text) - n, "%08x", f[i]);

	int r = put(c, text, sizeof(struct raw_header));
	if (r == 0)
		r = put(c, name.p, name.n);
	if (r == 0)
		r = put(c, "", 1);
	return r == 0 ? pad(c, 4) : r;
}

/* Every entry but the trailer. */
static int entry(struct cb_cpio *c, struct cb_str name, uint32_t mode, uint64_t size,
		 uint32_t major, uint32_t minor)
{
	if (c->left > 0)
		return cb_fail(c->env, CB_EINVAL,
			       "cpio: '%.*s' begins while %llu bytes of the file before it are missing",
			       CB_STR_ARG(name), (unsigned long long)c->left);
	int r = check_name(c, name);
	if (r < 0)
		return r;
	if (size > UINT32_MAX)
		return cb_fail(c->env, CB_ELIMIT, "cpio: '%.*s' has %llu bytes, the format holds %u",
			       CB_STR_ARG(name), (unsigned long long)size, UINT32_MAX);

	uint32_t f[FIELDS] = {
		[INO] = ++c->ino, [MODE] = mode, [NLINK] = (mode & TYPE_MASK) == TYPE_DIR ? 2 : 1,
		[FILESIZE] = (uint32_t)size, [RMAJOR] = major, [RMINOR] = minor,
		[NAMESIZE] = (uint32_t)name.n + 1,
	};

	return header(c, name, f);
}

void cb_cpio_init(struct cb_cpio *c, struct cb_env *env, cb_sink_fn *put_fn, void *arg)
{
	*c = (struct cb_cpio){ .env = env, .put = put_fn, .arg = arg };
}

int cb_cpio_dir(struct cb_cpio *c, struct cb_str name, unsigned mode)
{
	return entry(c, name, TYPE_DIR | (mode & PERMISSIONS), 0, 0, 0);
}

int cb_cpio_begin(struct cb_cpio *c, struct cb_str name, unsigned mode, uint64_t size)
{
	int r = entry(c, name, TYPE_FILE | (mode & PERMISSIONS), size, 0, 0);

	if (r == 0)
		c->left = size;
	return r;
}

int cb_cpio_data(struct cb_cpio *c, const void *p, size_t n)
{
	if (n > c->left)
		return cb_fail(c->env, CB_EINVAL, "cpio: %zu bytes for a file that wants %llu more", n,
			       (unsigned long long)c->left);
	int r = put(c, p, n);
	if (r < 0)
		return r;
	c->left -= n;
	return c->left == 0 ? pad(c, 4) : 0;
}

int cb_cpio_file(struct cb_cpio *c, struct cb_str name, unsigned mode, struct cb_bytes data)
{
	int r = cb_cpio_begin(c, name, mode, data.n);

	return r == 0 ? cb_cpio_data(c, data.p, data.n) : r;
}

int cb_cpio_link(struct cb_cpio *c, struct cb_str name, struct cb_str target)
{
	int r = target.n == 0 || target.n >= CB_MAX_PATH
		? cb_fail(c->env, CB_EINVAL, "cpio: '%.*s': a link target of %zu bytes",
			  CB_STR_ARG(name), target.n)
		: entry(c, name, TYPE_LINK | 0777, target.n, 0, 0);

	if (r == 0)
		r = put(c, target.p, target.n);
	return r == 0 ? pad(c, 4) : r;
}

int cb_cpio_node(struct cb_cpio *c, struct cb_str name, unsigned mode, char type, uint32_t major,
		 uint32_t minor)
{
	if (type != 'c' && type != 'b')
		return cb_fail(c->env, CB_EINVAL, "cpio: '%.*s': device type '%c' is neither c nor b",
			       CB_STR_ARG(name), type);
	return entry(c, name, (type == 'c' ? TYPE_CHAR : TYPE_BLOCK) | (mode & PERMISSIONS), 0, major, minor);
}

int cb_cpio_end(struct cb_cpio *c)
{
	static const uint32_t f[FIELDS] = { [NLINK] = 1, [NAMESIZE] = sizeof("TRAILER!!!") };

	if (c->left > 0)
		return cb_fail(c->env, CB_EINVAL,
			       "cpio: the archive ends while %llu bytes of its last file are missing",
			       (unsigned long long)c->left);
	int r = header(c, TRAILER, f);
	return r == 0 ? pad(c, BLOCK) : r;
}

static bool parse_fields(const struct raw_header *h, uint32_t ret[FIELDS])
{
	for (unsigned i = 0; i < FIELDS; i++) {
		uint64_t v;

		if (!cb_str_u64((struct cb_str){ (const char *)h->field[i], 8 }, 16, &v))
			return false;
		ret[i] = (uint32_t)v; /* eight digits */
	}
	return true;
}

int cb_cpio_read(struct cb_env *env, struct cb_bytes archive, size_t *off, struct cb_cpio_entry *ret)
{
	size_t at = *off;
	uint32_t f[FIELDS];

	if (at >= archive.n)
		return 0;
	const struct raw_header *h = cb_view(struct raw_header, archive, at);
	if (h == NULL || memcmp(h->magic, MAGIC, sizeof(h->magic)) != 0)
		return cb_fail(env, CB_ENOTMINE, "cpio: no newc header at byte %zu", at);
	if (!parse_fields(h, f))
		return cb_fail(env, CB_ECORRUPT,
			       "cpio: the header at byte %zu has a field that is no hexadecimal number", at);

	size_t name_at = at + sizeof(*h);

	if (f[NAMESIZE] == 0 || f[NAMESIZE] > CB_MAX_PATH ||
	    !cb_in_range(name_at, f[NAMESIZE], archive.n) || archive.p[name_at + f[NAMESIZE] - 1] != 0)
		return cb_fail(env, CB_ECORRUPT, "cpio: the header at byte %zu has a bad name of %u bytes",
			       at, f[NAMESIZE]);

	uint64_t data_at = (name_at + f[NAMESIZE] + 3) & ~UINT64_C(3);

	if (!cb_in_range(data_at, f[FILESIZE], archive.n))
		return cb_fail(env, CB_ECORRUPT,
			       "cpio: the entry at byte %zu has %u bytes of data, past the end at %zu", at,
			       f[FILESIZE], archive.n);

	uint64_t next = (data_at + f[FILESIZE] + 3) & ~UINT64_C(3);
	struct cb_str name = { (const char *)archive.p + name_at, f[NAMESIZE] - 1 };

	*off = (size_t)cb_min(next, archive.n); /* never above archive.n, a size_t */
	if (cb_str_eq(name, TRAILER))
		return 0;
	*ret = (struct cb_cpio_entry){
		name, { archive.p + (size_t)data_at, f[FILESIZE] }, f[MODE], f[UID], f[GID], f[NLINK],
		f[MTIME], f[INO], f[RMAJOR], f[RMINOR],
	};
	return 1;
}
