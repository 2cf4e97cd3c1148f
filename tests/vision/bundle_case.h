#pragma once
/* bundle_case.h: what the tests of checkpoints share: a folder of their own, and small UNets saved
 * under the names that single files have. */
#include "tests/vision/model_case.h"

#include "vision/bundle.h"
#include "vision/unet.h"

dio_bundle *open_bundle(const char *path);
const char *prediction(const dio_bundle *b);

/* The group's folder, and a path in it; four paths live at a time. */
int make_folder(void **state);
int remove_folder(void **state);
const char *at(const char *name);

/* Of two levels, as SD 1.x has them or, `linear`, as SD 2.x. */
dio_unet *make_unet(bool linear);

/* Saves a UNet under LDM's names; `change` may drop, rename or replace one tensor. */
typedef void change_fn(const char **names, dio_tensor **tensors, int *n);
void save_theirs(dio_unet *u, const char *path, change_fn *change);
