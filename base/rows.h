#pragma once
/* rows.h: marks a loop over a row of pixels or samples.
 *
 * On x86 such a function is compiled for AVX2 as well, DIO_WIDE ones for AVX-512 too, and the best
 * that the machine has is chosen when the program starts. Floats come to the same bytes in all of
 * them, since the build never lets products and sums contract, as long as the loop leaves no sum's
 * order to the compiler. Sanitizers run before that choice can be made. */
#include <stdint.h> /* what rows are made of */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define DIO_ROWS __attribute__((target_clones("avx2", "default")))
#define DIO_WIDE __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define DIO_ROWS
#define DIO_WIDE
#endif
