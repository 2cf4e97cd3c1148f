/* chat_canonical.c: one spelling for Jinja sources, so that templates can be told by substrings.
 *
 * White space between tags is dropped as transformers drops it: next to a dash, one newline after
 * a block, and indentation before a block. What is left of it is output, and a reason to refuse. */
#include <string.h>

#include "text/chat_source.h"

struct reader {
    const char *at;
    dio_str *out;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What stands next to a stretch of text between tags. */
struct edge {
    bool dash;  /* a dash: it takes the white space */
    bool block; /* {% %} or a comment, not {{ }} */
};

/* True when the text between two tags, [start, end), vanishes. */
static bool vanishes(const char *start, const char *end, struct edge before, struct edge after)
{
    bool fresh_line = false;
    for (const char *c = start; c < end; c++)
        if (!is_blank(*c))
            return false;
    if (before.dash || after.dash)
        return true;
    if (before.block && start < end && *start == '\n') {
        start++;
        fresh_line = true;
    }
    const char *line = end;
    while (line > start && (line[-1] == ' ' || line[-1] == '\t'))
        line--;
    if (after.block && (line > start ? line[-1] == '\n' : fresh_line))
        end = line;
    return start == end;
}

/* A string with its quotes, at r->at; single quotes and \n come out. */
static void put_string(struct reader *r)
{
    char quote = *r->at++;
    dio_str_putc(r->out, '\'');
    while (*r->at && *r->at != quote) {
        if (*r->at == '\\' && r->at[1] == quote) {
            r->at++;
        } else if (*r->at == '\\' && r->at[1]) {
            dio_str_putc(r->out, *r->at++);
        } else if (*r->at == '\n') {
            dio_str_puts(r->out, "\\n");
            r->at++;
            continue;
        }
        dio_str_putc(r->out, *r->at++);
    }
    if (*r->at)
        r->at++;
    dio_str_putc(r->out, '\'');
}

static bool skip(struct reader *r, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(r->at, word, length))
        return false;
    r->at += length;
    return true;
}

/* The inside of a tag up to its end mark; *dash: it ended with one. */
static void put_inside(struct reader *r, const char *end, bool *dash)
{
    while (*r->at) {
        *dash = *r->at == '-' && !strncmp(r->at + 1, end, 2);
        if (*dash || !strncmp(r->at, end, 2)) {
            r->at += *dash ? 3 : 2;
            return;
        }
        if (*r->at == '\'' || *r->at == '"')
            put_string(r);
        else if (is_blank(*r->at))
            r->at++;
        else if (skip(r, "message.role"))
            dio_str_puts(r->out, "message['role']");
        else if (skip(r, "message.content"))
            dio_str_puts(r->out, "message['content']");
        else
            dio_str_putc(r->out, *r->at++);
    }
}

static void put_tag(struct reader *r, bool *dash)
{
    bool block = r->at[1] == '%', comment = r->at[1] == '#';
    r->at += 2;
    if (*r->at == '-' || *r->at == '+')
        r->at++;
    if (comment) {
        const char *end = strstr(r->at, "#}");
        *dash = end && end[-1] == '-';
        r->at = end ? end + 2 : r->at + strlen(r->at);
        return;
    }
    dio_str_puts(r->out, block ? "{%" : "{{");
    put_inside(r, block ? "%}" : "}}", dash);
    dio_str_puts(r->out, block ? "%}" : "}}");
}

/* 'a'+'b' is 'ab'. */
static void join_strings(dio_str *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->length;) {
        if (s->length - i >= 3 && !memcmp(s->text + i, "'+'", 3)) {
            i += 3;
            continue;
        }
        s->text[kept++] = s->text[i++];
    }
    s->length = kept;
    if (s->text)
        s->text[kept] = '\0';
}

bool dio_chat_canonical(const char *source, dio_str *out, dio_error *err)
{
    struct reader r = {source, out};
    struct edge before = {true, true}; /* white space at the source's ends is stripped */
    while (*r.at) {
        const char *tag = r.at;
        while (*tag && !(tag[0] == '{' && (tag[1] == '{' || tag[1] == '%' || tag[1] == '#')))
            tag++;
        struct edge after = {!*tag || tag[2] == '-', !*tag || tag[1] != '{'};
        if (!vanishes(r.at, tag, before, after))
            return dio_fail(err,
                            "this chat template is not one of the families we know: it has "
                            "text outside of its tags at byte %zu",
                            (size_t)(r.at - source));
        r.at = tag;
        if (!*tag)
            break;
        before = (struct edge){false, tag[1] != '{'};
        put_tag(&r, &before.dash);
    }
    join_strings(out);
    return !out->failed ? true : dio_fail_memory(err, "a chat template");
}
