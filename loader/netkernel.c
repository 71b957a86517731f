/* loader/netkernel.c - a kernel and an initrd by HTTP: cloudboot.kernel and cloudboot.initrd,
 * each perhaps with "#sha256=" and the digest that its bytes must have. */
#include "codec/hash.h"
#include "codec/hex.h"
#include "core/log.h"
#include "core/str.h"
#include "loader/loader.h"
#include "net/fetch.h"
#include "net/http1.h"
#include "tls/tls.h"
#include "uefi/net.h"

#define SECOND   UINT64_C(1000000000)
#define DHCP_NS  (30 * SECOND)
#define STALL_NS (20 * SECOND)
#define TRIES    3u
#define MIB      (UINT64_C(1) << 20)

/* One file on its way into memory. */
struct download {
	struct cb_loader *l;
	const char *what;
	struct cb_buf *to;
	struct cb_hash hash;
	uint64_t size;               /* CB_HTTP_UNKNOWN */
	uint64_t began_ns, shown_ns;
};

struct http_stack {
	struct cb_uefi_dial tcp;
	struct cb_tls_dial tls;
	struct cb_http1 http;
	struct cb_fetch fetch;
};

static bool wait(void *ctx, uint64_t ns)
{
	struct cb_loader *l = ctx;

	(void)l->u.st->bs->stall((size_t)(ns / 1000)); /* always succeeds */
	return false;
}

static void init_stack(struct cb_loader *l, struct http_stack *s)
{
	cb_uefi_dial_init(&s->tcp, &l->u, &l->env);
	cb_tls_dial_init(&s->tls, &l->env, &s->tcp.dial, built_in_ca(l),
			 time_to_judge_by(l));
	cb_http1_init(&s->http, &l->env, &s->tls.dial, CB_STR("cloud-boot/" CB_VERSION));
	s->fetch = (struct cb_fetch){ .env = &l->env,
				      .http = &s->http.http,
				      .wait = wait,
				      .wait_ctx = l,
				      .stall_ns = STALL_NS,
				      .tries = TRIES };
}

static int begin(void *ctx, uint64_t size)
{
	struct download *d = ctx;

	d->size = size;
	/* Once and whole: growing step by step would take twice the memory. */
	if (size != CB_HTTP_UNKNOWN && size > 0 && cb_buf_reserve(d->to, (size_t)size) == NULL)
		return cb_buf_status(d->to);
	return 0;
}

static void show(struct download *d)
{
	uint64_t now = cb_now_ns(&d->l->env);

	if (now - d->shown_ns < 2 * SECOND)
		return;
	d->shown_ns = now;
	say(d->l, "fetching", "%s, %llu of %llu MiB", d->what, (unsigned long long)(d->to->n / MIB),
	    (unsigned long long)(d->size != CB_HTTP_UNKNOWN ? d->size / MIB : 0));
}

static int write(void *ctx, const void *p, size_t n)
{
	struct download *d = ctx;

	cb_hash_add(&d->hash, p, n);
	cb_buf_add(d->to, p, n);
	show(d);
	return cb_buf_status(d->to);
}

/* "#sha256=0123...": false when there is no fragment. */
static int parse_digest(struct cb_loader *l, struct cb_str address, uint8_t ret[CB_HASH_MAX],
			bool *ret_given)
{
	size_t at = cb_str_chr(address, '#');
	struct cb_str digest = cb_str_sub(address, at != SIZE_MAX ? at + 1 : address.n, SIZE_MAX);

	*ret_given = at != SIZE_MAX;
	if (!*ret_given)
		return 0;
	if (!cb_str_starts(digest, CB_STR("sha256=")) ||
	    !cb_hex_parse(cb_str_sub(digest, 7, SIZE_MAX), ret, cb_hash_size(CB_HASH_SHA256)))
		return cb_fail(&l->env, CB_EINVAL,
			       "%.*s: #sha256= and 64 digits, or nothing, may follow an "
			       "address",
			       CB_STR_ARG(address));
	return 0;
}

static int check_digest(struct download *d, const uint8_t want[CB_HASH_MAX])
{
	char text[2 * CB_HASH_MAX + 1];
	uint8_t got[CB_HASH_MAX];
	size_t n = cb_hash_fini(&d->hash, got);

	cb_hex(text, got, n);
	if (memcmp(got, want, n) != 0)
		return cb_fail(&d->l->env, CB_EAUTH,
			       "its sha256 is %s, another one than was asked for", text);
	return 0;
}

