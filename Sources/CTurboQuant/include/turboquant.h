/*
 * TurboQuant in C: vectors as short codes, a searchable index of them, and the key/value cache of a transformer.
 *
 * Errors. Every function that can fail returns a tq_status: TQ_OK, or why nothing was done. tq_last_error() has the
 * text. 1 … 99 are misuse of this interface and are listed here; 100 … 599 are the numbers of the library's own errors
 * (Documentation/C.md). When a function fails, handles and files are as they were; output arrays may hold anything,
 * and output handles are NULL.
 *
 * Handles. tq_codec and the other incomplete types are handles: numbers that look like pointers, that nobody
 * dereferences. So NULL, a handle that was freed, one of another kind, and most values that never were a handle are
 * refused with a status. Every handle is freed once, by the function that its type names; freeing NULL does nothing.
 *
 * Memory. The library keeps no pointer that it was given, and the caller owns every array. `count` is the number of
 * elements at a pointer, `capacity` how many may be written there. A pointer may be NULL if its count or capacity is 0.
 * Arrays must be aligned as their elements are. Output must not overlap input.
 *
 * Vectors are arrays of rows × dimension elements, row after row. `type` is the type of their elements; a float16 or
 * bfloat16 counts as the float32 of the same value.
 *
 * Threads. Every function may be called on any thread, also with the same handle at once: searches of an index run
 * beside each other and beside a change, of which they see all or nothing; changes wait for each other. A handle may
 * be freed during a call that uses it.
 *
 * Options are structs whose first member is their size in bytes, as the caller's compiler knows it. Every other member
 * may be 0, which stands for the default. NULL stands for a struct of defaults, where defaults make sense. A struct
 * that is longer than the library's is refused unless the rest is 0.
 *
 *   tq_index_options options = {.struct_size = sizeof options, .dimension = 384, .metric = TQ_METRIC_COSINE};
 */

#ifndef TURBOQUANT_H
#define TURBOQUANT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Statuses ---- */

/* TQ_OK, one of the numbers below, or 100 … 599: the library's own errors. */
typedef int32_t tq_status;

enum {
  TQ_OK = 0,
  TQ_ERROR_NULL_POINTER = 1,     /* NULL where an array or a place for a result is needed */
  TQ_ERROR_INVALID_HANDLE = 2,   /* NULL, a handle that was freed, or no handle at all */
  TQ_ERROR_WRONG_HANDLE = 3,     /* a handle of another kind */
  TQ_ERROR_SIZE = 4,             /* a size that memory cannot have, or a product of sizes that overflows */
  TQ_ERROR_CAPACITY = 5,         /* an output array that is too short; nothing was written to it */
  TQ_ERROR_MISALIGNED = 6,       /* an array that is not aligned as its elements are */
  TQ_ERROR_OPTIONS = 7,          /* a struct_size that no version has, members that this version lacks, or
                                    a member that has no effect beside the others */
  TQ_ERROR_VALUE = 8,            /* a number that no parameter or enumeration here takes */
  TQ_ERROR_TEXT = 9,             /* a path that is not UTF-8 */
  TQ_ERROR_OFFSETS = 10,         /* offsets of tags that decrease or lead beyond their bytes */
  TQ_ERROR_ID_OUT_OF_RANGE = 11, /* an id that is negative, or one of a file that is above INT64_MAX */
  TQ_ERROR_INTERNAL = 99         /* a mistake of the library */
};

/* The text of the last error on this thread, UTF-8, "" if there was none. The library owns it; it lasts until the next
 * error on this thread. A call that succeeds leaves it as it is. */
const char *tq_last_error(void);

/* The version of the library, such as "0.1.0". The library owns it; it lasts for ever. */
const char *tq_version(void);

/* ---- Enumerations; 0 is always the default ---- */

/* The type of elements. It has no default. */
typedef int32_t tq_type;
enum { TQ_FLOAT32 = 1, TQ_FLOAT16 = 2, TQ_BFLOAT16 = 3 };

/* The method that turns a rotated vector into codes; the default is TQ_QUANTIZER_SCALAR. */
typedef int32_t tq_quantizer;
enum { TQ_QUANTIZER_SCALAR = 1, TQ_QUANTIZER_TWO_STAGE = 2, TQ_QUANTIZER_QJL = 3, TQ_QUANTIZER_POLAR = 4 };

/* The kind of random directions of two stages and QJL; the default is TQ_SKETCH_STRUCTURED. */
typedef int32_t tq_sketch;
enum { TQ_SKETCH_GAUSSIAN = 1, TQ_SKETCH_ORTHOGONAL = 2, TQ_SKETCH_STRUCTURED = 3 };

