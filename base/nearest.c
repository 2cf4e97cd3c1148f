/* nearest.c: the name that a mistyped word was meant to be.
 * Edits are those of typing: a letter too many, too few, wrong, or two swapped (the restricted
 * Damerau distance). */
#include <string.h>

#include "base/value.h"

enum { LONGEST = 63 };

/* The same letter to a hasty hand. */
static char fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '_' ? '-' : c;
}

static int least(int a, int b, int c)
{
    int m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edits from a to b, of at most LONGEST bytes each. Three rows of the usual table are enough: a
 * swap looks two rows back. */
static int distance(const char *a, const char *b)
{
    int table[3][LONGEST + 1];
    int n = (int)strlen(a), m = (int)strlen(b);
    for (int j = 0; j <= m; j++)
        table[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *row = table[i % 3];
        const int *above = table[(i + 2) % 3], *twice = table[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int wrong = fold(a[i - 1]) != fold(b[j - 1]);
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + wrong);
            bool swapped = i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                           fold(a[i - 2]) == fold(b[j - 1]);
            if (swapped && twice[j - 2] + 1 < row[j])
                row[j] = twice[j - 2] + 1;
        }
    }
    return table[n % 3][m];
}

const char *dio_nearest(const char *word, const char *const *names, int count)
{
    size_t n = strlen(word);
    if (n > LONGEST)
        return NULL;
    int best = (int)n / 3 + 1;
    const char *nearest = NULL;
    for (int i = 0; i < count; i++) {
        if (strlen(names[i]) > LONGEST)
            continue;
        int d = distance(word, names[i]);
        if (d < best) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}
