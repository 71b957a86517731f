/* linux/console.h - text on every console of the kernel, each once.
 *
 * A console that takes nothing for a second (a serial line with flow control and nobody there) is
 * given up: PID 1 must not wait for it. */
#ifndef CB_LINUX_CONSOLE_H
#define CB_LINUX_CONSOLE_H

#include "core/env.h"

#define CB_CONSOLES 8u

struct cb_console {
	int fd[CB_CONSOLES];
	unsigned n;
};

/* Every console of /sys/class/tty/console/active; without one, standard error. Call it again when
 * devices have appeared: it reopens. */
void cb_console_open(struct cb_console *c);
void cb_console_close(struct cb_console *c);
void cb_console_write(struct cb_console *c, const char *p, size_t n);
/* Which of its own messages the kernel still prints: those below this level (syslog(2), 8). */
void cb_console_kernel_level(int level);

#endif
