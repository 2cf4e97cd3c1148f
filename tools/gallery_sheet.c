/* gallery_sheet.c: a sheet of training pictures, to look at: gallery_sheet KIND COLUMNS ROWS
 * OUT.png [KEY=VALUE...]. For developers; not installed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "vision/gallery.h"
#include "vision/image_io.h"

static void put(dio_image *sheet, const dio_gallery_shape *s, const float *pixels, int x, int y)
{
    int plane = s->height * s->width;
    for (int i = 0; i < plane; i++) {
        uint8_t *out = (uint8_t *)dio_image_row(sheet, y + i / s->width) + 3 * (x + i % s->width);
        float ground = ((i % s->width >> 3) + (i / s->width >> 3)) & 1 ? 0.42f : 0.36f;
        float clear = s->channels == 4 ? 1 - (pixels[3 * plane + i] + 1) / 2 : 0;
        for (int c = 0; c < 3; c++) {
            float v = (pixels[(s->channels < 3 ? 0 : c) * plane + i] + 1) / 2 + clear * ground;
            out[c] = (uint8_t)lrintf(255 * fminf(fmaxf(v, 0), 1));
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return fprintf(stderr, "usage: gallery_sheet KIND COLUMNS ROWS OUT.png [KEY=VALUE...]\n"),
               2;
    int columns = atoi(argv[2]), rows = atoi(argv[3]), n = columns * rows;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_str text = {0};
    dio_str_printf(&text, "data:\n  kind: %s\n", argv[1]);
    for (int i = 5; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (equals)
            dio_str_printf(&text, "  %.*s: %s\n", (int)(equals - argv[i]), argv[i], equals + 1);
    }
    dio_gallery g;
    const dio_value *recipe = dio_yaml_parse(a, "arguments", text.text, text.length, &err);
    float *pixels = NULL;
    dio_image *sheet = NULL;
    bool ok = recipe && dio_gallery_open(&g, recipe, dio_map_get(recipe, "data"), ".", 1, a, &err);
    if (ok) {
        const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
        size_t size = (size_t)g.shape.channels * (size_t)g.shape.height * (size_t)g.shape.width;
        pixels = malloc((size_t)n * size * sizeof *pixels);
        sheet = dio_image_create(columns * (g.shape.width + 2), rows * (g.shape.height + 2), &form,
                                 &err);
        ok = pixels && sheet &&
             dio_gallery_fill(&g, DIO_SPLIT_TEST, 0, n, &(dio_gallery_batch){.pixels = pixels},
                              &err);
        for (int i = 0; ok && i < n; i++)
            put(sheet, &g.shape, pixels + (size_t)i * size, i % columns * (g.shape.width + 2),
                i / columns * (g.shape.height + 2));
        ok = ok && dio_image_write(sheet, argv[4], NULL, &err);
    }
    if (!ok)
        fprintf(stderr, "gallery_sheet: %s\n", err.message);
    dio_image_unref(sheet);
    free(pixels);
    dio_str_deinit(&text);
    dio_arena_destroy(a);
    return ok ? 0 : 1;
}
