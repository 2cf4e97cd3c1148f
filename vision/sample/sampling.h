#pragma once
/* sampling.h: carries out a schedule on the CPU, in plain loops: latents are small.
 *
 *     dio_noise *noise = dio_noise_create(seeds, batch, err);
 *     dio_sampling *r = dio_sampling_create(schedule, batch, size, err);
 *     dio_noise_draw(noise, x, size);                   then x *= schedule->init_sigma
 *     while (!dio_sampling_done(r)) {
 *         dio_sampling_input(r, x, input);
 *         ... output = model(input, dio_sampling_row(r)->timestep) ...
 *         if (!dio_sampling_step(r, output, x, noise, err))
 *             break;
 *     }
 *
 * Pictures of a batch lie behind one another, `size` numbers each (C*H*W of the latents), and know
 * nothing of each other: a batch of k seeds gives the bytes of k single runs.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "vision/sample/schedule.h"

/* One torch-cpu generator a picture, as diffusers has it with a list of CPU generators. (With one
 * generator for a whole batch, torch draws all pictures as one: batch 1 of k * size.) */
typedef struct dio_noise dio_noise;
dio_noise *dio_noise_create(const uint64_t *seeds, int batch, dio_error *err);
void dio_noise_destroy(dio_noise *n);
int dio_noise_batch(const dio_noise *n);
/* The next normals of every picture, [batch, size]. */
void dio_noise_draw(dio_noise *n, float *out, size_t size);

typedef struct dio_sampling dio_sampling;

/* Begins at schedule->first; the schedule must outlive it. NULL when memory does not suffice. */
dio_sampling *dio_sampling_create(const dio_schedule *s, int batch, size_t size, dio_error *err);
void dio_sampling_destroy(dio_sampling *r);

bool dio_sampling_done(const dio_sampling *r);
int dio_sampling_at(const dio_sampling *r);                      /* the row of the coming call */
const dio_schedule_row *dio_sampling_row(const dio_sampling *r); /* not when done */

/* What the coming call of the model sees, [batch, size]; may be done in place. */
void dio_sampling_input(const dio_sampling *r, const float *sample, float *input);

/* Takes the model's output and moves `sample` to the next row; both [batch, size]. `noise` is of
 * the same batch, or NULL when no row draws. False, with the call's number, when a number of the
 * new sample is not finite. */
bool dio_sampling_step(dio_sampling *r, const float *output, float *sample, dio_noise *noise,
                       dio_error *err);

/* The clean picture that the last step pointed at, [batch, size]: for previews. */
const float *dio_sampling_clean(const dio_sampling *r);
