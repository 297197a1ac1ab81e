// Mistakes of a caller: each must give the status that turboquant.h names, and none may touch memory that it should
// not. Run under AddressSanitizer.

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
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
  EXPECT(402, tq_index_add(index, vectors, 32, TQ_FLOAT32, ids, 3, 1, NULL, 0));
  EXPECT(TQ_ERROR_ID_OUT_OF_RANGE, tq_index_add(index, vectors, 8, TQ_FLOAT32, negative, 1, 1, NULL, 0));
  EXPECT(403, tq_index_add(index, vectors, 16, TQ_FLOAT32, twice, 2, 1, NULL, 0));
  EXPECT(TQ_ERROR_CAPACITY, tq_index_add(index, vectors, 32, TQ_FLOAT32, ids, rows, 1, assigned, rows - 1));
  EXPECT(401, tq_index_add(index, vectors, 31, TQ_FLOAT32, NULL, 0, 1, NULL, 0));
  EXPECT(TQ_OK, tq_index_add(index, vectors, 32, TQ_FLOAT32, ids, rows, 1, assigned, rows));
  REQUIRE(memcmp(ids, assigned, sizeof ids) == 0);
  EXPECT(403, tq_index_add(index, vectors, 8, TQ_FLOAT32, ids, 1, 1, NULL, 0));
  // The next ids are INT64_MAX and one that int64 cannot hold: nothing is added.
  EXPECT(TQ_ERROR_ID_OUT_OF_RANGE, tq_index_add(index, vectors, 16, TQ_FLOAT32, NULL, 0, 1, NULL, 0));
  size_t count = 0;
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

int main(void) {
  REQUIRE(tq_last_error()[0] == 0);
  handles();
  options();
  codes();
  index_rows();
  if (failures == 0) printf("all mistakes were told\n");
  return failures != 0;
}
