/* ui/menu.h - one choice of several: keys to states, states to pictures. The same in init and in firmware.
 *
 * Arrows, page keys, digits and initial letters move; Enter takes; `e` edits the command line; Esc goes
 * back. Any key stops the countdown. */
#ifndef CB_UI_MENU_H
#define CB_UI_MENU_H

#include "ui/line.h"

#define CB_MENU_NEVER UINT64_MAX

struct cb_menu_item {
	struct cb_str label;
	struct cb_str cmdline;        /* what `e` edits */
};

struct cb_menu {
	struct cb_str prompt;
	const struct cb_menu_item *items;
	size_t n;                     /* at least 1 */
	size_t preset;                /* index of what is taken when nobody chooses */
	uint64_t timeout_ns;          /* CB_MENU_NEVER: wait for a person */
	bool locked;                  /* command lines are shown, not edited */
};

enum cb_menu_end {
	CB_MENU_TAKEN,                /* by a person */
	CB_MENU_TIMEOUT,              /* the preset, by itself */
	CB_MENU_BACK,                 /* Esc */
};

struct cb_menu_choice {
	enum cb_menu_end end;
	size_t index;
	bool edited;
	struct cb_str cmdline;        /* in the arena, when edited */
};

/* Draw, answer keys, until something is chosen. The screen is left clear. */
CB_MUST int cb_menu_run(struct cb_term *t, const struct cb_menu *m, struct cb_arena *a,
			struct cb_menu_choice *ret);

#endif
