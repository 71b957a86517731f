/* core/limits.h - every cap that foreign bytes can run into, in one place.
 *
 * A cap is a promise about memory or time; over it the caller gets CB_ELIMIT
 * and the report names the cap. */
#ifndef CB_CORE_LIMITS_H
#define CB_CORE_LIMITS_H

#include <stdint.h>

/* Paths (fs/path.c). Linux: PATH_MAX, NAME_MAX, 40 links. */
#define CB_MAX_PATH          4096u
#define CB_MAX_NAME          255u
#define CB_MAX_LINKS         40u
#define CB_MAX_DEPTH         256u       /* directories below one another */

/* Block devices and partition tables. */
#define CB_MAX_BLOCK_SIZE    65536u
#define CB_MAX_DEVICE_SIZE   (UINT64_C(1) << 62)
#define CB_MAX_GPT_ENTRIES   1024u      /* UEFI needs 128; sgdisk can make more */
#define CB_MAX_GPT_ENTRY     4096u      /* bytes */
#define CB_MAX_LOGICAL       64u        /* MBR logical partitions */
#define CB_MAX_PARTITIONS    1024u
#define CB_MAX_QCOW2_CHAIN   16u        /* backing files */
#define CB_MAX_QCOW2_TABLE   (32u << 20) /* bytes of L1 */

/* Memory of one mounted file system, its caches included. */
#define CB_MAX_FS_ARENA      (48u << 20)
#define CB_MAX_BLK_CACHE     (8u << 20)
#define CB_MAX_JOURNAL_BLOCKS (1u << 20) /* distinct blocks replayed in memory */
#define CB_MAX_FAST_COMMITS  32768u     /* ext4 fast-commit records */
#define CB_MAX_DIR_ENTRIES   (4u << 20)
#define CB_MAX_WALK_NODES    (64u << 20) /* files of one recursive walk (fs/walk.c) */
#define CB_MAX_WALK_MEMORY   (256u << 20) /* names of the directories that it is in */

/* Boot files. */
#define CB_MAX_KERNEL        (512u << 20)
#define CB_MAX_INITRD        (2048u << 20)
#define CB_MAX_BOOT_ENTRIES  1024u      /* of all disks: CB_KEEP_BOOT_ENTRIES */
#define CB_MAX_BLS_FILE      (64u << 10)
#define CB_MAX_CMDLINE       4096u      /* x86_64 boot protocol; arm64 takes 2048 */
#define CB_MAX_INITRDS       16u
#define CB_MAX_LOAD_OPTIONS  2047u      /* bytes: COMMAND_LINE_SIZE of the kernels without its NUL */
#define CB_MAX_DISKS         128u
#define CB_MAX_VOLUMES       2048u      /* of all disks: CB_KEEP_VOLUMES */
/* What one disk leaves to each that comes after it, so that no disk's junk hides another. */
#define CB_KEEP_VOLUMES      8u
#define CB_KEEP_BOOT_ENTRIES 4u
#define CB_MAX_KMODS         1024u      /* kernel modules in one initramfs */

/* Memory of one decoder: zstd --ultra -22 has a window of 128 MiB, xz -9 a dictionary of 64. */
#define CB_MAX_DECOMP_MEMORY (160u << 20)

/* Nesting of a JSON document. */
#define CB_MAX_JSON_DEPTH    100u

/* PE images. */
#define CB_MAX_PE_SECTIONS   96u        /* as the Windows loader's limit */
#define CB_MAX_PE_HEADER     (64u << 10)

/* Device trees: what the arm64 boot protocol takes. */
#define CB_MAX_FDT           (2u << 20)
#define CB_MAX_MEMRANGES     8192u      /* lines of /proc/iomem */

/* EFI variables: the firmware that we know stops at 64 KiB. */
#define CB_MAX_EFIVAR        (1u << 20)
#define CB_MAX_VARSTORE      (2u << 20) /* bytes of an EDK2 store; OVMF's have 256 KiB */
#define CB_MAX_VARSTORE_LEAVING 64u     /* half-replaced variables; each power cut leaves at most one */

/* Certificates of authorities: bytes of a file of them. Debian's bundle has 220 KiB. */
#define CB_MAX_CA            (4u << 20)

/* HTTP. */
#define CB_MAX_URL           4096u
#define CB_MAX_HOST          253u       /* RFC 1035, without the last dot */
#define CB_MAX_HTTP_HEAD     (64u << 10) /* status line and header fields of one answer */
#define CB_MAX_HTTP_FIELDS   256u
#define CB_MAX_HTTP_CHUNK_LINE 1024u    /* a chunk's size with its extensions */
#define CB_MAX_REDIRECTS     10u

/* Settings. */
#define CB_MAX_SETTINGS      256u
#define CB_MAX_SETTING       4096u      /* bytes of one value */

#endif
