// Mistakes of a caller: each must give the status that turboquant.h names, and none may touch memory that it should
// not. Run under AddressSanitizer.

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <turboquant.h>

static int failures = 0;

static void expect(tq_status found, tq_status expected, const char *text, int line) {
  if (found == expected && (expected == TQ_OK || tq_last_error()[0] != 0)) return;
  printf("line %d: %s gave %" PRId32 ", expected %" PRId32 "; last error “%s”\n", line, text, found, expected,
         tq_last_error());
  failures++;
}

#define EXPECT(status, call) expect((call), (status), #call, __LINE__)
#define REQUIRE(condition) expect((condition) ? TQ_OK : TQ_ERROR_INTERNAL, TQ_OK, #condition, __LINE__)

enum { dimension = 8, rows = 4 };
static const float vectors[rows * dimension] = {1, 2, 3, [9] = 1, 5, [18] = 1, 7, [31] = 9};

static tq_codec *new_codec(void) {
  const tq_codec_options options = {.struct_size = sizeof options, .dimension = dimension};
  tq_codec *codec = NULL;
  EXPECT(TQ_OK, tq_codec_create(&options, &codec));
  return codec;
}

static tq_index *new_index(tq_metric metric) {
  const tq_index_options options = {.struct_size = sizeof options, .dimension = dimension, .metric = metric};
  tq_index *index = NULL;
  EXPECT(TQ_OK, tq_index_create(&options, &index));
  return index;
}

static void handles(void) {
  tq_codec *codec = new_codec();
  tq_index *index = new_index(0);
  size_t number = 0;
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_codec_dimension(NULL, &number));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_codec_dimension((const tq_codec *)&number, &number));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_codec_dimension((const tq_codec *)UINTPTR_MAX, &number));
  for (uintptr_t small = 1; small < 100; small++) {
    EXPECT(TQ_ERROR_INVALID_HANDLE, tq_codec_dimension((const tq_codec *)small, &number));
  }
  EXPECT(TQ_ERROR_WRONG_HANDLE, tq_codec_dimension((const tq_codec *)index, &number));
  EXPECT(TQ_ERROR_WRONG_HANDLE, tq_codec_free((tq_codec *)index));
  EXPECT(TQ_ERROR_WRONG_HANDLE, tq_index_count((const tq_index *)codec, &number));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_codec_dimension(codec, NULL));
  EXPECT(TQ_OK, tq_codec_dimension(codec, &number));
  REQUIRE(number == dimension);
  EXPECT(TQ_OK, tq_codec_free(codec));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_codec_free(codec));
  // A new handle may have the place of a freed one, but is another.
  tq_codec *other = new_codec();
  REQUIRE(other != codec);
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_codec_dimension(codec, &number));
  EXPECT(TQ_OK, tq_codec_free(other));
  EXPECT(TQ_OK, tq_codec_free(NULL));
  EXPECT(TQ_OK, tq_query_free(NULL));
  EXPECT(TQ_OK, tq_index_free(NULL));
  EXPECT(TQ_OK, tq_index_free(index));
}

static void options(void) {
  tq_codec *codec = (tq_codec *)&failures;
  tq_codec_options o = {.struct_size = sizeof o, .dimension = dimension};
  EXPECT(TQ_ERROR_NULL_POINTER, tq_codec_create(NULL, &codec));
  REQUIRE(codec == NULL);
  EXPECT(TQ_ERROR_NULL_POINTER, tq_codec_create(&o, NULL));
  o.struct_size = 0;
  EXPECT(TQ_ERROR_OPTIONS, tq_codec_create(&o, &codec));
  o.struct_size = SIZE_MAX;
  EXPECT(TQ_ERROR_OPTIONS, tq_codec_create(&o, &codec));
  struct {
    tq_codec_options known;
    uint64_t later;
  } longer = {{.struct_size = sizeof longer, .dimension = dimension}, 0};
  EXPECT(TQ_OK, tq_codec_create(&longer.known, &codec));
  EXPECT(TQ_OK, tq_codec_free(codec));
  longer.later = 1;
  EXPECT(TQ_ERROR_OPTIONS, tq_codec_create(&longer.known, &codec));
  // The struct of an older version ends after the dimension.
  o = (tq_codec_options){.struct_size = 2 * sizeof(size_t), .dimension = dimension, .bits = NAN, .quantizer = 99};
  EXPECT(TQ_OK, tq_codec_create(&o, &codec));
  EXPECT(TQ_OK, tq_codec_free(codec));
  o.struct_size = sizeof o;
  EXPECT(TQ_ERROR_VALUE, tq_codec_create(&o, &codec));
  o.quantizer = 0;
  EXPECT(TQ_ERROR_VALUE, tq_codec_create(&o, &codec));
  o.bits = 99;
  EXPECT(103, tq_codec_create(&o, &codec));
  o.bits = 0;
  o.directions = 3;
  EXPECT(TQ_ERROR_OPTIONS, tq_codec_create(&o, &codec));
  o.directions = 0;
  o.polar_bit_count = 1;
  EXPECT(TQ_ERROR_NULL_POINTER, tq_codec_create(&o, &codec));
  o.polar_bits = (const int32_t *)((const char *)&o + 1);
  EXPECT(TQ_ERROR_MISALIGNED, tq_codec_create(&o, &codec));
  o.polar_bits = &o.rotation;
  EXPECT(TQ_ERROR_OPTIONS, tq_codec_create(&o, &codec));
  o = (tq_codec_options){.struct_size = sizeof o, .dimension = SIZE_MAX};
  EXPECT(100, tq_codec_create(&o, &codec));
  o.dimension = 0;
  EXPECT(100, tq_codec_create(&o, &codec));
}

