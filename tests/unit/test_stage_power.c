/* tests/unit/test_stage_power.c - the power fails at every write of a staging, and whatever of the unsynced
 * writes survives: the firmware is told to start nothing of ours, or a whole pair, and the next staging
 * makes everything right. */
#include "boot/stage.h"
#include "core/fmt.h"
#include "core/log.h"
#include "unit/efivars_kit.h"
#include "unit/folder_kit.h"

#define BYTES_MAX 400u

static struct memfolder mem, before;
static struct memvars vars, vars_before;
static uint64_t clock_now;

/* A target as a test wants it: the bytes are made from name and version. */
struct target {
	const char *name;
	unsigned version;
	size_t kernel_n, initrd_n;
};

static struct cb_bytes make(const struct target *g, bool kernel, uint8_t room[BYTES_MAX])
{
	size_t n = kernel ? g->kernel_n : g->initrd_n;

	for (size_t i = 0; i < n; i++)
		room[i] = (uint8_t)(g->name[i % cb_str_c(g->name).n] + (int)i * 7 + (kernel ? 100 : 0) +
				    (int)g->version * 31);
	return (struct cb_bytes){ room, n };
}

static int run(struct cb_check *t, const struct target *g)
{
	uint8_t kernel[BYTES_MAX], initrd[BYTES_MAX];
	struct cb_stage_item item = {
		.name = cb_str_c(g->name), .cmdline = CB_STR("root=/dev/vda1 ro"),
		.kernel = cb_input_mem(make(g, true, kernel)), .initrd = cb_input_mem(make(g, false, initrd)),
	};
	struct cb_stage s;
	unsigned written;
	uint16_t number;
	int r = cb_stage_init(&s, t->env);

	s.cache = &mem.folder;
	s.vars = &vars.v;
	s.ours = true;
	s.now = clock_now;
	s.entry = (struct cb_boot_entry){ .part = 1, .first = 2048, .nblocks = 1000, .partuuid = { { 9 } } };
	if (r == 0)
		r = cb_stage_write(&s, &item);
	/* The unmount. */
	if (r == 0)
		r = mem.folder.ops->sync(&mem.folder);
	if (r == 0)
		r = cb_stage_arm(&s, &number, &written);
	cb_stage_fini(&s);
	clock_now += 2 * CB_STAGE_WINDOW;
	return r;
}

static bool has_pair(const struct target *g)
{
	char kernel[MEM_PATH], initrd[MEM_PATH];
	uint8_t room[BYTES_MAX];

	(void)cb_fmt(kernel, sizeof(kernel), "EFI/Linux/%s-vmlinuz.efi", g->name); /* short names */
	(void)cb_fmt(initrd, sizeof(initrd), "EFI/Linux/%s-initrd", g->name); /* the same */
	return mem_has(&mem, kernel, make(g, true, room)) &&
	       (g->initrd_n == 0 || mem_has(&mem, initrd, make(g, false, room)));
}

/* The text "\EFI\Linux\NAME-vmlinuz.efi" in UTF-16, anywhere in the entry. */
static bool names(struct cb_bytes value, const char *name)
{
	size_t n = cb_str_c(name).n, i, k;

	for (i = 0; i + 2 * n < value.n; i++) {
		for (k = 0; k < n && value.p[i + 2 * k] == (uint8_t)name[k] && value.p[i + 2 * k + 1] == 0; k++)
			;
		if (k == n && value.p[i + 2 * n] == '-')
			return true;
	}
	return false;
}

/* What firmware would start of ours: NULL with *ret_ok, or one of the targets, whole. */
static void judge(struct cb_check *t, const struct target *g, size_t n, const char *what, unsigned step,
		  unsigned variant)
{
	struct cb_bootvars_state st;
	struct cb_buf value;
	bool whole = false;

	cb_buf_init(&value, t->env, 4096);
	CB_CHECK_INT(t, cb_bootvars_state(&vars.v, &st, &value), 0);
	if (st.have && (st.first || st.next)) {
		for (size_t i = 0; i < n; i++)
			whole = whole || (names(cb_buf_bytes(&value), g[i].name) && has_pair(&g[i]));
		if (!whole)
			cb_check_failed(t, __FILE__, __LINE__, "%s: cut at %u, variant %u: half a pair is armed",
					what, step, variant);
	}
	cb_buf_fini(&value);
}

