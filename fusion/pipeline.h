#pragma once
/* pipeline.h: private to fusion/: a pipeline as read, checked and multiplied out. */
#include "base/file.h"
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

typedef struct dio_axis {
    const char *name;
    const dio_value *values; /* a list of scalars */
} dio_axis;

enum { DIO_AXES = 8 };

/* One step of the file. */
typedef struct dio_stage {
    const char *id;
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
} dio_stage;

struct dio_output_row {
    const char *from, *path, *description;
};

typedef struct dio_output {
    const char *name;
    struct dio_output_row row;
    const dio_value *place, *from_value, *path_value;
    int node; /* -1: not understood, reported */
    const dio_port *port;
} dio_output;

struct dio_defaults {
    uint64_t seed;
    int candidates;
};

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
    struct dio_defaults defaults;
    uint64_t seed;
    dio_pipeline_input *inputs;
    int input_count;
    bool inputs_known; /* the file could be read as far as to say what --set may name */
    dio_stage *nodes;
    int node_count;
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

/* Tables of the file's parts, for reading and for the schema. */
extern const dio_field dio_pipeline_fields[], dio_input_fields[], dio_stage_fields[],
    dio_output_fields[], dio_default_fields[];
extern const char *const dio_input_types[];

/* False, with a problem, unless expressions can spell the name. */
bool dio_name_check(dio_pipeline *p, const dio_value *place, const char *what, const char *name);

/* inputs.c: reads the declarations; then gives each its value from --set or its default. */
void dio_inputs_read(dio_pipeline *p, const dio_value *map);
void dio_inputs_resolve(dio_pipeline *p);
/* The file that a parameter names: what an input gave, or a path within the pipeline's folder. NULL
 * with a message. */
const char *dio_pipeline_file(const dio_pipeline *p, const char *path, dio_arena *a,
                              dio_error *err);

/* matrix.c: reads a step's axes; picks the values of instance i into a map. */
void dio_matrix_read(dio_pipeline *p, dio_stage *node);
dio_value *dio_matrix_pick(const dio_stage *node, int instance, dio_arena *a);
/* "spot (format=square-1x1)". */
const char *dio_matrix_label(const dio_stage *node, int instance, dio_arena *a);

/* bind.c: a scope in which expressions are read, and values with their expressions filled in. */
dio_value *dio_scope_create(const dio_pipeline *p, dio_arena *a);
/* Calls fn for every path of every expression in v. Parse mistakes go to the report, if any. */
typedef void dio_path_fn(void *user, const dio_path *path);
void dio_value_paths(const dio_pipeline *p, const dio_value *v, dio_path_fn *fn, void *user,
                     dio_report *report);
/* A copy of v with expressions evaluated; &dio_unknown when something in it is not known. NULL
 * on failure. */
const dio_value *dio_value_bind(const dio_pipeline *p, const dio_value *v, const dio_value *scope,
                                dio_arena *a, dio_error *err);
/* Reads a node's parameters in a scope. Fields that are unknown are left zero. */
bool dio_stage_params(const dio_pipeline *p, const dio_stage *node, const dio_value *scope,
                      void *params, const dio_value **with, dio_report *report);

/* graph of steps, in dag.c: needs from expressions and `needs`, order, cycles. */
void dio_dag_build(dio_pipeline *p);

/* pipeline_check.c: an output's final path in a scope, inside `out`; "" while it is not known.
 * NULL on failure, with the place in the file. */
const char *dio_output_path(dio_pipeline *p, const dio_output *o, const dio_value *scope,
                            const char *out, dio_arena *a, dio_error *err);
