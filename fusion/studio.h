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
typedef struct dio_hashes dio_hashes; /* hashes.h */

/* `assets` is the folder with fonts.yaml, palettes.yaml and presets/. */
dio_studio *dio_studio_create(const char *assets, dio_error *err);
void dio_studio_destroy(dio_studio *s); /* NULL is fine */

/* Memory ran out for what it keeps: it gives nothing more that is not open already. */
bool dio_studio_starved(const dio_studio *s);

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

/* ---- what results depend on (key.h) ---- */

/* Hashes of files are remembered by `h` from now on, which the caller keeps; NULL: not any more. */
void dio_studio_remember(dio_studio *s, dio_hashes *h);
/* Of a file or a folder. */
bool dio_studio_hash(dio_studio *s, const char *path, char *out, dio_error *err);

/* The getters above and dio_task_file note what they were asked for, from a trace on. */
typedef enum dio_touch { DIO_TOUCH_FILE, DIO_TOUCH_MODEL, DIO_TOUCH_DEVICE } dio_touch;
void dio_studio_trace(dio_studio *s); /* forgets what was noted */
void dio_studio_touch(dio_studio *s, dio_touch what, const char *name);
/* The i-th of them, NULL after the last. */
const char *dio_studio_touched(const dio_studio *s, int i, dio_touch *what);
/* False when memory ran out for a note: what was made depends on more than is known. */
bool dio_studio_told_all(const dio_studio *s);
/* Of the device's kind and name, without the number of threads, which changes no bit. */
bool dio_studio_device_hash(dio_studio *s, char *out, dio_error *err);

/* Kept for key.c: with `hash`, remembers it; returns what is remembered, or NULL. */
const char *dio_studio_epoch(dio_studio *s, const char *hash);
