/* pronounce.c: our own words, then the dictionary, then its letters; with what an apostrophe adds.
 * The teacher of the house voice, festival's cmu_us_slt_arctic_hts, speaks the dictionary's phones
 * as they are: it reduces no vowels and says "the" alike before vowels; only the possessive's s
 * follows the sound before it. So do we. */
#include "audio/phones/pronounce.h"

#include <string.h>

#include "audio/phones/dictionary.h"

static const struct {
    const char *word, *phones;
} words[] = {
#define DIO_WORD(word, phones) {word, phones},
#define DIO_LETTER(letter, phones)
#define DIO_ENDING(ending, vowel, consonant)
#include "audio/phones/en/words.def"
#undef DIO_WORD
#undef DIO_LETTER
#undef DIO_ENDING
};

static const char *const letters[26] = {
#define DIO_WORD(word, phones)
#define DIO_LETTER(letter, phones) [letter - 'a'] = phones,
#define DIO_ENDING(ending, vowel, consonant)
#include "audio/phones/en/words.def"
#undef DIO_WORD
#undef DIO_LETTER
#undef DIO_ENDING
};

static const struct {
    const char *ending, *vowel, *consonant;
} endings[] = {
#define DIO_WORD(word, phones)
#define DIO_LETTER(letter, phones)
#define DIO_ENDING(ending, vowel, consonant) {ending, vowel, consonant},
#include "audio/phones/en/words.def"
#undef DIO_WORD
#undef DIO_LETTER
#undef DIO_ENDING
};

struct heteronym {
    const char *word;
    char fallback;
    const char *noun, *verb, *adjective, *past;
};

static const struct heteronym heteronyms[] = {
#define DIO_HETERONYM(word, fallback, noun, verb, adjective, past)                                 \
    {word, fallback, noun, verb, adjective, past},
#define DIO_NEAR(word, neighbour, phones)
#include "audio/phones/en/heteronyms.def"
#undef DIO_HETERONYM
#undef DIO_NEAR
};

static const struct {
    const char *word, *neighbour, *phones;
} nears[] = {
#define DIO_HETERONYM(word, fallback, noun, verb, adjective, past)
#define DIO_NEAR(word, neighbour, phones) {word, neighbour, phones},
#include "audio/phones/en/heteronyms.def"
#undef DIO_HETERONYM
#undef DIO_NEAR
};

enum class { VERB, THIRD, HAVE, BE, NOUN, IN, OBJECT, CLAUSE, CLASSES };

static const char *const contexts[CLASSES] = {
#define DIO_CONTEXT(class, words) [class] = " " words " ",
#include "audio/phones/en/context.def"
#undef DIO_CONTEXT
};

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

const char *dio_word_source_name(dio_word_source from)
{
    static const char *const names[] = {"text", "user lexicon", "project lexicon", "dictionary",
                                        "letters"};
    return names[from];
}

static bool is_a(const char *word, enum class class)
{
    size_t n = word ? strlen(word) : 0;
    for (const char *at = contexts[class]; n && (at = strstr(at, word)); at += n)
        if (at[-1] == ' ' && at[n] == ' ')
            return true;
    return false;
}

static bool is_little(const char *word)
{
    for (int i = 0; i < CLASSES; i++)
        if (is_a(word, (enum class)i))
            return true;
    return !word || strcmp(word, "and") == 0 || strcmp(word, "or") == 0 || strcmp(word, "but") == 0;
}

static const struct heteronym *heteronym_of(const char *word)
{
    for (int i = 0; i < COUNT(heteronyms); i++)
        if (strcmp(heteronyms[i].word, word) == 0)
            return &heteronyms[i];
    return NULL;
}

/* What the neighbours make of it; 0: they say nothing. */
static char tag_by_place(const dio_word_place *w, bool adjective, bool past)
{
    bool before_content = w->after && !is_little(w->after);
    size_t n = w->before ? strlen(w->before) : 0;
    if (is_a(w->before, VERB))
        return 'v';
    if (is_a(w->before, THIRD))
        return past ? 'p' : 'v';
    if (is_a(w->before, HAVE) && past)
        return 'p';
    if (is_a(w->before, HAVE) || is_a(w->before, BE))
        return adjective ? 'j' : past ? 'p' : 'n';
    if (is_a(w->before, NOUN) || is_a(w->before, IN))
        return adjective && before_content ? 'j' : 'n';
    if (is_a(w->after, OBJECT) ||
        (is_a(w->after, CLAUSE) && n > 3 && w->before[n - 1] == 's' && w->before[n - 2] != 's'))
        return 'v';
    if (w->before && w->before[n - 1] == 'y' && n > 3 && w->before[n - 2] == 'l' && !past)
        return adjective ? 'j' : 0;
    if (adjective && before_content && !w->before)
        return 'j';
    return is_a(w->after, IN) && n && w->before[n - 1] != 's' ? 'n' : 0;
}

