/* grammar.c: rules first, then the exceptions that the lexicon really meets. */
#include "text/copy/grammar.h"

#include <ctype.h>
#include <string.h>

struct pair {
    const char *from, *to;
};

static bool starts(const char *word, const char *prefix)
{
    return !strncmp(word, prefix, strlen(prefix));
}

static bool vowel(char c)
{
    return c != 0 && strchr("aeiou", c) != NULL;
}

/* Lower-case ASCII copy of the first word, for looking up sounds; size counts the NUL. */
static void first_word(const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (; text[n] && !isspace((unsigned char)text[n]) && n + 1 < size; n++)
        out[n] = (char)tolower((unsigned char)text[n]);
    out[n] = 0;
}

const char *dio_english_article(const char *word)
{
    static const char *const an[] = {"hour", "honest", "heir", "8", "11", "18", "80", NULL};
    static const char *const a[] = {"one",     "once", "uni",   "use",  "usu",  "eu",
                                    "ukulele", "user", "utens", "uten", "ubiq", NULL};
    char w[24];
    first_word(word, w, sizeof w);
    for (int i = 0; an[i]; i++)
        if (starts(w, an[i]))
            return "an";
    for (int i = 0; a[i]; i++)
        if (starts(w, a[i]) && !starts(w, "unin") && !starts(w, "unim"))
            return "a";
    return vowel(w[0]) ? "an" : "a";
}

/* Where the noun phrase's own noun ends: before what is said about it ("phones in the air"). */
static size_t head_length(const char *noun)
{
    static const char *const after[] = {" of ",    " in ",    " on ",    " at ",
                                        " under ", " above ", " about ", " for ",
                                        " full ",  " alone",  " that ",  NULL};
    size_t n = strlen(noun);
    for (int i = 0; after[i]; i++) {
        const char *at = strstr(noun, after[i]);
        if (at && (size_t)(at - noun) < n)
            n = (size_t)(at - noun);
    }
    return n;
}

bool dio_english_looks_plural(const char *noun)
{
    static const char *const one[] = {"ss",    "us",  "is",  "as",     "lens", "news",
                                      "chess", "gas", "bus", "series", NULL};
    const size_t n = head_length(noun);
    for (int i = 0; one[i]; i++) {
        const size_t end = strlen(one[i]);
        if (n >= end && !strncmp(noun + n - end, one[i], end))
            return false;
    }
    return n > 2 && noun[n - 1] == 's' && noun[n - 2] != '\'';
}

const char *dio_english_fewer(const char *noun)
{
    static const char *const mass[] = {"news", "tennis", "chaos", NULL};
    size_t n = head_length(noun);
    for (int i = 0; mass[i]; i++)
        if (n >= strlen(mass[i]) && starts(noun + n - strlen(mass[i]), mass[i]))
            return "less";
    return n > 1 && noun[n - 1] == 's' && noun[n - 2] != 's' ? "fewer" : "less";
}

char *dio_english_plural(dio_arena *a, const char *noun)
{
    static const struct pair odd[] = {
        {"knife", "knives"},    {"shelf", "shelves"}, {"loaf", "loaves"}, {"scarf", "scarves"},
        {"child", "children"},  {"person", "people"}, {"mouse", "mice"},  {"potato", "potatoes"},
        {"tomato", "tomatoes"}, {"foot", "feet"},     {"fish", "fish"},   {"leaf", "leaves"},
    };
    const char *space = strrchr(noun, ' ');
    const char *last = space ? space + 1 : noun;
    int lead = (int)(last - noun);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        if (!strcmp(last, odd[i].from))
            return dio_arena_printf(a, "%.*s%s", lead, noun, odd[i].to);
    size_t n = strlen(noun);
    if (n > 1 && noun[n - 1] == 'y' && !vowel(noun[n - 2]))
        return dio_arena_printf(a, "%.*sies", (int)n - 1, noun);
    if (n > 1 && (strchr("sxz", noun[n - 1]) || (noun[n - 1] == 'h' && strchr("cs", noun[n - 2]))))
        return dio_arena_printf(a, "%ses", noun);
    return dio_arena_printf(a, "%ss", noun);
}

/* "never interrupt": bytes before the verb itself. */
static size_t adverb_length(const char *phrase)
{
    static const char *const adverbs[] = {"never ", "finally ", "always ", "simply ",
                                          "just ",  "barely ",  "really ", NULL};
    for (int i = 0; adverbs[i]; i++)
        if (starts(phrase, adverbs[i]))
            return strlen(adverbs[i]);
    return 0;
}

