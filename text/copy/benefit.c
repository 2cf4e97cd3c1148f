/* benefit.c: a thing, a deed or a sentence? Clients type all three, and an ad must bend its own
 * sentences around theirs: "With a light without glare", "Lumo keeps tea hot". The rules look at
 * the first words only; where they err, the copy is stiff, never incomplete. */
#define _GNU_SOURCE /* strcasestr */
#include "text/copy/benefit.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "text/copy/grammar.h"
#include "text/copy/verbs.h"

enum { WORD = 24 };

/* A list is words between spaces, with a space at either end. */
static bool listed(const char *list, const char *word)
{
    const size_t n = strlen(word);
    for (const char *at = list; n && (at = strstr(at, word)) != NULL; at += n)
        if (at[-1] == ' ' && at[n] == ' ')
            return true;
    return false;
}

/* The word at *at in lower case, without what is no letter behind it; *at moves to the next. */
static void take_word(const char **at, char out[WORD])
{
    const char *p = *at;
    size_t n = 0;
    for (; *p && !isspace((unsigned char)*p); p++)
        if (n + 1 < WORD)
            out[n++] = (char)tolower((unsigned char)*p);
    while (n && ispunct((unsigned char)out[n - 1]))
        n--;
    out[n] = 0;
    while (isspace((unsigned char)*p))
        p++;
    *at = p;
}

static const char adverbs[] = " never always only simply finally just barely really also even "
                              "quietly gently easily slowly neatly ";

/* What follows a verb but hardly a noun of the same spelling. */
static const char objects[] =
    " a an the your every any each no it its itself their them themselves "
    "this these those my our us me up out down off away together well "
    "only where when how whose whatever wherever whenever most ";
static const char prepositions[] =
    " in on at into onto over under with without through like as for "
    "to by from between across along until before after beside while ";
static const char amounts[] =
    " one two three four five six seven eight nine ten twelve fifteen twenty "
    "thirty forty fifty sixty few exactly firm good warm dark back ";
/* Nouns in some phrases, deeds in more. */
static const char deeds[] =
    " fit work play run sleep travel turn stand start look float glide fly hang slip close dry "
    "taste "
    "smell roll ride pass land end last stop wrap pack switch fold grow ripen rest sound lead lie "
    "show charge open cut cook repair talk help share store support warm pair pause move read lock "
    "call click burn seat clean heat shine ";

struct verb {
    char base[WORD];
    bool agreed; /* "keeps" rather than "keep" */
    dio_verb_use use;
};

static bool try_base(struct verb *v, const char *word, size_t cut, const char *add)
{
    const size_t n = strlen(word) - cut;
    if (n + strlen(add) >= WORD)
        return false;
    memcpy(v->base, word, n);
    strcpy(v->base + n, add);
    v->use = dio_verb_find(v->base, strlen(v->base));
    return v->use != DIO_VERB_NONE;
}

/* Whether `word` is a verb, and which. */
static bool find_verb(const char *word, struct verb *v)
{
    static const char *const odd[][2] = {
        {"is", "be"}, {"are", "be"}, {"has", "have"}, {"does", "do"}, {"goes", "go"}};
    const size_t n = strlen(word);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        if (!strcmp(word, odd[i][0]))
            return v->agreed = true, try_base(v, odd[i][1], 0, "");
    v->agreed = false;
    if (try_base(v, word, 0, ""))
        return true;
    v->agreed = true;
    if (n > 3 && !strcmp(word + n - 3, "ies") && try_base(v, word, 3, "y"))
        return true;
    if (n > 4 && !strcmp(word + n - 2, "es") && try_base(v, word, 2, ""))
        return true;
    return n > 2 && word[n - 1] == 's' && word[n - 2] != 's' && try_base(v, word, 1, "");
}

