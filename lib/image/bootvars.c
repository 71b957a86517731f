/* image/bootvars.c - Boot####, BootOrder and BootNext (UEFI 2.10, 3.1).
 *
 * The order of writes is what makes a power cut harmless: an entry is whole before anything points to
 * it, and what points to it goes before the entry does. */
#include "image/bootvars.h"

#include "core/fmt.h"
#include "core/limits.h"
#include "core/str.h"
#include "core/utf.h"

#define NAME_ROOM     9u               /* "Boot0001" */
#define OPTIONS       0x10000u         /* how many numbers there are */
#define PREFERRED     1u

static const char our_description[] = "cloud-boot ";
static const char our_folder[] = "\\efi\\linux\\";

/* The entries that there are. */
struct entries {
	struct cb_efivars *v;
	uint8_t *used;                 /* a bit for each number */
	struct cb_buf ours;            /* cb_le16 each */
	struct cb_buf value;           /* scratch */
};

static struct cb_str name_of(uint16_t number, char room[NAME_ROOM])
{
	return (struct cb_str){ room, cb_fmt(room, NAME_ROOM, "Boot%04X", number) };
}

bool cb_boot_number(struct cb_str name, uint16_t *ret)
{
	uint64_t n;

	if (name.n != NAME_ROOM - 1 || !cb_str_starts(name, CB_STR("Boot")))
		return false;
	for (size_t i = 4; i < name.n; i++)
		if (name.p[i] >= 'a')  /* 3.1: upper case */
			return false;
	if (!cb_str_u64(cb_str_sub(name, 4, 4), 16, &n))
		return false;
	*ret = (uint16_t)n; /* four digits */
	return true;
}

/* UTF-16 that starts with ASCII text, in any case. */
static bool wide_starts(struct cb_bytes wide, const char *text)
{
	struct cb_cur c = cb_cur(wide);

	for (; *text != '\0'; text++) {
		uint16_t unit = cb_cur_le16(&c);

		if (unit > 0x7f || cb_to_lower((char)unit) != *text)
			return false;
	}
	return true;
}

bool cb_boot_entry_is_ours(struct cb_env *env, const struct cb_load_option *o)
{
	struct cb_bytes path = o->path;
	struct cb_devnode hd, file, end;
	struct cb_devpath_hd h;

	if (cb_devpath_next(env, &path, &hd) < 0 || cb_devpath_next(env, &path, &file) < 0 ||
	    cb_devpath_next(env, &path, &end) < 0) {
		cb_clear(env);
		return false;
	}
	return wide_starts(o->description, our_description) && cb_devpath_get_hd(&hd, &h) &&
	       h.format == CB_DEVPATH_GPT && cb_devpath_is_file(&file) &&
	       wide_starts(file.body, our_folder) && end.type == CB_DEVPATH_END && path.n == 0;
}

static int write_entry(struct cb_env *env, const struct cb_boot_entry *e, struct cb_load_option *o,
		       struct cb_buf *text, struct cb_buf *path, struct cb_buf *ret)
{
	static const uint8_t nul[2];
	size_t description;

	cb_utf8_to_utf16(text, cb_str_c(our_description));
	cb_utf8_to_utf16(text, e->name);
	description = text->n;
	cb_utf8_to_utf16(text, e->options);
	if (e->options.n > 0)
		cb_buf_add(text, nul, sizeof(nul));
	cb_devpath_add_hd(path, e->part, e->first, e->nblocks, e->partuuid);
	cb_devpath_add_file(path, e->file);
	cb_devpath_add_end(path);

	int r = cb_buf_status(text);

	if (r == 0)
		r = cb_buf_status(path);
	if (r < 0)
		return r;
	*o = (struct cb_load_option){ .attributes = CB_LOAD_OPTION_ACTIVE, .path = cb_buf_bytes(path),
				      .description = { text->p, description },
				      .data = { text->p + description, text->n - description } };
	if (!cb_boot_entry_is_ours(env, o))
		return cb_fail(env, CB_EINVAL, "a boot entry of ours is a file below \\EFI\\Linux, not %.*s",
			       CB_STR_ARG(e->file));
	return cb_load_option_write(env, o, ret);
}

int cb_boot_entry_write(struct cb_env *env, const struct cb_boot_entry *e, struct cb_buf *ret)
{
	struct cb_load_option o;
	struct cb_buf text, path;

	cb_buf_init(&text, env, CB_MAX_EFIVAR);
	cb_buf_init(&path, env, CB_MAX_EFIVAR);

	int r = write_entry(env, e, &o, &text, &path, ret);

	cb_buf_fini(&text);
	cb_buf_fini(&path);
	return r;
}

