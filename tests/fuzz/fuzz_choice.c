/* tests/fuzz/fuzz_choice.c - the whole chooser over disks whose files are the input: search, rank,
 * explain, load.
 *
 * The input is cut at 0xff into files, "path\ntext". A text that begins with 1 is a link
 * ("\1Ltarget"), a kernel ("\1K"), a UKI ("\1U") or both cut short ("\1k7", "\1u7": 7/16 of it).
 * A path that begins with '@' is on the second disk; the first file's path is the kernel that is
 * asked for, if it begins with '?'. */
#include "boot/explain.h"
#include "codec/decomp.h"
#include "core/limits.h"
#include "posix/posix.h"
#include "unit/boot_kit.h"

/* The table file systems of the unit tests; of check.c they only need to fail. */
#include "unit/tree.c"

#define FILES 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct cb_codec *const cb_codecs[] = { NULL };
const struct cb_fs_driver *const cb_fs_drivers[] = { NULL };

static uint8_t bz[KIT_KERNEL], uki[KIT_UKI_MAX];
static struct tree_file files[2][FILES];
static size_t files_n[2];

void cb_check_failed(struct cb_check *t, const char *file, int line, const char *fmt, ...)
{
	(void)t;
	(void)file;
	(void)line;
	(void)fmt;
	__builtin_trap();
}

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void set_content(struct tree_file *f, const char *text)
{
	size_t part = text[0] == 1 && text[1] != '\0' ? (size_t)text[2] % 16 : 0;
	char kind = text[0] == 1 ? text[1] : '\0';

	f->text = kind == 'L' ? text + 2 : text;
	f->link = kind == 'L';
	if (kind == 'K' || kind == 'k') {
		f->p = bz;
		f->n = kind == 'K' ? KIT_KERNEL : KIT_KERNEL / 16 * part;
	} else if (kind == 'U' || kind == 'u') {
		f->p = uki;
		f->n = kind == 'U' ? KIT_UKI_MAX : KIT_UKI_MAX / 16 * part;
	}
}

/* Cut the next file off the NUL-terminated input. */
static void add_file(struct cb_arena *a, struct cb_str record, struct cb_str *ret_asked)
{
	size_t end = cb_str_chr(record, '\n');
	struct cb_str path = cb_arena_str(a, cb_str_sub(record, 0, end));
	struct cb_str text = cb_arena_str(a, cb_str_sub(record, path.n + 1, SIZE_MAX));
	unsigned disk = path.n > 0 && path.p[0] == '@';
	struct tree_file f = { .path = path.p + disk };

	if (path.n > 0 && path.p[0] == '?') {
		*ret_asked = cb_str_c(path.p + 1);
		return;
	}
	if (files_n[disk] == FILES)
		return;
	set_content(&f, text.p);
	files[disk][files_n[disk]++] = f;
}

static void use_plan(struct cb_boot_plan *p, struct cb_env *env)
{
	struct cb_candidate *c = NULL;
	struct cb_boot_image img;
	struct cb_buf b;
	unsigned n = 0;

	while (cb_boot_next(p, c, &c) == 0) {
		int r = cb_boot_load(p, c, &img);

		check(++n <= p->candidates_n && (r == 0) == (c->status == 0));
		check(r == 0 || (env->diag->len > 0 && c->why.n > 0));
		if (r == 0)
			cb_boot_image_fini(&img);
		check(c->title.n > 0 && c->kernel.volume != NULL && c->cmdline.n < CB_MAX_CMDLINE);
	}
	check(env->diag->len > 0);
	cb_buf_init(&b, env, 4u << 20);
	cb_explain_plan(p, &b);
	cb_explain_volumes(p->vs, &b);
	for (size_t i = 0; i < b.n; i++)
		check(b.p[i] == '\n' || (b.p[i] >= 0x20 && b.p[i] != 0x7f));
	cb_buf_fini(&b);
}

static void run(struct cb_check *t, enum cb_hand hand, struct cb_str asked)
{
	const struct tree_part parts[] = {
		{ TREE_ESP,
		  "",
		  { .type = "vfat", .uuid = 1, .files = files[0], .files_n = files_n[0] } },
	};
	const struct tree_disk disks[] = {
		{ .name = "vda", .parts = parts, .parts_n = 1 },
		{ .name = "vdb",
		  .whole = { .type = "ext4", .files = files[1], .files_n = files_n[1] } },
	};
	struct cb_boot_request req = {
		.arch = CB_ARCH_X86_64, .hand = hand, .console = CB_STR("ttyS0"), .kernel = asked,
	};
	struct cb_boot_plan *p = NULL;
	struct tree_world w;

	check(tree_init(&w, t, disks, 2) == 0);
	if (cb_boot_plan_make(&w.vs, &req, &p) == 0)
		use_plan(p, t->env);
	else
		check(asked.n > 0 && t->env->diag->len > 0);
	cb_boot_plan_free(p);
	tree_fini(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char osrel[] = "ID=x\nPRETTY_NAME=X\n";
	const struct kit_part parts[] = {
		{ ".osrel", osrel, sizeof(osrel) - 1 },
		{ ".cmdline", "a=b", 3 },
		{ ".linux", bz, KIT_KERNEL },
	};
	struct cb_str left = { (const char *)data, size }, record, asked = { "", 0 };
	struct cb_arena a;
	struct cb_sim sim;
	struct cb_check t = { .sim = &sim, .env = &sim.env };

	kit_bzimage(bz, "6.1.0-fuzz");
	(void)kit_uki(uki, CB_ARCH_X86_64, parts, 3);
	cb_sim_init(&sim, &cb_posix_platform, NULL);
	cb_arena_init(&a, &sim.env, 4 * size + (1u << 20));
	files_n[0] = files_n[1] = 0;
	while (cb_str_next(&left, (char)0xff, &record))
		add_file(&a, record, &asked);
	run(&t, CB_HAND_KEXEC, asked);
	run(&t, CB_HAND_EFI, asked);
	cb_arena_fini(&a);
	check(sim.live_n == 0);
	return 0;
}