static void codes(void) {
  tq_codec *codec = new_codec();
  size_t size = 0, count = 0;
  uint8_t bytes[rows * 64], record[4096];
  float floats[rows * dimension];
  EXPECT(TQ_OK, tq_codec_bytes_per_vector(codec, &size));
  EXPECT(TQ_ERROR_CAPACITY, tq_codec_record(codec, NULL, 0, &count));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_codec_info(codec, NULL));
  tq_codec_information information = {.struct_size = 0};
  EXPECT(TQ_ERROR_OPTIONS, tq_codec_info(codec, &information));
  // An older program's struct ends after the dimension; what follows is not written.
  information = (tq_codec_information){.struct_size = 2 * sizeof(size_t), .bytes_per_vector = 77};
  EXPECT(TQ_OK, tq_codec_info(codec, &information));
  REQUIRE(information.dimension == dimension && information.bytes_per_vector == 77);
  EXPECT(TQ_OK, tq_codec_record(codec, record, sizeof record, &count));
  EXPECT(TQ_ERROR_CAPACITY, tq_codec_fingerprint(codec, record, 31));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_codec_fingerprint(codec, NULL, 32));
  tq_codec *same = NULL;
  EXPECT(116, tq_codec_create_from_record(record, count - 1, &same));
  EXPECT(TQ_OK, tq_codec_create_from_record(record, count, &same));
  EXPECT(TQ_OK, tq_codec_free(same));

  EXPECT(TQ_ERROR_CAPACITY, tq_codec_encode(codec, vectors, 32, TQ_FLOAT32, 1, bytes, rows * size - 1));
  EXPECT(TQ_ERROR_VALUE, tq_codec_encode(codec, vectors, 32, 0, 1, bytes, sizeof bytes));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_codec_encode(codec, NULL, 32, TQ_FLOAT32, 1, bytes, sizeof bytes));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_codec_encode(codec, vectors, 32, TQ_FLOAT32, 1, NULL, sizeof bytes));
  EXPECT(TQ_ERROR_SIZE, tq_codec_encode(codec, vectors, SIZE_MAX, TQ_FLOAT32, 1, bytes, sizeof bytes));
  EXPECT(TQ_ERROR_SIZE, tq_codec_encode(codec, vectors, SIZE_MAX / 4, TQ_BFLOAT16, 1, bytes, SIZE_MAX));
  EXPECT(TQ_ERROR_MISALIGNED,
         tq_codec_encode(codec, (const char *)vectors + 1, dimension, TQ_FLOAT16, 1, bytes, sizeof bytes));
  EXPECT(107, tq_codec_encode(codec, vectors, 31, TQ_FLOAT32, 1, bytes, sizeof bytes));
  const float nan[dimension] = {NAN};
  EXPECT(109, tq_codec_encode(codec, nan, dimension, TQ_FLOAT32, 1, bytes, sizeof bytes));
  EXPECT(TQ_OK, tq_codec_encode(codec, NULL, 0, TQ_FLOAT32, 1, NULL, 0));
  EXPECT(TQ_OK, tq_codec_encode(codec, NULL, 0, TQ_BFLOAT16, 2, NULL, 0));
  EXPECT(TQ_OK, tq_codec_decode(codec, NULL, 0, 2, NULL, 0));
  EXPECT(TQ_OK, tq_codec_decode(codec, NULL, 0, 1, NULL, 0));
  EXPECT(TQ_OK, tq_codec_encode(codec, vectors, 32, TQ_FLOAT32, SIZE_MAX, bytes, rows * size));
  EXPECT(TQ_ERROR_CAPACITY, tq_codec_decode(codec, bytes, rows * size, 0, floats, 31));
  EXPECT(108, tq_codec_decode(codec, bytes, rows * size - 1, 0, floats, 32));
  EXPECT(TQ_OK, tq_codec_decode(codec, bytes, rows * size, 2, floats, 32));

  tq_query *query = NULL;
  double values[rows];
  EXPECT(107, tq_query_create(codec, vectors, 7, TQ_FLOAT32, &query));
  REQUIRE(query == NULL);
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_codec_estimate(codec, query, bytes, size, 0, values, NULL, rows));
  EXPECT(TQ_OK, tq_query_create(codec, vectors, dimension, TQ_FLOAT32, &query));
  EXPECT(TQ_OK, tq_codec_estimate(codec, query, NULL, 0, 0, NULL, NULL, 0));
  EXPECT(TQ_OK, tq_codec_estimate(codec, query, NULL, 0, 0, NULL, values, 0));
  EXPECT(TQ_ERROR_VALUE, tq_codec_estimate(codec, query, bytes, size, -1, values, NULL, rows));
  EXPECT(115, tq_codec_estimate(codec, query, bytes, size, TQ_ESTIMATOR_TWO_STAGE, values, NULL, rows));
  EXPECT(TQ_ERROR_CAPACITY, tq_codec_estimate(codec, query, bytes, rows * size, 0, values, values, rows - 1));
  EXPECT(TQ_ERROR_WRONG_HANDLE,
         tq_codec_estimate((tq_codec *)query, query, bytes, rows * size, 0, values, NULL, rows));
  EXPECT(TQ_OK, tq_codec_free(codec));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_codec_estimate(codec, query, bytes, rows * size, 0, values, NULL, rows));
  EXPECT(TQ_OK, tq_query_free(query));
}

