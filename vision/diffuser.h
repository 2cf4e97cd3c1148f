#pragma once
/* diffuser.h: pictures by diffusion, from a checkpoint as it was published.
 *
 * A diffuser holds text encoders, UNet, VAE and the schedule's config of Stable Diffusion 1.x, 2.x
 * or SDXL: a diffusers folder or a single file. Same model, prompt, seed and settings as in
 * diffusers with a torch generator on the CPU: the same picture.
 *
 *     dio_diffuser *d = dio_diffuser_open("models/sd15", NULL, device, err);
 *     dio_diffuser_request r = dio_diffuser_request_default();
 *     r.prompt = "a paper boat at dusk";
 *     dio_image *picture = NULL;
 *     if (dio_diffuser_paint(d, &r, &picture, err)) ...
 *
 * A picture depends on its own request and seed alone: k seeds in one request give the bytes of k
 * requests, whatever `together` says.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"
#include "tensor/device.h"
#include "vision/image.h"

enum {
    DIO_PICTURE_SIDE = 4096,  /* pixels a side that a request may ask for */
    DIO_PICTURE_COUNT = 1024, /* pictures a request */
};

/* A file of low-rank changes and how much of them. */
typedef struct dio_lora_file {
    const char *path;
    double scale;
} dio_lora_file;

typedef struct dio_diffuser_options {
    dio_dtype keep;        /* what weights are kept in; DIO_DTYPES: as in the files */
    const char *variant;   /* "fp16": files of that kind; NULL: whatever there is */
    const char *vae;       /* another VAE or TAESD, folder or file; NULL: the model's own */
    const char *tokenizer; /* folder with tokenizer files; NULL: the model's own */
    const dio_lora_file *loras;
    int n_loras;
    const char *const
        *embeddings; /* files of textual inversion; their names are words of prompts */
    int n_embeddings;
} dio_diffuser_options;

/* What a model is like: for those who ask before they paint. */
typedef struct dio_diffuser_info {
    const char *kind;      /* "Stable Diffusion", "Stable Diffusion XL", "... inpainting" */
    const char *scheduler; /* of the model's own config: "euler" */
    int width, height;     /* what it was trained for */
    int multiple;          /* sides are multiples of this */
    int steps;             /* by default, as guidance */
    double guidance;
    double strength; /* of image to image, by default */
    bool inpaints;   /* needs a mask */
} dio_diffuser_info;

/* What stands for "as is usual for this model" in a request. */
#define DIO_USUAL (-1)

typedef struct dio_diffuser_request {
    const char *prompt;
    const char *negative;  /* NULL: none was given, which SDXL takes for something else than "" */
    int width, height;     /* 0: of `init`, else the model's own */
    int steps;             /* 0: usual */
    double guidance;       /* DIO_USUAL; at most 1: the negative prompt plays no part */
    double rescale;        /* of guidance, 0..1: against overexposure of v-prediction models */
    const char *scheduler; /* by name; NULL: the model's */
    const dio_value *schedule; /* keys of scheduler_config.json to set; NULL: none */
    double eta;                /* DDIM */
    const uint64_t *seeds;     /* [count]; NULL: seed, seed + 1, ... */
    uint64_t seed;
    int count;
    dio_image *init; /* image to image; resized to the picture's size */
    dio_image *mask; /* white: painted; black: init's own pixels, byte for byte */
    double strength; /* of the change to init, above 0 and at most 1; DIO_USUAL */
    bool tile_x, tile_y;
    int clip_skip; /* layers of the text encoder left out at its end, as diffusers counts */
    int original_width, original_height, crop_left, crop_top; /* SDXL; 0: the picture's size */
    int together; /* pictures painted at once: costs memory, changes no byte; 0: usual */

    float *latents; /* [count,C,h,w] what the VAE is given, as the UNet sees it; NULL: not wanted */

    /* All may be NULL. `done` of `total` calls of the UNet, over all pictures. False with err stops
     * the run. */
    bool (*progress)(void *user, int done, int total, dio_error *err);
    /* What picture `index` is coming to after `step` of `steps`; borrowed. A preview may be
     * smaller. */
    bool (*preview)(void *user, int index, int step, int steps, dio_image *image, dio_error *err);
    void *user;
    const volatile sig_atomic_t *cancel; /* nonzero: stop */
} dio_diffuser_request;

typedef struct dio_diffuser dio_diffuser;

/* `path`: a diffusers folder or a checkpoint file. The device must outlive it. NULL options: all
 * weights as in the files. What is missing or does not fit is said by name. */
dio_diffuser *dio_diffuser_open(const char *path, const dio_diffuser_options *options,
                                dio_device *device, dio_error *err);
void dio_diffuser_close(dio_diffuser *d); /* NULL is fine */
void dio_diffuser_about(const dio_diffuser *d, dio_diffuser_info *out);

dio_diffuser_request dio_diffuser_request_default(void);
/* Puts this model's values where the request leaves them open, and refuses what cannot be. */
bool dio_diffuser_settle(const dio_diffuser *d, dio_diffuser_request *r, dio_error *err);

/* Fills pictures[0..count-1]; the caller unrefs. U8, sRGB, RGB, with the note "parameters" in the
 * form that web front ends read. On failure none is filled. */
bool dio_diffuser_paint(dio_diffuser *d, const dio_diffuser_request *request, dio_image **pictures,
                        dio_error *err);
