/* ui/term.h - a console that a menu can be drawn on: a tty, ConIn and ConOut, the grid of a
 * test. */
#ifndef CB_UI_TERM_H
#define CB_UI_TERM_H

#include "core/mem.h"

enum cb_press_kind {
	CB_PRESS_CHAR, /* cp: what was typed, by the keymap that is set */
	CB_PRESS_ENTER,
	CB_PRESS_ESC,
	CB_PRESS_TAB,
	CB_PRESS_BACKSPACE,
	CB_PRESS_DELETE,
	CB_PRESS_UP,
	CB_PRESS_DOWN,
	CB_PRESS_LEFT,
	CB_PRESS_RIGHT,
	CB_PRESS_HOME,
	CB_PRESS_END,
	CB_PRESS_PAGE_UP,
	CB_PRESS_PAGE_DOWN,
	CB_PRESS_OTHER, /* a key that means nothing here; it stops a countdown all the same */
};

struct cb_press {
	enum cb_press_kind kind;
	uint32_t cp;
};

enum cb_term_style { CB_TERM_PLAIN, CB_TERM_STRONG, CB_TERM_SELECTED };

struct cb_term {
	const struct cb_term_ops *ops;
	struct cb_env *env;
};

struct cb_term_ops {
	/* At least 1 by 1; asked before every picture. */
	void (*size)(struct cb_term *t, unsigned *ret_cols, unsigned *ret_rows);
	/* Wait for a key, at most that long. False: none came. */
	bool (*read)(struct cb_term *t, uint64_t timeout_ns, struct cb_press *ret);
	/* A whole row: text is UTF-8 without control characters and fits; what is right of it
	 * becomes blank. */
	void (*put)(struct cb_term *t, unsigned row, enum cb_term_style style, struct cb_str text);
	void (*clear)(struct cb_term *t);
	/* Where the cursor is; col at or past the width hides it. */
	void (*cursor)(struct cb_term *t, unsigned col, unsigned row);
};

#endif
