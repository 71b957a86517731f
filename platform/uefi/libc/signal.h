/* signal.h - liblzma's single-threaded build names sigprocmask in a function that nothing calls. */
#ifndef CB_UEFI_LIBC_SIGNAL_H
#define CB_UEFI_LIBC_SIGNAL_H

typedef int sigset_t;
static inline int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	(void)how, (void)set, (void)old;
	return -1;
}

#endif
