/* brief.c: the brief and the ad as text, and back. The two tables are the one list of fields. */
#include "text/copy/copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "text/copy/forms.h"

enum { VALUE_MAX = 120, SECONDS_MIN = 6, SECONDS_MAX = 30 };

const dio_field dio_brief_fields[] = {
    DIO_FIELD(struct dio_brief, product, NULL, 1, 80, "name of what is advertised, used verbatim"),
    DIO_FIELD(struct dio_brief, category, "", 0, 60, "what it is: \"desk lamp\", \"bakery\""),
    DIO_FIELD(struct dio_brief, benefit, "", 0, VALUE_MAX, "why one would want it, in your words"),
    DIO_FIELD(struct dio_brief, audience, "", 0, VALUE_MAX, "whom it is for: \"night owls\""),
    DIO_FIELD(struct dio_brief, tone, "", 0, 40, "warm, playful, bold, calm, elegant, witty, ..."),
    DIO_FIELD(struct dio_brief, offer, "", 0, VALUE_MAX, "taken up word for word: \"20% off\""),
    DIO_FIELD(struct dio_brief, seconds, "15", SECONDS_MIN, SECONDS_MAX,
              "length of the voice-over, seconds"),
    {0},
};

const dio_ad_field dio_ad_fields[DIO_AD_PARTS + 1] = {
    {"headline", 72, true, "one line that stops the eye"},
    {"subline", 110, true, "one sentence under the headline"},
    {"body", 360, true, "two to five sentences"},
    {"cta", 40, false, "call to action: a short verb phrase for a button"},
    {"hashtags", 110, false, "three to five words that begin with #"},
    {"script", 480, true, "voice-over of the asked length"},
    {"scene", 320, true, "what the picture shows, for the picture generator"},
    {0},
};

/* The line of the brief a value stands on; seconds has none. */
static const struct {
    const char *key;
    size_t offset;
} lines[] = {
    {"product", offsetof(struct dio_brief, product)},
    {"category", offsetof(struct dio_brief, category)},
    {"benefit", offsetof(struct dio_brief, benefit)},
    {"audience", offsetof(struct dio_brief, audience)},
    {"tone", offsetof(struct dio_brief, tone)},
    {"offer", offsetof(struct dio_brief, offer)},
};
enum { LINES = sizeof lines / sizeof lines[0] };

static const char *line_value(const struct dio_brief *brief, int i)
{
    const char *text;
    memcpy(&text, (const char *)brief + lines[i].offset, sizeof text);
    return text ? text : "";
}

const char *const *dio_copy_tags(void)
{
    static const char *const tags[] = {
        DIO_COPY_BRIEF,
        "<|headline|>",
        "<|subline|>",
        "<|body|>",
        "<|cta|>",
        "<|hashtags|>",
        "<|script:6|>",
        "<|script:8|>",
        "<|script:10|>",
        "<|script:12|>",
        "<|script:15|>",
        "<|script:20|>",
        "<|script:25|>",
        "<|script:30|>",
        "<|scene|>",
        DIO_COPY_END,
        NULL,
    };
    return tags;
}

int dio_copy_seconds(double seconds)
{
    static const int taught[] = {6, 8, 10, 12, 15, 20, 25, 30};
    int best = taught[0];
    for (size_t i = 1; i < sizeof taught / sizeof taught[0]; i++)
        if (seconds > (taught[i - 1] + taught[i]) / 2.0)
            best = taught[i];
    return best;
}

bool dio_brief_ready(const struct dio_brief *brief, dio_error *err)
{
    if (!line_value(brief, 0)[0])
        return dio_fail(err, "product: the brief needs the product's name");
    for (int i = 0; i < LINES; i++) {
        const char *text = line_value(brief, i);
        for (const char *p = text; *p; p++)
            if ((unsigned char)*p < 32 || *p == 127)
                return dio_fail(err,
                                "%s: a line break or control character at byte %d; "
                                "write it as one line of text",
                                lines[i].key, (int)(p - text) + 1);
        if (strstr(text, "<|"))
            return dio_fail(err, "%s: \"<|\" begins a tag and cannot be part of a brief",
                            lines[i].key);
    }
    return true;
}

char *dio_brief_prompt(dio_arena *a, const struct dio_brief *brief)
{
    char *text = dio_arena_strdup(a, DIO_COPY_BRIEF);
    for (int i = 0; i < LINES; i++)
        if (line_value(brief, i)[0])
            text = dio_arena_printf(a, "%s%s: %s\n", text, lines[i].key, line_value(brief, i));
    return text;
}

char *dio_brief_marked(dio_arena *a, const struct dio_brief *brief)
{
    struct dio_copy_forms f;
    dio_copy_forms_of(a, brief, &f);
    char *text = dio_arena_strdup(a, DIO_COPY_BRIEF);
    for (int i = 0; i < LINES; i++)
        if (line_value(brief, i)[0])
            text = dio_arena_printf(a, "%s%s: %s%s\n", text, lines[i].key, line_value(brief, i),
                                    dio_copy_line_marks(a, &f, lines[i].key));
    return text;
}

