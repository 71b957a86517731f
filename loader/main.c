/* loader/main.c - path B: BOOTX64.EFI and BOOTAA64.EFI find a kernel themselves and start it (SPEC
 * 8.2).
 *
 * In order: what was named; what the disks offer; the UKI beside us; back to the firmware.
 * Nothing here waits, and nothing is tried twice. */
#include "boot/explain.h"
#include "core/log.h"
#include "core/str.h"
#include "image/eficonsole.h"
#include "loader/loader.h"
#include "loader/matrix.h"

#define TEXT_MAX (1u << 20)
#define PROBE_TARGET "cloud-boot-probe"
#define FAR 4u                     /* letters apart: another word, not a slip */

static struct cb_loader the_loader;

/* For a kernel whose command line nobody wrote. */
static int find_consoles(struct cb_loader *l)
{
	struct cb_buf con_out, text;
	uint32_t attributes;
	int r;

	cb_buf_init(&con_out, &l->env, CB_MAX_EFIVAR);
	cb_buf_init(&text, &l->env, CB_MAX_CMDLINE);
	r = cb_efivars_find(&l->vars.vars, CB_STR("ConOut"), cb_efi_global, &attributes, &con_out);
	cb_efi_consoles(&l->env, cb_buf_bytes(&con_out), l->arch, &text);
	l->consoles = cb_arena_str(&l->arena, (struct cb_str){ (const char *)text.p, text.n });
	cb_buf_fini(&con_out);
	cb_buf_fini(&text);
	return r < 0 || l->consoles.p == NULL ? l->env.diag->code : 0;
}

/* UEFI 2.10, 3.3: SecureBoot is 1 when images are checked. */
static bool is_secure(struct cb_loader *l)
{
	uint32_t attributes;
	struct cb_buf value;
	bool on;

	cb_buf_init(&value, &l->env, CB_MAX_EFIVAR);
	on = cb_efivars_find(&l->vars.vars, CB_STR("SecureBoot"), cb_efi_global, &attributes, &value) > 0 &&
	     value.n > 0 && value.p[0] == 1;
	cb_clear(&l->env);
	cb_buf_fini(&value);
	return on;
}

static int find_self(struct cb_loader *l)
{
	static const struct efi_guid guid = EFI_LOADED_IMAGE_GUID;

	l->arch = cb_uefi_arch;
	l->self = cb_uefi_protocol(&l->u, l->u.image, &guid);
	if (l->self == NULL)
		return cb_fail(&l->env, CB_EUNSUP, "this firmware doesn't say what it started us from");
	if (!cb_devpath_partuuid(&l->env, cb_uefi_path(&l->u, l->self->device), l->own_partuuid))
		l->own_partuuid[0] = '\0'; /* from a CD, or from nowhere that we can name */
	l->secure = is_secure(l);
	return find_consoles(l);
}

static void fill_request(struct cb_loader *l, struct cb_str *initrd, struct cb_boot_request *ret)
{
	const struct cb_settings *s = &l->settings;
	struct cb_str target = l->target;

	ret->device = cb_settings_get(s, CB_KEY_DISK);
	ret->fs = cb_settings_get(s, CB_KEY_DISK_FS);
	ret->kernel = cb_settings_get(s, CB_KEY_DISK_KERNEL);
	*initrd = cb_settings_get(s, CB_KEY_DISK_INITRD);
	ret->initrds = initrd;
	ret->initrds_n = initrd->n > 0 ? 1 : 0;
	if (cb_settings_source(s, CB_KEY_CMDLINE) != CB_SOURCE_PRESET) {
		ret->cmdline = cb_settings_get(s, CB_KEY_CMDLINE);
		ret->cmdline_from = "cloudboot.cmdline";
	} else if (l->kernel_cmdline.n > 0) {
		ret->cmdline = l->kernel_cmdline;
		ret->cmdline_from = "the settings' other words";
	}
	ret->arch = l->arch;
	ret->console = l->consoles;
	ret->hand = CB_HAND_EFI;
	/* "ext4-direct": any kernel on a file system of that type, no ESP. */
	if (cb_str_ends(target, CB_STR("-direct"))) {
		ret->skip_esp = true;
		if (ret->fs.n == 0)
			ret->fs = cb_str_sub(target, 0, target.n - 7);
	}
}

/* Without ".efi", ".conf". */
static struct cb_str stem(struct cb_str id)
{
	size_t dot = cb_str_rchr(id, '.');