/* One variable that is there; what can't be read or isn't a load option is foreign. */
static int note_entry(void *ctx, struct cb_str name, struct cb_uuid vendor)
{
	struct entries *e = ctx;
	struct cb_load_option o;
	uint32_t attributes;
	uint16_t number;

	if (!cb_uuid_eq(vendor, cb_efi_global) || !cb_boot_number(name, &number))
		return 0;
	e->used[number / 8] |= (uint8_t)(1u << number % 8);
	e->value.n = 0;

	int r = e->v->ops->get(e->v, name, vendor, &attributes, &e->value);

	if (r == 0)
		r = cb_load_option_parse(e->v->env, cb_buf_bytes(&e->value), &o);
	if (r == CB_ENOMEM)
		return r;
	if (r < 0) {
		cb_clear(e->v->env);
		return 0;
	}
	if (cb_boot_entry_is_ours(e->v->env, &o)) {
		cb_le16 ours = cb_put_le16(number);

		cb_buf_add(&e->ours, &ours, sizeof(ours));
	}
	return cb_buf_status(&e->ours);
}

static void entries_fini(struct entries *e)
{
	cb_buf_fini(&e->ours);
	cb_buf_fini(&e->value);
	cb_free(e->v->env, e->used, OPTIONS / 8);
}

/* fini after a failure too. */
static int entries_init(struct entries *e, struct cb_efivars *v)
{
	*e = (struct entries){ .v = v, .used = cb_alloc(v->env, OPTIONS / 8) };
	cb_buf_init(&e->ours, v->env, OPTIONS * sizeof(cb_le16));
	cb_buf_init(&e->value, v->env, CB_MAX_EFIVAR);
	if (e->used == NULL)
		return CB_ENOMEM;
	return v->ops->each(v, note_entry, e);
}

/* Of several, the lowest. */
static bool our_number(const struct entries *e, uint16_t *ret)
{
	struct cb_cur c = cb_cur(cb_buf_bytes(&e->ours));
	bool have = c.left > 0;
	uint16_t least = UINT16_MAX;

	while (c.left > 0) {
		uint16_t n = cb_cur_le16(&c);

		least = n < least ? n : least;
	}
	if (have)
		*ret = least;
	return have;
}

static bool is_used(const struct entries *e, size_t number)
{
	return (e->used[number / 8] >> number % 8 & 1) != 0;
}

static int choose_number(const struct entries *e, uint16_t *ret)
{
	size_t n = 0;

	if (our_number(e, ret))
		return 0;
	if (is_used(e, PREFERRED))
		while (n < OPTIONS && is_used(e, n))
			n++;
	else
		n = PREFERRED;
	if (n == OPTIONS)
		return cb_fail(e->v->env, CB_ELIMIT, "all %u boot numbers are taken", OPTIONS);
	*ret = (uint16_t)n; /* below OPTIONS */
	return 0;
}

/* Write a global variable unless it holds just that; an attribute that differs would be refused, so
 * those that it has stay. *written counts. */
static int store(struct cb_efivars *v, struct cb_str name, struct cb_bytes value, unsigned *written)
{
	uint32_t attributes = CB_VAR_USUAL;
	struct cb_buf old;

	cb_buf_init(&old, v->env, CB_MAX_EFIVAR);

	int r = cb_efivars_find(v, name, cb_efi_global, &attributes, &old);
	bool same = r >= 0 && old.n == value.n && (value.n == 0 || memcmp(old.p, value.p, value.n) == 0);

	cb_buf_fini(&old);
	if (r < 0 || same)
		return r < 0 ? r : 0;
	r = v->ops->set(v, name, cb_efi_global, attributes, value);
	if (r == 0)
		++*written;
	return r;
}

/* Take `number` out of BootOrder, and put it first when front is set. */
static int reorder(struct cb_efivars *v, uint16_t number, bool front, unsigned *written)
{
	uint32_t attributes;
	struct cb_buf old, new;

	cb_buf_init(&old, v->env, CB_MAX_EFIVAR);
	cb_buf_init(&new, v->env, CB_MAX_EFIVAR);

	int r = cb_efivars_find(v, CB_STR("BootOrder"), cb_efi_global, &attributes, &old);

	if (r >= 0) {
		cb_boot_order_edit(cb_buf_bytes(&old), number, front, &new);
		r = cb_buf_status(&new);
	}
	if (r == 0)
		r = store(v, CB_STR("BootOrder"), cb_buf_bytes(&new), written);
	cb_buf_fini(&old);
	cb_buf_fini(&new);
	return r;
}

