/* forms.c: marks for words, and words for marks. */
#include "text/copy/forms.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "text/copy/benefit.h"
#include "text/copy/grammar.h"

static const struct {
    const char *name, *line;
} forms[DIO_FORMS] = {
#define DIO_COPY_FORM_ROW(name, line, doc) {#name, line},
    DIO_COPY_FORM_LIST(DIO_COPY_FORM_ROW)
#undef DIO_COPY_FORM_ROW
};

static const char *said(const char *text)
{
    return text && *text ? text : NULL;
}

void dio_copy_forms_of(dio_arena *a, const struct dio_brief *brief, struct dio_copy_forms *out)
{
    struct dio_benefit_words w = {0};
    *out = (struct dio_copy_forms){0};
    out->text[DIO_FORM_product] = said(brief->product);
    if (said(brief->category))
        out->text[DIO_FORM_noun] = dio_words_inside(a, brief->category);
    if (said(brief->audience))
        out->text[DIO_FORM_audience] = dio_words_inside(a, brief->audience);
    if (said(brief->offer))
        out->text[dio_offer_is_thing(brief->offer) ? DIO_FORM_deal : DIO_FORM_offer] =
            dio_words_inside(a, brief->offer);
    if (said(brief->benefit))
        dio_benefit_read(a, brief->benefit, brief->product ? brief->product : "", &w);
    out->text[DIO_FORM_np] = w.thing;
    out->text[DIO_FORM_vp] = w.bare;
    out->text[DIO_FORM_vps] = w.one;
    out->text[DIO_FORM_vpp] = w.many && strcmp(w.many, w.bare) != 0 ? w.many : NULL;
    out->text[DIO_FORM_say] = w.sentence;
}

char *dio_copy_line_marks(dio_arena *a, const struct dio_copy_forms *f, const char *line)
{
    char *text = dio_arena_strdup(a, "");
    for (int i = 0; i < DIO_FORMS; i++)
        if (f->text[i] && !strcmp(forms[i].line, line))
            text = dio_arena_printf(a, "%s {%s}", text, forms[i].name);
    return text;
}

char *dio_copy_tag(dio_arena *a, const char *name)
{
    char *tag = dio_arena_strdup(a, name), *out = tag;
    bool up = true;
    for (const char *p = name; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (isalnum(c) || c >= 128) {
            *out++ = up ? (char)toupper(c) : (char)c;
            up = false;
        } else if (c != '\'') {
            up = true;
        }
    }
    *out = 0;
    return tag;
}

/* The words of a form as this part of an ad spells them, or NULL. */
static const char *spelled(dio_arena *a, const struct dio_copy_forms *f, dio_ad_part part, int form)
{
    const char *text = f->text[form];
    if (part != DIO_AD_HASHTAGS || !text)
        return text;
    return form == DIO_FORM_product || form == DIO_FORM_noun ? dio_copy_tag(a, text) : NULL;
}

static bool word_byte(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 128 || c == '\'';
}

/* Whether a sentence begins at text + at; the rule of dio_english_sentences. */
static bool begins_sentence(const char *text, size_t at)
{
    while (at && text[at - 1] == '"')
        at--;
    if (at == 0)
        return true;
    if (!isspace((unsigned char)text[at - 1]))
        return false;
    while (at && isspace((unsigned char)text[at - 1]))
        at--;
    while (at && text[at - 1] == '"')
        at--;
    return at == 0 || strchr(".?!", text[at - 1]) != NULL;
}

/* The words as they stand here: with a capital where a sentence begins; a name stays as it is. */
static bool takes_capital(dio_ad_part part, int form, bool begins)
{
    return begins && part != DIO_AD_HASHTAGS && form != DIO_FORM_product;
}

static bool stands_at(const char *p, const char *words, size_t n, bool capital)
{
    const char first = capital ? (char)toupper((unsigned char)words[0]) : words[0];
    return *p == first && !strncmp(p + 1, words + 1, n - 1) &&
           !(word_byte(words[n - 1]) && word_byte(p[n]));
}

