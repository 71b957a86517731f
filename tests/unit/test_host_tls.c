/* tests/unit/test_host_tls.c - lib/tls against `openssl s_server` on loopback, with certificates made here. */
#include "tls/tls.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "unit/check.h"

#define STALL     UINT64_C(20000000000)
#define BIG       (1u << 20)
#define WHOLE     UINT64_MAX
#define DAYS      (INT64_C(86400))

/* A folder of keys, certificates and a file of random bytes, made once. */
static char folder[32];

static const char make_folder[] =
	"set -e\n"
	"ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=$1 "
	"-keyout $1.key -out $1.pem; openssl x509 -in $1.pem -outform DER -out $1.der; }\n"
	"leaf() { name=$1; shift; openssl req -new -nodes -subj /CN=leaf -keyout $name.key -out $name.csr \"$@\"\n"
	"printf 'subjectAltName=DNS:boot.test,IP:127.0.0.1' > $name.ext\n"
	"openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3 -extfile $name.ext "
	"-out $name.pem; }\n"
	"ca ca; ca other\n"
	"leaf ec -newkey ec -pkeyopt ec_paramgen_curve:P-256\n"
	"leaf rsa -newkey rsa:2048\n"
	"head -c 1048576 /dev/urandom > big\n";

static bool prepare(void)
{
	char command[sizeof(make_folder) + 96];

	if (folder[0] != '\0')
		return true;
	(void)snprintf(folder, sizeof(folder), "/tmp/cb-tls-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return false;
	(void)snprintf(command, sizeof(command), "cd %s && exec > log 2>&1\n%s", folder, make_folder);
	return system(command) == 0;
}

static size_t slurp(const char *name, uint8_t *to, size_t room)
{
	char path[64];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	n = f != NULL ? fread(to, 1, room, f) : 0;
	return f != NULL && fclose(f) == 0 ? n : 0;
}

struct server {
	FILE *out;
	int pid, port;
};

/* args: of s_server; key: "ec" or "rsa". */
static bool serve(const char *args, const char *key, struct server *s)
{
	char command[512], line[128];

	(void)snprintf(command, sizeof(command),
		       "cd %s && echo $$ && exec openssl s_server -accept 127.0.0.1:0 -WWW -cert %s.pem -key %s.key "
		       "%s 2>&1", folder, key, key, args);
	*s = (struct server){ .out = popen(command, "r") };
	if (s->out == NULL || fgets(line, sizeof(line), s->out) == NULL)
		return false;
	s->pid = (int)strtoul(line, NULL, 10);
	while (s->port == 0 && fgets(line, sizeof(line), s->out) != NULL)
		(void)sscanf(line, "ACCEPT 127.0.0.1:%d", &s->port); /* other lines are not it */
	return s->port != 0;
}

static void stop(struct server *s)
{
	if (s->pid > 1)
		(void)kill(s->pid, SIGKILL); /* it may have ended by itself */
	if (s->out != NULL)
		(void)pclose(s->out);
}

/* A socket, which ends after so many bytes came. */
struct wire {
	struct cb_stream stream;
	int fd;
	uint64_t left;
};

static int wire_read(struct cb_stream *s, void *buf, size_t n, uint64_t timeout_ns, size_t *ret_n)
{
	struct wire *w = (struct wire *)s;
	ssize_t got;

	(void)timeout_ns;
	if (n > w->left)
		n = (size_t)w->left;
	got = n > 0 ? read(w->fd, buf, n) : 0;
	if (got < 0)
		return cb_fail(s->env, CB_EIO, "the socket broke");
	w->left -= (uint64_t)got;
	*ret_n = (size_t)got;
	return 0;
}

static int wire_write(struct cb_stream *s, const void *buf, size_t n, uint64_t timeout_ns)
{
	(void)timeout_ns;
	return send(((struct wire *)s)->fd, buf, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 :
		cb_fail(s->env, CB_EIO, "the socket broke");
}

static void wire_close(struct cb_stream *s)
{
	(void)close(((struct wire *)s)->fd); /* it was only read */
	cb_free(s->env, s, sizeof(struct wire));
}

static const struct cb_stream_ops wire_ops = { wire_read, wire_write, wire_close };

struct dial {
	struct cb_dial dial;
	struct cb_env *env;
	int port;
	uint64_t left;
};

static int dial_open(struct cb_dial *dial, const struct cb_url *u, uint64_t timeout_ns, struct cb_stream **ret)
{
	const struct dial *d = (const struct dial *)dial;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)d->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct wire *w = cb_alloc(d->env, sizeof(*w));

	(void)u, (void)timeout_ns;
	if (w == NULL)
		return CB_ENOMEM;
	*w = (struct wire){ { &wire_ops, d->env }, socket(AF_INET, SOCK_STREAM, 0), d->left };
	if (connect(w->fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		wire_close(&w->stream);
		return cb_fail(d->env, CB_EIO, "no server");
	}
	*ret = &w->stream;
	return 0;
}

struct talk {
	const struct server *server;
	const char *host, *ca;
	int64_t now;
	uint64_t left;
};

static uint8_t want[BIG], got[BIG + 4096];

/* The big file, compared. */
static int ask(struct cb_check *t, struct cb_stream *s)
{
	static const char request[] = "GET /big HTTP/1.0\r\n\r\n";
	size_t n = 0, part = 0;
	int r = s->ops->write(s, request, sizeof(request) - 1, STALL);

	while (r == 0 && n < sizeof(got)) {
		r = s->ops->read(s, got + n, sizeof(got) - n, STALL, &part);
		n += part;
		if (r < 0 || part == 0)
			break;
	}
	if (r < 0)
		return r;
	CB_CHECK(t, n > BIG && memcmp(got + n - BIG, want, BIG) == 0);
	return 0;
}

static int talk(struct cb_check *t, void *arg)
{
	const struct talk *k = arg;
	struct dial wire = { { dial_open }, t->env, k->server->port, k->left };
	struct cb_tls_dial tls;
	struct cb_stream *s;
	struct cb_url url;
	uint8_t der[1024];
	char text[64];
	int r;

	(void)snprintf(text, sizeof(text), "https://%s/big", k->host);
	r = cb_url_parse(t->env, cb_str_c(text), &url);
	if (r < 0)
		return r;
	cb_tls_dial_init(&tls, t->env, &wire.dial,
			 (struct cb_bytes){ der, k->ca != NULL ? slurp(k->ca, der, sizeof(der)) : 0 }, k->now);
	r = tls.dial.open(&tls.dial, &url, STALL, &s);
	if (r == 0) {
		r = ask(t, s);
		s->ops->close(s);
	}
	cb_tls_dial_fini(&tls);
	return r;
}

static bool ready(struct cb_check *t)
{
	CB_CHECK(t, prepare());
	return slurp("big", want, BIG) == BIG;
}

static void speaks(struct cb_check *t)
{
	static const struct { const char *args, *key, *host; } cases[] = {
		{ "-tls1_3", "ec", "boot.test" },
		{ "-tls1_3", "rsa", "127.0.0.1" },
		{ "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256", "ec", "BOOT.test" },
		{ "-tls1_3 -groups P-384", "ec", "boot.test" },
		{ "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", "ec", "boot.test" },
		{ "-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384", "rsa", "boot.test" },
		{ "-tls1_2 -cipher ECDHE-RSA-CHACHA20-POLY1305", "rsa", "boot.test" },
		{ "-tls1_2 -serverpref", "rsa", "boot.test" },
	};

	CB_REQUIRE(t, ready(t));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server s;
		struct talk k = { &s, cases[i].host, "ca.der", time(NULL), WHOLE };

		CB_CHECK(t, serve(cases[i].args, cases[i].key, &s));
		if (!cb_check_text(t, __FILE__, __LINE__, cases[i].args,
				   cb_str_c(talk(t, &k) == 0 ? "" : t->env->diag->text), CB_STR("")))
			cb_clear(t->env);
		stop(&s);
	}
}

static void refuses(struct cb_check *t)
{
	static const struct {
		const char *args, *key, *host, *ca;
		int64_t days;
		int code;
		const char *text;
	} cases[] = {
		{ "-tls1_3", "ec", "other.test", "ca.der", 0, CB_EAUTH, "another host than other.test" },
		{ "-tls1_2", "rsa", "127.0.0.2", "ca.der", 0, CB_EAUTH, "another host than 127.0.0.2" },
		{ "-tls1_3", "ec", "boot.test", "other.der", 0, CB_EAUTH, "nobody whom we know" },
		{ "-tls1_2", "rsa", "boot.test", "other.der", 0, CB_EAUTH, "nobody whom we know" },
		{ "-tls1_3", "ec", "boot.test", NULL, 0, CB_EAUTH, "no certificate authority" },
		{ "-tls1_3", "ec", "boot.test", "ca.pem", 0, CB_ECORRUPT, "certificates are damaged" },
		{ "-tls1_3", "ec", "boot.test", "ca.der", 10, CB_EAUTH, "expired on 20" },
		{ "-tls1_2", "rsa", "boot.test", "ca.der", -10, CB_EAUTH, "valid from 20" },
		{ "-tls1_1 -cipher ALL:@SECLEVEL=0", "rsa", "boot.test", "ca.der", 0, CB_EUNSUP, "TLS" },
		{ "-tls1_2 -cipher AES128-GCM-SHA256", "rsa", "boot.test", "ca.der", 0, CB_EUNSUP, "TLS" },
		{ "-tls1_2 -cipher ECDHE-RSA-AES128-SHA256", "rsa", "boot.test", "ca.der", 0, CB_EUNSUP, "TLS" },
		{ "-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256", "rsa", "boot.test", "ca.der", 0, CB_EUNSUP, "TLS" },
	};
	struct server s;

	CB_REQUIRE(t, ready(t));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct talk k = { &s, cases[i].host, cases[i].ca, time(NULL) + cases[i].days * DAYS, WHOLE };

		CB_CHECK(t, serve(cases[i].args, cases[i].key, &s));
		CB_CHECK_ERR(t, talk(t, &k), cases[i].code, cases[i].text);
		stop(&s);
	}
	CB_CHECK(t, serve("-tls1_3", "ec", &s));
	struct talk clockless = { &s, "boot.test", "ca.der", CB_TLS_NO_TIME, WHOLE };

	CB_CHECK_ERR(t, talk(t, &clockless), CB_EAUTH, "no clock");
	stop(&s);
}

