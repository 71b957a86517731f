/* tests/unit/test_stage.c - staging in peace: what is written, what is kept, what goes, what is refused. */
#include "core/limits.h"
#include "unit/stage_kit.h"

static struct kit kit;

static const struct kit_target debian = { "debian-13", 1, 300, 400 }, newer = { "debian-13", 2, 310, 390 },
			       fedora = { "fedora", 1, 250, 300 }, alpine = { "alpine", 1, 200, 100 };


static void first_time(struct cb_check *t)
{
	kit_init(&kit, t->env, 100);
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_CHECK(t, kit_has(&kit, &debian, "debian-13") && mem_is_sound(&kit.mem));
	CB_CHECK(t, mem_find(&kit.mem, CB_STR("EFI/cloud-boot/staged")) != NULL);
	CB_CHECK(t, mem_find(&kit.mem, CB_STR("EFI/cloud-boot/staged.new")) == NULL);
	CB_CHECK(t, !kit.stage.kept && !kit.stage.again && kit.stage.pruned == 0);
	CB_CHECK_INT(t, kit.number, 1);
}

/* What is on the medium and in the variables is left alone, byte for byte. */
static void same_again(struct cb_check *t)
{
	kit_init(&kit, t->env, 100);
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, 3600));
	CB_CHECK(t, kit.stage.kept);
	CB_CHECK_INT(t, kit.mem.writes, 0);
	CB_CHECK_INT(t, kit.mem.unlocks, 0);
	CB_CHECK_INT(t, kit.written, 0);
	/* The one thing that changed is the guard's variable. */
	CB_CHECK_INT(t, kit.vars.sets, 1);
	/* The firmware forgot all: the note is written, the files are not. */
	memvars_init(&kit.vars, t->env);
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, 3600));
	CB_CHECK(t, kit.stage.kept && kit.mem.unlocks == 1);
	CB_CHECK(t, cb_str_eq(cb_str_c("EFI/cloud-boot/staged\n"),
			      (struct cb_str){ kit.mem.removed, kit.mem.removed_n }));
	CB_CHECK_INT(t, kit.written, 2);
}

static void another_kernel(struct cb_check *t)
{
	kit_init(&kit, t->env, 100);
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_REQUIRE_OK(t, kit_again(&kit, &newer, 1));
	CB_CHECK(t, kit_has(&kit, &newer, "debian-13") && mem_is_sound(&kit.mem));
	/* Soon, but with other files: the system came up and was updated. */
	CB_CHECK(t, !kit.stage.again && !kit.stage.kept);
	CB_CHECK_INT(t, kit.number, 1);
}

static void side_by_side(struct cb_check *t)
{
	kit_init(&kit, t->env, 110);
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_REQUIRE_OK(t, kit_again(&kit, &fedora, 60));
	CB_CHECK(t, kit_has(&kit, &debian, "debian-13") && kit_has(&kit, &fedora, "fedora"));
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, 60));
	CB_CHECK(t, kit.stage.kept && !kit.stage.again);
	CB_CHECK_INT(t, kit.number, 1);
}

static bool removed(size_t i, const char *path)
{
	struct cb_str all = { kit.mem.removed, kit.mem.removed_n }, line = { NULL, 0 };

	for (size_t k = 0; k <= i; k++)
		if (!cb_str_line(&all, &line))
			return false;
	return cb_str_eq(line, cb_str_c(path));
}

/* The oldest goes, its kernel first; staging again makes a target young. */
static void pruning(struct cb_check *t)
{
	kit_init(&kit, t->env, 60);
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_REQUIRE_OK(t, kit_again(&kit, &fedora, 60));
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, 3600));
	memvars_init(&kit.vars, t->env);
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, 3600));
	CB_REQUIRE_OK(t, kit_again(&kit, &(struct kit_target){ "arch", 1, 400, 400 }, 60));
	CB_CHECK_INT(t, kit.stage.pruned, 1);
	CB_CHECK(t, removed(0, "EFI/Linux/fedora-vmlinuz.efi") && removed(1, "EFI/Linux/fedora-initrd"));
	CB_CHECK(t, kit_has(&kit, &debian, "debian-13"));
}

/* A file of somebody else's and one of an unknown target: the first stays, the second goes. */
static void put(struct cb_check *t, const char *path, size_t n)
{
	uint8_t bytes[KIT_BYTES_MAX] = { 1 };
	struct cb_input in = cb_input_mem((struct cb_bytes){ bytes, n });

	kit.mem.locked = false;
	CB_CHECK_INT(t, mem_ops.write(&kit.mem.folder, cb_str_c(path), &in), 0);
	CB_CHECK_INT(t, mem_ops.sync(&kit.mem.folder), 0);
	mem_restart(&kit.mem);
}

