#pragma once
/* parts.h: how work is cut into parts; for the products and convolutions. */
#include <stdint.h>

static inline int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Parts of at most `most`. */
static inline int64_t parts_of(int64_t whole, int64_t most)
{
    return (whole + most - 1) / most;
}

static inline int64_t round_up(int64_t x, int64_t to)
{
    return parts_of(x, to) * to;
}

/* Where part i of equal ones begins. */
static inline int64_t part(int64_t whole, int64_t parts, int64_t i)
{
    return whole * i / parts;
}
