/* loader/matrix.c - the protocol matrix: on entry, and when every driver had its chance. What can be used
 * without leaving a trace is used, because some firmware shows protocols that fail. */
#include "loader/matrix.h"

#include "core/fmt.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/str.h"
#include "core/utf.h"
#include "image/fwmatrix.h"
#include "uefi/files.h"
#include "uefi/proto/rng.h"
#include "uefi/proto/simple_fs.h"
#include "uefi/proto/simple_network.h"

#define TEXT_MAX   4096u
#define VENDOR_MAX 256u
#define RANDOM_N   32u
#define VOLATILE   (CB_VAR_BOOT_SERVICE | CB_VAR_RUNTIME)
#define FILE_PATH  "\\cloud-boot\\probe.json"

static void found(struct cb_fwmatrix_row *row, bool works, const char *what, efi_status s)
{
	row->works = works ? CB_WORKS_YES : CB_WORKS_NO;
	(void)cb_fmt(row->note, sizeof(row->note), works ? "%s" : "%s (EFI status %llu)", what,
		     (unsigned long long)(s & ~EFI_ERROR_BIT)); /* what is cut is the end of a sentence */
}

/* Bytes that all stay as they were didn't come from a generator. */
static void use_rng(struct cb_uefi *u, struct cb_fwmatrix_row *row)
{
	static const struct efi_guid guid = EFI_RNG_GUID;
	uint8_t bytes[RANDOM_N] = { 0 }, any = 0;
	efi_status s;
	void *rng;

	if (row->connected == 0 || EFI_IS_ERROR(u->st->bs->locate_protocol(&guid, NULL, &rng)))
		return;
	s = ((struct efi_rng *)rng)->get_rng(rng, NULL, sizeof(bytes), bytes);
	for (size_t i = 0; i < sizeof(bytes); i++)
		any |= bytes[i];
	cb_wipe(bytes, sizeof(bytes));
	if (EFI_IS_ERROR(s))
		found(row, false, "present but gives nothing", s);
	else
		found(row, any != 0, any != 0 ? "32 bytes came" : "present but gives zeros", s);
}

/* On and off again: Apple's has a device that refuses here. Only where nobody sends or receives; it is left
 * as it was found. */
static void use_card(struct efi_simple_network *n, struct cb_fwmatrix_row *row)
{
	uint32_t state = n->mode->state;
	efi_status s = EFI_SUCCESS;

	if (state == EFI_NETWORK_INITIALIZED) {
		found(row, true, "in use", s);
		return;
	}
	if (state == EFI_NETWORK_STOPPED)
		s = n->start(n);
	if (!EFI_IS_ERROR(s))
		s = n->initialize(n, 0, 0);
	found(row, !EFI_IS_ERROR(s), EFI_IS_ERROR(s) ? "present but does not start" : "starts", s);
	if (n->mode->state == EFI_NETWORK_INITIALIZED)
		(void)n->shutdown(n); /* it was initialized a moment ago */
	if (n->mode->state == EFI_NETWORK_STARTED && state == EFI_NETWORK_STOPPED)
		(void)n->stop(n); /* it was started a moment ago */
}

/* Every card, until one fails. */
static void use_network(struct cb_uefi *u, struct cb_fwmatrix_row *row)
{
	static const struct efi_guid guid = EFI_SIMPLE_NETWORK_GUID;
	efi_handle *cards;
	size_t n = cb_uefi_handles(u, &guid, &cards);

	for (size_t i = 0; i < n && row->works != CB_WORKS_NO; i++) {
		struct efi_simple_network *card = cb_uefi_protocol(u, cards[i], &guid);

		if (card != NULL && card->mode != NULL)
			use_card(card, row);
	}
	cb_uefi_free_pool(u, cards);
}

/* The page's rows, then what else decides about a path. Service bindings where a protocol is had
 * from one. */
