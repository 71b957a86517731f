/* tls/tls.c - mbedTLS as a cb_stream over another one. */
#include "tls/tls.h"

#include <glue.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>

#include "codec/pem.h"
#include "core/limits.h"
#include "core/str.h"
#include "tls/judge_priv.h"

#define IDLE_MAX 64u /* records in a row that carry no data: session tickets, key updates */

struct tls {
	struct cb_stream stream; /* first */
	struct cb_stream *below;
	uint64_t timeout_ns; /* of the call that is under way */
	int status;	     /* what went wrong below; 0: nothing */
	struct tls_judge judge;
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_x509_crt ca;
};

static void *get(void *ctx, size_t n)
{
	return cb_alloc_aligned(ctx, n, 16);
}

static void give(void *ctx, void *p, size_t n)
{
	cb_wipe(p, n); /* keys were in it */
	cb_free(ctx, p, n);
}

static int random(void *ctx, void *p, size_t n)
{
	const struct cb_env *env = ctx;

	return env->plat->entropy(env->ctx, p, n);
}

/* Before every call of the library. */
static void use(struct cb_env *env)
{
	const struct mbedtls_glue glue = { get, give, random, env };

	mbedtls_glue_set(&glue);
}

static int bio_send(void *ctx, const unsigned char *p, size_t n)
{
	struct tls *t = ctx;

	t->status = t->below->ops->write(t->below, p, n, t->timeout_ns);
	return t->status == 0 ? (int)n
			      : MBEDTLS_ERR_SSL_INTERNAL_ERROR; /* n is a record's at most */
}

static int bio_receive(void *ctx, unsigned char *p, size_t n)
{
	struct tls *t = ctx;
	size_t got = 0;

	t->status = t->below->ops->read(t->below, p, n, t->timeout_ns, &got);
	if (t->status < 0)
		return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
	return got > 0 ? (int)got : MBEDTLS_ERR_SSL_CONN_EOF; /* the same */
}

/* What the library says in numbers; what failed below has its own report. */
static int failed(struct tls *t, int code, const char *what)
{
	struct cb_env *env = t->stream.env;

	if (t->status < 0)
		return cb_wrap(env, t->status, "TLS: %s", what);
	if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
		return tls_judge_report(env, &t->judge);
	if (code == MBEDTLS_ERR_SSL_ALLOC_FAILED || code == MBEDTLS_ERR_X509_ALLOC_FAILED)
		return cb_fail(env, CB_ENOMEM, "TLS: %s: out of memory", what);
	if (code == MBEDTLS_ERR_SSL_CONN_EOF)
		return cb_fail(env, CB_EIO, "TLS: %s: the connection was cut", what);
	if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		return cb_fail(env, CB_EUNSUP,
			       "TLS: %s: the server refuses (alert %u): it may want ciphers or a "
			       "version that nobody should use any more",
			       what, (unsigned)t->ssl.private_in_msg[1]);
	if (code == MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE ||
	    code == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION)
		return cb_fail(env, CB_EUNSUP, "TLS: %s: nothing in common with the server", what);
	return cb_fail(env, CB_EIO, "TLS: %s failed (mbedTLS -0x%04x)", what, (unsigned)-code);
}

