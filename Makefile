# cloud-boot: one repository, one make. `make help` lists what it can do.
MAKEFLAGS += -rR
.SECONDARY:
.DELETE_ON_ERROR:
.SUFFIXES:

TARGETS := host asan fuzz init-x86_64 init-aarch64 efi-x64 efi-aa64
PREFIX ?= /usr/local
VERSION := 0.1

LIB_SRC   := $(sort $(wildcard lib/*/*.c lib/*/*/*.c))
UNIT_SRC  := $(sort $(wildcard tests/unit/test_*.c))
UNIT_KIT  := tests/unit/check.c tests/unit/codecs.c tests/unit/tree.c platform/sim/sim.c
FUZZ_SRC  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
POSIX_SRC := $(sort $(wildcard platform/posix/*.c))
LINUX_SRC := $(sort $(wildcard platform/linux/*.c))
UEFI_SRC  := $(sort $(wildcard platform/uefi/*.c))
UKI_SRC   := $(sort $(wildcard uki/*.c))
INIT_SRC  := $(sort $(wildcard init/*.c))
LOADER_SRC := $(sort $(wildcard loader/*.c))

.PHONY: all help clean
all: programs

include mk/deps.mk
include mk/targets.mk
include mk/programs.mk
include mk/tests.mk
include mk/fs.mk

help:
	@sed -n 's/^#: //p' Makefile mk/*.mk

clean:
	rm -rf out

#: make            build every program for every target
#: make clean      remove out/
