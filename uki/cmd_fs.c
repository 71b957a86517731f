/* uki/cmd_fs.c - `cloud-boot fs ls|cat|stat|sum`: files of disk images, read by the drivers that boot
 * from them. */
#include <time.h>

#include "codec/hash.h"
#include "codec/hex.h"
#include "uki/images.h"
#include "codec/json_write.h"

#define COPY_STEP (1u << 20)
#define TEXT_MAX (64u << 10)

struct args {
	struct cb_which which;
	bool json, verbose, recursive, follow;
};

#define WHICH_OPTS \
	{ "partition", 0, CB_OPT_TEXT, "N", offsetof(struct args, which.partition), \
	  "the file system is on partition N; 0 is an image without partitions" }, \
	{ "device", 0, CB_OPT_TEXT, "SPEC", offsetof(struct args, which.device), \
	  "the file system is LABEL=..., UUID=..., PARTUUID=..., /dev/vdb2 (the second image's second " \
	  "partition), ..." }, \
	{ "fs", 0, CB_OPT_TEXT, "TYPE", offsetof(struct args, which.fs), \
	  "the file system is the one of this type: ext4, vfat" }

#define WHICH_ABOUT \
	"IMAGE is a raw or qcow2 file, or a block device; several are the disks of one machine. Without " \
	"--partition, --device or --fs there must be just one file system on them. Nothing is written: a " \
	"journal that needs recovery is replayed in memory."

/* A command at work: images, the file system, the last operand. */
struct job {
	struct cb_host *h;
	const struct args *a;
	struct cb_volumes vs;
	struct cb_volume *v;
	struct cb_fs *fs;
	struct cb_str path;
	struct cb_buf line;
	unsigned bad;             /* files that could not be read */
};

static int finish_line(struct job *j)
{
	int r = cb_buf_status(&j->line);

	cb_buf_fmt(&j->line, "\n");
	cb_host_print(&j->line);
	j->line.n = 0;
	return r;
}