static void index_rows(void) {
  tq_index *index = new_index(TQ_METRIC_SQUARED_EUCLIDEAN);
  const int64_t ids[rows] = {5, INT64_MAX - 1, 0, 9}, negative[1] = {-1}, twice[2] = {1, 1};
  int64_t assigned[rows];
  size_t count = 1, end = 1;
  // Nothing at all is allowed everywhere.
  EXPECT(TQ_OK, tq_index_ids(index, NULL, 0, &count));
  REQUIRE(count == 0);
  EXPECT(TQ_OK, tq_index_add(index, NULL, 0, TQ_FLOAT32, NULL, 0, NULL, assigned, 0));
  EXPECT(TQ_OK, tq_index_upsert(index, NULL, 0, TQ_FLOAT16, NULL, 0, NULL));
  EXPECT(TQ_OK, tq_index_remove(index, NULL, 0));
  EXPECT(TQ_OK, tq_index_contains(index, NULL, 0, NULL, 0));
  EXPECT(TQ_OK, tq_index_reconstruct(index, NULL, 0, NULL, 0));
  tq_hits *none = NULL;
  EXPECT(TQ_OK, tq_index_range_search(index, NULL, 0, TQ_FLOAT32, 0, NULL, 0, &none));
  EXPECT(TQ_OK, tq_hits_copy(none, &end, 1, NULL, NULL, NULL, 0));
  REQUIRE(end == 0);
  uint64_t offset = 1;
  EXPECT(TQ_OK, tq_hits_copy_tags(none, NULL, 0, &offset, 1));
  REQUIRE(offset == 0);
  EXPECT(TQ_OK, tq_hits_free(none));
  EXPECT(402, tq_index_add(index, vectors, 32, TQ_FLOAT32, ids, 3, NULL, NULL, 0));
  EXPECT(TQ_ERROR_ID_OUT_OF_RANGE, tq_index_add(index, vectors, 8, TQ_FLOAT32, negative, 1, NULL, NULL, 0));
  EXPECT(403, tq_index_add(index, vectors, 16, TQ_FLOAT32, twice, 2, NULL, NULL, 0));
  EXPECT(TQ_ERROR_CAPACITY, tq_index_add(index, vectors, 32, TQ_FLOAT32, ids, rows, NULL, assigned, rows - 1));
  EXPECT(401, tq_index_add(index, vectors, 31, TQ_FLOAT32, NULL, 0, NULL, NULL, 0));
  EXPECT(TQ_OK, tq_index_add(index, vectors, 32, TQ_FLOAT32, ids, rows, NULL, assigned, rows));
  REQUIRE(memcmp(ids, assigned, sizeof ids) == 0);
  EXPECT(403, tq_index_add(index, vectors, 8, TQ_FLOAT32, ids, 1, NULL, NULL, 0));
  // The next ids are INT64_MAX and one that int64 cannot hold: nothing is added.
  EXPECT(TQ_ERROR_ID_OUT_OF_RANGE, tq_index_add(index, vectors, 16, TQ_FLOAT32, NULL, 0, NULL, NULL, 0));
  EXPECT(TQ_OK, tq_index_count(index, &count));
  REQUIRE(count == rows);

  float scores[8], errors[8];
  int64_t found[8];
  EXPECT(410, tq_index_search(index, vectors, 8, TQ_FLOAT32, 0, NULL, scores, found, errors, 8));
  EXPECT(TQ_ERROR_CAPACITY, tq_index_search(index, vectors, 16, TQ_FLOAT32, 5, NULL, scores, found, errors, 8));
  EXPECT(TQ_ERROR_SIZE, tq_index_search(index, vectors, 16, TQ_FLOAT32, SIZE_MAX, NULL, scores, found, NULL, 8));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_index_search(index, vectors, 8, TQ_FLOAT32, 8, NULL, scores, NULL, NULL, 8));
  EXPECT(401, tq_index_search(index, vectors, 7, TQ_FLOAT32, 8, NULL, scores, found, NULL, 8));
  EXPECT(TQ_OK, tq_index_search(index, NULL, 0, TQ_FLOAT32, SIZE_MAX, NULL, NULL, NULL, NULL, 0));
  EXPECT(TQ_OK, tq_index_search(index, vectors, 8, TQ_FLOAT32, 8, NULL, scores, found, errors, 8));
  REQUIRE(found[0] == 5 && found[3] >= 0 && found[4] == -1 && found[7] == -1);
  REQUIRE(scores[4] == INFINITY && errors[4] == 0);

  EXPECT(TQ_OK, tq_index_mean(index, NULL, 0, &count));
  REQUIRE(count == 0);
  EXPECT(TQ_ERROR_NULL_POINTER, tq_index_mean(index, NULL, 0, NULL));

  tq_search_options o = {.struct_size = sizeof o, .filter_ids = ids};
  EXPECT(TQ_OK, tq_index_search(index, vectors, 8, TQ_FLOAT32, 8, &o, scores, found, NULL, 8));
  REQUIRE(found[0] == -1);
  o.filter_id_count = 2;
  EXPECT(TQ_OK, tq_index_search(index, vectors, 8, TQ_FLOAT32, 8, &o, scores, found, NULL, 8));
  REQUIRE(found[0] == 5 && found[1] == INT64_MAX - 1 && found[2] == -1);
  o.rerank = 2;
  EXPECT(412, tq_index_search(index, vectors, 8, TQ_FLOAT32, 8, &o, scores, found, NULL, 8));
  o = (tq_search_options){.struct_size = sizeof o, .exactness = 7};
  EXPECT(TQ_ERROR_VALUE, tq_index_search(index, vectors, 8, TQ_FLOAT32, 8, &o, scores, found, NULL, 8));
  o.exactness = TQ_EXACTNESS_EXHAUSTIVE;
  o.failure_probability = 0.1;
  EXPECT(TQ_ERROR_OPTIONS, tq_index_search(index, vectors, 8, TQ_FLOAT32, 8, &o, scores, found, NULL, 8));
  o.exactness = 0;
  o.failure_probability = 2;
  EXPECT(411, tq_index_search(index, vectors, 8, TQ_FLOAT32, 8, &o, scores, found, NULL, 8));
  const uint64_t offsets[3] = {0, 3, 2};
  o = (tq_search_options){.struct_size = sizeof o, .filter_tag_offsets = offsets, .filter_tag_count = 2};
  o.filter_tags = (const uint8_t *)"abc";
  o.filter_tag_byte_count = 3;
  EXPECT(TQ_ERROR_OFFSETS, tq_index_search(index, vectors, 8, TQ_FLOAT32, 8, &o, scores, found, NULL, 8));
  EXPECT(TQ_OK, tq_index_free(index));
}

