/* portraits.c: which there are, drawing and reading them, and their colours. */
#include "vision/scenes/portraits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "vision/image_io.h"
#include "vision/srgb.h"

enum { OWN, IN_PARTS, OF_A_GLYPH, SIDE = DIO_PORTRAIT_SIDE, COLUMNS = DIO_PORTRAIT_COLUMNS };
static const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false};

/* Light of a part's red, green or blue: below where light gives way (draw.c) when lit. */
static const float part_light = 0.7f;

/* --- which --- */

static int count_of(int subject)
{
    return dio_subject_at(subject)->glyph ? OF_A_GLYPH : DIO_SUBJECT_FORMS;
}

static int first_of(int subject)
{
    int n = 0;
    for (int i = 0; i < subject; i++)
        n += count_of(i);
    return n;
}

int dio_portraits(void)
{
    return first_of(dio_subject_count());
}

int dio_portrait_of(const dio_scene *s, const dio_scene_item *it)
{
    bool glyph = dio_subject_at(s->subject)->glyph;
    return first_of(s->subject) + (!glyph ? it->form : s->painted ? IN_PARTS : OWN);
}

/* The same light for everything; from above, so that a mirrored one is not lit wrongly, and so high
 * that what little is glossy shines at its upper edge, not in the middle. */
static void light_evenly(dio_scene *s)
{
    const float direction[3] = {0, -0.8f, 0.6f};
    memcpy(s->direction, direction, sizeof direction);
    for (int role = 0; role < DIO_ROLES; role++)
        for (int i = 0; i < 3; i++)
            s->palette[role][i] = 0.73f;
}

void dio_portrait_scene(int portrait, dio_scene *s)
{
    static const int parts[3] = {DIO_ROLE_SUBJECT, DIO_ROLE_SECOND, DIO_ROLE_ACCENT};
    dio_scene_wish wish = dio_scene_any();
    int subject = dio_subject_count() - 1;
    while (first_of(subject) > portrait)
        subject--;
    wish.subject = subject;
    wish.material = DIO_MATERIAL_MATTE; /* gloss would hide what is under it */
    wish.light = DIO_LIGHT_SOFT;
    wish.frame = DIO_FRAME_CENTRE;
    wish.backdrop = DIO_BACKDROP_PLAIN;
    wish.style = DIO_STYLE_SOFT;
    wish.alpha = true;
    dio_scene_plan(s, &wish, 1, 1);
    light_evenly(s);
    bool glyph = dio_subject_at(subject)->glyph;
    int which = portrait - first_of(subject);
    s->painted = !glyph || which == IN_PARTS;
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 3; i++)
            s->palette[parts[k]][i] = i == k ? dio_srgb_from_linear(part_light) : 0;
    float size = 1 / DIO_PORTRAIT_REACH;
    float foot = dio_scene_stands(s) ? 0.5f * DIO_SCENE_FOOT * size : 0;
    s->items = 1;
    s->item[0] = (dio_scene_item){
        .x = 0.5f, .y = 0.5f + foot, .size = size, .tone = 1, .form = glyph ? 0 : which};
}

/* --- all of them --- */

static int rows(void)
{
    return (dio_portraits() + COLUMNS - 1) / COLUMNS;
}

dio_image *dio_portraits_draw(const dio_atlas *atlas, dio_error *err)
{
    dio_form premultiplied = form;
    premultiplied.premultiplied = true;
    dio_image *all = dio_image_create(COLUMNS * SIDE, rows() * SIDE, &premultiplied, err);
    for (int i = 0; all && i < dio_portraits(); i++) {
        uint8_t rgba[SIDE * SIDE * 4];
        dio_scene s;
        dio_portrait_scene(i, &s);
        dio_atlas_draw(atlas, &s, &(dio_window){SIDE, SIDE, 0, 0, SIDE, SIDE}, rgba);
        for (int y = 0; y < SIDE; y++)
            memcpy((uint8_t *)dio_image_row(all, i / COLUMNS * SIDE + y) +
                       (size_t)(i % COLUMNS) * SIDE * 4,
                   rgba + (size_t)y * SIDE * 4, (size_t)SIDE * 4);
    }
    dio_image *straight = all ? dio_image_convert(all, &form, err) : NULL;
    dio_image_unref(all);
    return straight;
}

/* Its head first: a file of another size is not decoded. */
static bool check(const dio_map_file *file, const char *path, dio_error *err)
{
    dio_image_head h;
    if (!dio_image_probe(dio_map_data(file), dio_map_size(file), path, &h, err))
        return false;
    if (h.width == COLUMNS * SIDE && h.height == rows() * SIDE && h.channels == 4 && h.bits == 8)
        return true;
    dio_fail(err,
             "%lldx%lld pixels in %d channels of %d bits; this program's subjects take %dx%d in 4 "
             "of 8: train the flow again",
             (long long)h.width, (long long)h.height, h.channels, h.bits, COLUMNS * SIDE,
             rows() * SIDE);
    return dio_error_at(err, path, 0, 0);
}

dio_image *dio_portraits_read(const char *path, dio_error *err)
{
    dio_map_file *file = dio_map_open(path, err);
    bool ok = file && check(file, path, err);
    dio_image *read =
        ok ? dio_image_decode(dio_map_data(file), dio_map_size(file), path, err) : NULL;
    dio_image *image = read ? dio_image_convert(read, &form, err) : NULL;
    dio_image_unref(read);
    dio_map_unref(file);
    return image;
}

/* --- colours --- */

/* Parts are told by their colours, and white on them (gloss, labels) by what all three have in
 * common; drawing was linear in the palette's light, so this is too. */
static void colour_parts(const dio_scene *s, float rgb[3])
{
    static const int parts[3] = {DIO_ROLE_SUBJECT, DIO_ROLE_SECOND, DIO_ROLE_ACCENT};
    float white = fminf(rgb[0], fminf(rgb[1], rgb[2])), share[3];
    for (int k = 0; k < 3; k++)
        share[k] = (rgb[k] - white) / part_light;
    for (int i = 0; i < 3; i++) {
        rgb[i] = white;
        for (int k = 0; k < 3; k++)
            rgb[i] += share[k] * dio_srgb_to_linear(s->palette[parts[k]][i]);
    }
}

float dio_portrait_texel(const dio_image *portraits, int portrait, const dio_scene *s, int x, int y,
                         float rgb[3])
{
    const uint8_t *p = (const uint8_t *)dio_image_row(portraits, portrait / COLUMNS * SIDE + y) +
                       (size_t)(portrait % COLUMNS * SIDE + x) * 4;
    rgb[0] = rgb[1] = rgb[2] = 0;
    if (!p[3])
        return 0;
    for (int i = 0; i < 3; i++)
        rgb[i] = dio_srgb_to_linear((float)p[i] / 255);
    if (s->painted || !dio_subject_at(s->subject)->glyph)
        colour_parts(s, rgb);
    return (float)p[3] / 255;
}
