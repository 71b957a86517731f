# mk/programs.mk - the programs that ship.
.PHONY: programs install dist
PROGRAMS :=

# The host command. Of what PID 1 has it needs EFI variables.
HOST_SRC := $(UKI_SRC) $(POSIX_SRC) platform/linux/efivarfs.c platform/linux/os.c
ifneq ($(UKI_SRC),)
PROGRAMS += out/host/cloud-boot
endif
out/host/cloud-boot: $(call obj,host,$(HOST_SRC)) out/host/lib.a $(DEPS_LIBS_host)
	$(Q)$(CC_host) -o $@ $^ $(LDLIBS_host)
out/asan/cloud-boot: $(call obj,asan,$(HOST_SRC)) out/asan/lib.a $(DEPS_LIBS_asan)
	$(Q)$(CC_asan) $(SANITIZE) -o $@ $^ $(LDLIBS_asan)

# PID 1, static, without symbols.
define init
out/init-$1/cloud-boot-init: $$(call obj,init-$1,$$(INIT_SRC) $$(LINUX_SRC) $$(POSIX_SRC)) out/init-$1/lib.a $$(DEPS_LIBS_init-$1)
	$(Q)$$(CC_init-$1) -static -Wl,--gc-sections,--build-id=none,-z,noseparate-code,-z,norelro -s -o $$@ $$^
endef
$(foreach a,x86_64 aarch64,$(eval $(call init,$a)))
ifneq ($(INIT_SRC),)
PROGRAMS += out/init-x86_64/cloud-boot-init out/init-aarch64/cloud-boot-init
endif

# UEFI applications. $1 architecture, $2 program, $3 its own sources
LLD := lld-link -nodefaultlib -entry:efi_entry -timestamp:0 -Brepro -opt:ref -opt:icf
define efi
out/efi-$1/$2.efi: $$(call obj,efi-$1,$3 $$(UEFI_SRC) $$(wildcard platform/uefi/$1/*.c)) out/efi-$1/lib.a $$(DEPS_LIBS_efi-$1)
	$(Q)$(LLD) -subsystem:efi_application -out:$$@ $$^
endef

PROBE_SRC := loader/probe.c loader/matrix.c
$(foreach a,x64 aa64,$(eval $(call efi,$a,loader,$(filter-out loader/probe.c,$(LOADER_SRC)))))
$(foreach a,x64 aa64,$(eval $(call efi,$a,probe,$(PROBE_SRC))))
PROGRAMS += $(foreach a,x64 aa64,out/efi-$a/loader.efi out/efi-$a/probe.efi)

programs: $(PROGRAMS)

#: make install    DESTDIR= PREFIX=/usr/local: command, init, man pages, completions
LIBEXEC := $(DESTDIR)$(PREFIX)/libexec/cloud-boot
SHARE := $(DESTDIR)$(PREFIX)/share
install: programs
	rm -rf out/man
	tools/make-man out/host/cloud-boot out/man
	install -D -s out/host/cloud-boot $(DESTDIR)$(PREFIX)/bin/cloud-boot
	install -D tools/debian-apt.sh $(LIBEXEC)/debian-apt.sh
	install -D uki/scripts/make-cache-disk.sh $(LIBEXEC)/make-cache-disk.sh
	install -D uki/scripts/reset-cloud-boot.sh $(LIBEXEC)/reset-cloud-boot.sh
	$(foreach i,$(filter out/init-%,$(PROGRAMS)),install -D $i $(i:out/%=$(LIBEXEC)/%) &&) true
	install -d $(SHARE)/man/man1
	install -m 644 out/man/*.1 $(SHARE)/man/man1
	install -D -m 644 docs/errors.md $(SHARE)/doc/cloud-boot/errors.md
	install -D -m 644 packaging/cloud-boot.bash $(SHARE)/bash-completion/completions/cloud-boot
	install -D -m 644 packaging/_cloud-boot $(SHARE)/zsh/site-functions/_cloud-boot

#: make dist       out/cloud-boot-VERSION.tar.gz of the last commit
dist:
	@mkdir -p out
	git archive --prefix=cloud-boot-$(VERSION)/ HEAD | gzip -9n > out/cloud-boot-$(VERSION).tar.gz
