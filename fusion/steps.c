/* steps.c: the list of step types, from steps.def, and what is told about it. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "fusion/fusion.h"
#include "fusion/step.h"

#define DIO_STEP(name) extern const dio_step dio_step_##name;
#include "fusion/steps/steps.def"
#undef DIO_STEP

const dio_step *const dio_steps[] = {
#define DIO_STEP(name) &dio_step_##name,
#include "fusion/steps/steps.def"
#undef DIO_STEP
    NULL,
};

const char *dio_media_name(dio_media media)
{
    static const char *const names[] = {"text", "image", "video", "audio", "data", "folder"};
    return names[media];
}

const dio_step *dio_step_find(const char *uses, dio_error *err)
{
    const char *at = strchr(uses, '@');
    size_t n = at ? (size_t)(at - uses) : strlen(uses);
    const char *names[64];
    int count = 0;
    for (int i = 0; dio_steps[i] && count < 64; i++) {
        const dio_step *s = dio_steps[i];
        names[count++] = s->name;
        if (strlen(s->name) != n || strncmp(s->name, uses, n) != 0)
            continue;
        char version[16];
        snprintf(version, sizeof version, "%d", s->version);
        if (at && strcmp(at + 1, version) == 0)
            return s;
        dio_fail(err, "uses: \"%.60s\": this diorama has %s@%d", uses, s->name, s->version);
        return NULL;
    }
    char name[64];
    size_t kept = n < sizeof name ? n : sizeof name - 1;
    memcpy(name, uses, kept);
    name[kept] = '\0';
    const char *near = dio_nearest(name, names, count);
    for (int i = 0; near && dio_steps[i]; i++) {
        if (strcmp(dio_steps[i]->name, near) == 0) {
            dio_fail(err, "uses: there is no step type \"%.60s\": did you mean \"%s@%d\"?", uses,
                     near, dio_steps[i]->version);
            return NULL;
        }
    }
    dio_fail(err, "uses: there is no step type \"%.60s\"; `diorama steps` lists them", uses);
    return NULL;
}

/* ---- `diorama steps` ---- */

static dio_value *step_value(const dio_step *s, dio_arena *a)
{
    dio_value *v = dio_value_map(a), *ports = dio_value_map(a);
    dio_map_set(a, v, "uses",
                dio_value_string(a, dio_arena_printf(a, "%s@%d", s->name, s->version)));
    dio_map_set(a, v, "description", dio_value_string(a, s->doc));
    dio_map_set(a, v, "with", dio_fields_schema(s->params, true, a));
    if (s->columns)
        dio_map_set(a, v, "columns", dio_fields_schema(s->columns, true, a));
    for (const dio_port *port = s->out; port->name; port++) {
        dio_value *one = dio_value_map(a);
        dio_map_set(a, one, "media", dio_value_string(a, dio_media_name(port->media)));
        dio_map_set(a, one, "description", dio_value_string(a, port->doc));
        dio_map_set(a, ports, port->name, one);
    }
    dio_map_set(a, v, "outputs", ports);
    return v;
}

static void put_step(dio_str *s, const dio_step *step, bool whole, dio_arena *a)
{
    dio_str_printf(s, "%s@%d\n    %s\n", step->name, step->version, step->doc);
    if (!whole)
        return;
    dio_str_printf(s, "\nwith:\n%s\n", dio_fields_help(step->params, "", a));
    if (step->columns)
        dio_str_printf(s, "columns of its table:\n%s\n", dio_fields_help(step->columns, "", a));
    dio_str_puts(s, "outputs:\n");
    for (const dio_port *port = step->out; port->name; port++)
        dio_str_printf(s, "  %-25s %s (%s)\n", port->name, port->doc, dio_media_name(port->media));
}

char *dio_steps_text(dio_arena *a, const char *name, bool json, dio_error *err)
{
    const dio_step *one = NULL;
    if (name) {
        for (int i = 0; dio_steps[i]; i++)
            one = strcmp(dio_steps[i]->name, name) == 0 ? dio_steps[i] : one;
        if (!one && !(one = dio_step_find(name, err)))
            return NULL;
    }
    dio_value *list = dio_value_list(a);
    dio_str s = {0};
    dio_str_puts(&s, "");
    for (int i = 0; dio_steps[i]; i++) {
        if (one && dio_steps[i] != one)
            continue;
        dio_list_add(a, list, step_value(dio_steps[i], a));
        put_step(&s, dio_steps[i], one != NULL, a);
    }
    char *text = json ? dio_json_write(a, list, 2) : dio_arena_strdup(a, s.text ? s.text : "");
    dio_str_deinit(&s);
    if (!text)
        dio_fail_memory(err, "the list of steps");
    return text;
}
