/* tests/fuzz/fuzz_ext4.c - an ext file system out of the input: everything in it is listed, opened, read.
 *
 * First byte 0..3: one of the small images of tests/unit, changed by records of le32 offset (modulo
 * the image), u8 length, bytes. 4 and above: the rest of the input is the image, from byte 0 on, with
 * zeros behind it. */
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

static uint8_t disk[EXT4_IMAGE_MAX];

/* Bytes of the image that the input makes. */
static size_t make_image(const uint8_t *data, size_t size)
{
	struct cb_cur c = { data, size, false };
	uint8_t kind = cb_cur_u8(&c);
	size_t n;

	if (kind >= EXT4_IMAGES) {
		n = (size_t)cb_min(c.left, sizeof(disk));
		memset(disk, 0, sizeof(disk) < RAW_MIN ? sizeof(disk) : RAW_MIN);
		if (n > 0)
			memcpy(disk, c.p, n);
		return n < RAW_MIN ? RAW_MIN : n & ~(size_t)1023;
	}
	n = ext4_image_size(kind);
	ext4_image_fill(kind, disk);
	while (c.left > 5) {
		uint32_t at = cb_cur_le32(&c) % (uint32_t)n;
		struct cb_bytes with = cb_cur_take(&c, cb_min(cb_cur_u8(&c), c.left));

		memcpy(disk + at, with.p, (size_t)cb_min(with.n, n - at));
	}
	return n;
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_diag diag = { 0 };
	struct cb_env env = { &cb_posix_platform, NULL, CB_LOG_ERR, &diag };
	struct budget budget = { 0 };
	struct cb_fs_info info;
	struct cb_node root;
	struct cb_blk *b;
	size_t n = make_image(data, size);

	if (cb_blk_mem(&env, disk, n, 512, &b) < 0)
		return 0;
	if (cb_fs_probe(b, &info) < 0)
		cb_clear(&env);
	if (cb_fs_mount(&b, 1, NULL, &budget.fs) < 0) {
		cb_blk_unref(b);
		return 0;
	}
	if (cb_fs_open(budget.fs, CB_STR("/boot/slow"), &root) < 0)
		cb_clear(&env);
	if (cb_fs_open(budget.fs, CB_STR("/"), &root) == 0 &&
	    cb_fs_walk(budget.fs, &root, CB_STR("/"), visit, &budget) < 0)
		cb_clear(&env);
	cb_fs_unmount(budget.fs);
	cb_blk_unref(b);
	return 0;
}
