/* uefi/proto/text.h - EFI_SIMPLE_TEXT_OUTPUT and EFI_SIMPLE_TEXT_INPUT (UEFI 2.10, 12.3 and 12.4). */
#ifndef CB_UEFI_PROTO_TEXT_H
#define CB_UEFI_PROTO_TEXT_H

#include "uefi/uefi.h"

struct efi_text_mode {
	int32_t max_mode, mode, attribute, cursor_column, cursor_row;
	bool cursor_visible;
};

struct efi_text_output {
	efi_status (EFIAPI *reset)(struct efi_text_output *t, bool extended);
	efi_status (EFIAPI *output_string)(struct efi_text_output *t, const efi_char16 *text);
	void *test_string;
	efi_status (EFIAPI *query_mode)(struct efi_text_output *t, size_t mode, size_t *ret_columns,
					size_t *ret_rows);
	void *set_mode;
	efi_status (EFIAPI *set_attribute)(struct efi_text_output *t, size_t attribute);
	efi_status (EFIAPI *clear_screen)(struct efi_text_output *t);
	efi_status (EFIAPI *set_cursor_position)(struct efi_text_output *t, size_t column, size_t row);
	efi_status (EFIAPI *enable_cursor)(struct efi_text_output *t, bool visible);
	struct efi_text_mode *mode;
};

/* Foreground and background of set_attribute(). */
#define EFI_TEXT_PLAIN    0x07u
#define EFI_TEXT_STRONG   0x0fu
#define EFI_TEXT_SELECTED 0x70u

struct efi_input_key { uint16_t scan_code; efi_char16 unicode; };

struct efi_text_input {
	efi_status (EFIAPI *reset)(struct efi_text_input *t, bool extended);
	efi_status (EFIAPI *read_key)(struct efi_text_input *t, struct efi_input_key *ret);
	efi_event wait_for_key;
};

#endif
