/* tests/fuzz/fuzz_ext4.c - an ext file system out of the input: everything in it is listed, opened, read.
 *
 * First byte 0..4: one of the small images of tests/unit, changed by records of le32 place, u8
 * length, bytes. A place is 1024 * b + offset in the b-th block that isn't empty, modulo their
 * number, or with the top bit set a byte of the image. First byte 5 and above: the rest of the input
 * is the image, from byte 0 on, with zeros behind it. */
#include "fs/fs.h"
#include "posix/posix.h"
#include "unit/ext4_images.h"

#define NODES   300u
#define BYTES   (2u << 20)
#define RAW_MIN (256u << 10)

const struct cb_fs_driver *const cb_fs_drivers[] = { &cb_fs_ext4, NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct budget {
	struct cb_fs *fs;
	unsigned nodes;
	uint64_t bytes;
};

/* Each image as it is, and a copy that is changed and mended: filling megabytes anew for each
 * input takes longer than reading them. */
static uint8_t pristine[EXT4_IMAGES][EXT4_IMAGE_MAX], work[EXT4_IMAGES + 1][EXT4_IMAGE_MAX];
static uint32_t used[EXT4_IMAGES][EXT4_IMAGE_MAX / 1024], used_n[EXT4_IMAGES];

static void fill(uint8_t kind)
{
	static const uint8_t empty[1024];
	size_t n = ext4_image_size(kind);

	if (used_n[kind] > 0)
		return;
	ext4_image_fill(kind, pristine[kind]);
	memcpy(work[kind], pristine[kind], n);
	for (uint32_t at = 0; at < n; at += 1024)
		if (memcmp(pristine[kind] + at, empty, 1024) != 0)
			used[kind][used_n[kind]++] = at;
}

static uint32_t place(uint8_t kind, uint32_t v)
{
	if ((v & 0x80000000u) != 0)
		return (v & 0x7fffffff) % (uint32_t)ext4_image_size(kind);
	return used[kind][(v >> 10) % used_n[kind]] + (v & 1023);
}

/* Puts the records' bytes into the image, or what was there before them. */
static void patch(uint8_t kind, struct cb_cur c, bool mend)
{
	size_t n = ext4_image_size(kind);

	while (c.left > 5) {
		uint32_t at = place(kind, cb_cur_le32(&c));
		struct cb_bytes with = cb_cur_take(&c, cb_min(cb_cur_u8(&c), c.left));

		memcpy(work[kind] + at, mend ? pristine[kind] + at : with.p, (size_t)cb_min(with.n, n - at));
	}
}

/* The bytes that the input makes. */
static struct cb_bytes make_image(uint8_t kind, struct cb_cur c)
{
	struct cb_bytes raw = { work[EXT4_IMAGES], RAW_MIN };

	if (kind >= EXT4_IMAGES) {
		size_t n = (size_t)cb_min(c.left, EXT4_IMAGE_MAX);

		memset(work[EXT4_IMAGES], 0, RAW_MIN);
		if (n > 0)
			memcpy(work[EXT4_IMAGES], c.p, n);
		raw.n = n < RAW_MIN ? RAW_MIN : n & ~(size_t)1023;
		return raw;
	}
	fill(kind);
	patch(kind, c, false);
	return (struct cb_bytes){ work[kind], ext4_image_size(kind) };
}

/* The start, the last byte, and what the budget lets us read between. */
static void read_file(struct budget *b, const struct cb_node *n)
{
	static uint8_t out[200000];
	struct cb_file f;
	uint8_t byte;
	int64_t got;

	if (n->size > 0 && cb_fs_pread(b->fs, n, n->size - 1, &byte, 1) < 0)
		cb_clear(b->fs->env);
	if (cb_file_init(&f, b->fs, n) < 0)
		__builtin_trap();
	do {
		got = cb_file_read(&f, out, b->bytes % 2 == 0 ? sizeof(out) : 5000);
		b->bytes += got > 0 ? (uint64_t)got : 5000;
	} while (got > 0 && b->bytes < BYTES);
	cb_file_fini(&f);
}

static int visit(void *arg, const struct cb_walk_entry *e)
{
	struct budget *b = arg;
	struct cb_node n;

	if (++b->nodes > NODES || b->bytes > BYTES)
		return 1;
	if (e->node == NULL || e->status < 0)
		return 0;
	if (e->node->type == CB_FT_FILE)
		read_file(b, e->node);
	/* Follows links and asks hash trees. */
	if (cb_fs_open(b->fs, e->path, &n) < 0)
		cb_clear(b->fs->env);
	return 0;
}

static void try_image(struct cb_bytes image)
{
	struct cb_diag diag = { 0 };
	struct cb_env env = { &cb_posix_platform, NULL, CB_LOG_ERR, &diag };
	struct budget budget = { 0 };
	struct cb_fs_info info;
	struct cb_node root;
	struct cb_blk *b;

	if (cb_blk_mem(&env, image.p, image.n, 512, &b) < 0)
		return;
	if (cb_fs_probe(b, &info) < 0)
		cb_clear(&env);
	if (cb_fs_mount(&b, 1, NULL, &budget.fs) < 0) {
		cb_blk_unref(b);
		return;
	}
	if (cb_fs_open(budget.fs, CB_STR("/boot/slow"), &root) < 0)
		cb_clear(&env);
	if (cb_fs_open(budget.fs, CB_STR("/"), &root) == 0 &&
	    cb_fs_walk(budget.fs, &root, CB_STR("/"), visit, &budget) < 0)
		cb_clear(&env);
	cb_fs_unmount(budget.fs);
	cb_blk_unref(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_cur c = { data, size, false };
	uint8_t kind = cb_cur_u8(&c);

	try_image(make_image(kind, c));
	if (kind < EXT4_IMAGES)
		patch(kind, c, true);
	return 0;
}
