#pragma once
/* gate.h: what the programs that hold house models to their promises share. For developers: any
 * failure is said and ends the program. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/plan.h"
#include "tensor/train.h"
#include "tensor/walk.h"

void gate_must(bool ok, const dio_error *err);
float *gate_numbers(size_t n); /* all 0 */

/* Mean, median and the outer 5 % of n numbers, which are sorted. */
void gate_report(const char *what, double *all, int n);

/* Root mean square distance from `one` to the nearest of `count` others, all of `size` numbers. */
double gate_nearest(const float *one, const float *all, int count, int size);

/* Colours of two pictures of n pixels, rgba bytes multiplied by alpha; solid pixels count.
 * The difference (CIEDE2000) of their mean light, and that of a wished colour from the mean of
 * `made` where `truth` shows it (within 3, solid); false where that is less than 1 %. */
double gate_mean_difference(const uint8_t *truth, const uint8_t *made, int n);
bool gate_wished_difference(const uint8_t wished[3], const uint8_t *truth, const uint8_t *made,
                            int n, double *out);

/* Of alpha beyond one half: intersection over union. */
double gate_overlap(const uint8_t *a, const uint8_t *b, int n);

/* Trains what `walk` lists of `model` from nothing, by a task that says loss, fill, items and user;
 * its run's folder is a temporary one. */
void gate_train(dio_walk *w, dio_walk_fn *walk, void *model, dio_train_task task, int steps,
                double lr, dio_device *device);