/* 1.3's session tickets come in between, and mean nothing here. */
static bool goes_on(int code)
{
	return code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE ||
	       code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

static int tls_read(struct cb_stream *s, void *buf, size_t n, uint64_t timeout_ns, size_t *ret_n)
{
	struct tls *t = (struct tls *)s;
	unsigned idle = 0;
	int code;

	use(s->env);
	t->timeout_ns = timeout_ns;
	do
		code = mbedtls_ssl_read(&t->ssl, buf, n);
	while (goes_on(code) && idle++ < IDLE_MAX);
	if (goes_on(code))
		return cb_fail(s->env, CB_ELIMIT, "TLS: more than %u records without data", IDLE_MAX);
	if (code == 0)
		return failed(t, MBEDTLS_ERR_SSL_CONN_EOF,
			      "receiving"); /* an end that nobody signed */
	if (code < 0 && code != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		return failed(t, code, "receiving");
	*ret_n = code > 0 ? (size_t)code : 0;
	return 0;
}

static int tls_write(struct cb_stream *s, const void *buf, size_t n, uint64_t timeout_ns)
{
	struct tls *t = (struct tls *)s;
	const uint8_t *p = buf;

	use(s->env);
	t->timeout_ns = timeout_ns;
	while (n > 0) {
		int code = mbedtls_ssl_write(&t->ssl, p, n);

		if (goes_on(code))
			continue;
		if (code <= 0)
			return failed(t, code, "sending");
		p += code;
		n -= (size_t)code;
	}
	return 0;
}

static void tls_close(struct cb_stream *s)
{
	struct tls *t = (struct tls *)s;
	struct cb_env *env = s->env;

	use(env);
	if (t->status == 0)
		(void)mbedtls_ssl_close_notify(
			&t->ssl); /* politeness: all that was wanted is here */
	mbedtls_ssl_free(&t->ssl);
	mbedtls_ssl_config_free(&t->config);
	mbedtls_x509_crt_free(&t->ca);
	if (t->below != NULL)
		t->below->ops->close(t->below);
	cb_wipe(t, sizeof(*t));
	cb_free(env, t, sizeof(*t));
}

static const struct cb_stream_ops ops = { tls_read, tls_write, tls_close };

/* Certificates of a kind that this build doesn't know vouch for nobody; without any there is no
 * TLS. */
static int add_ca(struct tls *t, struct cb_bytes ca)
{
	struct cb_env *env = t->stream.env;
	unsigned known = 0;

	if (ca.n == 0)
		return cb_fail(env, CB_EAUTH,
			       "TLS: no certificate authority is built in: give one to build --ca");
	while (ca.n > 0) {
		size_t n = cb_der_sequence(ca);
		int code;

		if (n == 0)
			return cb_fail(
				env, CB_ECORRUPT,
				"TLS: the built-in certificates are damaged, %zu bytes before "
				"their end",
				ca.n);
		code = mbedtls_x509_crt_parse_der_nocopy(&t->ca, ca.p, n);
		if (code == MBEDTLS_ERR_X509_ALLOC_FAILED)
			return cb_fail(env, CB_ENOMEM, "TLS: out of memory");
		known += code == 0;
		ca = (struct cb_bytes){ ca.p + n, ca.n - n };
	}
	return known > 0 ? 0
			 : cb_fail(env, CB_EAUTH,
				   "TLS: none of the built-in certificates can be used");
}

/* mbedTLS 3.6.6 refuses RSA-PSS from a server that speaks 1.2, yet offers it for 1.3, and such
 * servers then like to take it. So it comes last here, and is left out for those that took it all
 * the same. */
static const uint16_t signatures[] = {
	MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
	MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
	MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,	   MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
	MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,	   MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
	MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,	   MBEDTLS_TLS1_3_SIG_NONE,
};
static const uint16_t signatures12[] = {
	MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
	MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
	MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
	MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
	MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
	MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
	MBEDTLS_TLS1_3_SIG_NONE,
};

static int configure(struct tls *t, struct cb_str host, bool only12)
{
	char name[CB_MAX_HOST + 1];
	int code = mbedtls_ssl_config_defaults(&t->config, MBEDTLS_SSL_IS_CLIENT,
					       MBEDTLS_SSL_TRANSPORT_STREAM,
					       MBEDTLS_SSL_PRESET_DEFAULT);

	memcpy(name, host.p, host.n); /* net/url.c: at most CB_MAX_HOST */
	name[host.n] = '\0';
	if (code == 0) {
		mbedtls_ssl_conf_authmode(&t->config, MBEDTLS_SSL_VERIFY_REQUIRED);
		mbedtls_ssl_conf_ca_chain(&t->config, &t->ca, NULL);
		mbedtls_ssl_conf_verify(&t->config, tls_judge, &t->judge);
		mbedtls_ssl_conf_rng(&t->config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
		mbedtls_ssl_conf_sig_algs(&t->config, only12 ? signatures12 : signatures);
		if (only12)
			mbedtls_ssl_conf_max_tls_version(&t->config, MBEDTLS_SSL_VERSION_TLS1_2);
		code = mbedtls_ssl_setup(&t->ssl, &t->config);
	}
	if (code == 0)
		code = mbedtls_ssl_set_hostname(&t->ssl, t->judge.is_ip4 ? NULL : name);
	mbedtls_ssl_set_bio(&t->ssl, t, bio_send, bio_receive, NULL);
	return code == 0 ? 0 : failed(t, code, "beginning");
}

/* *ret_again: it is worth another connection, with 1.2 alone. */
static int shake_hands(struct tls *t, bool *ret_again)
{
	int code;

	do
		code = mbedtls_ssl_handshake(&t->ssl);
	while (goes_on(code)); /* each took a record from the stream */
	*ret_again = code == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER &&
		     mbedtls_ssl_get_version_number(&t->ssl) == MBEDTLS_SSL_VERSION_TLS1_2;
	return code == 0 ? 0 : failed(t, code, "the handshake");
}

static int check_world(struct cb_env *env, int64_t now)
{
	uint8_t byte;

	if (env->plat->entropy(env->ctx, &byte, 1) != 0)
		return cb_fail(env, CB_EUNSUP,
			       "TLS: this machine gives no random numbers: virtio-rng would");
	if (now == CB_TLS_NO_TIME)
		return cb_fail(env, CB_EAUTH,
			       "TLS: this machine has no clock, so no certificate can be judged");
	return psa_crypto_init() == PSA_SUCCESS
		       ? 0
		       : cb_fail(env, CB_ENOMEM, "TLS: beginning: out of memory");
}

static int connect(struct cb_tls_dial *d, const struct cb_url *url, uint64_t timeout_ns,
		   bool only12, struct cb_stream **ret, bool *ret_again)
{
	struct tls *t = cb_alloc(d->env, sizeof(*t));
	int r;

	*ret_again = false;
	if (t == NULL)
		return CB_ENOMEM;
	*t = (struct tls){ .stream = { &ops, d->env },
			   .timeout_ns = timeout_ns,
			   .judge = { .host = url->host, .now = d->now } };
	t->judge.is_ip4 = cb_url_ip4(url->host, t->judge.ip4);
	mbedtls_ssl_init(&t->ssl);
	mbedtls_ssl_config_init(&t->config);
	mbedtls_x509_crt_init(&t->ca);
	r = add_ca(t, d->ca);
	if (r == 0)
		r = d->below->open(d->below, url, timeout_ns, &t->below);
	if (r == 0)
		r = configure(t, url->host, only12);
	if (r == 0)
		r = shake_hands(t, ret_again);
	if (r < 0) {
		tls_close(&t->stream);
		return r;
	}
	*ret = &t->stream;
	return 0;
}

static int dial_open(struct cb_dial *dial, const struct cb_url *url, uint64_t timeout_ns,
		     struct cb_stream **ret)
{
	struct cb_tls_dial *d = (struct cb_tls_dial *)dial;
	bool again = false;
	int r;

	if (!url->tls)
		return d->below->open(d->below, url, timeout_ns, ret);
	use(d->env);
	r = check_world(d->env, d->now);
	if (r == 0)
		r = connect(d, url, timeout_ns, false, ret, &again);
	if (!again)
		return r;
	cb_clear(d->env);
	return connect(d, url, timeout_ns, true, ret, &again);
}

void cb_tls_dial_init(struct cb_tls_dial *d, struct cb_env *env, struct cb_dial *below,
		      struct cb_bytes ca, int64_t now)
{
	*d = (struct cb_tls_dial){ { dial_open }, env, below, ca, now };
}

void cb_tls_dial_fini(struct cb_tls_dial *d)
{
	use(d->env);
	mbedtls_psa_crypto_free();
}
