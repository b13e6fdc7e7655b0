// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Continues a CRC32C (RFC 9260 appendix A) over `count` more bytes; `crc` is 0 for the first ones.
///
/// Uses the instructions of the processor where it has them.
uint32_t ccrc32c(uint32_t crc, const uint8_t *bytes, size_t count);

/// The same in plain C, for every processor and for tests of the above.
uint32_t ccrc32c_portable(uint32_t crc, const uint8_t *bytes, size_t count);
