#pragma once
/* chart.h: the loss curve of a training run as a picture. */
#include <stdbool.h>

#include "base/error.h"

/* Draws columns `loss` and `validation` over `step` of a run's loss.csv into a PNG, 1200x720. A log
 * without two lines yet gives no picture and no error. */
bool dio_chart_loss(const char *csv, const char *png, dio_error *err);
