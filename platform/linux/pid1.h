/* linux/pid1.h - what only process 1 does: signals, orphans, waiting for devices, the machine's end. */
#ifndef CB_LINUX_PID1_H
#define CB_LINUX_PID1_H

#include "core/err.h"

/* What cb_pid1_wait() woke up for; several at once are possible. */
#define CB_WOKE_DEVICE  1u        /* the kernel added, changed or removed a block device */
#define CB_WOKE_REBOOT  2u        /* Ctrl-Alt-Del, SIGTERM, SIGINT */
#define CB_WOKE_OFF     4u        /* SIGUSR2, SIGPWR */

#define CB_UEVENT_MAX 8192u       /* bytes of one message; UEVENT_BUFFER_SIZE of the kernel is 2048 */

struct cb_pid1 {
	int signals;              /* signalfd, -1 when there is none */
	int uevents;              /* netlink, -1 when there is none: devices are found by looking */
	char message[CB_UEVENT_MAX];
};

/* From here on signals are only read, and Ctrl-Alt-Del is one. Faults of our own end in fault(),
 * which must not return. */
CB_MUST int cb_pid1_init(struct cb_env *env, struct cb_pid1 *p, void (*fault)(int sig));
/* Look at signals and devices, reap orphans; wait at most that long for one of the above. */
unsigned cb_pid1_wait(struct cb_pid1 *p, uint64_t timeout_ns);

enum cb_end { CB_END_RESTART, CB_END_OFF, CB_END_KEXEC };
/* Doesn't return unless the kernel refuses. */
int cb_pid1_end(struct cb_env *env, enum cb_end how);

#endif
