# SPDX-License-Identifier: Apache-2.0
# Any clang that knows wasm32, and its wasm-ld; the one of a Swift toolchain does.
CLANG ?= clang

NAME.wasm: NAME.c metaflow_plugin.h
	$(CLANG) --target=wasm32 -O2 -fno-builtin -nostdlib -Wall -Wextra -Wl,--no-entry -o $@ NAME.c

test: NAME.wasm
	metaflow plugin test

.PHONY: test
