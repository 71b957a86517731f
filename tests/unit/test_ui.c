/* tests/unit/test_ui.c - the menu and its line editor, on a terminal that is a grid of text. */
#include "core/fmt.h"
#include "ui/menu.h"
#include "unit/check.h"

#define COLS_MAX 100u
#define ROWS_MAX 30u
#define SECOND   UINT64_C(1000000000)

/* Keys come from a script: one character each, see press_of(); after the last one time passes. */
struct grid {
	struct cb_term term;          /* first */
	struct cb_sim *sim;
	unsigned cols, rows, puts, cursor_col;
	enum cb_term_style style[ROWS_MAX];
	char row[ROWS_MAX][COLS_MAX * 4 + 1];
	const char *script;
	uint64_t waited_ns;
};

static void grid_size(struct cb_term *t, unsigned *cols, unsigned *rows)
{
	*cols = ((struct grid *)t)->cols;
	*rows = ((struct grid *)t)->rows;
}

static struct cb_press press_of(char c)
{
	switch (c) {
	case '^': return (struct cb_press){ CB_PRESS_UP, 0 };
	case 'v': return (struct cb_press){ CB_PRESS_DOWN, 0 };
	case '<': return (struct cb_press){ CB_PRESS_LEFT, 0 };
	case '>': return (struct cb_press){ CB_PRESS_RIGHT, 0 };
	case '[': return (struct cb_press){ CB_PRESS_HOME, 0 };
	case ']': return (struct cb_press){ CB_PRESS_END, 0 };
	case '{': return (struct cb_press){ CB_PRESS_PAGE_UP, 0 };
	case '}': return (struct cb_press){ CB_PRESS_PAGE_DOWN, 0 };
	case '\n': return (struct cb_press){ CB_PRESS_ENTER, 0 };
	case '!': return (struct cb_press){ CB_PRESS_ESC, 0 };
	case '#': return (struct cb_press){ CB_PRESS_BACKSPACE, 0 };
	case '%': return (struct cb_press){ CB_PRESS_DELETE, 0 };
	case '~': return (struct cb_press){ CB_PRESS_OTHER, 0 };
	case '@': return (struct cb_press){ CB_PRESS_CHAR, 0xe9 };
	default: return (struct cb_press){ CB_PRESS_CHAR, (uint8_t)c };
	}
}

static bool grid_read(struct cb_term *t, uint64_t timeout_ns, struct cb_press *ret)
{
	struct grid *g = (struct grid *)t;

	if (*g->script == '\0') {
		/* Nobody comes; a menu without a countdown must not hang a test. */
		if (timeout_ns == CB_MENU_NEVER) {
			*ret = (struct cb_press){ CB_PRESS_ESC, 0 };
			return true;
		}
		g->sim->now_ns += timeout_ns;
		g->waited_ns += timeout_ns;
		return false;
	}
	*ret = press_of(*g->script++);
	return true;
}

static void grid_put(struct cb_term *t, unsigned row, enum cb_term_style style, struct cb_str text)
{
	struct grid *g = (struct grid *)t;

	g->puts++;
	if (row >= g->rows)
		return;
	g->style[row] = style;
	(void)cb_fmt(g->row[row], sizeof(g->row[row]), "%.*s",
		     CB_STR_ARG(text)); /* rows are clipped */
}

static void grid_clear(struct cb_term *t)
{
	struct grid *g = (struct grid *)t;

	memset(g->row, 0, sizeof(g->row));
}

static void grid_cursor(struct cb_term *t, unsigned col, unsigned row)
{
	(void)row;
	((struct grid *)t)->cursor_col = col;
}

static const struct cb_term_ops grid_ops = { grid_size, grid_read, grid_put, grid_clear,
					     grid_cursor };

static struct grid the_grid;

static struct grid *grid_init(struct cb_check *t, unsigned cols, unsigned rows, const char *script)
{
	the_grid = (struct grid){ .term = { &grid_ops, t->env },
				  .sim = t->sim,
				  .cols = cols,
				  .rows = rows,
				  .script = script };
	return &the_grid;
}

