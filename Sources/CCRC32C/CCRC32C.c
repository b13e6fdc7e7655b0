// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#include "CCRC32C.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

/// The Castagnoli polynomial, least significant bit first.
#define POLYNOMIAL 0x82F63B78u

/// `tables[n][b]` is the CRC of byte `b` followed by `n` zero bytes.
static uint32_t tables[8][256];

/// Before `main`, so that no thread can see half a table.
__attribute__((constructor)) static void fill_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (POLYNOMIAL & (0u - (crc & 1u)));
        }
        tables[0][byte] = crc;
    }
    for (int zeros = 1; zeros < 8; zeros++) {
        for (int byte = 0; byte < 256; byte++) {
            uint32_t crc = tables[zeros - 1][byte];
            tables[zeros][byte] = (crc >> 8) ^ tables[0][crc & 255];
        }
    }
}

uint32_t ccrc32c_portable(uint32_t crc, const uint8_t *bytes, size_t count) {
    crc = ~crc;
    for (; count >= 8; bytes += 8, count -= 8) {
        uint32_t low = crc ^ ((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16
                              | (uint32_t)bytes[3] << 24);
        crc = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255] ^ tables[4][low >> 24]
            ^ tables[3][bytes[4]] ^ tables[2][bytes[5]] ^ tables[1][bytes[6]] ^ tables[0][bytes[7]];
    }
    for (; count > 0; bytes++, count--) {
        crc = (crc >> 8) ^ tables[0][(crc ^ *bytes) & 255];
    }
    return ~crc;
}

#if defined(__x86_64__)

/// Bytes of one of the three lanes that are computed side by side: the instruction takes three cycles, but one starts
/// in each cycle.
#define LANE 128

/// x^(8n - 33) modulo the polynomial, for moving a CRC over n = 128 and 256 bytes: the carry-less product with it, reduced
/// by the CRC instruction itself (which multiplies by x^32, and a reflected product is short by one bit), is the moved CRC.
static const uint64_t move_one_lane = 0x0D3B6092;
static const uint64_t move_two_lanes = 0xB9E02B86;

static inline uint64_t load(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

__attribute__((target("sse4.2,pclmul"))) static inline uint64_t moved(uint64_t crc, uint64_t factor) {
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc), _mm_cvtsi64_si128((long long)factor), 0);
    return _mm_crc32_u64(0, (unsigned long long)_mm_cvtsi128_si64(product));
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t hardware(uint32_t crc, const uint8_t *bytes, size_t count) {
    uint64_t first = (uint32_t)~crc;
    for (; count >= 3 * LANE; bytes += 3 * LANE, count -= 3 * LANE) {
        uint64_t second = 0;
        uint64_t third = 0;
        for (size_t offset = 0; offset < LANE; offset += 8) {
            first = _mm_crc32_u64(first, load(bytes + offset));
            second = _mm_crc32_u64(second, load(bytes + LANE + offset));
            third = _mm_crc32_u64(third, load(bytes + 2 * LANE + offset));
        }
        first = moved(first, move_two_lanes) ^ moved(second, move_one_lane) ^ third;
    }
    for (; count >= 8; bytes += 8, count -= 8) {
        first = _mm_crc32_u64(first, load(bytes));
    }
    uint32_t rest = (uint32_t)first;
    for (; count > 0; bytes++, count--) {
        rest = _mm_crc32_u8(rest, *bytes);
    }
    return ~rest;
}

uint32_t ccrc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
    if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) {
        return hardware(crc, bytes, count);
    }
    return ccrc32c_portable(crc, bytes, count);
}

#elif defined(__ARM_FEATURE_CRC32)

uint32_t ccrc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
    crc = ~crc;
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        crc = __crc32cd(crc, word);
    }
    for (; count > 0; bytes++, count--) {
        crc = __crc32cb(crc, *bytes);
    }
    return ~crc;
}

#else

uint32_t ccrc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
    return ccrc32c_portable(crc, bytes, count);
}

#endif