static void put_time(struct cb_buf *b, int64_t t)
{
	time_t when = (time_t)t;
	struct tm tm;
	char text[64];

	if (gmtime_r(&when, &tm) != NULL && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		cb_buf_fmt(b, "%s", text);
	else
		cb_buf_fmt(b, "%lld", (long long)t);
}

static char type_letter(enum cb_ftype t)
{
	return t == CB_FT_DIR ? 'd' : t == CB_FT_LINK ? 'l' : t == CB_FT_FILE ? '-' : '?';
}

static const char *type_name(enum cb_ftype t)
{
	return t == CB_FT_DIR  ? "directory" :
	       t == CB_FT_LINK ? "link" :
	       t == CB_FT_FILE ? "file" :
				 "other";
}

static void put_mode(struct cb_buf *b, const struct cb_node *n)
{
	static const char bits[] = "rwxrwxrwx";
	char text[10] = { type_letter(n->type) };

	for (unsigned i = 0; i < 9; i++)
		text[i + 1] = n->mode & 0400u >> i ? bits[i] : '-';
	cb_buf_add(b, text, sizeof(text));
}

/* " -> target", escaped. */
static int put_target(struct job *j, const struct cb_node *n)
{
	struct cb_buf to;

	cb_buf_init(&to, &j->h->env, TEXT_MAX);

	int r = cb_fs_readlink(j->fs, n, &to);

	if (r == 0) {
		cb_buf_fmt(&j->line, " -> ");
		cb_str_escape(&j->line, (struct cb_str){ (const char *)to.p, to.n });
	}
	cb_buf_fini(&to);
	return r;
}

/* One line of ls; name in place of the entry's path. */
static int list_one(struct job *j, const struct cb_walk_entry *e, struct cb_str name)
{
	const struct cb_node *n = e->node;
	int r = 0;

	if (j->a->verbose) {
		put_mode(&j->line, n);
		cb_buf_fmt(&j->line, " %3u %5u %5u %11llu ", n->links, n->uid, n->gid,
			   (unsigned long long)n->size);
		put_time(&j->line, n->mtime);
		cb_buf_fmt(&j->line, " ");
	}
	cb_str_escape(&j->line, name);
	if (j->a->verbose && n->type == CB_FT_LINK)
		r = put_target(j, n);
	return r < 0 ? r : finish_line(j);
}

/* A file that can't be read is said at once and counted; the others go on. */
static int skip(struct job *j, const struct cb_walk_entry *e)
{
	struct cb_buf b;

	cb_buf_init(&b, &j->h->env, TEXT_MAX);
	cb_str_escape(&b, e->path);
	fprintf(stderr, "warning: %.*s: %s\n", (int)b.n, (const char *)b.p, j->h->diag.text);
	cb_buf_fini(&b);
	cb_clear(&j->h->env);
	j->bad++;
	return 0;
}

static int on_ls(void *arg, const struct cb_walk_entry *e)
{
	struct job *j = arg;
	struct cb_str name = e->path;
	int r;

	if (e->status < 0)
		return skip(j, e);
	if (e->depth == 0 && e->node->type == CB_FT_DIR)
		return 0;
	if (!j->a->recursive && e->depth > 0)
		name = cb_str_sub(name, cb_str_rchr(name, '/') + 1, SIZE_MAX);
	r = list_one(j, e, name);
	return r == 0 && !j->a->recursive ? CB_WALK_PRUNE : r;
}

static int ls(struct job *j)
{
	struct cb_node n;
	int r = cb_fs_open(j->fs, j->path, &n);

	return r < 0 ? r : cb_fs_walk(j->fs, &n, j->path, on_ls, j);
}

/* Hands the file's bytes to fn, COPY_STEP at a time. On a page boundary the kernel's copy is
 * four times as fast. */
static int each_piece(struct job *j, const struct cb_node *n, int (*fn)(void *, const void *, size_t),
		      void *arg)
{
	uint8_t *p = cb_alloc_aligned(&j->h->env, COPY_STEP, 4096);
	struct cb_file f;
	int64_t got = 0;
	int r = p != NULL ? cb_file_init(&f, j->fs, n) : CB_ENOMEM;

	if (r == 0) {
		while (r == 0 && (got = cb_file_read(&f, p, COPY_STEP)) > 0)
			r = fn(arg, p, (size_t)got);
		if (r == 0 && got < 0)
			r = (int)got;
		cb_file_fini(&f);
	}
	cb_free(&j->h->env, p, COPY_STEP);
	return r;
}

static int to_stdout(void *arg, const void *p, size_t n)
{
	struct job *j = arg;

	if (fwrite(p, 1, n, stdout) == n)
		return 0;
	return cb_host_advise(j->h, cb_host_errno(j->h, "writing standard output"), CB_REPORT_OUTPUT,
			      "make room on the disk, or keep the reader of the pipe open");
}

static int cat(struct job *j)
{
	struct cb_node n;
	int r = cb_fs_open(j->fs, j->path, &n);

	if (r < 0)
		return r;
	r = each_piece(j, &n, to_stdout, j);
	return r < 0 ? cb_wrap(&j->h->env, r, "%.*s", CB_STR_ARG(j->path)) : 0;
}

static int to_hash(void *arg, const void *p, size_t n)
{
	cb_hash_add(arg, p, n);
	return 0;
}

/* As sha256sum writes names: with a backslash before the line when any byte needs one. */
static void put_sum(struct cb_buf *b, const uint8_t *digest, size_t n, struct cb_str path)
{
	bool odd = cb_str_chr(path, '\\') != SIZE_MAX || cb_str_chr(path, '\n') != SIZE_MAX ||
		cb_str_chr(path, '\r') != SIZE_MAX;

	cb_buf_str(b, cb_str_c(odd ? "\\" : ""));
	cb_hex_add(b, (struct cb_bytes){ digest, n });
	cb_buf_str(b, CB_STR("  "));
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];

		cb_buf_str(b, c == '\\' ? CB_STR("\\\\") : c == '\n' ? CB_STR("\\n") :
			   c == '\r' ? CB_STR("\\r") : cb_str_sub(path, i, 1));
	}
}

