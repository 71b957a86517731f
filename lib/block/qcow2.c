/* block/qcow2.c - the header and its extensions, chains of images, reading. */
#include "block/qcow2_priv.h"

#include "core/fmt.h"
#include "core/limits.h"
#include "core/str.h"

#define BLOCK         512u
#define CLUSTER_MIN   9u            /* bits */
#define CLUSTER_MAX   21u           /* bits: QEMU's own limit */
#define EXTENDED_MIN  14u
#define V2_LENGTH     72u
#define V3_LENGTH     104u
#define NAME_MAX      1023u         /* of a backing file, by the format */

enum { INCOMPAT_DIRTY, INCOMPAT_CORRUPT, INCOMPAT_DATA_FILE, INCOMPAT_COMPRESSION, INCOMPAT_EXTENDED,
       INCOMPAT_KNOWN };

/* Header extensions */
#define EXT_END            0u
#define EXT_BACKING_FORMAT 0xe2792acau
#define EXT_FEATURES       0x6803f857u
#define EXT_DATA_FILE      0x44415441u

struct qcow2_header {
	uint8_t magic[4];
	cb_be32 version;
	cb_be64 backing_off;
	cb_be32 backing_n, cluster_bits;
	cb_be64 size;
	cb_be32 crypt, l1_n;
	cb_be64 l1_off, refcount_off;
	cb_be32 refcount_clusters, snapshots_n;
	cb_be64 snapshots_off;
	/* Version 3 */
	cb_be64 incompatible, compatible, autoclear;
	cb_be32 refcount_order, length;
	uint8_t compression, padding[7];
};
_Static_assert(sizeof(struct qcow2_header) == 112, "docs/interop/qcow2.txt, Header");

struct feature_name { uint8_t kind, bit, name[46]; };
_Static_assert(sizeof(struct feature_name) == 48, "docs/interop/qcow2.txt, Feature name table");

/* What of the header is needed only until the chain stands. Views into first. */
struct header {
	uint8_t *buf;
	struct cb_bytes first;      /* in buf: the first cluster, as far as the file goes */
	uint64_t incompatible, l1_off;
	uint32_t length;
	struct cb_str backing, backing_format, data_file;
	struct cb_bytes features;   /* feature name table */
};

static int bad(struct qcow2 *q, int code, const char *what, uint64_t value, uint64_t limit)
{
	return cb_fail(q->blk.env, code, "%s %llu, the limit is %llu", what, (unsigned long long)value,
		       (unsigned long long)limit);
}

/* Version, sizes, places; q's native fields. */
static int take_header(struct qcow2 *q, const struct qcow2_header *r, struct header *h)
{
	uint64_t tables, l1_bytes, entries;

	q->version = cb_get_be32(r->version);
	q->cluster_bits = cb_get_be32(r->cluster_bits);
	q->size = cb_get_be64(r->size);
	if (q->version != 2 && q->version != 3)
		return bad(q, CB_EUNSUP, "version", q->version, 3);
	if (q->cluster_bits < CLUSTER_MIN || q->cluster_bits > CLUSTER_MAX)
		return cb_fail(q->blk.env, CB_EUNSUP, "cluster_bits %u, not in %u..%u", q->cluster_bits,
			       CLUSTER_MIN, CLUSTER_MAX);
	q->cluster_size = 1u << q->cluster_bits;
	h->length = V2_LENGTH;
	if (q->version == 3) {
		h->length = cb_get_be32(r->length);
		h->incompatible = cb_get_be64(r->incompatible);
		if (h->length < V3_LENGTH || h->length % 8 != 0 || h->length > q->cluster_size)
			return cb_fail(q->blk.env, CB_ECORRUPT, "a header of %u bytes", h->length);
	}
	q->extended = (h->incompatible >> INCOMPAT_EXTENDED & 1) != 0;
	if (q->extended && q->cluster_bits < EXTENDED_MIN)
		return cb_fail(q->blk.env, CB_ECORRUPT, "extended L2 entries with cluster_bits %u < %u",
			       q->cluster_bits, EXTENDED_MIN);
	if (q->size > CB_MAX_DEVICE_SIZE - BLOCK)
		return bad(q, CB_ELIMIT, "a disk of bytes", q->size, CB_MAX_DEVICE_SIZE - BLOCK);
	/* The L1 table must cover the disk. */
	entries = q->cluster_size / (q->extended ? 16 : 8);
	tables = (q->size + q->cluster_size * entries - 1) / (q->cluster_size * entries);
	q->l1_n = cb_get_be32(r->l1_n);
	h->l1_off = cb_get_be64(r->l1_off);
	if (q->l1_n < tables)
		return cb_fail(q->blk.env, CB_ECORRUPT, "%u L1 entries, %llu bytes of disk need %llu",
			       q->l1_n, (unsigned long long)q->size, (unsigned long long)tables);
	q->l1_n = (uint32_t)tables;
	l1_bytes = tables * 8;
	if (l1_bytes > CB_MAX_QCOW2_TABLE)
		return bad(q, CB_ELIMIT, "L1 bytes", l1_bytes, CB_MAX_QCOW2_TABLE);
	if (!cb_in_range(h->l1_off, l1_bytes, cb_blk_size(q->file)) || h->l1_off % q->cluster_size != 0)
		return cb_fail(q->blk.env, CB_ECORRUPT,
			       "L1 table of %llu bytes at byte %llu, the file has %llu",
			       (unsigned long long)l1_bytes, (unsigned long long)h->l1_off,
			       (unsigned long long)cb_blk_size(q->file));
	return 0;
}

