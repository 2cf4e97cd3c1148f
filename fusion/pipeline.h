#pragma once
/* pipeline.h: private to fusion/: a pipeline as read, checked and multiplied out. */
#include "base/file.h"
#include "fusion/choice.h"
#include "fusion/expr.h"
#include "fusion/fusion.h"
#include "fusion/report.h"
#include "fusion/step.h"

typedef enum dio_input_type {
    DIO_INPUT_STRING,
    DIO_INPUT_INTEGER,
    DIO_INPUT_NUMBER,
    DIO_INPUT_BOOLEAN,
    DIO_INPUT_ENUM,
    DIO_INPUT_IMAGE,
    DIO_INPUT_AUDIO,
    DIO_INPUT_VIDEO,
    DIO_INPUT_ROWS, /* a table: CSV */
} dio_input_type;

/* The rows are the file's parts as written; their members are those of the field tables. */
struct dio_pipeline_row {
    int version;
    const char *name, *description;
    const dio_value *inputs, *defaults, *steps, *outputs;
};

struct dio_input_row {
    int type;
    bool required;
    const dio_value *fallback, *values;
    const char *description;
    int max_length;
    double minimum, maximum;
};

struct dio_defaults {
    uint64_t seed;
    int candidates;
    const dio_value *with; /* by type of step; NULL: none */
};

typedef struct dio_pipeline_input {
    const char *name;
    struct dio_input_row row;
    const dio_value *place;
    bool broken;            /* its declaration is wrong, and that is reported */
    bool expected;          /* given later (dio_pipeline_expect) */
    const dio_value *value; /* what counts; &dio_unknown while a required one is missing */
} dio_pipeline_input;

struct dio_stage_row {
    const char *id, *uses;
    const dio_value *with, *condition, *needs, *matrix, *rank, *review;
    int candidates;
};

/* A file of the pipeline: its own, or one that a step includes. Names of steps and inputs hold
 * within their file; in the list of all steps they have the including step's before them. */
typedef struct dio_part {
    const struct dio_part *parent; /* NULL: the pipeline's own file */
    int index, depth;
    const char *id, *local; /* "voice/mix", "mix": of the step that includes it; "": its own file */
    const char *uses;       /* "./mix.yaml", as written */
    const char *path, *dir, *real;
    bool broken; /* it could not be read, and that is reported */
    const dio_value *root, *place, *with, *condition, *needs; /* place to needs: of the step */
    struct dio_defaults defaults;
    dio_pipeline_input *inputs;
    int input_count;
    struct dio_output *outputs;
    int output_count;
} dio_part;

typedef struct dio_axis {
    const char *name;
    const dio_value *values; /* a list of scalars */
} dio_axis;

enum { DIO_AXES = 8 };

/* One step of the file. */
typedef struct dio_stage {
    const char *id, *local; /* "voice/copy"; within its file: "copy" */
    const dio_part *part;   /* the file that it stands in */
    struct dio_stage_row row;
    const dio_value *place;
    const dio_step *type; /* NULL: unknown, reported */
    dio_axis axis[DIO_AXES];
    int axes;
    int instances; /* the product of the axes; 1 without */
    int *needs;    /* indices of nodes */
    int need_count, need_cap;
    bool wanted;    /* by --only */
    unsigned lacks; /* bit i: its parameters do not yield output i */
    dio_choice choice;
} dio_stage;

struct dio_output_row {
    const char *from, *path, *description;
};

typedef struct dio_output {
    const char *name;
    struct dio_output_row row;
    const dio_value *place, *from_value, *path_value;
    bool unnamed; /* no path is written: it gets one by its name */
    int node;     /* -1: not understood, reported */
    const dio_port *port;
} dio_output;

