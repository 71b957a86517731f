/* core/banned.h - force-included in every file of ours: calls that cannot be made safe.
 *
 * A use compiles against libc's own declaration, under a name that no library has: the link fails
 * and says why. */
#ifndef CB_CORE_BANNED_H
#define CB_CORE_BANNED_H

#define strcpy   strcpy_is_banned
#define strcat   strcat_is_banned
#define strncpy  strncpy_is_banned
#define sprintf  sprintf_is_banned
#define vsprintf vsprintf_is_banned
#define strtok   strtok_is_banned
#define atoi     atoi_is_banned
#define strtol   strtol_is_banned
#define gets     gets_is_banned
#define scanf    scanf_is_banned

#endif
