// Codes of vectors, and a search among them, in C.
//
//   Scripts/build-c-library prefix
//   clang Examples/C/search.c $(PKG_CONFIG_PATH=prefix/lib/pkgconfig pkg-config --cflags --libs turboquant)
//     -Wl,-rpath,$PWD/prefix/lib -o search && ./search

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <turboquant.h>

enum { dimension = 384, rows = 1000, k = 3 };

static void check(tq_status status, const char *what) {
  if (status == TQ_OK) return;
  fprintf(stderr, "%s: error %" PRId32 ": %s\n", what, status, tq_last_error());
  exit(1);
}

// Numbers from -1 to 1, the same in every run.
static void fill(float *numbers, size_t count) {
  uint32_t state = 1;
  for (size_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    numbers[i] = (float)(state >> 8) / (1 << 23) - 1;
  }
}

// Encodes all vectors and estimates the inner products of the first one.
static void encode(const float *vectors) {
  const tq_codec_options options = {.struct_size = sizeof options, .dimension = dimension, .bits = 4, .seed = 42};
  tq_codec *codec = NULL;
  check(tq_codec_create(&options, &codec), "codec");
  size_t size = 0;
  check(tq_codec_bytes_per_vector(codec, &size), "size");
  uint8_t *codes = malloc(rows * size);
  if (codes == NULL) exit(1);
  check(tq_codec_encode(codec, vectors, rows * dimension, TQ_FLOAT32, 2, codes, rows * size), "encode");
  printf("%d vectors of %zu bytes became codes of %zu bytes\n", rows, dimension * sizeof(float), size);

  tq_query *query = NULL;
  double value = 0, error = 0, exact = 0;
  check(tq_query_create(codec, vectors, dimension, TQ_FLOAT32, &query), "query");
  check(tq_codec_estimate(codec, query, codes, size, 0, &value, &error, 1), "estimate");
  for (int i = 0; i < dimension; i++) exact += (double)vectors[i] * (double)vectors[i];
  printf("the first one's product with itself is %.2f, the estimate %.2f with a standard error of %.2f\n", exact, value,
         error);
  check(tq_query_free(query), "free");
  check(tq_codec_free(codec), "free");
  free(codes);
}

// Puts all vectors into an index and searches for the first ones.
static void search(const float *vectors) {
  const tq_index_options options = {
      .struct_size = sizeof options, .dimension = dimension, .metric = TQ_METRIC_COSINE, .seed = 42};
  tq_index *index = NULL;
  check(tq_index_create(&options, &index), "index");
  const tq_work_options work = {.struct_size = sizeof work, .threads = 2};
  check(tq_index_add(index, vectors, rows * dimension, TQ_FLOAT32, NULL, 0, &work, NULL, 0), "add");

  float scores[2 * k], errors[2 * k];
  int64_t ids[2 * k];
  check(tq_index_search(index, vectors, 2 * dimension, TQ_FLOAT32, k, NULL, scores, ids, errors, 2 * k), "search");
  for (int query = 0; query < 2; query++) {
    printf("nearest to row %d:", query);
    for (int i = query * k; i < (query + 1) * k; i++) {
      printf(" %" PRId64 " (%.3f ± %.3f)", ids[i], scores[i], errors[i]);
    }
    printf("\n");
  }
  check(tq_index_free(index), "free");
}

int main(void) {
  float *vectors = malloc(rows * dimension * sizeof *vectors);
  if (vectors == NULL) return 1;
  fill(vectors, rows * dimension);
  printf("TurboQuant %s\n", tq_version());
  encode(vectors);
  search(vectors);
  free(vectors);
  return 0;
}
