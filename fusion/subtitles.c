/* subtitles.c: one layer a cue, all at the size at which the longest one fits. */
#include "fusion/subtitles.h"

#include <math.h>
#include <stdlib.h>

#include "base/str.h"

struct cue {
    dio_layer *layer;
    dio_box box;
    double start, end;
};

struct dio_subtitles {
    struct cue *cues;
    int count;
};

/* Seconds that a cue takes to come; going, it makes room at once. */
static const double fade = 0.08;

/* Two lines in their pill, and what is kept free above it, in parts of a headline's size. */
static const float strip_height = 1.5f, strip_gap = 0.25f;

dio_box dio_subtitles_strip(const dio_preset *p)
{
    int h = (int)(strip_height * p->headline);
    return (dio_box){p->zone.x, p->zone.y + p->zone.h - h, p->zone.w, h};
}

dio_box dio_subtitles_rest(const dio_preset *p)
{
    dio_box zone = p->zone;
    zone.h -= (int)((strip_height + strip_gap) * p->headline);
    return zone;
}

dio_caption_rules dio_subtitles_rules(const dio_preset *preset)
{
    dio_style styles[DIO_ROLES];
    dio_caption_rules r = dio_caption_rules_default();
    dio_design_styles(preset, styles);
    /* A letter of Inter is about half an em wide; the pill has sides, too. */
    double em = (double)styles[DIO_ROLE_CAPTION].size;
    int chars = (int)((dio_subtitles_strip(preset).w / em - 2) / 0.55);
    r.chars = chars < 12 ? 12 : chars > r.chars ? r.chars : chars;
    return r;
}

/* One line of text: the typesetter breaks lines by ink, better than by counting. */
static char *joined(const char *text, dio_str *s)
{
    dio_str_clear(s);
    for (; *text; text++)
        dio_str_putc(s, *text == '\n' ? ' ' : *text);
    return s->failed ? NULL : s->text;
}

struct setting {
    dio_fonts *fonts;
    const dio_preset *preset;
    const dio_palette *palette;
    dio_space space;
    dio_style styles[DIO_ROLES];
};

/* Sets one cue; its layer only when asked for. The size it needed comes in *size. */
static bool set(const struct setting *s, const char *text, struct cue *cue, float *size,
                dio_error *err)
{
    dio_item item = dio_design_item(DIO_ROLE_CAPTION, text, s->preset, s->palette, s->styles);
    dio_stack stack = {.items = &item,
                       .count = 1,
                       .zone = dio_subtitles_strip(s->preset),
                       .centred = s->preset->centred,
                       .rise = 1};
    bool ok = dio_stack_place(&stack, s->fonts, err);
    if (ok && item.set)
        *size = dio_typeset_size(item.set);
    if (ok && item.set && cue)
        ok = (cue->layer = dio_design_layer(&item, -1, s->space, &cue->box, err)) != NULL;
    dio_stack_release(&stack);
    return ok;
}

static bool set_all(dio_subtitles *s, struct setting *with, const dio_captions *captions,
                    dio_error *err)
{
    dio_str text = {0};
    float least = with->styles[DIO_ROLE_CAPTION].size;
    bool ok = true;
    for (int round = 0; round < 2 && ok; round++) {
        with->styles[DIO_ROLE_CAPTION].size = least; /* of the first round: all are alike */
        for (int i = 0; i < captions->count && ok; i++) {
            const dio_cue *c = &captions->cues[i];
            float size = least;
            s->cues[i].start = c->start;
            s->cues[i].end = c->end;
            ok = joined(c->text, &text)
                     ? set(with, text.text, round ? &s->cues[i] : NULL, &size, err)
                     : dio_fail_memory(err, "captions");
            least = fminf(least, size);
        }
    }
    dio_str_deinit(&text);
    return ok;
}

dio_subtitles *dio_subtitles_create(dio_fonts *fonts, const dio_preset *preset,
                                    const dio_palette *palette, const dio_captions *captions,
                                    dio_space space, dio_error *err)
{
    struct setting with = {fonts, preset, palette, space, {{0}}};
    dio_subtitles *s = calloc(1, sizeof *s);
    if (s)
        s->cues = calloc((size_t)captions->count + 1, sizeof *s->cues);
    if (!s || !s->cues) {
        free(s);
        dio_fail_memory(err, "captions");
        return NULL;
    }
    s->count = captions->count;
    dio_design_styles(preset, with.styles);
    if (set_all(s, &with, captions, err))
        return s;
    dio_subtitles_destroy(s);
    return NULL;
}

void dio_subtitles_destroy(dio_subtitles *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->count; i++)
        dio_layer_destroy(s->cues[i].layer);
    free(s->cues);
    free(s);
}

void dio_subtitles_draw(const dio_subtitles *s, double seconds, dio_canvas *c, int y0, int y1)
{
    for (int i = 0; i < s->count; i++) {
        const struct cue *cue = &s->cues[i];
        if (seconds < cue->start || seconds >= cue->end)
            continue;
        double come = (seconds - cue->start) / fade;
        /* A cue that follows at once takes the other's place without a flicker. */
        bool follows = i > 0 && cue->start - s->cues[i - 1].end < 0.05;
        int alpha = follows || come >= 1 ? 256 : (int)lrint(256 * come);
        dio_layer_blend(cue->layer, (dio_pose){.alpha = alpha}, c, y0, y1);
    }
}

bool dio_subtitles_box(const dio_subtitles *s, int i, dio_box *box, double *start, double *end)
{
    if (i < 0 || i >= s->count)
        return false;
    *box = s->cues[i].box;
    *start = s->cues[i].start;
    *end = s->cues[i].end;
    return true;
}
