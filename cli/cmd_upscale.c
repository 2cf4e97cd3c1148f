/* cmd_upscale.c: `diorama upscale IN -m MODEL -o OUT`: a picture made larger by a network. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/assets.h"
#include "cli/command.h"
#include "vision/image_io.h"
#include "vision/request.h"
#include "vision/upscaler.h"

struct options {
    const char *picture, *model, *output, *wrap;
    int tile, memory, quality;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, picture, NULL, 0, 0, "the picture: PNG, JPEG or WebP"),
    DIO_FIELD(struct options, model, NULL, 0, 0,
              "RRDBNet or SRVGGNetCompact: .pth or .safetensors, or a folder"),
    DIO_FIELD(struct options, output, NULL, 0, 0, "file to write: .png, .jpg or .webp"),
    DIO_FIELD(struct options, tile, "0", 0, 65536,
              "pixels a side of what is computed at once; 0: as memory allows; changes no pixel"),
    DIO_FIELD(struct options, wrap, "", 0, 0, "x, y or xy: the picture goes on at its other side"),
    DIO_FIELD(struct options, memory, "0", 0, 1 << 24,
              "megabytes to take at most; 0: 2000, or half of what is free"),
    DIO_FIELD(struct options, quality, "0", 0, 100, "of JPEG and WebP; 0: 90"),
    {0},
};

struct watch {
    dio_cli *cli;
    double began;
    bool barred;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void tell_machine(dio_cli *cli, double done, double spent)
{
    dio_value *v = dio_value_map(cli->arena);
    dio_map_set(cli->arena, v, "event", dio_value_string(cli->arena, "progress"));
    dio_map_set(cli->arena, v, "done", dio_value_real(cli->arena, done));
    dio_map_set(cli->arena, v, "elapsed", dio_value_real(cli->arena, spent));
    dio_map_set(cli->arena, v, "left", dio_value_real(cli->arena, spent / done - spent));
    dio_cli_event(cli, v);
}

static bool progress(void *user, double done)
{
    enum { WIDTH = 28 };
    struct watch *w = user;
    double spent = now() - w->began;
    if (w->cli->common.json) {
        tell_machine(w->cli, done, spent);
    } else if (isatty(2) && !w->cli->common.quiet) {
        fputs("\r\033[K[", stderr);
        for (int i = 0; i < WIDTH; i++)
            fputc(i < (int)(done * WIDTH) ? '#' : '.', stderr);
        fprintf(stderr, "] %3.0f %%  %.0f s left", 100 * done, spent / done - spent);
        w->barred = true;
    }
    return !*w->cli->cancel;
}

static bool enlarge(dio_cli *cli, const struct options *o, dio_upscaler *model, dio_image *in,
                    dio_upscaler_options how, dio_image **out)
{
    struct watch w = {.cli = cli, .began = now()};
    dio_device *device = dio_cli_device(cli);
    how.tile = o->tile;
    how.memory_limit = (size_t)o->memory * 1000000;
    how.progress = progress;
    how.user = &w;
    bool ok = device && dio_upscaler_run(model, device, in, &how, out, &cli->error);
    if (w.barred)
        fputs("\r\033[K", stderr);
    if (ok)
        dio_cli_say(cli, "%dx%d to %dx%d in %.1f s", in->width, in->height, (*out)->width,
                    (*out)->height, now() - w.began);
    dio_device_close(device);
    return ok;
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    dio_upscaler_options how = {0};
    dio_image_save save = {.quality = o->quality};
    dio_image *in = NULL, *out = NULL;
    dio_upscaler *model = NULL;
    const char *path = dio_assets_model(cli->arena, o->model, &cli->error);
    bool ok = path && dio_image_writes(o->output, &cli->error) &&
              dio_request_tile("--wrap", o->wrap, &how.tile_x, &how.tile_y, &cli->error) &&
              (in = dio_image_read(o->picture, &cli->error)) &&
              (model = dio_upscaler_open(path, &cli->error)) &&
              enlarge(cli, o, model, in, how, &out) &&
              dio_image_write(out, o->output, &save, &cli->error);
    if (ok && cli->common.json) {
        dio_value *v = dio_value_map(cli->arena);
        dio_map_set(cli->arena, v, "event", dio_value_string(cli->arena, "file"));
        dio_map_set(cli->arena, v, "path", dio_value_string(cli->arena, o->output));
        dio_cli_event(cli, v);
    } else if (ok) {
        printf("%s\n", o->output);
    }
    dio_image_unref(out);
    dio_image_unref(in);
    dio_upscaler_close(model);
    return ok;
}

const dio_command dio_command_upscale = {
    .name = "upscale",
    .doc = "make a picture larger by a network",
    .options = fields,
    .aliases = (const dio_args_alias[]){{'m', "model"}, {'o', "output"}, {0}},
    .operands = (const char *const[]){"picture", NULL},
    .size = sizeof(struct options),
    .run = run,
};
