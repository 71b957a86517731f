# mk/tests.mk - checks, from the fastest to the slowest.
.PHONY: check unit cli selftest selftest-x64 selftest-aa64 selftest-cache-disk selftest-nvram-store layers style fuzz fuzz-replay e2e bench images cov
.PHONY: e2e-run e2e-powercut e2e-libvirt e2e-baddisks e2e-firmware-matrix

#: make check      layers, style, unit tests (host, sanitizers), fuzz seeds: under 3 minutes
check: layers style programs unit cli selftest fuzz-replay
	@echo "check: green"

#: make layers     includes go the way that LAYERS allows
layers:
	tools/check-layers

#: make style      the rules of HACKING.md that a script can see
style:
	tools/check-style
	tools/check-errors

# The list of suites, written from the file names. $1 file, $2 sources
suite_names = $(patsubst tests/unit/test_%.c,%,$1)
out/gen/suites_all.c: $(UNIT_SRC) tools/make-suites
	tools/make-suites $@ $(call suite_names,$(UNIT_SRC))
FW_SRC := $(filter-out tests/unit/test_host_%,$(UNIT_SRC))
out/gen/suites_fw.c: $(FW_SRC) tools/make-suites
	tools/make-suites $@ $(call suite_names,$(FW_SRC))

# Of platform/uefi, what tests/unit/test_host_uefi.c runs over firmware of its own.
UNIT_UEFI := $(addprefix platform/uefi/,disk.c handles.c initrd.c env.c)

#: make unit       unit tests on the host, plain and under ASan + UBSan
define unit
out/$1/unit: $$(call obj,$1,$$(UNIT_SRC) $$(UNIT_KIT) tests/unit/main_host.c $$(POSIX_SRC) $$(LINUX_SRC) $$(UNIT_UEFI)) out/$1/suites_all.o out/$1/lib.a $$(DEPS_LIBS_$1)
	$(Q)$$(CC_$1) $2 -o $$@ $$^ -lcmocka $$(LDLIBS_$1)
endef
$(eval $(call unit,host,))
$(eval $(call unit,asan,$(SANITIZE)))

unit: out/host/unit out/asan/unit
	out/host/unit
	out/asan/unit

# selftest.efi: the same suites in firmware. $1 architecture, $2 QEMU's name for it
define selftest
out/efi-$1/suites_fw.o: out/gen/suites_fw.c
$(call efi,$1,selftest,$(FW_SRC) $(UNIT_KIT) tests/unit/main_efi.c)
out/efi-$1/selftest.efi: out/efi-$1/suites_fw.o
selftest-$1: out/efi-$1/selftest.efi
	tools/selftest $2 $$<
endef
$(eval $(call selftest,x64,x86_64))
$(eval $(call selftest,aa64,aarch64))

#: make selftest   unit tests inside OVMF and AAVMF, under QEMU; both start a program from cache disks
E2E_EFI := hello comeback lack cards
$(foreach a,x64 aa64,$(foreach p,$(E2E_EFI),$(eval $(call efi,$a,$p,tests/e2e/$p.c tests/e2e/next.c))))
selftest: selftest-x64 selftest-aa64 selftest-cache-disk selftest-nvram-store
selftest-cache-disk: out/host/cloud-boot out/efi-x64/hello.efi out/efi-aa64/hello.efi
	tests/e2e/cache-disk
selftest-nvram-store: out/host/cloud-boot out/efi-x64/hello.efi out/efi-aa64/hello.efi
	tests/e2e/nvram-store

#: make cli        tests of the host command, plain and under ASan + UBSan
cli: out/host/cloud-boot out/asan/cloud-boot
	tests/cli/run out/host/cloud-boot
	tests/cli/run out/asan/cloud-boot

# Each fuzz target twice: with libFuzzer, and as a plain replayer of its seeds.
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(FUZZ_SRC))
define fuzzer
out/fuzz/$1: out/fuzz/tests/fuzz/$1.o $$(call obj,fuzz,$$(POSIX_SRC) platform/sim/sim.c) out/fuzz/lib.a $$(DEPS_LIBS_fuzz)
	$(Q)$$(CC_fuzz) $$(SANITIZE) -fsanitize=fuzzer -o $$@ $$^ $$(LDLIBS_fuzz)
out/fuzz/replay_$1: out/fuzz/tests/fuzz/$1.o out/fuzz/tests/fuzz/replay.o $$(call obj,fuzz,$$(POSIX_SRC) platform/sim/sim.c) out/fuzz/lib.a $$(DEPS_LIBS_fuzz)
	$(Q)$$(CC_fuzz) $$(SANITIZE) -fsanitize=fuzzer-no-link -o $$@ $$^ $$(LDLIBS_fuzz)
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzzer,$f)))

#: make fuzz-replay  every seed through its target, under sanitizers
fuzz-replay: $(addprefix out/fuzz/replay_,$(FUZZERS))
	tools/fuzz replay $(FUZZERS)

#: make fuzz       FUZZ_SECONDS (600) of each target, or of ONLY=fuzz_x
FUZZ_SECONDS ?= 600
fuzz: $(addprefix out/fuzz/,$(or $(ONLY),$(FUZZERS)))
	tools/fuzz run $(FUZZ_SECONDS) $(or $(ONLY),$(FUZZERS))

#: make images     Debian 12 and 13 disk images for the end-to-end tests, kept in the cache
images:
	tests/images/images.py

#: make e2e        scenarios in QEMU guests, both architectures, power cuts, libvirtd, broken disks; ONLY=pattern, ALL=1
e2e: e2e-run $(if $(ONLY),,e2e-powercut e2e-baddisks e2e-libvirt e2e-firmware-matrix)
e2e-run: programs $(foreach a,x64 aa64,$(E2E_EFI:%=out/efi-$a/%.efi))
	tests/e2e/run $(if $(ALL),--all) $(if $(ONLY),--only '$(ONLY)')
# These run one guest at a time, so with make -j2 two of them may go at once; the scenarios have both cores.
e2e-powercut e2e-libvirt: e2e-run
	tests/e2e/$(@:e2e-%=%)
e2e-baddisks: e2e-run out/asan/cloud-boot
	tests/e2e/baddisks
e2e-firmware-matrix: e2e-run
	tests/e2e/firmware-matrix --check -j 1

#: make bench      figures beside peers: sizes, build, ext4 reads, guest instructions, paths B and C
bench: programs
	tests/bench/run
