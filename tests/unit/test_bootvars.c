/* tests/unit/test_bootvars.c - our entry among the firmware's: placed, trusted once, taken away; what
 * belongs to others keeps every byte. */
#include "image/bootvars.h"
#include "unit/efivars_kit.h"

#define BYTES(...) ((struct cb_bytes){ (const uint8_t[]){ __VA_ARGS__ }, \
				       sizeof((const uint8_t[]){ __VA_ARGS__ }) })

static struct memvars vars;

static const struct cb_boot_entry debian = {
	.name = { "debian", 6 }, .part = 1, .first = 2048, .nblocks = 520159,
	.partuuid = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } },
	.file = { "\\EFI\\Linux\\debian-vmlinuz.efi", 29 },
	.options = { "initrd=\\EFI\\Linux\\debian-initrd ro", 34 },
};

/* Active, "Debian", HD(1,GPT,...)/\EFI\debian\shimx64.efi without its file: no entry of ours. */
static const uint8_t shim[] = {
	1, 0, 0, 0, 0x2e, 0, 'D', 0, 'e', 0, 'b', 0, 0, 0,
	4, 1, 42, 0, 1, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0xf0, 3, 0, 0, 0, 0, 0,
	0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0x78, 0x56, 1, 2, 3, 4, 5, 6, 7, 8, 2, 2,
	0x7f, 0xff, 4, 0, 0, 'x', 0xff,
};

static void put(struct cb_check *t, const char *name, struct cb_bytes value)
{
	CB_CHECK_INT(t, vars.v.ops->set(&vars.v, cb_str_c(name), cb_efi_global, CB_VAR_USUAL, value), 0);
	vars.sets = 0;
}

/* want.n 0: no such variable. */
static void check(struct cb_check *t, const char *name, struct cb_bytes want)
{
	struct memvar *v = memvar_find(&vars, cb_str_c(name), cb_efi_global);

	CB_CHECK_BYTES(t, v != NULL ? ((struct cb_bytes){ v->value, v->n }) : ((struct cb_bytes){ NULL, 0 }),
		       want);
}

static const struct cb_bytes none;

/* A machine with entries of its own: 0000 is damaged, 0001 foreign, 0003 looks like ours but isn't. */
static void foreign_machine(struct cb_check *t)
{
	memvars_init(&vars, t->env);
	put(t, "Boot0000", BYTES(1, 0, 0, 0, 99, 0, 'x', 0, 0, 0));
	put(t, "Boot0001", (struct cb_bytes){ shim, sizeof(shim) });
	put(t, "Boot0003", BYTES(1, 0, 0, 0, 4, 0, 'c', 0, 'l', 0, 'o', 0, 'u', 0, 'd', 0, '-', 0, 'b', 0,
				 'o', 0, 'o', 0, 't', 0, ' ', 0, 0, 0, 0x7f, 0xff, 4, 0));
	put(t, "BootOrder", BYTES(1, 0, 0, 0, 3, 0, 1, 0, 9));
	put(t, "Timeout", BYTES(5, 0));
}

static void check_foreign(struct cb_check *t)
{
	check(t, "Boot0000", BYTES(1, 0, 0, 0, 99, 0, 'x', 0, 0, 0));
	check(t, "Boot0001", (struct cb_bytes){ shim, sizeof(shim) });
	check(t, "Timeout", BYTES(5, 0));
	CB_CHECK(t, memvar_find(&vars, CB_STR("Boot0003"), cb_efi_global) != NULL);
}

static void place(struct cb_check *t, const struct cb_boot_entry *e, enum cb_boot_when when,
		  uint16_t want_number, unsigned want_written)
{
	uint16_t number;
	unsigned written;

	vars.sets = 0;
	CB_REQUIRE_OK(t, cb_bootvars_place(&vars.v, e, when, &number, &written));
	CB_CHECK_INT(t, number, want_number);
	CB_CHECK_INT(t, written, want_written);
	CB_CHECK_INT(t, vars.sets, written);
}

static void first_number_free(struct cb_check *t)
{
	struct cb_boot_entry other = debian;

	memvars_init(&vars, t->env);
	place(t, &debian, CB_BOOT_ALWAYS, 1, 2);
	check(t, "BootOrder", BYTES(1, 0));
	place(t, &debian, CB_BOOT_ALWAYS, 1, 0);
	other.name = CB_STR("next");
	other.file = CB_STR("/EFI/Linux/next-vmlinuz.efi");
	place(t, &other, CB_BOOT_ALWAYS, 1, 1);
	place(t, &debian, CB_BOOT_ALWAYS, 1, 1);
}

