/* phones.c: for developers: reads texts from stdin, one a line, and prints each one's words with
 * their phones: "word p1 p2 | word p1 ..." on a line, or with --explain all that is known of them.
 * tools/phones_festival.py compares them with festival's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/phones/utterance.h"

static void print_words(const dio_utterance *u)
{
    for (int i = 0; i < u->word_count; i++) {
        const dio_word *w = &u->words[i];
        printf("%s%s", i ? " | " : "", w->spoken);
        for (int k = w->first_phone; k < w->first_phone + w->phones; k++) {
            bool vowel = dio_phone_kind_of(u->phones[k]) == DIO_PHONE_VOWEL;
            printf(vowel ? " %s%d" : " %s", dio_phone_name(u->phones[k]), u->stress[k]);
        }
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    bool explain = argc == 2 && strcmp(argv[1], "--explain") == 0;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int failed = 0;
    while ((n = getline(&line, &cap, stdin)) >= 0) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        char message[2048];
        size_t length = n > 0 && line[n - 1] == '\n' ? (size_t)n - 1 : (size_t)n;
        dio_utterance_options options = {.ssml = strncmp(line, "<speak", 6) == 0};
        dio_utterance *u = a ? dio_utterance_read(a, line, length, &options, &err) : NULL;
        if (u && explain)
            fputs(dio_utterance_explain(a, u, line), stdout);
        else if (u)
            print_words(u);
        else
            fprintf(stderr, "%s\n", dio_error_text(&err, message, sizeof message));
        failed |= !u;
        dio_arena_destroy(a);
    }
    free(line);
    return failed;
}
