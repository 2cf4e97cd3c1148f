/* overlay_captions.c: what is said, set over the film: one text layer for each cue. */
#include <math.h>
#include <string.h>

#include "audio/captions.h"
#include "fusion/overlay_kinds.h"

enum { TIMES_LIMIT = 16 << 20, MOST_CUES = 5000 };

struct said {
    struct dio_overlay_common c;
    const char *file, *colour, *box;
    double shift, size, box_opacity;
    int lines;
};

static const dio_field fields[] = {
    DIO_OVERLAY_FIELDS("safe-bottom", "none"),
    DIO_FIELD_KEY(struct said, file, "captions", NULL, 1, 4000,
                  "times of what is said, from audio.speak"),
    DIO_FIELD(struct said, shift, "0", -3600, 3600, "seconds into the film at which speech begins"),
    DIO_FIELD(struct said, size, "4.8", 0.5, 50, "an em"),
    DIO_FIELD(struct said, lines, "2", 1, 3, "of a cue"),
    DIO_FIELD(struct said, colour, "white", 1, 40, "of the words"),
    DIO_FIELD(struct said, box, "#101318", 0, 40, "of the ground behind them; empty: none"),
    DIO_FIELD(struct said, box_opacity, "0.8", 0, 1, "of that ground"),
    {0},
};

static bool check(dio_intake *r, const dio_value *v, void *params)
{
    struct said *s = params;
    dio_rgb any;
    bool ok = dio_intake_colour(r, v, "colour", s->colour, &any);
    return (!*s->box || dio_intake_colour(r, v, "box", s->box, &any)) && ok;
}

static const char **file(void *params)
{
    return &((struct said *)params)->file;
}

dio_captions *dio_overlay_captions_of(const dio_overlay_plan *plan, const dio_screen *screen,
                                      dio_arena *a, dio_error *err)
{
    const struct said *s = plan->params;
    const dio_value *v = dio_value_read(a, s->file, TIMES_LIMIT, err);
    dio_times *times = v ? dio_times_read(a, v, err) : NULL;
    if (!times)
        return NULL;
    dio_times_shift(times, s->shift);
    dio_caption_rules rules = dio_caption_rules_default();
    /* A letter of Inter is about half an em wide; the ground has sides, too. */
    double em = s->size * screen->unit;
    rules.chars = (int)fmin(fmax((screen->safe.w / em - 2) / 0.55, 12), rules.chars);
    rules.lines = s->lines;
    return dio_captions_cut(a, times, &rules, err);
}

static void set(dio_arena *a, dio_value *map, const char *key, dio_value *v)
{
    dio_map_set(a, map, key, v);
}

/* What a user would write for one cue by hand. */
static dio_value *layer_of(const struct said *s, const dio_cue *cue, const dio_value *at,
                           dio_arena *a)
{
    dio_value *m = dio_value_map(a);
    m->line = at->line;
    m->column = at->column;
    m->file = at->file;
    set(a, m, "text", dio_value_string(a, cue->text));
    set(a, m, "start", dio_value_real(a, fmax(cue->start, 0)));
    set(a, m, "end", dio_value_real(a, cue->end));
    set(a, m, "style", dio_value_string(a, "caption"));
    set(a, m, "align", dio_value_string(a, "center"));
    set(a, m, "anchor", dio_value_string(a, s->c.anchor));
    set(a, m, "x", dio_value_real(a, s->c.x));
    set(a, m, "y", dio_value_real(a, s->c.y));
    set(a, m, "size", dio_value_real(a, s->size));
    set(a, m, "colour", dio_value_string(a, s->colour));
    set(a, m, "enter", dio_value_string(a, "none"));
    set(a, m, "leave", dio_value_string(a, "none"));
    if (*s->box) {
        set(a, m, "box", dio_value_string(a, s->box));
        set(a, m, "box_opacity", dio_value_real(a, s->box_opacity));
        set(a, m, "padding", dio_value_real(a, 0.35 * s->size));
    }
    return m;
}

bool dio_overlay_captions_expand(const dio_overlay_plan *plan, const dio_screen *screen,
                                 double seconds, dio_intake *r, dio_overlay_plan **out, int *count,
                                 dio_error *err)
{
    const struct said *s = plan->params;
    dio_captions *c = dio_overlay_captions_of(plan, screen, r->arena, err);
    if (!c)
        return dio_overlay_prefix(plan, err);
    if (c->count > MOST_CUES) {
        dio_fail(err, "%d cues are more than %d", c->count, MOST_CUES);
        return dio_overlay_prefix(plan, err);
    }
    *count = 0;
    *out = dio_arena_try(r->arena, sizeof **out * (size_t)(c->count + 1));
    if (!*out)
        return dio_fail_memory(err, "captions");
    for (int i = 0; i < c->count; i++) {
        const dio_cue *cue = &c->cues[i];
        if (cue->end <= 0 || cue->start >= seconds)
            continue;
        dio_overlay_plan *o = &(*out)[(*count)++];
        o->number = plan->number;
        if (!dio_overlay_read(r, layer_of(s, cue, plan->at, r->arena), o))
            return true; /* the report says it */
        o->at = plan->at;
    }
    return true;
}

const dio_overlay_kind dio_overlay_captions = {
    .name = "captions",
    .doc = "what is said",
    .fields = fields,
    .size = sizeof(struct said),
    .check = check,
    .file = file,
};
