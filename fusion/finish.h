#pragma once
/* finish.h: private to fusion/: parameters by which steps let people choose a format. */
#include <stddef.h>

#include "fusion/encode.h"
#include "fusion/step.h"

/* A member of their structs. */
struct dio_finish {
    int format; /* index into the step's list of names */
    double quality;
    int64_t max_bytes;
    int loop;
};

#define DIO_FINISH_FIELD(type, member, name_, kind_, fallback_, lo_, hi_, doc_)                    \
    {                                                                                              \
        .name = #name_, .kind = kind_, .offset = offsetof(type, member.name_),                     \
        .fallback = fallback_, .lo = lo_, .hi = hi_, .doc = doc_                                   \
    }

/* type: the step's struct; member: its struct dio_finish; names: dio_format_films and the like. */
#define DIO_FINISH_FIELDS(type, member, usual_, names_)                                            \
    {.name = "format",                                                                             \
     .kind = DIO_FIELD_ENUM,                                                                       \
     .offset = offsetof(type, member.format),                                                      \
     .fallback = usual_,                                                                           \
     .words = names_,                                                                              \
     .doc = "of the file, of `diorama formats`"},                                                  \
        DIO_FINISH_FIELD(type, member, quality, DIO_FIELD_REAL, "-1", -1, 512,                     \
                         "in the format's own unit; -1: as is usual for it"),                      \
        DIO_FINISH_FIELD(type, member, max_bytes, DIO_FIELD_INT64, "0", 0, 1e12,                   \
                         "the best quality, down from `quality`, whose file has no more bytes; "   \
                         "0: any number"),                                                         \
        DIO_FINISH_FIELD(type, member, loop, DIO_FIELD_INT, "0", 0, 10000,                         \
                         "times that a GIF or WebP plays; 0: for ever")

/* The format; NULL when it is not known yet. */
const dio_format *dio_finish_format(const struct dio_finish *f, const char *const *names);

/* Whether it can be written here, and so. */
void dio_finish_check(const struct dio_finish *f, const char *const *names, const dio_value *with,
                      dio_report *report);

dio_writing dio_finish_writing(const struct dio_finish *f, const char *const *names,
                               const dio_task *t);

/* Notes what came out: "written": {format, quality, bytes, tries}. */
void dio_finish_note(dio_task *t, const dio_format *format, const dio_written *w);
