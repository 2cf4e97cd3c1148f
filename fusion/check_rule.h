#pragma once
/* check_rule.h: private to fusion/: what a rule of `diorama check` is given and how it answers. */
#include "audio/captions_read.h"
#include "audio/loudness.h"
#include "fusion/check.h"
#include "fusion/facts.h"
#include "fusion/preset.h"

typedef struct dio_checking {
    dio_arena *arena;
    const dio_check_job *job;
    const dio_preset *preset;
    const dio_limits *limits; /* of this kind of file; NULL: the placement takes none such */
    const dio_facts *facts;
    const dio_cue_file *captions; /* NULL: none were given */
    bool measured;                /* loudness is known */
    dio_loudness loudness;
    const struct dio_check_rule *rule; /* at work */
    dio_finding *list;
    int count, cap, told; /* told: by this rule */
} dio_checking;

typedef struct dio_check_rule {
    const char *name, *doc;
    void (*check)(dio_checking *c);
} dio_check_rule;

/* The file is not ready: what it is, what is wanted, what to do. */
void dio_check_breaks(dio_checking *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Something that could not be checked, or that one should know. */
void dio_check_notes(dio_checking *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "mp4, mov" */
const char *dio_check_names(dio_checking *c, const char *const *list);

#define DIO_CHECK(name) extern const dio_check_rule dio_check_rule_##name;
#include "fusion/check.def"
#undef DIO_CHECK
