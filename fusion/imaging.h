#pragma once
/* imaging.h: private to fusion/: what the steps that make pictures have in common. */
#include "fusion/step.h"
#include "vision/request.h"

/* Parameters of every step that asks a picture model; first member of their structs. */
struct dio_imaging {
    const char *model, *prompt, *negative, *size, *guidance, *scheduler, *tile, *palette, *dither;
    const char *vae;
    const dio_value *loras, *schedule;
    int steps, clip_skip;
    uint64_t seed;
    bool exact, alpha;
};

/* Offsets are those of struct dio_imaging, since it comes first. */
#define DIO_IMAGING(member, fallback, lo, hi, doc)                                                 \
    DIO_FIELD(struct dio_imaging, member, fallback, lo, hi, doc)
#define DIO_IMAGING_FIELDS                                                                         \
    DIO_IMAGING(model, "house/painter", 1, 1000, "diffusers folder, checkpoint, or house/NAME"),   \
        DIO_IMAGING(prompt, "", 0, 20000, "what the picture shows; (words:1.2) count more"),       \
        DIO_IMAGING(negative, "", 0, 20000, "what it shall not show"),                             \
        DIO_IMAGING(size, "", 0, 20, "WIDTHxHEIGHT in pixels; empty: as is usual for the model"),  \
        DIO_IMAGING(steps, "0", 0, 1000, "calls of the model, roughly; 0: as is usual for it"),    \
        DIO_IMAGING(guidance, "", 0, 20, "how strictly to follow the prompt; empty: as is usual"), \
        DIO_IMAGING(scheduler, "", 0, 40, "ddim, dpmpp_2m, euler, euler_ancestral, heun, lcm"),    \
        DIO_IMAGING(schedule, "", 0, 0,                                                            \
                    "keys of the scheduler's config: {use_karras_sigmas: true}"),                  \
        DIO_IMAGING(clip_skip, "0", 0, 11, "layers of the text encoder left out at its end"),      \
        DIO_IMAGING(seed, "0", 0, 0, "added to the run's seed: another picture in the same run"),  \
        DIO_IMAGING(tile, "", 0, 2, "x, y or xy: the picture goes on at its other side"),          \
        DIO_IMAGING(palette, "", 0, 4000, "colours to steer towards: #ff8800,#204060"),            \
        DIO_IMAGING(exact, "false", 0, 0, "bring the picture to the palette's colours alone"),     \
        DIO_IMAGING(dither, "ordered", 0, 20, "with exact: none, ordered or diffusion"),           \
        DIO_IMAGING(alpha, "false", 0, 0, "the subject alone, with what is behind it clear"),      \
        DIO_IMAGING(vae, "", 0, 1000, "another VAE or TAESD: folder or file"),                     \
        DIO_IMAGING(loras, "", 0, 0, "list of low-rank changes: [style.safetensors:0.8]")

/* What can be known before a model is opened; `from`: the step begins with a picture. */
void dio_imaging_check(const struct dio_imaging *im, bool from, const dio_value *with,
                       dio_report *report);

/* What image.edit adds; both paths have been confined. */
struct dio_imaging_from {
    const char *init, *mask, *strength;
};

/* Makes the picture and gives it as the output "image". from: NULL for pictures from words. */
bool dio_imaging_run(dio_task *t, const struct dio_imaging *im, const struct dio_imaging_from *from,
                     dio_error *err);
