# mk/targets.mk - compilers and flags of each target; how a .c becomes an object of a target.
# V=1 shows the command lines.
Q := $(if $(V),,@)
WARN := -Wall -Wextra -Werror -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wvla -Wundef -Wwrite-strings -Wframe-larger-than=2048 -Wold-style-definition
BASE := -std=c11 $(WARN) -I. -Ilib -Iplatform -Itests -include lib/core/banned.h -MMD -MP \
	-ffile-prefix-map=$(CURDIR)=. -fno-strict-aliasing -fvisibility=hidden
SMALL := -Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
POSIX := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-frame-larger-than
PE := $(subst -Os,-Oz,$(SMALL)) -fno-vectorize -fno-slp-vectorize -fno-unroll-loops -ffreestanding -fno-stack-protector -mno-stack-arg-probe -fshort-wchar -Qunused-arguments

CC_host := gcc
CC_asan := clang
CC_fuzz := clang
CC_init-x86_64 := tools/x86_64-linux-musl-gcc
CC_init-aarch64 := tools/aarch64-linux-musl-gcc
CC_efi-x64 := clang --target=x86_64-unknown-windows
CC_efi-aa64 := clang --target=aarch64-unknown-windows

CFLAGS_host := -O2 -g $(POSIX)
CFLAGS_asan := -O1 -g $(POSIX) $(SANITIZE)
CFLAGS_fuzz := -O1 -g $(POSIX) $(SANITIZE) -fsanitize=fuzzer-no-link
CFLAGS_init-x86_64 := $(SMALL) $(POSIX) -fno-stack-protector -fno-pie
CFLAGS_init-aarch64 := $(SMALL) $(POSIX) -fno-stack-protector -fno-pie -mno-outline-atomics
CFLAGS_efi-x64 := $(PE) -mno-red-zone
CFLAGS_efi-aa64 := $(PE)

# What `cloud-boot version` says.
CFLAGS_uki/cmd_version.c := -DCB_VERSION=\"$(VERSION)\"
CFLAGS_loader/main.c := -DCB_VERSION=\"$(VERSION)\"
CFLAGS_loader/netkernel.c := -DCB_VERSION=\"$(VERSION)\"
CFLAGS_loader/probe.c := -DCB_VERSION=\"$(VERSION)\"
CFLAGS_loader/report.c := -DCB_VERSION=\"$(VERSION)\"
CFLAGS_init/main.c := -DCB_VERSION=\"$(VERSION)\"

# Compilers assume that memcpy and friends are calls; their own definitions must not become one.
CFLAGS_platform/uefi/libc.c := -fno-builtin -O2

AR_host := ar
AR_asan := ar
AR_fuzz := ar
AR_init-x86_64 := ar
AR_init-aarch64 := aarch64-linux-gnu-ar
AR_efi-x64 := llvm-ar-14
AR_efi-aa64 := llvm-ar-14

# The fuzz build gets a csum.c that accepts everything (core/csum.h).
LIB_SRC_fuzz := $(filter-out lib/core/csum.c,$(LIB_SRC)) platform/sim/csum.c

# Firmware has platform/uefi/crc.c, whose tables are small.
LIB_SRC_efi-x64 := $(filter-out lib/codec/crc.c,$(LIB_SRC))
LIB_SRC_efi-aa64 := $(LIB_SRC_efi-x64)

obj = $(patsubst %.c,out/$1/%.o,$2)

# $1 target
define target
LIB_SRC_$1 ?= $$(LIB_SRC)
out/$1/%.o: %.c Makefile mk/targets.mk | $$(DEPS_READY_$1)
	@mkdir -p $$(@D)
	$(Q)$$(CC_$1) $$(BASE) $$(CFLAGS_$1) $$(DEPS_CFLAGS_$1) $$(CFLAGS_$$<) -c $$< -o $$@
out/$1/%.o: out/gen/%.c Makefile
	@mkdir -p $$(@D)
	$(Q)$$(CC_$1) $$(BASE) $$(CFLAGS_$1) -c $$< -o $$@
out/$1/lib.a: $$(call obj,$1,$$(LIB_SRC_$1))
	@rm -f $$@
	$(Q)$$(AR_$1) rcsD $$@ $$^
endef
$(foreach t,$(TARGETS),$(eval $(call target,$t)))

-include $(shell find out -path out/deps -prune -o -name '*.d' -print 2>/dev/null)