char *dio_copy_mark(dio_arena *a, const struct dio_copy_forms *f, dio_ad_part part,
                    const char *text)
{
    const char *words[DIO_FORMS];
    dio_str out = {0};
    for (int i = 0; i < DIO_FORMS; i++)
        words[i] = spelled(a, f, part, i);
    for (size_t at = 0; text[at];) {
        int best = -1;
        size_t longest = 0;
        const bool inside = at && word_byte(text[at - 1]) && word_byte(text[at]);
        for (int i = 0; i < DIO_FORMS && !inside; i++) {
            const size_t n = words[i] ? strlen(words[i]) : 0;
            if (n > longest && stands_at(text + at, words[i], n,
                                         takes_capital(part, i, begins_sentence(text, at))))
                best = i, longest = n;
        }
        if (best >= 0)
            dio_str_printf(&out, "{%s}", forms[best].name);
        else
            dio_str_putc(&out, text[at]);
        at += best >= 0 ? longest : 1;
    }
    char *marked = out.failed ? NULL : dio_arena_strdup(a, out.text ? out.text : "");
    dio_str_deinit(&out);
    return marked;
}

/* The form whose mark stands at `p`; *n becomes the mark's length. -1: none. */
static int find_mark(const char *p, size_t *n)
{
    for (int i = 0; i < DIO_FORMS; i++) {
        const size_t name = strlen(forms[i].name);
        if (!strncmp(p + 1, forms[i].name, name) && p[1 + name] == '}') {
            *n = name + 2;
            return i;
        }
    }
    return -1;
}

/* The article before a category, which the model wrote without having heard the word: "an" where it
 * sounds like a vowel, none before a plural. */
static void mend_article(dio_str *out, const char *words)
{
    const char *article = dio_english_looks_plural(words) ? NULL : dio_english_article(words);
    size_t n = out->length;
    if (n < 2 || out->text[n - 1] != ' ')
        return;
    const size_t have = n >= 3 && out->text[n - 2] == 'n' ? 3 : 2;
    const char first = out->text[n - have];
    if ((first != 'a' && first != 'A') || (n > have && word_byte(out->text[n - have - 1])))
        return;
    out->text[n -= have] = 0;
    out->length = n;
    if (article)
        dio_str_printf(out, "%c%s ", first, article + 1);
}

char *dio_copy_unmark(dio_arena *a, const struct dio_copy_forms *f, dio_ad_part part,
                      const char *text)
{
    dio_str out = {0};
    bool known = true;
    while (*text && known) {
        size_t n = 1;
        const int form = *text == '{' ? find_mark(text, &n) : -1;
        const char *words = form >= 0 ? spelled(a, f, part, form) : NULL;
        known = words || (*text != '{' && *text != '}');
        if (words) {
            if (form == DIO_FORM_noun && part != DIO_AD_HASHTAGS)
                mend_article(&out, words);
            const bool begins = begins_sentence(out.text ? out.text : "", out.length);
            const size_t start = out.length;
            dio_str_puts(&out, words);
            if (takes_capital(part, form, begins) && !out.failed)
                out.text[start] = (char)toupper((unsigned char)out.text[start]);
        } else {
            dio_str_putc(&out, *text);
        }
        text += n;
    }
    char *plain = known && !out.failed ? dio_arena_strdup(a, out.text ? out.text : "") : NULL;
    dio_str_deinit(&out);
    return plain;
}

const char *const *dio_copy_absent_marks(dio_arena *a, const struct dio_copy_forms *f, int *count)
{
    const char **marks = dio_arena_alloc(a, (DIO_FORMS + 1) * sizeof *marks);
    *count = 0;
    for (int i = 0; i < DIO_FORMS; i++)
        if (!f->text[i])
            marks[(*count)++] = dio_arena_printf(a, "{%s}", forms[i].name);
    return marks;
}

const char *dio_copy_find_mark(const char *marked, const char *line)
{
    for (const char *p = strchr(marked, '{'); p; p = strchr(p + 1, '{')) {
        size_t n;
        const int form = find_mark(p, &n);
        if (form >= 0 && !strcmp(forms[form].line, line))
            return p;
    }
    return NULL;
}
