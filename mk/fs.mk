# mk/fs.mk - the conformance suite of the file systems.

# What the drivers see of an image (tests/fs/run).
out/host/fsdump: $(call obj,host,tests/fs/fsdump.c $(POSIX_SRC)) out/host/lib.a $(DEPS_LIBS_host)
	$(Q)$(CC_host) -o $@ $^ $(LDLIBS_host)
out/asan/fsdump: $(call obj,asan,tests/fs/fsdump.c $(POSIX_SRC)) out/asan/lib.a $(DEPS_LIBS_asan)
	$(Q)$(CC_asan) $(SANITIZE) -o $@ $^ $(LDLIBS_asan)