static struct cb_str text_of(struct cb_bytes b)
{
	return (struct cb_str){ (const char *)b.p, b.n };
}

static int take_extensions(struct qcow2 *q, const struct qcow2_header *r, struct header *h)
{
	uint64_t name_off = cb_get_be64(r->backing_off);
	uint32_t name_n = cb_get_be32(r->backing_n);
	struct cb_cur c = cb_cur(h->first);

	if (name_off != 0) {
		if (name_n > NAME_MAX || !cb_in_range(name_off, name_n, h->first.n))
			return cb_fail(q->blk.env, CB_ECORRUPT, "backing file name of %u bytes at byte %llu",
				       name_n, (unsigned long long)name_off);
		h->backing = (struct cb_str){ (const char *)h->first.p + name_off, name_n };
		c.left = (size_t)name_off;
	}
	(void)cb_cur_take(&c, h->length);
	/* Each takes at least 8 bytes of at most one cluster. */
	while (cb_cur_ok(&c) && c.left >= 8) {
		uint32_t kind = cb_cur_be32(&c), n = cb_cur_be32(&c);
		struct cb_bytes data = cb_cur_take(&c, n);

		if (kind == EXT_END)
			return 0;
		(void)cb_cur_take(&c, cb_min((8 - n % 8) % 8, c.left));
		if (!cb_cur_ok(&c))
			return cb_fail(q->blk.env, CB_ECORRUPT, "header extension %08x of %u bytes", kind, n);
		if (kind == EXT_BACKING_FORMAT)
			h->backing_format = text_of(data);
		else if (kind == EXT_FEATURES)
			h->features = data;
		else if (kind == EXT_DATA_FILE)
			h->data_file = text_of(data);
	}
	return 0;
}

static int refuse_bit(struct qcow2 *q, const struct header *h, unsigned bit)
{
	const struct feature_name *f;

	for (size_t i = 0; (f = cb_view(struct feature_name, h->features, i)) != NULL; i += sizeof(*f)) {
		struct cb_str name = { (const char *)f->name, sizeof(f->name) };

		if (f->kind == 0 && f->bit == bit)
			return cb_fail(q->blk.env, CB_EUNSUP, "incompatible feature \"%.*s\" (bit %u)",
				       (int)cb_min(cb_str_chr(name, '\0'), name.n), name.p, bit);
	}
	return cb_fail(q->blk.env, CB_EUNSUP, "unknown incompatible feature, bit %u", bit);
}