static void foreign_files(struct cb_check *t)
{
	kit_init(&kit, t->env, 70);
	put(t, "EFI/Linux/other.efi", 300);
	put(t, "EFI/Linux/lost-vmlinuz.efi", 300);
	put(t, "EFI/BOOT/BOOTX64.EFI", 300);
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_CHECK(t, mem_find(&kit.mem, CB_STR("EFI/Linux/other.efi")) != NULL);
	CB_CHECK(t, mem_find(&kit.mem, CB_STR("EFI/BOOT/BOOTX64.EFI")) != NULL);
	CB_CHECK(t, mem_find(&kit.mem, CB_STR("EFI/Linux/lost-vmlinuz.efi")) == NULL);
}

/* On somebody's ESP every name that the note doesn't have is theirs. */
static void foreign_partition(struct cb_check *t)
{
	kit_init(&kit, t->env, 100);
	kit.foreign = true;
	put(t, "EFI/Linux/lost-vmlinuz.efi", 300);
	put(t, "EFI/Linux/Fedora-initrd", 100);
	CB_REQUIRE_OK(t, kit_run(&kit, &fedora));
	CB_CHECK(t, mem_find(&kit.mem, CB_STR("EFI/Linux/lost-vmlinuz.efi")) != NULL);
	CB_CHECK(t, mem_find(&kit.mem, CB_STR("EFI/Linux/Fedora-initrd")) != NULL);
	CB_CHECK(t, mem_find(&kit.mem, CB_STR("EFI/Linux/fedora-vmlinuz.efi")) == NULL);
	CB_CHECK(t, mem_find(&kit.mem, CB_STR("EFI/Linux/fedora-44f86611-vmlinuz.efi")) != NULL);
	CB_REQUIRE_OK(t, kit_again(&kit, &fedora, 3600));
	CB_CHECK(t, kit.stage.kept && kit.mem.writes == 0);
}

static void too_small(struct cb_check *t)
{
	kit_init(&kit, t->env, 10);
	CB_CHECK_ERR(t, kit_run(&kit, &debian), CB_ELIMIT, "Nothing of ours is left");
	CB_CHECK_INT(t, kit.stage.trouble, CB_STAGE_NO_ROOM);
	CB_CHECK(t, memvar_find(&kit.vars, CB_STR("Boot0001"), cb_efi_global) == NULL);
}

/* Names that differ and files that would not. */
static void names_collide(struct cb_check *t)
{
	const struct kit_target a = { "my os", 1, 100, 100 }, b = { "my*os", 1, 100, 100 },
				c = { "MY_OS", 1, 100, 0 };

	kit_init(&kit, t->env, 110);
	CB_REQUIRE_OK(t, kit_run(&kit, &a));
	CB_CHECK(t, kit_has(&kit, &a, "my_os"));
	CB_REQUIRE_OK(t, kit_again(&kit, &b, 60));
	CB_REQUIRE_OK(t, kit_again(&kit, &c, 60));
	CB_CHECK(t, kit_has(&kit, &a, "my_os") && kit_has(&kit, &b, "my_os-229b3b0e"));
	/* The note remembers who has which. */
	CB_REQUIRE_OK(t, kit_again(&kit, &b, 60));
	CB_CHECK(t, kit.stage.kept && mem_is_sound(&kit.mem));
}

static void long_names(struct cb_check *t)
{
	char name[CB_STAGE_NAME_MAX + 2];
	struct kit_target g = { name, 1, 100, 100 };

	memset(name, 'n', sizeof(name));
	name[CB_STAGE_NAME_MAX + 1] = '\0';
	kit_init(&kit, t->env, 100);
	CB_CHECK_ERR(t, kit_run(&kit, &g), CB_EINVAL, "255 bytes");
	name[40] = '\0';
	CB_REQUIRE_OK(t, kit_again(&kit, &g, 60));
	CB_CHECK(t, kit_has(&kit, &g, "nnnnnnnnnnnnnnnnnnnnnnnn"));
	name[0] = '\0';
	g.kernel_n = g.initrd_n = 0;
	CB_CHECK_ERR(t, kit_again(&kit, &g, 60), CB_EINVAL, "a target needs");
}

static void entries(struct cb_check *t)
{
	static char line[CB_MAX_LOAD_OPTIONS + 2];

	kit_init(&kit, t->env, 100);
	kit.cmdline = "quiet a=/b/c";
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_REQUIRE_OK(t, kit_again(&kit, &alpine, 60));
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	kit.cmdline = line;
	CB_CHECK_ERR(t, kit_again(&kit, &fedora, 60), CB_ELIMIT, "2047 is the most");
	CB_CHECK_INT(t, kit.mem.unlocks, 0);
}

