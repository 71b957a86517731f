/* uefi/uefi.h - the tables of UEFI 2.10 that every application sees: types, boot and runtime services.
 *
 * Protocols have a header each under proto/. The PE targets' default calling convention is the
 * firmware's, so EFIAPI marks intent only. */
#ifndef CB_UEFI_UEFI_H
#define CB_UEFI_UEFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EFIAPI

typedef uint64_t efi_status;
typedef void *efi_handle;
typedef void *efi_event;
typedef uint16_t efi_char16;

#define EFI_ERROR_BIT         (UINT64_C(1) << 63)
#define EFI_SUCCESS           UINT64_C(0)
#define EFI_LOAD_ERROR        (EFI_ERROR_BIT | 1)
#define EFI_INVALID_PARAMETER (EFI_ERROR_BIT | 2)
#define EFI_UNSUPPORTED       (EFI_ERROR_BIT | 3)
#define EFI_BUFFER_TOO_SMALL  (EFI_ERROR_BIT | 5)
#define EFI_NOT_READY         (EFI_ERROR_BIT | 6)
#define EFI_DEVICE_ERROR      (EFI_ERROR_BIT | 7)
#define EFI_WRITE_PROTECTED   (EFI_ERROR_BIT | 8)
#define EFI_OUT_OF_RESOURCES  (EFI_ERROR_BIT | 9)
#define EFI_VOLUME_FULL       (EFI_ERROR_BIT | 11)
#define EFI_NO_MEDIA          (EFI_ERROR_BIT | 12)
#define EFI_MEDIA_CHANGED     (EFI_ERROR_BIT | 13)
#define EFI_NOT_FOUND         (EFI_ERROR_BIT | 14)
#define EFI_ACCESS_DENIED     (EFI_ERROR_BIT | 15)
#define EFI_ABORTED           (EFI_ERROR_BIT | 21)
#define EFI_SECURITY_VIOLATION (EFI_ERROR_BIT | 26)
#define EFI_CONNECTION_FIN    (EFI_ERROR_BIT | 104)
#define EFI_CONNECTION_RESET  (EFI_ERROR_BIT | 105)
#define EFI_CONNECTION_REFUSED (EFI_ERROR_BIT | 106)
#define EFI_IS_ERROR(s)       (((s) & EFI_ERROR_BIT) != 0)

struct efi_guid { uint32_t a; uint16_t b, c; uint8_t d[8]; };

struct efi_table_header { uint64_t signature; uint32_t revision, size, crc32, reserved; };

enum efi_allocate_type { EFI_ALLOCATE_ANY_PAGES };
enum efi_memory_type { EFI_LOADER_CODE = 1, EFI_LOADER_DATA = 2, EFI_ACPI_RECLAIM_MEMORY = 9 };
enum efi_reset_type { EFI_RESET_COLD, EFI_RESET_WARM, EFI_RESET_SHUTDOWN };

struct efi_device_path;
struct efi_text_output;
struct efi_text_input;

struct efi_time {
	uint16_t year;
	uint8_t month, day, hour, minute, second, pad1;
	uint32_t nanosecond;
	int16_t time_zone;
	uint8_t daylight, pad2;
};

