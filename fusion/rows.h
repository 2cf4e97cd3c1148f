#pragma once
/* rows.h: marks a loop over a row of pixels.
 *
 * On x86 such a function is compiled for AVX2 as well and chosen when the program starts. They
 * work on integers, so both give the same bytes. Sanitizers run before that choice can be made. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define DIO_ROWS __attribute__((target_clones("avx2", "default")))
#else
#define DIO_ROWS
#endif
