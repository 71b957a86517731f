/* tests/e2e/cards.c - cards.efi: two network cards that nobody uses, one that starts and one that refuses as
 * that of Apple's framework is said to, for \EFI\BOOT\LOADER.EFI beside it; then how it left them. */
#include "core/log.h"
#include "e2e/next.h"
#include "uefi/proto/simple_network.h"

struct card {
	struct efi_simple_network n;     /* first: what the callers have */
	struct efi_simple_network_mode mode;
	efi_status initialize;           /* what comes of it */
	unsigned calls, bad;             /* bad: in a state that doesn't allow them (UEFI 2.10, 24.1) */
};

static struct cb_uefi world;
static struct cb_diag diag;

static efi_status move(struct efi_simple_network *n, uint32_t from, uint32_t to)
{
	struct card *c = (struct card *)n;

	c->calls++;
	if (c->mode.state != from) {
		c->bad++;
		return EFI_INVALID_PARAMETER;
	}
	c->mode.state = to;
	return EFI_SUCCESS;
}

static efi_status EFIAPI efi_start(struct efi_simple_network *n)
{
	return move(n, EFI_NETWORK_STOPPED, EFI_NETWORK_STARTED);
}

static efi_status EFIAPI efi_stop(struct efi_simple_network *n)
{
	return move(n, EFI_NETWORK_STARTED, EFI_NETWORK_STOPPED);
}

static efi_status EFIAPI efi_initialize(struct efi_simple_network *n, size_t rx, size_t tx)
{
	efi_status s = ((struct card *)n)->initialize;

	(void)rx; /* buffers that no packet will need */
	(void)tx;
	return EFI_IS_ERROR(s) ? s : move(n, EFI_NETWORK_STARTED, EFI_NETWORK_INITIALIZED);
}

static efi_status EFIAPI efi_shutdown(struct efi_simple_network *n)
{
	return move(n, EFI_NETWORK_INITIALIZED, EFI_NETWORK_STARTED);
}

/* The firmware's own network would take hold of the cards. */
static efi_status EFIAPI efi_connect(efi_handle h, efi_handle *drivers, struct efi_device_path *remaining,
				     bool recursive)
{
	(void)h; /* nothing is connected any more */
	(void)drivers;
	(void)remaining;
	(void)recursive;
	return EFI_NOT_FOUND;
}

static efi_status install(struct card *c, efi_status initialize)
{
	static const struct efi_guid guid = EFI_SIMPLE_NETWORK_GUID;
	efi_handle h = NULL;

	*c = (struct card){ .n = { .start = efi_start, .stop = efi_stop, .initialize = efi_initialize,
				   .shutdown = efi_shutdown, .mode = &c->mode }, .initialize = initialize };
	return world.st->bs->install_protocol(&h, &guid, 0, &c->n);
}

efi_status EFIAPI efi_entry(efi_handle image, struct efi_system_table *st)
{
	struct cb_env env = { &cb_uefi_platform, &world, CB_LOG_INFO, &diag };
	static struct card cards[2];
	efi_handle next = NULL;
	efi_status s;

	cb_uefi_init(&world, image, st);
	s = load_next(&world, "cards", &next);
	st->bs->connect_controller = efi_connect;
	if (!EFI_IS_ERROR(s))
		s = install(&cards[0], EFI_SUCCESS);
	if (!EFI_IS_ERROR(s))
		s = install(&cards[1], EFI_DEVICE_ERROR);
	if (!EFI_IS_ERROR(s))
		s = st->bs->start_image(next, NULL, NULL);
	for (size_t i = 0; i < 2; i++)
		cb_log(&env, CB_LOG_INFO, "cards: %zu: state %u, %u calls, %u bad", i, cards[i].mode.state,
		       cards[i].calls, cards[i].bad);
	cb_log(&env, CB_LOG_INFO, "cards: status %llu", (unsigned long long)s);
	st->rt->reset_system(EFI_RESET_SHUTDOWN, s, 0, NULL);
	return s;
}
