/* diffuser_paint.c: from a request to pictures.
 * Each picture has a generator of its own, and draws from it in the order of diffusers' pipelines:
 * sample of the given picture's latents, noise to begin with, sample of what lies outside the mask,
 * then whatever the scheduler asks for. */
#include <stdlib.h>
#include <string.h>

#include "vision/diffuser_impl.h"
#include "vision/planes.h"

enum { PREVIEW_LATENTS = 24 }; /* a full VAE's previews are of at most so many latents a side */

/* All of a request. */
struct job {
    dio_diffuser *d;
    dio_diffuser_request r;
    dio_schedule *schedule;
    diffuser_words words[2];
    diffuser_given given;
    diffuser_call call;
    int h, w;           /* latents */
    size_t plane, size; /* of a picture's latents */
    int calls;          /* of the UNet a picture */
    int first, n;       /* pictures being painted */
    dio_error *err;     /* for the VAE's progress, which has no place of its own */
};

/* Latents of the pictures being painted, and what they are made from. */
struct canvas {
    float *memory, *latents, *normals, *picture, *beside, *scratch;
};

bool diffuser_goes_on(const dio_diffuser_request *r, dio_error *err)
{
    return !r->cancel || !*r->cancel || dio_fail_retry(err, "stopped on request");
}

/* --- before the first call --- */

static bool guided(const struct job *j)
{
    return j->r.guidance > 1 && !j->d->unet->shape.guidance;
}

static void set_time_ids(struct job *j)
{
    const dio_diffuser_request *r = &j->r;
    const float ids[DIFFUSER_TIME_IDS] = {(float)r->original_height, (float)r->original_width,
                                          (float)r->crop_top,        (float)r->crop_left,
                                          (float)r->height,          (float)r->width};
    j->call.n_time_ids = j->d->aesthetic ? 5 : DIFFUSER_TIME_IDS;
    for (int i = 0; i < 2; i++)
        memcpy(j->call.time_ids[i], ids, sizeof ids);
    if (j->d->aesthetic) { /* SDXL's refiner: a score in place of the size */
        j->call.time_ids[0][4] = 2.5f;
        j->call.time_ids[1][4] = 6;
    }
}

static bool job_init(struct job *j, dio_diffuser *d, const dio_diffuser_request *r, dio_error *err)
{
    *j = (struct job){.d = d, .r = *r, .err = err};
    if (!dio_diffuser_settle(d, &j->r, err) || !(j->schedule = diffuser_schedule(d, &j->r, err)) ||
        !diffuser_read(d, &j->r, guided(j), j->words, err) ||
        !diffuser_given_init(&j->given, d, &j->r, err))
        return false;
    j->h = j->r.height / d->vae_scale;
    j->w = j->r.width / d->vae_scale;
    j->plane = (size_t)j->h * (size_t)j->w;
    j->size = (size_t)d->latent_channels * j->plane;
    j->calls = j->schedule->count - j->schedule->first;
    j->call = (diffuser_call){
        .d = d, .r = &j->r, .words = j->words, .guided = guided(j), .height = j->h, .width = j->w};
    set_time_ids(j);
    return true;
}

static void job_deinit(struct job *j)
{
    dio_schedule_destroy(j->schedule);
    diffuser_given_deinit(&j->given);
}

static uint64_t seed_of(const dio_diffuser_request *r, int index)
{
    return r->seeds ? r->seeds[index] : r->seed + (uint64_t)index;
}

/* --- the latents to begin with --- */

static bool canvas_init(struct canvas *c, const struct job *j, dio_error *err)
{
    size_t n = (size_t)j->n * j->size, beside = (size_t)j->n * (j->size + j->plane);
    c->memory = malloc((4 * n + beside) * sizeof *c->memory); /* 1024 pictures of 2^20: checked */
    if (!c->memory)
        return dio_fail_memory(err, "latents");
    c->latents = c->memory;
    c->normals = c->latents + n;
    c->picture = c->normals + n;
    c->scratch = c->picture + n;
    c->beside = c->scratch + n;
    return true;
}

/* A sample of given latents for every picture into `out`, scaled for the UNet. TAESD has no spread
 * to draw from. */
