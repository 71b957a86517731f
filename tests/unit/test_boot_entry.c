/* tests/unit/test_boot_entry.c - boot loader entries: counters, keys, order, the globs of
 * loader.conf. */
#include "boot/entry.h"
#include "unit/check.h"

static void names(struct cb_check *t)
{
	static const struct { const char *name, *id; int left, done; } rows[] = {
		{ "debian.conf", "debian.conf", -1, 0 },
		{ "debian-6.12+3.conf", "debian-6.12.conf", 3, 0 },
		{ "debian-6.12+1-2.conf", "debian-6.12.conf", 1, 2 },
		{ "debian-6.12+0-3.conf", "debian-6.12.conf", 0, 3 },
		{ "a+b+2.conf", "a+b.conf", 2, 0 },
		{ "a+2b.conf", "a+2b.conf", -1, 0 },
		{ "a+2-.conf", "a+2-.conf", -1, 0 },
		{ "a+.conf", "a+.conf", -1, 0 },
		{ "+3.conf", "+3.conf", -1, 0 },
		{ "a+99999999999999999999.conf", "a+99999999999999999999.conf", -1, 0 },
	};
	struct cb_arena a;

	cb_arena_init(&a, t->env, 1u << 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cb_str id;
		struct cb_tries tries;

		CB_REQUIRE_OK(
			t, cb_entry_name(&a, cb_str_c(rows[i].name), CB_STR(".conf"), &id, &tries));
		CB_CHECK_STR(t, id, rows[i].id);
		CB_CHECK_INT(t, tries.left, rows[i].left);
		CB_CHECK_INT(t, tries.done, rows[i].done);
	}
	cb_arena_fini(&a);
}

static const char fedora[] =
	"# made by kernel-install\r\n"
	"title Fedora Linux (6.11.4-301.fc41.x86_64) 41 (Cloud Edition)\n"
	"version\t 6.11.4-301.fc41.x86_64\n"
	"linux /vmlinuz-6.11.4-301.fc41.x86_64\n"
	"initrd /initramfs-6.11.4-301.fc41.x86_64.img $tuned_initrd\n"
	"initrd  extra.img\n"
	"options root=UUID=1234 ro rootflags=subvol=root $kernelopts\n"
	"options   quiet \"a b\"\n"
	"grub_users $grub_users\n"
	"devicetree \\dtb\\board.dtb\n"
	"\n"
	"   sort-key fedora\n"
	"machine-id 4098b3f648d74c13b1f04ccfba7798e8\n"
	"architecture X64";

static void every_key(struct cb_check *t)
{
	struct cb_arena a;
	struct cb_entry e;

	cb_arena_init(&a, t->env, 1u << 16);
	CB_REQUIRE_OK(t, cb_entry_parse(&a, CB_STR("f+2.conf"), cb_str_c(fedora), &e));
	CB_CHECK_STR(t, e.id, "f.conf");
	CB_CHECK_INT(t, e.tries.left, 2);
	CB_CHECK_STR(t, e.title, "Fedora Linux (6.11.4-301.fc41.x86_64) 41 (Cloud Edition)");
	CB_CHECK_STR(t, e.version, "6.11.4-301.fc41.x86_64");
	CB_CHECK_STR(t, e.linux, "/vmlinuz-6.11.4-301.fc41.x86_64");
	CB_CHECK_INT(t, e.initrd_n, 2);
	CB_CHECK_STR(t, e.initrd[0], "/initramfs-6.11.4-301.fc41.x86_64.img");
	CB_CHECK_STR(t, e.initrd[1], "/extra.img");
	CB_CHECK_STR(t, e.options, "root=UUID=1234 ro rootflags=subvol=root quiet \"a b\"");
	CB_CHECK_STR(t, e.devicetree, "/dtb/board.dtb");
	CB_CHECK_STR(t, e.sort_key, "fedora");
	CB_CHECK_STR(t, e.machine_id, "4098b3f648d74c13b1f04ccfba7798e8");
	CB_CHECK_STR(t, e.architecture, "X64");
	cb_arena_fini(&a);
}

