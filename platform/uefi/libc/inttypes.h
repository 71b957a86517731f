/* inttypes.h - for third-party code in firmware; nothing there prints. */
#include <stdint.h>
