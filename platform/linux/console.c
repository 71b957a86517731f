/* linux/console.c - text on every console. */
#include "linux/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/klog.h>
#include <unistd.h>

#include "core/fmt.h"
#include "core/str.h"
#include "linux/os.h"

#define STUCK_MS 1000
#define SYSLOG_CONSOLE_LEVEL 8

void cb_console_close(struct cb_console *c)
{
	while (c->n > 0)
		if (c->fd[--c->n] > STDERR_FILENO)
			(void)close(c->fd[c->n]); /* a terminal keeps nothing of ours */
}

static void add(struct cb_console *c, struct cb_str name)
{
	char path[64];
	int fd;

	if (c->n == CB_CONSOLES || cb_fmt(path, sizeof(path), "/dev/%.*s", CB_STR_ARG(name)) >= sizeof(path))
		return;
	fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		c->fd[c->n++] = fd;
}

void cb_console_open(struct cb_console *c)
{
	char active[256];
	struct cb_str all, name;

	cb_console_close(c);
	all = (struct cb_str){ active, cb_os_text("/sys/class/tty/console/active", active, sizeof(active)) };
	while (cb_str_word(&all, &name))
		add(c, name);
	if (c->n == 0)
		add(c, CB_STR("console"));
	if (c->n == 0)
		c->fd[c->n++] = STDERR_FILENO;
}

static bool put(int fd, const char *p, size_t n)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	while (n > 0) {
		ssize_t did = write(fd, p, n);

		if (did > 0) {
			p += did;
			n -= (size_t)did;
		} else if (did < 0 && errno == EAGAIN) {
			if (poll(&wait, 1, STUCK_MS) <= 0)
				return false;
		} else if (did == 0 || errno != EINTR) {
			return false;
		}
	}
	return true;
}

void cb_console_write(struct cb_console *c, const char *p, size_t n)
{
	for (unsigned i = 0; i < c->n;) {
		if (put(c->fd[i], p, n)) {
			i++;
			continue;
		}
		if (c->fd[i] > STDERR_FILENO)
			(void)close(c->fd[i]); /* a terminal keeps nothing of ours */
		c->fd[i] = c->fd[--c->n];
	}
}

void cb_console_kernel_level(int level)
{
	(void)klogctl(SYSLOG_CONSOLE_LEVEL, NULL, level); /* only looks suffer */
}
