/* painter_sheet.c: a contact sheet of the house painter: painter_sheet DIR OUT.png COLUMNS ROWS
 * SIDE SEED [STEPS [PROMPTS.txt]]. Without prompts, those of held-out scenes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vision/image_io.h"
#include "vision/painter.h"
#include "vision/scenes/scene.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int fail(const dio_error *err)
{
    fprintf(stderr, "%s\n", err->message);
    return 1;
}

static void put(dio_image *sheet, const dio_image *one, int column, int row)
{
    for (int y = 0; y < one->height; y++)
        memcpy((uint8_t *)dio_image_row(sheet, row * one->height + y) +
                   (size_t)column * (size_t)one->width * 3,
               dio_image_row(one, y), (size_t)one->width * 3);
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        fprintf(stderr, "painter_sheet DIR OUT.png COLUMNS ROWS SIDE SEED [STEPS [PROMPTS.txt]]\n");
        return 2;
    }
    int columns = atoi(argv[3]), rows = atoi(argv[4]), side = atoi(argv[5]);
    uint64_t seed = strtoull(argv[6], NULL, 10);
    FILE *prompts = argc > 8 ? fopen(argv[8], "r") : NULL;
    dio_error err = {0};
    dio_device *device = dio_device_cpu(&err);
    dio_painter *p = device ? dio_painter_open(argv[1], DIO_F32, &err) : NULL;
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
    dio_image *sheet = p ? dio_image_create(columns * side, rows * side, &form, &err) : NULL;
    if (!sheet)
        return fail(&err);
    double start = now();
    for (int i = 0; i < columns * rows; i++) {
        char line[1024] = "";
        dio_arena *a = dio_arena_create();
        dio_scene_wish any = dio_scene_any();
        dio_scene s;
        dio_scene_plan(&s, &any, 1, seed + (uint64_t)i);
        const char *prompt = dio_scene_caption(&s, a);
        if (prompts && fgets(line, sizeof line, prompts))
            prompt = line;
        dio_painter_request r = {.prompt = prompt,
                                 .width = side,
                                 .height = side,
                                 .seed = seed + (uint64_t)i,
                                 .steps = argc > 7 ? atoi(argv[7]) : 0};
        dio_image *one = NULL;
        if (!dio_painter_paint(p, device, &r, &one, &err))
            return fail(&err);
        printf("%2d %s\n", i, prompt);
        put(sheet, one, i % columns, i / columns);
        dio_image_unref(one);
        dio_arena_destroy(a);
    }
    fprintf(stderr, "%.2f s a picture\n", (now() - start) / (columns * rows));
    bool ok = dio_image_write(sheet, argv[2], NULL, &err);
    dio_image_unref(sheet);
    dio_painter_close(p);
    dio_device_close(device);
    if (prompts)
        fclose(prompts);
    return ok ? 0 : fail(&err);
}