static const struct {
	const char *name;
	struct efi_guid guid;
	void (*use)(struct cb_uefi *u, struct cb_fwmatrix_row *row); /* NULL: being there is enough */
} protocols[] = {
	{ "BlockIO",
	  { 0x964e5b21, 0x6459, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }, NULL },
	{ "SimpleFileSystem", EFI_SIMPLE_FILE_SYSTEM_GUID, NULL },
	{ "LoadFile2",
	  { 0x4006c0c1, 0xfcb3, 0x403e, { 0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d } }, NULL },
	{ "SimpleNetwork", EFI_SIMPLE_NETWORK_GUID, use_network },
	{ "HTTP",
	  { 0xbdc8e6af, 0xd9bc, 0x4379, { 0xa7, 0x2a, 0xe0, 0xc4, 0xe7, 0x5d, 0xae, 0x1c } }, NULL },
	{ "TCP4",
	  { 0x00720665, 0x67eb, 0x4a99, { 0xba, 0xf7, 0xd3, 0xc3, 0x3a, 0x1c, 0x7c, 0xc9 } }, NULL },
	{ "DHCP4",
	  { 0x9d9a39d8, 0xbd42, 0x4a73, { 0xa4, 0xd5, 0x8e, 0xe9, 0x4b, 0xe1, 0x13, 0x80 } }, NULL },
	{ "DNS4",
	  { 0xb625b186, 0xe063, 0x44f7, { 0x89, 0x05, 0x6a, 0x74, 0xdc, 0x6f, 0x52, 0xb4 } }, NULL },
	{ "RNG", EFI_RNG_GUID, use_rng },
	{ "TLS",
	  { 0x952cb795, 0xff36, 0x48cf, { 0xa2, 0x49, 0x4d, 0xf4, 0x86, 0xd6, 0xab, 0x8d } }, NULL },
	{ "TCG2",
	  { 0x607f766c, 0x7455, 0x42be, { 0x93, 0x0b, 0xe4, 0xd7, 0x6d, 0xb2, 0x72, 0x0f } }, NULL },
	{ "GOP",
	  { 0x9042a9de, 0x23dc, 0x4a38, { 0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a } }, NULL },
};
#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

#define ROWS (PROTOCOLS + 1) /* and GetVariable, which is a service */

static void count(struct cb_uefi *u, struct cb_fwmatrix_row rows[ROWS], bool connected)
{
	for (size_t i = 0; i < PROTOCOLS; i++) {
		efi_handle *handles;
		size_t n = cb_uefi_handles(u, &protocols[i].guid, &handles);

		cb_uefi_free_pool(u, handles);
		rows[i].name = protocols[i].name;
		if (connected)
			rows[i].connected = n;
		else
			rows[i].at_start = n;
	}
}

/* Firmware sets BootCurrent whenever it starts something (UEFI 2.10, 3.1.2). */
static bool reads(struct cb_efivars *v)
{
	uint32_t attributes;
	struct cb_buf b;
	bool ok;

	cb_buf_init(&b, v->env, CB_MAX_EFIVAR);
	ok = cb_efivars_find(v, CB_STR("BootCurrent"), cb_efi_global, &attributes, &b) > 0 && b.n == 2;
	cb_buf_fini(&b);
	return ok;
}

static bool writes(struct cb_efivars *v)
{
	static const struct cb_bytes nothing = { NULL, 0 }, text = { (const uint8_t *)"probe", 5 };
	const struct cb_str name = CB_STR("CloudBootProbe");
	uint32_t attributes;
	struct cb_buf b;
	bool ok;

	cb_buf_init(&b, v->env, CB_MAX_EFIVAR);
	ok = v->ops->set(v, name, cb_efi_ours, VOLATILE, text) == 0 &&
	     v->ops->get(v, name, cb_efi_ours, &attributes, &b) == 0 && b.n == text.n &&
	     memcmp(b.p, text.p, text.n) == 0 &&
	     v->ops->set(v, name, cb_efi_ours, VOLATILE, nothing) == 0;
	cb_buf_fini(&b);
	return ok;
}

