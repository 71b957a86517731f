/* math.h - yyjson includes it and calls nothing of it. */