/* The first number of a variable: 1, or 0 when it isn't there or is too short. */
static int first_number(struct cb_efivars *v, const char *name, uint16_t *ret)
{
	uint32_t attributes;
	struct cb_buf b;

	cb_buf_init(&b, v->env, CB_MAX_EFIVAR);

	int r = cb_efivars_find(v, cb_str_c(name), cb_efi_global, &attributes, &b);
	const cb_le16 *n = cb_view(cb_le16, cb_buf_bytes(&b), 0);

	if (r > 0 && n != NULL)
		*ret = cb_get_le16(*n);
	r = r > 0 && n == NULL ? 0 : r;
	cb_buf_fini(&b);
	return r;
}

static int set_next(struct cb_efivars *v, uint16_t number, unsigned *written)
{
	cb_le16 value = cb_put_le16(number);

	return store(v, CB_STR("BootNext"), (struct cb_bytes){ value.b, sizeof(value) }, written);
}

/* Delete BootNext if it names `number`. */
static int forget_next(struct cb_efivars *v, uint16_t number, unsigned *removed)
{
	uint16_t next = 0;
	int r = first_number(v, "BootNext", &next);

	if (r <= 0 || next != number)
		return r < 0 ? r : 0;
	return store(v, CB_STR("BootNext"), (struct cb_bytes){ NULL, 0 }, removed);
}

/* A trial that is cut short leaves nothing in BootOrder. */
static int place(struct cb_efivars *v, uint16_t number, struct cb_bytes value, enum cb_boot_when when,
		 unsigned *written)
{
	char room[NAME_ROOM];
	int r = when == CB_BOOT_ONCE ? reorder(v, number, false, written) : 0;

	if (r == 0)
		r = store(v, name_of(number, room), value, written);
	if (r == 0)
		r = when == CB_BOOT_ONCE ? set_next(v, number, written) : reorder(v, number, true, written);
	return r;
}

int cb_bootvars_place(struct cb_efivars *v, const struct cb_boot_entry *e, enum cb_boot_when when,
		      uint16_t *ret_number, unsigned *ret_written)
{
	struct entries all;
	struct cb_buf value;
	uint16_t number = 0;
	unsigned written = 0;

	cb_buf_init(&value, v->env, CB_MAX_EFIVAR);

	int r = entries_init(&all, v);

	if (r == 0)
		r = choose_number(&all, &number);
	entries_fini(&all);
	if (r == 0)
		r = cb_boot_entry_write(v->env, e, &value);
	if (r == 0)
		r = place(v, number, cb_buf_bytes(&value), when, &written);
	cb_buf_fini(&value);
	if (r < 0)
		return cb_wrap(v->env, r, "the boot entry for %.*s", CB_STR_ARG(e->name));
	*ret_number = number;
	*ret_written = written;
	return 0;
}

int cb_bootvars_disarm(struct cb_efivars *v, uint16_t number)
{
	unsigned count = 0;
	int r = forget_next(v, number, &count);

	return r == 0 ? reorder(v, number, false, &count) : r;
}

int cb_bootvars_next(struct cb_efivars *v, uint16_t number)
{
	unsigned count = 0;

	return set_next(v, number, &count);
}

static bool is_active(struct cb_efivars *v, uint16_t number, struct cb_buf *scratch)
{
	char room[NAME_ROOM];
	uint32_t attributes;

	scratch->n = 0;
	if (v->ops->get(v, name_of(number, room), cb_efi_global, &attributes, scratch) < 0) {
		cb_clear(v->env); /* one that can't be read can't be next */
		return false;
	}

	const cb_le32 *options = cb_view(cb_le32, cb_buf_bytes(scratch), 0);

	return options != NULL && (cb_get_le32(*options) & CB_LOAD_OPTION_ACTIVE) != 0;
}

static int behind(struct cb_efivars *v, uint16_t current, struct cb_bytes order, struct cb_buf *scratch,
		  uint16_t *ret)
{
	struct cb_cur c = cb_cur(order);
	bool passed = false;

	while (c.left >= sizeof(cb_le16)) {
		uint16_t number = cb_cur_le16(&c);

		if (passed && is_active(v, number, scratch)) {
			*ret = number;
			return 0;
		}
		passed = passed || number == current;
	}
	return cb_fail(v->env, CB_ENOENT, "Boot%04X is the last entry of BootOrder", current);
}

