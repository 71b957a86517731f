/* tests/fuzz/fuzz_gpt.c - partition tables of both kinds. First byte: the disk's block size. */
#include "block/part.h"
#include "core/mem.h"
#include "posix/posix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(struct cb_blk *disk, const struct cb_part *p)
{
	struct cb_blk *b;
	uint8_t byte;

	if (!cb_in_range(p->off, p->size, cb_blk_size(disk)) || p->number == 0)
		__builtin_trap();
	if (cb_part_open(disk, p, &b) < 0)
		return;
	if (cb_blk_size(b) > 0 && (cb_blk_pread(b, 0, &byte, 1) < 0 ||
				   cb_blk_pread(b, cb_blk_size(b) - 1, &byte, 1) < 0))
		__builtin_trap();
	cb_blk_unref(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_diag diag = { 0 };
	struct cb_env env = { &cb_posix_platform, NULL, CB_LOG_ERR, &diag };
	struct cb_arena a;
	struct cb_part_table t;
	struct cb_blk *disk;

	if (size == 0 || cb_blk_mem(&env, data + 1, size - 1, 512u << data[0] % 4, &disk) < 0)
		return 0;
	cb_arena_init(&a, &env, 1 << 20);
	if (cb_part_scan(disk, &a, &t) == 0)
		for (size_t i = 0; i < t.n; i++)
			use(disk, &t.parts[i]);
	else if (diag.len == 0)
		__builtin_trap();
	cb_arena_fini(&a);
	cb_blk_unref(disk);
	return 0;
}
