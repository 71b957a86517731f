/* ui/menu.c - the menu's states and its picture.
 *
 * Only rows that changed are drawn again: a serial line at 115200 takes 0.2 s for a whole screen. */
#include "ui/menu.h"

#include "core/fmt.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/str.h"
#include "core/utf.h"

#define SECOND     UINT64_C(1000000000)
#define ROW_BYTES  1024u
#define COLS_MAX   200u
#define FIRST_ROW  2u             /* of the items: below prompt and a blank row */
#define BELOW      4u             /* rows under them: blank, command line, countdown, help */

enum step { STEP_STAY, STEP_MOVED, STEP_TAKE, STEP_BACK };

struct state {
	struct cb_term *t;
	const struct cb_menu *m;
	unsigned cols, rows, shown;   /* rows of items that fit */
	size_t at, top;               /* selected; first one on the screen */
	bool editing, counting;       /* counting: the last key was a digit */
	struct cb_line line;
	uint64_t deadline;            /* 0: nobody is waiting */
	uint64_t told_s;              /* seconds that the countdown shows */
};

/* The first cols characters. */
static struct cb_str clip(struct cb_str s, unsigned cols)
{
	size_t n = 0;
	uint32_t cp;

	for (unsigned c = 0; c < cols && n < s.n; c++) {
		size_t step = cb_utf8_get(cb_str_sub(s, n, 4), &cp);

		n += step > 0 ? step : 1;
	}
	return cb_str_sub(s, 0, n);
}

/* Control characters and broken UTF-8 of foreign names must not drive the terminal. */
static void put(struct state *s, unsigned row, enum cb_term_style style, const char *head, struct cb_str text)
{
	struct cb_buf b;

	if (row >= s->rows)
		return;
	cb_buf_init(&b, s->t->env, 4 * ROW_BYTES);
	cb_buf_fmt(&b, "%s", head);
	cb_str_escape(&b, clip(text, s->cols));
	if (cb_buf_status(&b) < 0)
		cb_clear(s->t->env); /* the row stays as it was */
	else
		s->t->ops->put(s->t, row, style, clip((struct cb_str){ (const char *)b.p, b.n }, s->cols));
	cb_buf_fini(&b);
}

static void draw_item(struct state *s, size_t i)
{
	bool here = i == s->at;
	char head[24];

	if (i < s->top || i - s->top >= s->shown || i >= s->m->n)
		return;
	(void)cb_fmt(head, sizeof(head), "%s%3zu  ", here ? " >" : "  ", i + 1); /* it fits */
	put(s, FIRST_ROW + (unsigned)(i - s->top), here ? CB_TERM_SELECTED : CB_TERM_PLAIN, head,
	    s->m->items[i].label);
}

static void draw_line(struct state *s)
{
	unsigned row = s->rows - 3, cursor = 0;
	struct cb_str text;

	if (!s->editing) {
		put(s, row, CB_TERM_PLAIN, "  ", s->m->items[s->at].cmdline);
		s->t->ops->cursor(s->t, s->cols, row);
		return;
	}
	text = cb_line_window(&s->line, s->cols > 3 ? s->cols - 3 : 1, &cursor);
	put(s, row, CB_TERM_STRONG, "> ", text);
	s->t->ops->cursor(s->t, cursor + 2, row);
}

static uint64_t seconds_left(const struct state *s, uint64_t now)
{
	return s->deadline == 0 ? 0 : (s->deadline - now + SECOND - 1) / SECOND;
}

static void draw_countdown(struct state *s, uint64_t now)
{
	char text[96] = "";

	s->told_s = seconds_left(s, now);
	if (s->deadline != 0)
		(void)cb_fmt(text, sizeof(text), "  %llu boots in %llu s; any key stops that", /* it fits */
			     (unsigned long long)s->m->preset + 1, (unsigned long long)s->told_s);
	put(s, s->rows - 2, CB_TERM_PLAIN, text, CB_STR(""));
}

static void draw_help(struct state *s)
{
	static const char editing[] = "  Enter: boot with this line   Esc: leave it as it was";
	static const char open[] = "  Up, Down, number: choose   Enter: boot   e: edit   Esc: back";
	static const char locked[] = "  Up, Down, number: choose   Enter: boot   Esc: back";

	put(s, s->rows - 1, CB_TERM_PLAIN, s->editing ? editing : s->m->locked ? locked : open, CB_STR(""));
}

static void draw_all(struct state *s, uint64_t now)
{
	s->t->ops->clear(s->t);
	put(s, 0, CB_TERM_STRONG, "  ", s->m->prompt);
	for (unsigned i = 0; i < s->shown; i++)
		draw_item(s, s->top + i);
	draw_line(s);
	draw_countdown(s, now);
	draw_help(s);
}

static void scroll(struct state *s)
{
	if (s->at < s->top)
		s->top = s->at;
	if (s->at - s->top >= s->shown)
		s->top = s->at - s->shown + 1;
}

static enum step go(struct state *s, size_t to)
{
	size_t was = s->at, top = s->top;

	if (to >= s->m->n || to == s->at)
		return STEP_STAY;
	s->at = to;
	scroll(s);
	if (s->top != top)
		return STEP_MOVED;
	draw_item(s, was);
	draw_item(s, s->at);
	draw_line(s);
	return STEP_STAY;
}