static void sample_given(const struct job *j, const float *mean, const float *std, dio_noise *noise,
                         struct canvas *c, float *out)
{
    if (!j->d->vae->shape.tiny)
        dio_noise_draw(noise, c->scratch, j->size);
    for (int i = 0; mean && i < j->n; i++) {
        float *to = out + (size_t)i * j->size;
        if (j->d->vae->shape.tiny)
            memcpy(to, mean, j->size * sizeof *to);
        else
            dio_vae_sample(mean, std, c->scratch + (size_t)i * j->size, j->size, to);
        diffuser_scale(j->d, to, j->plane);
    }
}

static void draw(const struct job *j, dio_noise *noise, struct canvas *c)
{
    const diffuser_given *g = &j->given;
    if (g->mean)
        sample_given(j, g->mean, g->std, noise, c, c->picture);
    dio_noise_draw(noise, c->normals, j->size);
    if (!j->r.mask)
        return;
    float *masked = c->latents; /* not yet in use */
    sample_given(j, g->masked_mean, g->masked_std, noise, c, masked);
    for (int i = 0; g->masked_mean && i < j->n; i++) {
        float *to = c->beside + (size_t)i * (j->plane + j->size);
        memcpy(to, g->latent_mask, j->plane * sizeof *to);
        memcpy(to + j->plane, masked + (size_t)i * j->size, j->size * sizeof *to);
    }
}

/* --- latents to pictures --- */

static bool vae_progress(void *user, double done)
{
    struct job *j = user;
    (void)done;
    return diffuser_goes_on(&j->r, j->err);
}

/* A picture of raw latents; `latents` is overwritten. */
static dio_image *decode(struct job *j, float *latents, int h, int w, dio_error *err)
{
    const dio_diffuser *d = j->d;
    size_t s = (size_t)d->vae_scale, plane = (size_t)h * (size_t)w;
    float *planes = malloc(3 * plane * s * s * sizeof *planes);
    if (!planes) {
        dio_fail_memory(err, "a picture");
        return NULL;
    }
    diffuser_unscale(d, latents, plane);
    dio_vae_options o = {
        .tile_x = j->r.tile_x, .tile_y = j->r.tile_y, .progress = vae_progress, .user = j};
    dio_image *image = dio_vae_decode(d->vae, d->device, latents, 1, h, w, &o, planes, err)
                           ? dio_planes_to_image(planes, w * d->vae_scale, h * d->vae_scale, err)
                           : NULL;
    free(planes);
    return image;
}

/* Means of latents over squares of `by`: enough to see what a picture is coming to. */
static void shrink(const float *from, int channels, int h, int w, int by, float *out)
{
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < h / by; y++)
            for (int x = 0; x < w / by; x++) {
                double sum = 0;
                for (int i = 0; i < by * by; i++)
                    sum += (double)
                        from[((size_t)c * (size_t)h + (size_t)(y * by + i / by)) * (size_t)w +
                             (size_t)(x * by + i % by)];
                *out++ = (float)(sum / (by * by));
            }
}

static bool preview(struct job *j, int index, int done, const float *clean, dio_error *err)
{
    int longer = j->h > j->w ? j->h : j->w;
    int by = j->d->vae->shape.tiny ? 1 : (longer + PREVIEW_LATENTS - 1) / PREVIEW_LATENTS;
    by = by > j->h ? j->h : by > j->w ? j->w : by;
    float *small = malloc(j->size * sizeof *small);
    if (!small)
        return dio_fail_memory(err, "a preview");
    shrink(clean, j->d->latent_channels, j->h, j->w, by, small);
    dio_image *image = decode(j, small, j->h / by, j->w / by, err);
    bool ok = image && j->r.preview(j->r.user, index, done, j->calls, image, err);
    dio_image_unref(image);
    free(small);
    return ok;
}

static bool watch(void *user, int done, int total, const float *clean, dio_error *err)
{
    struct job *j = user;
    (void)total;
    if (!diffuser_goes_on(&j->r, err))
        return false;
    for (int i = 0; j->r.preview && i < j->n; i++)
        if (!preview(j, j->first + i, done, clean + (size_t)i * j->size, err))
            return false;
    return !j->r.progress ||
           j->r.progress(j->r.user, j->first * j->calls + done * j->n, j->r.count * j->calls, err);
}