static void among_foreign(struct cb_check *t)
{
	foreign_machine(t);
	place(t, &debian, CB_BOOT_ALWAYS, 2, 2);
	check_foreign(t);
	check(t, "BootOrder", BYTES(2, 0, 1, 0, 0, 0, 3, 0, 1, 0));
	place(t, &debian, CB_BOOT_ALWAYS, 2, 0);
	/* The firmware moved it: its place is taken back, the rest stays in order. */
	put(t, "BootOrder", BYTES(3, 0, 2, 0, 1, 0, 2, 0));
	place(t, &debian, CB_BOOT_ALWAYS, 2, 1);
	check(t, "BootOrder", BYTES(2, 0, 3, 0, 1, 0));
}

static void gaps(struct cb_check *t)
{
	foreign_machine(t);
	put(t, "Boot0000", none);
	place(t, &debian, CB_BOOT_ALWAYS, 0, 2);
	foreign_machine(t);
	put(t, "Boot0001", none);
	put(t, "Boot0000", none);
	place(t, &debian, CB_BOOT_ALWAYS, 1, 2);
	foreign_machine(t);
	put(t, "Boot0002", BYTES(0));
	put(t, "Boot000a", BYTES(0));         /* not a number of an entry: UEFI writes A */
	place(t, &debian, CB_BOOT_ALWAYS, 4, 2);
	/* An entry that can't be read is nobody's to overwrite. */
	foreign_machine(t);
	vars.unreadable = "Boot0001";
	place(t, &debian, CB_BOOT_ALWAYS, 2, 2);
}

static void kept_attributes(struct cb_check *t)
{
	foreign_machine(t);
	memvar_find(&vars, CB_STR("BootOrder"), cb_efi_global)->attributes = 6;
	place(t, &debian, CB_BOOT_ALWAYS, 2, 2);
	CB_CHECK_INT(t, memvar_find(&vars, CB_STR("BootOrder"), cb_efi_global)->attributes, 6);
	CB_CHECK_INT(t, memvar_find(&vars, CB_STR("Boot0002"), cb_efi_global)->attributes, CB_VAR_USUAL);
}

static void value(struct cb_check *t)
{
	struct cb_boot_entry bare = debian;
	struct cb_load_option o;
	struct cb_buf b;

	cb_buf_init(&b, t->env, 4096);
	bare.options = CB_STR("");
	CB_REQUIRE_OK(t, cb_boot_entry_write(t->env, &bare, &b));
	CB_REQUIRE_OK(t, cb_load_option_parse(t->env, cb_buf_bytes(&b), &o));
	CB_CHECK_INT(t, o.attributes, 1);
	CB_CHECK_INT(t, o.data.n, 0);
	CB_CHECK_INT(t, o.description.n, 2 * 17);
	CB_CHECK(t, cb_boot_entry_is_ours(t->env, &o));
	b.n = 0;
	CB_REQUIRE_OK(t, cb_boot_entry_write(t->env, &debian, &b));
	CB_REQUIRE_OK(t, cb_load_option_parse(t->env, cb_buf_bytes(&b), &o));
	CB_CHECK_INT(t, o.data.n, 2 * 35);
	CB_CHECK(t, o.data.n == 70 && o.data.p[68] == 0 && o.data.p[69] == 0 && o.data.p[66] == 'o');
	b.n = 0;
	bare.file = CB_STR("\\EFI\\BOOT\\BOOTX64.EFI");
	CB_CHECK_ERR(t, cb_boot_entry_write(t->env, &bare, &b), CB_EINVAL, "BOOTX64.EFI");
	cb_buf_fini(&b);
}

static void once(struct cb_check *t)
{
	foreign_machine(t);
	place(t, &debian, CB_BOOT_ONCE, 2, 3); /* BootOrder loses its odd byte */
	check(t, "BootNext", BYTES(2, 0));
	check(t, "BootOrder", BYTES(1, 0, 0, 0, 3, 0, 1, 0));
	place(t, &debian, CB_BOOT_ONCE, 2, 0);
	place(t, &debian, CB_BOOT_ALWAYS, 2, 1);
	check(t, "BootOrder", BYTES(2, 0, 1, 0, 0, 0, 3, 0, 1, 0));
	place(t, &debian, CB_BOOT_ONCE, 2, 1);
	check(t, "BootOrder", BYTES(1, 0, 0, 0, 3, 0, 1, 0));
	check_foreign(t);
}

