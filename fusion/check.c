/* check.c: reads what there is to know of a file once, and asks every rule. */
#include "fusion/check.h"

#include <stdarg.h>
#include <string.h>

#include "audio/clip_io.h"
#include "base/file.h"
#include "fusion/av_sound.h"
#include "fusion/check_rule.h"

static const dio_check_rule *const rules[] = {
#define DIO_CHECK(name) &dio_check_rule_##name,
#include "fusion/check.def"
#undef DIO_CHECK
    NULL,
};

enum { TOLD = 50, CAPTIONS_LIMIT = 16 << 20 }; /* TOLD: findings of one rule */

static void tell(dio_checking *c, bool note, const char *format, va_list args)
{
    if (++c->told > TOLD || !dio_arena_grow(c->arena, &c->list, c->count, &c->cap, sizeof *c->list))
        return;
    const char *text = dio_arena_vprintf(c->arena, format, args);
    c->list[c->count++] = (dio_finding){c->rule->name, note, text};
}

void dio_check_breaks(dio_checking *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(c, false, format, args);
    va_end(args);
}

void dio_check_notes(dio_checking *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(c, true, format, args);
    va_end(args);
}

const char *dio_check_names(dio_checking *c, const char *const *list)
{
    const char *all = "";
    for (; *list; list++)
        all = dio_arena_printf(c->arena, "%s%s%s", all, *all ? ", " : "", *list);
    return all;
}

/* A picture for a placement of sheets is a sheet. */
static const dio_limits *limits_for(const dio_preset *p, dio_delivery kind)
{
    const dio_limits *l = p->limits[kind];
    return !l && kind == DIO_DELIVERY_PICTURE ? p->limits[DIO_DELIVERY_SHEET] : l;
}

static bool measure(dio_checking *c, dio_error *err)
{
    const dio_facts *f = c->facts;
    if (!c->limits || !c->limits->loud || !*f->audio)
        return true;
    bool own = strcmp(f->format, "wav") == 0 || strcmp(f->format, "flac") == 0;
    dio_clip *clip = own ? dio_clip_read(c->job->path, err) : dio_av_clip(c->job->path, err);
    c->measured = clip && dio_clip_loudness(clip, &c->loudness, err);
    dio_clip_unref(clip);
    return c->measured;
}

static bool read_captions(dio_checking *c, dio_error *err)
{
    size_t n;
    const char *path = c->job->captions;
    if (!path)
        return true;
    const char *text = dio_file_read(c->arena, path, CAPTIONS_LIMIT, &n, err);
    c->captions = text ? dio_captions_read(c->arena, path, text, n, err) : NULL;
    return c->captions != NULL;
}

static const char *summary(dio_arena *a, const dio_facts *f)
{
    char bytes[32];
    const char *s = dio_arena_printf(a, "%s, %s", dio_delivery_names[f->kind], f->format);
    if (f->width)
        s = dio_arena_printf(a, "%s, %dx%d", s, f->width, f->height);
    if (f->fps > 0)
        s = dio_arena_printf(a, "%s, %.4g fps", s, f->fps);
    if (f->seconds > 0)
        s = dio_arena_printf(a, "%s, %.4g s", s, f->seconds);
    if (*f->video)
        s = dio_arena_printf(a, "%s, %s%s%s", s, f->video, *f->profile ? " " : "", f->profile);
    if (*f->audio)
        s = dio_arena_printf(a, "%s, %s %d Hz", s, f->audio, f->rate);
    return dio_arena_printf(a, "%s, %s", s, dio_bytes_text(f->bytes, bytes));
}

static void ask_all(dio_checking *c)
{
    for (int i = 0; rules[i]; i++) {
        c->rule = rules[i];
        c->told = 0;
        rules[i]->check(c);
        if (c->told > TOLD) {
            int more = c->told - TOLD;
            c->told = 0;
            dio_check_breaks(c, "and %d more", more);
        }
    }
}

bool dio_asset_check(dio_arena *a, const dio_check_job *job, dio_verdict *out, dio_error *err)
{
    dio_facts facts;
    dio_checking c = {.arena = a, .job = job, .facts = &facts};
    c.preset = dio_preset_read(a, job->assets, job->preset, err);
    if (!c.preset || !dio_facts_read(job->path, &facts, err))
        return false;
    c.limits = limits_for(c.preset, facts.kind);
    if (!measure(&c, err) || !read_captions(&c, err))
        return false;
    ask_all(&c);
    *out = (dio_verdict){.path = job->path,
                         .preset = c.preset->name,
                         .title = c.preset->title,
                         .source = c.preset->source,
                         .checked = c.preset->checked,
                         .summary = summary(a, &facts),
                         .list = c.list,
                         .count = c.count,
                         .ready = true};
    for (int i = 0; i < c.count; i++)
        out->ready = out->ready && c.list[i].note;
    return !dio_arena_failed(a) || dio_fail_memory(err, job->path);
}

static dio_value *verdict_value(dio_arena *a, const dio_verdict *v)
{
    dio_value *map = dio_value_map(a), *list = dio_value_list(a);
    dio_map_set(a, map, "file", dio_value_string(a, v->path));
    dio_map_set(a, map, "preset", dio_value_string(a, v->preset));
    dio_map_set(a, map, "checked", dio_value_string(a, v->checked));
    dio_map_set(a, map, "source", dio_value_string(a, v->source));
    dio_map_set(a, map, "is", dio_value_string(a, v->summary));
    dio_map_set(a, map, "ready", dio_value_bool(a, v->ready));
    for (int i = 0; i < v->count; i++) {
        dio_value *one = dio_value_map(a);
        dio_map_set(a, one, "rule", dio_value_string(a, v->list[i].rule));
        dio_map_set(a, one, "severity", dio_value_string(a, v->list[i].note ? "note" : "error"));
        dio_map_set(a, one, "message", dio_value_string(a, v->list[i].text));
        dio_list_add(a, list, one);
    }
    dio_map_set(a, map, "findings", list);
    return map;
}

char *dio_verdict_text(dio_arena *a, const dio_verdict *v, bool json)
{
    if (json)
        return dio_json_write(a, verdict_value(a, v), 0);
    char *s = dio_arena_printf(a, "%s: %s\n  %s for %s (%s; as of %s)\n", v->path, v->summary,
                               v->ready ? "ready" : "not ready", v->preset, v->title, v->checked);
    for (int i = 0; i < v->count; i++)
        s = dio_arena_printf(a, "%s  %s%s: %s\n", s, v->list[i].note ? "note, " : "",
                             v->list[i].rule, v->list[i].text);
    return s;
}

char *dio_rules_text(dio_arena *a, bool markdown)
{
    char *s = dio_arena_strdup(a, "");
    for (int i = 0; rules[i]; i++)
        s = dio_arena_printf(a, markdown ? "%s| `%s` | %s |\n" : "%s  %-16s %s\n", s,
                             rules[i]->name, rules[i]->doc);
    return s;
}
