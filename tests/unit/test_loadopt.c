/* tests/unit/test_loadopt.c - device paths and load options: round trips, text, bad input. */
#include "image/loadopt.h"
#include "unit/check.h"

/* PciRoot(0x0)/Pci(0x3,0x0)/HD(1,GPT,...,0x800,0x3f000)/\EFI\a.efi, as OVMF writes it. */
static const uint8_t disk_path[] = {
	2, 1, 12, 0, 0xd0, 0x41, 0x03, 0x0a, 0, 0, 0, 0,
	1, 1, 6, 0, 0, 3,
	4, 1, 42, 0, 1, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0xf0, 3, 0, 0, 0, 0, 0,
	0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0x78, 0x56, 1, 2, 3, 4, 5, 6, 7, 8, 2, 2,
	4, 4, 26, 0, '\\', 0, 'E', 0, 'F', 0, 'I', 0, '\\', 0, 'a', 0, '.', 0, 'e', 0, 'f', 0,
	'i', 0, 0, 0,
	0x7f, 0xff, 4, 0,
};

static struct cb_str text_of(struct cb_check *t, struct cb_bytes path, struct cb_buf *b)
{
	cb_buf_init(b, t->env, 4096);
	cb_devpath_print(t->env, path, b);
	return (struct cb_str){ (const char *)b->p, b->n };
}

static void prints(struct cb_check *t)
{
	static const uint8_t odd[] = { 3, 5, 6, 0, 1, 0, 3, 99, 5, 0, 0xab, 2, 1, 5, 0, 1, 1, 9 };
	static const uint8_t many[] = { 3, 18, 10, 0, 1, 0, 0xff, 0xff, 0, 0, 0x7f, 1, 4, 0,
					3, 24, 5, 0, 'x', 0x7f, 0xff, 4, 0 };
	struct cb_buf b;

	CB_CHECK_STR(t, text_of(t, (struct cb_bytes){ disk_path, sizeof(disk_path) }, &b),
		     "PciRoot(0x0)/Pci(0x3,0x0)/HD(1,GPT,12345678-1234-5678-0102-030405060708,"
		     "0x800,0x3f000)/\\EFI\\a.efi");
	cb_buf_fini(&b);
	CB_CHECK_STR(t, text_of(t, (struct cb_bytes){ odd, sizeof(odd) }, &b),
		     "USB(0x1,0x0)/Path(3,99,ab)/Path(2,1,01)/?");
	cb_buf_fini(&b);
	CB_CHECK_STR(t, text_of(t, (struct cb_bytes){ many, sizeof(many) }, &b),
		     "Sata(0x1,0xffff,0x0),Uri(x)");
	cb_buf_fini(&b);
}

static void builds(struct cb_check *t)
{
	struct cb_uuid u;
	struct cb_buf b;

	CB_REQUIRE(t, cb_uuid_parse(CB_STR("12345678-1234-5678-0102-030405060708"), &u));
	cb_buf_init(&b, t->env, 4096);
	cb_devpath_add_hd(&b, 1, 0x800, 0x3f000, u);
	cb_devpath_add_file(&b, CB_STR("/EFI\\a.efi"));
	cb_devpath_add_end(&b);
	CB_CHECK_BYTES(t, cb_buf_bytes(&b),
		       ((struct cb_bytes){ disk_path + 18, sizeof(disk_path) - 18 }));
	CB_CHECK_INT(t, cb_devpath_check(t->env, cb_buf_bytes(&b)), 0);
	cb_buf_fini(&b);
}

static void checks(struct cb_check *t)
{
	for (size_t n = 0; n < sizeof(disk_path); n++) {
		CB_CHECK(t, cb_devpath_check(t->env, (struct cb_bytes){ disk_path, n }) == CB_ECORRUPT);
		cb_clear(t->env);
	}
	CB_CHECK_INT(t, cb_devpath_check(t->env, (struct cb_bytes){ disk_path, sizeof(disk_path) }), 0);
}

static int round_trip(struct cb_check *t, void *arg)
{
	struct cb_bytes *value = arg;
	struct cb_load_option o;
	struct cb_buf b;
	int r = cb_load_option_parse(t->env, *value, &o);

	if (r < 0)
		return r;
	cb_buf_init(&b, t->env, 4096);
	r = cb_load_option_write(t->env, &o, &b);
	if (r == 0)
		CB_CHECK_BYTES(t, cb_buf_bytes(&b), *value);
	cb_buf_fini(&b);
	return r;
}

static void load_options(struct cb_check *t)
{
	uint8_t raw[6 + 6 + sizeof(disk_path) + 3] = { 1, 0, 0, 0, sizeof(disk_path), 0,
						       'd', 0, 'x', 0, 0, 0 };
	struct cb_bytes value = { raw, sizeof(raw) };
	struct cb_load_option o;

	memcpy(raw + 12, disk_path, sizeof(disk_path));
	memcpy(raw + 12 + sizeof(disk_path), "opt", 3);
	cb_check_faults(t, round_trip, &value, 100);
	CB_REQUIRE_OK(t, cb_load_option_parse(t->env, value, &o));
	CB_CHECK_INT(t, o.description.n, 4);
	CB_CHECK_INT(t, o.data.n, 3);
	for (size_t n = 0; n < 12 + sizeof(disk_path); n++) {
		CB_CHECK(t, cb_load_option_parse(t->env, (struct cb_bytes){ raw, n }, &o) == CB_ECORRUPT);
		CB_CHECK(t, t->env->diag->len > 0);
		cb_clear(t->env);
	}
	raw[4] = 12;
	CB_CHECK_ERR(t, cb_load_option_parse(t->env, value, &o), CB_ECORRUPT, "no end");
}

static void boot_order(struct cb_check *t)
{
	static const uint8_t order[] = { 1, 0, 0, 0, 5, 0, 1, 0, 9 };
	static const uint8_t front[] = { 5, 0, 1, 0, 0, 0, 1, 0 };
	static const uint8_t without[] = { 0, 0, 5, 0 };
	struct cb_bytes in = { order, sizeof(order) };
	struct cb_buf b;

	cb_buf_init(&b, t->env, 100);
	cb_boot_order_edit(in, 5, true, &b);
	CB_CHECK_BYTES(t, cb_buf_bytes(&b), ((struct cb_bytes){ front, sizeof(front) }));
	b.n = 0;
	cb_boot_order_edit(in, 1, false, &b);
	CB_CHECK_BYTES(t, cb_buf_bytes(&b), ((struct cb_bytes){ without, sizeof(without) }));
	cb_buf_fini(&b);
}

CB_SUITE(loadopt, CB_TEST(prints), CB_TEST(builds), CB_TEST(checks), CB_TEST(load_options),
	 CB_TEST(boot_order));
