/* tls/judge_priv.h - is this the server that was asked for? */
#ifndef CB_TLS_JUDGE_PRIV_H
#define CB_TLS_JUDGE_PRIV_H

#include "core/mem.h"
#include "mbedtls/x509_crt.h"

struct tls_judge {
	struct cb_str host;
	int64_t now;                 /* seconds since 1970 */
	uint32_t flags;              /* MBEDTLS_X509_BADCERT_*, of the whole chain */
	mbedtls_x509_time bound;     /* the one that was overstepped */
};

/* For mbedtls_ssl_conf_verify(): adds what the library can't know without a clock. */
int tls_judge(void *judge, mbedtls_x509_crt *crt, int depth, uint32_t *flags);
/* What was found, as a report. */
int tls_judge_report(struct cb_env *env, const struct tls_judge *j);

/* Bytes of the DER value (X.690, 8.1) that in begins with, its head included; 0: none that fits. */
size_t tls_der_size(struct cb_bytes in);

#endif
