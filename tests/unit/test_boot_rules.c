/* tests/unit/test_boot_rules.c - the chooser's rules one by one, and what may not stop it. */
#include "boot/explain.h"
#include "core/fmt.h"
#include "core/limits.h"
#include "unit/boot_kit.h"
#include "unit/tree.h"

static uint8_t bz[KIT_KERNEL], arm64[KIT_KERNEL];

#define BZ(path_) { .path = path_, .p = bz, .n = KIT_KERNEL }
#define ARM64(path_) { .path = path_, .p = arm64, .n = KIT_KERNEL }
#define TEXT(path_, text_) { .path = path_, .text = text_ }
#define FILES(a) .files = a, .files_n = sizeof(a) / sizeof(a[0])
#define DISK(name_, files_)                                                                        \
	{                                                                                          \
		.name = name_, .whole = {.type = "ext4", .uuid = 0x42, FILES(files_) }             \
	}
#define REQ .arch = CB_ARCH_X86_64

/* One disk, one plan. */
struct world {
	struct tree_world w;
	struct cb_boot_plan *plan;
};

static bool open_world(struct cb_check *t, struct world *o, const struct tree_disk *disks, size_t n,
		       struct cb_boot_request req)
{
	kit_bzimage(bz, "6.1.0-test");
	kit_image(arm64);
	o->plan = NULL;
	CB_CHECK_INT(t, tree_init(&o->w, t, disks, n), 0);
	CB_CHECK_INT(t, cb_boot_plan_make(&o->w.vs, &req, &o->plan), 0);
	return o->plan != NULL;
}

static void close_world(struct world *o)
{
	cb_boot_plan_free(o->plan);
	tree_fini(&o->w);
}

/* The candidates' ids, "!" behind broken ones, "~" behind last resorts. */
static void check_ids(struct cb_check *t, const struct world *o, const char *want)
{
	struct cb_buf b;

	cb_buf_init(&b, t->env, 1u << 16);
	for (const struct cb_candidate *c = o->plan->first; c != NULL; c = c->next)
		cb_buf_fmt(&b, "%s%.*s%s%s", b.n > 0 ? " " : "", CB_STR_ARG(c->id),
			   c->status < 0 ? "!" : "", c->last_resort ? "~" : "");
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)b.p, b.n }), want);
	cb_buf_fini(&b);
}

static bool has_note(const struct world *o, const char *text)
{
	for (const struct cb_boot_note *n = o->plan->notes; n != NULL; n = n->next)
		if (cb_str_find(n->text, cb_str_c(text)) != SIZE_MAX)
			return true;
	return false;
}

static void check_note(struct cb_check *t, const struct world *o, const char *text)
{
	if (has_note(o, text))
		return;
	cb_check_failed(t, __FILE__, __LINE__, "there is a note \"%s\"", text);
	for (const struct cb_boot_note *n = o->plan->notes; n != NULL; n = n->next)
		cb_check_failed(t, __FILE__, __LINE__, "note: %.*s", CB_STR_ARG(n->text));
}

#define ENTRY(name, more) TEXT("/loader/entries/" name, "linux /k\n" more)

static void counters(struct cb_check *t)
{
	static const struct tree_file files[] = {
		BZ("/k"), ENTRY("a-6.12+0-3.conf", "version 6.12\nsort-key a\n"),
		ENTRY("a-6.11+2-1.conf", "version 6.11\nsort-key a\n"),
		ENTRY("a-6.10.conf", "version 6.10\nsort-key a\n"), ENTRY("b.conf", "version 9\n"),
	};
	static const struct tree_disk disk[] = { DISK("vda", files) };
	struct world o;

	if (open_world(t, &o, disk, 1, (struct cb_boot_request){ REQ })) {
		check_ids(t, &o, "a-6.11.conf a-6.10.conf b.conf a-6.12.conf~");
		CB_CHECK_INT(t, o.plan->first->tries_left, 2);
		CB_CHECK_INT(t, o.plan->first->tries_done, 1);
		CB_CHECK_INT(t, o.plan->first->next->tries_left, -1);
		CB_CHECK_STR(t, o.plan->first->cmdline_from,
			     "nothing: no root file system was found");
	}
	close_world(&o);
}

