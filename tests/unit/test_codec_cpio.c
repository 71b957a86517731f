/* The cpio writer: the bytes of a small archive, what it refuses, and its own reader over them. */
#include "codec/cpio.h"

#include "unit/check.h"

static const struct cb_bytes no_bytes = { NULL, 0 };
static const struct cb_bytes hello = { (const uint8_t *)"hello", 5 };

static int write_all(struct cb_env *env, struct cb_buf *out)
{
	struct cb_cpio c;
	int r;

	cb_cpio_init(&c, env, cb_sink_buf, out);
	if ((r = cb_cpio_dir(&c, CB_STR("dev"), 0755)) < 0)
		return r;
	if ((r = cb_cpio_node(&c, CB_STR("dev/console"), 0600, 'c', 5, 1)) < 0)
		return r;
	if ((r = cb_cpio_file(&c, CB_STR("init"), 0755, hello)) < 0)
		return r;
	if ((r = cb_cpio_file(&c, CB_STR("empty"), 0644, no_bytes)) < 0)
		return r;
	if ((r = cb_cpio_link(&c, CB_STR("sbin"), CB_STR("usr/bin"))) < 0)
		return r;
	if ((r = cb_cpio_begin(&c, CB_STR("big"), 0400, 7)) < 0)
		return r;
	if ((r = cb_cpio_data(&c, "abc", 3)) < 0 || (r = cb_cpio_data(&c, "defg", 4)) < 0)
		return r;
	return cb_cpio_end(&c);
}

static void bytes_of_an_archive(struct cb_check *t)
{
	static const char head[] =
		"070701" "00000001" "000041ed" "00000000" "00000000" "00000002" "00000000" "00000000"
		"00000000" "00000000" "00000000" "00000000" "00000004" "00000000" "dev\0\0\0"
		"070701" "00000002" "00002180" "00000000" "00000000" "00000001" "00000000" "00000000"
		"00000000" "00000000" "00000005" "00000001" "0000000c" "00000000" "dev/console\0\0\0"
		"070701" "00000003" "000081ed" "00000000" "00000000" "00000001" "00000000" "00000005"
		"00000000" "00000000" "00000000" "00000000" "00000005" "00000000" "init\0\0" "hello\0\0";
	struct cb_buf out;

	cb_buf_init(&out, t->env, 1 << 20);
	CB_CHECK_INT(t, write_all(t->env, &out), 0);
	CB_CHECK_INT(t, out.n, 1024);
	/* sizeof counts the last pad byte as the literal's own NUL. */
	CB_CHECK_BYTES(t, ((struct cb_bytes){ out.p, sizeof(head) }),
		       ((struct cb_bytes){ (const uint8_t *)head, sizeof(head) }));
	cb_buf_fini(&out);
}

static void reads_back(struct cb_check *t)
{
	static const struct { const char *name; uint32_t mode; const char *data; } want[] = {
		{ "dev", 0040755, "" }, { "dev/console", 0020600, "" }, { "init", 0100755, "hello" },
		{ "empty", 0100644, "" }, { "sbin", 0120777, "usr/bin" }, { "big", 0100400, "abcdefg" },
	};
	struct cb_cpio_entry e = { 0 };
	struct cb_buf out;
	size_t off = 0;

	cb_buf_init(&out, t->env, 1 << 20);
	CB_CHECK_INT(t, write_all(t->env, &out), 0);
	for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		CB_CHECK_INT(t, cb_cpio_read(t->env, cb_buf_bytes(&out), &off, &e), 1);
		CB_CHECK_STR(t, e.name, want[i].name);
		CB_CHECK_INT(t, e.mode, want[i].mode);
		CB_CHECK_INT(t, e.ino, i + 1);
		CB_CHECK_STR(t, ((struct cb_str){ (const char *)e.data.p, e.data.n }), want[i].data);
		if (i == 1)
			CB_CHECK(t, e.rmajor == 5 && e.rminor == 1);
	}
	CB_CHECK_INT(t, cb_cpio_read(t->env, cb_buf_bytes(&out), &off, &e), 0);
	cb_buf_fini(&out);
}

static void refusals(struct cb_check *t)
{
	struct cb_buf out;
	struct cb_cpio c;

	cb_buf_init(&out, t->env, 1 << 20);
	cb_cpio_init(&c, t->env, cb_sink_buf, &out);
	CB_CHECK_ERR(t, cb_cpio_dir(&c, CB_STR("/abs"), 0755), CB_EINVAL, "'/abs' is no relative name");
	CB_CHECK_ERR(t, cb_cpio_dir(&c, CB_STR(""), 0755), CB_EINVAL, "no relative name");
	CB_CHECK_ERR(t, cb_cpio_dir(&c, CB_STR("a\0b"), 0755), CB_EINVAL, "no relative name");
	CB_CHECK_ERR(t, cb_cpio_link(&c, CB_STR("l"), CB_STR("")), CB_EINVAL, "'l': a link target");
	CB_CHECK_ERR(t, cb_cpio_node(&c, CB_STR("n"), 0, 'p', 0, 0), CB_EINVAL, "'p' is neither");
	CB_CHECK_ERR(t, cb_cpio_begin(&c, CB_STR("f"), 0, UINT64_C(1) << 32), CB_ELIMIT, "4294967296");
	CB_CHECK_INT(t, out.n, 0);
	CB_CHECK_INT(t, cb_cpio_begin(&c, CB_STR("f"), 0, 2), 0);
	CB_CHECK_ERR(t, cb_cpio_data(&c, "abc", 3), CB_EINVAL, "wants 2 more");
	CB_CHECK_ERR(t, cb_cpio_dir(&c, CB_STR("d"), 0), CB_EINVAL, "2 bytes of the file before");
	CB_CHECK_ERR(t, cb_cpio_end(&c), CB_EINVAL, "2 bytes of its last file");
	cb_buf_fini(&out);
}

static int write_under_fault(struct cb_check *t, void *arg)
{
	struct cb_buf out;

	(void)arg;
	cb_buf_init(&out, t->env, 1 << 20);
	int r = write_all(t->env, &out);
	cb_buf_fini(&out);
	return r;
}

static void faults(struct cb_check *t)
{
	cb_check_faults(t, write_under_fault, NULL, 100);
}

/* Every cut and every changed byte is read without harm, and ends. */
static void damaged_archives(struct cb_check *t)
{
	struct cb_cpio_entry e;
	struct cb_buf out;

	cb_buf_init(&out, t->env, 1 << 20);
	CB_CHECK_INT(t, write_all(t->env, &out), 0);
	for (size_t i = 0; i < out.n; i++) {
		uint8_t keep = out.p[i];
		unsigned n = 0;
		size_t off = 0;

		while (cb_cpio_read(t->env, (struct cb_bytes){ out.p, i }, &off, &e) == 1)
			n++;
		CB_CHECK(t, n <= 6);
		out.p[i] = (uint8_t)(keep ^ (i % 3 == 0 ? 0x09 : 0x80));
		for (n = 0, off = 0; cb_cpio_read(t->env, cb_buf_bytes(&out), &off, &e) == 1; n++)
			;
		CB_CHECK(t, n <= 7); /* a damaged trailer is one more entry */
		out.p[i] = keep;
	}
	cb_clear(t->env);
	cb_buf_fini(&out);
}

CB_SUITE(codec_cpio, CB_TEST(bytes_of_an_archive), CB_TEST(reads_back), CB_TEST(refusals),
	 CB_TEST(faults), CB_TEST(damaged_archives));