static void tagged_rows(void) {
  tq_index_options options = {
      .struct_size = sizeof options, .dimension = dimension, .tags = TQ_TAGS_TEXT, .originals = TQ_ORIGINALS_FLOAT16};
  tq_index *index = NULL, *plain = new_index(0);
  options.mean_count = 1;
  EXPECT(TQ_ERROR_NULL_POINTER, tq_index_create(&options, &index));
  options.mean_count = 0;
  options.tags = 3;
  EXPECT(TQ_ERROR_VALUE, tq_index_create(&options, &index));
  options.tags = TQ_TAGS_TEXT;
  EXPECT(TQ_OK, tq_index_create(&options, &index));
  const uint8_t *tags = (const uint8_t *)"abccc\xff";
  const uint64_t offsets[rows + 1] = {0, 1, 2, 2, 5}, beyond[2] = {0, UINT64_MAX}, invalid[2] = {5, 6}, a[2] = {0, 1};
  int64_t ids[rows], id = 0;
  EXPECT(TQ_ERROR_OFFSETS, tq_index_add_tagged(index, vectors, 8, TQ_FLOAT32, tags, 6, beyond, 1, NULL, NULL, 0));
  EXPECT(TQ_ERROR_SIZE, tq_index_add_tagged(index, vectors, 8, TQ_FLOAT32, tags, 6, a, SIZE_MAX, NULL, NULL, 0));
  EXPECT(TQ_ERROR_SIZE,
         tq_index_add_tagged(index, vectors, 8, TQ_FLOAT32, tags, 6, a, SIZE_MAX / 2, NULL, NULL, 0));
  EXPECT(TQ_ERROR_NULL_POINTER,
         tq_index_add_tagged(index, vectors, 8, TQ_FLOAT32, tags, 6, NULL, 1, NULL, NULL, 0));
  EXPECT(415, tq_index_add_tagged(index, vectors, 8, TQ_FLOAT32, tags, 6, offsets, 2, NULL, NULL, 0));
  EXPECT(418, tq_index_add_tagged(index, vectors, 8, TQ_FLOAT32, tags, 6, invalid, 1, NULL, NULL, 0));
  EXPECT(413, tq_index_add_tagged(plain, vectors, 8, TQ_FLOAT32, tags, 6, a, 1, NULL, NULL, 0));
  EXPECT(413, tq_index_add(index, vectors, 8, TQ_FLOAT32, NULL, 0, NULL, NULL, 0));
  EXPECT(TQ_OK, tq_index_add_tagged(index, vectors, 32, TQ_FLOAT32, tags, 6, offsets, rows, NULL, ids, rows));
  EXPECT(416, tq_index_add_tagged(index, vectors, 8, TQ_FLOAT32, tags, 6, a, 1, NULL, NULL, 0));
  EXPECT(TQ_OK, tq_index_upsert_tagged(index, vectors, 8, TQ_FLOAT32, tags, 6, a, 1, NULL, &id, 1));
  REQUIRE(id == ids[0]);

  // The tags of all rows: the third one is empty.
  uint8_t bytes[8];
  uint64_t ends[rows + 1];
  size_t size = 0;
  EXPECT(TQ_ERROR_CAPACITY, tq_index_tags_of_ids(index, ids, rows, bytes, 4, &size, ends, rows + 1));
  REQUIRE(size == 5);
  EXPECT(TQ_ERROR_CAPACITY, tq_index_tags_of_ids(index, ids, rows, bytes, 8, &size, ends, rows));
  EXPECT(TQ_OK, tq_index_tags_of_ids(index, ids, rows, bytes, 5, &size, ends, rows + 1));
  REQUIRE(memcmp(bytes, tags, 5) == 0 && memcmp(ends, offsets, sizeof ends) == 0);
  EXPECT(413, tq_index_tags_of_ids(plain, ids, 0, bytes, 8, &size, ends, 1));
  const int64_t unknown[1] = {99};
  EXPECT(404, tq_index_tags_of_ids(index, unknown, 1, bytes, 8, &size, ends, 2));
  EXPECT(TQ_OK, tq_index_ids_of_tags(index, tags, 6, invalid, 1, &id, 1));
  REQUIRE(id == -1);

  tq_search_options search = {.struct_size = sizeof search, .filter_ids = ids, .filter_id_count = 1};
  search.filter_tag_offsets = a;
  tq_hits *hits = (tq_hits *)&failures;
  EXPECT(TQ_ERROR_OPTIONS, tq_index_search_hits(index, vectors, 8, TQ_FLOAT32, 9, &search, 0, &hits));
  REQUIRE(hits == NULL);
  EXPECT(TQ_ERROR_VALUE, tq_index_search_hits(index, vectors, 8, TQ_FLOAT32, 9, NULL, 2, &hits));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_index_search_hits(index, vectors, 8, TQ_FLOAT32, 9, NULL, 1, NULL));
  EXPECT(TQ_OK, tq_index_search_hits(index, vectors, 8, TQ_FLOAT32, 9, NULL, 1, &hits));
  tq_hits_information information = {.struct_size = 2};
  EXPECT(TQ_ERROR_OPTIONS, tq_hits_info(hits, &information));
  information.struct_size = sizeof information;
  EXPECT(TQ_OK, tq_hits_info(hits, &information));
  REQUIRE(information.query_count == 1 && information.hit_count == rows && information.tag_byte_count == 5);
  size_t limits[2];
  float scores[rows];
  EXPECT(TQ_ERROR_CAPACITY, tq_hits_copy(hits, limits, 1, scores, ids, NULL, rows));
  EXPECT(TQ_ERROR_CAPACITY, tq_hits_copy(hits, limits, 2, scores, ids, NULL, rows - 1));
  EXPECT(TQ_OK, tq_hits_copy(hits, limits, 2, scores, ids, NULL, rows));
  REQUIRE(limits[0] == 0 && limits[1] == rows);
  EXPECT(TQ_ERROR_CAPACITY, tq_hits_copy_tags(hits, bytes, 4, ends, rows + 1));
  EXPECT(TQ_OK, tq_hits_copy_tags(hits, bytes, 5, ends, rows + 1));
  EXPECT(TQ_OK, tq_hits_free(hits));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_hits_free(hits));
  EXPECT(413, tq_index_range_search(index, vectors, 8, TQ_FLOAT32, NAN, NULL, 0, &hits));
  search = (tq_search_options){.struct_size = sizeof search, .exactness = TQ_EXACTNESS_CERTIFIED};
  EXPECT(TQ_ERROR_OPTIONS, tq_index_range_search(index, vectors, 8, TQ_FLOAT32, 0, &search, 0, &hits));

  EXPECT(417, tq_index_remove_tagged(index, tags, 6, invalid, 1));
  EXPECT(TQ_OK, tq_index_remove_tagged(index, tags, 6, a, 1));
  EXPECT(404, tq_index_remove(index, unknown, 1));
  EXPECT(413, tq_index_merge(plain, index));
  EXPECT(416, tq_index_merge(index, index));
  EXPECT(TQ_OK, tq_index_free(index));
  EXPECT(TQ_OK, tq_index_free(plain));
}

static tq_index *busy = NULL;

// Ends the work when half of it is done; an index must not change itself meanwhile.
static int32_t stop(void *context, uint64_t done, uint64_t total) {
  size_t count = 0;
  ++*(int *)context;
  EXPECT(TQ_OK, tq_index_count(busy, &count));
  EXPECT(TQ_ERROR_INSIDE_CALLBACK, tq_index_remove(busy, NULL, 0));
  return 2 * done >= total;
}

// Every length cut and bytes changed: refused by the library, never read beyond their end.
static void in_memory(tq_index *index) {
  size_t count = 0;
  EXPECT(TQ_ERROR_CAPACITY, tq_index_to_bytes(index, NULL, 0, &count));
  uint8_t *bytes = malloc(count);
  REQUIRE(bytes != NULL && count > 100000 * dimension / 2);
  size_t again = 0;
  EXPECT(TQ_ERROR_CAPACITY, tq_index_to_bytes(index, bytes, count - 1, &again));
  REQUIRE(again == count);
  EXPECT(TQ_ERROR_NULL_POINTER, tq_index_to_bytes(index, bytes, count, NULL));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_index_to_bytes(index, NULL, count, &again));
  EXPECT(TQ_ERROR_SIZE, tq_index_to_bytes(index, bytes, SIZE_MAX, &again));
  EXPECT(TQ_OK, tq_index_to_bytes(index, bytes, count, &again));
  tq_index *copy = (tq_index *)&count;
  EXPECT(TQ_ERROR_NULL_POINTER, tq_index_from_bytes(NULL, 1, &copy));
  REQUIRE(copy == NULL);
  EXPECT(TQ_ERROR_NULL_POINTER, tq_index_from_bytes(bytes, count, NULL));
  EXPECT(TQ_ERROR_SIZE, tq_index_from_bytes(bytes, SIZE_MAX, &copy));
  EXPECT(414, tq_index_from_bytes(NULL, 0, &copy));
  for (size_t end = 1; end < count; end += 1 + end / 2) {
    uint8_t *prefix = malloc(end);
    memcpy(prefix, bytes, end);
    EXPECT(414, tq_index_from_bytes(prefix, end, &copy));
    free(prefix);
  }
  for (size_t place = 0; place < count; place += 1 + place / 2) {
    bytes[place] ^= 0x10;
    EXPECT(414, tq_index_from_bytes(bytes, count, &copy));
    bytes[place] ^= 0x10;
  }
  EXPECT(TQ_OK, tq_index_from_bytes(bytes, count, &copy));
  free(bytes);
  EXPECT(TQ_OK, tq_index_count(copy, &again));
  REQUIRE(again == 100000);
  EXPECT(403, tq_index_merge(copy, index));
  EXPECT(TQ_OK, tq_index_free(copy));
}