static void loader_conf(struct cb_check *t)
{
	static const struct { const char *conf, *want; } rows[] = {
		{ "default a-6.1*\n", "a-6.11.conf a-6.9.conf b.conf~" },
		{ "default B\n", "b.conf a-6.11.conf a-6.9.conf" },
		{ "preferred b.conf\ndefault a-6.9.conf\n", "a-6.9.conf a-6.11.conf b.conf~" },
		{ "preferred a-6.9\ndefault a-6.11\n", "a-6.9.conf a-6.11.conf b.conf~" },
		{ "default @saved\ntimeout 3\n", "a-6.11.conf a-6.9.conf b.conf~" },
		{ "default c\n", "a-6.11.conf a-6.9.conf b.conf~" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tree_file files[] = {
			BZ("/k"),
			ENTRY("a-6.9.conf", ""),
			ENTRY("a-6.11.conf", ""),
			ENTRY("b+0.conf", ""),
			TEXT("/loader/loader.conf", rows[i].conf),
		};
		const struct tree_disk disk[] = { DISK("vda", files) };
		struct world o;

		if (open_world(t, &o, disk, 1, (struct cb_boot_request){ REQ }))
			check_ids(t, &o, rows[i].want);
		close_world(&o);
	}
}

static void bad_entries(struct cb_check *t)
{
	static const struct tree_file files[] = {
		BZ("/k"), TEXT("/i", "i"), TEXT("/x.efi", "MZ"),
		ENTRY("good.conf", "initrd /i\n"),
		TEXT("/loader/entries/gone.conf", "linux /nope\n"),
		ENTRY("lost.conf", "initrd /i\ninitrd /nope\n"),
		ENTRY("other.conf", "architecture aa64\n"),
		ENTRY("same.conf", "architecture X64\n"),
		TEXT("/loader/entries/empty.conf", ""),
		TEXT("/loader/entries/text.conf", "linux /i\n"),
		TEXT("/loader/entries/tool.conf", "title Tool\nefi /x.efi\noptions a b\n"),
		TEXT("/loader/entries/notes.txt", "linux /k\n"),
		TEXT("/loader/entries/.hidden.conf", "linux /k\n"),
	};
	static const struct tree_disk disk[] = { DISK("vda", files) };
	struct world o;

	if (open_world(t, &o, disk, 1, (struct cb_boot_request){ REQ })) {
		check_ids(t, &o, "text.conf! same.conf lost.conf! good.conf gone.conf!");
		check_note(t, &o, "/loader/entries/empty.conf: it has no linux, uki or efi key");
		check_note(t, &o, "/loader/entries/other.conf: it is for another architecture");
		check_note(t, &o, "/loader/entries/tool.conf: an EFI program");
		CB_CHECK(t, cb_str_find(o.plan->first->why, CB_STR("no kernel")) != SIZE_MAX);
		CB_CHECK_STR(t, o.plan->first->next->next->why, "initrd: /nope: no \"nope\"");
	}
	close_world(&o);
	if (open_world(t, &o, disk, 1,
		       (struct cb_boot_request){ .hand = CB_HAND_EFI, .console = CB_STR("x") })) {
		check_ids(
			t, &o,
			"tool.conf text.conf! same.conf other.conf lost.conf! good.conf gone.conf!");
		CB_CHECK_INT(t, o.plan->first->kind, CB_BOOT_EFI);
		CB_CHECK_STR(t, o.plan->first->cmdline, "a b");
	}
	close_world(&o);
}

static void broken_kernels(struct cb_check *t)
{
	static const struct tree_file files[] = {
		{ .path = "/boot/vmlinuz-6.12", .p = bz, .n = KIT_KERNEL - 512 },
		TEXT("/boot/vmlinuz-6.11", ""),
		TEXT("/boot/vmlinuz-6.10", "not a kernel, but it is long enough "
					   "to be looked at: sixty-four bytes and more"),
		ARM64("/boot/vmlinuz-6.9"),
		BZ("/boot/vmlinuz-6.8"),
		BZ("/boot/vmlinuz-6.7-rescue"),
	};
	static const struct tree_disk disk[] = { DISK("vda", files) };
	struct cb_candidate *c;
	struct world o;

	if (open_world(t, &o, disk, 1, (struct cb_boot_request){ REQ })) {
		check_ids(t, &o,
			  "vmlinuz-6.12! vmlinuz-6.11! vmlinuz-6.10! vmlinuz-6.9! vmlinuz-6.8 "
			  "vmlinuz-6.7-rescue~");
		c = o.plan->first;
		CB_CHECK(t,
			 cb_str_find(c->why, CB_STR("2048 bytes, the file has 1536")) != SIZE_MAX);
		CB_CHECK_STR(t, c->next->why, "the file is empty");
		CB_CHECK_STR(t, c->next->next->next->why,
			     "it is for aarch64, this machine is x86_64");
		CB_REQUIRE_OK(t, cb_boot_next(o.plan, NULL, &c));
		CB_CHECK_STR(t, c->id, "vmlinuz-6.8");
		cb_boot_reject(o.plan, c, cb_fail(t->env, CB_EAUTH, "kexec: no signature"));
		CB_CHECK_INT(t, t->env->diag->len, 0);
		CB_CHECK_STR(t, c->why, "kexec: no signature");
		CB_REQUIRE_OK(t, cb_boot_next(o.plan, c, &c));
		CB_CHECK_STR(t, c->id, "vmlinuz-6.7-rescue");
		cb_boot_reject(o.plan, c, CB_EIO);
		CB_CHECK_ERR(
			t, cb_boot_next(o.plan, c, &c), CB_ENOENT,
			"none of 6 candidates can boot; the first: /boot/vmlinuz-6.12 on vda: bzImage");
	}
	close_world(&o);
}

static void nothing(struct cb_check *t)
{
	static const struct tree_file files[] = { TEXT("/etc/hostname", "x") };
	static const struct tree_file one[] = { TEXT("/boot/vmlinuz", "x") };
	static const struct tree_disk disks[] = {
		DISK("vda", files),
		{ .name = "vdb", .whole = { .type = "xfs", .mount_fails = true } },
		{ .name = "vdc" },
	};
	static const struct tree_disk lone[] = { DISK("vda", one) };
	struct cb_candidate *c;
	struct world o;

	if (open_world(t, &o, disks, 3, (struct cb_boot_request){ REQ })) {
		CB_CHECK_ERR(t, cb_boot_next(o.plan, NULL, &c), CB_ENOENT,
			     "nothing to boot on 3 volumes of 3 disks");
		check_note(t, &o, "vdb: superblock: checksum 0, not 1");
	}
	close_world(&o);
	if (open_world(t, &o, lone, 1, (struct cb_boot_request){ REQ }))
		CB_CHECK_ERR(t, cb_boot_next(o.plan, NULL, &c), CB_ENOENT,
			     "the only candidate can't boot: "
			     "/boot/vmlinuz on vda: no kernel: 1 bytes");
	close_world(&o);
}

/* What can't be met is an error, and says what to look at. */
static void requests(struct cb_check *t)
{
	static const struct tree_file files[] = { BZ("/boot/vmlinuz-1"), TEXT("/a", "a"),
						  TEXT("/b", "b") };
	static const struct tree_disk disk[] = { DISK("vda", files) };
	static const struct cb_str two[] = { { "/a", 2 }, { "b", 1 } }, lost[] = { { "/c", 2 } };
	static const struct cb_str both[] = { { "/b, a,", 6 } };
	static const struct cb_str many[] = { { "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", 33 } };
	struct tree_world w;
	struct cb_boot_plan *p;
	struct cb_boot_request r = { REQ, .kernel = CB_STR("/boot/nope") };

	kit_bzimage(bz, "");
	CB_CHECK_INT(t, tree_init(&w, t, disk, 1), 0);
	CB_CHECK_ERR(t, cb_boot_plan_make(&w.vs, &r, &p), CB_ENOENT,
		     "no file /boot/nope on 1 volume");
	r = (struct cb_boot_request){ REQ, .device = CB_STR("LABEL=x") };
	CB_CHECK_ERR(t, cb_boot_plan_make(&w.vs, &r, &p), CB_ENOENT, "no volume is LABEL=x");
	r = (struct cb_boot_request){ REQ, .device = CB_STR("=") };
	CB_CHECK_ERR(t, cb_boot_plan_make(&w.vs, &r, &p), CB_EINVAL, "is no device");
	r = (struct cb_boot_request){ REQ, .cmdline = CB_STR("a\033"), .cmdline_from = "the key" };
	CB_CHECK_ERR(t, cb_boot_plan_make(&w.vs, &r, &p), CB_EINVAL, "the key: control byte");
	r = (struct cb_boot_request){ REQ, .initrds = two, .initrds_n = 2 };
	CB_REQUIRE_OK(t, cb_boot_plan_make(&w.vs, &r, &p));
	CB_CHECK_INT(t, p->first->initrds_n, 2);
	CB_CHECK_STR(t, p->first->initrds[1].path, "/b");
	CB_CHECK_STR(t, p->request.initrds[1], "b");
	cb_boot_plan_free(p);
	r = (struct cb_boot_request){ REQ, .initrds = both, .initrds_n = 1 };
	CB_REQUIRE_OK(t, cb_boot_plan_make(&w.vs, &r, &p));
	CB_CHECK_INT(t, p->first->initrds_n, 2);
	CB_CHECK_STR(t, p->first->initrds[0].path, "/b");
	cb_boot_plan_free(p);
	r = (struct cb_boot_request){ REQ, .initrds = many, .initrds_n = 1 };
	CB_CHECK_ERR(t, cb_boot_plan_make(&w.vs, &r, &p), CB_ELIMIT, "more than 16 initrds");
	r = (struct cb_boot_request){ REQ, .initrds = lost, .initrds_n = 1 };
	CB_REQUIRE_OK(t, cb_boot_plan_make(&w.vs, &r, &p));
	CB_CHECK_STR(t, p->first->why, "the initrd that was asked for: /c: no \"c\"");
	cb_boot_plan_free(p);
	tree_fini(&w);
}

static void kernel_cmdline_file(struct cb_check *t)
{
	static const struct tree_file files[] = {
		BZ("/boot/vmlinuz-1"),
		TEXT("/etc/os-release", "ID=x\n"),
		TEXT("/etc/kernel/cmdline", "a\007b\n"),
	};
	static const struct tree_disk disk[] = { DISK("vda", files) };
	struct world o;

	if (open_world(t, &o, disk, 1, (struct cb_boot_request){ REQ })) {
		check_note(t, &o, "/etc/kernel/cmdline: control byte 0x07");
		CB_CHECK_STR(t, o.plan->first->cmdline,
			     "root=UUID=42424242-4242-4242-4242-424242424242 ro");
	}
	close_world(&o);
}

/* Nothing in a name may reach a terminal as it is, or end a search. */
static void hostile_names(struct cb_check *t)
{
	static char longest[6 + 255 + 1] = "/boot/vmlinuz-";
	static const struct tree_file files[] = {
		BZ("/boot/vmlinuz-1\n\033[2Jnote: all is well"),
		BZ(longest),
		BZ("/boot/vmlinuz-\xff\xfe"),
		TEXT("/loader/entries/\033.conf",
		     "title \033[31mred\nlinux /boot/vmlinuz-\xff\xfe\n"),
		TEXT("/loader/entries/\n.conf", "\n"),
	};
	static const struct tree_disk disk[] = { DISK("vda", files) };
	struct world o;
	struct cb_buf b;

	memset(longest + 14, '9', sizeof(longest) - 15);
	cb_buf_init(&b, t->env, 1u << 16);
	if (open_world(t, &o, disk, 1, (struct cb_boot_request){ REQ })) {
		CB_CHECK_INT(t, o.plan->candidates_n, 3);
		cb_explain_plan(o.plan, &b);
		cb_explain_volumes(&o.w.vs, &b);
		for (size_t i = 0; i < b.n; i++)
			CB_CHECK(t, b.p[i] == '\n' || (b.p[i] >= 0x20 && b.p[i] < 0x7f));
		CB_CHECK_INT(t, cb_buf_status(&b), 0);
	}
	cb_buf_fini(&b);
	close_world(&o);
}

#define MANY 10000u

static void many_files(struct cb_check *t)
{
	static char names[MANY][40];
	static struct tree_file files[MANY + 1];
	static const struct tree_disk disk[] = {
		{ .name = "vda", .whole = { .type = "ext4", .files = files, .files_n = MANY + 1 } },
	};
	struct world o;

	for (unsigned i = 0; i < MANY; i++) {
		(void)cb_fmt(names[i], sizeof(names[i]), "/boot/vmlinuz-6.%u", i * 7919 % MANY);
		files[i] = (struct tree_file)BZ(names[i]);
	}
	files[MANY] = (struct tree_file)TEXT("/boot/initrd.img-6.9999", "i");
	if (open_world(t, &o, disk, 1, (struct cb_boot_request){ REQ })) {
		CB_CHECK_INT(t, o.plan->candidates_n, 128);
		CB_CHECK_STR(t, o.plan->first->id, "vmlinuz-6.9999");
		CB_CHECK_STR(t, o.plan->first->next->id, "vmlinuz-6.9998");
		CB_CHECK_INT(t, o.plan->first->initrds_n, 1);
		check_note(t, &o, "/boot has more files than are looked at: 128 kernels were kept");
		CB_CHECK(t, o.plan->arena.used < 1u << 20);
	}
	close_world(&o);
}

/* 1024 entries of 64 KiB each are cut off before memory runs out, and before the next disk has no room. */
static void many_entries(struct cb_check *t)
{
	static char names[300][48], text[60000];
	static struct tree_file files[301];
	static const struct tree_part parts[] = {
		{ TREE_ESP, "", { .type = "vfat", .files = files, .files_n = 301 } },
		{ TREE_BOOT, "", { .type = "vfat", .files = files, .files_n = 301 } },
		{ TREE_LINUX, "", { .type = "ext4", .files = files, .files_n = 301 } },
	};
	static const struct tree_file good[] = { BZ("/vmlinuz-6.1") };
	static const struct tree_disk disk[] = {
		{ .name = "vda", .parts = parts, .parts_n = 3 },
		DISK("vdb", good),
	};
	struct cb_candidate *last;
	struct world o;

	memset(text, 'x', sizeof(text));
	memcpy(text, "linux /k\ntitle ", 15);
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < 300; i++) {
		(void)cb_fmt(names[i], sizeof(names[i]), "/loader/entries/%u.conf", i);
		files[i] = (struct tree_file)TEXT(names[i], text);
	}
	files[300] = (struct tree_file)BZ("/k");
	if (open_world(t, &o, disk, 2, (struct cb_boot_request){ REQ })) {
		CB_CHECK(t, o.plan->candidates_n > 150 && o.plan->candidates_n < 300);
		CB_CHECK_STR(t, o.plan->first->id, "299.conf");
		for (last = o.plan->first; last->next != NULL; last = last->next)
			;
		CB_CHECK_STR(t, last->id, "vmlinuz-6.1");
		check_note(t, &o, "more candidates than are looked at");
		CB_CHECK(t, o.plan->arena.used < 32u << 20);
	}
	close_world(&o);
}

CB_SUITE(boot_rules, CB_TEST(counters), CB_TEST(loader_conf), CB_TEST(bad_entries),
	 CB_TEST(broken_kernels), CB_TEST(nothing), CB_TEST(requests), CB_TEST(kernel_cmdline_file),
	 CB_TEST(hostile_names), CB_TEST(many_files), CB_TEST(many_entries));