/* The kind of rotation; the default is Haar up to 64 dimensions, Hadamard above. */
typedef int32_t tq_rotation;
enum { TQ_ROTATION_HAAR = 1, TQ_ROTATION_HADAMARD = 2 };

/* Whether rows store their norm, or count as directions of norm 1; the default is TQ_NORMALIZATION_NORM. */
typedef int32_t tq_normalization;
enum { TQ_NORMALIZATION_NORM = 1, TQ_NORMALIZATION_UNIT = 2 };

/* How codes and a query become an estimate; the default depends on the quantizer. */
typedef int32_t tq_estimator;
enum {
  TQ_ESTIMATOR_RECONSTRUCTION = 1,
  TQ_ESTIMATOR_RENORMALIZED = 2,
  TQ_ESTIMATOR_MATCHED_NORM = 3,
  TQ_ESTIMATOR_TWO_STAGE = 4
};

/* What makes two vectors near; the default is TQ_METRIC_INNER_PRODUCT. */
typedef int32_t tq_metric;
enum { TQ_METRIC_INNER_PRODUCT = 1, TQ_METRIC_COSINE = 2, TQ_METRIC_SQUARED_EUCLIDEAN = 3 };

/* How an index keeps the vectors themselves beside their codes; by default it does not. */
typedef int32_t tq_originals;
enum { TQ_ORIGINALS_NONE = 0, TQ_ORIGINALS_FLOAT16 = 2, TQ_ORIGINALS_FLOAT32 = 4 };

/* What the tags of an index are: none, UTF-8 text, or any bytes. */
typedef int32_t tq_tag_kind;
enum { TQ_TAGS_NONE = 0, TQ_TAGS_TEXT = 1, TQ_TAGS_BYTES = 2 };

/* How sure a search is of finding what a scan of every code would find; the default is TQ_EXACTNESS_CERTIFIED. */
typedef int32_t tq_exactness;
enum { TQ_EXACTNESS_CERTIFIED = 1, TQ_EXACTNESS_EXHAUSTIVE = 2 };

/* ---- Codec ---- */

/* Encodes vectors and estimates inner products; never changes. Freed by tq_codec_free. */
typedef struct tq_codec tq_codec;

/* A query prepared for one codec; never changes. Freed by tq_query_free. */
typedef struct tq_query tq_query;

typedef struct tq_codec_options {
  size_t struct_size;
  size_t dimension;               /* coordinates, 1 … 2^24; has no default */
  double bits;                    /* bits per coordinate, in steps of 1/2; default 4 */
  uint64_t seed;                  /* of rotation and sketch */
  size_t directions;              /* of the sketch, for two stages and QJL; by default bits or the dimension decide */
  const int32_t *polar_bits;      /* bits of the angles of each level, for PolarQuant; by default bits decide */
  size_t polar_bit_count;         /* levels */
  tq_quantizer quantizer;
  tq_sketch sketch;               /* for two stages and QJL */
  tq_rotation rotation;
  tq_normalization normalization;
} tq_codec_options;

/* Creates a codec. Fails for an impossible combination (100 … 105). */
tq_status tq_codec_create(const tq_codec_options *options, tq_codec **codec);

/* Creates the codec whose record this is: `count` bytes that tq_codec_record gave. Fails for other bytes (116). */
tq_status tq_codec_create_from_record(const uint8_t *record, size_t count, tq_codec **codec);

tq_status tq_codec_free(tq_codec *codec);

/* The number of coordinates. */
tq_status tq_codec_dimension(const tq_codec *codec, size_t *dimension);

/* Bytes of one encoded row. */
tq_status tq_codec_bytes_per_vector(const tq_codec *codec, size_t *bytes);

/* The bytes of all parameters. `count` gets their number, also when they do not fit (TQ_ERROR_CAPACITY). */
tq_status tq_codec_record(const tq_codec *codec, uint8_t *record, size_t capacity, size_t *count);

/* The SHA-256 of the record, 32 bytes: codes of equal fingerprints mean the same. */
tq_status tq_codec_fingerprint(const tq_codec *codec, uint8_t *fingerprint, size_t capacity);

/* Encodes `count` elements, rows × dimension, to rows × bytes_per_vector bytes, on up to `threads` threads (0 is 1); the
 * bytes do not depend on their number. Fails when count is not a multiple of the dimension (107), or a row is not
 * finite (109), too long (110), or zero where only directions are stored (111). */
tq_status tq_codec_encode(const tq_codec *codec, const void *vectors, size_t count, tq_type type, size_t threads,
                          uint8_t *codes, size_t capacity);

