#pragma once
/* field_text.h: private to base/: how fields are named and numbers shown in messages, and how one
 * value becomes a member. */
#include "base/field.h"
#include "base/str.h"

enum { DIO_NUMBER_TEXT = 40 };

/* As dio_field_set, from a value; the place is the caller's to add. */
bool dio_field_take(const dio_field *field, void *out, const dio_value *v, dio_arena *a,
                    dio_error *err);

/* The field's name in files. */
const char *dio_field_key(const dio_field *field);

/* 512, 0.1, 1e+300: the fewest digits that mean the same number. Returns out. */
char *dio_number_text(double r, char out[DIO_NUMBER_TEXT]);

/* What the field wants: "an integer", "one of fast, slow". */
const char *dio_field_wants(const dio_field *field, dio_arena *a);

/* "a, b, c" of the words. */
char *dio_words_text(const char *const *words, dio_arena *a);

/* True when the field has a range. */
bool dio_field_ranged(const dio_field *field);

/* The name of its option: dashes for underscores. */
char *dio_field_option(const dio_field *field, dio_arena *a);

/* What stands after the option's name: " N", " fast|slow", or "". */
const char *dio_field_argument(const dio_field *field, dio_arena *a);

/* " (8 to 512; required)", " (default 64)" or "". */
const char *dio_field_remarks(const dio_field *field, dio_arena *a);

/* One line of help (or several): the label, and the text wrapped in a column beside it. */
void dio_help_line(dio_str *s, const char *label, const char *text);

/* How an operand is called in messages: PIPELINE. */
char *dio_operand_label(const char *name, dio_arena *a);