static int check_features(struct qcow2 *q, const struct qcow2_header *r, const struct header *h)
{
	uint32_t crypt = cb_get_be32(r->crypt);
	bool has_type = (h->incompatible >> INCOMPAT_COMPRESSION & 1) != 0;
	uint8_t type = h->length > offsetof(struct qcow2_header, compression) ? r->compression : 0;

	if (crypt != 0)
		return cb_fail(q->blk.env, CB_EUNSUP, "the image is encrypted (%s)",
			       crypt == 1 ? "AES" : crypt == 2 ? "LUKS" : "unknown method");
	for (unsigned bit = INCOMPAT_KNOWN; bit < 64; bit++)
		if ((h->incompatible >> bit & 1) != 0)
			return refuse_bit(q, h, bit);
	if (type > 1)
		return cb_fail(q->blk.env, CB_EUNSUP, "compression type %u", type);
	if (has_type != (type != 0))
		return cb_fail(q->blk.env, CB_ECORRUPT, "compression type %u, but its feature bit is %d",
			       type, has_type);
	q->compression = type == 0 ? CB_DECOMP_DEFLATE : CB_DECOMP_ZSTD;
	if ((h->incompatible >> INCOMPAT_DATA_FILE & 1) == 0)
		return 0;
	if (h->data_file.n == 0)
		return cb_fail(q->blk.env, CB_EUNSUP, "an external data file without a name");
	return 0;
}

static int load_l1(struct qcow2 *q, uint64_t off)
{
	size_t n = (size_t)q->l1_n * 8;     /* at most CB_MAX_QCOW2_TABLE, and in the file */

	if (n == 0)
		return 0;
	q->l1 = cb_alloc_aligned(q->blk.env, n, q->file->buf_align);
	return q->l1 != NULL ? cb_blk_pread(q->file, off, q->l1, n) : CB_ENOMEM;
}

static int read_run(struct qcow2 *q, const struct qcow2_run *run, uint64_t off, uint8_t *buf)
{
	size_t n = (size_t)run->n, there = 0;
	struct cb_blk *from = NULL;
	uint64_t at = 0;

	if (run->kind == QCOW2_PACKED)
		return cb_qcow2_unpack(q, run, (uint32_t)(off & (q->cluster_size - 1)), buf, n);
	if (run->kind == QCOW2_DATA) {
		from = q->data;
		at = run->host;
	} else if (run->kind == QCOW2_BACKING && q->backing != NULL) {
		from = q->backing;
		at = off;
	}
	/* A shorter backing file, and the last cluster of a file that was cut to its use, go on as zeros. */
	if (from != NULL && at < cb_blk_size(from))
		there = (size_t)cb_min(n, cb_blk_size(from) - at);
	memset(buf + there, 0, n - there);
	return there > 0 ? cb_blk_pread(from, at, buf, there) : 0;
}

static int qcow2_read(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf)
{
	struct qcow2 *q = (struct qcow2 *)b;
	uint64_t off = lba * BLOCK, left = (uint64_t)count * BLOCK;
	uint8_t *to = buf;

	while (left > 0) {
		struct qcow2_run run = { .n = 0 };
		int r = 0;

		/* The padding of the last block belongs to no cluster when clusters end there. */
		if (off >= q->size)
			run = (struct qcow2_run){ .kind = QCOW2_ZERO, .n = left };
		else
			r = cb_qcow2_map(q, off, left, &run);
		if (r == 0)
			r = read_run(q, &run, off, to);
		if (r < 0)
			return cb_wrap(b->env, r, "%s: qcow2, byte %llu of the disk", b->name,
				       (unsigned long long)off);
		off += run.n;
		to += run.n;
		left -= run.n;
	}
	return 0;
}

static void qcow2_destroy(struct cb_blk *b)
{
	struct qcow2 *q = (struct qcow2 *)b;

	for (size_t i = 0; i < QCOW2_SLICES; i++)
		cb_free(b->env, q->slices[i].data, q->slice_size);
	for (size_t i = 0; i < QCOW2_PLAIN; i++)
		cb_free(b->env, q->plain[i].data, q->cluster_size);
	cb_free(b->env, q->packed, 2 * (size_t)q->cluster_size);
	cb_free(b->env, q->l1, (size_t)q->l1_n * 8);
	if (q->data != q->file)
		cb_blk_unref(q->data);
	cb_blk_unref(q->file);
	cb_blk_unref(q->backing);
	cb_free(b->env, q, sizeof(*q));
}

static const struct cb_blk_ops qcow2_ops = {
	.kind = "qcow2", .read = qcow2_read, .destroy = qcow2_destroy
};

/* Opening a chain: one image after the other, from the top. */
struct opener {
	cb_qcow2_open_fn *open;
	void *arg;
	char path[CB_MAX_PATH];    /* of the image being opened */
	char next[CB_MAX_PATH];    /* of a file that it names */
};

/* o->next: a name from an image's header. Backing files are in the folder of the image unless they
 * are absolute; QEMU takes the name of a data file as it is. */
