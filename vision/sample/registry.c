/* registry.c: schedulers.def as a table, and who answers to a name. */
#include <string.h>

#include "base/str.h"
#include "vision/sample/schedule.h"

#define DIO_SCHEDULER(name) extern const dio_scheduler dio_scheduler_##name;
#include "vision/sample/schedulers/schedulers.def"
#undef DIO_SCHEDULER

#define DIO_SCHEDULER(name) &dio_scheduler_##name,
const dio_scheduler *const dio_schedulers[] = {
#include "vision/sample/schedulers/schedulers.def"
};
#undef DIO_SCHEDULER

enum { COUNT = sizeof dio_schedulers / sizeof *dio_schedulers };
const int dio_schedulers_count = COUNT;

/* "dpmpp-2m" finds dpmpp_2m. */
static bool same(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !(*a == '-' && *b == '_'))
            return false;
    return *a == *b;
}

static const dio_scheduler *lookup(const char *name)
{
    for (int i = 0; i < COUNT; i++)
        if (same(name, dio_schedulers[i]->name) || strcmp(name, dio_schedulers[i]->class_name) == 0)
            return dio_schedulers[i];
    return NULL;
}

/* "; did you mean "euler"?" and the list, of names or of class names. */
static void unknown(const char *what, const char *name, bool classes, dio_error *err)
{
    const char *names[COUNT];
    dio_str list = {0};
    for (int i = 0; i < COUNT; i++) {
        names[i] = classes ? dio_schedulers[i]->class_name : dio_schedulers[i]->name;
        dio_str_printf(&list, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = dio_nearest(name, names, COUNT);
    dio_fail(err, "%s \"%.80s\" is not supported%s%s%s (there are %s)", what, name,
             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "",
             list.text ? list.text : "");
    dio_str_deinit(&list);
}

const dio_scheduler *dio_scheduler_find(const char *name, dio_error *err)
{
    const dio_scheduler *s = lookup(name);
    if (!s)
        unknown("scheduler", name, false, err);
    return s;
}

const dio_scheduler *dio_scheduler_of(const dio_value *config, dio_error *err)
{
    const dio_value *v = dio_map_get(config, "_class_name");
    if (!v || v->kind != DIO_STRING) {
        dio_value_fail(v ? v : config, err,
                       "a scheduler_config.json needs a \"_class_name\" that is a string");
        return NULL;
    }
    for (int i = 0; i < COUNT; i++)
        if (strcmp(v->string.text, dio_schedulers[i]->class_name) == 0)
            return dio_schedulers[i];
    unknown("_class_name", v->string.text, true, err);
    dio_error_at(err, v->file, v->line, v->column);
    return NULL;
}
