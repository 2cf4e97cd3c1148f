/* phone.c: names of phones, reading and writing them, syllables. */
#include "audio/phones/phone.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const struct {
    const char *name, *ipa;
    dio_phone_kind kind;
    bool voiced;
} phones[] = {
#define DIO_PHONE(name, ipa, kind, voiced) {#name, ipa, DIO_PHONE_##kind, voiced},
#define DIO_PHONE_ALIAS(name, phones)
#include "audio/phones/phones.def"
#undef DIO_PHONE
#undef DIO_PHONE_ALIAS
};

static const struct {
    const char *name, *phones;
} aliases[] = {
#define DIO_PHONE(name, ipa, kind, voiced)
#define DIO_PHONE_ALIAS(name, phones) {name, phones},
#include "audio/phones/phones.def"
#undef DIO_PHONE
#undef DIO_PHONE_ALIAS
};

static const struct {
    const char *symbols, *phones;
} ipa[] = {
#define DIO_IPA(symbols, phones) {symbols, phones},
#include "audio/phones/ipa.def"
#undef DIO_IPA
};

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

const char *dio_phone_name(int phone)
{
    return phones[phone].name;
}

const char *dio_phone_ipa(int phone)
{
    return phones[phone].ipa;
}

dio_phone_kind dio_phone_kind_of(int phone)
{
    return phones[phone].kind;
}

bool dio_phone_voiced(int phone)
{
    return phones[phone].voiced;
}

static bool same_name(const char *name, const char *text, size_t n)
{
    if (strlen(name) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        if (c != name[i])
            return false;
    }
    return true;
}

int dio_phone_find(const char *name, size_t n)
{
    for (int i = 0; i < DIO_PHONES; i++)
        if (same_name(phones[i].name, name, n))
            return i;
    return -1;
}

bool dio_pronunciation_add(dio_pronunciation *p, int phone, int stress)
{
    if (p->count >= DIO_WORD_PHONES)
        return false;
    p->phones[p->count] = (uint8_t)phone;
    p->stress[p->count++] = phones[phone].kind == DIO_PHONE_VOWEL && stress > 0;
    return true;
}

/* Names with blanks between, which are our own tables'. */
static bool add_all(dio_pronunciation *p, const char *names, int stress)
{
    for (size_t n; *names; names += n + (names[n] == ' ')) {
        n = strcspn(names, " ");
        int phone = dio_phone_find(names, n);
        if (!dio_pronunciation_add(p, phone, phone == DIO_PHONE_ax ? 0 : stress))
            return false;
    }
    return true;
}

static bool too_long(dio_error *err)
{
    return dio_fail(err, "phones: one word has at most %d of them", DIO_WORD_PHONES);
}

/* One name with its digit. *unmarked counts vowels that have none. */
static bool read_one(const char *text, size_t n, dio_pronunciation *out, int *unmarked,
                     dio_error *err)
{
    char last = text[n - 1];
    bool marked = n > 1 && last >= '0' && last <= '2';
    size_t letters = marked ? n - 1 : n;
    int phone = dio_phone_find(text, letters), stress = marked ? last - '0' : -1;
    for (int i = 0; phone < 0 && i < COUNT(aliases); i++)
        if (same_name(aliases[i].name, text, letters))
            return add_all(out, aliases[i].phones, stress) || too_long(err);
    if (phone < 0)
        return dio_fail(err,
                        "phones: \"%.*s\" is no phone of ARPAbet (AA AE AH AO AW AX AY B CH D "
                        "DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W "
                        "Y Z ZH, vowels with 0, 1 or 2)",
                        n > 24 ? 24 : (int)n, text);
    bool vowel = phones[phone].kind == DIO_PHONE_VOWEL;
    if (marked && !vowel)
        return dio_fail(err, "phones: \"%.*s\": only vowels have stress", (int)n, text);
    if (phone == DIO_PHONE_ah && stress == 0)
        phone = DIO_PHONE_ax;
    *unmarked += vowel && !marked && phone != DIO_PHONE_ax;
    return dio_pronunciation_add(out, phone, stress) || too_long(err);
}

static int vowels_of(const dio_pronunciation *p)
{
    int count = 0;
    for (int i = 0; i < p->count; i++)
        count += phones[p->phones[i]].kind == DIO_PHONE_VOWEL;
    return count;
}

/* A word's only vowel has the stress, when nothing is said about it. */
static void stress_only_vowel(dio_pronunciation *p)
{
    for (int i = 0; i < p->count && vowels_of(p) == 1; i++)
        p->stress[i] = phones[p->phones[i]].kind == DIO_PHONE_VOWEL && p->phones[i] != DIO_PHONE_ax;
}

bool dio_phones_read(const char *text, size_t n, dio_pronunciation *out, dio_error *err)
{
    int unmarked = 0;
    *out = (dio_pronunciation){0};
    for (size_t i = 0, end; i < n; i = end) {
        end = i + 1;
        if (strchr(" \t.", text[i]) && text[i])
            continue;
        while (end < n && text[end] != ' ' && text[end] != '\t' && text[end] != '.')
            end++;
        if (!read_one(text + i, end - i, out, &unmarked, err))
            return false;
    }
    if (!out->count)
        return dio_fail(err, "phones: there are none: write for example HH AH0 L OW1");
    if (unmarked == 1)
        stress_only_vowel(out);
    return true;
}