/* The text of the entry, seen while the arena is there. */
static void entry_text(struct cb_check *t)
{
	uint8_t kernel[KIT_BYTES_MAX];
	struct cb_stage_item item = { .name = CB_STR("Debian 13"), .cmdline = CB_STR("quiet a=/b/c"),
				      .kernel = cb_input_mem(kit_bytes(&debian, true, kernel)) };
	struct cb_stage s;

	item.initrd = item.kernel;
	kit_init(&kit, t->env, 100);
	CB_REQUIRE_OK(t, cb_stage_init(&s, t->env));
	s.cache = &kit.mem.folder;
	s.ours = true;
	CB_CHECK_INT(t, cb_stage_write(&s, &item), 0);
	CB_CHECK_STR(t, s.entry.file, "\\EFI\\Linux\\Debian_13-vmlinuz.efi");
	CB_CHECK_STR(t, s.entry.options, "initrd=\\EFI\\Linux\\Debian_13-initrd quiet a=/b/c");
	CB_CHECK_STR(t, s.entry.name, "Debian 13");
	CB_CHECK_INT(t, s.note.guard.how, CB_STAGE_BY_FILE);
	CB_CHECK_ERR(t, cb_stage_arm(&s, &kit.number, &kit.written), CB_EUNSUP, "no EFI variables");
	item.initrd.size = 0;
	CB_CHECK_INT(t, cb_stage_write(&s, &item), 0);
	CB_CHECK_STR(t, s.entry.options, "quiet a=/b/c");
	cb_stage_fini(&s);
}

/* A read-back with other bytes is a failure, and nothing is told to the firmware. */
static void bad_medium(struct cb_check *t)
{
	kit_init(&kit, t->env, 100);
	kit.mem.bad_reads = 1;
	CB_CHECK_ERR(t, kit_run(&kit, &debian), CB_EIO, "reads back");
	CB_CHECK(t, kit.stage.trouble == CB_STAGE_BROKEN && kit.vars.sets == 0);
	CB_REQUIRE_OK(t, kit_again(&kit, &debian, 60));
	CB_CHECK(t, kit_has(&kit, &debian, "debian-13") && mem_is_sound(&kit.mem));
}

/* Each call of the folder fails in turn; then all is well. */
static void calls_fail(struct cb_check *t)
{
	static struct kit before;
	unsigned i = 1;
	int r = -1;

	kit_init(&kit, t->env, 70);
	CB_REQUIRE_OK(t, kit_run(&kit, &debian));
	CB_REQUIRE_OK(t, kit_again(&kit, &alpine, 60));
	mem_restart(&kit.mem);
	kit.now += 60;
	before = kit;
	for (; i < 1000; i++) {
		kit = before;
		kit.mem.fail_at = i;
		r = kit_run(&kit, &newer);
		if (kit.mem.ops < i)
			break;
		/* A file that can't be read is only not the right one. */
		CB_CHECK(t, r == 0 || t->env->diag->len > 0);
		cb_clear(t->env);
		CB_CHECK_INT(t, kit_again(&kit, &newer, 60), 0);
		CB_CHECK(t, kit_has(&kit, &newer, "debian-13") && mem_is_sound(&kit.mem));
	}
	CB_CHECK(t, r == 0 && i > 30);
}

static int with_faults(struct cb_check *t, void *arg)
{
	kit_init(&kit, t->env, 70);
	return kit_run(&kit, arg);
}

static void faults(struct cb_check *t)
{
	struct kit_target g = debian;

	cb_check_faults(t, with_faults, &g, 400);
}

/* BOOT<ARCH>.EFI, which firmware starts without being told. */
static int boot_file(struct cb_check *t, unsigned version, bool ours)
{
	uint8_t room[KIT_BYTES_MAX];
	const struct kit_target g = { "boot", version, 300, 0 };
	struct cb_input in = cb_input_mem(kit_bytes(&g, true, room));
	struct cb_stage s;
	int r = cb_stage_init(&s, t->env);

	s.cache = &kit.mem.folder;
	s.ours = ours;
	if (r == 0)
		r = cb_stage_write(&s, &(struct cb_stage_item){ .name = CB_STR("boot"), .kernel = in });
	if (r == 0)
		r = cb_stage_boot_file(&s, CB_STR("BOOTX64.EFI"), &in);
	cb_stage_fini(&s);
	if (r == 0 && !mem_has(&kit.mem, "EFI/BOOT/BOOTX64.EFI", kit_bytes(&g, true, room)))
		cb_check_failed(t, __FILE__, __LINE__, "BOOTX64.EFI has other bytes");
	return r;
}

static void boot_files(struct cb_check *t)
{
	kit_init(&kit, t->env, 60);
	CB_CHECK_INT(t, boot_file(t, 1, true), 0);
	mem_restart(&kit.mem);
	CB_CHECK_INT(t, boot_file(t, 2, true), 0);
	CB_CHECK(t, mem_is_sound(&kit.mem));
	kit_init(&kit, t->env, 60);
	put(t, "EFI/BOOT/BOOTX64.EFI", 20);
	CB_CHECK_ERR(t, boot_file(t, 1, false), CB_EINVAL, "isn't ours");
}

CB_SUITE(stage, CB_TEST(first_time), CB_TEST(same_again), CB_TEST(another_kernel), CB_TEST(side_by_side),
	 CB_TEST(pruning), CB_TEST(foreign_files), CB_TEST(foreign_partition), CB_TEST(too_small),
	 CB_TEST(names_collide), CB_TEST(long_names), CB_TEST(entries), CB_TEST(entry_text),
	 CB_TEST(bad_medium), CB_TEST(calls_fail), CB_TEST(faults), CB_TEST(boot_files));
