/* tests/unit/test_settings.c - the grammar, the table of keys, sources, secrets. */
#include "unit/check.h"

#include "core/limits.h"
#include "settings/settings.h"

#define SEC UINT64_C(1000000000)

static void words(struct cb_check *t)
{
	struct cb_settings s;

	cb_settings_init(&s, t->env);
	CB_REQUIRE_OK(t, cb_settings_read(&s, CB_STR(
		"BOOT_IMAGE=/vmlinuz  cloudboot.debug\tcloudboot.cmdline=\"root=/dev/vda1 ro\" "
		"\"cloudboot.menu.prompt=Pick one:\" cloudboot.exit=reboot cloudboot.exit=kexec "
		"cloudboot.disk=LABEL=ro\"o t\" ip=dhcp quiet console=ttyS0,115200\n"), CB_SOURCE_CMDLINE));
	CB_CHECK(t, cb_settings_flag(&s, CB_KEY_DEBUG));
	CB_CHECK(t, !cb_settings_flag(&s, CB_KEY_QUIET));
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_CMDLINE), "root=/dev/vda1 ro");
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_MENU_PROMPT), "Pick one:");
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_EXIT), "kexec");
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_DISK), "LABEL=roo t");
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_IP), "dhcp");
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_PLAN), "");
	CB_CHECK(t, s.notes == NULL);
	cb_settings_fini(&s);
}

static void defaults(struct cb_check *t)
{
	struct cb_settings s;

	cb_settings_init(&s, t->env);
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_EXIT), "auto");
	CB_CHECK(t, cb_settings_source(&s, CB_KEY_EXIT) == CB_SOURCE_PRESET);
	CB_CHECK_INT(t, cb_settings_ns(&s, CB_KEY_META_TIMEOUT), 10 * SEC);
	CB_CHECK_INT(t, cb_settings_count(&s, CB_KEY_META_RETRIES), 5);
	CB_CHECK(t, cb_settings_flag(&s, CB_KEY_NET_LLDP));
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_ONFAIL), "");
	for (unsigned k = 0; k < CB_KEY_N; k++) {
		const struct cb_key_info *info = cb_key_info((enum cb_key)k);

		CB_REQUIRE(t, info->name != NULL);
		CB_CHECK(t, cb_key_find(cb_str_c(info->name), CB_STR("")) == (enum cb_key)k);
		CB_CHECK(t, (info->type == CB_KEY_IS_CHOICE) == (info->choices != NULL));
		if (info->preset != NULL)
			CB_CHECK_INT(t, cb_key_check(t->env, (enum cb_key)k, cb_str_c(info->preset)), 0);
	}
	cb_settings_fini(&s);
}

static void blanks_round_equals(struct cb_check *t)
{
	struct cb_settings s;

	cb_settings_init(&s, t->env);
	CB_REQUIRE_OK(t, cb_settings_read(&s, CB_STR(
		"cloudboot.openstack.app-cred-id     = abc cloudboot.exit =kexec quiet = 1 "
		"cloudboot.debug cloudboot.plan = \"a b\" cloudboot.target ="), CB_SOURCE_CMDLINE));
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_OS_CRED_ID), "abc");
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_EXIT), "kexec");
	CB_CHECK(t, cb_settings_flag(&s, CB_KEY_DEBUG));
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_PLAN), "a b");
	CB_CHECK(t, cb_settings_source(&s, CB_KEY_TARGET) == CB_SOURCE_CMDLINE);
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_TARGET), "");
	CB_CHECK(t, s.notes == NULL);
	cb_settings_fini(&s);
}

