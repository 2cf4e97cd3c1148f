#pragma once
/* painter_judge.h: a small classifier that says which subject a picture shows. For developers.
 *
 * It is trained on drawn scenes alone, never on painted ones, and sees the square where the subject
 * in front is planned to be, as 48x48 RGB numbers. */
#include "tensor/device.h"
#include "vision/scenes/scene.h"

typedef struct painter_judge painter_judge;

/* Trained from nothing: some minutes. Failures end the program. */
painter_judge *painter_judge_train(const dio_atlas *atlas, int steps, dio_device *device);
void painter_judge_close(painter_judge *j);

/* The subject of `s` as it is seen in rgba [side,side,4], colours multiplied by alpha. */
int painter_judge_sees(painter_judge *j, const dio_scene *s, const uint8_t *rgba, int side);
