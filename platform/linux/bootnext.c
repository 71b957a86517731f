/* linux/bootnext.c - BootCurrent, BootOrder, Boot####, BootNext through efivarfs, where a variable is a
 * file: 4 bytes of attributes, then its value. */
#include "linux/bootnext.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/fmt.h"
#include "core/mem.h"
#include "linux/os.h"

#define GLOBAL      "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define ATTRIBUTES  7u            /* non-volatile, boot service and runtime access */
#define ACTIVE      1u            /* LOAD_OPTION_ACTIVE */
#define VALUE_MAX   4096u
#define PATH_ROOM   160u

struct variable {
	cb_le32 attributes;
	uint8_t value[VALUE_MAX];
};

static int read_variable(struct cb_env *env, const char *dir, const char *name, struct cb_buf *ret)
{
	char path[PATH_ROOM];

	(void)cb_fmt(path, sizeof(path), "%s/%s-" GLOBAL, dir, name); /* names of ours: they fit */
	ret->n = 0;

	int r = cb_os_read(env, path, sizeof(struct variable), ret);

	if (r == 0 && ret->n < sizeof(cb_le32))
		r = cb_fail(env, CB_ECORRUPT, "%s has %zu bytes", path, ret->n);
	return r;
}

/* The i-th 16-bit number of a variable's value. */
static bool number(const struct cb_buf *v, size_t i, uint16_t *ret)
{
	const cb_le16 *n = cb_view(cb_le16, cb_buf_bytes(v), sizeof(cb_le32) + 2 * i);

	if (n == NULL)
		return false;
	*ret = cb_get_le16(*n);
	return true;
}

static bool is_active(struct cb_env *env, const char *dir, uint16_t entry, struct cb_buf *scratch)
{
	char name[16];

	(void)cb_fmt(name, sizeof(name), "Boot%04X", entry); /* it fits */
	if (read_variable(env, dir, name, scratch) < 0) {
		cb_clear(env);
		return false;
	}

	const cb_le32 *options = cb_view(cb_le32, cb_buf_bytes(scratch), sizeof(cb_le32));

	return options != NULL && (cb_get_le32(*options) & ACTIVE) != 0;
}

static int write_next(struct cb_env *env, const char *dir, uint16_t entry)
{
	struct { cb_le32 attributes; cb_le16 entry; } v = { cb_put_le32(ATTRIBUTES), cb_put_le16(entry) };
	char path[PATH_ROOM];
	int fd, err = 0;

	_Static_assert(sizeof(v) == 6, "no padding between bytes");
	(void)cb_fmt(path, sizeof(path), "%s/BootNext-" GLOBAL, dir); /* it fits */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return cb_os_fail(env, errno, "%s", path);
	if (write(fd, &v, sizeof(v)) != (ssize_t)sizeof(v))
		err = errno;
	if (close(fd) != 0 && err == 0)
		err = errno;
	return err != 0 ? cb_os_fail(env, err, "writing %s", path) : 0;
}

static int choose(struct cb_env *env, const char *dir, struct cb_buf *order, struct cb_buf *scratch,
		  uint16_t *ret)
{
	uint16_t current, entry;
	bool behind = false;
	int r = read_variable(env, dir, "BootCurrent", scratch);

	if (r == 0)
		r = read_variable(env, dir, "BootOrder", order);
	if (r < 0 || !number(scratch, 0, &current))
		return cb_fail(env, CB_EUNSUP, "there are no EFI boot variables");
	for (size_t i = 0; number(order, i, &entry); i++) {
		if (behind && is_active(env, dir, entry, scratch)) {
			*ret = entry;
			return 0;
		}
		behind = behind || entry == current;
	}
	return cb_fail(env, CB_ENOENT, "Boot%04X is the last entry of BootOrder", current);
}

int cb_boot_next_entry(struct cb_env *env, const char *dir, uint16_t *ret)
{
	struct cb_buf order, scratch;
	uint16_t entry = 0;
	int r;

	cb_buf_init(&order, env, 2 * sizeof(struct variable));
	cb_buf_init(&scratch, env, 2 * sizeof(struct variable));
	r = choose(env, dir, &order, &scratch, &entry);
	cb_buf_fini(&order);
	cb_buf_fini(&scratch);
	if (r == 0)
		r = write_next(env, dir, entry);
	if (r == 0)
		*ret = entry;
	return r;
}