struct dio_pipeline {
    dio_arena *arena;
    dio_studio *studio;
    bool lent;            /* the studio is another's */
    const dio_value *row; /* of a table, with its place; NULL: none */
    const char *path, *dir, *source;
    char hash[DIO_HASH_TEXT];
    dio_report report;
    const dio_value *root;
    const char *name;
    uint64_t seed;
    dio_part **parts; /* the first is the pipeline's own file; parents before what they include */
    int part_count, part_cap;
    size_t part_bytes;          /* of included files */
    bool parts_over;            /* there are too many, and that is reported */
    dio_pipeline_input *inputs; /* of its own file, as outputs are */
    int input_count;
    bool inputs_known; /* the file could be read as far as to say what --set may name */
    dio_stage *nodes;
    int node_count, node_cap;
    dio_output *outputs;
    int output_count;
    int *order; /* nodes, every one after what it needs */
    bool checked;
    const char *plan[2]; /* as text and as JSON, once made */
    dio_value *sets;     /* map of name -> value that was given: a text, or of its type already */
};

/* As dio_pipeline_parse, in a studio that stays open afterwards: for one row of many. */
dio_pipeline *dio_pipeline_read(dio_studio *studio, const char *path, const char *text,
                                size_t length, dio_error *err);
/* As dio_pipeline_set, for an input that is there; messages name the value's place. */
void dio_pipeline_give(dio_pipeline *p, const char *name, const dio_value *v);
/* Required inputs that nobody gives are then the fault of this row. */
void dio_pipeline_row(dio_pipeline *p, const dio_value *place);
/* The input's value comes with each row: a check without one is content. */
void dio_pipeline_expect(dio_pipeline *p, const char *name);

/* pipeline_plan.c: what would run, as a tree; its files as lines. */
dio_value *dio_plan_value(dio_pipeline *p, dio_arena *a);
struct dio_str;
void dio_plan_put_files(struct dio_str *s, const dio_value *plan);

/* lock.c: what differs from OUT/diorama.lock becomes problems at its places. */
void dio_lock_check(dio_pipeline *p, const char *out);

/* Tables of the file's parts, for reading and for the schema. */
extern const dio_field dio_pipeline_fields[], dio_input_fields[], dio_stage_fields[],
    dio_output_fields[], dio_default_fields[];
extern const char *const dio_input_types[];

/* False, with a problem, unless expressions can spell the name. */
bool dio_name_check(dio_pipeline *p, const dio_value *place, const char *what, const char *name);

/* pipeline.c: reads a file's map, which is part->root. */
void dio_part_read(dio_pipeline *p, dio_part *part);
/* The text of the file that a value stands in, for carets; NULL: of none. */
const char *dio_pipeline_source(const dio_pipeline *p, const dio_value *v);

/* defaults.c: lays a file's defaults.with below a step's own parameters; looks for types and names
 * in it that there are not. */
void dio_defaults_merge(dio_pipeline *p, dio_stage *node);
void dio_defaults_check(dio_pipeline *p, const dio_part *part);

/* include.c: a step that uses a pipeline file: "./voice.yaml". Its steps join the list of all. */
bool dio_include_is(const char *uses);
void dio_include_read(dio_pipeline *p, const dio_part *part, const dio_stage *step);
/* Makes the part of the pipeline's own file. */
bool dio_part_open(dio_pipeline *p, dio_error *err);
/* All files, one after the other, as one text. */
const char *dio_pipeline_text(const dio_pipeline *p, dio_arena *a);

/* part.c: files meet values.
 * Values for the inputs of included files, as far as they are known before the run. */
void dio_includes_resolve(dio_pipeline *p);
/* The scope of a part within that of the pipeline's own file, as it is. */
dio_value *dio_scope_plain(const dio_part *part, dio_value *own);
/* The same with all that is known by now, and own's matrix. NULL with a problem. */
dio_value *dio_scope_of(const dio_pipeline *p, const dio_part *part, dio_value *own,
                        dio_report *report);
/* Whether conditions let the step run. Open: one depends on what is not known, in a run what was
 * skipped. False with a message. */
typedef enum dio_wanted { DIO_WANTED_NO, DIO_WANTED_YES, DIO_WANTED_OPEN } dio_wanted;
bool dio_stage_wanted(const dio_pipeline *p, const dio_stage *node, dio_value *own, dio_arena *a,
                      dio_wanted *verdict, dio_error *err);
/* Makes a step's result known to all that can name it. */
void dio_scope_publish(const dio_pipeline *p, dio_value *scope, const dio_stage *node,
                       const char *port, const char *text, dio_arena *a);