/* Whether a verb stands here, seen from what follows it. */
static bool acts(const struct verb *v, const char *word, const char *next)
{
    static const char of_noun[] = " of from that which made you ";
    const bool deed = listed(deeds, v->base), count = isdigit((unsigned char)next[0]) != 0;
    const size_t n = strlen(next);
    if (v->use == DIO_VERB_ALWAYS || listed(objects, next) ||
        (n > 4 && !strcmp(next + n - 2, "ly")))
        return true;
    if (v->agreed && strcmp(word, v->base) != 0)
        return deed && (!strcmp(v->base, "taste") || !listed(of_noun, next));
    return deed && (count || listed(prepositions, next) || listed(amounts, next));
}

/* "made of oak", "easy to clean", "ready in ten minutes": what something is, with "be" left out. */
static bool describes(const char *word, const char *next)
{
    static const char adjectives[] =
        " easy ready quick safe gentle kind good perfect soft quiet warm waterproof washable "
        "small big simple fast free open fit strong tough silent clean fresh full great happy "
        "ideal large lovely made mild new nice short slim smart sturdy sweet thin tidy tiny "
        "useful wide adjustable available reusable recyclable compostable dishwasher-safe ";
    static const char participles[] =
        " made built grown sewn woven knit cast drawn written hand-made handmade hand-sewn "
        "hand-stitched cut bound born set ";
    static const char behind[] = " to for until enough as on in with and at by of from all even "
                                 "every like but without under into within between ";
    const size_t n = strlen(word);
    const bool past = n > 4 && !strcmp(word + n - 2, "ed");
    if (!*next)
        return listed(adjectives, word);
    if (!listed(behind, next))
        return false;
    return past || listed(participles, word) || listed(adjectives, word);
}

/* Whether a sentence stands here without its full stop. */
static bool is_clause(const char *text)
{
    static const char subjects[] = " you we i there here they he she ";
    static const char definite[] =
        " the every each all your our my both everything nothing everyone "
        "nobody ";
    static const char being[] = " is are was were isn't aren't ";
    static const char finite[] = " has have can will does do don't doesn't ";
    static const char relative[] = " that which who whose where what when as you for ";
    char word[WORD];
    const char *at = text;
    struct verb v;
    take_word(&at, word);
    if (listed(subjects, word))
        return true;
    if (find_verb(word, &v) && v.use == DIO_VERB_ALWAYS)
        return false;
    const bool known = listed(definite, word), some = !strcmp(word, "a") || !strcmp(word, "an");
    for (bool free = true; *at && free; free = !listed(relative, word)) {
        take_word(&at, word);
        if ((!some && listed(being, word)) || (known && listed(finite, word)))
            return true;
    }
    return false;
}

static bool ends_as_sentence(const char *text)
{
    const size_t n = strlen(text);
    return n && strchr(".!?", text[n - 1]);
}

static bool has_inner_stop(const char *text)
{
    return strstr(text, ". ") || strstr(text, "! ") || strstr(text, "? ") || strstr(text, "; ");
}

char *dio_words_inside(dio_arena *a, const char *typed)
{
    static const char proper[] =
        " i monday tuesday wednesday thursday friday saturday sunday january february march april "
        "may june july august september october november december english french german italian "
        "spanish portuguese greek dutch danish swedish norwegian finnish polish czech turkish "
        "russian ukrainian arabic hebrew persian indian chinese japanese korean thai vietnamese "
        "african american british irish scottish welsh canadian mexican brazilian australian "
        "european asian nordic scandinavian alpine christmas easter halloween ";
    char word[WORD];
    const char *at = typed;
    char *text = dio_arena_strdup(a, typed);
    take_word(&at, word);
    if (text[0] && !isupper((unsigned char)text[1]) && !isdigit((unsigned char)text[1]) &&
        !listed(proper, word))
        text[0] = (char)tolower((unsigned char)text[0]);
    return text;
}

/* The deed with its verbs in one form: bare, or of one, also behind "and". `typed` begins with a
 * verb, or with words that describe when `described`. */
