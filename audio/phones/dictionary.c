/* dictionary.c: reads libflite_cmulex's tables.
 * Entries lie in the order of their words, each as
 *     0  phones, last to first  255  tag word  0
 * where a byte stands for several letters (or phones) of the table beside it. */
#include "audio/phones/dictionary.h"

#include <string.h>

extern const int cmu_lex_num_bytes;
extern const unsigned char cmu_lex_data[];
extern const char *const cmu_lex_entries_huff_table[];
extern const char *const cmu_lex_phones_huff_table[];
extern const char *const cmu_lex_phone_table[];
extern const unsigned short cmu_lts_letter_index[];
extern const unsigned char cmu_lts_model[];
extern const char *const cmu_lts_phone_table[];

enum { MIDDLE = 255, WORD = 64 };

/* The tag and the word of the entry whose 255 stands at `at`. */
static void entry_text(int at, char out[WORD])
{
    size_t n = 0;
    for (int i = at + 1; i < cmu_lex_num_bytes && cmu_lex_data[i]; i++) {
        const char *letters = cmu_lex_entries_huff_table[cmu_lex_data[i]];
        while (*letters && n < WORD - 1)
            out[n++] = *letters++;
    }
    out[n] = '\0';
}

/* The middle of the entry at or after `at`, below `end`; -1: none. */
static int middle_after(int at, int end)
{
    while (at < end && cmu_lex_data[at] != MIDDLE)
        at++;
    return at < end ? at : -1;
}

static int middle_before(int at)
{
    while (at >= 0 && cmu_lex_data[at] != MIDDLE)
        at--;
    return at;
}

/* Any entry of the word, whatever its tag; -1: none. */
static int search(const char *word)
{
    int low = 0, high = cmu_lex_num_bytes;
    while (low < high) {
        int middle = low + (high - low) / 2, at = middle_after(middle, high);
        if (at < 0) {
            high = middle;
            continue;
        }
        char text[WORD];
        entry_text(at, text);
        int order = strcmp(text + 1, word);
        if (order == 0)
            return at;
        if (order > 0)
            high = middle;
        else
            low = at + 1;
    }
    return -1;
}

static void add(dio_pronunciation *out, const char *name)
{
    size_t n = strlen(name);
    int stress = n > 1 && name[n - 1] >= '0' && name[n - 1] <= '2' ? name[n - 1] - '0' : -1;
    int phone = dio_phone_find(name, stress < 0 ? n : n - 1);
    if (phone >= 0)
        dio_pronunciation_add(out, phone, stress);
}

static void entry_phones(int at, dio_pronunciation *out)
{
    *out = (dio_pronunciation){0};
    for (int i = at - 1; i >= 0 && cmu_lex_data[i]; i--)
        for (const char *p = cmu_lex_phones_huff_table[cmu_lex_data[i]]; *p; p++)
            add(out, cmu_lex_phone_table[(unsigned char)*p]);
}

bool dio_dictionary_find(const char *word, char tag, dio_pronunciation *out, char tags[8])
{
    char text[WORD];
    int at = strlen(word) < WORD - 1 && *word ? search(word) : -1, best, count = 0;
    if (at < 0)
        return false;
    for (int i = at; i >= 0; i = middle_before(i - 1)) { /* the first of its entries */
        entry_text(i, text);
        if (strcmp(text + 1, word) != 0)
            break;
        at = i;
    }
    best = at;
    for (int i = at; i >= 0 && count < 7; i = middle_after(i + 1, cmu_lex_num_bytes)) {
        entry_text(i, text);
        if (strcmp(text + 1, word) != 0)
            break;
        tags[count++] = text[0];
        if (text[0] == tag)
            best = i;
    }
    tags[count] = '\0';
    entry_phones(best, out);
    return true;
}

/* One state of a letter's tree: what is asked (a place in the window and the letter there) and
 * where to go on; 255 is a leaf, whose phone stands in place of the letter. */
static int tree_phone(const char window[9], int state)
{
    for (;;) {
        const unsigned char *node = cmu_lts_model + (size_t)state * 6;
        if (node[0] == 255 || node[0] > 8)
            return node[1];
        const unsigned char *next = window[node[0]] == (char)node[1] ? node + 2 : node + 4;
        state = next[0] | next[1] << 8;
    }
}

static void add_letter(const char *padded, size_t at, dio_pronunciation *out)
{
    char window[9] = {0}; /* four letters before, four after, and a part of speech: none */
    memcpy(window, padded + at - 4, 4);
    memcpy(window + 4, padded + at + 1, 4);
    int phone = tree_phone(window, cmu_lts_letter_index[padded[at] - 'a']);
    const char *name = cmu_lts_phone_table[phone], *dash = strchr(name, '-');
    if (strcmp(name, "epsilon") == 0)
        return;
    if (dash) { /* two of them: "k-s" */
        char first[8];
        size_t n = (size_t)(dash - name);
        memcpy(first, name, n);
        first[n] = '\0';
        add(out, first);
        name = dash + 1;
    }
    add(out, name);
}

void dio_letters_read(const char *word, dio_pronunciation *out)
{
    char padded[WORD + 12];
    size_t n = 0;
    *out = (dio_pronunciation){0};
    memcpy(padded, "000#", 4);
    for (const char *c = word; *c && n < WORD; c++)
        if (*c >= 'a' && *c <= 'z')
            padded[4 + n++] = *c;
    memcpy(padded + 4 + n, "#000", 5);
    for (size_t i = 0; i < n; i++)
        add_letter(padded, 4 + i, out);
}