static int on_sum(void *arg, const struct cb_walk_entry *e)
{
	uint8_t digest[CB_HASH_MAX];
	struct job *j = arg;
	struct cb_hash hash;

	if (e->status < 0)
		return skip(j, e);
	if (e->node->type == CB_FT_DIR && !j->a->recursive)
		return cb_fail(&j->h->env, CB_EISDIR, "%.*s: a directory: its files need -r",
			       CB_STR_ARG(e->path));
	if (e->node->type != CB_FT_FILE)
		return 0;
	cb_hash_init(&hash, CB_HASH_SHA256);

	int r = each_piece(j, e->node, to_hash, &hash);

	if (r < 0)
		return skip(j, e);
	put_sum(&j->line, digest, cb_hash_fini(&hash, digest), e->path);
	return finish_line(j);
}

static int sum(struct job *j)
{
	struct cb_node n;
	int r = cb_fs_open(j->fs, j->path, &n);

	return r < 0 ? r : cb_fs_walk(j->fs, &n, j->path, on_sum, j);
}

static void stat_json(struct job *j, const struct cb_node *n, const struct cb_buf *to,
		      const char *volume)
{
	struct cb_json w = { &j->line, false };

	cb_json_open(&w, NULL, '{');
	cb_json_str(&w, "path", j->path);
	cb_json_str(&w, "type", cb_str_c(type_name(n->type)));
	cb_json_int(&w, "size", (int64_t)n->size);
	cb_json_int(&w, "mode", n->mode & 07777);
	cb_json_int(&w, "uid", n->uid);
	cb_json_int(&w, "gid", n->gid);
	cb_json_int(&w, "links", n->links);
	cb_json_int(&w, "mtime", n->mtime);
	cb_json_int(&w, "id", (int64_t)n->id);
	if (n->type == CB_FT_LINK)
		cb_json_str(&w, "target", (struct cb_str){ (const char *)to->p, to->n });
	cb_json_str(&w, "volume", cb_str_c(volume));
	cb_json_close(&w, '}');
}

static void stat_text(struct job *j, const struct cb_node *n, const struct cb_buf *to,
		      const char *volume)
{
	struct cb_buf *b = &j->line;

	cb_buf_fmt(b, "path    ");
	cb_str_escape(b, j->path);
	if (n->type == CB_FT_LINK) {
		cb_buf_fmt(b, " -> ");
		cb_str_escape(b, (struct cb_str){ (const char *)to->p, to->n });
	}
	cb_buf_fmt(b, "\ntype    %s\nsize    %llu\nmode    %u%u%u%u ", type_name(n->type),
		   (unsigned long long)n->size, n->mode >> 9 & 7u, n->mode >> 6 & 7u,
		   n->mode >> 3 & 7u, n->mode & 7u);
	put_mode(b, n);
	cb_buf_fmt(b, "\nowner   %u:%u\nlinks   %u\nmtime   ", n->uid, n->gid, n->links);
	put_time(b, n->mtime);
	cb_buf_fmt(b, " UTC\nid      %llu\nvolume  ", (unsigned long long)n->id);
	cb_str_escape(b, cb_str_c(volume));
}

static int stat(struct job *j)
{
	char volume[CB_VOLUME_TEXT];
	struct cb_node n;
	struct cb_buf to;
	int r = j->a->follow ? cb_fs_open(j->fs, j->path, &n) : cb_fs_lopen(j->fs, j->path, &n);

	if (r < 0)
		return r;
	cb_buf_init(&to, &j->h->env, TEXT_MAX);
	if (n.type == CB_FT_LINK)
		r = cb_fs_readlink(j->fs, &n, &to);
	if (r == 0) {
		(void)cb_volume_text(j->v, volume); /* the same pointer */
		(j->a->json ? stat_json : stat_text)(j, &n, &to, volume);
		r = finish_line(j);
	}
	cb_buf_fini(&to);
	return r;
}