static char *third_person(dio_arena *a, const char *phrase)
{
    static const struct pair odd[] = {
        {"be", "is"},  {"have", "has"},      {"do", "does"}, {"go", "goes"},
        {"are", "is"}, {"don't", "doesn't"}, {"can", "can"}, {"will", "will"},
    };
    size_t n = strcspn(phrase, " ,;");
    const char *rest = phrase + n;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        if (strlen(odd[i].from) == n && !strncmp(phrase, odd[i].from, n))
            return dio_arena_printf(a, "%s%s", odd[i].to, rest);
    if (n < 2)
        return dio_arena_strdup(a, phrase);
    char end = phrase[n - 1], before = phrase[n - 2];
    if (end == 'y' && !vowel(before))
        return dio_arena_printf(a, "%.*sies%s", (int)n - 1, phrase, rest);
    if (strchr("sxzo", end) || (end == 'h' && strchr("cs", before)))
        return dio_arena_printf(a, "%.*ses%s", (int)n, phrase, rest);
    return dio_arena_printf(a, "%.*ss%s", (int)n, phrase, rest);
}

char *dio_english_agree(dio_arena *a, const char *phrase, bool plural)
{
    size_t lead = adverb_length(phrase);
    if (lead)
        return dio_arena_printf(a, "%.*s%s", (int)lead, phrase,
                                dio_english_agree(a, phrase + lead, plural));
    if (!plural)
        return third_person(a, phrase);
    if (!strcmp(phrase, "be") || starts(phrase, "be "))
        return dio_arena_printf(a, "are%s", phrase + 2);
    return dio_arena_strdup(a, phrase);
}

/* Verbs of one stressed syllable that double their last letter, and those like them. */
static bool doubles(const char *verb, size_t n)
{
    static const char *const list[] = {
        "run",  "sit",  "get",  "put",    "cut",    "set",    "plan",   "stop", "begin",
        "chat", "wrap", "zip",  "nap",    "dig",    "jog",    "hop",    "shop", "grab",
        "let",  "win",  "swim", "tap",    "slip",   "pop",    "pat",    "ship", "fit",
        "spin", "trip", "knit", "quit",   "drop",   "step",   "hum",    "crop", "dim",
        "wag",  "swap", "tip",  "refuel", "travel", "cancel", "sip",    "dip",  "chop",
        "stir", "skip", "scan", "pin",    "hug",    "beg",    "trim",   "prep", "drum",
        "flip", "clip", "clap", "snap",   "map",    "forget", "unplug", "plug", "rub",
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (strlen(list[i]) == n && !strncmp(verb, list[i], n))
            return true;
    return false;
}

char *dio_english_gerund(dio_arena *a, const char *phrase)
{
    size_t lead = adverb_length(phrase);
    if (lead)
        return dio_arena_printf(a, "%.*s%s", (int)lead, phrase,
                                dio_english_gerund(a, phrase + lead));
    size_t n = strcspn(phrase, " ,;");
    const char *rest = phrase + n;
    if (doubles(phrase, n))
        return dio_arena_printf(a, "%.*s%cing%s", (int)n, phrase, phrase[n - 1], rest);
    if (n > 2 && phrase[n - 1] == 'e' && phrase[n - 2] == 'i')
        return dio_arena_printf(a, "%.*sying%s", (int)n - 2, phrase, rest);
    if (n > 2 && phrase[n - 1] == 'e' && !strchr("eoy", phrase[n - 2]))
        return dio_arena_printf(a, "%.*sing%s", (int)n - 1, phrase, rest);
    return dio_arena_printf(a, "%.*sing%s", (int)n, phrase, rest);
}

void dio_english_sentences(char *text, const char *keep)
{
    size_t keep_n = keep ? strlen(keep) : 0;
    bool begins = true;
    for (char *p = text; *p; p++) {
        if (begins && !isspace((unsigned char)*p) && *p != '"') {
            if (!keep_n || strncmp(p, keep, keep_n))
                *p = (char)toupper((unsigned char)*p);
            begins = false;
        }
        if (strchr(".?!", *p) && (isspace((unsigned char)p[1]) || p[1] == '"'))
            begins = true;
    }
}
