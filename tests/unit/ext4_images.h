/* tests/unit/ext4_images.h - small ext file systems, made by mke2fs when the tests are built.
 *
 * Each holds /boot/vmlinuz-6.1 (5000 bytes, EXT4_BYTE), /boot/deep/deeper, /boot/slow and /vmlinuz
 * (links to the kernel), /small, /middle (130 bytes of EXT4_BYTE), /empty, /sparse ("block N" at
 * 5121 * N, N < 12; "!" at 69999), /many/name-NN-... (45 empty files). */
#ifndef CB_UNIT_EXT4_IMAGES_H
#define CB_UNIT_EXT4_IMAGES_H

#include "core/mem.h"

/* csum: extents, metadata_csum, two groups. plain: block maps, 128-byte inodes, uninit_bg. inline:
 * inline_data. log: a log with two transactions: new bytes ("new0...", the log's own magic, "new2")
 * for the kernel's first three blocks, then a revoke of the third. fast: the same, then fast commits
 * that make /fresh (10 bytes: the kernel's block 3), remove /empty, link /middle-again, and give
 * /sparse that block as its block 4; its blocks 1, 2, 3, 5..8 and 10 become zeros. */
enum ext4_image { EXT4_CSUM, EXT4_PLAIN, EXT4_INLINE, EXT4_LOG, EXT4_FAST, EXT4_IMAGES };

#define EXT4_IMAGE_MAX (8600u << 10)
#define EXT4_BYTE(i) ((uint8_t)((i) * 7 + ((i) >> 8)))

size_t ext4_image_size(enum ext4_image which);
void ext4_image_fill(enum ext4_image which, uint8_t *to);

#endif
