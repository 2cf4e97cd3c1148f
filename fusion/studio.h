#pragma once
/* studio.h: what the steps of a run share: fonts, palettes, presets, models. Each is opened when a
 * step first asks for it, once, and closed with the studio. One thread at a time. */
#include "audio/speaker.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"
#include "fusion/font.h"
#include "fusion/palette.h"
#include "fusion/preset.h"
#include "tensor/device.h"
#include "text/copywriter.h"
#include "text/lm.h"
#include "text/tokenizer.h"
#include "vision/maker.h"
#include "vision/upscaler.h"

typedef struct dio_studio dio_studio;

/* `assets` is the folder with fonts.yaml, palettes.yaml and presets/. */
dio_studio *dio_studio_create(const char *assets, dio_error *err);
void dio_studio_destroy(dio_studio *s); /* NULL is fine */

const char *dio_studio_assets(const dio_studio *s);
/* "auto", "cpu" or "cuda"; before anything is opened on it. */
void dio_studio_use(dio_studio *s, const char *device);

dio_fonts *dio_studio_fonts(dio_studio *s, dio_error *err);
const dio_palettes *dio_studio_palettes(dio_studio *s, dio_error *err);
const dio_preset *dio_studio_preset(dio_studio *s, const char *name, dio_error *err);

dio_device *dio_studio_device(dio_studio *s, dio_error *err);
/* Models by the name that users write. They belong to the studio. */
dio_copywriter *dio_studio_copywriter(dio_studio *s, const char *model, dio_error *err);
const dio_lm *dio_studio_lm(dio_studio *s, const char *model, const dio_tokenizer **tokenizer,
                            dio_error *err);
/* A picture model; the same model with other LoRAs or another VAE is another one. Only the last one
 * that was asked for stays open: they are large. */
dio_painting *dio_studio_painting(dio_studio *s, const char *model,
                                  const dio_diffuser_options *options, dio_error *err);
const dio_upscaler *dio_studio_upscaler(dio_studio *s, const char *model, dio_error *err);
dio_speaker *dio_studio_speaker(dio_studio *s, const char *model, dio_error *err);
/* Its name and the SHA-256 of each of its files, for records. */
const dio_value *dio_studio_model_facts(dio_studio *s, const char *model, dio_arena *a,
                                        dio_error *err);
