/* loader/menu.c - the candidates on the screen, when a menu is asked for (cloudboot.menu). */
#include "core/str.h"
#include "loader/loader.h"
#include "ui/menu.h"
#include "uefi/console.h"

#define SECOND UINT64_C(1000000000)
#define WAIT   (3 * SECOND)
#define EXTRA  2u                 /* the probe, the firmware */

/* The i-th candidate that isn't known to be broken. */
static struct cb_candidate *nth(struct cb_loader *l, size_t i)
{
	struct cb_candidate *c = l->plan->first;

	for (; c != NULL; c = c->next)
		if (c->status == 0 && i-- == 0)
			break;
	return c;
}

static int fill(struct cb_loader *l, struct cb_arena *a, struct cb_menu_item **ret, size_t *ret_n)
{
	struct cb_menu_item *items = cb_new(a, struct cb_menu_item, l->plan->candidates_n + EXTRA);
	char where[CB_VOLUME_TEXT];
	size_t n = 0;

	if (items == NULL)
		return l->env.diag->code;
	for (const struct cb_candidate *c; (c = nth(l, n)) != NULL; n++) {
		items[n].label = cb_arena_fmt(a, "%.*s on %s", CB_STR_ARG(c->title),
					      cb_volume_text(c->kernel.volume, where));
		items[n].cmdline = c->cmdline;
		if (items[n].label.p == NULL)
			return l->env.diag->code;
	}
	items[n++].label = CB_STR("What this firmware can do (cloud-boot-probe)");
	items[n++].label = CB_STR("Back to the firmware");
	*ret = items;
	*ret_n = n;
	return 0;
}

static int take(struct cb_loader *l, const struct cb_menu_choice *choice)
{
	struct cb_candidate *c = nth(l, choice->index);
	int r;

	if (choice->edited) {
		c->cmdline = cb_arena_str(&l->plan->arena, choice->cmdline);
		c->cmdline_from = CB_STR("the menu");
		if (c->cmdline.p == NULL)
			return l->env.diag->code;
	}
	explain(l, c);
	r = start_candidate(l, c);
	return r;
}

/* One picture and what came of it. 1: show it again; prompt tells why. */
static int once(struct cb_loader *l, struct cb_term *t, uint64_t timeout_ns, struct cb_str *prompt)
{
	struct cb_menu menu = { .prompt = *prompt, .timeout_ns = timeout_ns };
	struct cb_menu_choice choice;
	struct cb_menu_item *items;
	struct cb_arena a;
	int r;

	cb_arena_init(&a, &l->env, 1u << 20);
	r = fill(l, &a, &items, &menu.n);
	menu.items = items;
	if (r == 0)
		r = cb_menu_run(t, &menu, &a, &choice);
	if (r == 0 && (choice.end == CB_MENU_BACK || choice.index + 1 == menu.n)) {
		r = 0;
	} else if (r == 0 && choice.index + EXTRA == menu.n) {
		r = probe(l);
	} else if (r == 0) {
		r = take(l, &choice);
		*prompt = cb_arena_fmt(&l->arena, "%.*s", (int)l->diag.len, l->diag.text);
		skip(l, nth(l, choice.index), r);
		r = prompt->p != NULL ? 1 : CB_ENOMEM;
	}
	cb_arena_fini(&a);
	return r;
}

int ask(struct cb_loader *l)
{
	struct cb_str prompt = cb_settings_get(&l->settings, CB_KEY_MENU_PROMPT);
	bool told = cb_settings_source(&l->settings, CB_KEY_MENU_TIMEOUT) != CB_SOURCE_PRESET;
	uint64_t timeout_ns = told ? cb_settings_ns(&l->settings, CB_KEY_MENU_TIMEOUT) : WAIT;
	struct cb_uefi_console console;
	int r;

	mark(l, "menu");
	cb_clear(&l->env);
	cb_uefi_console_init(&console, &l->u, &l->env);
	while ((r = once(l, &console.term, timeout_ns, &prompt)) > 0)
		timeout_ns = CB_MENU_NEVER; /* somebody was there */
	return r < 0 ? fail_with(l, cb_wrap(&l->env, r, "the menu"), REPORT_MEMORY) : 0;
}
