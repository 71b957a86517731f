/* tls/judge_priv.h - is this the server that was asked for? */
#ifndef CB_TLS_JUDGE_PRIV_H
#define CB_TLS_JUDGE_PRIV_H

#include "core/mem.h"

struct mbedtls_x509_crt;

struct tls_judge {
	struct cb_str host;
	bool is_ip4;                 /* host is an address: SNI has no room for it (RFC 6066, 3) */
	uint8_t ip4[4];
	int64_t now;                 /* seconds since 1970 */
	uint32_t flags;              /* MBEDTLS_X509_BADCERT_*, of the whole chain */
	int year, month, day;        /* the bound that was overstepped */
};

/* For mbedtls_ssl_conf_verify(): adds what the library can't know without a clock. */
int tls_judge(void *judge, struct mbedtls_x509_crt *crt, int depth, uint32_t *flags);
/* What was found, as a report. */
int tls_judge_report(struct cb_env *env, const struct tls_judge *j);

#endif