static void work_and_files(const char *folder) {
  char path[4096], missing[4096];
  snprintf(path, sizeof path, "%s/misuse.tqi", folder);
  snprintf(missing, sizeof missing, "%s/missing/misuse.tqi", folder);
  busy = new_index(0);
  static float many[100000 * dimension];
  for (size_t i = 0; i < 100000 * dimension; i++) many[i] = (float)(i % 97) - 40;
  int calls = 0;
  tq_work_options work = {.struct_size = sizeof work, .progress = stop, .context = &calls};
  EXPECT(419, tq_index_add(busy, many, 100000 * dimension, TQ_FLOAT32, NULL, 0, &work, NULL, 0));
  REQUIRE(calls > 1);
  size_t count = 1;
  EXPECT(TQ_OK, tq_index_count(busy, &count));
  REQUIRE(count == 0);
  EXPECT(TQ_OK, tq_index_add(busy, many, 100000 * dimension, TQ_FLOAT32, NULL, 0, NULL, NULL, 0));
  static float scores[4096];
  static int64_t ids[4096];
  tq_search_options search = {.struct_size = sizeof search, .threads = 2, .progress = stop, .context = &calls};
  EXPECT(419, tq_index_search(busy, many, 4096 * dimension, TQ_FLOAT32, 1, &search, scores, ids, NULL, 4096));
  tq_hits *hits = NULL;
  EXPECT(TQ_ERROR_OPTIONS, tq_index_range_search(busy, many, 8, TQ_FLOAT32, 0, &search, 0, &hits));
  search = (tq_search_options){.struct_size = sizeof search, .reserved = 1};
  EXPECT(TQ_ERROR_OPTIONS, tq_index_search(busy, many, 8, TQ_FLOAT32, 1, &search, scores, ids, NULL, 4096));
  search = (tq_search_options){.struct_size = sizeof search, .filter_tags = (const uint8_t *)""};
  EXPECT(TQ_ERROR_OPTIONS, tq_index_search(busy, many, 8, TQ_FLOAT32, 1, &search, scores, ids, NULL, 4096));
  EXPECT(419, tq_index_save(busy, path, &work));
  EXPECT(414, tq_index_verify(path));
  work = (tq_work_options){.struct_size = sizeof work, .threads = 2};
  EXPECT(TQ_ERROR_OPTIONS, tq_index_save(busy, path, &work));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_index_save(busy, NULL, NULL));
  EXPECT(TQ_ERROR_TEXT, tq_index_save(busy, "\xff", NULL));
  EXPECT(414, tq_index_save(busy, missing, NULL));
  EXPECT(TQ_OK, tq_index_save(busy, path, NULL));
  EXPECT(TQ_OK, tq_index_verify(path));
  tq_index *opened = NULL;
  EXPECT(414, tq_index_open(missing, &opened));
  EXPECT(TQ_OK, tq_index_open(path, &opened));
  EXPECT(403, tq_index_merge(opened, busy));
  in_memory(opened);
  // A refused change keeps the table of ids; making it anew each time would take a minute.
  const clock_t start = clock();
  for (int64_t unknown = 100000; unknown < 102000; unknown++) {
    uint8_t found = 1;
    EXPECT(404, tq_index_remove(opened, &unknown, 1));
    EXPECT(TQ_OK, tq_index_contains(opened, &unknown, 1, &found, 1));
    REQUIRE(found == 0);
  }
  REQUIRE(clock() - start < 10 * CLOCKS_PER_SEC);
  EXPECT(TQ_OK, tq_index_free(opened));
  EXPECT(TQ_OK, tq_index_free(busy));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_index_merge(busy, opened));
  remove(path);
}

