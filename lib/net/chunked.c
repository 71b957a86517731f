/* net/chunked.c - the chunked transfer coding (RFC 9112, 7.1). Extensions and trailers are
 * passed over. */
#include "net/http1.h"

#include "core/limits.h"
#include "core/str.h"

void cb_chunked_init(struct cb_chunked *c, struct cb_env *env)
{
	*c = (struct cb_chunked){ .env = env, .at = CB_CHUNK_SIZE };
}

static int line_byte(struct cb_chunked *c)
{
	if (++c->line_n > CB_MAX_HTTP_CHUNK_LINE)
		return cb_fail(c->env, CB_ELIMIT, "a chunk's line has more than %u bytes",
			       CB_MAX_HTTP_CHUNK_LINE);
	return 0;
}

static int size_digit(struct cb_chunked *c, char byte)
{
	uint64_t digit;

	if (!cb_str_u64((struct cb_str){ &byte, 1 }, 16, &digit))
		return cb_fail(c->env, CB_ECORRUPT, "byte 0x%02x in the size of a chunk",
			       (unsigned)(uint8_t)byte);
	if (c->left > UINT64_MAX >> 8)
		return cb_fail(c->env, CB_ECORRUPT, "a chunk of more than 2^56 bytes");
	c->left = c->left << 4 | digit;
	c->any_digit = true;
	return 0;
}

/* "1a2b;extension CR LF"; blanks before the extension are known to happen. */
static int size_byte(struct cb_chunked *c, char byte)
{
	int r = line_byte(c);

	if (r < 0)
		return r;
	if (byte == '\n') {
		if (!c->any_digit)
			return cb_fail(c->env, CB_ECORRUPT, "a chunk without a size");
		c->at = c->left > 0 ? CB_CHUNK_DATA : CB_CHUNK_TRAILER;
		c->line_n = 0;
		c->any_digit = c->in_extension = false;
		return 0;
	}
	if (byte == ';' || byte == ' ' || byte == '\t' || byte == '\r')
		c->in_extension = true;
	return c->in_extension ? 0 : size_digit(c, byte);
}

static int data_end_byte(struct cb_chunked *c, char byte)
{
	if (byte == '\r' && c->line_n == 0) {
		c->line_n = 1;
		return 0;
	}
	if (byte != '\n')
		return cb_fail(c->env, CB_ECORRUPT, "byte 0x%02x behind a chunk",
			       (unsigned)(uint8_t)byte);
	c->at = CB_CHUNK_SIZE;
	c->line_n = 0;
	return 0;
}

/* Fields that nobody here waits for, then an empty line. */
static int trailer_byte(struct cb_chunked *c, char byte)
{
	int r = 0;

	if (byte == '\n') {
		if (c->line_n == 0)
			c->at = CB_CHUNK_DONE;
		c->line_n = 0;
	} else if (byte != '\r') {
		r = line_byte(c);
	}
	return r;
}

int cb_chunked_feed(struct cb_chunked *c, const uint8_t *p, size_t n,
		    const struct cb_http_receiver *to)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0 && c->at != CB_CHUNK_DONE;) {
		if (c->at == CB_CHUNK_DATA) {
			size_t part = (size_t)cb_min(n - i, c->left);

			r = to->body(to->ctx, p + i, part);
			i += part;
			c->left -= part;
			if (c->left == 0)
				c->at = CB_CHUNK_DATA_END;
			continue;
		}

		char byte = (char)p[i++];

		r = c->at == CB_CHUNK_SIZE ? size_byte(c, byte) :
		    c->at == CB_CHUNK_DATA_END ? data_end_byte(c, byte) : trailer_byte(c, byte);
	}
	return r;
}
