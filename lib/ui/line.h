/* ui/line.h - one line of text being typed. */
#ifndef CB_UI_LINE_H
#define CB_UI_LINE_H

#include "ui/term.h"

struct cb_line {
	struct cb_buf text;       /* UTF-8 */
	size_t at;                /* bytes before the cursor */
};

/* max: bytes. */
void cb_line_init(struct cb_line *l, struct cb_env *env, size_t max);
void cb_line_fini(struct cb_line *l);       /* wipes it: it may have been a passphrase */
CB_MUST int cb_line_set(struct cb_line *l, struct cb_str text);
/* True when it changed the text or the cursor. What has no room is not typed. */
bool cb_line_press(struct cb_line *l, const struct cb_press *p);
struct cb_str cb_line_text(const struct cb_line *l);
/* The part that a window of cols columns shows so that the cursor is in it, and the cursor's column there. */
struct cb_str cb_line_window(const struct cb_line *l, unsigned cols, unsigned *ret_cursor);

#endif
