/* uefi/console.c - rows of text, and keys with a time limit. */
#include "uefi/console.h"

#include "core/str.h"
#include "core/utf.h"
#include "uefi/proto/text.h"

#define TIMER         0x80000000u
#define TPL_CALLBACK  8u
#define RELATIVE      2u             /* TimerRelative */
#define COLUMNS       80u            /* of every console, in mode 0 */
#define ROWS          25u
#define ROW_UNITS     256u

static struct efi_text_output *output(struct cb_term *t)
{
	return ((struct cb_uefi_console *)t)->u->st->con_out;
}

static void size(struct cb_term *t, unsigned *ret_cols, unsigned *ret_rows)
{
	struct efi_text_output *out = output(t);
	size_t cols = 0, rows = 0;

	*ret_cols = COLUMNS;
	*ret_rows = ROWS;
	if (out->mode != NULL && out->mode->mode >= 0 &&
	    !EFI_IS_ERROR(out->query_mode(out, (size_t)out->mode->mode, &cols, &rows)) &&
	    cols > 1 && rows > 0 && cols < ROW_UNITS && rows < ROW_UNITS) {
		*ret_cols = (unsigned)cols - 1; /* a full last column makes some consoles scroll */
		*ret_rows = (unsigned)rows;
	}
}

/* UEFI 2.10, 12.3.3 table 12.4. */
static enum cb_press_kind kind_of_scan(uint16_t code)
{
	static const enum cb_press_kind kinds[] = {
		[1] = CB_PRESS_UP,     [2] = CB_PRESS_DOWN,    [3] = CB_PRESS_RIGHT,
		[4] = CB_PRESS_LEFT,   [5] = CB_PRESS_HOME,    [6] = CB_PRESS_END,
		[8] = CB_PRESS_DELETE, [9] = CB_PRESS_PAGE_UP, [10] = CB_PRESS_PAGE_DOWN,
		[23] = CB_PRESS_ESC,
	};

	if (code >= sizeof(kinds) / sizeof(kinds[0]) || kinds[code] == CB_PRESS_CHAR)
		return CB_PRESS_OTHER;
	return kinds[code];
}

static struct cb_press press_of(const struct efi_input_key *k)
{
	switch (k->unicode) {
	case 0:
		return (struct cb_press){ kind_of_scan(k->scan_code), 0 };
	case '\r':
	case '\n':
		return (struct cb_press){ CB_PRESS_ENTER, 0 };
	case '\b':
	case 0x7f:
		return (struct cb_press){ CB_PRESS_BACKSPACE, 0 };
	case '\t':
		return (struct cb_press){ CB_PRESS_TAB, 0 };
	case 0x1b:
		return (struct cb_press){ CB_PRESS_ESC, 0 };
	default:
		return (struct cb_press){ k->unicode < 0x20 ? CB_PRESS_OTHER : CB_PRESS_CHAR,
					  k->unicode };
	}
}

/* False when the time was over first, or when there is nothing to wait with. */
static bool wait(struct cb_uefi *u, uint64_t timeout_ns)
{
	struct efi_boot_services *bs = u->st->bs;
	efi_event events[2] = { u->st->con_in->wait_for_key, NULL };
	size_t which = 1;
	bool timed = timeout_ns != UINT64_MAX;

	if (timed && EFI_IS_ERROR(bs->create_event(TIMER, TPL_CALLBACK, NULL, NULL, &events[1]))) {
		(void)bs->stall((size_t)(timeout_ns / 1000)); /* always succeeds */
		return false;
	}
	if (timed)
		(void)bs->set_timer(events[1], RELATIVE,
				    timeout_ns / 100); /* a good event, a good type */
	if (EFI_IS_ERROR(bs->wait_for_event(timed ? 2 : 1, events, &which)))
		which = 1;
	if (timed)
		(void)bs->close_event(events[1]); /* it was ours */
	return which == 0;
}

static bool read(struct cb_term *t, uint64_t timeout_ns, struct cb_press *ret)
{
	struct cb_uefi *u = ((struct cb_uefi_console *)t)->u;
	struct efi_text_input *in = u->st->con_in;
	struct efi_input_key key;

	if (in == NULL) {
		/* Nobody can ever type: whoever waits for a person goes back. */
		if (timeout_ns != UINT64_MAX)
			(void)u->st->bs->stall((size_t)(timeout_ns / 1000)); /* always succeeds */
		*ret = (struct cb_press){ CB_PRESS_ESC, 0 };
		return timeout_ns == UINT64_MAX;
	}
	if (EFI_IS_ERROR(in->read_key(in, &key)) &&
	    (!wait(u, timeout_ns) || EFI_IS_ERROR(in->read_key(in, &key))))
		return false;
	*ret = press_of(&key);
	return true;
}

static void put(struct cb_term *t, unsigned row, enum cb_term_style style, struct cb_str text)
{
	static const size_t attributes[] = {
		[CB_TERM_PLAIN] = EFI_TEXT_PLAIN, [CB_TERM_STRONG] = EFI_TEXT_STRONG,
		[CB_TERM_SELECTED] = EFI_TEXT_SELECTED,
	};
	struct efi_text_output *out = output(t);
	efi_char16 wide[ROW_UNITS + 1];
	unsigned cols, rows, n = 0;

	size(t, &cols, &rows);
	for (size_t i = 0; i < text.n && n < cols;) {
		uint32_t cp = 0xfffd;
		size_t step = cb_utf8_get(cb_str_sub(text, i, 4), &cp);

		wide[n++] = cp < 0x10000 ? (efi_char16)cp : 0xfffd; /* ConOut is UCS-2 */
		i += step > 0 ? step : 1;
	}
	while (n < cols)
		wide[n++] = ' ';
	wide[n] = 0;
	/* A console that can't do one of these shows less, and nobody could be told. */
	(void)out->set_cursor_position(out, 0, row);
	(void)out->set_attribute(out, attributes[style]);
	(void)out->output_string(out, wide);
	(void)out->set_attribute(out, EFI_TEXT_PLAIN);
}

static void clear(struct cb_term *t)
{
	struct efi_text_output *out = output(t);

	(void)out->set_attribute(out, EFI_TEXT_PLAIN); /* see put() */
	(void)out->clear_screen(out);
}

static void cursor(struct cb_term *t, unsigned col, unsigned row)
{
	struct efi_text_output *out = output(t);
	unsigned cols, rows;

	size(t, &cols, &rows);
	(void)out->enable_cursor(out, col < cols); /* see put() */
	if (col < cols)
		(void)out->set_cursor_position(out, col, row);
}

static const struct cb_term_ops ops = { size, read, put, clear, cursor };

void cb_uefi_console_init(struct cb_uefi_console *c, struct cb_uefi *u, struct cb_env *env)
{
	*c = (struct cb_uefi_console){ { &ops, env }, u };
}
