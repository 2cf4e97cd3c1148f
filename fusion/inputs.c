/* inputs.c: what a pipeline asks for, and the values it is given.
 * A value comes from --set or from its default and meets the same checks either way. */
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "fusion/pipeline.h"

enum { INPUTS = 200 };

const char *const dio_input_types[] = {"string", "integer", "number", "boolean", "enum",
                                       "image",  "audio",   "video",  "rows",    NULL};

/* A range of 0 to 0 would mean none: minimum and maximum are told apart from absent by being there.
 */
const dio_field dio_input_fields[] = {
    DIO_FIELD_WORDS(struct dio_input_row, type, "string", dio_input_types, "kind of value"),
    DIO_FIELD(struct dio_input_row, required, "yes", 0, 0, "whether it must be given"),
    DIO_FIELD_KEY(struct dio_input_row, fallback, "default", "", 0, 0, "its value when not given"),
    DIO_FIELD(struct dio_input_row, values, "", 0, 0, "what an enum may be"),
    DIO_FIELD(struct dio_input_row, description, "", 0, 2000, "what it is for"),
    DIO_FIELD_KEY(struct dio_input_row, max_length, "maxLength", "2000", 1, 100000,
                  "characters of a string, at most"),
    DIO_FIELD(struct dio_input_row, minimum, "-1e300", 0, 0, "least number"),
    DIO_FIELD(struct dio_input_row, maximum, "1e300", 0, 0, "greatest number"),
    {0},
};

static void check_declaration(dio_pipeline *p, const dio_pipeline_input *in)
{
    const dio_value *values = in->row.values;
    bool is_enum = in->row.type == DIO_INPUT_ENUM;
    if (is_enum && !values)
        dio_report_at(&p->report, in->place, "input \"%s\": an enum needs values", in->name);
    if (!is_enum && values)
        dio_report_at(&p->report, values, "values: only an enum has them; input \"%s\" is a %s",
                      in->name, dio_input_types[in->row.type]);
    if (!is_enum || !values)
        return;
    if (values->kind != DIO_LIST || values->list.count == 0) {
        dio_report_at(&p->report, values, "values: expected a list of strings");
        return;
    }
    for (int i = 0; i < values->list.count; i++) {
        if (values->list.items[i]->kind != DIO_STRING)
            dio_report_at(&p->report, values->list.items[i], "values: expected a string, found %s",
                          dio_kind_name(values->list.items[i]->kind));
    }
}

void dio_inputs_read(dio_pipeline *p, dio_part *part, const dio_value *map)
{
    if (!part->parent)
        p->inputs_known = !map || map->kind == DIO_MAP;
    if (!map)
        return;
    if (map->kind != DIO_MAP || map->map.count > INPUTS) {
        dio_report_at(&p->report, map, "inputs: expected a map of at most %d inputs", INPUTS);
        return;
    }
    part->inputs = dio_arena_try(p->arena, (size_t)(map->map.count + 1) * sizeof *part->inputs);
    for (int i = 0; part->inputs && i < map->map.count; i++) {
        const dio_value *key = map->map.keys[i], *v = map->map.items[i];
        dio_pipeline_input *in = &part->inputs[part->input_count++];
        *in = (dio_pipeline_input){.name = key->string.text, .place = key, .value = &dio_unknown};
        dio_name_check(p, key, "input", in->name);
        dio_error unused = {0};
        if (dio_fields_read(dio_input_fields, &in->row, v,
                            dio_arena_printf(p->arena, "input \"%.60s\"", in->name),
                            DIO_FIELDS_STRICT | DIO_FIELDS_COLLECT, p->arena, dio_report_add,
                            &p->report, &unused))
            check_declaration(p, in);
        else
            in->broken = true;
    }
}

/* ---- values ---- */

static const char *control_in(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (((unsigned char)*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7f)
            return c;
    }
    return NULL;
}

static bool check_string(dio_report *r, const dio_pipeline_input *in, const dio_value *v)
{
    const char *bad = control_in(v->string.text);
    size_t length = dio_utf8_count(v->string.text, v->string.length);
    if (bad)
        return dio_report_at(r, v,
                             "input \"%s\": it contains the control character "
                             "U+%04X",
                             in->name, (unsigned char)*bad);
    if (length > (size_t)in->row.max_length)
        return dio_report_at(r, v,
                             "input \"%s\": it is %zu characters long, above its maxLength of %d",
                             in->name, length, in->row.max_length);
    return true;
}

