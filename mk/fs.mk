# mk/fs.mk - the conformance suite of the file systems.

# What the drivers see of an image (tests/fs/run).
out/host/fsdump: $(call obj,host,tests/fs/fsdump.c $(POSIX_SRC)) out/host/lib.a $(DEPS_LIBS_host)
	$(Q)$(CC_host) -o $@ $^ $(LDLIBS_host)
out/asan/fsdump: $(call obj,asan,tests/fs/fsdump.c $(POSIX_SRC)) out/asan/lib.a $(DEPS_LIBS_asan)
	$(Q)$(CC_asan) $(SANITIZE) -o $@ $^ $(LDLIBS_asan)

#: make fs-check   every file-system recipe against the kernel's own driver (needs root; SEED=1)
.PHONY: fs-check fs-check-quick
SEED ?= 1
fs-check: out/host/fsdump out/asan/fsdump out/host/cloud-boot
	tests/fs/run --seed $(SEED)
	FSDUMP=out/asan/fsdump tests/fs/run --quick --seed $(SEED)

# The part of it that `make check` has time for.
fs-check-quick: out/host/fsdump out/host/cloud-boot
	tests/fs/run --quick --seed $(SEED)
check: fs-check-quick

# Small images for tests/unit/test_ext4.c and fuzz_ext4: made by mke2fs, compiled in.
out/gen/ext4_images.c: tests/unit/make-ext4-images
	tests/unit/make-ext4-images $@
out/host/unit: out/host/ext4_images.o
out/asan/unit: out/asan/ext4_images.o
out/efi-x64/selftest.efi: out/efi-x64/ext4_images.o
out/efi-aa64/selftest.efi: out/efi-aa64/ext4_images.o
out/fuzz/fuzz_ext4 out/fuzz/replay_fuzz_ext4: out/fuzz/ext4_images.o