static int join(struct cb_env *env, struct opener *o, struct cb_str name, bool in_folder)
{
	struct cb_str dir = cb_str_c(o->path);
	size_t slash = in_folder ? cb_str_rchr(dir, '/') : SIZE_MAX, colon;

	if (cb_str_starts(name, CB_STR("file:")))
		name = cb_str_sub(name, 5, SIZE_MAX);
	colon = cb_str_chr(name, ':');
	/* QEMU takes what is before a colon for a protocol, unless a slash comes first. */
	if (colon != SIZE_MAX && cb_str_chr(name, '/') > colon)
		return cb_fail(env, CB_EUNSUP, "\"%.*s\" is no plain file", CB_STR_ARG(name));
	if (name.n == 0 || cb_str_chr(name, '\0') != SIZE_MAX)
		return cb_fail(env, CB_ECORRUPT, "a file name of %zu bytes", name.n);
	dir.n = slash == SIZE_MAX || name.p[0] == '/' ? 0 : slash + 1;
	if (cb_fmt(o->next, sizeof(o->next), "%.*s%.*s", CB_STR_ARG(dir), CB_STR_ARG(name)) >=
	    sizeof(o->next))
		return cb_fail(env, CB_ELIMIT, "a path over %zu bytes", sizeof(o->next) - 1);
	return 0;
}

static int open_named(struct qcow2 *q, struct opener *o, struct cb_str name, bool backing,
		      struct cb_blk **ret)
{
	const char *what = backing ? "backing file" : "data file";
	int r;

	if (o->open == NULL)
		return cb_fail(q->blk.env, CB_EUNSUP, "it needs its %s \"%.*s\"", what, CB_STR_ARG(name));
	r = join(q->blk.env, o, name, backing);
	if (r == 0)
		r = o->open(o->arg, o->next, ret);
	return r < 0 ? cb_wrap(q->blk.env, r, "%s", what) : 0;
}

/* The file under q. *ret_q when it is an image itself, to be opened next. */
static int open_backing(struct qcow2 *q, struct opener *o, const struct header *h, struct cb_blk **ret_file)
{
	struct cb_str format = h->backing_format;
	struct cb_blk *file;
	int is, r = open_named(q, o, h->backing, true, &file);

	*ret_file = NULL;
	if (r < 0)
		return r;
	is = cb_qcow2_is(file);
	if (format.n == 0 && is >= 0)
		format = is == 1 ? CB_STR("qcow2") : CB_STR("raw");
	if (is < 0)
		r = is;
	else if (cb_str_eq(format, CB_STR("qcow2")))
		*ret_file = file;
	else if (cb_str_eq(format, CB_STR("raw")) || cb_str_eq(format, CB_STR("file")) ||
		 cb_str_eq(format, CB_STR("host_device")))
		q->backing = file;
	else
		r = cb_fail(q->blk.env, CB_EUNSUP, "backing file of format \"%.*s\"", CB_STR_ARG(format));
	if (r < 0)
		cb_blk_unref(file);
	return r;
}

/* Fill q from its file. *ret_below: an image that is its backing file, or NULL. */
static int set_up(struct qcow2 *q, struct opener *o, struct header *h, struct cb_blk **ret_below)
{
	const struct qcow2_header *r = cb_view(struct qcow2_header, h->first, 0);
	int s;

	*ret_below = NULL;
	if (r == NULL || memcmp(r->magic, "QFI\xfb", 4) != 0)
		return cb_fail(q->blk.env, CB_ENOTMINE, "not a qcow2 image");
	s = take_header(q, r, h);
	if (s == 0)
		s = take_extensions(q, r, h);
	if (s == 0)
		s = check_features(q, r, h);
	if (s == 0)
		s = load_l1(q, h->l1_off);
	if (s < 0)
		return s;
	q->slice_size = q->cluster_size < QCOW2_SLICE ? q->cluster_size : QCOW2_SLICE;
	q->slice_entries = q->slice_size / (q->extended ? 16 : 8);
	q->blk.nblocks = q->size / BLOCK + (q->size % BLOCK != 0);
	s = cb_blk_check(&q->blk);
	if (s == 0 && h->data_file.n > 0 && (h->incompatible >> INCOMPAT_DATA_FILE & 1) != 0)
		s = open_named(q, o, h->data_file, false, &q->data);
	if (s == 0 && h->backing.n > 0)
		s = open_backing(q, o, h, ret_below);
	return s;
}

