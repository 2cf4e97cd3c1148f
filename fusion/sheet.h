#pragma once
/* sheet.h: private to fusion/: all candidates on one picture, the best marked: what one looks at to
 * choose. Pictures are shown small, sounds as their waves, texts as they are. */
#include "fusion/font.h"
#include "fusion/rank.h"
#include "fusion/step.h"

typedef struct dio_sheet_cell {
    dio_media media;
    const char *content; /* a text's words, or a file's path */
    const char *title;   /* "2  seed 8" */
    const char *notes;   /* lines under it */
    bool marked;
} dio_sheet_cell;

typedef struct dio_sheet {
    const char *title, *subtitle, *mark; /* mark: on the marked cell, "best" */
    dio_sheet_cell cells[DIO_CANDIDATES];
    int count;
} dio_sheet;

/* Writes the PNG. Characters that no font has are shown as question marks: a sheet is never the
 * reason why a run fails. The same sheet has the same bytes. */
bool dio_sheet_draw(dio_fonts *fonts, const dio_sheet *sheet, const char *png, dio_error *err);
