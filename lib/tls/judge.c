/* tls/judge.c - validity in time (RFC 5280, 4.1.2.5), and what is wrong with a certificate, in words. */
#include "tls/judge_priv.h"

#include "core/date.h"
#include "core/err.h"
#include "core/str.h"

static int64_t seconds(const mbedtls_x509_time *t)
{
	return cb_date_seconds(t->year, t->mon, t->day, t->hour, t->min, t->sec);
}

int tls_judge(void *judge, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct tls_judge *j = judge;

	(void)depth;
	if (j->now > seconds(&crt->valid_to)) {
		*flags |= MBEDTLS_X509_BADCERT_EXPIRED;
		j->bound = crt->valid_to;
	}
	if (j->now < seconds(&crt->valid_from)) {
		*flags |= MBEDTLS_X509_BADCERT_FUTURE;
		j->bound = crt->valid_from;
	}
	j->flags |= *flags;
	return 0;
}

int tls_judge_report(struct cb_env *env, const struct tls_judge *j)
{
	const mbedtls_x509_time *t = &j->bound;

	if (j->flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return cb_fail(env, CB_EAUTH, "TLS: nobody whom we know vouches for the server's certificate");
	if (j->flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
		return cb_fail(env, CB_EAUTH, "TLS: the server's certificate is for another host than %.*s",
			       CB_STR_ARG(j->host));
	if (j->flags & MBEDTLS_X509_BADCERT_EXPIRED)
		return cb_fail(env, CB_EAUTH, "TLS: the server's certificate expired on %d-%02d-%02d", t->year,
			       t->mon, t->day);
	if (j->flags & MBEDTLS_X509_BADCERT_FUTURE)
		return cb_fail(env, CB_EAUTH, "TLS: the server's certificate is valid from %d-%02d-%02d on: is "
			       "this machine's clock right?", t->year, t->mon, t->day);
	return cb_fail(env, CB_EAUTH, "TLS: the server's certificate is refused (flags 0x%x)", j->flags);
}

size_t tls_der_size(struct cb_bytes in)
{
	size_t n, bytes;

	if (in.n < 2)
		return 0;
	if (in.p[1] < 0x80)
		return in.p[1] + 2u <= in.n ? in.p[1] + 2u : 0;
	bytes = in.p[1] & 0x7f;
	if (bytes == 0 || bytes > 3 || in.n < 2 + bytes)
		return 0;
	n = 0;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | in.p[2 + i];
	return n <= in.n - 2 - bytes ? n + 2 + bytes : 0;
}
