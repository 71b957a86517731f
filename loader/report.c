/* loader/report.c - what we leave in variables: our own (SPEC 8.1) and those of the Boot Loader Interface
 * (systemd.io/BOOT_LOADER_INTERFACE), so that systemd-analyze and bootctl in the guest show us.
 *
 * They are volatile: nothing wears out the flash, and a boot leaves nothing behind. */
#include "codec/json_write.h"
#include "core/fmt.h"
#include "core/log.h"
#include "core/str.h"
#include "core/utf.h"
#include "loader/loader.h"

#define VOLATILE    (CB_VAR_BOOT_SERVICE | CB_VAR_RUNTIME)
#define REPORT_MAX  4096u
#define TEXT_MAX    512u

/* 4a67b082-0a4c-41cf-b6c7-440b29bb8c4f */
static const struct cb_uuid loader_vendor = {
	{ 0x4a, 0x67, 0xb0, 0x82, 0x0a, 0x4c, 0x41, 0xcf, 0xb6, 0xc7, 0x44, 0x0b, 0x29, 0xbb, 0x8c, 0x4f } };

static void put(struct cb_loader *l, const char *name, struct cb_uuid vendor, struct cb_bytes value)
{
	const struct cb_diag before = *l->env.diag;

	/* A boot doesn't fail for want of somebody to tell. */
	if (l->vars.vars.ops->set(&l->vars.vars, cb_str_c(name), vendor, VOLATILE, value) < 0)
		*l->env.diag = before;
}

/* UCS-2 with its end, as the interface wants all its texts. */
static void put_wide(struct cb_loader *l, const char *name, struct cb_str text)
{
	static const uint8_t nul[2];
	struct cb_buf wide;

	cb_buf_init(&wide, &l->env, 2 * TEXT_MAX);
	cb_utf8_to_utf16(&wide, text);
	cb_buf_add(&wide, nul, sizeof(nul));
	if (cb_buf_status(&wide) == 0)
		put(l, name, loader_vendor, cb_buf_bytes(&wide));
	else
		cb_clear(&l->env);
	cb_buf_fini(&wide);
}

static void put_time(struct cb_loader *l, const char *name)
{
	char text[24];
	size_t n = cb_fmt(text, sizeof(text), "%llu", (unsigned long long)(cb_now_ns(&l->env) / 1000));

	put_wide(l, name, (struct cb_str){ text, n });
}

void mark(struct cb_loader *l, const char *stage)
{
	if (l->stages_n < STAGES_MAX)
		l->stages[l->stages_n++] = (struct stage){ stage, cb_now_ns(&l->env) };
	put(l, "CloudBootMark", cb_efi_ours, (struct cb_bytes){ (const uint8_t *)stage, cb_str_c(stage).n });
}

/* "EDK II 1.00" and "UEFI 2.70", as systemd's loader writes them. */
static void put_firmware(struct cb_loader *l)
{
	const struct efi_system_table *st = l->u.st;
	const struct cb_bytes vendor = { (const uint8_t *)st->vendor, st->vendor != NULL ? TEXT_MAX : 0 };
	uint32_t uefi = st->header.revision;
	struct cb_buf b;

	cb_buf_init(&b, &l->env, TEXT_MAX);
	cb_utf16_to_utf8(&b, vendor); /* up to its end */
	cb_buf_fmt(&b, " %u.%02u", st->revision >> 16, st->revision & 0xffff);
	put_wide(l, "LoaderFirmwareInfo", (struct cb_str){ (const char *)b.p, b.n });
	b.n = 0;
	cb_buf_fmt(&b, "UEFI %u.%02u", uefi >> 16, uefi & 0xffff);
	put_wide(l, "LoaderFirmwareType", (struct cb_str){ (const char *)b.p, b.n });
	cb_buf_fini(&b);
}

/* What bootctl ticks: XBOOTLDR partitions, sort-key and devicetree in boot entries. */
#define FEATURES (UINT64_C(1) << 5 | UINT64_C(1) << 8 | UINT64_C(1) << 10)

static void put_features(struct cb_loader *l)
{
	cb_le64 bits = cb_put_le64(FEATURES);

	put(l, "LoaderFeatures", loader_vendor, (struct cb_bytes){ (const uint8_t *)&bits, sizeof(bits) });
}

void tell_start(struct cb_loader *l)
{
	struct cb_bytes path = cb_uefi_path_bytes(l->self->path);
	struct cb_buf file;

	put_time(l, "LoaderTimeInitUSec");
	put_wide(l, "LoaderInfo", CB_STR("cloud-boot " CB_VERSION));
	put_firmware(l);
	put_features(l);
	if (l->own_partuuid[0] != '\0')
		put_wide(l, "LoaderDevicePartUUID", cb_str_c(l->own_partuuid));
	cb_buf_init(&file, &l->env, 2 * CB_MAX_PATH);
	if (cb_devpath_file(&l->env, path, &file))
		put_wide(l, "LoaderImageIdentifier", (struct cb_str){ (const char *)file.p, file.n });
	cb_buf_fini(&file);
}

void untell(struct cb_loader *l)
{
	static const char *const names[] = { "LoaderTimeInitUSec", "LoaderInfo", "LoaderFirmwareInfo",
					     "LoaderFirmwareType", "LoaderFeatures", "LoaderDevicePartUUID",
					     "LoaderImageIdentifier" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(l, names[i], loader_vendor, (struct cb_bytes){ NULL, 0 });
}

void tell_handover(struct cb_loader *l, struct cb_str entry)
{
	if (entry.n <= TEXT_MAX)
		put_wide(l, "LoaderEntrySelected", entry);
	put_time(l, "LoaderTimeExecUSec");
}

/* What was printed, for a guest that is up, or a person who came too late. */
static void put_log(struct cb_loader *l)
{
	struct cb_buf b;

	cb_buf_init(&b, &l->env, CB_UEFI_LOG);
	cb_uefi_log_lines(&l->u, &b);
	if (cb_buf_status(&b) == 0)
		put(l, "CloudBootLog", cb_efi_ours, cb_buf_bytes(&b));
	cb_buf_fini(&b);
}

void tell_end(struct cb_loader *l, struct cb_str decision)
{
	struct cb_buf b;
	struct cb_json j = { &b, false };

	cb_buf_init(&b, &l->env, REPORT_MAX);
	cb_json_open(&j, NULL, '{');
	cb_json_str(&j, "version", CB_STR(CB_VERSION));
	cb_json_open(&j, "stages", '[');
	for (unsigned i = 0; i < l->stages_n; i++) {
		cb_json_open(&j, NULL, '{');
		cb_json_str(&j, "name", cb_str_c(l->stages[i].name));
		cb_json_u64(&j, "ms", (l->stages[i].at_ns - l->stages[0].at_ns) / 1000000);
		cb_json_close(&j, '}');
	}
	cb_json_close(&j, ']');
	cb_json_u64(&j, "memory", l->u.memory);
	cb_json_str(&j, "settings", l->settings_from);
	cb_json_str(&j, "decision", cb_str_sub(decision, 0, TEXT_MAX));
	if (l->report != REPORT_NONE) {
		char code[16];
		size_t n = cb_fmt(code, sizeof(code), "CB-%u", (unsigned)l->report);

		cb_json_str(&j, "code", (struct cb_str){ code, n });
		cb_json_str(&j, "error", (struct cb_str){ l->diag.text, l->diag.len });
	}
	cb_json_close(&j, '}');
	if (cb_buf_status(&b) == 0)
		put(l, "CloudBootReport", cb_efi_ours, cb_buf_bytes(&b));
	cb_buf_fini(&b);
	put_log(l);
}