/* Who cuts the wire gets no half a file taken for a whole one, wherever it is cut. */
static void notices_cuts(struct cb_check *t)
{
	static const char *const versions[] = { "-tls1_3", "-tls1_2" };
	static const uint64_t cuts[] = { 0, 3, 5, 200, 900, 1500, 40000, BIG };

	CB_REQUIRE(t, ready(t));
	for (size_t v = 0; v < 2; v++) {
		struct server s;

		CB_CHECK(t, serve(versions[v], "ec", &s));
		for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
			struct talk k = { &s, "boot.test", "ca.der", time(NULL), cuts[i] };

			CB_CHECK_ERR(t, talk(t, &k), CB_EIO, "the connection was cut");
		}
		stop(&s);
	}
}

static void faults(struct cb_check *t)
{
	struct server s;
	struct talk k = { &s, "boot.test", "ca.der", time(NULL), WHOLE };

	CB_REQUIRE(t, ready(t));
	CB_CHECK(t, serve("-tls1_3", "ec", &s));
	cb_check_faults(t, talk, &k, 120);
	stop(&s);
}

static void tidies_up(struct cb_check *t)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	CB_CHECK(t, folder[0] == '\0' || system(command) == 0);
	folder[0] = '\0';
}

CB_SUITE(host_tls, CB_TEST(speaks), CB_TEST(refuses), CB_TEST(notices_cuts), CB_TEST(faults),
	 CB_TEST(tidies_up));