char dio_word_tag(const dio_word_place *w)
{
    const struct heteronym *h = heteronym_of(w->word);
    dio_pronunciation p;
    char tags[8], tag;
    if (h) {
        tag = tag_by_place(w, *h->adjective, *h->past);
        return tag ? tag : h->fallback;
    }
    if (!dio_dictionary_find(w->word, '0', &p, tags) || strlen(tags) < 2 || !strchr(tags, 'v'))
        return '0';
    tag = tag_by_place(w, strchr(tags, 'j') && !strchr(tags, 'n'), false);
    return tag ? tag : strchr(tags, 'n') ? 'n' : tags[0];
}

/* Phones of our own tables, which are right. */
static void take(const char *phones, dio_pronunciation *out)
{
    dio_error err = {0};
    dio_phones_read(phones, strlen(phones), out, &err);
}

static bool find_heteronym(const dio_word_place *w, char tag, dio_pronunciation *out)
{
    const struct heteronym *h = heteronym_of(w->word);
    for (int i = 0; i < COUNT(nears); i++) {
        const char *near = nears[i].neighbour;
        if (strcmp(nears[i].word, w->word) == 0 && ((w->after && strcmp(w->after, near) == 0) ||
                                                    (w->before && strcmp(w->before, near) == 0))) {
            take(nears[i].phones, out);
            return true;
        }
    }
    if (!h)
        return false;
    const char *phones = tag == 'v'   ? h->verb
                         : tag == 'j' ? h->adjective
                         : tag == 'p' ? h->past
                                      : h->noun;
    if (!*phones)
        phones = h->noun;
    if (*phones)
        take(phones, out);
    return *phones;
}

static bool find_word(const char *word, char tag, dio_pronunciation *out)
{
    char tags[8];
    for (int i = 0; i < COUNT(words); i++)
        if (strcmp(words[i].word, word) == 0) {
            take(words[i].phones, out);
            return true;
        }
    if (strcmp(word, "a") == 0)
        tag = 'd'; /* the article */
    return dio_dictionary_find(word, tag, out, tags);
}

static void add_text(dio_pronunciation *out, const char *phones)
{
    dio_pronunciation more;
    take(phones, &more);
    for (int i = 0; i < more.count; i++)
        dio_pronunciation_add(out, more.phones[i], more.stress[i]);
}

/* The s of a possessive or of "is". */
static void add_s(dio_pronunciation *out)
{
    int last = out->count ? out->phones[out->count - 1] : DIO_PHONE_s;
    if (dio_phone_kind_of(last) == DIO_PHONE_SIBILANT)
        add_text(out, "ax0 z");
    else
        dio_pronunciation_add(out, dio_phone_voiced(last) ? DIO_PHONE_z : DIO_PHONE_s, 0);
}

static dio_word_source base_word(const dio_word_place *w, dio_pronunciation *out)
{
    char c = *w->word;
    if (c >= 'A' && c <= 'Z') { /* the name of a letter */
        take(letters[c - 'A'], out);
        return DIO_FROM_DICTIONARY;
    }
    char tag = dio_word_tag(w);
    if (find_heteronym(w, tag, out) || find_word(w->word, tag, out))
        return DIO_FROM_DICTIONARY;
    dio_letters_read(w->word, out);
    return DIO_FROM_LETTERS;
}

dio_word_source dio_pronounce(const dio_word_place *w, dio_pronunciation *out)
{
    char base[128];
    size_t n = strlen(w->word);
    const char *ending = strchr(w->word, '\'');
    if (!ending || n >= sizeof base || find_word(w->word, '0', out))
        return ending && n < sizeof base ? DIO_FROM_DICTIONARY : base_word(w, out);
    size_t cut = (size_t)(ending - w->word);
    for (int i = 0; i < COUNT(endings); i++) {
        size_t k = strlen(endings[i].ending);
        if (n <= k || strcmp(w->word + n - k, endings[i].ending) != 0)
            continue;
        memcpy(base, w->word, n - k);
        base[n - k] = '\0';
        dio_word_source from = base_word(&(dio_word_place){.word = base}, out);
        int last = out->count ? out->phones[out->count - 1] : DIO_PHONE_t;
        bool vowel = dio_phone_kind_of(last) == DIO_PHONE_VOWEL;
        add_text(out, vowel ? endings[i].vowel : endings[i].consonant);
        return from;
    }
    bool s = strcmp(ending, "'s") == 0;
    memcpy(base, w->word, cut);
    if (!s) /* l'ete, o'brien */
        memcpy(base + cut, ending + 1, n - cut - 1);
    cut = s ? cut : n - 1;
    base[cut] = '\0';
    dio_word_place place = {w->before, base, s ? NULL : w->after};
    dio_word_source from = base_word(&place, out);
    if (s)
        add_s(out);
    return from;
}
