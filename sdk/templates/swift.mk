# SPDX-License-Identifier: Apache-2.0
# A toolchain of Swift 6 brings all of this.
NAME.wasm: NAME.swift NAME.c metaflow_plugin.h
	clang --target=wasm32 -O2 -fno-builtin -nostdlib -Wall -c -o NAME.o NAME.c
	swiftc -target wasm32-unknown-none-wasm -enable-experimental-feature Embedded \
	  -enable-experimental-feature Extern -wmo -Osize -parse-as-library -swift-version 5 \
	  -Xcc -DMETAFLOW_AWAY -import-objc-header metaflow_plugin.h NAME.swift NAME.o \
	  -Xclang-linker -nostdlib -Xlinker --no-entry -o $@

test: NAME.wasm
	metaflow plugin test

.PHONY: test