static void caches(const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s/misuse.tqkv", folder);
  tq_cache *cache = NULL, *fork = NULL;
  tq_cache_precision precision = {.struct_size = sizeof precision, .precision = TQ_PRECISION_FLOAT16, .bits = 4};
  tq_cache_options options = {
      .struct_size = sizeof options, .query_heads = 2, .key_value_heads = 1, .key_dimension = 8, .keys = &precision};
  EXPECT(TQ_ERROR_OPTIONS, tq_cache_create(&options, &cache));
  precision.precision = TQ_PRECISION_OUTLIERS;
  precision.bits = 2.5;
  EXPECT(TQ_ERROR_VALUE, tq_cache_create(&options, &cache));
  precision.precision = 9;
  EXPECT(TQ_ERROR_VALUE, tq_cache_create(&options, &cache));
  options.keys = NULL;
  options.rotary_frequencies = (const double[1]){1};
  options.rotary_frequency_count = 1;
  EXPECT(TQ_ERROR_OPTIONS, tq_cache_create(&options, &cache));
  options.rotary_frequency_count = 0;
  options.query_heads = SIZE_MAX;
  EXPECT(500, tq_cache_create(&options, &cache));
  options.query_heads = 2;
  options.sinks = SIZE_MAX;
  EXPECT(501, tq_cache_create(&options, &cache));
  options.sinks = 0;
  for (int kind = -1; kind <= 4; kind += 5) {
    options.exact_tokens = kind;
    EXPECT(TQ_ERROR_VALUE, tq_cache_create(&options, &cache));
  }
  options.exact_tokens = 0;
  options.center_tokens = SIZE_MAX;
  EXPECT(501, tq_cache_create(&options, &cache));
  options.center_tokens = (1 << 20) + 1;
  EXPECT(501, tq_cache_create(&options, &cache));
  options.center_tokens = 0;
  EXPECT(TQ_ERROR_NULL_POINTER, tq_cache_create(NULL, &cache));
  EXPECT(TQ_OK, tq_cache_create(&options, &cache));

  float output[16];
  size_t count = 1;
  EXPECT(TQ_OK, tq_cache_append(cache, NULL, 0, NULL, 0, TQ_FLOAT32, 0, 1));
  EXPECT(TQ_OK, tq_cache_attend(cache, NULL, 0, TQ_BFLOAT16, 0, 1, NULL, 0));
  EXPECT(TQ_OK, tq_cache_decode(cache, 0, NULL, 0, NULL, 0, &count));
  REQUIRE(count == 0);
  EXPECT(502, tq_cache_append(cache, vectors, 31, vectors, 32, TQ_FLOAT32, -1, 1));
  EXPECT(502, tq_cache_append(cache, vectors, 32, vectors, 24, TQ_FLOAT32, -1, 1));
  EXPECT(504, tq_cache_append(cache, vectors, 32, vectors, 32, TQ_FLOAT32, 1, 1));
  EXPECT(504, tq_cache_append(cache, vectors, 32, vectors, 32, TQ_FLOAT32, INT64_MAX, 1));
  EXPECT(TQ_OK, tq_cache_append(cache, vectors, 32, vectors, 32, TQ_FLOAT32, 0, SIZE_MAX));
  EXPECT(TQ_ERROR_CAPACITY, tq_cache_attend(cache, vectors, 16, TQ_FLOAT32, 0, 1, output, 15));
  EXPECT(502, tq_cache_attend(cache, vectors, 15, TQ_FLOAT32, 0, 1, output, 16));
  EXPECT(501, tq_cache_attend(cache, vectors, 16, TQ_FLOAT32, NAN, 1, output, 16));
  EXPECT(TQ_OK, tq_cache_attend(cache, vectors, 16, TQ_FLOAT32, 0, 1, output, 16));
  EXPECT(505, tq_cache_truncate(cache, 5));
  EXPECT(505, tq_cache_truncate(cache, SIZE_MAX));
  for (size_t first = 0; first <= 5; first++) {
    EXPECT(505, tq_cache_remove(cache, first, 5 - (first > 4 ? 4 : first)));
    EXPECT(505, tq_cache_remove(cache, first, SIZE_MAX));
    EXPECT(505, tq_cache_remove(cache, SIZE_MAX - first, first));
    EXPECT(first <= 4 ? TQ_OK : 505, tq_cache_remove(cache, first, 0));
  }
  EXPECT(TQ_ERROR_NULL_POINTER, tq_cache_next_position(cache, NULL));
  EXPECT(TQ_OK, tq_cache_count(cache, &count));
  REQUIRE(count == 4);
  EXPECT(TQ_ERROR_NULL_POINTER, tq_cache_fork(cache, NULL));
  EXPECT(TQ_OK, tq_cache_fork(cache, &fork));
  EXPECT(TQ_OK, tq_cache_remove(fork, 1, 2));
  EXPECT(504, tq_cache_append(fork, vectors, 32, vectors, 32, TQ_FLOAT32, 2, 1));
  EXPECT(TQ_OK, tq_cache_next_position(fork, &count));
  REQUIRE(count == 4);
  EXPECT(TQ_OK, tq_cache_remove(fork, 0, 2));
  EXPECT(TQ_OK, tq_cache_next_position(fork, &count));
  REQUIRE(count == 0);
  EXPECT(TQ_OK, tq_cache_truncate(fork, 0));
  float keys[32], values[32];
  EXPECT(500, tq_cache_decode(cache, 1, keys, 32, values, 32, &count));
  EXPECT(500, tq_cache_decode(cache, SIZE_MAX, keys, 32, values, 32, &count));
  EXPECT(TQ_ERROR_CAPACITY, tq_cache_decode(cache, 0, keys, 32, NULL, 0, &count));
  REQUIRE(count == 4);
  EXPECT(505, tq_cache_attend(fork, vectors, 16, TQ_FLOAT32, 0, 1, output, 16));
  EXPECT(507, tq_cache_open(path, &options, &fork));
  REQUIRE(fork == NULL);
  EXPECT(TQ_OK, tq_cache_save(cache, path));
  options.seed = 1;
  EXPECT(507, tq_cache_open(path, &options, &fork));
  options.seed = 0;
  EXPECT(TQ_OK, tq_cache_open(path, &options, &fork));
  EXPECT(TQ_OK, tq_cache_free(fork));
  size_t byte_count = 0;
  EXPECT(TQ_ERROR_CAPACITY, tq_cache_to_bytes(cache, NULL, 0, &byte_count));
  uint8_t *bytes = malloc(byte_count);
  EXPECT(TQ_ERROR_NULL_POINTER, tq_cache_to_bytes(cache, bytes, byte_count, NULL));
  EXPECT(TQ_ERROR_CAPACITY, tq_cache_to_bytes(cache, bytes, byte_count - 1, &byte_count));
  EXPECT(TQ_OK, tq_cache_to_bytes(cache, bytes, byte_count, &byte_count));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_cache_from_bytes(bytes, byte_count, NULL, &fork));
  REQUIRE(fork == NULL);
  EXPECT(507, tq_cache_from_bytes(NULL, 0, &options, &fork));
  for (size_t end = 1; end < byte_count; end += 1 + end / 8) {
    EXPECT(507, tq_cache_from_bytes(bytes, end, &options, &fork));
  }
  options.seed = 1;
  EXPECT(507, tq_cache_from_bytes(bytes, byte_count, &options, &fork));
  options.seed = 0;
  EXPECT(TQ_OK, tq_cache_from_bytes(bytes, byte_count, &options, &fork));
  free(bytes);
  EXPECT(TQ_OK, tq_cache_free(cache));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_cache_count(cache, &count));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_cache_next_position(cache, &count));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_cache_remove(cache, 0, 0));
  EXPECT(TQ_OK, tq_cache_count(fork, &count));
  REQUIRE(count == 4);
  EXPECT(TQ_OK, tq_cache_free(fork));
  remove(path);
}

static void statistics(void) {
  const tq_cache_options options = {
      .struct_size = sizeof options, .query_heads = 2, .key_value_heads = 1, .key_dimension = 8, .sinks = 1};
  tq_statistics *statistics = NULL;
  EXPECT(TQ_ERROR_NULL_POINTER, tq_statistics_create(NULL, &statistics));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_statistics_create(&options, NULL));
  EXPECT(500, tq_statistics_create(&(tq_cache_options){.struct_size = sizeof options}, &statistics));
  REQUIRE(statistics == NULL);
  EXPECT(TQ_OK, tq_statistics_create(&options, &statistics));
  size_t count = 0;
  float numbers[36];
  EXPECT(TQ_ERROR_CAPACITY, tq_statistics_equalization(statistics, TQ_EQUALIZATION_MATRIX, NULL, 0, &count));
  REQUIRE(count == 36);
  EXPECT(501, tq_statistics_equalization(statistics, TQ_EQUALIZATION_MATRIX, numbers, 36, &count));
  // Of one token, a sink, there is nothing to tell.
  EXPECT(TQ_OK, tq_statistics_add(statistics, vectors, 8, vectors, 16, TQ_FLOAT32));
  EXPECT(501, tq_statistics_equalization(statistics, TQ_EQUALIZATION_DIAGONAL, numbers, 8, &count));
  EXPECT(502, tq_statistics_add(statistics, vectors, 15, vectors, 32, TQ_FLOAT32));
  EXPECT(502, tq_statistics_add(statistics, vectors, 16, vectors, 16, TQ_FLOAT32));
  EXPECT(503, tq_statistics_add(statistics, (const float[8]){NAN}, 8, vectors, 16, TQ_FLOAT32));
  EXPECT(503, tq_statistics_add(statistics, vectors, 8, (const float[16]){[15] = INFINITY}, 16, TQ_FLOAT32));
  EXPECT(TQ_ERROR_VALUE, tq_statistics_add(statistics, vectors, 16, vectors, 32, 0));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_statistics_add(statistics, NULL, 16, vectors, 32, TQ_FLOAT32));
  EXPECT(TQ_ERROR_SIZE, tq_statistics_add(statistics, vectors, 16, vectors, SIZE_MAX, TQ_FLOAT32));
  EXPECT(TQ_OK, tq_statistics_count(statistics, &count));
  REQUIRE(count == 0);
  EXPECT(TQ_OK, tq_statistics_add(statistics, vectors, 16, vectors, 32, TQ_FLOAT32));
  EXPECT(TQ_OK, tq_statistics_count(statistics, &count));
  REQUIRE(count == 1);
  EXPECT(TQ_ERROR_NULL_POINTER, tq_statistics_count(statistics, NULL));
  EXPECT(TQ_ERROR_VALUE, tq_statistics_equalization(statistics, TQ_EQUALIZATION_NONE, numbers, 36, &count));
  EXPECT(TQ_ERROR_VALUE, tq_statistics_equalization(statistics, 3, numbers, 36, &count));
  EXPECT(TQ_ERROR_CAPACITY, tq_statistics_equalization(statistics, TQ_EQUALIZATION_DIAGONAL, numbers, 7, &count));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_statistics_equalization(statistics, TQ_EQUALIZATION_DIAGONAL, numbers, 8, NULL));
  EXPECT(TQ_OK, tq_statistics_equalization(statistics, TQ_EQUALIZATION_DIAGONAL, numbers, 8, &count));
  REQUIRE(count == 8);
  EXPECT(TQ_ERROR_WRONG_HANDLE, tq_cache_count((const tq_cache *)statistics, &count));
  EXPECT(TQ_OK, tq_statistics_free(NULL));
  EXPECT(TQ_OK, tq_statistics_free(statistics));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_statistics_free(statistics));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_statistics_count(statistics, &count));
}