static void durations(struct cb_check *t)
{
	static const struct { const char *text; uint64_t ns; } good[] = {
		{ "0", 0 }, { "10", 10 * SEC }, { "10s", 10 * SEC }, { "1m30s", 90 * SEC },
		{ "250ms", SEC / 4 }, { "2h", 7200 * SEC }, { "1h1ms", 3600 * SEC + SEC / 1000 },
		{ "18446744073", UINT64_C(18446744073) * SEC },
	};
	static const char *const bad[] = {
		"", "s", "1x", "-1", "1.5s", "1s1m", "1s1s", "10 s", "s10", "18446744074",
		"5124096h", "99999999999999999999", "1m18446744073709551615s",
	};
	uint64_t ns = 7;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CB_CHECK(t, cb_key_duration(cb_str_c(good[i].text), &ns));
		CB_CHECK_INT(t, ns, good[i].ns);
	}
	ns = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (cb_key_duration(cb_str_c(bad[i]), &ns) || ns != 7)
			cb_check_failed(t, __FILE__, __LINE__, "\"%s\" is a duration", bad[i]);
}

static void bad_values_are_named(struct cb_check *t)
{
	struct cb_settings s;

	cb_settings_init(&s, t->env);
	CB_REQUIRE_OK(t, cb_settings_read(&s, CB_STR(
		"cloudboot.exit=kexec cloudboot.exit=fly cloudboot.debug=maybe "
		"cloudboot.metadata.timeout=soon cloudboot.metadata.retries=4294967296 "
		"cloudboot.quiet=on cloudboot.plan=\"x y"),
		CB_SOURCE_CMDLINE));
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_EXIT), "kexec");
	CB_CHECK(t, cb_settings_flag(&s, CB_KEY_QUIET));
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_PLAN), "x y");
	CB_CHECK_INT(t, cb_settings_count(&s, CB_KEY_META_RETRIES), 5);

	static const char *const want[] = {
		"cloudboot.exit=fly: not auto kexec reboot; the setting is ignored",
		"cloudboot.debug=maybe: not 0 or 1; the setting is ignored",
		"cloudboot.metadata.timeout=soon: not a duration such as 10, 10s or 1m30s; "
		"the setting is ignored",
		"cloudboot.metadata.retries=4294967296: not a number of at most 4294967295; "
		"the setting is ignored",
		"a double quote is not closed: everything after it is one word",
	};
	const struct cb_note *n = s.notes;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++, n = n->next) {
		CB_REQUIRE(t, n != NULL);
		CB_CHECK_STR(t, n->text, want[i]);
	}
	CB_CHECK(t, n == NULL);
	CB_CHECK_INT(t, t->env->diag->len, 0);
	CB_CHECK_ERR(t, cb_settings_set(&s, CB_KEY_ONFAIL, CB_STR("cry"), CB_SOURCE_PERSON), CB_EINVAL,
		     "cloudboot.onfail=cry: not menu retry");
	cb_settings_fini(&s);
}

