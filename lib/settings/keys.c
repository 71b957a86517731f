/* settings/keys.c - the table of settings and what their values may be. */
#include "settings/keys.h"

#include "core/limits.h"
#include "core/str.h"

#define SECOND_NS UINT64_C(1000000000)

static const struct cb_key_info keys[CB_KEY_N] = {
	[CB_KEY_EXIT] = { "cloudboot.exit", CB_KEY_IS_CHOICE, false, "auto", "auto kexec reboot" },
	[CB_KEY_PLAN] = { .name = "cloudboot.plan" },
	[CB_KEY_IMAGE] = { .name = "cloudboot.image" },
	[CB_KEY_TARGET] = { .name = "cloudboot.target" },
	[CB_KEY_CMDLINE] = { .name = "cloudboot.cmdline" },
	[CB_KEY_KERNEL] = { .name = "cloudboot.kernel" },
	[CB_KEY_INITRD] = { .name = "cloudboot.initrd" },
	[CB_KEY_MENU] = { .name = "cloudboot.menu", .type = CB_KEY_IS_FLAG },
	[CB_KEY_MENU_TIMEOUT] = { .name = "cloudboot.menu.timeout", .type = CB_KEY_IS_DURATION },
	[CB_KEY_MENU_PROMPT] = { .name = "cloudboot.menu.prompt" },
	[CB_KEY_KEYMAP] = { .name = "cloudboot.keymap" },
	[CB_KEY_DISK] = { .name = "cloudboot.disk" },
	[CB_KEY_DISK_FS] = { .name = "cloudboot.disk.fs" },
	[CB_KEY_DISK_KERNEL] = { .name = "cloudboot.disk.kernel" },
	[CB_KEY_DISK_INITRD] = { .name = "cloudboot.disk.initrd" },
	[CB_KEY_DISK_DATASET] = { .name = "cloudboot.disk.dataset" },
	[CB_KEY_DISK_PASSPHRASE] = { .name = "cloudboot.disk.luks-passphrase", .secret = true },
	[CB_KEY_DISK_WAIT] = { "cloudboot.disk.wait", CB_KEY_IS_DURATION, false, "10s", NULL },
	[CB_KEY_OS_AUTH_URL] = { .name = "cloudboot.openstack.auth-url" },
	[CB_KEY_OS_CRED_ID] = { .name = "cloudboot.openstack.app-cred-id" },
	[CB_KEY_OS_CRED_SECRET] = { .name = "cloudboot.openstack.app-cred-secret", .secret = true },
	[CB_KEY_META_URL] = { .name = "cloudboot.metadata.url" },
	[CB_KEY_META_TOKEN] = { .name = "cloudboot.metadata.token", .secret = true },
	[CB_KEY_META_TIMEOUT] = { "cloudboot.metadata.timeout", CB_KEY_IS_DURATION, false, "10s", NULL },
	[CB_KEY_META_RETRIES] = { "cloudboot.metadata.retries", CB_KEY_IS_COUNT, false, "5", NULL },
	[CB_KEY_DNS] = { .name = "cloudboot.dns" },
	[CB_KEY_IP] = { .name = "ip" },
	[CB_KEY_VLAN] = { .name = "vlan" },
	[CB_KEY_NET_SKIP] = { "cloudboot.net.skip", CB_KEY_IS_FLAG, false, "0", NULL },
	[CB_KEY_NET_STATIC] = { .name = "cloudboot.net.static" },
	[CB_KEY_NET_LLDP] = { "cloudboot.net.lldp", CB_KEY_IS_FLAG, false, "1", NULL },
	[CB_KEY_LLDP_WAIT] = { "cloudboot.lldp.wait", CB_KEY_IS_DURATION, false, "3s", NULL },
	[CB_KEY_LLDP_TX] = { "cloudboot.lldp.tx", CB_KEY_IS_FLAG, false, "1", NULL },
	[CB_KEY_LLDP_NAME] = { .name = "cloudboot.lldp.name" },
	[CB_KEY_COSIGN] = { "cloudboot.cosign", CB_KEY_IS_CHOICE, false, NULL, "enforce warn off" },
	[CB_KEY_INSECURE] = { .name = "cloudboot.insecure" },
	[CB_KEY_MIRROR] = { .name = "cloudboot.mirror" },
	[CB_KEY_USER] = { .name = "rd.cloudboot.user" },
	[CB_KEY_PASS] = { .name = "rd.cloudboot.pass", .secret = true },
	[CB_KEY_CACHE] = { .name = "cloudboot.cache" },
	[CB_KEY_TRIAL] = { "cloudboot.trial", CB_KEY_IS_FLAG, false, "0", NULL },
	[CB_KEY_ONFAIL] = { "cloudboot.onfail", CB_KEY_IS_CHOICE, false, NULL,
			    "menu retry hang reboot poweroff next" },
	[CB_KEY_DEBUG] = { "cloudboot.debug", CB_KEY_IS_FLAG, false, "0", NULL },
	[CB_KEY_QUIET] = { "cloudboot.quiet", CB_KEY_IS_FLAG, false, "0", NULL },
};

static const char device_alias[] = "cloudboot.disk.device";

const struct cb_key_info *cb_key_info(enum cb_key key)
{
	return &keys[key];
}

