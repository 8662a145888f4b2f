// SPDX-License-Identifier: Apache-2.0

// Keeps the Swift runtime, and the C++ runtime that comes with it, out of this program.
//
// The package manager links every program with both. Linker flags found in this section of an
// object stand before the libraries, and after `--as-needed` those that nobody uses are left out.
// The manifest's `-nostartfiles` leaves out the startup object that would use them. main.c checks.
__attribute__((section(".swift1_autolink_entries"), used)) static const char linker_flags[] =
    "-Wl,--as-needed";
