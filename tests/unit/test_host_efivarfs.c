/* tests/unit/test_host_efivarfs.c - EFI variables in a folder that looks like efivarfs. */
#include "unit/check.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fmt.h"
#include "image/bootvars.h"
#include "linux/efivarfs.h"
#include "linux/os.h"

#define VALUE(lit) ((struct cb_bytes){ (const uint8_t *)"" lit, sizeof(lit) - 1 })
#define GUID "-8be4df61-93ca-11d2-aa0d-00e098032b8c"

struct folder {
	char dir[24];
	struct cb_efivarfs fs;
};

static void make(struct cb_check *t, struct folder *f)
{
	memcpy(f->dir, "/tmp/cb-unit-XXXXXX", 20);
	CB_REQUIRE(t, mkdtemp(f->dir) != NULL);
	CB_REQUIRE_OK(t, cb_efivarfs_open(t->env, f->dir, &f->fs));
}

static void unmake(struct cb_check *t, struct folder *f)
{
	char command[80];

	(void)cb_fmt(command, sizeof(command), "rm -r %s", f->dir);
	CB_CHECK_INT(t, system(command), 0);
}

static void path_of(const struct folder *f, const char *file, char ret[160])
{
	(void)cb_fmt(ret, 160, "%s/%s", f->dir, file);
}

/* The file as it is: attributes and value. */
static void check_file(struct cb_check *t, const struct folder *f, const char *file, struct cb_bytes want)
{
	struct cb_buf b;
	char path[160];

	path_of(f, file, path);
	cb_buf_init(&b, t->env, 4096);
	CB_REQUIRE_OK(t, cb_os_read(t->env, path, 4096, &b));
	CB_CHECK_BYTES(t, cb_buf_bytes(&b), want);
	cb_buf_fini(&b);
}

static int put(struct folder *f, const char *name, struct cb_bytes value)
{
	return f->fs.vars.ops->set(&f->fs.vars, cb_str_c(name), cb_efi_global, CB_VAR_USUAL, value);
}

static int get(struct folder *f, const char *name, struct cb_buf *ret)
{
	uint32_t attributes;

	return f->fs.vars.ops->get(&f->fs.vars, cb_str_c(name), cb_efi_global, &attributes, ret);
}

static void writes(struct cb_check *t)
{
	struct folder f;
	struct cb_buf b;
	char path[160];

	make(t, &f);
	cb_buf_init(&b, t->env, 64);
	CB_CHECK_ERR(t, get(&f, "Boot0001", &b), CB_ENOENT, "Boot0001");
	CB_REQUIRE_OK(t, put(&f, "Boot0001", VALUE("a longer value")));
	check_file(t, &f, "Boot0001" GUID, VALUE("\7\0\0\0a longer value"));
	CB_REQUIRE_OK(t, put(&f, "Boot0001", VALUE("short")));
	check_file(t, &f, "Boot0001" GUID, VALUE("\7\0\0\0short"));
	cb_buf_add(&b, "before ", 7);
	CB_REQUIRE_OK(t, get(&f, "Boot0001", &b));
	CB_CHECK_BYTES(t, cb_buf_bytes(&b), VALUE("before short"));
	CB_REQUIRE_OK(t, put(&f, "a/b", VALUE("x")));
	check_file(t, &f, "a!b" GUID, VALUE("\7\0\0\0x"));
	CB_REQUIRE_OK(t, put(&f, "Boot0001", VALUE("")));
	path_of(&f, "Boot0001" GUID, path);
	CB_CHECK(t, access(path, F_OK) < 0);
	CB_REQUIRE_OK(t, put(&f, "Boot0001", VALUE("")));
	cb_buf_fini(&b);
	unmake(t, &f);
}

static int count(void *ctx, struct cb_str name, struct cb_uuid vendor)
{
	unsigned *n = ctx;

	*n += cb_str_eq(name, CB_STR("A-b")) && cb_uuid_eq(vendor, cb_efi_global) ? 1 : 100;
	return 0;
}

static int stop(void *ctx, struct cb_str name, struct cb_uuid vendor)
{
	(void)ctx;
	(void)name;
	(void)vendor;
	return CB_ECANCELED;
}

static void refuses(struct cb_check *t)
{
	static const char *const others[] = { "README", "short-8be4df61",
					      "x8be4df61-93ca-11d2-aa0d-00e098032b8c",
					      "-8be4df61-93ca-11d2-aa0d-00e098032b8c",
					      "A-8be4df61-93ca-11d2-aa0d-00e098032b8g" };
	char path[160], name[300];
	struct cb_efivarfs none;
	struct folder f;
	struct cb_buf b;
	unsigned n = 0;

	make(t, &f);
	cb_buf_init(&b, t->env, 64);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		path_of(&f, others[i], path);
		FILE *file = fopen(path, "w");
		CB_REQUIRE(t, file != NULL && fclose(file) == 0);
	}
	CB_REQUIRE_OK(t, put(&f, "A-b", VALUE("x")));
	CB_REQUIRE_OK(t, f.fs.vars.ops->each(&f.fs.vars, count, &n));
	CB_CHECK_INT(t, n, 1);
	CB_CHECK_INT(t, f.fs.vars.ops->each(&f.fs.vars, stop, NULL), CB_ECANCELED);
	path_of(&f, "Empty" GUID, path);
	FILE *file = fopen(path, "w");
	CB_REQUIRE(t, file != NULL);
	CB_CHECK_ERR(t, get(&f, "Empty", &b), CB_ENOENT, "no variable Empty");
	CB_CHECK(t, fwrite("\7\0", 2, 1, file) == 1 && fclose(file) == 0);
	CB_CHECK_ERR(t, get(&f, "Empty", &b), CB_ECORRUPT, "has 2 bytes");
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CB_CHECK_ERR(t, put(&f, name, VALUE("x")), CB_ELIMIT, "File name too long");
	CB_CHECK_ERR(t, put(&f, "", VALUE("x")), CB_EINVAL, "empty");
	CB_CHECK_ERR(t, cb_efivarfs_open(t->env, "/nowhere", &none), CB_EUNSUP, "wasn't started by UEFI");
	CB_CHECK_ERR(t, cb_efivarfs_open(t->env, "/sys/kernel", &none), CB_EUNSUP, "nothing is mounted");
	cb_buf_fini(&b);
	unmake(t, &f);
}