/* Open the images, mount, do it to the last operand, put everything back. */
static int with_fs(struct cb_host *h, const struct args *a, const struct cb_list *operands,
		   int (*fn)(struct job *j))
{
	const struct cb_list images = { operands->v, operands->n - 1 };
	struct job j = { .h = h, .a = a, .path = cb_str_c(operands->v[operands->n - 1]) };
	int r = cb_images_open(h, &images, &j.vs);

	if (r < 0)
		return r;
	cb_buf_init(&j.line, &h->env, TEXT_MAX);
	r = cb_images_mount(h, &j.vs, &a->which, &j.v);
	if (r == 0) {
		j.fs = j.v->fs;
		r = fn(&j);
		if (r < 0)
			r = cb_host_advise(h, r, CB_REPORT_INPUT, "'cloud-boot fs ls' shows what there is");
		else if (j.bad > 0)
			r = cb_host_advise(
				h,
				cb_fail(&h->env, CB_ECORRUPT, "%u files could not be read", j.bad),
				CB_REPORT_INPUT,
				"check the file system on the machine it belongs to");
	}
	cb_buf_fini(&j.line);
	cb_volumes_fini(&j.vs);
	return r;
}

static int run_ls(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	return with_fs(h, args, operands, ls);
}

static int run_cat(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	return with_fs(h, args, operands, cat);
}

static int run_stat(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	return with_fs(h, args, operands, stat);
}

static int run_sum(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	return with_fs(h, args, operands, sum);
}

static const struct cb_opt ls_opts[] = {
	{ "long", 'l', CB_OPT_FLAG, NULL, offsetof(struct args, verbose),
	  "with type and mode, links, owner, size, time (UTC) and the target of links" },
	{ "recursive", 'R', CB_OPT_FLAG, NULL, offsetof(struct args, recursive),
	  "and everything below, by its whole path" },
	WHICH_OPTS,
};
static const struct cb_opt cat_opts[] = { WHICH_OPTS };
static const struct cb_opt stat_opts[] = {
	{ "dereference", 'L', CB_OPT_FLAG, NULL, offsetof(struct args, follow),
	  "if PATH is a link, what it leads to" },
	{ "json", 0, CB_OPT_FLAG, NULL, offsetof(struct args, json), "print JSON" },
	WHICH_OPTS,
};
static const struct cb_opt sum_opts[] = {
	{ "recursive", 'r', CB_OPT_FLAG, NULL, offsetof(struct args, recursive),
	  "every regular file below PATH" },
	WHICH_OPTS,
};

#define FS_COMMON \
	.operands = "IMAGE... PATH", .min_operands = 2, .max_operands = SIZE_MAX, \
	.args_size = sizeof(struct args)

const struct cb_cmd cb_cmd_fs_ls = {
	.name = "fs ls", .summary = "list a directory of a disk image", .about = WHICH_ABOUT,
	.examples = "cloud-boot fs ls debian.qcow2 /boot\n"
		"cloud-boot fs ls -lR --partition 1 debian.raw /",
	CB_OPTS(ls_opts), FS_COMMON, .run = run_ls,
};

const struct cb_cmd cb_cmd_fs_cat = {
	.name = "fs cat", .summary = "print a file of a disk image", .about = WHICH_ABOUT,
	.examples = "cloud-boot fs cat debian.qcow2 /etc/os-release\n"
		"cloud-boot fs cat --fs vfat debian.raw /EFI/debian/grub.cfg",
	CB_OPTS(cat_opts), FS_COMMON, .run = run_cat,
};

const struct cb_cmd cb_cmd_fs_stat = {
	.name = "fs stat", .summary = "tell about a file of a disk image", .about = WHICH_ABOUT,
	.examples = "cloud-boot fs stat debian.qcow2 /vmlinuz\n"
		"cloud-boot fs stat -L --json debian.qcow2 /vmlinuz",
	CB_OPTS(stat_opts), FS_COMMON, .run = run_stat,
};

const struct cb_cmd cb_cmd_fs_sum = {
	.name = "fs sum", .summary = "print SHA-256 sums of files of a disk image",
	.about = "The lines are those of sha256sum: digest, two blanks, path; in the byte order of the "
		"names in each directory.\n\n" WHICH_ABOUT,
	.examples = "cloud-boot fs sum -r debian.qcow2 /boot\n"
		"cloud-boot fs sum --device LABEL=root root.raw home.raw /etc/fstab",
	CB_OPTS(sum_opts), FS_COMMON, .run = run_sum,
};
