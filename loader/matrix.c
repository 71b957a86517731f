/* loader/matrix.c - the protocol matrix: on entry, and when every driver had its chance. */
#include "loader/matrix.h"

#include "codec/json_write.h"
#include "core/log.h"
#include "core/str.h"
#include "core/utf.h"
#include "uefi/files.h"

#define JSON_MAX  8192u
#define VOLATILE  (CB_VAR_BOOT_SERVICE | CB_VAR_RUNTIME)
#define FILE_PATH "\\cloud-boot\\probe.json"

/* The page's rows, then what else decides about a path. Service bindings where a protocol is had
 * from one. */
static const struct { const char *name; struct efi_guid guid;
} rows[] = {
	{ "BlockIO",
	  { 0x964e5b21, 0x6459, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } } },
	{ "SimpleFileSystem",
	  { 0x964e5b22, 0x6459, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } } },
	{ "LoadFile2",
	  { 0x4006c0c1, 0xfcb3, 0x403e, { 0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d } } },
	{ "SimpleNetwork",
	  { 0xa19832b9, 0xac25, 0x11d3, { 0x9a, 0x2d, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d } } },
	{ "HTTP",
	  { 0xbdc8e6af, 0xd9bc, 0x4379, { 0xa7, 0x2a, 0xe0, 0xc4, 0xe7, 0x5d, 0xae, 0x1c } } },
	{ "TCP4",
	  { 0x00720665, 0x67eb, 0x4a99, { 0xba, 0xf7, 0xd3, 0xc3, 0x3a, 0x1c, 0x7c, 0xc9 } } },
	{ "DHCP4",
	  { 0x9d9a39d8, 0xbd42, 0x4a73, { 0xa4, 0xd5, 0x8e, 0xe9, 0x4b, 0xe1, 0x13, 0x80 } } },
	{ "DNS4",
	  { 0xb625b186, 0xe063, 0x44f7, { 0x89, 0x05, 0x6a, 0x74, 0xdc, 0x6f, 0x52, 0xb4 } } },
	{ "RNG",
	  { 0x3152bca5, 0xeade, 0x433d, { 0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44 } } },
	{ "TLS",
	  { 0x952cb795, 0xff36, 0x48cf, { 0xa2, 0x49, 0x4d, 0xf4, 0x86, 0xd6, 0xab, 0x8d } } },
	{ "TCG2",
	  { 0x607f766c, 0x7455, 0x42be, { 0x93, 0x0b, 0xe4, 0xd7, 0x6d, 0xb2, 0x72, 0x0f } } },
	{ "GOP",
	  { 0x9042a9de, 0x23dc, 0x4a38, { 0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a } } },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct matrix {
	size_t before[ROWS], after[ROWS];   /* handles */
	bool variables;                     /* a volatile one can be written and read back */
	uint64_t connect_ms;
};

static void count(struct cb_uefi *u, size_t ret[ROWS])
{
	for (size_t i = 0; i < ROWS; i++) {
		efi_handle *handles;

		ret[i] = cb_uefi_handles(u, &rows[i].guid, &handles);
		cb_uefi_free_pool(u, handles);
	}
}

static bool try_variables(struct cb_env *env, struct cb_uefi_vars *vars)
{
	static const struct cb_bytes nothing = { NULL, 0 };
	const struct cb_str name = CB_STR("CloudBootProbe");
	struct cb_efivars *v = &vars->vars;
	uint32_t attributes;
	struct cb_buf b;
	bool ok;

	cb_buf_init(&b, env, 64);
	ok = v->ops->set(v, name, cb_efi_ours, VOLATILE,
			 (struct cb_bytes){ (const uint8_t *)"probe", 5 }) == 0 &&
	     v->ops->get(v, name, cb_efi_ours, &attributes, &b) == 0 && b.n == 5 &&
	     memcmp(b.p, "probe", 5) == 0 &&
	     v->ops->set(v, name, cb_efi_ours, VOLATILE, nothing) == 0;
	cb_buf_fini(&b);
	cb_clear(env); /* "no" is the answer */
	return ok;
}

static void print_table(struct cb_env *env, const struct matrix *m)
{
	cb_log(env, CB_LOG_INFO, "%-18s %8s %10s", "protocol", "at start", "connected");
	for (size_t i = 0; i < ROWS; i++)
		cb_log(env, CB_LOG_INFO, "%-18s %8zu %10zu", rows[i].name, m->before[i],
		       m->after[i]);
	cb_log(env, CB_LOG_INFO, "%-18s %8s %10s", "GetVariable", m->variables ? "yes" : "no",
	       m->variables ? "yes" : "no");
}

static void add_firmware(struct cb_uefi *u, struct cb_env *env, struct cb_json *j)
{
	const struct efi_system_table *st = u->st;
	struct cb_buf vendor;

	cb_buf_init(&vendor, env, 1024);
	if (st->vendor != NULL)
		cb_utf16_to_utf8(&vendor, (struct cb_bytes){ (const uint8_t *)st->vendor, 512 });
	cb_json_str(j, "vendor", (struct cb_str){ (const char *)vendor.p, vendor.n });
	cb_json_u64(j, "revision", st->revision);
	cb_json_u64(j, "uefi_major", st->header.revision >> 16);
	cb_json_u64(j, "uefi_minor", st->header.revision & 0xffff);
	cb_buf_fini(&vendor);
}

static void write_json(struct cb_uefi *u, struct cb_env *env, const struct matrix *m,
		       struct cb_buf *b)
{
	struct cb_json j = { b, false };

	cb_json_open(&j, NULL, '{');
	add_firmware(u, env, &j);
	cb_json_u64(&j, "connect_ms", m->connect_ms);
	cb_json_bool(&j, "variables", m->variables);
	cb_json_open(&j, "protocols", '[');
	for (size_t i = 0; i < ROWS; i++) {
		cb_json_open(&j, NULL, '{');
		cb_json_str(&j, "name", cb_str_c(rows[i].name));
		cb_json_u64(&j, "at_start", m->before[i]);
		cb_json_u64(&j, "connected", m->after[i]);
		cb_json_close(&j, '}');
	}
	cb_json_close(&j, ']');
	cb_json_close(&j, '}');
}

/* Where it can be kept is told; where it can't, too. */
static void keep(struct cb_uefi *u, struct cb_env *env, struct cb_uefi_vars *vars,
		 efi_handle volume, struct cb_bytes json)
{
	struct cb_efivars *v = &vars->vars;

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

int probe_matrix(struct cb_uefi *u, struct cb_env *env, struct cb_uefi_vars *vars,
		 efi_handle volume)
{
	struct matrix m = { .variables = try_variables(env, vars) };
	uint64_t began = cb_now_ns(env);
	struct cb_buf json;
	int r;

	count(u, m.before);
	cb_uefi_connect_all(u);
	m.connect_ms = (cb_now_ns(env) - began) / 1000000;
	count(u, m.after);
	print_table(env, &m);
	cb_buf_init(&json, env, JSON_MAX);
	write_json(u, env, &m, &json);
	r = cb_buf_status(&json);
	if (r == 0) {
		cb_log(env, CB_LOG_INFO, "%.*s", (int)json.n, (const char *)json.p);
		keep(u, env, vars, volume, cb_buf_bytes(&json));
	}
	cb_buf_fini(&json);
	return r;
}
