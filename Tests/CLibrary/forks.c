// A process that has used threads forks fifty times; every child searches on several threads and finds the same.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <turboquant.h>
#include <unistd.h>

enum { dimension = 64, rows = 4000, queries = 64, k = 5 };

static float vectors[rows * dimension];

static int search(const tq_index *index, int64_t *ids) {
  static float scores[queries * k];
  const tq_search_options options = {.struct_size = sizeof options, .threads = 4};
  return tq_index_search(index, vectors, queries * dimension, TQ_FLOAT32, k, &options, scores, ids, NULL, queries * k);
}

int main(void) {
  uint32_t state = 1;
  for (size_t i = 0; i < rows * dimension; i++) {
    state = state * 1664525u + 1013904223u;
    vectors[i] = (float)(state >> 8) / (1 << 23) - 1;
  }
  const tq_index_options options = {.struct_size = sizeof options, .dimension = dimension};
  const tq_work_options work = {.struct_size = sizeof work, .threads = 4};
  tq_index *index = NULL;
  static int64_t expected[queries * k], found[queries * k];
  if (tq_index_create(&options, &index) != TQ_OK) return 1;
  if (tq_index_add(index, vectors, rows * dimension, TQ_FLOAT32, NULL, 0, &work, NULL, 0) != TQ_OK) return 1;
  if (search(index, expected) != TQ_OK) return 1;
  for (int child = 0; child < 50; child++) {
    const pid_t process = fork();
    if (process < 0) return 1;
    if (process == 0) {
      alarm(60);
      const int status = search(index, found);
      // Changes too: the child has the index to itself.
      const int added = tq_index_add(index, vectors, rows * dimension, TQ_FLOAT32, NULL, 0, &work, NULL, 0);
      _exit(status != TQ_OK || added != TQ_OK || memcmp(expected, found, sizeof found) != 0);
    }
    int status = 0;
    if (waitpid(process, &status, 0) != process || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      printf("child %d ended with %d\n", child, status);
      return 1;
    }
  }
  if (tq_index_free(index) != TQ_OK) return 1;
  printf("50 children found the same\n");
  return 0;
}
