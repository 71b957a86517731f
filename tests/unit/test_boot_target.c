/* tests/unit/test_boot_target.c - what a candidate is called where it is staged. */
#include "boot/boot.h"
#include "unit/tree.h"

#define FILES(a) .files = a, .files_n = sizeof(a) / sizeof(a[0])
#define TEXT(path_, text_) { .path = path_, .text = text_ }

static const struct tree_file debian[] = {
	TEXT("/usr/lib/os-release", "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\nID=debian\n"),
	{ .path = "/etc/os-release", .text = "../usr/lib/os-release", .link = true },
};
static const struct tree_file arch[] = { TEXT("/etc/os-release", "ID=arch\n") };
static const struct tree_file odd[] = { TEXT("/etc/os-release", "PRETTY_NAME=x\n"),
					TEXT("/usr/lib/os-release", "ID=never-read\n") };
static const struct tree_file none[] = { TEXT("/vmlinuz", "x") };

static const struct tree_part parts[] = {
	{ TREE_LINUX, "a", { .type = "ext4", FILES(debian) } },
	{ TREE_LINUX, "b", { .type = "ext4", FILES(arch) } },
	{ TREE_LINUX, "c", { .type = "ext4", FILES(odd) } },
	{ TREE_LINUX, "d", { .type = "ext4", FILES(none) } },
	{ TREE_LINUX, "e", { .type = "ext4", FILES(debian), .mount_fails = true } },
};
static const struct tree_disk disk = { .name = "vda", .parts = parts, .parts_n = 5 };

static void check(struct cb_check *t, struct tree_world *w, const char *volume, const char *want)
{
	struct cb_candidate c = { .id = CB_STR("vmlinuz-6.1"), .root = NULL };
	struct cb_str name = { NULL, 0 };
	struct cb_arena a;

	if (volume != NULL)
		c.root = tree_volume(w, volume);
	cb_arena_init(&a, t->env, 65536);
	CB_CHECK_INT(t, cb_boot_target_name(&w->vs, &c, &a, &name), 0);
	CB_CHECK_STR(t, name, want);
	cb_arena_fini(&a);
}

static void names(struct cb_check *t)
{
	struct tree_world w;

	CB_REQUIRE_OK(t, tree_init(&w, t, &disk, 1));
	check(t, &w, "vda1", "debian-13");
	check(t, &w, "vda2", "arch");
	check(t, &w, "vda3", "vmlinuz-6.1");
	check(t, &w, "vda4", "vmlinuz-6.1");
	check(t, &w, "vda5", "vmlinuz-6.1");
	check(t, &w, NULL, "vmlinuz-6.1");
	tree_fini(&w);
}

static int with_faults(struct cb_check *t, void *arg)
{
	struct cb_candidate c = { .id = CB_STR("vmlinuz-6.1"), .root = NULL };
	struct tree_world w;
	struct cb_arena a;
	int r = tree_init(&w, t, &disk, 1);

	cb_arena_init(&a, t->env, 65536);
	if (r == 0) {
		c.root = tree_volume(&w, "vda1");
		r = cb_boot_target_name(&w.vs, &c, &a, arg);
	}
	cb_arena_fini(&a);
	tree_fini(&w);
	return r;
}

/* A disk that can't be read has no os-release; memory that is short is a failure. */
static void allocations(struct cb_check *t)
{
	struct cb_str name;
	int r = -1;

	for (unsigned i = 1; i < 100 && r < 0; i++) {
		t->sim->fail_alloc = i;
		t->sim->failed = false;
		r = with_faults(t, &name);
		CB_CHECK(t, !t->sim->failed || r < 0);
		t->sim->fail_alloc = 0;
		cb_clear(t->env);
	}
	CB_CHECK_INT(t, r, 0);
}

CB_SUITE(boot_target, CB_TEST(names), CB_TEST(allocations));
