/* fir.h: geometry of the filter between rates, for the CPU's kernel and the GPU's. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { DIO_FIR_TAPS = 16 };

/* In both axes alike: `up` - 1 zeros go behind each number, `before` and `after` zeros around all
 * (negative: numbers are cut off), then the filter, then one of `down` is kept. */
typedef struct dio_fir_attrs {
    int up, down, before, after, taps;
    bool flip; /* taps meet numbers in their own order, not against it */
    float f[DIO_FIR_TAPS];
} dio_fir_attrs;

/* The tap that meets the k-th of a window's numbers. */
#define DIO_FIR_TAP(a, k) ((a)->f[(a)->flip ? (k) : (a)->taps - 1 - (k)])