/* Whether the step has this name, or stands in the part that has. */
bool dio_stage_is(const dio_stage *node, const char *name);
/* The step, and its output, that `steps.LOCAL.outputs.NAME` of a part means; -1 and NULL where that
 * is wrong. False when no step has that name. */
bool dio_origin_find(const dio_pipeline *p, const dio_part *part, const char *local,
                     const char *name, int *node, const dio_port **port);
/* The part that step `local` of `part` includes; NULL: there is none. */
const dio_part *dio_part_find(const dio_pipeline *p, const dio_part *part, const char *local);

/* inputs.c: reads the declarations; then gives each its value from --set or its default. */
void dio_inputs_read(dio_pipeline *p, dio_part *part, const dio_value *map);
void dio_inputs_resolve(dio_pipeline *p);
/* The value when it is right for the input, else NULL with a problem. `of`: the file in whose
 * folder its paths lie; `passed`: they may be what another input gave. */
const dio_value *dio_input_check(const dio_pipeline *p, const dio_part *of, bool passed,
                                 const dio_pipeline_input *in, const dio_value *v,
                                 dio_report *report);
/* The same for what a step has made: its files lie where no path of the user's leads. */
const dio_value *dio_input_made(const dio_pipeline_input *in, const dio_value *v,
                                dio_report *report);
const char *dio_input_wants(int type); /* "an integer" */
/* A text, as a step gives it, as a value of the input's type where it is one. */
const dio_value *dio_input_typed(const dio_pipeline_input *in, const dio_value *text, dio_arena *a);
/* The file that a parameter in this part names: what an input gave, or a path within the part's
 * folder. NULL with a message. */
const char *dio_pipeline_file(const dio_pipeline *p, const dio_part *part, const char *path,
                              dio_arena *a, dio_error *err);

/* matrix.c: reads a step's axes; picks the values of instance i into a map. */
void dio_matrix_read(dio_pipeline *p, dio_stage *node);
dio_value *dio_matrix_pick(const dio_stage *node, int instance, dio_arena *a);
/* "spot (format=square-1x1)". */
const char *dio_matrix_label(const dio_stage *node, int instance, dio_arena *a);

/* bind.c: a scope in which expressions are read, and values with their expressions filled in. It is
 * that of the pipeline's own file; those of the others lie in it (dio_scope_of). "matrix" is set
 * in it, whatever the step's file. */
dio_value *dio_scope_create(const dio_pipeline *p, dio_arena *a);
/* Calls fn for every path of every expression in v. Parse mistakes go to the report, if any. */
typedef void dio_path_fn(void *user, const dio_path *path);
void dio_value_paths(const dio_pipeline *p, const dio_value *v, dio_path_fn *fn, void *user,
                     dio_report *report);
/* A copy of v with expressions evaluated; &dio_unknown when something in it is not known. NULL
 * on failure. */
const dio_value *dio_value_bind(const dio_pipeline *p, const dio_value *v, const dio_value *scope,
                                dio_arena *a, dio_error *err);
/* A map of parameters from the file, for a table of fields; `what` owns them in messages. */
typedef struct dio_params_source {
    const dio_value *given, *place; /* given: NULL where there is none; place: then */
    const dio_part *part;           /* the file that they stand in */
    const dio_field *fields;
    const char *what;
} dio_params_source;
/* Reads them in a scope. False when some are wrong or not known; those are left zero. */
bool dio_params_bind(const dio_pipeline *p, const dio_params_source *source, dio_value *scope,
                     void *params, const dio_value **with, dio_report *report);
/* Reads a node's parameters in a scope. Fields that are unknown are left zero. */
bool dio_stage_params(const dio_pipeline *p, const dio_stage *node, dio_value *scope, void *params,
                      const dio_value **with, dio_report *report);

/* graph of steps, in dag.c: needs from expressions and `needs`, order, cycles. */
void dio_dag_build(dio_pipeline *p);

/* pipeline_check.c: ".mp4": how a file of this port ends. */
const char *dio_port_suffix(const dio_port *port);
/* An output's final path in a scope, inside `out`; "" while it is not known.
 * NULL on failure, with the place in the file. */
const char *dio_output_path(dio_pipeline *p, const dio_output *o, const dio_value *scope,
                            const char *out, dio_arena *a, dio_error *err);
