/* tests/fuzz/fuzz_qcow2.c - the input is an image; its backing file, whatever the name, is the same
 * bytes from the middle on, so that chains of different images come up too. */
#include "block/image.h"
#include "codec/decomp.h"
#include "core/mem.h"
#include "posix/posix.h"

#define BYTES (256u << 10)

const struct cb_codec *const cb_codecs[] = { &cb_codec_deflate, &cb_codec_zstd, NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct cb_env *env;
	const uint8_t *data;
	size_t size;
};

static int open_half(void *arg, const char *path, struct cb_blk **ret)
{
	const struct input *in = arg;
	size_t half = in->size / 2 & ~(size_t)511;

	if (path[0] == '\0')
		__builtin_trap();
	return cb_blk_mem(in->env, in->data + half, in->size - half, 512, ret);
}

/* The start and the end, in pieces of odd sizes and in big ones. */
static void read_disk(struct cb_blk *b)
{
	static uint8_t out[70000];
	uint64_t size = cb_blk_size(b), off = size > BYTES ? size - BYTES / 2 : 0;

	for (int round = 0; round < 2; round++) {
		for (uint64_t done = 0; off < size && done < BYTES / 2;) {
			size_t n = (size_t)cb_min(round == 0 ? sizeof(out) : 3000, size - off);

			if (cb_blk_pread(b, off, out, n) < 0 && b->env->diag->len == 0)
				__builtin_trap();
			off += n;
			done += n;
		}
		off = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_diag diag = { 0 };
	struct cb_env env = { &cb_posix_platform, NULL, CB_LOG_ERR, &diag };
	struct input in = { &env, data, size };
	struct cb_blk *file, *b;

	if (cb_blk_mem(&env, data, size, 512, &file) < 0)
		return 0;
	if (cb_image_open(file, "folder/image", open_half, &in, &b) == 0) {
		read_disk(b);
		cb_blk_unref(b);
	} else if (diag.len == 0) {
		__builtin_trap();
	}
	cb_blk_unref(file);
	return 0;
}