static void use_variables(struct cb_env *env, struct cb_efivars *v, struct cb_fwmatrix_row *row)
{
	bool can_write = writes(v), can_read = can_write || reads(v);

	cb_clear(env); /* "no" is the answer */
	row->name = "GetVariable";
	row->at_start = row->connected = can_read;
	row->works = can_read ? CB_WORKS_YES : CB_WORKS_NO;
	(void)cb_fmt(row->note, sizeof(row->note), "%s", can_write ? "written and read back" :
		     can_read ? "read; none can be written" : "none can be read"); /* it fits */
}

/* Lines of their own: a log line has a limit, which the JSON is beyond. */
static int print(struct cb_uefi *u, const struct cb_fwmatrix *m, struct cb_buf *json)
{
	struct cb_buf table;
	int r;

	cb_buf_init(&table, json->env, TEXT_MAX);
	cb_fwmatrix_table(m, &table);
	cb_fwmatrix_json(m, json);
	r = cb_buf_status(&table);
	if (r == 0)
		r = cb_buf_status(json);
	if (r == 0) {
		cb_uefi_print(u, (const char *)table.p, table.n);
		cb_uefi_print(u, (const char *)json->p, json->n);
		cb_uefi_print(u, "\n", 1);
	}
	cb_buf_fini(&table);
	return r;
}

/* Where it can be kept is told; where it can't, too. */
static void keep(struct cb_uefi *u, struct cb_env *env, struct cb_efivars *v, efi_handle volume,
		 struct cb_bytes json)
{
	if (v->ops->set(v, CB_STR("CloudBootProbe"), cb_efi_ours, VOLATILE, json) == 0)
		cb_log(env, CB_LOG_INFO, "kept in the variable CloudBootProbe");
	else
		cb_log(env, CB_LOG_WARN, "%s", env->diag->text);
	cb_clear(env);
	if (cb_uefi_write_file(u, env, volume, CB_STR(FILE_PATH), json) == 0)
		cb_log(env, CB_LOG_INFO, "kept in " FILE_PATH);
	else
		cb_log(env, CB_LOG_INFO, "not kept in a file: %s", env->diag->text);
	cb_clear(env);
}

static void look(struct cb_uefi *u, struct cb_env *env, struct cb_uefi_vars *vars,
		 struct cb_fwmatrix_row rows[ROWS], uint64_t *ret_connect_ms)
{
	uint64_t began;

	count(u, rows, false);
	began = cb_now_ns(env);
	cb_uefi_connect_all(u);
	*ret_connect_ms = (cb_now_ns(env) - began) / 1000000;
	count(u, rows, true);
	for (size_t i = 0; i < PROTOCOLS; i++)
		if (protocols[i].use != NULL)
			protocols[i].use(u, &rows[i]);
	use_variables(env, &vars->vars, &rows[PROTOCOLS]);
}

int probe_matrix(struct cb_uefi *u, struct cb_env *env, struct cb_uefi_vars *vars,
		 efi_handle volume)
{
	const struct efi_system_table *st = u->st;
	struct cb_fwmatrix_row rows[ROWS] = { 0 };
	struct cb_fwmatrix m = { .revision = st->revision, .uefi = st->header.revision,
				 .rows = rows, .n = ROWS };
	struct cb_buf vendor, json;
	int r;

	cb_buf_init(&vendor, env, 2 * VENDOR_MAX);
	cb_buf_init(&json, env, TEXT_MAX);
	if (st->vendor != NULL) /* up to its end */
		cb_utf16_to_utf8(&vendor, (struct cb_bytes){ (const uint8_t *)st->vendor, VENDOR_MAX });
	m.vendor = (struct cb_str){ (const char *)vendor.p, vendor.n };
	look(u, env, vars, rows, &m.connect_ms);
	r = cb_buf_status(&vendor);
	if (r == 0)
		r = print(u, &m, &json);
	if (r == 0)
		keep(u, env, &vars->vars, volume, cb_buf_bytes(&json));
	cb_buf_fini(&vendor);
	cb_buf_fini(&json);
	return r;
}
