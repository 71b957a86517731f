/* The archive that cpio(1) lists is the one that was written. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/cpio.h"
#include "unit/check.h"

static void listed_by_cpio(struct cb_check *t)
{
	char path[] = "/tmp/cloud-boot-cpio-XXXXXX", cmd[128], listing[512];
	struct cb_cpio c;
	struct cb_buf out;
	int fd = mkstemp(path);

	CB_REQUIRE(t, fd >= 0);
	cb_buf_init(&out, t->env, 1 << 20);
	cb_cpio_init(&c, t->env, cb_sink_buf, &out);
	CB_CHECK_INT(t, cb_cpio_dir(&c, CB_STR("lib"), 0700), 0);
	CB_CHECK_INT(t, cb_cpio_file(&c, CB_STR("lib/x.ko"), 0640,
				     (struct cb_bytes){ (const uint8_t *)"abcde", 5 }), 0);
	CB_CHECK_INT(t, cb_cpio_link(&c, CB_STR("bin"), CB_STR("usr/bin")), 0);
	CB_CHECK_INT(t, cb_cpio_node(&c, CB_STR("sda"), 0660, 'b', 8, 17), 0);
	CB_CHECK_INT(t, cb_cpio_end(&c), 0);
	CB_CHECK_INT(t, write(fd, out.p, out.n), (int64_t)out.n);
	(void)close(fd); /* cpio reads it by name */
	(void)snprintf(cmd, sizeof(cmd), "TZ=UTC LC_ALL=C cpio -tvn --quiet < %s 2>&1", path);

	FILE *p = popen(cmd, "r");
	size_t n = p != NULL ? fread(listing, 1, sizeof(listing), p) : 0;

	CB_CHECK_STR(t, ((struct cb_str){ listing, n }),
		     "drwx------   2 0        0               0 Jan  1  1970 lib\n"
		     "-rw-r-----   1 0        0               5 Jan  1  1970 lib/x.ko\n"
		     "lrwxrwxrwx   1 0        0               7 Jan  1  1970 bin -> usr/bin\n"
		     "brw-rw----   1 0        0          8,  17 Jan  1  1970 sda\n");
	CB_CHECK(t, p != NULL && pclose(p) == 0);
	(void)unlink(path); /* a temporary file */
	cb_buf_fini(&out);
}

CB_SUITE(host_codec_cpio, CB_TEST(listed_by_cpio));
