/* tests/unit/test_stage_power.c - the power fails at every write of a staging, and whatever of the unsynced
 * writes survives: the firmware is told to start nothing of ours, or a whole pair, and the next staging
 * makes everything right. */
#include "core/log.h"
#include "unit/stage_kit.h"

static struct kit kit, before;

/* Hours later, so that the loop guard has nothing to say. */
static int run(const struct kit_target *g)
{
	int r = kit_run(&kit, g);

	kit.now += 2 * CB_STAGE_WINDOW;
	return r;
}

struct story {
	const char *what;
	unsigned clusters;
	bool fits;                    /* even with clusters lost to a power cut */
	struct kit_target first[2];   /* staged before, in peace; name NULL: none */
	struct kit_target then;
	const char *lost;             /* a file that is gone when it begins */
};

/* The text "NAME-vmlinuz.efi" in UTF-16 is somewhere in the entry. */
static bool names(struct cb_bytes value, const char *name)
{
	size_t n = cb_str_c(name).n, i, k;

	for (i = 0; i + 2 * n < value.n; i++) {
		for (k = 0; k < n && value.p[i + 2 * k] == (uint8_t)name[k]; k++)
			;
		if (k == n && value.p[i + 2 * n] == '-')
			return true;
	}
	return false;
}

/* What the entry names is whole. A kernel that isn't there at all is passed over by firmware, but only
 * somebody else may have brought that about. */
static bool is_whole(const struct story *s, struct cb_bytes entry)
{
	const struct kit_target all[] = { s->then, s->first[0], s->first[1] };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].name != NULL && names(entry, all[i].name) && kit_has(&kit, &all[i], all[i].name))
			return true;
	return s->lost != NULL && mem_find(&kit.mem, CB_STR("EFI/Linux/debian-vmlinuz.efi")) == NULL;
}