static bool finish(struct job *j, int index, float *latents, dio_image **out, dio_error *err)
{
    dio_image *image = decode(j, latents, j->h, j->w, err);
    bool ok = image && diffuser_paste(&j->given, &image, err) &&
              diffuser_note(j->d, &j->r, seed_of(&j->r, index), image, err);
    if (ok)
        *out = image;
    else
        dio_image_unref(image);
    return ok;
}

/* --- the way --- */

static bool diffuse(struct job *j, dio_noise *noise, struct canvas *c, dio_error *err)
{
    draw(j, noise, c);
    bool inpaints = j->d->info.inpaints;
    dio_diffuse run = {
        .schedule = j->schedule,
        .batch = j->n,
        .channels = j->d->latent_channels,
        .height = j->h,
        .width = j->w,
        .guided = j->call.guided,
        .guidance = j->r.guidance,
        .rescale = j->r.rescale,
        .normals = c->normals,
        .picture = j->given.mean ? c->picture : NULL,
        .from_noise = j->r.mask && j->r.strength >= 1,
        .mask = j->r.mask && !inpaints ? j->given.latent_mask : NULL,
        .beside = c->beside,
        .beside_channels = inpaints ? j->d->latent_channels + 1 : 0,
        .watch = watch,
        .user = j,
    };
    dio_diffuse_model model = {&j->call, diffuser_answer};
    int rows = j->call.guided ? 2 * j->n : j->n;
    return diffuser_plan_make(&j->call, rows, err) &&
           dio_diffuse_run(&run, &model, noise, c->latents, err);
}

/* A failure may come from a weight that is no number, which nobody looks for beforehand: reading
 * all weights once takes a second. It is named when it has done its harm. */
static bool name_culprit(const dio_diffuser *d, dio_error *err)
{
    dio_error found = {0};
    const char *part;
    bool clean =
        dio_walk_finite(&d->unet->net.walk, &found) && dio_walk_finite(&d->vae->net.walk, &found);
    for (int i = 0; clean && diffuser_reader_walk(d, i, &part); i++)
        clean = dio_walk_finite(diffuser_reader_walk(d, i, &part), &found);
    if (!clean)
        *err = found;
    return false;
}

static bool paint_some(struct job *j, dio_image **pictures, dio_error *err)
{
    struct canvas c = {0};
    uint64_t seeds[DIO_PICTURE_COUNT];
    for (int i = 0; i < j->n; i++)
        seeds[i] = seed_of(&j->r, j->first + i);
    dio_noise *noise = dio_noise_create(seeds, j->n, err);
    bool ok = noise && canvas_init(&c, j, err) && diffuse(j, noise, &c, err);
    if (ok && j->r.latents)
        memcpy(j->r.latents + (size_t)j->first * j->size, c.latents,
               (size_t)j->n * j->size * sizeof *c.latents);
    for (int i = 0; ok && i < j->n; i++)
        ok = finish(j, j->first + i, c.latents + (size_t)i * j->size, &pictures[j->first + i], err);
    free(c.memory);
    dio_noise_destroy(noise);
    return ok || (err->kind == DIO_ERROR_INVALID ? name_culprit(j->d, err) : false);
}

static bool paint_all(struct job *j, dio_image **pictures, dio_error *err)
{
    int together = j->r.together > 0 ? j->r.together : j->d->device->host_memory ? 1 : 4;
    bool ok = true;
    memset(pictures, 0, (size_t)j->r.count * sizeof(dio_image *));
    for (j->first = 0; ok && j->first < j->r.count; j->first += j->n) {
        j->n = j->r.count - j->first < together ? j->r.count - j->first : together;
        ok = paint_some(j, pictures, err);
    }
    for (int i = 0; !ok && i < j->r.count; i++) {
        dio_image_unref(pictures[i]);
        pictures[i] = NULL;
    }
    return ok;
}

bool dio_diffuser_paint(dio_diffuser *d, const dio_diffuser_request *request, dio_image **pictures,
                        dio_error *err)
{
    struct job j;
    bool ok = job_init(&j, d, request, err) && paint_all(&j, pictures, err);
    job_deinit(&j);
    return ok;
}