static const struct cb_menu_item three[] = {
	{ CB_STR("Debian 13"), CB_STR("root=/dev/vda1 ro") },
	{ CB_STR("Debian 12"), CB_STR("root=/dev/vdb1") },
	{ CB_STR("Rescue"), CB_STR("single") },
};

static struct cb_menu_choice choose(struct cb_check *t, const char *script, const struct cb_menu *m,
				    struct cb_arena *a)
{
	struct cb_menu_choice c = { .index = 99 };

	CB_CHECK_INT(t, cb_menu_run(&grid_init(t, 80, 24, script)->term, m, a, &c), 0);
	return c;
}

static void moves(struct cb_check *t)
{
	static const struct { const char *script; size_t index; enum cb_menu_end end;
	} cases[] = {
		{ "\n", 1, CB_MENU_TAKEN },   { "v\n", 2, CB_MENU_TAKEN },
		{ "vv\n", 0, CB_MENU_TAKEN }, { "^\n", 0, CB_MENU_TAKEN },
		{ "^^\n", 2, CB_MENU_TAKEN }, { "3\n", 2, CB_MENU_TAKEN },
		{ "9\n", 1, CB_MENU_TAKEN },  { "0\n", 1, CB_MENU_TAKEN },
		{ "r\n", 2, CB_MENU_TAKEN },  { "d\n", 0, CB_MENU_TAKEN },
		{ "dd\n", 1, CB_MENU_TAKEN }, { "x\n", 1, CB_MENU_TAKEN },
		{ "[\n", 0, CB_MENU_TAKEN },  { "]\n", 2, CB_MENU_TAKEN },
		{ "~!", 1, CB_MENU_BACK },
	};
	const struct cb_menu m = { .prompt = CB_STR("Which?"), .items = three, .n = 3, .preset = 1,
				   .timeout_ns = CB_MENU_NEVER };
	struct cb_arena a;

	cb_arena_init(&a, t->env, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cb_menu_choice c = choose(t, cases[i].script, &m, &a);

		CB_CHECK_INT(t, c.index, cases[i].index);
		CB_CHECK_INT(t, c.end, cases[i].end);
		CB_CHECK(t, !c.edited);
	}
	cb_arena_fini(&a);
}

static void countdown(struct cb_check *t)
{
	const struct cb_menu m = { .items = three, .n = 3, .preset = 2, .timeout_ns = 3 * SECOND };
	struct cb_menu_choice c;
	struct cb_arena a;

	cb_arena_init(&a, t->env, 4096);
	c = choose(t, "", &m, &a);
	CB_CHECK_INT(t, c.end, CB_MENU_TIMEOUT);
	CB_CHECK_INT(t, c.index, 2);
	CB_CHECK(t, the_grid.waited_ns > 2 * SECOND && the_grid.waited_ns <= 3 * SECOND);
	/* Any key stops it: then only Esc ends this. */
	c = choose(t, "~", &m, &a);
	CB_CHECK_INT(t, c.end, CB_MENU_BACK);
	CB_CHECK_INT(t, the_grid.waited_ns, 0);
	cb_arena_fini(&a);
}

static void edits(struct cb_check *t)
{
	static const struct { const char *script, *want;
	} cases[] = {
		{ "e\n", "root=/dev/vdb1" },
		{ "e x\n", "root=/dev/vdb1 x" },
		{ "e#2\n", "root=/dev/vdb2" },
		{ "e[%%%%%ab\n", "ab/dev/vdb1" },
		{ "e<<@\n", "root=/dev/vd\xc3\xa9"
			    "b1" },
		{ "e@<@>#\n", "root=/dev/vdb1\xc3\xa9" },
		{ "e[#<]>%\n", "root=/dev/vdb1" },
	};
	struct cb_menu m = { .items = three, .n = 3, .preset = 1, .timeout_ns = CB_MENU_NEVER };
	struct cb_menu_choice c;
	struct cb_arena a;

	cb_arena_init(&a, t->env, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		c = choose(t, cases[i].script, &m, &a);
		CB_CHECK(t, c.edited);
		CB_CHECK_STR(t, c.cmdline, cases[i].want);
	}
	c = choose(t, "e x!v\n", &m, &a); /* Esc drops the line, and the menu goes on */
	CB_CHECK(t, !c.edited);
	CB_CHECK_INT(t, c.index, 2);
	m.locked = true;
	c = choose(t, "ex\n", &m, &a);
	CB_CHECK(t, !c.edited);
	CB_CHECK_INT(t, c.index, 1);
	cb_arena_fini(&a);
}

