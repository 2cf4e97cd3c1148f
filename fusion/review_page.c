/* review_page.c: the page's words. Whatever comes from a pipeline, a table or a model is a guest
 * here: it is shown, and can do nothing. */
#include "fusion/review_page.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

static const char style[] =
    ":root{color-scheme:light dark}"
    "body{margin:2rem auto;max-width:1180px;padding:0 1.25rem;font:16px/1.5 system-ui,sans-serif;"
    "background:#f1f1f4;color:#1a1c24}"
    "h1{font-size:1.5rem;margin:0 0 .25rem}p{margin:.25rem 0}.soft{color:#666a78}"
    "main{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:1.25rem;"
    "margin:1.5rem 0}"
    "article{background:#fff;border:1px solid #d8d9e0;border-radius:12px;padding:1rem;min-width:0}"
    "article.best{border:3px solid #0d785a}"
    "h2{font-size:1.1rem;margin:0 0 .5rem}h2 b{background:#0d785a;color:#fff;border-radius:1rem;"
    "padding:.1rem .6rem;font-size:.85rem;margin-left:.4rem}"
    "img,video{max-width:100%;height:auto;display:block;border-radius:6px}audio{width:100%}"
    "blockquote{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.5rem 0;font-size:.85rem}"
    "pre.do{background:#1a1c24;color:#eef;border-radius:6px;padding:.6rem .75rem;user-select:all}"
    "@media(prefers-color-scheme:dark){body{background:#15161b;color:#e8e8ee}article{background:"
    "#1f2128;border-color:#353843}.soft{color:#9a9eac}pre.do{background:#000}}";

/* ---- escaping ---- */

static void put(dio_str *s, const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length;) {
        uint32_t cp;
        int n = dio_utf8_next(text + i, length - i, &cp);
        if (n == 1 && strchr("&<>\"'", (int)cp))
            dio_str_printf(s, "&#%u;", (unsigned)cp);
        else if (n && (cp == '\n' || dio_char_shows(cp)))
            dio_str_put(s, text + i, (size_t)n);
        else
            dio_str_puts(s, "\xEF\xBF\xBD");
        i += n ? (size_t)n : 1;
    }
}

/* A text of unknown direction, kept apart from what stands around it. */
static void put_apart(dio_str *s, const char *text)
{
    dio_str_puts(s, "<bdi>");
    put(s, text);
    dio_str_puts(s, "</bdi>");
}

/* For a shell: within quotes that nothing can leave. */
static void put_quoted(dio_str *s, const char *text, dio_arena *a)
{
    dio_str q = {0};
    dio_str_putc(&q, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            dio_str_puts(&q, "'\\''");
        else
            dio_str_putc(&q, *text);
    }
    dio_str_putc(&q, '\'');
    put(s, q.failed ? "" : dio_arena_strdup(a, q.text));
    s->failed = s->failed || q.failed;
    dio_str_deinit(&q);
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* SHA-256 in base 64, as a policy names a style. */
static bool put_style_hash(dio_str *s, dio_error *err)
{
    static const char table[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char hex[DIO_HASH_TEXT];
    unsigned bits = 0;
    int held = 0;
    if (!dio_hash_bytes(style, sizeof style - 1, hex, err))
        return false;
    for (int i = 0; i < 64; i++) {
        bits = bits << 4 | (unsigned)digit(hex[i]);
        held += 4;
        if (held >= 6) {
            held -= 6;
            dio_str_putc(s, table[bits >> held & 63]);
        }
    }
    dio_str_putc(s, table[bits << (6 - held) & 63]); /* 256 bits: four of the last letter */
    dio_str_putc(s, '=');
    return true;
}

/* ---- the page ---- */

static void put_command(dio_str *s, const dio_review_page *p, const char *what, dio_arena *a)
{
    dio_str_printf(s, "<pre class=\"do\">diorama review %s -o ", what);
    put_quoted(s, p->out, a);
    dio_str_puts(s, "</pre>\n");
}

static void put_content(dio_str *s, const dio_review_card *c)
{
    if (c->text) {
        dio_str_puts(s, "<blockquote dir=\"auto\">");
        put(s, c->text);
        dio_str_puts(s, "</blockquote>\n");
    } else if (c->file) {
        const char *tag = c->media == DIO_MEDIA_IMAGE   ? "<img alt=\"candidate\" src=\""
                          : c->media == DIO_MEDIA_VIDEO ? "<video controls src=\""
                                                        : "<audio controls src=\"";
        dio_str_puts(s, tag);
        put(s, c->file);
        dio_str_puts(s, c->media == DIO_MEDIA_IMAGE   ? "\">\n"
                        : c->media == DIO_MEDIA_VIDEO ? "\"></video>\n"
                                                      : "\"></audio>\n");
    } else {
        dio_str_puts(s, "<p class=\"soft\">Nothing that can be shown.</p>\n");
    }
}

static void put_card(dio_str *s, const dio_review_page *p, int i, dio_arena *a)
{
    const dio_review_card *c = &p->cards[i];
    bool best = i == p->best;
    dio_str_printf(s, "<article%s>\n<h2>Candidate %d%s</h2>\n", best ? " class=\"best\"" : "",
                   i + 1, best ? "<b>best score</b>" : "");
    put_content(s, c);
    dio_str_puts(s, "<pre class=\"soft\">");
    put(s, c->facts);
    dio_str_puts(s, "</pre>\n");
    put_command(s, p, dio_arena_printf(a, "approve %lld --pick %d", (long long)p->id, i + 1), a);
    dio_str_puts(s, "</article>\n");
}

static void put_head(dio_str *s, const dio_review_page *p)
{
    dio_str_printf(s, "<title>Review %lld</title>\n<style>%s</style>\n</head>\n<body>\n<h1>",
                   (long long)p->id, style);
    put_apart(s, p->pipeline);
    dio_str_puts(s, ": ");
    put_apart(s, p->step);
    dio_str_printf(s, "</h1>\n<p class=\"soft\">Review %lld, round %d of %d, asked at ",
                   (long long)p->id, p->round, p->rounds);
    put(s, p->asked);
    dio_str_puts(s, ". ");
    put(s, p->deadline);
    dio_str_puts(s, "</p>\n<p>Choose one with its command, then run the same render or batch again."
                    "</p>\n");
}

char *dio_review_html(dio_arena *a, const dio_review_page *p, dio_error *err)
{
    dio_str s = {0};
    dio_str_puts(&s, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "img-src 'self' file:; media-src 'self' file:; style-src 'sha256-");
    bool ok = put_style_hash(&s, err);
    dio_str_puts(&s, "'; base-uri 'none'; form-action 'none'\">\n"
                     "<meta name=\"referrer\" content=\"no-referrer\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width\">\n");
    put_head(&s, p);
    dio_str_puts(&s, "<main>\n");
    for (int i = 0; i < p->count; i++)
        put_card(&s, p, i, a);
    dio_str_puts(&s, "</main>\n<p>None of them? The next round tries other seeds, and after the "
                     "last one the step fails.</p>\n");
    put_command(&s, p, dio_arena_printf(a, "reject %lld --note \"why\"", (long long)p->id), a);
    dio_str_puts(&s, "</body>\n</html>\n");
    char *text = ok && !s.failed ? dio_arena_strdup(a, s.text) : NULL;
    dio_str_deinit(&s);
    if (ok && !text)
        dio_fail_memory(err, "a page");
    return text;
}