/* Files that refuse a write as the firmware does, through the kernel. */
static void refused_writes(struct cb_check *t)
{
	static const struct {
		const char *file;
		int code;
		const char *text;
	} cases[] = {
		{ "/dev/full", CB_ELIMIT, "writing Boot0001: the firmware has no room for it" },
		{ "/proc/self/oom_score_adj", CB_EINVAL, "the firmware refuses it" },
		{ "/proc/self/mem", CB_EIO, "writing Boot0001: Input/output error" },
	};
	struct folder f;
	char path[160];

	make(t, &f);
	path_of(&f, "Boot0001" GUID, path);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CB_REQUIRE(t, symlink(cases[i].file, path) == 0);
		CB_CHECK_ERR(t, put(&f, "Boot0001", VALUE("value")), cases[i].code, cases[i].text);
		CB_CHECK_INT(t, unlink(path), 0); /* a failed write deletes nothing that was there */
	}
	/* It takes the bytes and keeps none: found by reading back. */
	CB_REQUIRE(t, symlink("/dev/null", path) == 0);
	CB_CHECK(t, put(&f, "Boot0001", VALUE("value")) < 0);
	cb_clear(t->env);
	unmake(t, &f);
}

/* Where the folder's file system knows the flag and we may set it (root): it is lifted and put back. */
static void immutable(struct cb_check *t)
{
	struct folder f;
	char path[160];
	unsigned flags = 0;

	make(t, &f);
	CB_REQUIRE_OK(t, put(&f, "BootOrder", VALUE("\1")));
	path_of(&f, "BootOrder" GUID, path);

	int fd = open(path, O_RDONLY | O_CLOEXEC);

	CB_REQUIRE(t, fd >= 0);
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
		flags |= FS_IMMUTABLE_FL;
		if (ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0) {
			CB_CHECK_INT(t, open(path, O_WRONLY | O_CLOEXEC), -1);
			CB_REQUIRE_OK(t, put(&f, "BootOrder", VALUE("\2\0\1")));
			check_file(t, &f, "BootOrder" GUID, VALUE("\7\0\0\0\2\0\1"));
			CB_CHECK_INT(t, ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
			CB_CHECK(t, (flags & FS_IMMUTABLE_FL) != 0);
			CB_CHECK_INT(t, open(path, O_WRONLY | O_CLOEXEC), -1);
			CB_REQUIRE_OK(t, put(&f, "BootOrder", VALUE("")));
		}
	}
	(void)close(fd); /* nothing was written */
	unmake(t, &f);
}

static int life(struct cb_check *t, void *arg)
{
	const struct cb_boot_entry e = { .name = CB_STR("x"), .part = 1, .first = 2048, .nblocks = 4096,
					 .file = CB_STR("\\EFI\\Linux\\x.efi") };
	struct cb_efivars *v = arg;
	uint16_t number;
	unsigned written, removed;
	int r = cb_bootvars_place(v, &e, CB_BOOT_ALWAYS, &number, &written);

	(void)t;
	return r == 0 ? cb_bootvars_reset(v, &removed) : r;
}

static void faults(struct cb_check *t)
{
	struct folder f;

	make(t, &f);
	cb_check_faults(t, life, &f.fs.vars, 200);
	unmake(t, &f);
}

/* cloudboot.onfail=next, whole. */
static void next_entry(struct cb_check *t)
{
	struct folder f;
	uint16_t number = 0;

	make(t, &f);
	CB_REQUIRE_OK(t, put(&f, "BootCurrent", VALUE("\3\0")));
	CB_REQUIRE_OK(t, put(&f, "BootOrder", VALUE("\1\0\3\0\4\0\2\0")));
	CB_REQUIRE_OK(t, put(&f, "Boot0004", VALUE("\0\0\0\0")));
	CB_REQUIRE_OK(t, put(&f, "Boot0002", VALUE("\1\0\0\0...")));
	CB_REQUIRE_OK(t, cb_bootvars_behind(&f.fs.vars, &number));
	CB_CHECK_INT(t, number, 2);
	CB_REQUIRE_OK(t, cb_bootvars_next(&f.fs.vars, number));
	check_file(t, &f, "BootNext" GUID, VALUE("\7\0\0\0\2\0"));
	unmake(t, &f);
}

CB_SUITE(host_efivarfs, CB_TEST(writes), CB_TEST(refuses), CB_TEST(refused_writes), CB_TEST(immutable),
	 CB_TEST(faults), CB_TEST(next_entry));