static bool check_number(dio_report *r, const dio_pipeline_input *in, const dio_value *v)
{
    double number = v->kind == DIO_INT ? (double)v->integer : v->real;
    if (number < in->row.minimum)
        return dio_report_at(r, v, "input \"%s\": %g is below its minimum of %g", in->name, number,
                             in->row.minimum);
    if (number > in->row.maximum || !isfinite(number))
        return dio_report_at(r, v, "input \"%s\": %g is above its maximum of %g", in->name, number,
                             in->row.maximum);
    return true;
}

static bool check_enum(dio_report *r, const dio_pipeline_input *in, const dio_value *v)
{
    const char *names[64] = {NULL};
    int n = 0;
    const dio_value *values = in->row.values;
    for (int i = 0; values && values->kind == DIO_LIST && i < values->list.count; i++) {
        const dio_value *item = values->list.items[i];
        if (item->kind != DIO_STRING)
            continue;
        if (strcmp(item->string.text, v->string.text) == 0)
            return true;
        if (n < 64)
            names[n++] = item->string.text;
    }
    const char *near = dio_nearest(v->string.text, names, n);
    if (!near && n > 0)
        return dio_report_at(r, v,
                             "input \"%s\": \"%.60s\" is none of its values; the "
                             "first is \"%.60s\"",
                             in->name, v->string.text, names[0]);
    return dio_report_at(r, v, "input \"%s\": \"%.60s\" is none of its values%s%s%s", in->name,
                         v->string.text, near ? ": did you mean \"" : "", near ? near : "",
                         near ? "\"?" : "");
}

/* A file must lie in the folder of the pipeline's file that names it; the value becomes its path
 * from here. The table that a user gives to be worked through is not part of the pipeline: it lies
 * in the current folder. */
static const dio_value *check_file(const dio_pipeline *p, const dio_part *of, bool passed,
                                   const dio_pipeline_input *in, const dio_value *v, dio_report *r)
{
    dio_error e = {0};
    const char *name = v->string.text;
    bool ours =
        in->row.type == DIO_INPUT_ROWS && !passed && !of->parent && dio_map_get(p->sets, in->name);
    const char *path = passed ? dio_pipeline_file(p, of, name, r->arena, &e)
                              : dio_path_confine(r->arena, ours ? "." : of->dir, name, &e);
    if (path && !dio_file_exists(path))
        dio_fail(&e, "there is no file \"%.200s\" in %s folder", name,
                 ours ? "the current" : "the pipeline's");
    if (e.kind == DIO_ERROR_NONE)
        return dio_value_string(r->arena, path);
    dio_report_error(r, v, dio_arena_printf(r->arena, "input \"%s\"", in->name), &e);
    return NULL;
}

static const struct {
    dio_kind kind;
    const char *wants;
} wanted[] = {
    [DIO_INPUT_STRING] = {DIO_STRING, "a string"},
    [DIO_INPUT_INTEGER] = {DIO_INT, "an integer"},
    [DIO_INPUT_NUMBER] = {DIO_REAL, "a number"},
    [DIO_INPUT_BOOLEAN] = {DIO_BOOL, "true or false"},
    [DIO_INPUT_ENUM] = {DIO_STRING, "one of its values"},
    [DIO_INPUT_IMAGE] = {DIO_STRING, "the path of an image"},
    [DIO_INPUT_AUDIO] = {DIO_STRING, "the path of a sound"},
    [DIO_INPUT_VIDEO] = {DIO_STRING, "the path of a film"},
    [DIO_INPUT_ROWS] = {DIO_STRING, "the path of a table, CSV"},
};

const char *dio_input_wants(int type)
{
    return wanted[type].wants;
}

const dio_value *dio_input_made(const dio_pipeline_input *in, const dio_value *v, dio_report *r)
{
    int type = in->row.type;
    bool ok = true, number = type == DIO_INPUT_NUMBER && v->kind == DIO_INT;
    if (v->kind != wanted[type].kind && !number)
        ok = dio_report_at(r, v, "input \"%s\": expected %s, found %s", in->name,
                           wanted[type].wants, dio_kind_name(v->kind));
    else if (type == DIO_INPUT_INTEGER || type == DIO_INPUT_NUMBER)
        ok = check_number(r, in, v);
    else if (type == DIO_INPUT_ENUM)
        ok = check_enum(r, in, v);
    else if (type != DIO_INPUT_BOOLEAN)
        ok = check_string(r, in, v);
    return ok ? v : NULL;
}

const dio_value *dio_input_check(const dio_pipeline *p, const dio_part *of, bool passed,
                                 const dio_pipeline_input *in, const dio_value *v,
                                 dio_report *report)
{
    bool ok = dio_input_made(in, v, report);
    if (ok && in->row.type >= DIO_INPUT_IMAGE)
        return check_file(p, of, passed, in, v, report);
    return ok ? v : NULL;
}

/* Text that is none stays a string and is refused when it is checked; what has a type already keeps
 * it. */
