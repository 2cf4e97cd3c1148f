#pragma once
/* worst.h: the largest error so far. An error that is no number is the largest of all, and stays
 * so: fmax passes NaN over, and so does every comparison that asks whether the new one is above. */
#include <math.h>

static inline double worse(double most, double error)
{
    return error <= most ? most : isnan(error) ? INFINITY : error;
}
