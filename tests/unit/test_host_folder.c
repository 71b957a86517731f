/* tests/unit/test_host_folder.c - the folder of a mounted file system; staging on a real one. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/stage.h"
#include "core/fmt.h"
#include "posix/folder.h"
#include "unit/efivars_kit.h"

static char dir[64];

static void begin(struct cb_check *t, struct cb_posix_folder *f)
{
	(void)cb_fmt(dir, sizeof(dir), "/tmp/cb-unit-XXXXXX"); /* it fits */
	CB_REQUIRE(t, mkdtemp(dir) != NULL);
	CB_REQUIRE_OK(t, cb_posix_folder_open(t->env, dir, f));
}

static void end(struct cb_check *t, struct cb_posix_folder *f)
{
	char command[80];

	cb_posix_folder_close(f);
	(void)cb_fmt(command, sizeof(command), "rm -r %s", dir); /* it fits */
	CB_CHECK_INT(t, system(command), 0);
}

struct seen {
	unsigned files, dirs;
	uint64_t size;
};

static int count(void *arg, const struct cb_folder_entry *e)
{
	struct seen *s = arg;

	s->files += !e->is_dir;
	s->dirs += e->is_dir;
	s->size += e->size;
	return 0;
}

static int append(void *arg, const void *p, size_t n)
{
	cb_buf_add(arg, p, n);
	return cb_buf_status(arg);
}

static int pattern(void *ctx, uint64_t off, void *buf, size_t n)
{
	uint8_t *p = buf;

	(void)ctx;
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)((off + i) * 31 >> 3);
	return 0;
}

static void operations(struct cb_check *t)
{
	struct cb_input big = { .read = pattern, .size = (3u << 20) + 17 };
	struct cb_input small = cb_input_mem((struct cb_bytes){ (const uint8_t *)"small", 5 });
	struct cb_posix_folder p;
	struct cb_folder *f = &p.folder;
	struct cb_folder_space space;
	struct seen seen = { 0 };
	struct cb_buf b;
	uint8_t want[16];

	begin(t, &p);
	cb_buf_init(&b, t->env, 8u << 20);
	CB_CHECK_INT(t, f->ops->unlock(f), 0);
	CB_CHECK_ERR(t, f->ops->list(f, CB_STR("a"), count, &seen), CB_ENOENT, "opening a");
	CB_CHECK_INT(t, f->ops->make_dir(f, CB_STR("a")), 0);
	CB_CHECK_INT(t, f->ops->make_dir(f, CB_STR("a")), 0);
	CB_CHECK_INT(t, f->ops->make_dir(f, CB_STR("a/b")), 0);
	CB_CHECK_INT(t, f->ops->write(f, CB_STR("a/big"), &big), 0);
	CB_CHECK_INT(t, f->ops->write(f, CB_STR("a/small"), &small), 0);
	CB_CHECK_ERR(t, f->ops->write(f, CB_STR("a/small"), &small), CB_EIO, "File exists");
	CB_CHECK_INT(t, f->ops->sync(f), 0);
	CB_CHECK_INT(t, f->ops->list(f, CB_STR("a"), count, &seen), 0);
	CB_CHECK(t, seen.files == 2 && seen.dirs == 1 && seen.size == big.size + 5);
	CB_CHECK_INT(t, f->ops->rename(f, CB_STR("a/big"), CB_STR("a/bigger")), 0);
	CB_CHECK_INT(t, f->ops->read(f, CB_STR("a/bigger"), append, &b), 0);
	CB_CHECK_INT(t, pattern(NULL, big.size - 16, want, sizeof(want)), 0);
	CB_CHECK(t, b.n == big.size);
	CB_CHECK_BYTES(t, ((struct cb_bytes){ b.p + b.n - 16, 16 }), ((struct cb_bytes){ want, 16 }));
	CB_CHECK_INT(t, f->ops->remove(f, CB_STR("a/bigger")), 0);
	CB_CHECK_ERR(t, f->ops->remove(f, CB_STR("a/bigger")), CB_ENOENT, "removing a/bigger");
	CB_CHECK_ERR(t, f->ops->read(f, CB_STR("a/bigger"), append, &b), CB_ENOENT, "opening a/bigger");
	CB_CHECK_INT(t, f->ops->space(f, &space), 0);
	CB_CHECK(t, space.free <= space.total && space.total > 0 && cb_is_pow2(space.cluster));
	cb_buf_fini(&b);
	end(t, &p);
}

/* A link is nobody's staged file. */
static void no_links(struct cb_check *t)
{
	struct cb_posix_folder p;
	char link[80];
	struct cb_buf b;

	begin(t, &p);
	cb_buf_init(&b, t->env, 4096);
	(void)cb_fmt(link, sizeof(link), "%s/link", dir); /* it fits */
	CB_CHECK_INT(t, symlink("/etc/hostname", link), 0);
	CB_CHECK(t, p.folder.ops->read(&p.folder, CB_STR("link"), append, &b) < 0 && b.n == 0);
	cb_clear(t->env);
	cb_buf_fini(&b);
	end(t, &p);
	CB_CHECK_ERR(t, cb_posix_folder_open(t->env, "/nonexistent", &p), CB_ENOENT, "/nonexistent");
}

/* The whole of it on a file system; a foreign file stays. */
static void staging(struct cb_check *t)
{
	static struct memvars vars;
	struct cb_input kernel = { .read = pattern, .size = 100000 }, initrd = { .read = pattern, .size = 7 };
	struct cb_stage_item item = { .name = CB_STR("debian-13"), .kernel = kernel, .initrd = initrd,
				      .cmdline = CB_STR("ro") };
	struct cb_posix_folder p;
	char path[128];
	struct stat st;
	unsigned written;
	uint16_t number;

	begin(t, &p);
	memvars_init(&vars, t->env);
	for (unsigned i = 0; i < 2; i++) {
		struct cb_stage s;

		CB_CHECK_INT(t, cb_stage_init(&s, t->env), 0);
		s.cache = &p.folder;
		s.vars = &vars.v;
		s.ours = true;
		s.now = 1000000 + 10000 * i;
		s.entry = (struct cb_boot_entry){ .part = 1, .partuuid = { { 1 } } };
		CB_CHECK_INT(t, cb_stage_write(&s, &item), 0);
		CB_CHECK_INT(t, cb_stage_arm(&s, &number, &written), 0);
		CB_CHECK(t, s.kept == (i == 1) && s.begun == (i == 0));
		cb_stage_fini(&s);
	}
	(void)cb_fmt(path, sizeof(path), "%s/EFI/Linux/debian-13-vmlinuz.efi", dir); /* it fits */
	CB_CHECK(t, stat(path, &st) == 0 && st.st_size == 100000);
	(void)cb_fmt(path, sizeof(path), "%s/EFI/cloud-boot/staged", dir); /* it fits */
	CB_CHECK(t, stat(path, &st) == 0);
	end(t, &p);
}

CB_SUITE(host_folder, CB_TEST(operations), CB_TEST(no_links), CB_TEST(staging));