/* The longest entry of ipa.def at text; its bytes, or 0. Length marks within are passed over. */
static size_t ipa_at(const char *text, size_t n, int *found)
{
    size_t best = 0;
    for (int i = 0; i < COUNT(ipa); i++) {
        const char *s = ipa[i].symbols;
        size_t at = 0;
        while (*s && at < n) {
            if (text[at] == *s)
                at++, s++;
            else if (at > 0 && n - at >= 2 &&
                     (memcmp(text + at, "ː", 2) == 0 || memcmp(text + at, "͡", 2) == 0))
                at += 2;
            else
                break;
        }
        if (!*s && at > best) {
            best = at;
            *found = i;
        }
    }
    return best;
}

/* Marks that say nothing about our phones: length, ties, syllables, and what is around phones. */
static size_t passed_at(const char *text, size_t n)
{
    static const char *const marks[] = {"ː", "ˑ", "͡", "͜", ".", " ", "/", "[", "]", "ʰ", "̚", "‿"};
    for (int i = 0; i < COUNT(marks); i++) {
        size_t k = strlen(marks[i]);
        if (n >= k && memcmp(text, marks[i], k) == 0)
            return k;
    }
    return 0;
}

bool dio_phones_read_ipa(const char *text, size_t n, dio_pronunciation *out, dio_error *err)
{
    int stress = 0, found = 0;
    bool marked = false;
    *out = (dio_pronunciation){0};
    for (size_t i = 0, k; i < n; i += k) {
        uint32_t cp;
        if (n - i >= 2 && (memcmp(text + i, "ˈ", 2) == 0 || memcmp(text + i, "ˌ", 2) == 0)) {
            stress = 1;
            marked = true;
            k = 2;
        } else if ((k = ipa_at(text + i, n - i, &found))) {
            int before = vowels_of(out);
            if (!add_all(out, ipa[found].phones, stress))
                return too_long(err);
            if (vowels_of(out) > before)
                stress = 0;
        } else if (!(k = passed_at(text + i, n - i))) {
            int bytes = dio_utf8_next(text + i, n - i, &cp);
            return dio_fail(err,
                            "phones: \"%.*s\" (U+%04X) is no sound of English in the "
                            "International Phonetic Alphabet",
                            bytes, text + i, bytes ? cp : 0xFFFD);
        }
    }
    if (!out->count)
        return dio_fail(err, "phones: there are none: write for example həˈloʊ");
    if (!marked)
        stress_only_vowel(out);
    return true;
}

size_t dio_phones_write(const dio_pronunciation *p, char *out, size_t size)
{
    size_t length = 0;
    *out = '\0';
    for (int i = 0; i < p->count && length + 8 < size; i++) {
        bool vowel = phones[p->phones[i]].kind == DIO_PHONE_VOWEL;
        length += (size_t)snprintf(out + length, size - length, vowel ? "%s%s%d" : "%s%s",
                                   i ? " " : "", phones[p->phones[i]].name, p->stress[i]);
    }
    return length;
}

/* Consonants that begin an English syllable together. */
static const char *const onsets[] = {
    "b l",  "b r",  "b y",   "d r",   "d w",   "d y",   "f l",   "f r",   "f y",   "g l",   "g r",
    "g w",  "hh y", "k l",   "k r",   "k w",   "k y",   "m y",   "n y",   "p l",   "p r",   "p y",
    "s f",  "s k",  "s l",   "s m",   "s n",   "s p",   "s t",   "s w",   "s v",   "sh l",  "sh m",
    "sh n", "sh r", "sh w",  "t r",   "t w",   "t y",   "th r",  "th w",  "v l",   "v r",   "v y",
    "z l",  "z w",  "s k l", "s k r", "s k w", "s k y", "s p l", "s p r", "s p y", "s t r",
};

/* Whether phones [from, to) may stand before a vowel. */
static bool is_onset(const dio_pronunciation *p, int from, int to)
{
    char text[16];
    size_t length = 0;
    if (to - from == 0)
        return true;
    if (to - from == 1)
        return p->phones[from] != DIO_PHONE_ng;
    if (to - from > 3)
        return false;
    for (int i = from; i < to; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i > from ? " " : "",
                                   phones[p->phones[i]].name);
    for (int i = 0; i < COUNT(onsets); i++)
        if (strcmp(onsets[i], text) == 0)
            return true;
    return false;
}

int dio_syllables(const dio_pronunciation *p, uint8_t starts[DIO_WORD_PHONES])
{
    int count = 0, last = -1;
    for (int i = 0; i < p->count; i++) {
        if (phones[p->phones[i]].kind != DIO_PHONE_VOWEL)
            continue;
        int from = last + 1;
        while (last >= 0 && !is_onset(p, from, i))
            from++;
        starts[count++] = (uint8_t)(last < 0 ? 0 : from);
        last = i;
    }
    if (!count && p->count)
        starts[count++] = 0;
    return count;
}