/* Services that we don't call keep their place as void *. UEFI 2.10, 4.4. */
struct efi_boot_services {
	struct efi_table_header header;
	void *raise_tpl, *restore_tpl;
	efi_status (EFIAPI *allocate_pages)(uint32_t how, uint32_t type, size_t pages, uint64_t *addr);
	efi_status (EFIAPI *free_pages)(uint64_t addr, size_t pages);
	void *get_memory_map;
	efi_status (EFIAPI *allocate_pool)(uint32_t type, size_t n, void **ret);
	efi_status (EFIAPI *free_pool)(void *p);
	efi_status (EFIAPI *create_event)(uint32_t type, size_t tpl, void *notify, void *ctx,
					  efi_event *ret);
	efi_status (EFIAPI *set_timer)(efi_event e, uint32_t type, uint64_t hundred_ns);
	efi_status (EFIAPI *wait_for_event)(size_t n, efi_event *events, size_t *ret_index);
	void *signal_event;
	efi_status (EFIAPI *close_event)(efi_event e);
	efi_status (EFIAPI *check_event)(efi_event e);
	efi_status (EFIAPI *install_protocol)(efi_handle *h, const struct efi_guid *g, uint32_t type,
					      void *p);
	void *reinstall_protocol;
	efi_status (EFIAPI *uninstall_protocol)(efi_handle h, const struct efi_guid *g, void *p);
	efi_status (EFIAPI *handle_protocol)(efi_handle h, const struct efi_guid *g, void **ret);
	void *reserved, *register_protocol_notify, *locate_handle;
	efi_status (EFIAPI *locate_device_path)(const struct efi_guid *g, struct efi_device_path **path,
						efi_handle *ret);
	efi_status (EFIAPI *install_configuration_table)(const struct efi_guid *g, void *table);
	efi_status (EFIAPI *load_image)(bool policy, efi_handle parent, struct efi_device_path *path,
					void *source, size_t n, efi_handle *ret);
	efi_status (EFIAPI *start_image)(efi_handle image, size_t *ret_n, efi_char16 **ret_text);
	efi_status (EFIAPI *exit)(efi_handle image, efi_status status, size_t n, efi_char16 *text);
	efi_status (EFIAPI *unload_image)(efi_handle image);
	void *exit_boot_services, *get_next_monotonic_count;
	efi_status (EFIAPI *stall)(size_t microseconds);
	efi_status (EFIAPI *set_watchdog_timer)(size_t seconds, uint64_t code, size_t n, efi_char16 *text);
	efi_status (EFIAPI *connect_controller)(efi_handle h, efi_handle *drivers,
						struct efi_device_path *remaining, bool recursive);
	void *disconnect_controller, *open_protocol, *close_protocol, *open_protocol_information;
	void *protocols_per_handle;
	efi_status (EFIAPI *locate_handle_buffer)(uint32_t how, const struct efi_guid *g, void *key,
						  size_t *ret_n, efi_handle **ret);
	efi_status (EFIAPI *locate_protocol)(const struct efi_guid *g, void *registration, void **ret);
};

/* UEFI 2.10, 4.5. */
struct efi_runtime_services {
	struct efi_table_header header;
	efi_status (EFIAPI *get_time)(struct efi_time *ret, void *capabilities);
	void *set_time, *get_wakeup_time, *set_wakeup_time;
	void *set_virtual_address_map, *convert_pointer;
	efi_status (EFIAPI *get_variable)(const efi_char16 *name, const struct efi_guid *vendor,
					  uint32_t *ret_attributes, size_t *n, void *data);
	efi_status (EFIAPI *get_next_variable_name)(size_t *n, efi_char16 *name, struct efi_guid *vendor);
	efi_status (EFIAPI *set_variable)(const efi_char16 *name, const struct efi_guid *vendor,
					  uint32_t attributes, size_t n, const void *data);
	void *get_next_high_monotonic_count;
	void (EFIAPI *reset_system)(uint32_t type, efi_status status, size_t n, void *data);
};

struct efi_configuration_table { struct efi_guid guid; void *table; };

/* UEFI 2.10, 4.3. */
struct efi_system_table {
	struct efi_table_header header;
	efi_char16 *vendor;
	uint32_t revision;
	efi_handle con_in_handle;
	struct efi_text_input *con_in;
	efi_handle con_out_handle;
	struct efi_text_output *con_out;
	efi_handle std_err_handle;
	struct efi_text_output *std_err;
	struct efi_runtime_services *rt;
	struct efi_boot_services *bs;
	size_t tables_n;
	struct efi_configuration_table *tables;
};

/* Every application defines it; the linker starts here. */
efi_status EFIAPI efi_entry(efi_handle image, struct efi_system_table *st);

#endif
