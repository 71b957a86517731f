/* linux/pid1.c - signals through a descriptor, kernel uevents through netlink, reboot(2). */
#include "linux/pid1.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/str.h"
#include "linux/os.h"

#define UEVENT_GROUP  1u          /* the kernel's own messages, not udev's */
#define UEVENT_BUFFER (1 << 20)   /* bytes that may pile up while a disk is read */

static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

/* After a stack overflow the handler needs a stack of its own. */
static int catch_faults(void (*fault)(int sig))
{
	static char stack[16384];
	const stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction act = { .sa_handler = fault, .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND) };

	if (sigaltstack(&alt, NULL) != 0)
		return errno;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (sigaction(faults[i], &act, NULL) != 0)
			return errno;
	return 0;
}

static int open_uevents(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = UEVENT_GROUP };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	int room = UEVENT_BUFFER;

	if (fd < 0)
		return -1;
	/* A smaller buffer loses messages: then ENOBUFS says so, and that wakes us up as well. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	(void)close(fd); /* nothing was sent */
	return -1;
}

int cb_pid1_init(struct cb_env *env, struct cb_pid1 *p, void (*fault)(int sig))
{
	sigset_t all;
	int err;

	p->signals = -1;
	p->uevents = open_uevents();
	(void)sigfillset(&all); /* can't fail */
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		(void)sigdelset(&all, faults[i]); /* known signals */
	if (sigprocmask(SIG_SETMASK, &all, NULL) != 0)
		return cb_os_fail(env, errno, "blocking signals");
	p->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signals < 0)
		return cb_os_fail(env, errno, "signalfd");
	err = catch_faults(fault);
	if (err != 0)
		return cb_os_fail(env, err, "sigaction");
	/* Ctrl-Alt-Del becomes SIGINT. In a container it isn't ours to change. */
	(void)reboot(RB_DISABLE_CAD);
	return 0;
}

static void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static unsigned read_signals(int fd)
{
	struct signalfd_siginfo info;
	unsigned woke = 0;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM)
			woke |= CB_WOKE_REBOOT;
		else if (info.ssi_signo == SIGUSR2 || info.ssi_signo == SIGPWR)
			woke |= CB_WOKE_OFF;
		else if (info.ssi_signo == SIGCHLD)
			reap();
	}
	return woke;
}

/* Messages are "add@/devices/...", then KEY=value strings, each ended by a NUL. */
static unsigned read_uevents(struct cb_pid1 *p)
{
	unsigned woke = 0;
	ssize_t n;

	while ((n = recv(p->uevents, p->message, sizeof(p->message), 0)) > 0 ||
	       (n < 0 && errno == ENOBUFS)) {
		struct cb_str s = { p->message, n > 0 ? (size_t)n : 0 }, pair;

		if (n < 0)
			woke |= CB_WOKE_DEVICE;
		while (cb_str_next(&s, '\0', &pair))
			if (cb_str_eq(pair, CB_STR("SUBSYSTEM=block")))
				woke |= CB_WOKE_DEVICE;
	}
	return woke;
}

unsigned cb_pid1_wait(struct cb_pid1 *p, uint64_t timeout_ns)
{
	struct pollfd fds[] = {
		{ .fd = p->signals, .events = POLLIN }, { .fd = p->uevents, .events = POLLIN },
	};
	struct timespec ts = {
		.tv_sec = (time_t)(timeout_ns / 1000000000u), .tv_nsec = (int)(timeout_ns % 1000000000u),
	};
	unsigned woke = 0;

	if (ppoll(fds, sizeof(fds) / sizeof(fds[0]), &ts, NULL) <= 0)
		return 0;
	if (fds[0].revents != 0)
		woke |= read_signals(p->signals);
	if (fds[1].revents != 0)
		woke |= read_uevents(p);
	return woke;
}

int cb_pid1_end(struct cb_env *env, enum cb_end how)
{
	static const int commands[] = {
		[CB_END_RESTART] = RB_AUTOBOOT, [CB_END_OFF] = RB_POWER_OFF, [CB_END_KEXEC] = RB_KEXEC,
	};

	(void)reboot(commands[how]);
	return cb_os_fail(env, errno, "reboot(2)");
}
