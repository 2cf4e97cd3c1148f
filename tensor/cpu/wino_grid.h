#pragma once
/* wino_grid.h: tiles counted row by row through all pictures of a batch; between winograd.c and
 * winograd_weights.c. */
#include "tensor/cpu/cpu.h"

enum { DIO_WINO_LANES = 16 }; /* of any instruction set, at most */

typedef struct dio_wino_grid {
    int64_t m, down, across; /* results a side of a tile; tiles of one picture */
} dio_wino_grid;

/* The runs of tiles first..first+count-1, at most as many as there are lanes; their number. */
static inline int dio_wino_runs(const dio_wino_grid *g, int64_t first, int64_t count,
                                dio_tile_run *run)
{
    int n = 0;
    for (int64_t t = 0; t < count; n++) {
        const int64_t row = (first + t) / g->across, col = (first + t) % g->across;
        const int64_t left = g->across - col, here = left < count - t ? left : count - t;
        run[n] = (dio_tile_run){row / g->down, row % g->down * g->m, col * g->m, (int)t, (int)here};
        t += here;
    }
    return n;
}
