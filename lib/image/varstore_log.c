/* image/varstore_log.c - how far the firmware got when it rewrote a store.
 *
 * To reclaim one it puts the new image into spare blocks, then over the old one, and a log behind the
 * store says which of that is done (EDK2, MdeModulePkg/FaultTolerantWriteDxe). Flags are bits that are 0. */
#include "image/varstore_priv.h"

struct log_head {
	uint8_t signature[16];
	cb_le32 crc;
	uint8_t state, reserved[3];
	cb_le64 size;
};
_Static_assert(sizeof(struct log_head) == 32, "EFI_FAULT_TOLERANT_WORKING_BLOCK_HEADER");

struct log_write {
	uint8_t flags, pad[3], caller[16], pad2[4];
	cb_le64 records_n, private_size;
};
_Static_assert(sizeof(struct log_write) == 40, "EFI_FAULT_TOLERANT_WRITE_HEADER");

struct log_record {
	uint8_t flags, pad[7];
	cb_le64 lba, off, size, spare_off;
};
_Static_assert(sizeof(struct log_record) == 40, "EFI_FAULT_TOLERANT_WRITE_RECORD");

enum {
	LOG_STEP = 4096,                            /* the log starts at a block */
	WRITE_FLAGS = 7, WRITE_PENDING = 4,         /* allocated, with records, not complete */
	RECORD_FLAGS = 6, RECORD_PENDING = 4,       /* the spare is complete, the destination isn't */
};

/* 9e58292b-7c68-497d-a0ce-6500fd9f1b95 */
static const uint8_t log_signature[16] = { 0x2b, 0x29, 0x58, 0x9e, 0x68, 0x7c, 0x7d, 0x49,
					   0xa0, 0xce, 0x65, 0x00, 0xfd, 0x9f, 0x1b, 0x95 };

/* A write of the log at `at`: where the next one is, 0 at the end. */
static size_t next_write(struct cb_bytes log, size_t at, bool *pending)
{
	const struct log_write *w = cb_view(struct log_write, log, at);
	uint64_t n, size;

	if (w == NULL || (w->flags & 1) != 0)
		return 0;
	at += sizeof(*w);
	n = cb_get_le64(w->records_n);
	if (!cb_add(cb_get_le64(w->private_size), sizeof(struct log_record), &size))
		return 0;
	for (uint64_t i = 0; i < n; i++) {
		const struct log_record *r = cb_view(struct log_record, log, at);

		if (r == NULL || size > log.n - at)
			return 0;
		if ((w->flags & WRITE_FLAGS) == WRITE_PENDING && (r->flags & RECORD_FLAGS) == RECORD_PENDING)
			*pending = true;
		at += (size_t)size;
	}
	return at;
}

bool cb_varstore_is_interrupted(struct cb_bytes all, size_t end)
{
	bool pending = false;

	for (size_t at = (end + LOG_STEP - 1) / LOG_STEP * LOG_STEP; at < all.n; at += LOG_STEP) {
		struct cb_bytes log = { all.p + at, all.n - at };
		const struct log_head *h = cb_view(struct log_head, log, 0);

		if (h == NULL || memcmp(h->signature, log_signature, sizeof(log_signature)) != 0)
			continue;
		for (size_t w = sizeof(*h); w > 0 && !pending;)
			w = next_write(log, w, &pending);
		return pending;
	}
	return false;
}