static const char *conjugate(dio_arena *a, const char *typed, bool described, int form)
{
    char word[WORD], next[WORD];
    struct verb v;
    const char *at = typed, *from = typed;
    take_word(&at, word);
    int lead = 0;
    while (listed(adverbs, word) && *at && !described) {
        lead = (int)(at - typed);
        from = at;
        take_word(&at, word);
    }
    const char *rest = from + strcspn(from, " ,;");
    const char *base = described ? "be " : "";
    if (described)
        rest = from;
    else if (find_verb(word, &v))
        base = dio_arena_strdup(a, v.base);
    else
        base = dio_arena_strdup(a, word); /* "it whirrs": unknown, and said to be a deed */
    /* Behind "and", another verb in the same form agrees as well. */
    const char *second = strstr(rest, " and "), *tail = "";
    if (second && !described) {
        const char *p = second + 5, *then = p;
        take_word(&then, word);
        const char *peek = then;
        take_word(&peek, next);
        if (find_verb(word, &v) && v.use == DIO_VERB_ALWAYS && acts(&v, word, next)) {
            tail = dio_arena_printf(a, " and %s", conjugate(a, p, false, form));
            rest = dio_arena_strndup(a, rest, (size_t)(second - rest));
        }
    }
    char *bare = dio_arena_printf(a, "%s%s", base, rest);
    const char *said = form == 0 ? bare : dio_english_agree(a, bare, form == 2);
    return dio_arena_printf(a, "%.*s%s%s", lead, typed, said, tail);
}

static void read_deed(dio_arena *a, const char *typed, bool described,
                      struct dio_benefit_words *out)
{
    out->kind = DIO_KIND_DEED;
    out->bare = conjugate(a, typed, described, 0);
    out->one = conjugate(a, typed, described, 1);
    out->many = conjugate(a, typed, described, 2);
}

/* Behind "it", "they" or the product's name, where a deed stands; NULL when there is none. */
static const char *behind_subject(const char *typed, const char *product)
{
    static const char *const subjects[] = {"it ", "they "};
    const size_t n = strlen(product);
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        if (!strncasecmp(typed, subjects[i], strlen(subjects[i])))
            return typed + strlen(subjects[i]);
    return n && !strncasecmp(typed, product, n) && typed[n] == ' ' ? typed + n + 1 : NULL;
}

void dio_benefit_read(dio_arena *a, const char *typed, const char *product,
                      struct dio_benefit_words *out)
{
    char word[WORD], next[WORD];
    struct verb v;
    *out = (struct dio_benefit_words){0};
    const char *deed = behind_subject(typed, product);
    if (deed && *deed && !ends_as_sentence(typed) && !has_inner_stop(typed)) {
        read_deed(a, deed, false, out);
        return;
    }
    if (ends_as_sentence(typed) || has_inner_stop(typed) || is_clause(typed)) {
        char *text = dio_arena_printf(a, "%s%s", typed, ends_as_sentence(typed) ? "" : ".");
        text[0] = (char)toupper((unsigned char)text[0]);
        out->kind = DIO_KIND_SENTENCE;
        out->sentence = text;
        return;
    }
    const char *inside = dio_words_inside(a, typed), *at = inside;
    take_word(&at, word);
    while (listed(adverbs, word) && *at)
        take_word(&at, word);
    const char *peek = at;
    take_word(&peek, next);
    if (find_verb(word, &v) && acts(&v, word, next)) {
        read_deed(a, inside, false, out);
    } else if (describes(word, next)) {
        read_deed(a, inside, true, out);
    } else {
        out->kind = DIO_KIND_THING;
        out->thing = inside;
    }
}

bool dio_offer_is_thing(const char *offer)
{
    static const char first[] =
        " free a an the two three four half next-day another one double early "
        "no unlimited ";
    char word[WORD], next[WORD];
    const char *at = offer;
    if (is_clause(offer) || ends_as_sentence(offer) || has_inner_stop(offer))
        return false;
    take_word(&at, word);
    take_word(&at, next);
    if (!strcmp(word, "free")) /* "free for students" is said, "free entry" is got */
        return !listed(prepositions, next);
    return isdigit((unsigned char)offer[0]) || strchr("$", offer[0]) != NULL ||
           !strncmp(offer, "\xc2\xa3", 2) || !strncmp(offer, "\xe2\x82\xac", 3) ||
           listed(first, word);
}