int cb_bootvars_behind(struct cb_efivars *v, uint16_t *ret_number)
{
	struct cb_buf order, scratch;
	uint32_t attributes;
	uint16_t current = 0;
	int r = first_number(v, "BootCurrent", &current);

	cb_buf_init(&order, v->env, CB_MAX_EFIVAR);
	cb_buf_init(&scratch, v->env, CB_MAX_EFIVAR);
	if (r > 0)
		r = cb_efivars_find(v, CB_STR("BootOrder"), cb_efi_global, &attributes, &order);
	if (r > 0)
		r = behind(v, current, cb_buf_bytes(&order), &scratch, ret_number);
	else if (r == 0)
		r = cb_fail(v->env, CB_EUNSUP, "there are no EFI boot variables");
	cb_buf_fini(&order);
	cb_buf_fini(&scratch);
	return r;
}

/* Names of our vendor, each with a NUL. */
static int note_ours(void *ctx, struct cb_str name, struct cb_uuid vendor)
{
	struct cb_buf *names = ctx;

	if (!cb_uuid_eq(vendor, cb_efi_ours))
		return 0;
	cb_buf_str(names, name);
	cb_buf_add(names, "", 1);
	return cb_buf_status(names);
}

static int remove_ours(struct cb_efivars *v, unsigned *removed)
{
	struct cb_buf names;
	struct cb_str left, name;

	cb_buf_init(&names, v->env, CB_MAX_EFIVAR);

	int r = v->ops->each(v, note_ours, &names);

	left = (struct cb_str){ (const char *)names.p, names.n };
	while (r == 0 && cb_str_next(&left, '\0', &name)) {
		r = v->ops->set(v, name, cb_efi_ours, CB_VAR_USUAL, (struct cb_bytes){ NULL, 0 });
		*removed += r == 0;
	}
	cb_buf_fini(&names);
	return r;
}

static int remove_entry(struct cb_efivars *v, uint16_t number, unsigned *removed)
{
	char room[NAME_ROOM];
	unsigned edits = 0;
	int r = forget_next(v, number, removed);

	if (r == 0)
		r = reorder(v, number, false, &edits);
	if (r == 0)
		r = store(v, name_of(number, room), (struct cb_bytes){ NULL, 0 }, removed);
	return r;
}

int cb_bootvars_reset(struct cb_efivars *v, unsigned *ret_removed)
{
	struct entries all;
	unsigned removed = 0;
	int r = entries_init(&all, v);
	struct cb_cur c = cb_cur(cb_buf_bytes(&all.ours));

	while (r == 0 && c.left > 0)
		r = remove_entry(v, cb_cur_le16(&c), &removed);
	entries_fini(&all);
	if (r == 0)
		r = remove_ours(v, &removed);
	if (r < 0)
		return cb_wrap(v->env, r, "removing our boot entry");
	*ret_removed = removed;
	return 0;
}

/* ret->number is set. */
static int add_place(struct cb_efivars *v, struct cb_bootvars_state *ret)
{
	uint16_t first = 0, next = 0;
	int r = first_number(v, "BootOrder", &first);

	if (r < 0)
		return r;
	ret->first = r > 0 && first == ret->number;
	r = first_number(v, "BootNext", &next);
	ret->next = r > 0 && next == ret->number;
	return r < 0 ? r : 0;
}

int cb_bootvars_state(struct cb_efivars *v, struct cb_bootvars_state *ret, struct cb_buf *ret_value)
{
	struct cb_bootvars_state s = { 0 };
	char room[NAME_ROOM];
	uint32_t attributes;
	struct entries all;
	int r = entries_init(&all, v);

	if (r == 0)
		s.have = our_number(&all, &s.number);
	entries_fini(&all);
	if (r == 0) {
		r = first_number(v, "BootCurrent", &s.current);
		s.has_current = r > 0;
	}
	if (r >= 0 && s.have)
		r = add_place(v, &s);
	if (r >= 0 && s.have)
		r = v->ops->get(v, name_of(s.number, room), cb_efi_global, &attributes, ret_value);
	if (r < 0)
		return cb_wrap(v->env, r, "looking at the boot entries");
	*ret = s;
	return 0;
}