/* Decodes `count` bytes, whole rows of this codec, to rows × dimension floats, on up to `threads` threads (0 is 1).
 * Rows of another codec with rows of the same size decode to noise. Fails when count is no multiple of bytes_per_vector
 * (108), or a row is malformed (113). */
tq_status tq_codec_decode(const tq_codec *codec, const uint8_t *codes, size_t count, size_t threads, float *vectors,
                          size_t capacity);

/* Prepares one query of `count` = dimension elements. Fails for another count (107) or what is not finite (109). */
tq_status tq_query_create(const tq_codec *codec, const void *vector, size_t count, tq_type type, tq_query **query);

tq_status tq_query_free(tq_query *query);

/* Estimates the inner products of a query with the rows of `count` bytes of codes. `values` gets one number per row,
 * and so does `standard_errors` unless it is NULL; without them it takes half the time. `estimator` 0 is the
 * quantizer's own. Both arrays have room for `capacity` numbers. Fails when the query belongs to another codec (112),
 * count is no multiple of bytes_per_vector (108), or the quantizer does not offer the estimator (115). */
tq_status tq_codec_estimate(const tq_codec *codec, const tq_query *query, const uint8_t *codes, size_t count,
                            tq_estimator estimator, double *values, double *standard_errors, size_t capacity);

/* ---- Index ---- */

/* Compressed vectors that can be searched. Freed by tq_index_free. */
typedef struct tq_index tq_index;

typedef struct tq_index_options {
  size_t struct_size;
  size_t dimension;       /* coordinates, 1 … 65,536; has no default */
  size_t bits;            /* bits per coordinate: 1, 2, 3, 4 or 8; of two stages 2, 3, 4, 5 or 9; default 4 */
  uint64_t seed;          /* of the rotation; indexes of one seed can be merged */
  const float *mean;      /* subtracted from every row (of cosines, from every direction) before it is encoded, or NULL */
  size_t mean_count;      /* the dimension, or 0 */
  tq_metric metric;
  tq_quantizer quantizer; /* scalar or two stages */
  tq_originals originals;
  tq_tag_kind tags;       /* rows of an index with tags are added with tags, others with ids */
} tq_index_options;

/* Creates an empty index. Fails when there is none of such options (400, 100 … 103). */
tq_status tq_index_create(const tq_index_options *options, tq_index **index);

tq_status tq_index_free(tq_index *index);

/* The number of rows. */
tq_status tq_index_count(const tq_index *index, size_t *count);

/* The number of coordinates. */
tq_status tq_index_dimension(const tq_index *index, size_t *dimension);

/* Adds `count` elements, rows × dimension, encoded on up to `threads` threads (0 is 1). `ids` has one id per row, not
 * negative; if it is NULL, rows get the numbers after the largest id ever used. `assigned` gets the rows' ids, unless it
 * is NULL. Fails when an id is there already or given twice (403), there are too few or too many (402), a row is not
 * finite (109) or has a length that scores cannot have (407), or rows need tags (413); nothing is added then. */
tq_status tq_index_add(tq_index *index, const void *vectors, size_t count, tq_type type, const int64_t *ids,
                       size_t id_count, size_t threads, int64_t *assigned, size_t capacity);

typedef struct tq_search_options {
  size_t struct_size;
  double failure_probability;         /* of a certified search; default 0.001 */
  size_t threads;                     /* default 1 */
  size_t rerank;                      /* how many of the best rows are compared exactly by their originals */
  const int64_t *filter_ids;          /* if not NULL, only rows with these ids are found; unknown ones are ignored */
  size_t filter_id_count;
  const uint8_t *filter_tags;         /* bytes of tags, one after another */
  const uint64_t *filter_tag_offsets; /* if not NULL, only rows with these tags are found; see tq_index_add_tagged */
  size_t filter_tag_byte_count;
  size_t filter_tag_count;
  tq_exactness exactness;
} tq_search_options;

/* The `k` nearest rows of each query, nearest first, equal scores by id. `queries` has `count` elements, queries ×
 * dimension. `scores` and `ids` get queries × k numbers, and so does `standard_errors` unless it is NULL: half the
 * longer side of an interval that holds the true score in about 95.4% of seeds; 0 if the score is exact. Where fewer
 * rows are found, ids are -1, scores -infinity (of squared distances +infinity), and errors 0. `capacity` is the room
 * of each array. Fails when k is 0 (410), a query is not finite (109), or reranking lacks originals (412), among
 * others. */
tq_status tq_index_search(const tq_index *index, const void *queries, size_t count, tq_type type, size_t k,
                          const tq_search_options *options, float *scores, int64_t *ids, float *standard_errors,
                          size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