static void hints(struct cb_check *t)
{
	static const struct { const char *name, *hint; } cases[] = {
		{ "cloudboot.exti", "cloudboot.exit" }, { "cloudboot.disc", "cloudboot.disk" },
		{ "cloudboot.disk.luks_passphrase", "cloudboot.disk.luks-passphrase" },
		{ "rd.cloudboot.usr", "rd.cloudboot.user" }, { "cloudboot.on-fail", "cloudboot.onfail" },
		{ "cloudboot.zzzzzzzzzzzzzzzzzzzzz", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CB_CHECK_STR(t, cb_str_c(cb_key_hint(cb_str_c(cases[i].name))),
			     cases[i].hint != NULL ? cases[i].hint : "");

	struct cb_settings s;

	cb_settings_init(&s, t->env);
	CB_REQUIRE_OK(t, cb_settings_read(&s, CB_STR(
		"cloudboot.exti=kexec cloudbot.x=1 cloudboot.zzzzzzzzzzz"), CB_SOURCE_CMDLINE));
	CB_REQUIRE(t, s.notes != NULL && s.notes->next != NULL && s.notes->next->next == NULL);
	CB_CHECK_STR(t, s.notes->text, "unknown setting cloudboot.exti: did you mean cloudboot.exit?");
	CB_CHECK_STR(t, s.notes->next->text, "unknown setting cloudboot.zzzzzzzzzzz is ignored");
	cb_settings_fini(&s);
}

static void device_alias(struct cb_check *t)
{
	struct cb_str name = CB_STR("cloudboot.disk.device");

	CB_CHECK_INT(t, cb_key_find(name, CB_STR("/dev/vda3")), CB_KEY_DISK);
	CB_CHECK_INT(t, cb_key_find(name, CB_STR("LABEL=a/b")), CB_KEY_DISK);
	CB_CHECK_INT(t, cb_key_find(name, CB_STR("")), CB_KEY_DISK);
	CB_CHECK_INT(t, cb_key_find(name, CB_STR("rpool/ROOT/pve-1")), CB_KEY_DISK_DATASET);
}

static void later_sources_win(struct cb_check *t)
{
	struct cb_settings s;
	struct cb_buf b;

	cb_settings_init(&s, t->env);
	cb_buf_init(&b, t->env, 4096);
	CB_REQUIRE_OK(t, cb_settings_set(&s, CB_KEY_EXIT, CB_STR("reboot"), CB_SOURCE_METADATA));
	CB_REQUIRE_OK(t, cb_settings_set(&s, CB_KEY_EXIT, CB_STR("kexec"), CB_SOURCE_CMDLINE));
	CB_REQUIRE_OK(t, cb_settings_set(&s, CB_KEY_PASS, CB_STR("hunter2"), CB_SOURCE_CMDLINE));
	CB_REQUIRE_OK(t, cb_settings_set(&s, CB_KEY_TARGET, CB_STR("a\033[2Jb"), CB_SOURCE_CMDLINE));
	CB_CHECK_STR(t, cb_settings_get(&s, CB_KEY_EXIT), "reboot");
	cb_settings_print(&s, &b);
	CB_REQUIRE_OK(t, cb_buf_status(&b));
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)b.p, b.n }),
		     "cloudboot.exit=reboot (metadata, not command line kexec, not default auto)\n"
		     "cloudboot.target=a\\x1b[2Jb (command line)\n"
		     "rd.cloudboot.pass=(secret) (command line)\n");
	cb_buf_fini(&b);
	cb_settings_fini(&s);
}

static void check_text(struct cb_check *t, void (*fn)(struct cb_str, struct cb_buf *), const char *in,
		       const char *want)
{
	struct cb_buf b;

	cb_buf_init(&b, t->env, 4096);
	fn(cb_str_c(in), &b);
	CB_REQUIRE_OK(t, cb_buf_status(&b));
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)b.p, b.n }), want);
	cb_buf_fini(&b);
}

static void files_of_lines(struct cb_check *t)
{
	check_text(t, cb_settings_normalise,
		   "# where Keystone is\r\n"
		   "cloudboot.openstack.auth-url        = https://keystone.example.com:5000/v3\r\n"
		   "\n  cloudboot.menu.prompt = Select a boot target:\n"
		   "cloudboot.cmdline=\"root=/dev/vda1 ro\"\n"
		   "cloudboot.target= web \"one\"\n"
		   "console=ttyS0 quiet\n"
		   "foo= bar\n"
		   "cloudboot.debug",
		   "cloudboot.openstack.auth-url=https://keystone.example.com:5000/v3 "
		   "cloudboot.menu.prompt=\"Select a boot target:\" "
		   "cloudboot.cmdline=\"root=/dev/vda1 ro\" "
		   "cloudboot.target=\"web one\" console=ttyS0 quiet foo= bar cloudboot.debug");
	check_text(t, cb_settings_normalise, "", "");
	check_text(t, cb_settings_normalise, "a = \"b c\"\n", "a=\"b c\"");
}

static void secrets_are_redacted(struct cb_check *t)
{
	check_text(t, cb_settings_redact,
		   "quiet rd.cloudboot.pass=hunter2 \"cloudboot.metadata.token=a b\" "
		   "cloudboot.disk.\"luks-passphrase\"=\"x y\" ro",
		   "quiet rd.cloudboot.pass=(secret) cloudboot.metadata.token=(secret) "
		   "cloudboot.disk.luks-passphrase=(secret) ro");
	check_text(t, cb_settings_redact, "rd.cloudboot.pass = hunter2 ro =",
		   "rd.cloudboot.pass = (secret) ro =");
	check_text(t, cb_settings_redact, "rd.cloudboot.pass =hunter2", "rd.cloudboot.pass (secret)");
}

