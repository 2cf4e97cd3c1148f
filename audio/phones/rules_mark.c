/* rules_mark.c: phones given in the text, words that lexicons know, pauses and signs. */
#include <string.h>

#include "audio/phones/scan.h"

static const struct {
    const char *sign, *said;
} signs[] = {
#define DIO_SIGN(sign, said) {sign, said},
#include "audio/phones/en/signs.def"
#undef DIO_SIGN
};

enum { PHONES_BYTES = 1024 }; /* between the brackets of one [[...]] */

size_t dio_rule_phones(struct scan *s, size_t at)
{
    size_t end = at + 2;
    if (!dio_scan_is(s, at, "[["))
        return 0;
    while (end < s->n && !dio_scan_is(s, end, "]]") && end - at < PHONES_BYTES)
        end++;
    if (!dio_scan_is(s, end, "]]")) { /* rather than spell what was meant as phones */
        if (!s->failed)
            dio_normalise_fail(s->in, s->from[at], s->err,
                               "the [[ that begins phones here is not closed by ]] within %d "
                               "bytes: close it, or remove it",
                               PHONES_BYTES);
        s->failed = true;
        return 0;
    }
    s->phones = dio_arena_strndup(s->arena, s->text + at + 2, end - at - 2);
    return end + 2;
}

/* The longest run of letters, digits and - ' . & + / that the lexicons know. */
size_t dio_rule_entry(struct scan *s, size_t at)
{
    char word[DIO_SPEECH_WORD + 1];
    size_t end = at, n = 0;
    if (!s->in->known || !dio_scan_begins(s, at) || !dio_is_alnum(dio_scan_at(s, at)))
        return 0;
    for (; n < DIO_SPEECH_WORD && end < s->n; end++) {
        char c = s->text[end];
        if (!dio_is_alnum(c) && !strchr("-'.&+/", c))
            break;
        word[n++] = dio_to_lower(c);
    }
    for (; n > 0; n--) {
        word[n] = '\0';
        const char *phones = dio_scan_ends(s, at + n) || !dio_is_alnum(word[n - 1])
                                 ? s->in->known(s->in->user, word)
                                 : NULL;
        if (phones) {
            s->phones = phones;
            dio_say(s, word);
            return at + n;
        }
    }
    return 0;
}

/* The break of a sign, and whether it ends a sentence or asks. */
static dio_break break_of(const struct scan *s, size_t at, size_t *end, char *mark)
{
    bool wide;
    size_t dash = dio_scan_dash(s, at, &wide);
    char c = dio_scan_at(s, at);
    *end = at + 1;
    *mark = c;
    if (c == '\n') {
        *mark = 0;
        return DIO_BREAK_PARAGRAPH;
    }
    if (dio_scan_is(s, at, "..")) {
        while (dio_scan_at(s, *end) == '.')
            ++*end;
        size_t next = dio_scan_spaces(s, *end);
        *mark = '.';
        return dio_is_upper(dio_scan_at(s, next)) || !dio_scan_at(s, next) ? DIO_BREAK_SENTENCE
                                                                           : DIO_BREAK_MAJOR;
    }
    if (dio_scan_is(s, at, "•")) {
        *end = at + strlen("•");
        *mark = ';';
        return DIO_BREAK_MAJOR;
    }
    if (dash && (wide || (at > 0 && s->text[at - 1] == ' ' && dio_scan_at(s, at + 1) == ' '))) {
        *end = at + dash;
        *mark = ',';
        return DIO_BREAK_MINOR;
    }
    if (c == ',' || c == '(' || c == ')' || c == '[' || c == ']' || c == '{' || c == '}' ||
        c == '|') {
        *mark = ',';
        return DIO_BREAK_MINOR;
    }
    if (c == ';' || c == ':')
        return DIO_BREAK_MAJOR;
    return c == '.' || c == '?' || c == '!' ? DIO_BREAK_SENTENCE : DIO_BREAK_NONE;
}

size_t dio_rule_pause(struct scan *s, size_t at)
{
    size_t end;
    char mark;
    dio_break class = break_of(s, at, &end, &mark);
    if (class == DIO_BREAK_NONE)
        return 0;
    char next = dio_scan_at(s, end);
    /* Within a word a dot is said, and other signs are nothing ("he:she", "a|b" have no blank). */
    bool inner = at > 0 && dio_is_alnum(s->text[at - 1]) && dio_is_alnum(next) && end == at + 1;
    if (inner && s->text[at] == '.' && !(dio_is_upper(next) && dio_is_lower(s->text[at - 1]))) {
        dio_say(s, "dot");
        return end;
    }
    s->numeric = false;
    if (!s->said)
        return end;
    dio_said *item = &s->items[s->said - 1];
    if (class > item->after) {
        item->after = class;
        if (mark)
            item->mark = mark;
    } else if (class == item->after && mark == '?') {
        item->mark = '?';
    }
    return end;
}

size_t dio_rule_sign(struct scan *s, size_t at)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (dio_scan_is(s, at, signs[i].sign)) {
            dio_say(s, signs[i].said);
            return at + strlen(signs[i].sign);
        }
    char c = dio_scan_at(s, at), next = dio_scan_at(s, at + 1);
    bool begins = at == 0 || strchr(" (", s->text[at - 1]);
    if (c == '~' && dio_is_digit(next)) {
        dio_say(s, "about");
    } else if ((c == '<' || c == '>') && (dio_is_digit(next) || next == ' ')) {
        dio_say(s, c == '<' ? "less than" : "greater than");
    } else if (c == '-' && begins && dio_is_digit(next)) {
        dio_say(s, "minus");
    } else if (c == '*' && !begins && dio_is_alnum(next) && dio_is_alnum(s->text[at - 1])) {
        dio_say(s, "times");
    } else if (c == '/' && dio_is_digit(next) && !begins && dio_is_digit(s->text[at - 1])) {
        dio_say(s, "out of");
    } else if (c == '#' && !begins && dio_is_alpha(s->text[at - 1])) {
        dio_say(s, "sharp");
    } else if (c == '#' && dio_is_alnum(next)) {
        dio_say(s, "hash");
    }
    return at + 1 <= s->n && !(c & 0x80) ? at + 1 : 0;
}
