/* PEM (RFC 7468), certificates only: lenient about what is between the blocks, strict inside. */
#include "codec/pem.h"

#include "codec/base64.h"
#include "core/str.h"

#define BEGIN CB_STR("-----BEGIN ")
#define END   CB_STR("-----END ")
#define TAIL  CB_STR("-----")
#define KIND  CB_STR("CERTIFICATE")

#define DER_SEQUENCE  0x30u
#define DER_LONG      0x80u              /* the low bits are the number of bytes of the length */
#define DER_LONG_MAX  3u                 /* a certificate of 16 MiB is none */

struct pem {
	struct cb_env *env;
	struct cb_str left;
	unsigned line;                   /* number of the last one that was read */
	struct cb_buf digits;
};

size_t cb_der_sequence(struct cb_bytes in)
{
	size_t head = 2, n;

	if (in.n < head || in.p[0] != DER_SEQUENCE)
		return 0;
	n = in.p[1];
	if (n >= DER_LONG) {
		size_t bytes = n - DER_LONG;

		if (bytes == 0 || bytes > DER_LONG_MAX || in.n - head < bytes || in.p[2] == 0)
			return 0;
		n = 0;
		for (size_t i = 0; i < bytes; i++)
			n = n << 8 | in.p[head + i];
		if (n < DER_LONG)
			return 0;        /* DER has one way to write a length: the shortest */
		head += bytes;
	}
	return n <= in.n - head ? head + n : 0;
}

static bool next_line(struct pem *p, struct cb_str *ret)
{
	if (!cb_str_line(&p->left, ret))
		return false;
	*ret = cb_str_trim(*ret);
	p->line++;
	return true;
}

/* "-----BEGIN CERTIFICATE-----" for BEGIN. */
static bool is_label(struct cb_str line, struct cb_str head)
{
	return cb_str_starts(line, head) && cb_str_starts(cb_str_sub(line, head.n, SIZE_MAX), KIND) &&
	       cb_str_eq(cb_str_sub(line, head.n + KIND.n, SIZE_MAX), TAIL);
}

static int decode(struct pem *p, unsigned begun, struct cb_buf *ret)
{
	struct cb_str digits = { (const char *)p->digits.p, p->digits.n };
	size_t at = ret->n;
	int r = cb_buf_status(&p->digits);

	if (r == 0)
		r = cb_base64_parse(p->env, CB_BASE64_STD, digits, ret);
	if (r < 0)
		return cb_wrap(p->env, r, "line %u: the certificate that begins here", begun);

	struct cb_bytes der = { ret->p != NULL ? ret->p + at : NULL, ret->n - at };

	if (der.n == 0 || cb_der_sequence(der) != der.n)
		return cb_fail(p->env, CB_ECORRUPT, "line %u: what begins here is no certificate: not one "
			       "DER sequence of %zu bytes", begun, der.n);
	return 0;
}

/* Behind its first line. */
static int read_block(struct pem *p, struct cb_buf *ret)
{
	unsigned begun = p->line;
	struct cb_str line;

	p->digits.n = 0;
	while (next_line(p, &line)) {
		if (is_label(line, END))
			return decode(p, begun, ret);
		if (cb_str_starts(line, TAIL))
			return cb_fail(p->env, CB_ECORRUPT, "line %u: the certificate that begins in line %u "
				       "has not ended", p->line, begun);
		cb_buf_str(&p->digits, line);
	}
	return cb_fail(p->env, CB_ECORRUPT, "line %u: the certificate that begins here has no end", begun);
}

static int read_text(struct pem *p, struct cb_buf *ret, size_t *ret_n)
{
	struct cb_str line;
	size_t n = 0;

	while (next_line(p, &line)) {
		if (is_label(line, END))
			return cb_fail(p->env, CB_ECORRUPT, "line %u: a certificate ends that has not begun",
				       p->line);
		if (!is_label(line, BEGIN))
			continue;

		int r = read_block(p, ret);

		if (r < 0)
			return r;
		n++;
	}
	if (n == 0)
		return cb_fail(p->env, CB_ENOTMINE, "no certificate is in it, neither PEM nor DER");
	*ret_n = n;
	return 0;
}

static int read_der(struct cb_env *env, struct cb_bytes in, struct cb_buf *ret, size_t *ret_n)
{
	size_t n = 0;

	for (size_t at = 0; at < in.n; n++) {
		size_t size = cb_der_sequence((struct cb_bytes){ in.p + at, in.n - at });

		if (size == 0)
			return cb_fail(env, CB_ECORRUPT, "byte %zu: no whole certificate in DER", at);
		at += size;
	}
	cb_buf_add(ret, in.p, in.n);
	if (cb_buf_status(ret) < 0)
		return cb_buf_status(ret);
	*ret_n = n;
	return 0;
}

int cb_pem_certificates(struct cb_env *env, struct cb_bytes in, struct cb_buf *ret, size_t *ret_n)
{
	struct pem p = { .env = env, .left = { (const char *)in.p, in.n } };
	int r;

	if (in.n > 0 && in.p[0] == DER_SEQUENCE && cb_der_sequence(in) != 0)
		return read_der(env, in, ret, ret_n);
	cb_buf_init(&p.digits, env, in.n);
	r = read_text(&p, ret, ret_n);
	cb_buf_fini(&p.digits);
	return r;
}
