/* uefi/proto/text.h - EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL (UEFI 2.10, 12.4). */
#ifndef CB_UEFI_PROTO_TEXT_H
#define CB_UEFI_PROTO_TEXT_H

#include "uefi/uefi.h"

struct efi_text_output {
	efi_status (EFIAPI *reset)(struct efi_text_output *t, bool extended);
	efi_status (EFIAPI *output_string)(struct efi_text_output *t, const efi_char16 *text);
	void *test_string, *query_mode, *set_mode, *set_attribute, *clear_screen;
	void *set_cursor_position, *enable_cursor, *mode;
};

#endif