static void bad_entries(struct cb_check *t)
{
	static char many[20 * 16], path[5000];
	struct cb_arena a;
	struct cb_entry e;
	size_t n = 0;

	cb_arena_init(&a, t->env, 1u << 16);
	CB_CHECK_ERR(t, cb_entry_parse(&a, CB_STR("x.conf"), CB_STR("title x\n"), &e), CB_EINVAL,
		     "no linux, uki or efi");
	CB_CHECK_ERR(t, cb_entry_parse(&a, CB_STR("x.conf"), CB_STR(""), &e), CB_EINVAL,
		     "no linux");
	CB_CHECK_ERR(t, cb_entry_parse(&a, CB_STR("x.conf"), CB_STR("title x\nlinux /a\0b\n"), &e),
		     CB_EINVAL, "line 2: a zero byte");
	CB_CHECK_ERR(t, cb_entry_parse(&a, CB_STR("x.conf"), CB_STR("linux\n"), &e), CB_EINVAL,
		     "line 1: linux: a path of 0 bytes");
	for (unsigned i = 0; i < 17; i++, n += 10)
		memcpy(many + n, "initrd /i\n", 10);
	CB_CHECK_ERR(t, cb_entry_parse(&a, CB_STR("x.conf"), (struct cb_str){ many, n }, &e),
		     CB_ELIMIT, "more than 16 initrds");
	memset(path, 'x', sizeof(path));
	memcpy(path, "linux ", 6);
	CB_CHECK_ERR(
		t, cb_entry_parse(&a, CB_STR("x.conf"), (struct cb_str){ path, sizeof(path) }, &e),
		CB_EINVAL, "a path of 4994 bytes");
	memcpy(path, "options ", 8);
	CB_CHECK_ERR(
		t, cb_entry_parse(&a, CB_STR("x.conf"), (struct cb_str){ path, sizeof(path) }, &e),
		CB_ELIMIT, "options: over the limit of 4095 bytes");
	cb_arena_fini(&a);
}

static int scenario(struct cb_check *t, void *arg)
{
	struct cb_arena a;
	struct cb_entry e;
	int r;

	(void)arg;
	cb_arena_init(&a, t->env, 1u << 16);
	r = cb_entry_parse(&a, CB_STR("f+2.conf"), cb_str_c(fedora), &e);
	cb_arena_fini(&a);
	return r;
}

static void no_memory(struct cb_check *t)
{
	cb_check_faults(t, scenario, NULL, 50);
}

#define S(lit) { lit, sizeof(lit) - 1 }

/* Best first; each is before all that follow it. */
static void order(struct cb_check *t)
{
	static const struct cb_entry rows[] = {
		{ .id = S("z.conf"), .tries = { -1, 0 }, .sort_key = S("alma"), .version = S("1") },
		{ .id = S("b.conf"),
		  .tries = { 3, 0 },
		  .sort_key = S("fedora"),
		  .version = S("6.12") },
		{ .id = S("c.conf"),
		  .tries = { -1, 0 },
		  .sort_key = S("fedora"),
		  .version = S("6.9") },
		{ .id = S("a.conf"),
		  .tries = { -1, 0 },
		  .sort_key = S("fedora"),
		  .version = S("6.9") },
		{ .id = S("a.conf"),
		  .tries = { -1, 0 },
		  .sort_key = S("fedora"),
		  .machine_id = S("1"),
		  .version = S("7") },
		{ .id = S("x-6.12.conf"), .tries = { -1, 0 } },
		{ .id = S("x-6.9.conf"), .tries = { 2, 1 }, .version = S("9") },
		{ .id = S("x-6.9.conf"), .tries = { 1, 1 } },
		{ .id = S("a.conf"), .tries = { 0, 3 }, .sort_key = S("alma"), .version = S("9") },
		{ .id = S("z-9.conf"), .tries = { 0, 1 } },
		{ .id = S("z-9.conf"), .tries = { 0, 2 } },
	};
	size_t n = sizeof(rows) / sizeof(rows[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			int r = cb_entry_cmp(&rows[i], &rows[j]);

			if ((r < 0) != (i < j) || (r > 0) != (i > j))
				cb_check_failed(t, __FILE__, __LINE__, "%zu against %zu: %d", i, j,
						r);
		}
}

static void loader_conf(struct cb_check *t)
{
	struct cb_loader_conf c;

	cb_loader_conf_parse(
		CB_STR("#default no\ntimeout 3\n default  debian-*.conf \nconsole-mode max\n"
		       "preferred arch.conf\n"),
		&c);
	CB_CHECK_STR(t, c.fallback, "debian-*.conf");
	CB_CHECK_STR(t, c.preferred, "arch.conf");
	cb_loader_conf_parse(CB_STR(""), &c);
	CB_CHECK_INT(t, c.fallback.n, 0);
}

static void globs(struct cb_check *t)
{
	static const struct { const char *glob, *text; bool match; } rows[] = {
		{ "debian-*", "debian-6.12.conf", true },
		{ "DEBIAN-*.conf", "debian-6.12.conf", true },
		{ "*", "", true },
		{ "", "", true },
		{ "", "a", false },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "*a*b", "xaxxb", true },
		{ "*a*b", "xaxxbc", false },
		{ "[a-c]x", "Bx", true },
		{ "[!a-c]x", "bx", false },
		{ "[^a-c]x", "dx", true },
		{ "[]]", "]", true },
		{ "[a", "[a", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "a\\", "a\\", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (cb_glob(cb_str_c(rows[i].glob), cb_str_c(rows[i].text)) != rows[i].match)
			cb_check_failed(t, __FILE__, __LINE__, "\"%s\" and \"%s\"", rows[i].glob,
					rows[i].text);
}

CB_SUITE(boot_entry, CB_TEST(names), CB_TEST(every_key), CB_TEST(bad_entries), CB_TEST(no_memory),
	 CB_TEST(order), CB_TEST(loader_conf), CB_TEST(globs));