static void disarmed(struct cb_check *t)
{
	foreign_machine(t);
	place(t, &debian, CB_BOOT_ALWAYS, 2, 2);
	CB_REQUIRE_OK(t, cb_bootvars_next(&vars.v, 2));
	CB_REQUIRE_OK(t, cb_bootvars_disarm(&vars.v, 2));
	check(t, "BootNext", none);
	check(t, "BootOrder", BYTES(1, 0, 0, 0, 3, 0, 1, 0));
	CB_CHECK(t, memvar_find(&vars, CB_STR("Boot0002"), cb_efi_global) != NULL);
	CB_REQUIRE_OK(t, cb_bootvars_next(&vars.v, 3));
	CB_REQUIRE_OK(t, cb_bootvars_disarm(&vars.v, 2));
	check(t, "BootNext", BYTES(3, 0));
	/* Ours alone: an empty BootOrder is none. */
	memvars_init(&vars, t->env);
	place(t, &debian, CB_BOOT_ALWAYS, 1, 2);
	CB_REQUIRE_OK(t, cb_bootvars_disarm(&vars.v, 1));
	check(t, "BootOrder", none);
}

static void state(struct cb_check *t)
{
	struct cb_bootvars_state s;
	struct cb_buf b, want;

	cb_buf_init(&b, t->env, 4096);
	cb_buf_init(&want, t->env, 4096);
	foreign_machine(t);
	CB_REQUIRE_OK(t, cb_bootvars_state(&vars.v, &s, &b));
	CB_CHECK(t, !s.have && !s.first && !s.next && !s.has_current && b.n == 0);
	put(t, "BootCurrent", BYTES(0x34, 0x12));
	place(t, &debian, CB_BOOT_ALWAYS, 2, 2);
	CB_REQUIRE_OK(t, cb_bootvars_state(&vars.v, &s, &b));
	CB_CHECK(t, s.have && s.number == 2 && s.first && !s.next && s.has_current && s.current == 0x1234);
	CB_REQUIRE_OK(t, cb_boot_entry_write(t->env, &debian, &want));
	CB_CHECK_BYTES(t, cb_buf_bytes(&b), cb_buf_bytes(&want));
	place(t, &debian, CB_BOOT_ONCE, 2, 2);
	CB_REQUIRE_OK(t, cb_bootvars_state(&vars.v, &s, &b));
	CB_CHECK(t, s.have && !s.first && s.next);
	cb_buf_fini(&b);
	cb_buf_fini(&want);
}

static void behind(struct cb_check *t)
{
	uint16_t number;

	foreign_machine(t);
	CB_CHECK_ERR(t, cb_bootvars_behind(&vars.v, &number), CB_EUNSUP, "no EFI boot variables");
	put(t, "BootOrder", BYTES(5, 0, 4, 0, 9, 0, 3, 0, 1, 0));
	put(t, "BootCurrent", BYTES(5, 0));
	put(t, "Boot0004", BYTES(0, 0, 0, 0, 1));
	CB_REQUIRE_OK(t, cb_bootvars_behind(&vars.v, &number));
	CB_CHECK_INT(t, number, 3);           /* 4 isn't active, 9 isn't there */
	put(t, "BootCurrent", BYTES(1, 0));
	CB_CHECK_ERR(t, cb_bootvars_behind(&vars.v, &number), CB_ENOENT, "Boot0001 is the last");
}