static const float triangle[36] = {1, [8] = 1, [15] = 2, [21] = 1, [26] = 1, [30] = 1, [33] = 1, [35] = 1};

static void equalized_caches(void) {
  tq_cache *cache = NULL;
  const tq_cache_precision floats = {.struct_size = sizeof floats, .precision = TQ_PRECISION_FLOAT16};
  tq_cache_options options = {
      .struct_size = sizeof options, .query_heads = 2, .key_value_heads = 1, .key_dimension = 8,
      .equalization = triangle, .equalization_count = 36};
  EXPECT(TQ_ERROR_OPTIONS, tq_cache_create(&options, &cache));
  for (int kind = -1; kind <= 3; kind += 4) {
    options.equalization_kind = kind;
    EXPECT(TQ_ERROR_VALUE, tq_cache_create(&options, &cache));
  }
  // Most of the factors are 0.
  options.equalization_kind = TQ_EQUALIZATION_DIAGONAL;
  EXPECT(501, tq_cache_create(&options, &cache));
  options.equalization_kind = TQ_EQUALIZATION_MATRIX;
  const size_t counts[] = {0, 1, 35};
  for (int i = 0; i < 3; i++) {
    options.equalization_count = counts[i];
    EXPECT(501, tq_cache_create(&options, &cache));
  }
  options.equalization_count = SIZE_MAX;
  EXPECT(TQ_ERROR_SIZE, tq_cache_create(&options, &cache));
  options.equalization_count = 36;
  options.equalization = NULL;
  EXPECT(TQ_ERROR_NULL_POINTER, tq_cache_create(&options, &cache));
  options.equalization = triangle;
  options.reserved = 1;
  EXPECT(TQ_ERROR_OPTIONS, tq_cache_create(&options, &cache));
  options.reserved = 0;
  options.query_heads = options.key_value_heads = 5;
  EXPECT(TQ_ERROR_VALUE, tq_cache_create(&options, &cache));
  options.query_heads = options.key_value_heads = 2;
  EXPECT(501, tq_cache_create(&options, &cache));
  options.key_value_heads = 1;
  options.keys = &floats;
  EXPECT(501, tq_cache_create(&options, &cache));
  options.keys = NULL;
  REQUIRE(cache == NULL);
  // Callers of the time before there was equalization have shorter options.
  options.struct_size = offsetof(tq_cache_options, equalization);
  EXPECT(TQ_OK, tq_cache_create(&options, &cache));
  EXPECT(TQ_OK, tq_cache_free(cache));
  options.struct_size = sizeof options;
  EXPECT(TQ_OK, tq_cache_create(&options, &cache));
  float output[16];
  EXPECT(TQ_OK, tq_cache_append(cache, vectors, 32, vectors, 32, TQ_FLOAT32, 0, 1));
  EXPECT(TQ_OK, tq_cache_attend(cache, vectors, 16, TQ_FLOAT32, 0, 1, output, 16));
  EXPECT(TQ_OK, tq_cache_free(cache));
}