	return dot != SIZE_MAX ? cb_str_sub(id, 0, dot) : id;
}

static bool names(struct cb_str target, const struct cb_candidate *c)
{
	return cb_str_eq(c->id, target) || cb_str_eq(stem(c->id), target);
}

static void consider(struct cb_str target, struct cb_str name, unsigned *distance, struct cb_str *near)
{
	unsigned d = cb_str_distance(target, name, *distance);

	if (d >= *distance)
		return;
	*distance = d;
	*near = name;
}

/* Nothing has the name; what may have been meant is said. */
static int unknown_target(struct cb_loader *l)
{
	struct cb_str near = CB_STR(PROBE_TARGET);
	unsigned distance = FAR;
	struct cb_candidate *c = NULL;

	consider(l->target, near, &distance, &near);
	for (size_t i = 0; chain_target(i).n > 0; i++)
		consider(l->target, chain_target(i), &distance, &near);
	while (cb_boot_next(l->plan, c, &c) == 0)
		consider(l->target, stem(c->id), &distance, &near);
	cb_clear(&l->env); /* the last candidate was seen */
	return fail_with(l, cb_fail(&l->env, CB_ENOENT, "nothing on the disks is called %.*s%s%.*s%s",
				    CB_STR_ARG(l->target), distance < FAR ? ": did you mean " : "",
				    distance < FAR ? (int)near.n : 0, near.p, distance < FAR ? "?" : ""),
			 REPORT_NO_TARGET);
}

void explain(struct cb_loader *l, const struct cb_candidate *chosen)
{
	struct cb_buf text;

	cb_buf_init(&text, &l->env, TEXT_MAX);
	say(l, "boot", "%.*s: %s, %.*s", CB_STR_ARG(chosen->title), chosen->rule,
	    CB_STR_ARG(chosen->reason));
	cb_explain_candidate(chosen, &text);
	say_lines(l, (struct cb_str){ (const char *)text.p, text.n });
	cb_buf_fini(&text);
}

/* For whoever debugs: once, however many candidates are tried then. */
static void explain_all(struct cb_loader *l)
{
	struct cb_buf text;

	if (l->env.max_level < CB_LOG_DEBUG || l->plan == NULL)
		return;
	cb_buf_init(&text, &l->env, TEXT_MAX);
	cb_explain_volumes(&l->volumes, &text);
	say_lines(l, (struct cb_str){ (const char *)text.p, text.n });
	text.n = 0;
	cb_explain_plan(l->plan, &text);
	say_lines(l, (struct cb_str){ (const char *)text.p, text.n });
	cb_buf_fini(&text);
}

void skip(struct cb_loader *l, struct cb_candidate *c, int r)
{
	struct cb_buf text;

	cb_buf_init(&text, &l->env, TEXT_MAX);
	cb_explain_short(c, &text);
	cb_log(&l->env, CB_LOG_WARN, "%.*s is skipped: %.*s", (int)text.n, (const char *)text.p,
	       (int)l->diag.len, l->diag.text);
	cb_buf_fini(&text);
	cb_boot_reject(l->plan, c, r);
}

/* Every candidate in its order; comes back when none could be started. */
static int try_all(struct cb_loader *l, bool named)
{
	struct cb_candidate *c = NULL;
	unsigned tried = 0;
	bool memory = false;
	int r;

	while ((r = cb_boot_next(l->plan, c, &c)) == 0) {
		if (named && !names(l->target, c))
			continue;
		tried++;
		explain(l, c);
		r = start_candidate(l, c);
		memory = memory || r == CB_ENOMEM;
		skip(l, c, r); /* the next one may do better */
	}
	if (named && tried == 0)
		return unknown_target(l);
	if (tried == 0)
		return fail_with(l, r, REPORT_NOTHING);
	return fail_with(l,
			 cb_wrap(&l->env, r, "%u candidate%s tried", tried, tried == 1 ? "" : "s"),
			 memory ? REPORT_MEMORY : REPORT_ALL_BROKEN);
}

static int make_plan(struct cb_loader *l)
{
	struct cb_boot_request req = { 0 };
	struct cb_candidate *first;
	struct cb_str initrd;
	int r;

	cb_boot_plan_free(l->plan);
	l->plan = NULL;
	fill_request(l, &initrd, &req);
	r = cb_boot_plan_make(&l->volumes, &req, &l->plan);
	return r == 0 ? cb_boot_next(l->plan, NULL, &first) : r;
}

