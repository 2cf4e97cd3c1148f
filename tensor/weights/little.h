#pragma once
/* little.h: whole numbers as files hold them, least byte first, at any address. */
#include <stdint.h>

static inline uint16_t dio_little16(const uint8_t *b)
{
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t dio_little32(const uint8_t *b)
{
    return dio_little16(b) | (uint32_t)dio_little16(b + 2) << 16;
}

static inline uint64_t dio_little64(const uint8_t *b)
{
    return dio_little32(b) | (uint64_t)dio_little32(b + 4) << 32;
}
