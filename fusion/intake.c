/* intake.c: what waits is left out, what is there is checked. */
#include "fusion/intake.h"

#include <stdio.h>
#include <string.h>

bool dio_text_waits(const char *text)
{
    return strstr(text, "${{") != NULL;
}

bool dio_waits(const dio_value *v)
{
    return v && v->kind == DIO_STRING && dio_text_waits(v->string.text);
}

/* The map without what waits; texts stay, since anything may stand in them. */
static const dio_value *known(dio_intake *r, const dio_field *fields, const dio_value *v)
{
    dio_value *out = dio_value_map(r->arena);
    out->line = v->line;
    out->column = v->column;
    out->file = v->file;
    for (int i = 0; i < v->map.count; i++) {
        const char *key = v->map.keys[i]->string.text;
        const dio_field *f = dio_fields_find(fields, key);
        if (dio_waits(v->map.items[i]) && f && f->kind != DIO_FIELD_STRING)
            continue;
        dio_map_set(r->arena, out, key, v->map.items[i]);
        /* Keys keep their places, too: for messages about unknown ones. */
        out->map.keys[out->map.count - 1] = v->map.keys[i];
    }
    return out;
}

bool dio_intake_map(dio_intake *r, const dio_field *fields, void *out, const dio_value *v,
                    const char *what)
{
    dio_error ignored = {0};
    if (r->early && v && v->kind == DIO_MAP)
        v = known(r, fields, v);
    return dio_fields_read(fields, out, v, what, DIO_FIELDS_STRICT | DIO_FIELDS_COLLECT, r->arena,
                           dio_report_add, r->report, &ignored);
}

const dio_value *dio_intake_list(dio_intake *r, const dio_value *v, const char *what, int most)
{
    if (!v || v->kind == DIO_NULL || (r->early && dio_waits(v)))
        return NULL;
    if (v->kind != DIO_LIST)
        dio_report_at(r->report, v, "%s: expected a list, found %s", what, dio_kind_name(v->kind));
    else if (v->list.count > most)
        dio_report_at(r->report, v, "%s: %d are more than %d", what, v->list.count, most);
    else
        return v;
    return NULL;
}

bool dio_intake_fail(dio_intake *r, const dio_value *owner, const char *key, const dio_error *e)
{
    const dio_value *at = key ? dio_map_get(owner, key) : NULL;
    return dio_report_at(r->report, at ? at : owner, "%s", e->message);
}

bool dio_intake_says(dio_intake *r, const dio_value *owner, const char *key, const char *format,
                     ...)
{
    char text[DIO_ERROR_MESSAGE];
    dio_error e = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    dio_fail(&e, "%s", text);
    return dio_intake_fail(r, owner, key, &e);
}

bool dio_intake_colour(dio_intake *r, const dio_value *owner, const char *key, const char *text,
                       dio_rgb *out)
{
    dio_error e = {0};
    if (r->early && dio_text_waits(text))
        return true;
    if (strcmp(text, "white") == 0 || strcmp(text, "black") == 0) {
        float v = text[0] == 'w';
        *out = (dio_rgb){v, v, v};
        return true;
    }
    if (dio_colour_parse(text, out, &e))
        return true;
    dio_error_prefix(&e, "%s", key);
    return dio_intake_fail(r, owner, key, &e);
}
