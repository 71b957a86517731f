/* tls/judge.c - validity in time (RFC 5280, 4.1.2.5), and what is wrong with a certificate, in
 * words. */
#include "tls/judge_priv.h"

#include <mbedtls/x509_crt.h>

#include "core/date.h"
#include "core/err.h"
#include "core/str.h"

static int64_t seconds(const mbedtls_x509_time *t)
{
	return cb_date_seconds(t->year, t->mon, t->day, t->hour, t->min, t->sec);
}

static void overstepped(struct tls_judge *j, const mbedtls_x509_time *t)
{
	j->year = t->year;
	j->month = t->mon;
	j->day = t->day;
}

/* RFC 5280, 4.2.1.6: an iPAddress of the four bytes. */
static bool is_for(const mbedtls_x509_crt *crt, const uint8_t ip4[4])
{
	const uint8_t tag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_X509_SAN_IP_ADDRESS;

	for (const mbedtls_x509_sequence *s = &crt->subject_alt_names; s != NULL; s = s->next)
		if (s->buf.tag == tag && s->buf.len == 4 && memcmp(s->buf.p, ip4, 4) == 0)
			return true;
	return false;
}

int tls_judge(void *judge, struct mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct tls_judge *j = judge;

	if (depth == 0 && j->is_ip4 && !is_for(crt, j->ip4))
		*flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
	if (j->now > seconds(&crt->valid_to)) {
		*flags |= MBEDTLS_X509_BADCERT_EXPIRED;
		overstepped(j, &crt->valid_to);
	}
	if (j->now < seconds(&crt->valid_from)) {
		*flags |= MBEDTLS_X509_BADCERT_FUTURE;
		overstepped(j, &crt->valid_from);
	}
	j->flags |= *flags;
	return 0;
}

int tls_judge_report(struct cb_env *env, const struct tls_judge *j)
{
	if (j->flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return cb_fail(env, CB_EAUTH,
			       "TLS: nobody whom we know vouches for the server's certificate");
	if (j->flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
		return cb_fail(env, CB_EAUTH,
			       "TLS: the server's certificate is for another host than %.*s",
			       CB_STR_ARG(j->host));
	if (j->flags & MBEDTLS_X509_BADCERT_EXPIRED)
		return cb_fail(env, CB_EAUTH,
			       "TLS: the server's certificate expired on %d-%02d-%02d", j->year,
			       j->month, j->day);
	if (j->flags & MBEDTLS_X509_BADCERT_FUTURE)
		return cb_fail(env, CB_EAUTH,
			       "TLS: the server's certificate is valid from %d-%02d-%02d on: is "
			       "this machine's clock right?",
			       j->year, j->month, j->day);
	return cb_fail(env, CB_EAUTH, "TLS: the server's certificate is refused (flags 0x%x)",
		       j->flags);
}
