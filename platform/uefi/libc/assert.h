/* assert.h - for third-party code in firmware, which is compiled with NDEBUG. */
#define assert(e) ((void)0)