/* Without a digest the way has to be one on which nobody can change the bytes. */
static int check_way(struct cb_loader *l, const struct cb_url *u, bool digest)
{
	if (digest || u->tls || cb_url_is_loopback(u) || cb_settings_insecure(&l->settings, u->host))
		return 0;
	return cb_fail(&l->env, CB_EAUTH,
		       "http://%.*s: over plain http anybody on the way can change it: give its digest with "
		       "#sha256=, or use https, or name the host in cloudboot.insecure", CB_STR_ARG(u->host));
}

static int get(struct cb_loader *l, struct http_stack *s, const char *what, struct cb_str address,
	       uint64_t max, struct cb_buf *to)
{
	struct cb_fetch_request req = { .max = max };
	struct download d = { .l = l, .what = what, .to = to, .began_ns = cb_now_ns(&l->env) };
	const struct cb_fetch_sink sink = { begin, write, &d };
	uint8_t want[CB_HASH_MAX];
	bool given = false;
	int r = cb_url_parse(&l->env, address, &req.url);

	if (r == 0)
		r = parse_digest(l, address, want, &given);
	if (r == 0)
		r = check_way(l, &req.url, given);
	if (r < 0)
		return cb_wrap(&l->env, r, "%s", what);
	req.need_tls = !given;
	d.shown_ns = d.began_ns;
	cb_hash_init(&d.hash, CB_HASH_SHA256);
	r = cb_fetch(&s->fetch, &req, &sink);
	if (r == 0 && given)
		r = check_digest(&d, want);
	if (r < 0)
		return cb_wrap(&l->env, r, "%s", what);
	say(l, "fetched", "%s, %llu KiB in %llu ms%s", what, (unsigned long long)(to->n / 1024),
	    (unsigned long long)((cb_now_ns(&l->env) - d.began_ns) / 1000000),
	    given ? ", as its digest says" : "");
	return 0;
}

static int fetch_all(struct cb_loader *l, struct cb_boot_image *img)
{
	struct cb_str initrd = cb_settings_get(&l->settings, CB_KEY_INITRD);
	struct http_stack s;
	int r;

	init_stack(l, &s);
	r = get(l, &s, "kernel", cb_settings_get(&l->settings, CB_KEY_KERNEL), CB_MAX_KERNEL,
		&img->kernel);
	if (r == 0 && initrd.n > 0)
		r = get(l, &s, "initrd", initrd, CB_MAX_INITRD, &img->initrd);
	cb_tls_dial_fini(&s.tls);
	if (r == 0)
		r = cb_boot_image_prepare(&l->env, img, l->arch, CB_HAND_EFI);
	if (r == 0)
		return 0;
	return fail_with(l, r, r == CB_ENOMEM || r == CB_ELIMIT ? REPORT_MEMORY :
			       r == CB_EAUTH ? REPORT_NOT_TRUSTED : REPORT_NOT_FETCHED);
}

/* Nobody derives a command line here: it is what the settings say. */
static struct cb_str command_line(struct cb_loader *l)
{
	struct cb_str given = cb_settings_get(&l->settings, CB_KEY_CMDLINE);

	return given.n > 0 ? given : l->kernel_cmdline;
}

int start_from_net(struct cb_loader *l)
{
	const struct kernel k = { .id = CB_STR("net"), .title = CB_STR("kernel from the network") };
	struct cb_boot_image img = { .kind = CB_BOOT_LINUX, .cmdline = command_line(l) };
	uint64_t began = cb_now_ns(&l->env);
	char address[CB_IP4_TEXT];
	int r;

	mark(l, "network");
	r = cb_uefi_net_up(&l->u, &l->env, DHCP_NS, address);
	if (r < 0)
		return fail_with(l, cb_wrap(&l->env, r, "the network"), REPORT_NO_NET);
	say(l, "network", "%s, in %llu ms", address,
	    (unsigned long long)((cb_now_ns(&l->env) - began) / 1000000));
	mark(l, "fetch");
	cb_buf_init(&img.kernel, &l->env, CB_MAX_KERNEL);
	cb_buf_init(&img.initrd, &l->env, CB_MAX_INITRD);
	cb_buf_init(&img.devicetree, &l->env, 1);
	r = fetch_all(l, &img);
	if (r == 0) {
		say_loaded(l, &img, began);
		r = hand_over(l, &k, &img);
	}
	cb_boot_image_fini(&img);
	return r;
}