/* After a quick boot the firmware may have looked at one disk only: ask it for the rest once. */
static int find(struct cb_loader *l)
{
	int r = make_plan(l);

	if (r != CB_ENOENT)
		return r;
	cb_clear(&l->env);
	mark(l, "connect");
	cb_uefi_connect_all(&l->u);
	r = scan_disks(l);
	return r == 0 ? make_plan(l) : r;
}

static int no_boot(struct cb_loader *l, int r)
{
	if (r == CB_ENOMEM || r == CB_ELIMIT)
		return fail_with(l, r, REPORT_MEMORY);
	if (l->volumes.disks_n == 0)
		return fail_with(l, cb_fail(&l->env, CB_ENOENT, "the firmware shows no disk"),
				 REPORT_NO_DISKS);
	if (r == CB_EINVAL || r == CB_EUNSUP)
		return fail_with(l, r, REPORT_BAD_DEVICE);
	return fail_with(l, r, l->plan == NULL ? REPORT_NO_DEVICE : REPORT_NOTHING);
}

int probe(struct cb_loader *l)
{
	int r = probe_matrix(&l->u, &l->env, &l->vars, l->self->device);

	return r < 0 ? fail_with(l, r, REPORT_MEMORY) : 0;
}

static int boot(struct cb_loader *l)
{
	bool named = l->target.n > 0 && !cb_str_ends(l->target, CB_STR("-direct"));
	int r;

	if (cb_str_eq(l->target, CB_STR(PROBE_TARGET))) {
		r = probe(l);
		if (r == 0)
			end(l, false);
		return r;
	}
	if (is_chain_target(l->target))
		return chain_to(l, l->target);
	if (cb_settings_get(&l->settings, CB_KEY_KERNEL).n > 0) {
		r = start_from_net(l);
		print_report(l); /* the disks may do better */
		cb_clear(&l->env);
		l->report = REPORT_NONE;
	}
	mark(l, "choose");
	r = find(l);
	explain_all(l);
	if (cb_settings_flag(&l->settings, CB_KEY_MENU) && (r == 0 || l->plan != NULL))
		return ask(l);
	if (r == CB_ENOENT && named && l->plan != NULL && l->volumes.disks_n > 0)
		return unknown_target(l);
	if (r < 0)
		return cb_wrap(&l->env, no_boot(l, r), "finding something to boot");
	return cb_wrap(&l->env, try_all(l, named), "starting a kernel");
}

static int run(struct cb_loader *l)
{
	int r = find_self(l);

	if (r < 0)
		return fail_with(l, r, REPORT_MEMORY);
	tell_start(l);
	cb_log(&l->env, CB_LOG_INFO, "cloud-boot %s loader, %s", CB_VERSION, cb_arch_name(l->arch));
	mark(l, "disks");
	r = scan_disks(l);
	if (r == 0) {
		mark(l, "settings");
		r = read_settings(l);
	}
	return r == 0 ? boot(l) : r;
}

static void init(struct cb_loader *l, efi_handle image, struct efi_system_table *st)
{
	l->env = (struct cb_env){ &cb_uefi_platform, &l->u, CB_LOG_INFO, &l->diag };
	cb_uefi_init(&l->u, image, st);
	cb_uefi_vars_init(&l->vars, &l->u, &l->env);
	cb_arena_init(&l->arena, &l->env, 256u << 10);
	cb_settings_init(&l->settings, &l->env);
	cb_volumes_init(&l->volumes, &l->env, cb_fs_drivers);
	l->chained = was_chained(l);
	mark(l, "start");
}

static void fini(struct cb_loader *l)
{
	cb_boot_plan_free(l->plan);
	cb_volumes_fini(&l->volumes);
	cb_settings_fini(&l->settings);
	cb_arena_fini(&l->arena);
}

/* The UKI beside us has init's ways: kexec, and staging. */
static void give_up(struct cb_loader *l)
{
	print_report(l);
	tell_end(l, CB_STR("nothing was started"));
	cb_clear(&l->env);
	if (chain_menu(l) < 0)
		cb_log(&l->env, CB_LOG_WARN, "%.*s", (int)l->diag.len, l->diag.text);
	end(l, true);
}

efi_status EFIAPI efi_entry(efi_handle image, struct efi_system_table *st)
{
	struct cb_loader *l = &the_loader;

	init(l, image, st);
	if (run(l) < 0)
		give_up(l);
	fini(l);
	return EFI_NOT_FOUND; /* the firmware tries its next entry */
}
