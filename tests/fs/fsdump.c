/* tests/fs/fsdump.c - what the drivers of lib/fs see of an image, for tests/fs/run and benchmarks.
 *
 *	fsdump IMAGE tree           a line for each file: type mode uid gid links size mtime sha256
 *	                            name target; names with %XX for bytes outside '!'..'~' and '%'
 *	fsdump IMAGE ranges SEED    random ranges of each file must be slices of the whole file
 *	fsdump IMAGE lookups        each name found again by path must be the file that listing gave
 *	fsdump IMAGE cat PATH       read it once, 1 MiB at a time; bytes a second, device reads
 * Errors of single files are lines that begin with '!'; the mount's note one that begins with '#'. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/hash.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/str.h"
#include "fs/fs.h"
#include "posix/file_blk.h"
#include "posix/posix.h"

#define STEP       (1u << 20)
#define RANGES     40
#define RANGES_MAX (256u << 20)    /* bigger files: ranges of the first bytes only */

const struct cb_fs_driver *const cb_fs_drivers[] = { &cb_fs_ext4, &cb_fs_fat, NULL };

/* A device that counts what is asked of another one. */
struct counted {
	struct cb_blk blk;
	struct cb_blk *under;
	uint64_t reads, bytes;
};

struct dump {
	struct cb_env env;
	struct cb_diag diag;
	struct cb_fs *fs;
	struct counted dev;
	uint8_t *buf;
	uint64_t random;
	unsigned bad;
};

static int counted_read(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf)
{
	struct counted *c = (struct counted *)b;

	c->reads++;
	c->bytes += (uint64_t)count * b->block_size;
	return c->under->ops->read(c->under, lba, count, buf);
}

static void counted_destroy(struct cb_blk *b)
{
	cb_blk_unref(((struct counted *)b)->under);
}

static const struct cb_blk_ops counted_ops = {
	.kind = "counted", .read = counted_read, .destroy = counted_destroy,
};

static uint64_t next_random(struct dump *d)
{
	d->random ^= d->random << 13;
	d->random ^= d->random >> 7;
	d->random ^= d->random << 17;
	return d->random;
}

static void put_name(struct cb_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if (c > ' ' && c <= '~' && c != '%')
			putchar(c);
		else
			printf("%%%02x", c);
	}
}

static int complain(struct dump *d, struct cb_str path)
{
	printf("! ");
	put_name(path);
	printf(" %s: %s\n", cb_err_name(d->diag.code), d->diag.text);
	cb_clear(&d->env);
	d->bad++;
	return 0;
}

