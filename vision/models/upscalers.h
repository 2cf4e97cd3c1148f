/* upscalers.h: limits of upscalers' configs. Private to vision/models/. */
#pragma once
#include "tensor/nn.h"
#include "vision/upscaler.h"

/* Absurd configs are refused long before memory is asked for. */
enum { MAX_FEATURES = 1024, MAX_BLOCKS = 128, MAX_SCALE = 16 };
