/* tests/fuzz/replay.c - runs seed files through a fuzz target without libFuzzer. Usage: replay FILE... */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");

		if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
			perror(argv[i]);
			return 1;
		}

		size_t n = (size_t)ftell(f);
		uint8_t *p = malloc(n > 0 ? n : 1);

		rewind(f);
		if (p == NULL || fread(p, 1, n, f) != n) {
			perror(argv[i]);
			return 1;
		}
		fclose(f);
		(void)LLVMFuzzerTestOneInput(p, n); /* always 0 */
		free(p);
	}
	return 0;
}