char *dio_ad_tag(dio_arena *a, dio_ad_part part, int seconds)
{
    if (part == DIO_AD_SCRIPT)
        return dio_arena_printf(a, "<|script:%d|>", dio_copy_seconds(seconds));
    return dio_arena_printf(a, "<|%s|>", dio_ad_fields[part].name);
}

char *dio_ad_document(dio_arena *a, const struct dio_brief *brief, const struct dio_ad *ad)
{
    dio_str text = {0};
    struct dio_copy_forms f;
    dio_copy_forms_of(a, brief, &f);
    dio_str_puts(&text, dio_brief_marked(a, brief));
    for (int part = 0; part < DIO_AD_PARTS; part++) {
        dio_str_puts(&text, dio_ad_tag(a, (dio_ad_part)part, brief->seconds));
        if (ad->text[part])
            dio_str_puts(&text, dio_copy_mark(a, &f, (dio_ad_part)part, ad->text[part]));
    }
    dio_str_puts(&text, DIO_COPY_END);
    char *copy = text.failed ? NULL : dio_arena_strndup(a, text.text, text.length);
    dio_str_deinit(&text);
    return copy;
}

/* Without the marks that the line lists behind the client's words. */
static void cut_marks(char *value)
{
    size_t n = strlen(value);
    char *open;
    while (n && value[n - 1] == '}' && (open = strrchr(value, '{')) != NULL && open > value &&
           open[-1] == ' ')
        value[n = (size_t)(open - 1 - value)] = 0;
}

/* One "key: value" line of the brief; *at moves behind it. */
static bool parse_line(dio_arena *a, const char **at, struct dio_brief *brief, dio_error *err)
{
    const char *end = strchr(*at, '\n');
    if (!end)
        return dio_fail(err, "brief: a line has no end: \"%.60s\"", *at);
    for (int i = 0; i < LINES; i++) {
        size_t n = strlen(lines[i].key);
        if (!strncmp(*at, lines[i].key, n) && !strncmp(*at + n, ": ", 2)) {
            const char *value = *at + n + 2;
            char *copy = dio_arena_strndup(a, value, (size_t)(end - value));
            if (!copy)
                return dio_fail_memory(err, "a brief");
            cut_marks(copy);
            memcpy((char *)brief + lines[i].offset, &copy, sizeof copy);
            *at = end + 1;
            return true;
        }
    }
    return dio_fail(err, "brief: no such line: \"%.*s\"", (int)(end - *at), *at);
}

/* The field whose tag stands at *at; its text goes up to the next tag. */
static bool parse_part(dio_arena *a, const char **at, dio_ad_part part, struct dio_brief *brief,
                       struct dio_ad *ad, dio_error *err)
{
    const char *name = dio_ad_fields[part].name;
    size_t n = strlen(name);
    const char *p = *at;
    if (strncmp(p, "<|", 2) || strncmp(p + 2, name, n))
        return dio_fail(err, "%s: its tag is expected at \"%.40s\"", name, *at);
    p += 2 + n;
    if (part == DIO_AD_SCRIPT && *p == ':') {
        char *end;
        long seconds = strtol(p + 1, &end, 10);
        if (end == p + 1 || seconds < 1 || seconds > 600)
            return dio_fail(err, "script: no length in its tag \"%.20s\"", *at);
        brief->seconds = (int)seconds;
        p = end;
    }
    const char *next = strncmp(p, "|>", 2) ? NULL : strstr(p + 2, "<|");
    if (!next)
        return dio_fail(err, "%s: the field has no end", name);
    ad->text[part] = dio_arena_strndup(a, p + 2, (size_t)(next - p - 2));
    *at = next;
    return ad->text[part] || dio_fail_memory(err, "an ad");
}

bool dio_ad_parse(dio_arena *a, const char *document, struct dio_brief *brief, struct dio_ad *ad,
                  dio_error *err)
{
    *brief = (struct dio_brief){"", "", "", "", "", "", 15};
    *ad = (struct dio_ad){{0}};
    if (strncmp(document, DIO_COPY_BRIEF, strlen(DIO_COPY_BRIEF)))
        return dio_fail(err, "brief: the document does not begin with %s", DIO_COPY_BRIEF);
    const char *at = document + strlen(DIO_COPY_BRIEF);
    while (*at && strncmp(at, "<|", 2))
        if (!parse_line(a, &at, brief, err))
            return false;
    struct dio_copy_forms f;
    dio_copy_forms_of(a, brief, &f);
    for (int part = 0; part < DIO_AD_PARTS; part++) {
        if (!parse_part(a, &at, (dio_ad_part)part, brief, ad, err))
            return false;
        const char *marked = ad->text[part];
        ad->text[part] = dio_copy_unmark(a, &f, (dio_ad_part)part, marked);
        if (!ad->text[part])
            return dio_fail(err, "%s: a mark stands for nothing in the brief: \"%.60s\"",
                            dio_ad_fields[part].name, marked);
    }
    if (strcmp(at, DIO_COPY_END))
        return dio_fail(err, "%s is expected at \"%.40s\"", DIO_COPY_END, at);
    return true;
}