/* 12 is 1 and then 2: a digit after a digit extends it while there are that many. */
static enum step by_digit(struct state *s, uint32_t digit)
{
	size_t longer = (s->at + 1) * 10 + digit;
	bool extends = s->counting && longer <= s->m->n;

	s->counting = true;
	return extends ? go(s, longer - 1) : digit > 0 ? go(s, digit - 1) : STEP_STAY;
}

static enum step by_letter(struct state *s, char letter)
{
	for (size_t i = 1; i <= s->m->n; i++) {
		size_t k = (s->at + i) % s->m->n;
		struct cb_str label = s->m->items[k].label;

		if (label.n > 0 && cb_to_lower(label.p[0]) == letter)
			return go(s, k);
	}
	return STEP_STAY;
}

static enum step edit(struct state *s)
{
	if (s->m->locked || cb_line_set(&s->line, s->m->items[s->at].cmdline) < 0) {
		cb_clear(s->t->env); /* one that is too long to be edited stays as it is */
		return STEP_STAY;
	}
	s->editing = true;
	return STEP_MOVED;
}

static enum step press_choosing(struct state *s, const struct cb_press *p)
{
	size_t page = s->shown > 1 ? s->shown - 1 : 1;

	s->counting = s->counting && p->kind == CB_PRESS_CHAR;
	switch (p->kind) {
	case CB_PRESS_UP:
		return go(s, s->at > 0 ? s->at - 1 : s->m->n - 1);
	case CB_PRESS_DOWN:
		return go(s, (s->at + 1) % s->m->n);
	case CB_PRESS_PAGE_UP:
		return go(s, s->at > page ? s->at - page : 0);
	case CB_PRESS_PAGE_DOWN:
		return go(s, s->m->n - s->at > page ? s->at + page : s->m->n - 1);
	case CB_PRESS_HOME:
		return go(s, 0);
	case CB_PRESS_END:
		return go(s, s->m->n - 1);
	case CB_PRESS_ENTER:
		return STEP_TAKE;
	case CB_PRESS_ESC:
		return STEP_BACK;
	case CB_PRESS_CHAR:
		break;
	default:
		return STEP_STAY;
	}
	if (p->cp >= '0' && p->cp <= '9')
		return by_digit(s, p->cp - '0');
	s->counting = false;
	if (p->cp == 'e' || p->cp == 'E')
		return edit(s);
	return p->cp < 0x80 ? by_letter(s, cb_to_lower((char)p->cp)) : STEP_STAY;
}

static enum step press_editing(struct state *s, const struct cb_press *p)
{
	if (p->kind == CB_PRESS_ENTER)
		return STEP_TAKE;
	if (p->kind == CB_PRESS_ESC) {
		s->editing = false;
		return STEP_MOVED;
	}
	if (cb_line_press(&s->line, p))
		draw_line(s);
	return STEP_STAY;
}

static void measure(struct state *s)
{
	s->t->ops->size(s->t, &s->cols, &s->rows);
	s->cols = s->cols < COLS_MAX ? s->cols : COLS_MAX;
	s->shown = s->rows > FIRST_ROW + BELOW ? s->rows - FIRST_ROW - BELOW : 1;
	scroll(s);
}

/* Until the next second of the countdown, or for as long as nobody comes. */
static uint64_t patience(const struct state *s, uint64_t now)
{
	uint64_t left = s->deadline - now;

	return s->deadline == 0 ? CB_MENU_NEVER : left % SECOND > 0 ? left % SECOND : SECOND;
}

static enum cb_menu_end loop(struct state *s)
{
	struct cb_press p;

	for (;;) {
		uint64_t now = cb_now_ns(s->t->env);
		enum step step;

		if (s->deadline != 0 && now >= s->deadline) {
			s->at = s->m->preset;
			return CB_MENU_TIMEOUT;
		}
		if (seconds_left(s, now) != s->told_s)
			draw_countdown(s, now);
		if (!s->t->ops->read(s->t, patience(s, now), &p))
			continue;
		s->deadline = 0; /* the next turn takes the countdown away */
		step = s->editing ? press_editing(s, &p) : press_choosing(s, &p);
		if (step == STEP_TAKE)
			return CB_MENU_TAKEN;
		if (step == STEP_BACK)
			return CB_MENU_BACK;
		if (step == STEP_MOVED)
			draw_all(s, now);
	}
}

int cb_menu_run(struct cb_term *t, const struct cb_menu *m, struct cb_arena *a, struct cb_menu_choice *ret)
{
	struct state s = { .t = t, .m = m, .at = m->preset };
	uint64_t now = cb_now_ns(t->env);
	int r = 0;

	if (m->n == 0 || m->preset >= m->n)
		return cb_fail(t->env, CB_EINVAL, "a menu of %zu, preset %zu", m->n, m->preset);
	if (m->timeout_ns != CB_MENU_NEVER)
		s.deadline = now + m->timeout_ns > 0 ? now + m->timeout_ns : 1;
	cb_line_init(&s.line, t->env, CB_MAX_CMDLINE);
	measure(&s);
	draw_all(&s, now);
	*ret = (struct cb_menu_choice){ .end = loop(&s), .index = s.at };
	ret->edited = s.editing && ret->end == CB_MENU_TAKEN;
	if (ret->edited) {
		ret->cmdline = cb_arena_str(a, cb_line_text(&s.line));
		r = ret->cmdline.p != NULL ? 0 : t->env->diag->code;
	}
	cb_line_fini(&s.line);
	t->ops->clear(t);
	return r;
}