/* The first cluster: the header, its extensions and the names are there. */
static int read_first(struct qcow2 *q, struct header *h)
{
	uint8_t raw[BLOCK];
	struct cb_bytes all = { raw, sizeof(raw) };
	uint32_t bits;
	int r;

	if (cb_blk_size(q->file) < sizeof(raw))
		return cb_fail(q->blk.env, CB_ENOTMINE, "not a qcow2 image");
	r = cb_blk_pread(q->file, 0, raw, sizeof(raw));
	if (r < 0)
		return r;
	bits = cb_get_be32(cb_view(struct qcow2_header, all, 0)->cluster_bits);
	bits = bits < CLUSTER_MIN ? CLUSTER_MIN : bits > CLUSTER_MAX ? CLUSTER_MAX : bits;
	h->first.n = (size_t)cb_min(cb_blk_size(q->file), 1u << bits);
	h->first.p = h->buf = cb_alloc_aligned(q->blk.env, h->first.n, q->file->buf_align);
	return h->buf != NULL ? cb_blk_pread(q->file, 0, h->buf, h->first.n) : CB_ENOMEM;
}

/* One image of the chain; takes over the reference on file. */
static int open_image(struct cb_blk *file, struct opener *o, struct qcow2 **ret, struct cb_blk **ret_below)
{
	struct qcow2 *q = cb_alloc(file->env, sizeof(*q));
	struct header h = { .length = 0 };
	int r;

	if (q == NULL) {
		cb_blk_unref(file);
		return CB_ENOMEM;
	}
	q->blk = (struct cb_blk){
		.ops = &qcow2_ops, .env = file->env, .block_size = BLOCK,
		.max_count = UINT32_MAX / BLOCK, .buf_align = 1, .refs = 1,
	};
	memcpy(q->blk.name, file->name, sizeof(q->blk.name));
	q->file = q->data = file;
	r = read_first(q, &h);
	if (r == 0)
		r = set_up(q, o, &h, ret_below);
	cb_free(file->env, h.buf, h.first.n);
	if (r < 0)
		cb_blk_unref(&q->blk);
	else
		*ret = q;
	return r;
}

static int open_chain(struct cb_blk *file, struct opener *o, struct qcow2 **ret)
{
	struct cb_env *env = file->env;
	struct qcow2 *top = NULL, *last = NULL, *q = NULL;
	struct cb_blk *below = cb_blk_ref(file);
	int r = 0;

	for (unsigned n = 0; below != NULL; n++) {
		struct cb_blk *this = below;

		below = NULL;
		if (n > CB_MAX_QCOW2_CHAIN) {
			cb_blk_unref(this);
			r = cb_fail(env, CB_ELIMIT, "over %u backing files", CB_MAX_QCOW2_CHAIN);
		} else {
			r = open_image(this, o, &q, &below);
		}
		if (r < 0) {
			(void)cb_wrap(env, r, "qcow2 %s", o->path);
			break;
		}
		if (top == NULL)
			top = q;
		else
			last->backing = &q->blk;
		last = q;
		memcpy(o->path, o->next, sizeof(o->path));
	}
	if (r == 0)
		*ret = top;
	else if (top != NULL)
		cb_blk_unref(&top->blk);
	return r;
}

int cb_qcow2_is(struct cb_blk *file)
{
	uint8_t magic[4];
	int r;

	if (cb_blk_size(file) < sizeof(magic))
		return 0;
	r = cb_blk_pread(file, 0, magic, sizeof(magic));
	return r < 0 ? r : memcmp(magic, "QFI\xfb", 4) == 0;
}

int cb_qcow2_open(struct cb_blk *file, const char *path, cb_qcow2_open_fn *open, void *arg,
		  struct cb_blk **ret)
{
	struct opener *o = cb_alloc(file->env, sizeof(*o));
	struct qcow2 *q;
	int r;

	if (o == NULL)
		return CB_ENOMEM;
	o->open = open;
	o->arg = arg;
	if (cb_fmt(o->path, sizeof(o->path), "%s", path) >= sizeof(o->path))
		r = cb_fail(file->env, CB_ELIMIT, "a path over %zu bytes", sizeof(o->path) - 1);
	else
		r = open_chain(file, o, &q);
	cb_free(file->env, o, sizeof(*o));
	if (r == 0)
		*ret = &q->blk;
	return r;
}
