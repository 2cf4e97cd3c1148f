/* maker_diffuser.c: Stable Diffusion and its kin as a maker of pictures. */
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "vision/maker.h"

/* A folder of diffusers, or any file that may hold weights: what a single file is, its tensors say
 * when it is opened. */
static bool opens(const char *path)
{
    struct stat s;
    char index[4096];
    if (stat(path, &s) != 0)
        return false;
    if (!S_ISDIR(s.st_mode))
        return true;
    static const char name[] = "/model_index.json";
    size_t n = strlen(path);
    if (n + sizeof name > sizeof index)
        return false;
    memcpy(index, path, n);
    memcpy(index + n, name, sizeof name);
    return dio_file_exists(index);
}

static void *open_model(const char *path, const dio_diffuser_options *options, dio_device *device,
                        dio_error *err)
{
    return dio_diffuser_open(path, options, device, err);
}

static bool make(void *self, const dio_maker_request *r, dio_image **pictures, dio_error *err)
{
    return dio_diffuser_paint(self, &r->r, pictures, err);
}

static void close_model(void *self)
{
    dio_diffuser_close(self);
}

static const char *const takes[] = {
    "prompt",    "negative", "steps",   "guidance", "rescale", "scheduler", "schedule",
    "eta",       "init",     "mask",    "strength", "tile",    "clip_skip", "original",
    "crop",      "together", "preview", "size",     "lora",    "embedding", "vae",
    "tokenizer", "variant",  "dtype",   NULL,
};

const dio_maker dio_maker_diffuser = {
    .name = "diffuser",
    .doc = "Stable Diffusion 1.x, 2.x and SDXL: pictures from words, pictures and masks",
    .looks = "a diffusers folder (with model_index.json) or a checkpoint file",
    .takes = takes,
    .opens = opens,
    .open = open_model,
    .make = make,
    .close = close_model,
};