const dio_value *dio_input_typed(const dio_pipeline_input *in, const dio_value *given, dio_arena *a)
{
    if (given->kind != DIO_STRING)
        return given;
    const char *text = given->string.text;
    int64_t integer;
    double real;
    dio_value *v = NULL;
    bool number = in->row.type == DIO_INPUT_INTEGER || in->row.type == DIO_INPUT_NUMBER;
    if (number && dio_parse_int(text, &integer))
        v = dio_value_int(a, integer);
    else if (in->row.type == DIO_INPUT_NUMBER && dio_parse_real(text, &real))
        v = dio_value_real(a, real);
    else if (in->row.type == DIO_INPUT_BOOLEAN && !strcmp(text, "true"))
        v = dio_value_bool(a, true);
    else if (in->row.type == DIO_INPUT_BOOLEAN && !strcmp(text, "false"))
        v = dio_value_bool(a, false);
    else
        v = dio_value_string(a, text);
    v->file = given->file ? given->file : "--set";
    v->line = given->line;
    v->column = given->column;
    return v;
}

void dio_pipeline_set(dio_pipeline *p, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    size_t bad;
    if (!equals || equals == assignment) {
        dio_report_at(&p->report, NULL, "--set %.80s: write --set NAME=VALUE", assignment);
        return;
    }
    const char *name = dio_arena_strndup(p->arena, assignment, (size_t)(equals - assignment));
    if (!dio_utf8_valid(assignment, strlen(assignment), &bad)) {
        dio_report_at(&p->report, NULL, "--set %.40s: byte %zu is not valid UTF-8",
                      bad > (size_t)(equals - assignment) ? name : "?", bad);
        return;
    }
    const char *names[INPUTS] = {NULL};
    for (int i = 0; i < p->input_count; i++) {
        names[i] = p->inputs[i].name;
        if (strcmp(names[i], name) == 0) {
            dio_map_set(p->arena, p->sets, name, dio_value_string(p->arena, equals + 1));
            return;
        }
    }
    if (!p->inputs_known)
        return;
    const char *near = dio_nearest(name, names, p->input_count);
    dio_report_at(&p->report, NULL, "--set %.60s: the pipeline has no such input%s%s%s", name,
                  near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

void dio_pipeline_give(dio_pipeline *p, const char *name, const dio_value *v)
{
    dio_map_set(p->arena, p->sets, name, (dio_value *)(uintptr_t)v);
}

void dio_pipeline_row(dio_pipeline *p, const dio_value *place)
{
    p->row = place;
}

void dio_pipeline_expect(dio_pipeline *p, const char *name)
{
    for (int i = 0; i < p->input_count; i++)
        if (strcmp(p->inputs[i].name, name) == 0)
            p->inputs[i].expected = true;
}

void dio_inputs_resolve(dio_pipeline *p)
{
    static const dio_value nothing = {.kind = DIO_NULL};
    for (int i = 0; i < p->input_count; i++) {
        dio_pipeline_input *in = &p->inputs[i];
        dio_value *set = dio_map_get(p->sets, in->name);
        const dio_value *given = in->broken ? NULL : in->row.fallback;
        in->value = in->expected ? &dio_unknown : &nothing;
        if (in->expected)
            continue;
        if (set)
            given = dio_input_typed(in, set, p->arena);
        if (dio_arena_failed(p->arena)) /* values may share one place: none can be trusted */
            return;
        if (given && given->kind == DIO_NULL)
            given = NULL;
        if (given) {
            given = dio_input_check(p, p->parts[0], false, in, given, &p->report);
            in->value = given ? given : &dio_unknown;
        } else if (in->row.required) {
            in->value = &dio_unknown;
            if (in->broken)
                continue;
            if (p->row)
                dio_report_at(&p->report, p->row, "input \"%s\" is required, and this row has none",
                              in->name);
            else
                dio_report_at(&p->report, in->place, "input \"%s\" is required: give --set %s=...",
                              in->name, in->name);
        }
    }
}

static bool is_given(const dio_part *part, const char *path)
{
    for (int i = 0; i < part->input_count; i++) {
        const dio_value *v = part->inputs[i].value;
        if (v && v->kind == DIO_STRING && part->inputs[i].row.type >= DIO_INPUT_IMAGE &&
            strcmp(v->string.text, path) == 0)
            return true; /* confined when it was given */
    }
    return false;
}

const char *dio_pipeline_file(const dio_pipeline *p, const dio_part *part, const char *path,
                              dio_arena *a, dio_error *err)
{
    for (int i = 0; i < p->part_count; i++)
        if (is_given(p->parts[i], path))
            return path;
    return dio_path_confine(a, part->dir, path, err);
}
