/* captions_time.c: captions of a text that nobody speaks here, such as a translation. */
#include "audio/captions_spread.h"
#include "audio/times_io.h"
#include "fusion/step.h"

enum { TIMES_LIMIT = 16 << 20 };

struct params {
    const char *text, *times;
    double start, seconds;
    int chars;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, text, NULL, 0, 100000,
              "what is shown; sentence goes to sentence where there are as many"),
    DIO_FIELD(struct params, times, "", 0, 4000,
              "times of what is spoken, from audio.speak: captions come and go with it"),
    DIO_FIELD(struct params, start, "0", 0, 36000, "without times: when the first begins"),
    DIO_FIELD(struct params, seconds, "0", 0, 36000, "without times: how long all are shown"),
    DIO_FIELD(struct params, chars, "42", 8, 80, "characters in a line of srt and vtt"),
    {0},
};

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    (void)studio;
    /* NULL: another step's, not known yet. */
    bool none = p->times && !*p->times;
    if (none && !(p->seconds > 0) && !dio_map_get(with, "seconds"))
        dio_report_at(report, with,
                      "seconds: without times of what is spoken, say how long the text is shown");
}

static dio_times *spread(dio_task *t, const struct params *p, dio_error *err)
{
    if (!*p->times)
        return dio_times_spread_over(t->arena, p->text, p->start, p->seconds, err);
    const char *path = dio_task_file(t, p->times, err);
    const dio_value *v = path ? dio_value_read(t->arena, path, TIMES_LIMIT, err) : NULL;
    const dio_times *spoken = v ? dio_times_read(t->arena, v, err) : NULL;
    if (!spoken) {
        dio_error_prefix(err, "times");
        return NULL;
    }
    return dio_times_spread(t->arena, p->text, spoken, err);
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    static const struct {
        const char *port, *suffix;
    } files[] = {{"times", ".json"}, {"srt", ".srt"}, {"vtt", ".vtt"}};
    const struct params *p = params;
    dio_caption_rules rules = dio_caption_rules_default();
    rules.chars = p->chars;
    if (!*p->times && !(p->seconds > 0))
        return dio_fail(err, "seconds: %g: say how long the text is shown", p->seconds);
    const dio_times *times = spread(t, p, err);
    for (int i = 0; i < 3; i++) {
        const char *path = dio_task_path(t, files[i].port, files[i].suffix);
        if (!times || !dio_times_write(times, path, &rules, 0, 0, err))
            return false;
        dio_task_give_file(t, files[i].port, path);
    }
    return true;
}

const dio_step dio_step_captions_time = {
    .name = "captions.time",
    .version = 1,
    .doc = "Captions of a text that nobody speaks here, as a translation: timed on what is spoken.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"times", DIO_MEDIA_DATA, "words and sentences: for films"},
                              {"srt", DIO_MEDIA_TEXT, "captions, SubRip", ".srt"},
                              {"vtt", DIO_MEDIA_TEXT, "captions, WebVTT", ".vtt"},
                              {0}},
    .weight = 0.1,
    .check = check,
    .run = run,
};
