/* image/devpath_priv.h - the nodes that have a text form of their own (UEFI 2.10, 10.6.1), as a table that
 * both ways read. */
#ifndef CB_IMAGE_DEVPATH_PRIV_H
#define CB_IMAGE_DEVPATH_PRIV_H

#include "image/devpath.h"

/* A node "NAME(field,field,...)". fields has two characters a field, in the order of the text: what it
 * is, and its offset in the body (0-9 a-z A-Z for 0 to 61).
 *
 *   b w d q   number of 1, 2, 4, 8 bytes, hexadecimal   B n u Q   the same, decimal
 *   z         4 bytes as 0x and eight digits            R         8 bytes in their order, as 0x and digits
 *   g         GUID                                      h         EISA id, "PNP0A03" or a number
 *   m         hardware address of up to 32 bytes        M         of 6 bytes
 *   N         EUI-64, last byte first, with dashes      i I       IPv4, IPv6 address
 *   A E p D O P S T   numbers with names (devpath_table.c)   L         the word of the entry itself
 *
 * Behind the fixed part, at most:
 *   x         bytes as digits, nothing when there are none  a     text to the end
 *   s         text up to a zero; may come several times     W     UTF-16 to the end, in quotes
 *   l         numbers of 4 bytes, one at least */
struct cb_devtext {
	uint8_t type, subtype;
	uint8_t size;             /* bytes of the fixed part */
	uint8_t fixed_off, fixed_n;
	uint8_t fixed[4];         /* these bytes make the entry: the ACPI id of a PciRoot */
	const char *name, *fields, *word;
};

/* Ends with an entry without a name. */
extern const struct cb_devtext cb_devtexts[];

/* The value of a number's name, or the name of a value (NULL: none). */
const char *cb_devtext_word(char kind, uint64_t value);
bool cb_devtext_value(char kind, struct cb_str word, uint64_t *ret);

/* Bytes that a kind of number takes; 0: no number. */
size_t cb_devtext_width(char kind);
/* The offset in a pair of `fields`. */
size_t cb_devtext_off(char c);
/* One that is behind the fixed part. */
bool cb_devtext_is_rest(char kind);

/* Nodes that have no entry: the category's name, "Path" for all others. */
#define CB_DEVTEXT_GENERIC "Path"

#endif