/* The picture, before the key that ends it: put() of the last screen is kept by not clearing. */
static void keep_clear(struct cb_term *term) { (void)term; }

static void picture(struct cb_check *t)
{
	static const struct cb_term_ops ops = { grid_size, grid_read, grid_put, keep_clear,
						grid_cursor };
	static struct cb_menu_item many[40];
	static char labels[40][24];
	const struct cb_menu m = { .prompt = CB_STR("Select\x1b[2J a target:"),
				   .items = many,
				   .n = 40,
				   .preset = 0,
				   .timeout_ns = CB_MENU_NEVER };
	struct cb_menu_choice c;
	struct grid *g;
	struct cb_arena a;

	for (unsigned i = 0; i < 40; i++) {
		(void)cb_fmt(labels[i], sizeof(labels[i]), "entry number %u", i + 1); /* fits */
		many[i] = (struct cb_menu_item){ cb_str_c(labels[i]), CB_STR("quiet") };
	}
	cb_arena_init(&a, t->env, 4096);
	g = grid_init(t, 40, 12, "}}v!");
	g->term.ops = &ops;
	CB_CHECK_INT(t, cb_menu_run(&g->term, &m, &a, &c), 0);
	/* Six rows of items, pages of five: 1, 6, 11, 12. */
	CB_CHECK_INT(t, c.index, 11);
	CB_CHECK_STR(t, cb_str_c(g->row[0]), "  Select\\x1b[2J a target:");
	CB_CHECK_STR(t, cb_str_c(g->row[2]), "    7  entry number 7");
	CB_CHECK_STR(t, cb_str_c(g->row[7]), " > 12  entry number 12");
	CB_CHECK_INT(t, g->style[7], CB_TERM_SELECTED);
	CB_CHECK_STR(t, cb_str_c(g->row[9]), "  quiet");
	/* Two digits: 3, then 37. */
	g = grid_init(t, 40, 12, "37\n");
	CB_CHECK_INT(t, cb_menu_run(&g->term, &m, &a, &c), 0);
	CB_CHECK_INT(t, c.index, 36);
	/* Smaller than anybody's screen: nothing is drawn past it. */
	g = grid_init(t, 1, 1, "vv\n");
	CB_CHECK_INT(t, cb_menu_run(&g->term, &m, &a, &c), 0);
	CB_CHECK_INT(t, c.index, 2);
	cb_arena_fini(&a);
}

static void window(struct cb_check *t)
{
	struct cb_press end = { CB_PRESS_END, 0 }, home = { CB_PRESS_HOME, 0 };
	struct cb_line l;
	unsigned cursor;

	cb_line_init(&l, t->env, 12);
	CB_REQUIRE_OK(t, cb_line_set(&l, CB_STR("0123456789")));
	CB_CHECK_STR(t, cb_line_window(&l, 5, &cursor), "6789");
	CB_CHECK_INT(t, cursor, 4);
	CB_CHECK(t, cb_line_press(&l, &home));
	CB_CHECK_STR(t, cb_line_window(&l, 5, &cursor), "01234");
	CB_CHECK_INT(t, cursor, 0);
	CB_CHECK(t, cb_line_press(&l, &end));
	/* Full: twelve bytes. */
	CB_CHECK(t, cb_line_press(&l, &(struct cb_press){ CB_PRESS_CHAR, 'a' }));
	CB_CHECK(t, !cb_line_press(&l, &(struct cb_press){ CB_PRESS_CHAR, 0x20ac }));
	CB_CHECK(t, !cb_line_press(&l, &(struct cb_press){ CB_PRESS_CHAR, 0x07 }));
	CB_CHECK_STR(t, cb_line_text(&l), "0123456789a");
	CB_CHECK_ERR(t, cb_line_set(&l, CB_STR("0123456789abc")), CB_ELIMIT, "12");
	cb_line_fini(&l);
}

CB_SUITE(ui, CB_TEST(moves), CB_TEST(countdown), CB_TEST(edits), CB_TEST(picture), CB_TEST(window));