/* What firmware would start of ours: nothing, or a target that is whole. */
static void judge(struct cb_check *t, const struct story *s, unsigned step, unsigned variant)
{
	struct cb_bootvars_state st;
	struct cb_buf value;

	cb_buf_init(&value, t->env, 4096);
	CB_CHECK_INT(t, cb_bootvars_state(&kit.vars.v, &st, &value), 0);
	if (st.have && (st.first || st.next) && !is_whole(s, cb_buf_bytes(&value)))
		cb_check_failed(t, __FILE__, __LINE__, "%s: cut at %u, variant %u: half a pair is armed",
				s->what, step, variant);
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

static void crash(struct cb_check *t, unsigned variant)
{
	struct chance c = { t->sim, variant };

	mem_crash(&kit.mem, survives, &c);
	cb_clear(t->env);
}

static void prepare(struct cb_check *t, const struct story *s)
{
	kit_init(&kit, t->env, s->clusters);
	for (size_t i = 0; i < 2; i++)
		if (s->first[i].name != NULL) {
			CB_CHECK_INT(t, run(&s->first[i]), 0);
			mem_restart(&kit.mem);
		}
	if (s->lost != NULL) {
		kit.mem.locked = false;
		CB_CHECK_INT(t, mem_ops.remove(&kit.mem.folder, cb_str_c(s->lost)), 0);
		CB_CHECK_INT(t, mem_ops.sync(&kit.mem.folder), 0);
		mem_restart(&kit.mem);
	}
	before = kit;
}

static void tell(struct cb_check *t, const struct story *s)
{
	unsigned variants = t->thorough ? 12 : 3, states = 0, step = 1;
	bool done = false;
	int r;

	prepare(t, s);
	for (; !done && t->failures == 0; step += t->thorough ? 1 : 7)
		for (unsigned v = 0; v < variants && !done; v++) {
			kit = before;
			kit.mem.stop_at = step;
			done = run(&s->then) == 0;
			crash(t, v);
			judge(t, s, step, v);
			/* A second cut, somewhere in the next attempt. */
			kit.mem.stop_at = 1 + (unsigned)(cb_sim_random(t->sim) % (2 * step + 10));
			(void)run(&s->then); /* may come through */
			crash(t, 2);
			judge(t, s, step, v);
			states += 2;
			r = run(&s->then);
			CB_CHECK(t, r == 0 || (!s->fits && r == CB_ELIMIT));
			cb_clear(t->env);
			if (r == 0)
				CB_CHECK(t, kit_has(&kit, &s->then, s->then.name));
			CB_CHECK(t, mem_is_sound(&kit.mem));
			judge(t, s, step, v);
		}
	CB_CHECK(t, done && states > (t->thorough ? 100u : 10u));
	cb_log(t->env, CB_LOG_DEBUG, "%s: %u states", s->what, states);
}

static void first_staging(struct cb_check *t)
{
	tell(t, &(struct story){ "first", 90, true, { { NULL, 0, 0, 0 } }, { "debian", 1, 300, 400 }, NULL });
}

static void without_initrd(struct cb_check *t)
{
	tell(t, &(struct story){ "no initrd", 90, true, { { "debian", 1, 200, 200 } },
				 { "debian", 2, 300, 0 }, NULL });
}

static void changed_kernel(struct cb_check *t)
{
	tell(t, &(struct story){ "changed", 100, true, { { "debian", 1, 300, 400 } },
				 { "debian", 2, 320, 390 }, NULL });
}

static void second_target(struct cb_check *t)
{
	tell(t, &(struct story){ "second", 110, true, { { "debian", 1, 300, 200 } },
				 { "fedora", 1, 250, 400 }, NULL });
}

static void with_pruning(struct cb_check *t)
{
	tell(t, &(struct story){ "pruning", 60, false,
				 { { "debian", 1, 300, 300 }, { "fedora", 1, 200, 400 } },
				 { "alpine", 1, 400, 400 }, NULL });
}

static void too_small_for_two(struct cb_check *t)
{
	tell(t, &(struct story){ "no room for both", 50, false, { { "debian", 1, 400, 400 } },
				 { "debian", 2, 390, 400 }, NULL });
}

/* The note says what is wanted: two names of one chain look right, each by itself. */
static void lost_kernel(struct cb_check *t)
{
	tell(t, &(struct story){ "lost kernel", 100, true, { { "debian", 1, 300, 400 } },
				 { "debian", 1, 300, 400 }, "EFI/Linux/debian-vmlinuz.efi" });
}

static void lost_initrd(struct cb_check *t)
{
	tell(t, &(struct story){ "lost initrd", 100, true, { { "debian", 1, 300, 400 } },
				 { "debian", 1, 300, 400 }, "EFI/Linux/debian-initrd" });
}

#define BOOT_FILE "EFI/BOOT/BOOTX64.EFI"

static struct cb_bytes program(unsigned version, uint8_t room[KIT_BYTES_MAX])
{
	return kit_bytes(&(struct kit_target){ "program", version, 250 + 100 * version, 0 }, true, room);
}

/* On a machine without variables. */
static int run_boot_file(struct cb_check *t, unsigned version)
{
	const struct kit_target g = { "debian", version, 150, 100 };
	uint8_t kernel[KIT_BYTES_MAX], initrd[KIT_BYTES_MAX], whole[KIT_BYTES_MAX];
	struct cb_stage_item item = { .name = CB_STR("debian"), .cmdline = CB_STR("ro"),
				      .kernel = cb_input_mem(kit_bytes(&g, true, kernel)),
				      .initrd = cb_input_mem(kit_bytes(&g, false, initrd)) };
	struct cb_input in = cb_input_mem(program(version, whole));
	struct cb_stage s;
	int r = cb_stage_init(&s, t->env);

	s.cache = &kit.mem.folder;
	s.ours = true;
	s.now = kit.now += 2 * CB_STAGE_WINDOW;
	if (r == 0)
		r = cb_stage_write(&s, &item);
	if (r == 0)
		r = cb_stage_boot_file(&s, CB_STR("BOOTX64.EFI"), &in);
	cb_stage_fini(&s);
	return r;
}

static int count(void *arg, const void *p, size_t n)
{
	(void)p;
	*(size_t *)arg += n;
	return 0;
}

/* Firmware starts it when it can read all of it. */
static bool boot_file_is_good(struct cb_check *t)
{
	const struct memname *n = mem_find(&kit.mem, CB_STR(BOOT_FILE));
	uint8_t room[KIT_BYTES_MAX];
	size_t size = 0;

	if (n == NULL || mem_read_name(&kit.mem, n, count, &size) < 0 || size == 0) {
		cb_clear(t->env);
		return true;
	}
	return mem_has(&kit.mem, BOOT_FILE, program(0, room)) ||
	       mem_has(&kit.mem, BOOT_FILE, program(1, room));
}

static void boot_file(struct cb_check *t)
{
	unsigned step = 1;
	bool done = false;

	kit_init(&kit, t->env, 100);
	CB_REQUIRE_OK(t, run_boot_file(t, 0));
	mem_restart(&kit.mem);
	before = kit;
	for (; !done && t->failures == 0; step += t->thorough ? 1 : 7)
		for (unsigned v = 0; v < 8 && !done; v++) {
			kit = before;
			kit.mem.stop_at = step;
			done = run_boot_file(t, 1) == 0;
			crash(t, v);
			CB_CHECK(t, boot_file_is_good(t));
			kit.mem.stop_at = 1 + (unsigned)(cb_sim_random(t->sim) % (2 * step + 10));
			(void)run_boot_file(t, 1); /* may come through */
			crash(t, 2);
			CB_CHECK(t, boot_file_is_good(t));
			CB_CHECK_INT(t, run_boot_file(t, 1), 0);
			CB_CHECK(t, boot_file_is_good(t) && mem_is_sound(&kit.mem));
		}
	CB_CHECK(t, done && step > 50);
}

CB_SUITE(stage_power, CB_TEST(first_staging), CB_TEST(without_initrd), CB_TEST(changed_kernel),
	 CB_TEST(second_target), CB_TEST(with_pruning), CB_TEST(too_small_for_two),
	 CB_TEST(lost_kernel), CB_TEST(lost_initrd), CB_TEST(boot_file));