static int sum_file(struct dump *d, const struct cb_node *n, char text[2 * CB_HASH_MAX + 1])
{
	uint8_t digest[CB_HASH_MAX];
	struct cb_hash h;
	struct cb_file f;
	int64_t got;
	int r = cb_file_init(&f, d->fs, n);

	if (r < 0)
		return r;
	cb_hash_init(&h, CB_HASH_SHA256);
	while ((got = cb_file_read(&f, d->buf, STEP)) > 0)
		cb_hash_add(&h, d->buf, (size_t)got);
	cb_file_fini(&f);

	size_t size = cb_hash_fini(&h, digest);

	for (size_t i = 0; i < size; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return (int)got;
}

static int tree_line(void *arg, const struct cb_walk_entry *e)
{
	static const char types[] = "?ofdl";
	const struct cb_node *n = e->node;
	char sum[2 * CB_HASH_MAX + 1] = "-";
	struct dump *d = arg;
	struct cb_buf target;

	if (e->status < 0)
		return complain(d, e->path);
	cb_buf_init(&target, &d->env, CB_MAX_PATH);

	int r = n->type == CB_FT_FILE ? sum_file(d, n, sum) :
		n->type == CB_FT_LINK ? cb_fs_readlink(d->fs, n, &target) : 0;

	if (r < 0) {
		cb_buf_fini(&target);
		return complain(d, e->path);
	}
	printf("%c %o %u %u %u %" PRIu64 " %" PRId64 " %s ", types[n->type], n->mode, n->uid, n->gid,
	       n->links, n->type == CB_FT_DIR ? 0 : n->size, n->mtime, sum);
	put_name(e->path);
	printf(" ");
	put_name((struct cb_str){ (const char *)target.p, target.n });
	printf("\n");
	cb_buf_fini(&target);
	return 0;
}

static int check_ranges(struct dump *d, const struct cb_node *n, struct cb_bytes whole)
{
	for (int i = 0; i < RANGES && whole.n > 0; i++) {
		uint64_t off = next_random(d) % whole.n;
		/* Long ones, short ones, and ones that end near blocks' ends. */
		uint64_t most = i % 3 == 0 ? whole.n : i % 3 == 1 ? 300 : 70000;
		size_t len = (size_t)cb_min(whole.n - off, next_random(d) % most + 1);

		if (i % 5 == 0 && off > 4096)
			off -= off % 4096;
		memset(d->buf, 0xa5, len < RANGES_MAX ? len : RANGES_MAX);

		int r = cb_fs_pread(d->fs, n, off, d->buf, len);

		if (r < 0)
			return r;
		if (memcmp(d->buf, whole.p + off, len) != 0)
			return cb_fail(&d->env, CB_ECORRUPT, "bytes %" PRIu64 "+%zu differ", off, len);
	}
	return 0;
}

static int range_line(void *arg, const struct cb_walk_entry *e)
{
	struct dump *d = arg;
	struct cb_buf whole;

	if (e->status < 0)
		return complain(d, e->path);
	if (e->node->type != CB_FT_FILE)
		return 0;
	cb_buf_init(&whole, &d->env, RANGES_MAX);

	struct cb_node part = *e->node;

	part.size = cb_min(part.size, RANGES_MAX);

	int r = cb_fs_slurp(d->fs, &part, RANGES_MAX, &whole);

	if (r == 0)
		r = check_ranges(d, e->node, cb_buf_bytes(&whole));
	cb_buf_fini(&whole);
	return r < 0 ? complain(d, e->path) : 0;
}

static int lookup_line(void *arg, const struct cb_walk_entry *e)
{
	struct dump *d = arg;
	struct cb_node n;

	if (e->status < 0)
		return complain(d, e->path);

	int r = cb_fs_lopen(d->fs, e->path, &n);

	if (r == 0 && (n.id != e->node->id || n.size != e->node->size))
		r = cb_fail(&d->env, CB_ECORRUPT, "another file by name: %" PRIu64 ", not %" PRIu64, n.id,
			    e->node->id);
	return r < 0 ? complain(d, e->path) : 0;
}

static int cat(struct dump *d, const char *path)
{
	struct cb_node n;
	struct cb_file f;
	int64_t got;
	uint64_t t0, bytes = 0;
	int r = cb_fs_open(d->fs, cb_str_c(path), &n);

	if (r == 0)
		r = cb_file_init(&f, d->fs, &n);
	if (r < 0)
		return r;
	d->dev.reads = d->dev.bytes = 0;
	t0 = cb_now_ns(&d->env);
	while ((got = cb_file_read(&f, d->buf, STEP)) > 0)
		bytes += (uint64_t)got;
	t0 = cb_now_ns(&d->env) - t0;
	cb_file_fini(&f);
	if (got < 0)
		return (int)got;
	printf("%" PRIu64 " bytes, %" PRIu64 " MB/s, %" PRIu64 " device reads of %" PRIu64 " bytes\n", bytes,
	       bytes * 1000 / (t0 > 0 ? t0 : 1), d->dev.reads, d->dev.bytes);
	return 0;
}

static int run(struct dump *d, const char *what, const char *arg)
{
	struct cb_node root;
	int r = cb_fs_open(d->fs, CB_STR("/"), &root);

	if (r < 0)
		return r;
	if (d->fs->note[0] != '\0')
		printf("# %s\n", d->fs->note);
	if (strcmp(what, "tree") == 0)
		return cb_fs_walk(d->fs, &root, CB_STR("/"), tree_line, d);
	if (strcmp(what, "lookups") == 0)
		return cb_fs_walk(d->fs, &root, CB_STR("/"), lookup_line, d);
	if (strcmp(what, "cat") == 0 && arg != NULL)
		return cat(d, arg);
	if (strcmp(what, "ranges") != 0 || arg == NULL)
		return cb_fail(&d->env, CB_EINVAL, "usage: fsdump IMAGE tree|lookups|ranges SEED|cat PATH");
	d->random = strtoull(arg, NULL, 0) * 0x9e3779b97f4a7c15u + 1;
	return cb_fs_walk(d->fs, &root, CB_STR("/"), range_line, d);
}

int main(int argc, char **argv)
{
	static struct dump d;
	struct cb_blk *dev = &d.dev.blk;
	int r;

	d.env = (struct cb_env){ &cb_posix_platform, NULL, CB_LOG_WARN, &d.diag };
	if (argc < 3) {
		fprintf(stderr, "usage: fsdump IMAGE tree|lookups|ranges SEED|cat PATH\n");
		return 2;
	}
	d.buf = aligned_alloc(4096, RANGES_MAX);
	if (d.buf == NULL)
		abort();
	r = cb_posix_blk(&d.env, argv[1], false, &d.dev.under);
	if (r == 0) {
		d.dev.blk = *d.dev.under;
		d.dev.blk.ops = &counted_ops;
		d.dev.blk.refs = 1;
		r = cb_fs_mount(&dev, 1, NULL, &d.fs);
	}
	if (r == 0)
		r = run(&d, argv[2], argc > 3 ? argv[3] : NULL);
	if (r < 0)
		printf("!! %s: %s\n", cb_err_name(r), d.diag.text);
	fprintf(stderr, "%" PRIu64 " device reads, %" PRIu64 " bytes\n", d.dev.reads, d.dev.bytes);
	cb_fs_unmount(d.fs);
	if (d.dev.under != NULL)
		cb_blk_unref(&d.dev.blk);
	free(d.buf);
	return r < 0 || d.bad > 0;
}
