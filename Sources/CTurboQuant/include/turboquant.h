/*
 * TurboQuant in C: vectors as short codes, a searchable index of them, the key/value cache of a transformer, and the
 * command line.
 *
 * Errors. Every function that can fail returns a tq_status: TQ_OK, or why nothing was done. tq_last_error() has the
 * text. 1 … 99 are misuse of this interface, 100 … 599 the library's own errors; both are listed below. When a function
 * fails, handles and files are as they were; output arrays may hold anything, and output handles are NULL.
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
  TQ_ERROR_INSIDE_CALLBACK = 12, /* a function that changes an index or looks rows up, called by a tq_progress */
  TQ_ERROR_INTERNAL = 99         /* a mistake of the library */
};

/* The library's own errors, with the numbers of the Swift types' `code`; one that was given is never given again. The
 * codec's also come from an index or a cache. */
enum {
  TQ_CODEC_DIMENSION_OUT_OF_RANGE = 100,
  TQ_CODEC_HADAMARD_TOO_SMALL = 101,
  TQ_CODEC_MATRIX_TOO_LARGE = 102,
  TQ_CODEC_RATE_NOT_OFFERED = 103,
  TQ_CODEC_DIRECTIONS_OUT_OF_RANGE = 104,
  TQ_CODEC_POLAR_LEVELS_OUT_OF_RANGE = 105,
  TQ_CODEC_POLAR_BITS_OUT_OF_RANGE = 106,
  TQ_CODEC_LENGTH_MISMATCH = 107,
  TQ_CODEC_ROW_LENGTH_MISMATCH = 108,
  TQ_CODEC_NOT_FINITE = 109,
  TQ_CODEC_NORM_OVERFLOW = 110,
  TQ_CODEC_ZERO_VECTOR = 111,
  TQ_CODEC_FINGERPRINT_MISMATCH = 112,
  TQ_CODEC_MALFORMED_ROW = 113,
  TQ_CODEC_TARGET_UNAVAILABLE = 114,
  TQ_CODEC_ESTIMATOR_NOT_OFFERED = 115,
  TQ_CODEC_RECORD_NOT_UNDERSTOOD = 116,
  TQ_CODEC_FINGERPRINT_MISSING = 117,
  TQ_INDEX_CODEC_NOT_OFFERED = 400,
  TQ_INDEX_LENGTH_MISMATCH = 401,
  TQ_INDEX_ID_COUNT_MISMATCH = 402,
  TQ_INDEX_DUPLICATE_ID = 403,
  TQ_INDEX_UNKNOWN_ID = 404,
  TQ_INDEX_IDS_EXHAUSTED = 405,
  TQ_INDEX_FINGERPRINT_MISMATCH = 406,
  TQ_INDEX_NORM_OUT_OF_RANGE = 407,
  TQ_INDEX_BEYOND_HALF_PRECISION = 408,
  TQ_INDEX_TOO_MANY_ROWS = 409,
  TQ_INDEX_COUNT_OUT_OF_RANGE = 410,
  TQ_INDEX_PROBABILITY_OUT_OF_RANGE = 411,
  TQ_INDEX_NO_ORIGINALS = 412,
  TQ_INDEX_NOT_OFFERED = 413,
  TQ_INDEX_FILE = 414,
  TQ_INDEX_TAG_COUNT_MISMATCH = 415,
  TQ_INDEX_DUPLICATE_TAG = 416,
  TQ_INDEX_UNKNOWN_TAG = 417,
  TQ_INDEX_TAG_NOT_ALLOWED = 418,
  TQ_INDEX_CANCELLED = 419,
  TQ_CACHE_SHAPE = 500,
  TQ_CACHE_NOT_OFFERED = 501,
  TQ_CACHE_LENGTH_MISMATCH = 502,
  TQ_CACHE_NOT_FINITE = 503,
  TQ_CACHE_OUT_OF_ORDER = 504,
  TQ_CACHE_TOO_MANY_TOKENS = 505,
  TQ_CACHE_FORGOTTEN = 506,
  TQ_CACHE_FILE = 507
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

/* How a cache keeps keys or values; the default is TQ_PRECISION_CODES. */
typedef int32_t tq_precision;
enum {
  TQ_PRECISION_CODES = 1,    /* codes of `bits` bits per coordinate */
  TQ_PRECISION_FLOAT32 = 2,  /* unchanged */
  TQ_PRECISION_FLOAT16 = 3,  /* rounded to float16 */
  TQ_PRECISION_OUTLIERS = 4, /* codes: the quarter of channels with the largest mean square has one bit more */
  TQ_PRECISION_SKETCHES = 5  /* signs of projections (QJL), of outlier channels and of the others apart; for keys */
};

/* What is subtracted from keys and values before they become codes; by default nothing. */
typedef int32_t tq_centering;
enum {
  TQ_CENTERING_NONE = 0,
  TQ_CENTERING_MEAN = 1,       /* the mean of the first tokens after the sinks */
  TQ_CENTERING_ROTARY_MEAN = 2 /* of keys, the mean before their rotary embedding */
};

/* Which coordinates a rotary embedding pairs: i with i + n (the default), or 2i with 2i + 1. */
typedef int32_t tq_pairing;
enum { TQ_PAIRING_HALVES = 1, TQ_PAIRING_NEIGHBOURS = 2 };

/* In what metric keys become codes; by default their own. */
typedef int32_t tq_equalization;
enum {
  TQ_EQUALIZATION_NONE = 0,
  TQ_EQUALIZATION_DIAGONAL = 1, /* a factor per channel */
  TQ_EQUALIZATION_MATRIX = 2    /* an upper triangle */
};

/* ---- Long work ---- */

/* Told now and then that `done` of `total` units of some work are done, never twice at once, on one of the threads that
 * work. The work goes on if it returns 0; otherwise it ends soon with status 419 and nothing has changed. It must not
 * call functions that change an index or look rows up (TQ_ERROR_INSIDE_CALLBACK). */
typedef int32_t (*tq_progress)(void *context, uint64_t done, uint64_t total);

typedef struct tq_work_options {
  size_t struct_size;
  size_t threads; /* default 1 */
  tq_progress progress;
  void *context;  /* for progress */
} tq_work_options;

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

/* What a codec is; filled by tq_codec_info. */
typedef struct tq_codec_information {
  size_t struct_size; /* set by the caller */
  size_t dimension;
  size_t bytes_per_vector;
  uint64_t seed;
  double bits;       /* per coordinate, without the scalars of a row */
  double distortion; /* the expected squared error of a decoded vector of length 1; NaN for QJL */
  tq_quantizer quantizer;
  tq_rotation rotation;
  tq_normalization normalization;
  tq_estimator estimator; /* the quantizer's own */
  uint8_t fingerprint[32];
} tq_codec_information;

tq_status tq_codec_info(const tq_codec *codec, tq_codec_information *information);

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
 * and so does `standard_errors` unless it is NULL; without them it takes half the time, and the last bits of values may
 * differ. `estimator` 0 is the quantizer's own. Both arrays have room for `capacity` numbers. Fails when the query belongs to another codec (112),
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

/* What an index is; filled by tq_index_info. */
typedef struct tq_index_information {
  size_t struct_size;      /* set by the caller */
  size_t count;            /* rows */
  size_t dimension;        /* coordinates */
  size_t bytes_per_vector; /* codes and scalars of a row, without its id, tag and original */
  uint64_t seed;
  double bits;             /* bits per coordinate */
  tq_metric metric;
  tq_quantizer quantizer;
  tq_originals originals;
  tq_tag_kind tags;
  int32_t has_mean;        /* whether a vector is subtracted from every row */
  uint8_t fingerprint[32]; /* indexes of equal fingerprints can be merged, and their scores compared */
  int32_t reserved;        /* 0 */
} tq_index_information;

tq_status tq_index_info(const tq_index *index, tq_index_information *information);

/* The vector that is subtracted from every row. `count` gets the dimension, or 0 if there is none, also when it does not
 * fit (TQ_ERROR_CAPACITY). */
tq_status tq_index_mean(const tq_index *index, float *mean, size_t capacity, size_t *count);

/* Adds `count` elements, rows × dimension. `ids` has one id per row, not negative; if it is NULL, rows get the numbers
 * after the largest id ever used. `assigned` gets the rows' ids, unless it is NULL. Fails when an id is there already or
 * given twice (403), there are too few or too many (402), a row is not finite (109) or has a length that scores cannot
 * have (407), rows need tags (413), or progress ended it (419); nothing is added then. */
tq_status tq_index_add(tq_index *index, const void *vectors, size_t count, tq_type type, const int64_t *ids,
                       size_t id_count, const tq_work_options *options, int64_t *assigned, size_t capacity);

/* The same, but rows whose ids are there already are replaced; if an id is given twice, the last one counts. */
tq_status tq_index_upsert(tq_index *index, const void *vectors, size_t count, tq_type type, const int64_t *ids,
                          size_t id_count, const tq_work_options *options);

/* Adds vectors with tags to an index with tags. Tag i has the bytes from tag_offsets[i] to tag_offsets[i + 1] of the
 * tag_byte_count bytes at `tags`; so tag_offsets has tag_count + 1 elements. A tag has at most 65,535 bytes. `assigned`
 * gets the ids that the rows got, unless it is NULL. Fails as tq_index_add, and when a tag is there already or given
 * twice (416), there are too few or too many (415), one is too long or not UTF-8 where it must be (418), or the index
 * has no tags (413). */
tq_status tq_index_add_tagged(tq_index *index, const void *vectors, size_t count, tq_type type, const uint8_t *tags,
                              size_t tag_byte_count, const uint64_t *tag_offsets, size_t tag_count,
                              const tq_work_options *options, int64_t *assigned, size_t capacity);

/* The same, but rows whose tags are there already are replaced and keep their ids; of a tag that is given twice the last
 * one counts. */
tq_status tq_index_upsert_tagged(tq_index *index, const void *vectors, size_t count, tq_type type, const uint8_t *tags,
                                 size_t tag_byte_count, const uint64_t *tag_offsets, size_t tag_count,
                                 const tq_work_options *options, int64_t *assigned, size_t capacity);

/* Removes the rows of some ids. Fails when one is not there or given twice (404); nothing is removed then. */
tq_status tq_index_remove(tq_index *index, const int64_t *ids, size_t count);

/* Removes the rows of some tags. Fails when one is not there or given twice (417); nothing is removed then. */
tq_status tq_index_remove_tagged(tq_index *index, const uint8_t *tags, size_t tag_byte_count,
                                 const uint64_t *tag_offsets, size_t tag_count);

/* Adds all rows of `other`, whose codes are copied. Rows with tags get new ids. Fails when the other index has another
 * fingerprint (406), keeps originals or tags otherwise (413), or shares an id (403) or a tag (416); nothing is added
 * then. */
tq_status tq_index_merge(tq_index *index, const tq_index *other);

/* Whether there are rows with these ids: `found` gets 1 or 0 for each. */
tq_status tq_index_contains(const tq_index *index, const int64_t *ids, size_t count, uint8_t *found, size_t capacity);

/* The ids of all rows. `count` gets their number, also when they do not fit (TQ_ERROR_CAPACITY). */
tq_status tq_index_ids(const tq_index *index, int64_t *ids, size_t capacity, size_t *count);

/* The ids of the rows with these tags; -1 where there is none. */
tq_status tq_index_ids_of_tags(const tq_index *index, const uint8_t *tags, size_t tag_byte_count,
                               const uint64_t *tag_offsets, size_t tag_count, int64_t *ids, size_t capacity);

/* The tags of the rows with `count` ids, laid out as in tq_index_add_tagged; offsets need room for count + 1 numbers.
 * `tag_byte_count` gets the bytes of all, also when they do not fit (TQ_ERROR_CAPACITY). Fails when an id is not there
 * (404), or the index has no tags (413). */
tq_status tq_index_tags_of_ids(const tq_index *index, const int64_t *ids, size_t count, uint8_t *tags,
                               size_t tag_byte_capacity, size_t *tag_byte_count, uint64_t *tag_offsets,
                               size_t offset_capacity);

/* The reconstructions of the rows with these ids, rows × dimension floats; of cosines, the directions. Fails when an id
 * is not there (404). */
tq_status tq_index_reconstruct(const tq_index *index, const int64_t *ids, size_t count, float *vectors,
                               size_t capacity);

/* The vectors themselves, from an index with originals. Fails as tq_index_reconstruct, and without originals (412). */
tq_status tq_index_original(const tq_index *index, const int64_t *ids, size_t count, float *vectors, size_t capacity);

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
  tq_progress progress;               /* told how many queries have been searched */
  void *context;                      /* for progress */
  tq_exactness exactness;
  int32_t reserved;                   /* 0 */
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

/* Lists of hits of some queries; never changes. Freed by tq_hits_free. */
typedef struct tq_hits tq_hits;

/* As tq_index_search, with lists that may be shorter than k, and with tags. `with_errors` is 1 for standard errors,
 * else 0. */
tq_status tq_index_search_hits(const tq_index *index, const void *queries, size_t count, tq_type type, size_t k,
                               const tq_search_options *options, int32_t with_errors, tq_hits **hits);

/* All rows whose inner product or cosine is at least `limit`, or whose squared distance is at most that; nearest first.
 * Every code is read whole. Fails as tq_index_search, and for a limit that is NaN or options that ask to rerank (413), for
 * certification or for progress (TQ_ERROR_OPTIONS). */
tq_status tq_index_range_search(const tq_index *index, const void *queries, size_t count, tq_type type, float limit,
                                const tq_search_options *options, int32_t with_errors, tq_hits **hits);

tq_status tq_hits_free(tq_hits *hits);

/* How much there is to copy; filled by tq_hits_info. */
typedef struct tq_hits_information {
  size_t struct_size;    /* set by the caller */
  size_t query_count;
  size_t hit_count;      /* of all queries */
  size_t tag_byte_count; /* of all hits; 0 if rows have no tags */
  size_t rows;           /* rows that could be found, over all queries; 0 for a range search, which reads all */
  size_t finished;       /* rows whose code was read whole, likewise */
} tq_hits_information;

tq_status tq_hits_info(const tq_hits *hits, tq_hits_information *information);

/* Copies the lists. `limits` gets query_count + 1 numbers: the hits of query i are those from limits[i] to
 * limits[i + 1]. `scores`, `ids`, and `standard_errors` unless it is NULL, get hit_count numbers. Errors that were not
 * asked for are NaN. */
tq_status tq_hits_copy(const tq_hits *hits, size_t *limits, size_t limit_capacity, float *scores, int64_t *ids,
                       float *standard_errors, size_t capacity);

/* Copies the tags of all hits, laid out as in tq_index_add_tagged. */
tq_status tq_hits_copy_tags(const tq_hits *hits, uint8_t *tags, size_t tag_byte_capacity, uint64_t *tag_offsets,
                            size_t offset_capacity);

/* Writes an index to a file, which is replaced whole or not at all. `path` is UTF-8 and ends with 0. Of the options only
 * progress counts, in bytes; threads must be 0 or 1. Fails when the file cannot be written (414) or progress ended it
 * (419). */
tq_status tq_index_save(const tq_index *index, const char *path, const tq_work_options *options);

/* Opens a file by mapping it: rows are read in place when they are needed, and their checksums checked then. The file
 * may be replaced meanwhile, but not cut. Fails when it is missing, damaged, or not an index (414). */
tq_status tq_index_open(const char *path, tq_index **index);

/* Checks every byte of a file. Fails at the first damaged place (414). */
tq_status tq_index_verify(const char *path);

/* The bytes that tq_index_save would write to a file. `count` gets their number, also when they do not fit
 * (TQ_ERROR_CAPACITY), which is told without making them: NULL and 0 ask for the number. Fails when a file that the
 * index is mapped from is damaged (414). */
tq_status tq_index_to_bytes(const tq_index *index, uint8_t *bytes, size_t capacity, size_t *count);

/* Creates an index from `count` bytes that tq_index_to_bytes gave, or of a file. They are copied, and every byte is
 * checked. Fails when they are damaged or not an index (414). */
tq_status tq_index_from_bytes(const uint8_t *bytes, size_t count, tq_index **index);

/* ---- Key/value cache ---- */

/* The keys and values of one attention layer for one sequence. Freed by tq_cache_free. */
typedef struct tq_cache tq_cache;

/* How keys or values are kept. A member that has no effect on the precision must be 0. */
typedef struct tq_cache_precision {
  size_t struct_size;
  double bits;               /* of codes, 1 … 8 in steps of 1/2, and of outliers, 1 … 7; default 4 */
  size_t directions;         /* of two stages, QJL and sketches */
  size_t outliers;           /* channels of sketches that count as outliers */
  size_t outlier_directions; /* their directions */
  tq_precision precision;
  tq_quantizer quantizer;    /* of codes; values take scalar only */
  tq_sketch sketch;          /* of two stages and QJL; of sketches, where the default is orthogonal */
  tq_estimator estimator;    /* of codes and outliers: which scale is stored */
} tq_cache_precision;

typedef struct tq_cache_options {
  size_t struct_size;
  size_t query_heads;               /* a multiple of key_value_heads; has no default */
  size_t key_value_heads;           /* has no default */
  size_t key_dimension;             /* coordinates of a key and of a query; has no default */
  size_t value_dimension;           /* coordinates of a value; default key_dimension */
  size_t sinks;                     /* how many of the first tokens stay exact */
  size_t window;                    /* how many of the latest tokens stay exact */
  size_t sliding_window;            /* how many tokens a query sees beside the sinks; default all */
  const tq_cache_precision *keys;   /* NULL: codes of 4 bits */
  const tq_cache_precision *values; /* NULL: codes of 4 bits */
  const float *sink_logits;         /* learned logits that take part in the softmax, one per query head, or NULL */
  size_t sink_logit_count;
  const double *rotary_frequencies; /* radians per position, one per pair, for TQ_CENTERING_ROTARY_MEAN */
  size_t rotary_frequency_count;
  uint64_t seed;
  float logit_cap;                  /* scores s become cap · tanh(s/cap); default none */
  tq_centering centering;
  tq_pairing pairing;               /* of the rotary embedding */
  tq_type exact_tokens;             /* how exact tokens are kept; default float16 until it cannot hold a token, from then
                                       on float32: numbers of 65,520 and more, or so small that rounding moves a key or
                                       value by more than 2^-10 of its length */
  size_t center_tokens;             /* with how many tokens after the sinks centring and outlier channels are fixed; those
                                       tokens stay exact until then; default 32 */
  const float *equalization;        /* T of each key/value head, one after another, or NULL: key_dimension factors, or
                                       key_dimension · (key_dimension + 1) / 2 numbers, the rows of the upper triangle */
  size_t equalization_count;        /* numbers of all heads, or 0 */
  tq_equalization equalization_kind;
  int32_t reserved;                 /* 0 */
} tq_cache_options;

/* Creates an empty cache. Fails for impossible heads or dimensions (500) or settings that do not go together (501,
 * 100 … 199). Solving codebooks takes time: further caches of the same options are forks of an empty one. */
tq_status tq_cache_create(const tq_cache_options *options, tq_cache **cache);

tq_status tq_cache_free(tq_cache *cache);

/* The number of tokens. */
tq_status tq_cache_count(const tq_cache *cache, size_t *count);

/* The position of the next token: the number of tokens, and of those that tq_cache_remove took from before it. */
tq_status tq_cache_next_position(const tq_cache *cache, size_t *position);

/* Appends tokens. `keys` has key/value heads × tokens × key dimension elements, after any rotary embedding; `values` has
 * key/value heads × tokens × value dimension. `position` is where the caller expects the first of them, checked unless
 * it is negative. Heads are shared out to up to `threads` threads (0 is 1). Fails when lengths do not fit (502), a number
 * is not finite, 2^96 or more, or 65,520 or more where float16 was asked for (503), or the position is not the next one
 * (504). */
tq_status tq_cache_append(tq_cache *cache, const void *keys, size_t key_count, const void *values, size_t value_count,
                          tq_type type, int64_t position, size_t threads);

/* Attention softmax(scale · q Kᵀ) V. `queries` has query heads × tokens × key dimension elements; the last query belongs
 * to the last token held and sees all, each one before it one token less. `output` gets query heads × tokens × value
 * dimension floats. `scale` 0 stands for 1/√(key dimension). Fails when lengths do not fit (502), there are more queries
 * than tokens (505), a query sees forgotten tokens (506), or a number is not finite (503). */
tq_status tq_cache_attend(const tq_cache *cache, const void *queries, size_t count, tq_type type, float scale,
                          size_t threads, float *output, size_t capacity);

/* Forgets all tokens from `count` on. Fails when there are fewer (505), or the next token would see forgotten ones
 * (506). */
tq_status tq_cache_truncate(tq_cache *cache, size_t count);

/* Removes `count` tokens from the one of number `first` on, for example the oldest after the sinks when a context is full.
 * The others stay as they are, at their positions: later keys and queries are embedded as if nothing had been removed.
 * Fails when not all of them are held (505). */
tq_status tq_cache_remove(tq_cache *cache, size_t first, size_t count);

/* A second cache with the same tokens. The two share memory until one of them changes. */
tq_status tq_cache_fork(const tq_cache *cache, tq_cache **fork);

/* What one key/value head holds, decoded: tokens × key dimension and tokens × value dimension floats, without tokens
 * that a sliding window has forgotten. `token_count` gets the number of tokens, also when they do not fit
 * (TQ_ERROR_CAPACITY). */
tq_status tq_cache_decode(const tq_cache *cache, size_t head, float *keys, size_t key_capacity, float *values,
                          size_t value_capacity, size_t *token_count);

/* The memory of a cache in bytes, whether shared with forks or not; filled by tq_cache_memory. */
typedef struct tq_cache_memory_use {
  size_t struct_size;   /* set by the caller */
  size_t key_bytes;     /* stored keys between sinks and window */
  size_t value_bytes;   /* stored values between sinks and window */
  size_t exact_bytes;   /* exact keys and values: sinks, window, and what waits for a centre */
  size_t center_bytes;  /* what centring subtracts */
  size_t channel_bytes; /* which channels are outliers */
} tq_cache_memory_use;

tq_status tq_cache_memory(const tq_cache *cache, tq_cache_memory_use *memory);

/* Writes a snapshot, which replaces the file whole or not at all. Fails when it cannot be written (507). */
tq_status tq_cache_save(const tq_cache *cache, const char *path);

/* Opens a snapshot of a cache with the same options, by mapping it. Fails when the file is missing, damaged, or of other
 * options (507). */
tq_status tq_cache_open(const char *path, const tq_cache_options *options, tq_cache **cache);

/* The bytes that tq_cache_save would write to a file. `count` gets their number, also when they do not fit
 * (TQ_ERROR_CAPACITY), which is told without making them: NULL and 0 ask for the number. */
tq_status tq_cache_to_bytes(const tq_cache *cache, uint8_t *bytes, size_t capacity, size_t *count);

/* Creates a cache from `count` bytes that tq_cache_to_bytes gave, or of a snapshot. They are copied, and every byte is
 * checked. Fails when they are damaged, not a snapshot, or of other options (507). */
tq_status tq_cache_from_bytes(const uint8_t *bytes, size_t count, const tq_cache_options *options, tq_cache **cache);

/* ---- Equalization of a cache's keys ---- */

/* Moments of one layer's keys and queries, from which its equalization follows. Freed by tq_statistics_free. */
typedef struct tq_statistics tq_statistics;

/* Creates statistics of no tokens, for caches of such options: heads, key dimension, centring and sinks count, and an
 * equalization that is there already does not. Fails as tq_cache_create. */
tq_status tq_statistics_create(const tq_cache_options *options, tq_statistics **statistics);

tq_status tq_statistics_free(tq_statistics *statistics);

/* Adds one sequence, from position 0 on; what centring subtracts is its own mean. `keys` has key/value heads × tokens ×
 * key dimension elements, `queries` query heads × tokens × key dimension, both after any rotary embedding. Takes
 * key dimension² operations per key and query. Fails when lengths do not fit (502), or a number is not finite or too
 * large (503). */
tq_status tq_statistics_add(tq_statistics *statistics, const void *keys, size_t key_count, const void *queries,
                            size_t query_count, tq_type type);

/* The number of tokens beyond the sinks that were added. */
tq_status tq_statistics_count(const tq_statistics *statistics, size_t *count);

/* The metrics of `kind` that make the noise of scores least, as tq_cache_options takes them. `count` gets their number,
 * also when they do not fit (TQ_ERROR_CAPACITY), which is told without making them: NULL and 0 ask for the number. A
 * matrix takes some key dimension³ operations per head. Fails when no token was added, or channels differ so much that
 * float32 cannot keep a matrix (501). */
tq_status tq_statistics_equalization(const tq_statistics *statistics, tq_equalization kind, float *numbers,
                                     size_t capacity, size_t *count);

/* The equalizations of a model's layers, which a file keeps. Freed by tq_calibration_free. */
typedef struct tq_calibration tq_calibration;

/* Creates a calibration of no layers. */
tq_status tq_calibration_create(tq_calibration **calibration);

tq_status tq_calibration_free(tq_calibration *calibration);

/* The number of layers. */
tq_status tq_calibration_count(const tq_calibration *calibration, size_t *count);

/* Appends a layer: `count` numbers of `heads` heads, as tq_cache_options takes them; of TQ_EQUALIZATION_NONE there are
 * neither. Fails when they are no metrics (501). */
tq_status tq_calibration_append(tq_calibration *calibration, tq_equalization kind, const float *numbers, size_t count,
                                size_t heads);

/* The numbers of the layer `layer`, from 0. `kind`, `heads` and `dimension` get what they are of, and `count` how many
 * there are, also when they do not fit (TQ_ERROR_CAPACITY): NULL and 0 ask for the number. Fails when there is no such
 * layer (TQ_ERROR_VALUE). */
tq_status tq_calibration_layer(const tq_calibration *calibration, size_t layer, tq_equalization *kind, size_t *heads,
                               size_t *dimension, float *numbers, size_t capacity, size_t *count);

/* Writes a file, which is replaced whole or not at all. Fails when it cannot be written (507). */
tq_status tq_calibration_save(const tq_calibration *calibration, const char *path);

/* Reads what tq_calibration_save wrote; every byte is checked. Fails when the file is missing, damaged, or not a
 * calibration (507). */
tq_status tq_calibration_open(const char *path, tq_calibration **calibration);

/* ---- The command line ---- */

/* Runs the program `turboquant` with the words of a main function, of which the first is the program's name, and returns
 * its exit status: 0 if all was done, 1 if something failed, 2 for wrong words. It reads and writes the process's own
 * streams without a buffer, so write yours out before. Meanwhile SIGINT, SIGTERM and SIGHUP remove unfinished files and
 * end the process, unless it ignores them, and so does SIGPIPE when nobody reads the output; afterwards signals are
 * handled as before. Call it where no other thread runs, as a main function does: other threads might take the signals. */
int32_t tq_main(int32_t argc, const char *const *argv);

#ifdef __cplusplus
}
#endif

#endif
