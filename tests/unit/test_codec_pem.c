/* Certificates in PEM and DER: what is taken, what is passed over, which line is blamed. */
#include "codec/pem.h"

#include "core/str.h"
#include "unit/check.h"

#define B "-----BEGIN CERTIFICATE-----\n"
#define E "-----END CERTIFICATE-----\n"
#define ONE   "MAMCAQE=\n"               /* 30 03 02 01 01 */
#define EMPTY "MAA=\n"                   /* 30 00 */

static struct cb_bytes bytes_of(struct cb_str s)
{
	return (struct cb_bytes){ (const uint8_t *)s.p, s.n };
}

static void taken(struct cb_check *t)
{
	static const struct { const char *text; size_t n, size; } rows[] = {
		{ B ONE E, 1, 5 },
		{ B "MAMC\nAQE=\n" E, 1, 5 },
		{ "# a name\r\n" B ONE E "more\n\n" B EMPTY E, 2, 7 },
		{ "-----BEGIN CERTIFICATE-----\r\nMAMCAQE=  \r\n-----END CERTIFICATE-----", 1, 5 },
		{ "-----BEGIN PRIVATE KEY-----\nMAMCAQE=\n-----END PRIVATE KEY-----\n" B ONE E, 1, 5 },
		{ "-----BEGIN TRUSTED CERTIFICATE-----\n!\n-----END TRUSTED CERTIFICATE-----\n" B ONE E,
		  1, 5 },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cb_buf b;
		size_t n = 0;

		cb_buf_init(&b, t->env, 1000);
		CB_CHECK_INT(t, cb_pem_certificates(t->env, bytes_of(cb_str_c(rows[i].text)), &b, &n), 0);
		CB_CHECK_INT(t, n, rows[i].n);
		CB_CHECK_INT(t, b.n, rows[i].size);
		CB_CHECK(t, b.n >= 2 && b.p[0] == 0x30);
		cb_buf_fini(&b);
	}
}

static void refused(struct cb_check *t)
{
	static const struct { const char *text, *says; int error; } rows[] = {
		{ "", "no certificate", CB_ENOTMINE },
		{ "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", "no certificate",
		  CB_ENOTMINE },
		{ "\n\n" B ONE, "line 3: the certificate that begins here has no end", CB_ECORRUPT },
		{ B ONE B ONE E, "line 3: the certificate that begins in line 1 has not ended", CB_ECORRUPT },
		{ B ONE "-----END PRIVATE KEY-----\n", "line 3: ", CB_ECORRUPT },
		{ "----BEGIN CERTIFICATE-----\n" ONE E, "line 3: a certificate ends", CB_ECORRUPT },
		{ B "MAMC*QE=\n" E, "line 1: the certificate that begins here", CB_ECORRUPT },
		{ B "MAMC AQE=\n" E, "line 1: ", CB_ECORRUPT },
		{ B "MAMCAQ==\n" E, "line 1: what begins here is no certificate", CB_ECORRUPT },
		{ B "MAMCAQEA\n" E, "line 1: what begins here is no certificate", CB_ECORRUPT },
		{ B "AAMCAQE=\n" E, "line 1: what begins here is no certificate", CB_ECORRUPT },
		{ B E, "line 1: what begins here is no certificate", CB_ECORRUPT },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cb_buf b;
		size_t n = 99;

		cb_buf_init(&b, t->env, 1000);
		CB_CHECK_ERR(t, cb_pem_certificates(t->env, bytes_of(cb_str_c(rows[i].text)), &b, &n),
			     rows[i].error, rows[i].says);
		CB_CHECK_INT(t, n, 99);
		cb_buf_fini(&b);
	}
}

static void der(struct cb_check *t)
{
	static const uint8_t two[] = { 0x30, 3, 2, 1, 1, 0x30, 0 };
	struct cb_buf b;
	size_t n = 0;

	cb_buf_init(&b, t->env, 1000);
	CB_CHECK_INT(t, cb_pem_certificates(t->env, (struct cb_bytes){ two, 7 }, &b, &n), 0);
	CB_CHECK(t, n == 2 && b.n == 7 && memcmp(b.p, two, 7) == 0);
	b.n = 0;
	CB_CHECK_ERR(t, cb_pem_certificates(t->env, (struct cb_bytes){ two, 6 }, &b, &n), CB_ECORRUPT,
		     "byte 5");
	CB_CHECK(t, b.n == 0);
	cb_buf_fini(&b);
}

static void sequences(struct cb_check *t)
{
	static const struct { uint8_t head[6]; size_t have, want; } rows[] = {
		{ { 0x30, 0 }, 2, 2 }, { { 0x30, 0 }, 1, 0 }, { { 0x31, 0 }, 2, 0 },
		{ { 0x30, 0x7f }, 129, 129 }, { { 0x30, 0x7f }, 128, 0 },
		{ { 0x30, 0x80 }, 200, 0 },                    /* indefinite: BER */
		{ { 0x30, 0x81, 0x80 }, 131, 131 }, { { 0x30, 0x81, 0x80 }, 130, 0 },
		{ { 0x30, 0x81, 0x7f }, 200, 0 },              /* not the shortest */
		{ { 0x30, 0x82, 0x00, 0x80 }, 200, 0 },
		{ { 0x30, 0x82, 0x01, 0x00 }, 260, 260 }, { { 0x30, 0x82, 0x01, 0x00 }, 259, 0 },
		{ { 0x30, 0x82, 0x01 }, 3, 0 }, { { 0x30, 0x83, 0xff, 0xff, 0xff }, 300, 0 },
		{ { 0x30, 0x84, 0x01, 0x00, 0x00, 0x00 }, 300, 0 },
	};
	static uint8_t text[300];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(text, 0, sizeof(text));
		memcpy(text, rows[i].head, sizeof(rows[i].head));
		CB_CHECK_INT(t, cb_der_sequence((struct cb_bytes){ text, rows[i].have }), rows[i].want);
	}
}

static int read_two(struct cb_check *t, void *arg)
{
	struct cb_buf b;
	size_t n;

	(void)arg;
	cb_buf_init(&b, t->env, 1000);

	int r = cb_pem_certificates(t->env, bytes_of(CB_STR(B ONE E B EMPTY E)), &b, &n);

	cb_buf_fini(&b);
	return r;
}

static void faults(struct cb_check *t) { cb_check_faults(t, read_two, NULL, 20); }

CB_SUITE(codec_pem, CB_TEST(taken), CB_TEST(refused), CB_TEST(der), CB_TEST(sequences), CB_TEST(faults));
