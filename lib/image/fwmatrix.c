/* image/fwmatrix.c - the matrix as a table and as JSON. */
#include "image/fwmatrix.h"

#include "codec/json_write.h"
#include "core/fmt.h"
#include "core/str.h"

#define VERSION_MAX 24u
#define CELL_MAX    24u
#define CELL        10          /* columns of the table */

/* "2.70": minor counts tenths and hundredths, as the specification does (UEFI 2.10, 4.2). */
static struct cb_str version(uint32_t v, char buf[VERSION_MAX])
{
	return (struct cb_str){ buf, cb_fmt(buf, VERSION_MAX, "%u.%02u", v >> 16, v & 0xffff) };
}

static void add_cell(struct cb_buf *b, size_t n, int width)
{
	char text[CELL_MAX];

	if (n > 1)
		(void)cb_fmt(text, sizeof(text), "yes, %zu", n); /* it fits */
	cb_buf_fmt(b, " %-*s", width, n == 0 ? "no" : n == 1 ? "yes" : text);
}

void cb_fwmatrix_table(const struct cb_fwmatrix *m, struct cb_buf *ret)
{
	char revision[VERSION_MAX], uefi[VERSION_MAX];

	cb_buf_fmt(ret, "firmware  %.*s %.*s, UEFI %.*s\n", CB_STR_ARG(m->vendor),
		   CB_STR_ARG(version(m->revision, revision)), CB_STR_ARG(version(m->uefi, uefi)));
	cb_buf_fmt(ret, "%-16s %-10s %-10s tried\n", "protocol", "at start", "connected");
	for (size_t i = 0; i < m->n; i++) {
		const struct cb_fwmatrix_row *row = &m->rows[i];

		cb_buf_fmt(ret, "%-16s", row->name);
		add_cell(ret, row->at_start, CELL);
		add_cell(ret, row->connected, row->note[0] != '\0' ? CELL : 0);
		cb_buf_fmt(ret, row->note[0] != '\0' ? " %s\n" : "%s\n", row->note);
	}
}

static void add_row(struct cb_json *j, const struct cb_fwmatrix_row *row)
{
	cb_json_open(j, NULL, '{');
	cb_json_str(j, "name", cb_str_c(row->name));
	cb_json_u64(j, "at_start", row->at_start);
	cb_json_u64(j, "connected", row->connected);
	if (row->works != CB_WORKS_UNTRIED) {
		cb_json_bool(j, "works", row->works == CB_WORKS_YES);
		cb_json_str(j, "note", cb_str_c(row->note));
	}
	cb_json_close(j, '}');
}

void cb_fwmatrix_json(const struct cb_fwmatrix *m, struct cb_buf *ret)
{
	char buf[VERSION_MAX];
	struct cb_json j = { ret, false };

	cb_json_open(&j, NULL, '{');
	cb_json_str(&j, "vendor", m->vendor);
	cb_json_str(&j, "revision", version(m->revision, buf));
	cb_json_str(&j, "uefi", version(m->uefi, buf));
	cb_json_u64(&j, "connect_ms", m->connect_ms);
	cb_json_open(&j, "protocols", '[');
	for (size_t i = 0; i < m->n; i++)
		add_row(&j, &m->rows[i]);
	cb_json_close(&j, ']');
	cb_json_close(&j, '}');
}
