#pragma once
/* diffuser_impl.h: private to vision/: what the files of the diffuser share.
 *
 * diffuser.c opens and closes; diffuser_settle.c fills requests in; diffuser_text.c turns prompts
 * into what the UNet reads; diffuser_unet.c runs it; diffuser_init.c brings given pictures into
 * latents; diffuser_paint.c is the way from request to pictures; diffuser_note.c writes down how.
 */
#include "tensor/plan.h"
#include "text/prompt.h"
#include "vision/bundle.h"
#include "vision/diffuse.h"
#include "vision/diffuser.h"
#include "vision/unet.h"
#include "vision/vae.h"

enum { DIFFUSER_ENCODERS = 2, DIFFUSER_TIME_IDS = 6 };

/* How models with a certain word in their name want to be used. */
typedef struct diffuser_manner {
    const char *word;
    int steps;
    double guidance;
    const char *scheduler, *spacing; /* NULL: as the model's config has it */
} diffuser_manner;

/* What the UNet reads of one prompt; borrowed. */
typedef struct diffuser_words {
    int tokens, width, pooled_width;
    const float *hidden; /* [T,C] */
    const float *pooled; /* [P]; NULL where there is none */
} diffuser_words;

/* The UNet made ready for one shape. */
typedef struct diffuser_plan {
    dio_plan *plan;
    int rows, height, width, tokens;
    int threads; /* scratch memory was laid out for */
    bool tile_x, tile_y;
} diffuser_plan;

struct diffuser_reader; /* diffuser_text.c: encoders and vocabularies */

struct dio_diffuser {
    dio_arena *arena;
    dio_device *device;
    const char *name; /* of the model, for people */
    dio_diffuser_info info;
    const diffuser_manner *manner; /* or NULL */
    const dio_value *schedule;     /* scheduler_config.json */
    bool xl;                       /* pooled words and time_ids */
    bool zeros_for_empty;          /* no negative prompt: zeros, not the words of "" */
    bool aesthetic;                /* time_ids end with a score in place of the target size */
    int vae_scale, latent_channels;
    dio_dtype keep;
    const dio_lora_file *loras;
    int n_loras;
    const char *const *embeddings;
    int n_embeddings;
    dio_bundle *bundle;    /* open as long as the diffuser: encoders may come back */
    const char *tokenizer; /* folder, or NULL */
    struct diffuser_reader *reader;
    dio_unet *unet;
    dio_vae *vae;
    diffuser_plan plan;
};

/* --- diffuser.c: parts out of the bundle, `which` is 1 or 2 --- */
bool diffuser_parts_has_encoder(const dio_diffuser *d, int which);
bool diffuser_parts_encoder(dio_diffuser *d, int which, dio_text_encoder **out, dio_error *err);
dio_tokenizer *diffuser_parts_tokenizer(dio_diffuser *d, int which, dio_error *err);

/* --- diffuser_lora.c --- */
/* Adds d->loras to the UNet and the open encoders. */
bool diffuser_merge_loras(dio_diffuser *d, dio_error *err);

/* --- diffuser_settle.c --- */
const diffuser_manner *diffuser_manner_of(const char *const *names, int count);
/* Fills d->info from the parts. */
void diffuser_usual(dio_diffuser *d);
dio_schedule *diffuser_schedule(const dio_diffuser *d, const dio_diffuser_request *r,
                                dio_error *err);

/* --- diffuser_note.c --- */
bool diffuser_note(const dio_diffuser *d, const dio_diffuser_request *r, uint64_t seed,
                   dio_image *picture, dio_error *err);

/* --- diffuser_text.c --- */
bool diffuser_reader_create(dio_diffuser *d, dio_error *err);
void diffuser_reader_destroy(dio_diffuser *d);
/* Opens the encoders and says how wide what they give is. */
bool diffuser_reader_ready(dio_diffuser *d, int *width, int *pooled, dio_error *err);
/* Encoder i of those that are open: its weights, and which part of a bundle it is. NULL: no more.
 */
dio_walk *diffuser_reader_walk(const dio_diffuser *d, int i, const char **part);
/* Words of the prompt in words[1] and, when `guided`, of the negative one in words[0], both of the
 * same length. They stay until the next call. */
bool diffuser_read(dio_diffuser *d, const dio_diffuser_request *r, bool guided,
                   diffuser_words words[2], dio_error *err);

/* --- diffuser_unet.c --- */
typedef struct diffuser_call {
    dio_diffuser *d;
    const dio_diffuser_request *r;
    const diffuser_words *words; /* [0] negative, [1] prompt */
    bool guided;
    int height, width; /* of the latents */
    float time_ids[2][DIFFUSER_TIME_IDS];
    int n_time_ids;
} diffuser_call;

/* Makes a plan for `rows` at once, or for fewer when memory is short: the same bytes, later. */
bool diffuser_plan_make(diffuser_call *c, int rows, dio_error *err);
void diffuser_plan_drop(dio_diffuser *d);
/* dio_diffuse_model.run; user is a diffuser_call. */
bool diffuser_answer(void *call, const float *input, int rows, double timestep, float *output,
                     dio_error *err);

/* --- diffuser_init.c --- */
/* A given picture on its way into latents; all [..] of the size of one picture. */
typedef struct diffuser_given {
    dio_image *image, *mask;         /* in the picture's size: what is pasted back, and where not */
    float *mean, *std;               /* [C,h,w] of the picture, raw; NULL: not needed */
    float *masked_mean, *masked_std; /* of what lies outside the mask */
    float *latent_mask;              /* [h,w] */
    float *memory;
} diffuser_given;

bool diffuser_given_init(diffuser_given *g, dio_diffuser *d, const dio_diffuser_request *r,
                         dio_error *err);
void diffuser_given_deinit(diffuser_given *g);
/* Latents as the UNet sees them, from raw ones, in place; and back. */
void diffuser_scale(const dio_diffuser *d, float *latents, size_t plane);
void diffuser_unscale(const dio_diffuser *d, float *latents, size_t plane);
/* Puts the given picture's own pixels back where the mask is black. */
bool diffuser_paste(const diffuser_given *g, dio_image **picture, dio_error *err);

/* True when the request's owner wants to go on; else false with the sentence. */
bool diffuser_goes_on(const dio_diffuser_request *r, dio_error *err);