static bool reads_like_dataset(struct cb_str v)
{
	return cb_str_chr(v, '/') != SIZE_MAX && v.p[0] != '/' && cb_str_chr(v, '=') == SIZE_MAX;
}

enum cb_key cb_key_find(struct cb_str name, struct cb_str value)
{
	for (unsigned k = 0; k < CB_KEY_N; k++)
		if (cb_str_eq(name, cb_str_c(keys[k].name)))
			return (enum cb_key)k;
	if (cb_str_eq(name, cb_str_c(device_alias)))
		return reads_like_dataset(value) ? CB_KEY_DISK_DATASET : CB_KEY_DISK;
	return CB_KEY_N;
}

bool cb_key_is_ours(struct cb_str name)
{
	return cb_str_starts(name, CB_STR("cloudboot.")) ||
	       cb_str_starts(name, CB_STR("rd.cloudboot."));
}

const char *cb_key_hint(struct cb_str name)
{
	unsigned best = (unsigned)(cb_min(name.n, 64) / 4) + 1;
	const char *hint = NULL;

	for (unsigned k = 0; k < CB_KEY_N; k++) {
		struct cb_str known = cb_str_c(keys[k].name);
		unsigned d = cb_str_distance(name, known, best);

		if (d < best && cb_key_is_ours(known)) {
			best = d;
			hint = keys[k].name;
		}
	}
	return hint;
}

bool cb_key_flag(struct cb_str v, bool *ret)
{
	static const char *const words[] = { "0", "1", "false", "true", "no", "yes", "off", "on" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (cb_str_ieq(v, cb_str_c(words[i]))) {
			*ret = i % 2 != 0;
			return true;
		}
	return false;
}

/* One number with its unit off the front of *v. Units come largest first: *rank grows. */
static bool duration_part(struct cb_str *v, unsigned *rank, uint64_t *ret_ns)
{
	static const struct { const char *name; uint64_t ns; } units[] = {
		{ "h", 3600 * SECOND_NS }, { "m", 60 * SECOND_NS }, { "s", SECOND_NS },
		{ "ms", SECOND_NS / 1000 },
	};
	size_t digits = 0, end;
	uint64_t n;

	while (digits < v->n && cb_is_digit(v->p[digits]))
		digits++;
	for (end = digits; end < v->n && !cb_is_digit(v->p[end]);)
		end++;
	if (!cb_str_u64(cb_str_sub(*v, 0, digits), 10, &n))
		return false;

	struct cb_str unit = cb_str_sub(*v, digits, end - digits);

	*v = cb_str_sub(*v, end, SIZE_MAX);
	for (unsigned u = *rank; u < sizeof(units) / sizeof(units[0]); u++)
		if (cb_str_eq(unit, cb_str_c(units[u].name))) {
			*rank = u + 1;
			return cb_mul(n, units[u].ns, ret_ns);
		}
	return false;
}

bool cb_key_duration(struct cb_str v, uint64_t *ret_ns)
{
	uint64_t total = 0, part;
	unsigned rank = 0;

	if (cb_str_u64(v, 10, &total)) {
		if (!cb_mul(total, SECOND_NS, &total))
			return false;
		*ret_ns = total;
		return true;
	}
	if (v.n == 0)
		return false;
	while (v.n > 0)
		if (!duration_part(&v, &rank, &part) || !cb_add(total, part, &total))
			return false;
	*ret_ns = total;
	return true;
}

static bool is_choice(struct cb_str choices, struct cb_str value)
{
	struct cb_str word;

	while (cb_str_word(&choices, &word))
		if (cb_str_eq(word, value))
			return true;
	return false;
}

/* A secret's value is in no report. */
static int bad_value(struct cb_env *env, enum cb_key key, struct cb_str value, const char *wanted)
{
	if (keys[key].secret)
		return cb_fail(env, CB_EINVAL, "%s: the value is not %s", keys[key].name, wanted);
	return cb_fail(env, CB_EINVAL, "%s=%.*s: not %s", keys[key].name, CB_STR_ARG(value), wanted);
}

int cb_key_check(struct cb_env *env, enum cb_key key, struct cb_str value)
{
	bool flag;
	uint64_t n;

	if (value.n > CB_MAX_SETTING)
		return cb_fail(env, CB_ELIMIT, "%s: a value of %zu bytes, %u is the most", keys[key].name,
			       value.n, CB_MAX_SETTING);
	switch (keys[key].type) {
	case CB_KEY_IS_TEXT:
		return 0;
	case CB_KEY_IS_FLAG:
		return cb_key_flag(value, &flag) ? 0 : bad_value(env, key, value, "0 or 1");
	case CB_KEY_IS_DURATION:
		return cb_key_duration(value, &n) ? 0 :
			bad_value(env, key, value, "a duration such as 10, 10s or 1m30s");
	case CB_KEY_IS_COUNT:
		return cb_str_u64(value, 10, &n) && n <= UINT32_MAX ? 0 :
			bad_value(env, key, value, "a number of at most 4294967295");
	case CB_KEY_IS_CHOICE:
		return is_choice(cb_str_c(keys[key].choices), value) ? 0 :
			bad_value(env, key, value, keys[key].choices);
	}
	return 0;
}
