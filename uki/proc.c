/* uki/proc.c - posix_spawn with both outputs read at once. */
#include "uki/proc.h"

#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define TAIL 320u             /* what is kept of stderr, from its end */

static const struct { const char *program, *package; } packages[] = {
	{ "apt-get", "apt" }, { "dpkg-deb", "dpkg" }, { "qemu-system-aarch64", "qemu-system-arm" },
	{ "qemu-system-loongarch64", "qemu-system-misc" }, { "qemu-system-riscv64", "qemu-system-misc" },
	{ "qemu-system-x86_64", "qemu-system-x86" }, { "sbsign", "sbsigntool" }, { "xorriso", "xorriso" },
};

const char *cb_proc_package(const char *program)
{
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++)
		if (strcmp(packages[i].program, program) == 0)
			return packages[i].package;
	return NULL;
}

const char *cb_proc_find(struct cb_host *h, const char *program)
{
	const char *path = getenv("PATH");
	struct cb_str dirs = cb_str_c(path != NULL ? path : "/usr/bin:/bin"), dir;

	if (strchr(program, '/') != NULL)
		return access(program, X_OK) == 0 ? program : NULL;
	while (cb_str_next(&dirs, ':', &dir)) {
		const char *p = cb_host_text(h, "%.*s/%s", CB_STR_ARG(dir), program);

		if (p != NULL && access(p, X_OK) == 0)
			return p;
	}
	return NULL;
}

/* The two pipes of a child; tail keeps the last bytes of its stderr. */
struct outputs {
	struct pollfd fd[2];
	struct cb_buf *out;
	char tail[TAIL];
	size_t tail_n;
};

static void keep_tail(struct outputs *o, const char *p, size_t n)
{
	if (n > TAIL) {
		p += n - TAIL;
		n = TAIL;
	}

	size_t keep = o->tail_n < TAIL - n ? o->tail_n : TAIL - n;

	memmove(o->tail, o->tail + o->tail_n - keep, keep);
	memcpy(o->tail + keep, p, n);
	o->tail_n = keep + n;
}

static void read_outputs(struct outputs *o)
{
	char buf[1024];

	while (o->fd[0].fd >= 0 || o->fd[1].fd >= 0) {
		if (poll(o->fd, 2, -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 2; i++) {
			if (o->fd[i].fd < 0 || o->fd[i].revents == 0)
				continue;

			ssize_t n = read(o->fd[i].fd, buf, sizeof(buf));

			if (n < 0 && (errno == EINTR || errno == EAGAIN))
				continue;
			if (n <= 0) {
				(void)close(o->fd[i].fd); /* read only */
				o->fd[i].fd = -1;
			} else if (i == 1) {
				keep_tail(o, buf, (size_t)n);
			} else if (o->out != NULL) {
				cb_buf_add(o->out, buf, (size_t)n);
			}
		}
	}
}

/* The child's stdin, stdout and stderr. */
static int spawn(const char *const *argv, const int out[2], const int err[2], pid_t *ret)
{
	posix_spawn_file_actions_t fa;
	int e = posix_spawn_file_actions_init(&fa);

	if (e != 0)
		return e;
	e = posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", 0 /* O_RDONLY */, 0);
	if (e == 0)
		e = posix_spawn_file_actions_adddup2(&fa, out[1], 1);
	if (e == 0)
		e = posix_spawn_file_actions_adddup2(&fa, err[1], 2);
	for (int i = 0; e == 0 && i < 2; i++) {
		e = posix_spawn_file_actions_addclose(&fa, out[i]);
		if (e == 0)
			e = posix_spawn_file_actions_addclose(&fa, err[i]);
	}
	if (e == 0)
		e = posix_spawnp(ret, argv[0], &fa, NULL, (char *const *)argv, environ);
	(void)posix_spawn_file_actions_destroy(&fa); /* nothing to be done */
	return e;
}

/* What the program said last, whole lines of it if there are several, as one line. */
static struct cb_str last_words(struct outputs *o)
{
	struct cb_str s = cb_str_trim((struct cb_str){ o->tail, o->tail_n });
	size_t line = cb_str_chr(s, '\n');

	if (o->tail_n == TAIL && line != SIZE_MAX)
		s = cb_str_trim(cb_str_sub(s, line, SIZE_MAX));
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\n')
			o->tail[(size_t)(s.p - o->tail) + i] = ';';
	return s;
}

static int judge(struct cb_host *h, const char *program, int status, struct outputs *o)
{
	struct cb_str tail = last_words(o);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return cb_fail(&h->env, CB_EIO, "%s: killed by signal %d", program, WTERMSIG(status));
	return cb_fail(&h->env, CB_EIO, "%s: exit status %d%s%.*s", program, WEXITSTATUS(status),
		       tail.n > 0 ? ": " : "", CB_STR_ARG(tail));
}

static int start_failed(struct cb_host *h, const char *program)
{
	const char *package = cb_proc_package(program);
	int r = cb_host_errno(h, "starting %s", program);

	if (r == CB_ENOENT && package != NULL)
		return cb_host_advise(h, r, CB_REPORT_TOOL, "install it: apt-get install %s", package);
	return cb_host_advise(h, r, CB_REPORT_TOOL, "see 'cloud-boot doctor'");
}

int cb_proc_run(struct cb_host *h, const char *const *argv, struct cb_buf *ret_out)
{
	struct outputs o = { .out = ret_out };
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, status = 0;
	pid_t pid = 0;

	if (pipe(out) < 0)
		return cb_host_errno(h, "starting %s", argv[0]);
	if (pipe(err) < 0) {
		(void)close(out[0]); /* unused */
		(void)close(out[1]);
		return cb_host_errno(h, "starting %s", argv[0]);
	}
	fflush(stdout);

	int e = spawn(argv, out, err, &pid);

	(void)close(out[1]); /* the child's ends */
	(void)close(err[1]);
	if (e != 0) {
		(void)close(out[0]); /* nothing will come */
		(void)close(err[0]);
		errno = e;
		return start_failed(h, argv[0]);
	}
	o.fd[0] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	o.fd[1] = (struct pollfd){ .fd = err[0], .events = POLLIN };
	read_outputs(&o);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return cb_host_errno(h, "waiting for %s", argv[0]);

	int r = judge(h, argv[0], status, &o);

	return r == 0 && ret_out != NULL ? cb_buf_status(ret_out) : r;
}

void cb_proc_quote(struct cb_buf *b, const char *const *argv)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		"%+,-./:=@_^";

	for (size_t i = 0; argv[i] != NULL; i++) {
		const char *word = argv[i];

		cb_buf_str(b, cb_str_c(i > 0 ? " " : ""));
		if (word[0] != '\0' && strspn(word, safe) == strlen(word)) {
			cb_buf_str(b, cb_str_c(word));
			continue;
		}
		cb_buf_str(b, CB_STR("'"));
		for (; *word != '\0'; word++)
			cb_buf_str(b, *word == '\'' ? CB_STR("'\\''") : (struct cb_str){ word, 1 });
		cb_buf_str(b, CB_STR("'"));
	}
}