static void secrets_are_wiped(struct cb_check *t)
{
	struct cb_settings s;
	struct cb_str first, second;

	cb_settings_init(&s, t->env);
	CB_REQUIRE_OK(t, cb_settings_set(&s, CB_KEY_PASS, CB_STR("hunter2"), CB_SOURCE_CMDLINE));
	first = cb_settings_get(&s, CB_KEY_PASS);
	CB_REQUIRE_OK(t, cb_settings_set(&s, CB_KEY_PASS, CB_STR("correct"), CB_SOURCE_CMDLINE));
	second = cb_settings_get(&s, CB_KEY_PASS);
	CB_CHECK(t, first.n == 7 && first.p[0] == 0 && first.p[6] == 0);
	CB_CHECK_STR(t, second, "correct");
	cb_settings_fini(&s);
}

static void caps(struct cb_check *t)
{
	static char text[CB_MAX_SETTING + 64];
	struct cb_settings s;

	memset(text, 'a', sizeof(text));
	cb_settings_init(&s, t->env);

	struct cb_str big = { text, CB_MAX_SETTING + 1 };

	CB_CHECK_ERR(t, cb_settings_set(&s, CB_KEY_PLAN, big, CB_SOURCE_CMDLINE), CB_ELIMIT,
		     "cloudboot.plan: a value of 4097 bytes");
	for (unsigned i = 0; i < CB_MAX_SETTINGS + 50; i++)
		CB_REQUIRE_OK(t, cb_settings_read(&s, CB_STR("cloudboot.no-such"), CB_SOURCE_CMDLINE));
	CB_CHECK_INT(t, s.nnotes, CB_MAX_SETTINGS);
	cb_settings_fini(&s);
}

static void insecure_hosts(struct cb_check *t)
{
	static const struct { const char *value, *host; bool is; } cases[] = {
		{ "1", "any.example", true }, { "0", "any.example", false }, { "", "any.example", false },
		{ "a.example,10.0.2.2", "10.0.2.2", true }, { "a.example,10.0.2.2", "A.Example", true },
		{ "a.example", "b.a.example", false }, { ",", "", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cb_settings s;

		cb_settings_init(&s, t->env);
		CB_CHECK(t, !cb_settings_insecure(&s, cb_str_c(cases[i].host)));
		CB_REQUIRE_OK(t, cb_settings_set(&s, CB_KEY_INSECURE, cb_str_c(cases[i].value),
						 CB_SOURCE_CMDLINE));
		CB_CHECK_INT(t, cb_settings_insecure(&s, cb_str_c(cases[i].host)), cases[i].is);
		cb_settings_fini(&s);
	}
}

static int read_some(struct cb_check *t, void *arg)
{
	struct cb_settings s;

	(void)arg;
	cb_settings_init(&s, t->env);

	int r = cb_settings_read(&s, CB_STR("cloudboot.exit=fly cloudboot.plan=x cloudboot.y "
					    "cloudboot.debug rd.cloudboot.pass=\"secret words\""),
				 CB_SOURCE_CMDLINE);

	for (int i = 0; i < 40 && r == 0; i++)
		r = cb_settings_set(&s, CB_KEY_CMDLINE, CB_STR("root=/dev/vda1 ro quiet console=ttyS0 "
							       "console=tty0 systemd.unit=rescue.target"),
				    CB_SOURCE_PERSON);
	cb_settings_fini(&s);
	return r;
}

static void faults(struct cb_check *t)
{
	cb_check_faults(t, read_some, NULL, 100);
}

CB_SUITE(settings, CB_TEST(words), CB_TEST(defaults), CB_TEST(blanks_round_equals),
	 CB_TEST(durations), CB_TEST(bad_values_are_named), CB_TEST(hints), CB_TEST(device_alias),
	 CB_TEST(later_sources_win), CB_TEST(files_of_lines), CB_TEST(secrets_are_redacted),
	 CB_TEST(secrets_are_wiped), CB_TEST(caps), CB_TEST(insecure_hosts),
	 CB_TEST(faults));
