/* tests/fuzz/fuzz_fat.c - the input is a FAT volume: everything in it is listed, opened and read. */
#include "fs/fs.h"
#include "posix/posix.h"

#define NODES 60u
#define BYTES (128u << 10)

const struct cb_fs_driver *const cb_fs_drivers[] = { &cb_fs_fat, NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct budget {
	struct cb_fs *fs;
	unsigned nodes;
	uint64_t bytes;
};

/* Some of the file: its start, its end, and what the budget lets us read between. */
static void read_file(struct budget *b, const struct cb_node *n)
{
	static uint8_t out[70000];
	uint8_t byte;
	struct cb_file f;
	int64_t got;

	if (n->size > 0 && cb_fs_pread(b->fs, n, n->size - 1, &byte, 1) < 0)
		cb_clear(b->fs->env);
	if (cb_file_init(&f, b->fs, n) < 0)
		__builtin_trap();
	do {
		got = cb_file_read(&f, out, sizeof(out));
		b->bytes += got > 0 ? (uint64_t)got : sizeof(out);
	} while (got > 0 && b->bytes < BYTES);
	cb_file_fini(&f);
}

static int visit(void *arg, const struct cb_walk_entry *e)
{
	struct budget *b = arg;
	struct cb_node n;

	if (e->node == NULL || e->status < 0)
		return ++b->nodes > NODES;
	if (e->node->type == CB_FT_FILE)
		read_file(b, e->node);
	/* The path says the same, unless two names fold into one. */
	if (e->path.n > 0 && cb_fs_open(b->fs, e->path, &n) < 0)
		cb_clear(b->fs->env);
	return ++b->nodes > NODES || b->bytes > BYTES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_diag diag = { 0 };
	struct cb_env env = { &cb_posix_platform, NULL, CB_LOG_ERR, &diag };
	struct budget budget = { 0 };
	struct cb_fs_info info;
	struct cb_node root;
	struct cb_blk *b;
	int r;

	if (cb_blk_mem(&env, data, size, 512, &b) < 0)
		return 0;
	r = cb_fs_probe(b, &info);
	if (r == 0)
		r = cb_fs_mount(&b, 1, NULL, &budget.fs);
	if (r == 0) {
		if (budget.fs->ops->root(budget.fs, &root) < 0)
			__builtin_trap();
		if (cb_fs_walk(budget.fs, &root, CB_STR(""), visit, &budget) < 0 && diag.len == 0)
			__builtin_trap();
		cb_fs_unmount(budget.fs);
	} else if (diag.len == 0) {
		__builtin_trap();
	}
	cb_blk_unref(b);
	return 0;
}