static void calibrations(const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s/misuse.tqeq", folder);
  tq_calibration *calibration = NULL, *other = NULL;
  EXPECT(TQ_ERROR_NULL_POINTER, tq_calibration_create(NULL));
  EXPECT(TQ_OK, tq_calibration_create(&calibration));
  size_t count = 9, heads = 9, size = 9;
  tq_equalization kind = 9;
  float numbers[36];
  EXPECT(TQ_OK, tq_calibration_append(calibration, TQ_EQUALIZATION_NONE, NULL, 0, 0));
  EXPECT(TQ_ERROR_OPTIONS, tq_calibration_append(calibration, TQ_EQUALIZATION_NONE, triangle, 36, 0));
  EXPECT(TQ_ERROR_OPTIONS, tq_calibration_append(calibration, TQ_EQUALIZATION_NONE, NULL, 0, 1));
  EXPECT(TQ_ERROR_VALUE, tq_calibration_append(calibration, 3, triangle, 36, 1));
  EXPECT(TQ_ERROR_VALUE, tq_calibration_append(calibration, TQ_EQUALIZATION_MATRIX, triangle, 36, 0));
  EXPECT(TQ_ERROR_VALUE, tq_calibration_append(calibration, TQ_EQUALIZATION_MATRIX, triangle, 36, SIZE_MAX));
  EXPECT(501, tq_calibration_append(calibration, TQ_EQUALIZATION_DIAGONAL, triangle, 36, 1));
  EXPECT(501, tq_calibration_append(calibration, TQ_EQUALIZATION_DIAGONAL, (const float[2]){1, NAN}, 2, 1));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_calibration_append(calibration, TQ_EQUALIZATION_MATRIX, NULL, 36, 1));
  EXPECT(TQ_OK, tq_calibration_append(calibration, TQ_EQUALIZATION_MATRIX, triangle, 36, 1));
  EXPECT(TQ_OK, tq_calibration_count(calibration, &count));
  REQUIRE(count == 2);
  EXPECT(TQ_ERROR_NULL_POINTER, tq_calibration_count(calibration, NULL));
  const size_t layers[] = {2, SIZE_MAX};
  for (int i = 0; i < 2; i++) {
    EXPECT(TQ_ERROR_VALUE, tq_calibration_layer(calibration, layers[i], &kind, &heads, &size, numbers, 36, &count));
  }
  EXPECT(TQ_ERROR_NULL_POINTER, tq_calibration_layer(calibration, 1, NULL, &heads, &size, numbers, 36, &count));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_calibration_layer(calibration, 1, &kind, NULL, &size, numbers, 36, &count));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_calibration_layer(calibration, 1, &kind, &heads, NULL, numbers, 36, &count));
  EXPECT(TQ_ERROR_NULL_POINTER, tq_calibration_layer(calibration, 1, &kind, &heads, &size, numbers, 36, NULL));
  EXPECT(TQ_ERROR_CAPACITY, tq_calibration_layer(calibration, 1, &kind, &heads, &size, NULL, 0, &count));
  REQUIRE(kind == TQ_EQUALIZATION_MATRIX && heads == 1 && size == 8 && count == 36);
  EXPECT(TQ_OK, tq_calibration_layer(calibration, 0, &kind, &heads, &size, NULL, 0, &count));
  REQUIRE(kind == TQ_EQUALIZATION_NONE && heads == 0 && size == 0 && count == 0);

  EXPECT(507, tq_calibration_open(path, &other));
  REQUIRE(other == NULL);
  EXPECT(TQ_ERROR_NULL_POINTER, tq_calibration_open(NULL, &other));
  EXPECT(507, tq_calibration_save(calibration, folder));
  EXPECT(TQ_OK, tq_calibration_save(calibration, path));
  EXPECT(TQ_OK, tq_calibration_open(path, &other));
  EXPECT(TQ_ERROR_WRONG_HANDLE, tq_statistics_free((tq_statistics *)other));
  EXPECT(TQ_OK, tq_calibration_free(other));
  EXPECT(TQ_ERROR_INVALID_HANDLE, tq_calibration_count(other, &count));
  FILE *file = fopen(path, "r+b");
  fseek(file, -1, SEEK_END);
  const int last = fgetc(file);
  fseek(file, -1, SEEK_END);
  fputc(last ^ 1, file);
  fclose(file);
  EXPECT(507, tq_calibration_open(path, &other));
  EXPECT(TQ_OK, tq_calibration_free(calibration));
  remove(path);
}

// The largest size in every member: refused or without effect, never an overflow.
static void extremes(void) {
  tq_codec *codec = NULL;
  const int32_t angles[3] = {INT32_MIN, INT32_MAX, 4};
  tq_codec_options c = {.struct_size = sizeof c, .dimension = 64, .quantizer = TQ_QUANTIZER_POLAR, .polar_bits = angles};
  for (c.polar_bit_count = 1; c.polar_bit_count <= 3; c.polar_bit_count++) {
    EXPECT(TQ_CODEC_POLAR_BITS_OUT_OF_RANGE, tq_codec_create(&c, &codec));
  }
  c = (tq_codec_options){.struct_size = sizeof c, .dimension = 64, .quantizer = TQ_QUANTIZER_QJL, .directions = SIZE_MAX};
  EXPECT(TQ_CODEC_DIRECTIONS_OUT_OF_RANGE, tq_codec_create(&c, &codec));
  const double rates[] = {INFINITY, -INFINITY, -4, 1e300, 0x1p62, -0x1p62, 4.25, 9.5};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    c = (tq_codec_options){.struct_size = sizeof c, .dimension = 64, .bits = rates[i]};
    const tq_status status = tq_codec_create(&c, &codec);
    REQUIRE(status == TQ_ERROR_VALUE || status == TQ_CODEC_RATE_NOT_OFFERED);
  }

  tq_index *index = NULL;
  tq_index_options o = {.struct_size = sizeof o, .dimension = SIZE_MAX};
  EXPECT(TQ_CODEC_DIMENSION_OUT_OF_RANGE, tq_index_create(&o, &index));
  o.dimension = dimension;
  o.bits = SIZE_MAX;
  EXPECT(TQ_INDEX_CODEC_NOT_OFFERED, tq_index_create(&o, &index));
  o.bits = 0;
  o.originals = TQ_ORIGINALS_FLOAT32;
  EXPECT(TQ_OK, tq_index_create(&o, &index));
  const tq_work_options work = {.struct_size = sizeof work, .threads = SIZE_MAX};
  EXPECT(TQ_OK, tq_index_add(index, vectors, 32, TQ_FLOAT32, NULL, 0, &work, NULL, 0));
  tq_search_options search = {.struct_size = sizeof search, .threads = SIZE_MAX, .rerank = SIZE_MAX};
  tq_hits *hits = NULL;
  const size_t counts[] = {rows + 1, 1000000, (size_t)1 << 40, SIZE_MAX / 2, SIZE_MAX};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    EXPECT(TQ_OK, tq_index_search_hits(index, vectors, 32, TQ_FLOAT32, counts[i], &search, 1, &hits));
    tq_hits_information information = {.struct_size = sizeof information};
    EXPECT(TQ_OK, tq_hits_info(hits, &information));
    REQUIRE(information.hit_count == rows * rows);
    EXPECT(TQ_OK, tq_hits_free(hits));
    search.rerank = i % 2 == 0 ? 0 : SIZE_MAX;
  }
  EXPECT(TQ_OK, tq_index_free(index));

  float output[16];
  for (int member = 0; member < 5; member++) {
    tq_cache *cache = NULL;
    tq_cache_options k = {.struct_size = sizeof k, .query_heads = 2, .key_value_heads = 1, .key_dimension = 8};
    size_t *const members[] = {&k.sinks, &k.window, &k.sliding_window, &k.key_dimension, &k.center_tokens};
    *members[member] = SIZE_MAX;
    if (tq_cache_create(&k, &cache) != TQ_OK) continue;
    EXPECT(TQ_OK, tq_cache_append(cache, vectors, 32, vectors, 32, TQ_FLOAT32, 0, SIZE_MAX));
    EXPECT(TQ_OK, tq_cache_append(cache, vectors, 32, vectors, 32, TQ_FLOAT32, 4, 1));
    EXPECT(TQ_OK, tq_cache_attend(cache, vectors, 16, TQ_FLOAT32, 0, SIZE_MAX, output, 16));
    EXPECT(TQ_OK, tq_cache_free(cache));
  }
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  REQUIRE(tq_last_error()[0] == 0);
  handles();
  options();
  codes();
  index_rows();
  tagged_rows();
  work_and_files(arguments[1]);
  caches(arguments[1]);
  statistics();
  equalized_caches();
  calibrations(arguments[1]);
  extremes();
  if (failures == 0) printf("all mistakes were told\n");
  return failures != 0;
}