static void reset(struct cb_check *t)
{
	struct cb_bytes text = BYTES('h', 'i');
	unsigned removed;

	foreign_machine(t);
	put(t, "BootOrder", BYTES(1, 0, 0, 0, 3, 0));
	CB_REQUIRE_OK(t, cb_bootvars_reset(&vars.v, &removed));
	CB_CHECK_INT(t, removed, 0);
	CB_CHECK_INT(t, vars.sets, 0);
	place(t, &debian, CB_BOOT_ALWAYS, 2, 2);
	place(t, &debian, CB_BOOT_ONCE, 2, 2);
	/* A second one, as a tool that copies entries would leave. */
	struct memvar *ours = memvar_find(&vars, CB_STR("Boot0002"), cb_efi_global);

	put(t, "Boot0A0F", (struct cb_bytes){ ours->value, ours->n });
	put(t, "BootOrder", BYTES(1, 0, 0x0f, 0x0a, 0, 0, 3, 0, 2, 0));
	CB_CHECK_INT(t, memvars_set(&vars.v, CB_STR("CloudBootMark"), cb_efi_ours, 7, text), 0);
	CB_CHECK_INT(t, memvars_set(&vars.v, CB_STR("CloudBootCmdline"), cb_efi_ours, 7, text), 0);
	CB_REQUIRE_OK(t, cb_bootvars_reset(&vars.v, &removed));
	CB_CHECK_INT(t, removed, 5);
	check_foreign(t);
	check(t, "Boot0002", none);
	check(t, "Boot0A0F", none);
	check(t, "BootNext", none);
	check(t, "BootOrder", BYTES(1, 0, 0, 0, 3, 0));
	CB_CHECK(t, memvar_find(&vars, CB_STR("CloudBootMark"), cb_efi_ours) == NULL);
	CB_CHECK(t, memvar_find(&vars, CB_STR("CloudBootCmdline"), cb_efi_ours) == NULL);
}

/* After every write that can fail: foreign variables are whole, and nothing points to half an entry. */
static void every_write_fails(struct cb_check *t)
{
	static const enum cb_boot_when whens[] = { CB_BOOT_ALWAYS, CB_BOOT_ONCE };
	uint16_t number;
	unsigned written;

	for (unsigned i = 0; i < 2; i++)
		for (unsigned n = 1;; n++) {
			enum cb_boot_when when = whens[i];

			foreign_machine(t);
			vars.fail_set = n;

			int r = cb_bootvars_place(&vars.v, &debian, when, &number, &written);

			check_foreign(t);
			if (r == 0) {
				CB_CHECK_INT(t, n, when == CB_BOOT_ONCE ? 4 : 3);
				break;
			}
			CB_CHECK_ERR(t, r, CB_ELIMIT, "the boot entry for debian: demanded");
			check(t, "BootNext", none);
		}
	for (unsigned n = 1;; n++) {
		foreign_machine(t);
		place(t, &debian, CB_BOOT_ALWAYS, 2, 2);
		place(t, &debian, CB_BOOT_ONCE, 2, 2);
		vars.fail_set = n;

		int r = cb_bootvars_reset(&vars.v, &written);

		check_foreign(t);
		if (r == 0) {
			CB_CHECK_INT(t, n, 3);    /* BootNext, the entry */
			break;
		}
		CB_CHECK_ERR(t, r, CB_ELIMIT, "removing our boot entry");
	}
}

static int whole_life(struct cb_check *t, void *arg)
{
	struct cb_bootvars_state s;
	uint16_t number;
	unsigned n;
	struct cb_buf b;

	(void)arg;
	memvars_init(&vars, t->env);
	cb_buf_init(&b, t->env, 4096);

	int r = cb_bootvars_place(&vars.v, &debian, CB_BOOT_ALWAYS, &number, &n);

	if (r == 0)
		r = cb_bootvars_state(&vars.v, &s, &b);
	if (r == 0)
		r = cb_bootvars_disarm(&vars.v, number);
	if (r == 0)
		r = cb_bootvars_reset(&vars.v, &n);
	cb_buf_fini(&b);
	return r;
}

static void faults(struct cb_check *t)
{
	cb_check_faults(t, whole_life, NULL, 200);
	for (unsigned n = 1; n < 8; n++) {
		uint16_t number;
		unsigned written;

		foreign_machine(t);
		vars.fail_get = n;

		int r = cb_bootvars_place(&vars.v, &debian, CB_BOOT_ALWAYS, &number, &written);

		if (r < 0)
			CB_CHECK_ERR(t, r, CB_ENOMEM, "demanded");
		else
			CB_CHECK_INT(t, n, 7);
		check_foreign(t);
	}
}

CB_SUITE(bootvars, CB_TEST(first_number_free), CB_TEST(among_foreign), CB_TEST(gaps),
	 CB_TEST(kept_attributes), CB_TEST(value), CB_TEST(once), CB_TEST(disarmed), CB_TEST(state),
	 CB_TEST(behind), CB_TEST(reset), CB_TEST(every_write_fails), CB_TEST(faults));
