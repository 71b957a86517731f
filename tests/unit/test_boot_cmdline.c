/* tests/unit/test_boot_cmdline.c - kernel command lines: words, values, files, consoles. */
#include "boot/cmdline.h"
#include "core/limits.h"
#include "unit/check.h"

static void words(struct cb_check *t)
{
	struct cb_str s = CB_STR(" a  b=\"c d\"\te\"f g\"h \"i"), w;

	CB_CHECK(t, cb_cmdline_word(&s, &w));
	CB_CHECK_STR(t, w, "a");
	CB_CHECK(t, cb_cmdline_word(&s, &w));
	CB_CHECK_STR(t, w, "b=\"c d\"");
	CB_CHECK(t, cb_cmdline_word(&s, &w));
	CB_CHECK_STR(t, w, "e\"f g\"h");
	CB_CHECK(t, cb_cmdline_word(&s, &w));
	CB_CHECK_STR(t, w, "\"i");
	CB_CHECK(t, !cb_cmdline_word(&s, &w));
}

static void values(struct cb_check *t)
{
	struct cb_str line = CB_STR("ro root=UUID=1-2 \"label=a b\" x=\"y z\" ro=1 rootwait "
				    "root=/dev/vda1"), v;

	CB_CHECK(t, cb_cmdline_get(line, CB_STR("root"), &v));
	CB_CHECK_STR(t, v, "/dev/vda1");
	CB_CHECK(t, cb_cmdline_get(line, CB_STR("label"), &v));
	CB_CHECK_STR(t, v, "a b");
	CB_CHECK(t, cb_cmdline_get(line, CB_STR("x"), &v));
	CB_CHECK_STR(t, v, "y z");
	CB_CHECK(t, cb_cmdline_get(line, CB_STR("rootwait"), &v));
	CB_CHECK_STR(t, v, "");
	CB_CHECK(t, !cb_cmdline_get(line, CB_STR("roo"), &v));
	CB_CHECK(t, !cb_cmdline_get(line, CB_STR("z"), &v));
}

static void files(struct cb_check *t)
{
	struct cb_arena a;
	struct cb_str line;
	static char big[CB_MAX_CMDLINE];

	cb_arena_init(&a, t->env, 1u << 16);
	CB_CHECK_INT(t,
		     cb_cmdline_from_file(
			     &a, CB_STR("# how we boot\n root=LABEL=x\n\n  quiet \r\n#end"), &line),
		     0);
	CB_CHECK_STR(t, line, "root=LABEL=x quiet");
	CB_CHECK_INT(t, cb_cmdline_from_file(&a, CB_STR("a \"b\r\nc\" d=\"e"), &line), 0);
	CB_CHECK_STR(t, line, "a \"b c\" d=\"e\"");
	CB_CHECK_INT(t, cb_cmdline_from_file(&a, CB_STR("\n# nothing\n"), &line), 0);
	CB_CHECK_INT(t, line.n, 0);
	CB_CHECK_ERR(t, cb_cmdline_from_file(&a, CB_STR("a\0b"), &line), CB_EINVAL,
		     "control byte 0x00");
	CB_CHECK_ERR(t, cb_cmdline_from_file(&a, CB_STR("a\033[2J"), &line), CB_EINVAL, "0x1b");
	memset(big, 'x', sizeof(big));
	CB_CHECK_ERR(t, cb_cmdline_from_file(&a, (struct cb_str){ big, sizeof(big) }, &line),
		     CB_ELIMIT, "over 4095");
	CB_CHECK_INT(t, cb_cmdline_from_file(&a, (struct cb_str){ big, sizeof(big) - 1 }, &line),
		     0);
	CB_CHECK_INT(t, line.n, CB_MAX_CMDLINE - 1);
	cb_arena_fini(&a);
}

static void consoles(struct cb_check *t)
{
	struct cb_arena a;
	struct cb_str line;

	cb_arena_init(&a, t->env, 1u << 16);
	CB_CHECK_INT(t, cb_cmdline_finish(&a, CB_STR("ro  x"), CB_STR("ttyS0,115200 tty0"), &line),
		     0);
	CB_CHECK_STR(t, line, "ro x console=ttyS0,115200 console=tty0");
	CB_CHECK_INT(t, cb_cmdline_finish(&a, CB_STR("console=tty1 ro"), CB_STR("ttyS0"), &line),
		     0);
	CB_CHECK_STR(t, line, "console=tty1 ro");
	CB_CHECK_INT(t, cb_cmdline_finish(&a, CB_STR(""), CB_STR("ttyAMA0"), &line), 0);
	CB_CHECK_STR(t, line, "console=ttyAMA0");
	CB_CHECK_INT(t, cb_cmdline_finish(&a, CB_STR("x=\"open ro"), CB_STR("ttyS0"), &line), 0);
	CB_CHECK_STR(t, line, "x=\"open ro\" console=ttyS0");
	CB_CHECK_INT(t, cb_cmdline_finish(&a, CB_STR("netconsole=1"), CB_STR(""), &line), 0);
	CB_CHECK_STR(t, line, "netconsole=1");
	CB_CHECK_ERR(t, cb_cmdline_finish(&a, CB_STR("a\001"), CB_STR(""), &line), CB_EINVAL,
		     "0x01");
	cb_arena_fini(&a);
}

CB_SUITE(boot_cmdline, CB_TEST(words), CB_TEST(values), CB_TEST(files), CB_TEST(consoles));
