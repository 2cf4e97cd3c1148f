/* finish.c: a chosen format, checked before work and noted after it. */
#include "fusion/finish.h"

const dio_format *dio_finish_format(const struct dio_finish *f, const char *const *names)
{
    return dio_format_find(names[f->format]);
}

void dio_finish_check(const struct dio_finish *f, const char *const *names, const dio_value *with,
                      dio_report *report)
{
    const dio_format *format = dio_finish_format(f, names);
    const dio_value *at = dio_map_get(with, "format"), *quality = dio_map_get(with, "quality");
    const dio_value *most = dio_map_get(with, "max_bytes"), *loop = dio_map_get(with, "loop");
    double ignored;
    dio_error e = {0};
    if (!dio_format_here(format, &e))
        dio_report_at(report, at ? at : with, "%s", e.message);
    dio_error_clear(&e);
    /* What is not known yet is 0, which is not what it will be. */
    bool known = quality && quality->kind != DIO_STRING;
    if (known && !dio_format_quality(format, f->quality, &ignored, &e))
        dio_report_at(report, quality, "%s", e.message);
    if (f->max_bytes && format->kind == DIO_FORMAT_FRAMES)
        dio_report_at(report, most ? most : with,
                      "max_bytes: a folder of pictures has no limit; give one to each");
    if (f->loop && !format->loops)
        dio_report_at(report, loop ? loop : with, "loop: %s does not play again by itself",
                      format->name);
}

dio_writing dio_finish_writing(const struct dio_finish *f, const char *const *names,
                               const dio_task *t)
{
    return (dio_writing){.format = dio_finish_format(f, names),
                         .quality = f->quality,
                         .max_bytes = f->max_bytes,
                         .loop = f->loop,
                         .title = t->title,
                         .seed = t->seed};
}

void dio_finish_note(dio_task *t, const dio_format *format, const dio_written *w)
{
    dio_value *note = dio_value_map(t->arena);
    dio_map_set(t->arena, note, "format", dio_value_string(t->arena, format->name));
    if (format->quality.option)
        dio_map_set(t->arena, note, "quality", dio_value_real(t->arena, w->quality));
    dio_map_set(t->arena, note, "bytes", dio_value_int(t->arena, w->bytes));
    dio_map_set(t->arena, note, "tries", dio_value_int(t->arena, w->tries));
    dio_task_note(t, "written", note);
}
