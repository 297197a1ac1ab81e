#include "demo_data.h"

// #embed is C23; clang has it in C17 as an extension.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char vectors[] = {
#embed "data/vectors_f16.npy"
};
static const unsigned char vector_texts[] = {
#embed "data/vectors.txt"
};
static const unsigned char queries[] = {
#embed "data/queries_f16.npy"
};
static const unsigned char query_texts[] = {
#embed "data/queries.txt"
};

ctq_demo_file ctq_demo_vectors(void) { return (ctq_demo_file){vectors, sizeof vectors}; }
ctq_demo_file ctq_demo_vector_texts(void) {
  return (ctq_demo_file){vector_texts, sizeof vector_texts};
}
ctq_demo_file ctq_demo_queries(void) { return (ctq_demo_file){queries, sizeof queries}; }
ctq_demo_file ctq_demo_query_texts(void) {
  return (ctq_demo_file){query_texts, sizeof query_texts};
}