struct chance {
	struct cb_sim *sim;
	unsigned variant;             /* 0: all lost, 1: all kept, else by chance */
};

static bool survives(void *arg)
{
	struct chance *c = arg;

	return c->variant == 1 || (c->variant > 1 && cb_sim_random(c->sim) % 2 == 0);
}

struct story {
	const char *what;
	unsigned clusters;
	bool fits;                    /* even with clusters lost to a power cut */
	struct target first[2];       /* staged before, in peace; name NULL: none */
	struct target then;
};

static void crash(struct cb_check *t, unsigned variant)
{
	struct chance c = { t->sim, variant };

	mem_crash(&mem, survives, &c);
	vars.gets = vars.sets = vars.fail_set = 0;
	cb_clear(t->env);
}

static void prepare(struct cb_check *t, const struct story *s)
{
	mem_init(&mem, t->env, s->clusters);
	memvars_init(&vars, t->env);
	for (size_t i = 0; i < 2; i++)
		if (s->first[i].name != NULL) {
			CB_CHECK_INT(t, run(t, &s->first[i]), 0);
			mem_restart(&mem);
		}
	before = mem;
	vars_before = vars;
}

static void restore(void)
{
	mem = before;
	vars = vars_before;
}

static void tell(struct cb_check *t, const struct story *s)
{
	const struct target all[] = { s->then, s->first[0], s->first[1] };
	size_t n = s->first[1].name != NULL ? 3 : s->first[0].name != NULL ? 2 : 1;
	unsigned variants = t->thorough ? 12 : 3, states = 0, step = 1, r2;
	bool done = false;

	prepare(t, s);
	for (; !done && t->failures == 0; step += t->thorough ? 1 : 7)
		for (unsigned v = 0; v < variants && !done; v++) {
			restore();
			mem.stop_at = step;
			done = run(t, &s->then) == 0;
			crash(t, v);
			judge(t, all, n, s->what, step, v);
			/* A second cut, somewhere in the next attempt. */
			mem.stop_at = 1 + (unsigned)(cb_sim_random(t->sim) % (2 * step + 10));
			(void)run(t, &s->then); /* may come through */
			crash(t, 2);
			judge(t, all, n, s->what, step, v);
			states += 2;
			r2 = (unsigned)-run(t, &s->then);
			CB_CHECK(t, r2 == 0 || (!s->fits && r2 == (unsigned)-CB_ELIMIT));
			cb_clear(t->env);
			if (r2 == 0)
				CB_CHECK(t, has_pair(&s->then));
			CB_CHECK(t, mem_is_sound(&mem));
			judge(t, all, n, s->what, step, v);
		}
	CB_CHECK(t, done && states > (t->thorough ? 100u : 10u));
	cb_log(t->env, CB_LOG_DEBUG, "%s: %u states", s->what, states);
}

static void first_staging(struct cb_check *t)
{
	tell(t, &(struct story){ "first", 60, true, { { NULL } }, { "debian", 1, 300, 400 } });
}

static void without_initrd(struct cb_check *t)
{
	tell(t, &(struct story){ "no initrd", 60, true, { { "debian", 1, 200, 200 } }, { "debian", 2, 300, 0 } });
}

static void changed_kernel(struct cb_check *t)
{
	tell(t, &(struct story){ "changed", 100, true, { { "debian", 1, 300, 400 } },
				 { "debian", 2, 320, 390 } });
}

static void second_target(struct cb_check *t)
{
	tell(t, &(struct story){ "second", 110, true, { { "debian", 1, 300, 200 } },
				 { "fedora", 1, 250, 400 } });
}

static void with_pruning(struct cb_check *t)
{
	tell(t, &(struct story){ "pruning", 34, false, { { "debian", 1, 300, 300 }, { "fedora", 1, 200, 400 } },
				 { "alpine", 1, 400, 400 } });
}

static void too_small_for_two(struct cb_check *t)
{
	tell(t, &(struct story){ "no room for both", 30, false, { { "debian", 1, 400, 400 } },
				 { "debian", 2, 390, 400 } });
}

CB_SUITE(stage_power, CB_TEST(first_staging), CB_TEST(without_initrd), CB_TEST(changed_kernel),
	 CB_TEST(second_target), CB_TEST(with_pruning), CB_TEST(too_small_for_two));
